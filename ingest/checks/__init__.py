"""What must be true before anything is published.

Each check yields all its findings, so that one run lists everything wrong with a document.
Accepted exceptions are declared in the manifest with their reasons; stale exceptions are reported too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ingest.checks import manifest, rows, totals
from ingest.checks.places import in_manifest
from ingest.checks.records import RecordChecks
from ingest.checks.tables import check_tables
from ingest.config.terms import Terms
from ingest.database.load import load
from ingest.database.replace import repeats, withdraw
from ingest.database.tables import sql_tables
from ingest.readers.folders import DisclosureFolder, TabularFolder
from ingest.records.findings import Finding
from ingest.text.phrases import truncated_repr

Findings = Iterator[Finding]


@dataclass(frozen=True)
class Check:
    """A check: its name, what it guarantees about every published document, and a function that
    yields findings.

    `find` is None if the readers already guarantee it, by rejecting any document that fails.
    `of_any_form` says that `check_tabular` and `check_withdrawn` guarantee it for documents of other shapes.
    """

    name: str
    sentence: str
    find: Callable[[DisclosureFolder, Terms], Findings] | None = None
    of_any_form: bool = False


def _without_terms(find: Callable[[DisclosureFolder], Findings]) -> Callable[..., Findings]:
    return lambda folder, _: find(folder)


CHECKS: tuple[Check, ...] = (
    Check(
        "checksum",
        "The document is, byte for byte, the one whose SHA-256 is recorded.",
        _without_terms(manifest.checksum),
        of_any_form=True,
    ),
    Check(
        "hidden-text",
        "If the source is a PDF, nothing can be recovered from under its boxes, and a person has decided "
        "what to do about anything else hidden in it.",
        _without_terms(manifest.decisions),
        of_any_form=True,
    ),
    Check(
        "every-line",
        "The program can parse every line of the document, and every row of its table has six cells.",
    ),
    Check("visible", "The document contains no invisible characters."),
    Check(
        "rows-per-year",
        "Each year has as many rows as the publisher counted officers, apart from recorded differences.",
        _without_terms(totals.rows_per_year),
    ),
    Check(
        "years-add-up",
        "The yearly totals add up to the published total.",
        _without_terms(totals.years_add_up),
    ),
    Check(
        "years-covered",
        "Each year in the table of totals appears once and falls within the period that the document "
        "covers.",
        _without_terms(totals.years_covered),
    ),
    Check(
        "dates",
        "Every date given for the document is valid and consistent with the others.",
        lambda folder, _: chain(totals.dates_stated(folder), totals.dates_in_order(folder)),
    ),
    Check(
        "terms",
        "Every rank, result, action and sanction is a known term, spelled as published.",
        rows.known_terms,
    ),
    Check(
        "open-rows",
        "A row marked as under investigation states its year and nothing else.",
        _without_terms(rows.open_rows),
    ),
    Check(
        "markers",
        "Anything that looks like a redaction marker has a known form, or a person has said that it is none.",
        _without_terms(rows.known_markers),
        of_any_form=True,
    ),
    Check(
        "redaction-declared",
        "If a document has no redaction markers, someone has recorded that it redacts nothing.",
        _without_terms(rows.redaction_declared),
        of_any_form=True,
    ),
    Check(
        "row-ids",
        "Every row has its permanent id, and no two disclosures share a reference.",
        lambda folder, _: chain(manifest.folder_name(folder), manifest.row_numbers(folder)),
    ),
    Check(
        "withdrawn",
        "The words of a withdrawn row cannot be read in another row.",
        lambda folder, _: chain(
            manifest.withdrawn_ids(folder), manifest.withdrawn_everywhere(folder)
        ),
        of_any_form=True,
    ),
    Check(
        "same-wording",
        "Rows judged to share a wording have visible words and the same year, and each is in only one "
        "group.",
        _without_terms(manifest.same_wording),
    ),
)
"""Every check of the Met's form, in display order."""

