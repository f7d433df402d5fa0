"""Check dates, printed totals, and the number of rows found for each year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from ingest.checks.places import at_row, at_totals, in_document, in_manifest
from ingest.config.manifest import FILE_NAME
from ingest.readers.folders import DisclosureFolder
from ingest.records.disclosure import DATES
from ingest.records.findings import Finding
from ingest.text.phrases import pluralize

_SEE_TOTALS = "check the document's table of totals"


def dates_stated(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each date that is missing, or that differs between the document and the
    manifest."""
    for name in DATES:
        read = getattr(folder.disclosure, name)
        given = getattr(folder.manifest, name)
        if not folder.date(name):
            yield in_document(
                folder,
                f"no readable {name}",
                f"a date in the document or in {FILE_NAME}",
                f"give {name} in {FILE_NAME}, as YYYY-MM-DD",
            )
        elif read and given and read != given:
            yield in_manifest(
                folder,
                (name,),
                f"{name} {given}",
                f"{read}, as the document states",
                f"remove {name} from {FILE_NAME}",
            )


def dates_in_order(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each date that comes before one it should follow."""
    for first, second in pairwise(("covers_from", "covers_to", "extracted_on")):
        earlier, later = folder.date(first), folder.date(second)
        if earlier and later and earlier > later:
            yield in_document(
                folder,
                f"{first} {earlier} after {second} {later}",
                "a period that starts before it ends, and figures extracted on its last day or later",
                f"see the document's notes, or the dates in {FILE_NAME}",
            )


def years_add_up(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding if the printed grand total differs from the sum of the printed years."""
    added = sum(total.officers for total in folder.disclosure.totals)
    if added != folder.disclosure.published_total:
        yield at_totals(
            folder,
            f"a printed TOTAL of {folder.disclosure.published_total}",
            f"{added}, the sum of the years",
            _SEE_TOTALS,
        )


def years_covered(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each printed year that is repeated or outside the period the document
    covers."""
    first, last = folder.date("covers_from"), folder.date("covers_to")
    for year, times in Counter(total.year for total in folder.disclosure.totals).items():
        if times > 1:
            yield at_totals(folder, f"{times} totals for {year}", "one total per year", _SEE_TOTALS)
        if first and last and not first.year <= year <= last.year:
            yield at_totals(
                folder,
                f"a total for {year}",
                f"years from {first.year} to {last.year}, which the document covers",
                f"{_SEE_TOTALS} and its date range",
            )


def rows_per_year(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each year in which published total minus rows is not the accepted
    difference."""
    published = {total.year: total.officers for total in folder.disclosure.totals}
    accepted = folder.manifest.accepted_differences
    found = Counter(row.year for row in folder.disclosure.rows)
    years = f"years {', '.join(map(str, sorted(published)))}"
    for year in sorted({*published, *accepted, *found}):
        if year not in published and year in found:
            yield at_row(
                folder,
                next(row for row in folder.disclosure.rows if row.year == year),
                f"{pluralize(found[year], 'row')} for {year}, a year without a published total",
                years,
                "see the document's rows and its table of totals",
            )
        elif year not in published:
            yield in_manifest(
                folder,
                ("accepted_differences", year),
                f"an accepted difference for {year}, a year without a published total",
                years,
                "remove it, or correct the year",
            )
        elif published[year] - found[year] != accepted.get(year, 0):
            difference = published[year] - found[year]
            yield at_totals(
                folder,
                f"{year}: {pluralize(found[year], 'row')}; {published[year]} published, accepted "
                f"difference {accepted.get(year, 0)}",
                pluralize(published[year] - accepted.get(year, 0), "row"),
                "look for lost or repeated rows; if the difference is real, write "
                f"{year}: {difference} under accepted_differences in {FILE_NAME}",
            )