TABULAR_CHECKS: tuple[Check, ...] = (
    Check(
        "shape",
        "A document of another form fits its shape: every table and column in it is named there, every blank and "
        "every cell that is no value is explained, and keys are unique.",
    ),
    Check(
        "printed-totals",
        "Every total that such a document prints equals what its rows add up to, apart from recorded differences "
        "and totals of suppressed figures.",
    ),
    Check(
        "superseded",
        "A document that replaces another is by the same publisher and of the same form, and what it changes is "
        "listed.",
    ),
)
"""The checks that only disclosures of another shape need, for readers; `check_tabular` makes them."""


def passed(met_form: bool, tabular: bool) -> list[Check]:
    """Return the checks that disclosures in the Met's form, of other shapes or of both have passed."""
    own = [check for check in CHECKS if met_form or check.of_any_form]
    return [*own, *(TABULAR_CHECKS if tabular else ())]


def check(folder: DisclosureFolder, terms: Terms) -> list[Finding]:
    """Return everything wrong with one disclosure, in the order of its lines or pages."""
    return _in_order(
        finding for check in CHECKS if check.find for finding in check.find(folder, terms)
    )


def check_tabular(connection: sqlite3.Connection, folder: TabularFolder) -> list[Finding]:
    """Stream a disclosure of any shape into the staging file, and return everything wrong with it."""
    records = RecordChecks(folder)
    findings = [*manifest.checksum(folder), *manifest.decisions(folder)]
    findings += load(connection, folder, records.look)
    findings += records.findings()
    return _in_order(findings or check_tables(connection, folder))


def check_withdrawn(
    connection: sqlite3.Connection, folders: Sequence[TabularFolder]
) -> Iterator[Finding]:
    """Take withdrawn words out of the staging file, and yield what is wrong with what is withdrawn.

    The rows have their final ids, which are those that a manifest names.
    """
    for path in dict.fromkeys(folder.shape_path for folder in folders):
        family = [folder for folder in folders if folder.shape_path == path]
        listed = [one.id for folder in family for one in folder.manifest.withdrawn]
        if shown := repeats(connection, family[0].shape, listed):
            folder = next(one for one in family if one.manifest.withdrawn)
            yield in_manifest(
                folder,
                ("withdrawn",),
                f"the words of a withdrawn row, repeated in {', '.join(shown[:5])}",
                "all rows with those words withdrawn; otherwise the words can still be read",
                "add them under withdrawn",
            )
    for folder in folders:
        ids = [one.id for one in folder.manifest.withdrawn]
        for index, one in enumerate(folder.manifest.withdrawn):
            tables = sql_tables(folder.shape)
            done = [withdraw(connection, table, one, folder.manifest.id) for table in tables]
            if not any(done) or one.id in ids[:index]:
                yield in_manifest(
                    folder,
                    ("withdrawn", index, "id"),
                    f"withdrawn: {truncated_repr(one.id)}" + ", listed twice" * any(done),
                    "an id of a row of this disclosure, as in the database, once",
                    "correct the id, or remove the entry",
                )


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(
        findings, key=lambda finding: (str(finding.file), finding.line or finding.page or 0)
    )


def check_across(folders: Sequence[DisclosureFolder]) -> list[Finding]:
    """Return a finding for each disclosure that shares its reference, or the prefix of its row ids,
    with another."""
    findings = []
    seen: dict[str, DisclosureFolder] = {}
    for folder in folders:
        for key in (folder.disclosure.id, folder.disclosure.row_id(1)):
            other = seen.setdefault(key, folder)
            if other is not folder:
                findings.append(
                    Finding(
                        folder.source,
                        None,
                        f"reference {folder.disclosure.reference}, as in {other.source}",
                        "a reference whose last two parts are unique",
                        "remove one of the two folders, or find out which reference is wrong",
                    )
                )
                break
    return findings
