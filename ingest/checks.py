"""What must hold before anything is published.

Each check yields a finding for all that is wrong in its matter, so that one run tells the whole
of a document. What may differ is declared in the disclosure's folder, with its reason, and is
checked as well: a difference that no longer stands is a finding too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from ingest import redaction
from ingest.disclosure import Row
from ingest.findings import Finding, numbered, quoted
from ingest.folders import DATES, Folder
from ingest.particulars import FILE_NAME
from ingest.pdf.audited import KINDS
from ingest.terms import TERM_TABLES, TERMS_FILE, Terms
from ingest.yaml_file import line_of


def check(folder: Folder, terms: Terms) -> list[Finding]:
    """Everything wrong with one disclosure, in the order of its lines or pages."""
    findings = [finding for check in _CHECKS for finding in check(folder)]
    findings += _unknown_terms(folder, terms)
    return sorted(
        findings, key=lambda finding: (str(finding.file), finding.line or finding.page or 0)
    )


def check_together(folders: Sequence[Folder]) -> list[Finding]:
    """What is wrong between disclosures: a reference, or a prefix of row ids, that two share."""
    findings = []
    seen: dict[str, Folder] = {}
    for folder in folders:
        for key in (folder.disclosure.id, folder.disclosure.row_id(1)):
            other = seen.setdefault(key, folder)
            if other is not folder:
                findings.append(
                    Finding(
                        folder.source,
                        None,
                        f"reference {folder.disclosure.reference}, as in {other.source}",
                        "a reference whose last two parts no other disclosure has",
                        "remove one of the two folders, or see which reference is wrong",
                    )
                )
                break
    return findings


def _checksum(folder: Folder) -> Iterator[Finding]:
    found, expected = folder.disclosure.source_sha256, folder.particulars.source_sha256
    if found != expected:
        yield Finding(
            folder.source,
            None,
            f"SHA-256 {found}",
            f"{expected}, as {FILE_NAME} states",
            "restore the file; or, if it was changed on purpose, record the new checksum",
        )


def _folder_name(folder: Folder) -> Iterator[Finding]:
    if folder.path.name != folder.disclosure.id:
        yield Finding(
            folder.source,
            None,
            f"reference {folder.disclosure.reference} in a folder named {folder.path.name}",
            f"a folder named {folder.disclosure.id}",
            "rename the folder",
        )


def _dates(folder: Folder) -> Iterator[Finding]:
    for name in DATES:
        read = getattr(folder.disclosure, name)
        given = getattr(folder.particulars, name)
        if not folder.date(name):
            yield Finding(
                folder.source,
                None,
                f"no {name} that could be read",
                "a date in the document's words or in " + FILE_NAME,
                f"give {name} in {FILE_NAME}, as YYYY-MM-DD",
            )
        elif read and given and read != given:
            yield _declared(
                folder,
                (name,),
                f"{name} {given}",
                f"{read}, which the document states",
                f"take {name} out of {FILE_NAME}",
            )


def _order_of_dates(folder: Folder) -> Iterator[Finding]:
    for first, second in pairwise(("covers_from", "covers_to", "extracted_on")):
        earlier, later = folder.date(first), folder.date(second)
        if earlier and later and earlier > later:
            yield Finding(
                folder.source,
                None,
                f"{first} {earlier} after {second} {later}",
                "figures that cover a time, and are drawn at its end or later",
                f"see the document's notes, or the dates in {FILE_NAME}",
            )


def _printed_total(folder: Folder) -> Iterator[Finding]:
    added = sum(total.officers for total in folder.disclosure.totals)
    if added != folder.disclosure.published_total:
        yield Finding(
            folder.source,
            _totals_line(folder),
            f"a printed TOTAL of {folder.disclosure.published_total}",
            f"{added}, the sum of the years",
            "see the document's table of totals",
        )


def _published_years(folder: Folder) -> Iterator[Finding]:
    first, last = folder.date("covers_from"), folder.date("covers_to")
    for year, times in Counter(total.year for total in folder.disclosure.totals).items():
        if times > 1:
            yield Finding(
                folder.source,
                _totals_line(folder),
                f"{times} totals for {year}",
                "one total a year",
                "see the document's table of totals",
            )
        if first and last and not first.year <= year <= last.year:
            yield Finding(
                folder.source,
                _totals_line(folder),
                f"a total for {year}",
                f"years from {first.year} to {last.year}, which the document covers",
                "see the document's table of totals and its date range",
            )


def _counts(folder: Folder) -> Iterator[Finding]:
    """Rows found against rows published, year by year, less the differences accepted."""
    published = {total.year: total.officers for total in folder.disclosure.totals}
    accepted = folder.particulars.accepted_differences
    found = Counter(row.year for row in folder.disclosure.rows)
    for year in sorted({*published, *accepted, *found}):
        if year not in published and year in found:
            yield _of_row(
                folder,
                next(row for row in folder.disclosure.rows if row.year == year),
                f"{numbered(found[year], 'row')} for {year}, a year without a published total",
                f"years {', '.join(map(str, sorted(published)))}",
                "see the document's rows and its table of totals",
            )
        elif year not in published:
            yield _declared(
                folder,
                ("accepted_differences", year),
                f"an accepted difference for {year}, a year without a published total",
                f"years {', '.join(map(str, sorted(published)))}",
                "take it out, or correct the year",
            )
        elif published[year] - found[year] != accepted.get(year, 0):
            difference = published[year] - found[year]
            yield Finding(
                folder.source,
                _totals_line(folder),
                f"{year}: {numbered(found[year], 'row')}, with {published[year]} published and a "
                f"difference of {accepted.get(year, 0)} accepted",
                numbered(published[year] - accepted.get(year, 0), "row"),
                "see which rows were lost or doubled; a difference that stands is written as "
                f"{year}: {difference} under accepted_differences in {FILE_NAME}",
            )


def _numbers(folder: Folder) -> Iterator[Finding]:
    ids, rows = folder.row_ids, folder.disclosure.rows
    if len(ids) != len(rows):
        yield _declared(
            folder,
            ("numbers",),
            f"numbers for {numbered(len(ids), 'row')} ({folder.particulars.numbers})",
            f"numbers for {numbered(len(rows), 'row')}, as many as the document has",
            "before the first publication write 1 and the number of rows (1-409); after it, give "
            "each row that turned up the next free number where it stands (1-340, 410, 341-409)",
        )


def _withheld_ids(folder: Folder) -> Iterator[Finding]:
    ids = set(folder.row_ids)
    seen: set[str] = set()
    for index, withheld in enumerate(folder.particulars.withheld):
        if withheld.id not in ids or withheld.id in seen:
            yield _declared(
                folder,
                ("withheld", index, "id"),
                f"withheld: {quoted(withheld.id)}" + " again" * (withheld.id in seen),
                f"an id of this disclosure, such as {folder.disclosure.row_id(1)}, once",
                "correct the id, or take the entry out",
            )
        seen.add(withheld.id)


def _words_of_withheld_rows(folder: Folder) -> Iterator[Finding]:
    withheld = {withheld.id for withheld in folder.particulars.withheld}
    words = {
        id: _folded(row) for id, row in zip(folder.row_ids, folder.disclosure.rows, strict=False)
    }
    withdrawn = {words[id] for id in withheld if words.get(id)}
    for id, said in words.items():
        if said in withdrawn and id not in withheld:
            yield _declared(
                folder,
                ("withheld",),
                f"the words of a withheld row, and {id} has the same",
                "every row withheld that has those words, or they are still there to read",
                f"add {id} under withheld",
            )


def _same_wording(folder: Folder) -> Iterator[Finding]:
    rows = dict(zip(folder.row_ids, folder.disclosure.rows, strict=False))
    known = folder.path.name == folder.disclosure.id
    if not known or len(folder.row_ids) != len(folder.disclosure.rows):
        return  # the ids stand for other rows, or for none, which is a finding of its own
    withheld = {withheld.id for withheld in folder.particulars.withheld}
    words = {id: (row.year, _folded(row)) for id, row in rows.items()}
    judged = Counter(id for entry in folder.particulars.same_wording for id in set(entry.rows))
    for index, entry in enumerate(folder.particulars.same_wording):
        listed = [words[id] for id in entry.rows if id in rows and id not in withheld]
        wrong = [
            *(f"{quoted(id)}, which is no row" for id in entry.rows if id not in rows),
            *(f"{id} a second time" for id, times in Counter(entry.rows).items() if times > 1),
            *(f"{id}, as in another entry" for id in entry.rows if judged[id] > 1),
            *(f"{id}, of which no word can be read" for id in entry.rows if id in rows and not words[id][1] and id not in withheld),
            *(f"not {id}, which has the same words" for id in rows if id not in {*entry.rows, *withheld} and words[id] in listed),
        ]  # fmt: skip
        if len({year for year, _ in listed}) > 1:
            wrong.append("rows of different years")
        for found in wrong:
            yield _declared(
                folder,
                ("same_wording", index, "rows"),
                f"same_wording: {found}",
                "rows of one year with words to read, each once, and with them all of equal words",
                "correct the list, or take the entry out",
            )


def _folded(row: Row) -> tuple[str, ...]:
    """The words of `row` that can be read, letter case and punctuation aside."""
    return tuple(word.casefold() for word in redaction.words(row.summary or ""))


def _open_rows(folder: Folder) -> Iterator[Finding]:
    for row in folder.disclosure.rows:
        stated = [cell for name in ("summary", *TERM_TABLES) if (cell := getattr(row, name))]
        if row.under_investigation and stated:
            yield _of_row(
                folder,
                row,
                f"a row under investigation that states {quoted(stated[0])}",
                "a year and nothing else",
                "see the document: such a row is published without its details",
            )


def _redactions(folder: Folder) -> Iterator[Finding]:
    summaries = [row for row in folder.disclosure.rows if row.summary]
    marked = [row for row in summaries if redaction.count(row.summary or "")]
    if folder.particulars.redacted and summaries and not marked:
        yield Finding(
            folder.source,
            None,
            f"no redaction marker in {numbered(len(summaries), 'summary', 'summaries')}",
            "markers: a document that hides nothing is rare, a conversion that lost them is not",
            f"compare it with the publisher's; if it hides nothing, say redacted: false in {FILE_NAME}",
        )
    if not folder.particulars.redacted and marked:
        yield _declared(
            folder,
            ("redacted",),
            f"redacted: false, and markers in {numbered(len(marked), 'summary', 'summaries')}",
            "a document without any marker",
            "take redacted: false out",
        )
    for row in summaries:
        for form in redaction.unknown_forms(row.summary or ""):
            yield _of_row(
                folder,
                row,
                f"{quoted(form)}, which looks like a redaction",
                "a marker of a known form: [REDACTED], [redacted] or a run of █",
                "see the document; a further form wants a line in ingest/redaction.py",
            )


def _decisions(folder: Folder) -> Iterator[Finding]:
    """What the audit of a PDF leaves to people, against what they decided."""
    held = {held.kind: held.count for held in folder.disclosure.held}
    decided = Counter(decision.finding for decision in folder.particulars.decisions)
    for kind, count in held.items():
        if kind not in decided:
            yield Finding(
                folder.source,
                None,
                f"{kind}, {count:,} in all: {KINDS[kind]}",
                f"a decision under decisions in {FILE_NAME}",
                "look at the document; where it may stand, write there finding, count and reason",
            )
    for index, decision in enumerate(folder.particulars.decisions):
        if held.get(decision.finding) != decision.count or decided[decision.finding] > 1:
            yield _declared(
                folder,
                ("decisions", index),
                f"a decision on {decision.finding}, {decision.count:,} in all",
                f"one decision, on as many as the audit finds: {held.get(decision.finding, 0):,}",
                "look at the document again, and correct the decision or take it out",
            )


def _unknown_terms(folder: Folder, terms: Terms) -> Iterator[Finding]:
    for (column, term), at in unknown_terms(folder.disclosure.rows, terms).items():
        yield _of_row(
            folder,
            at[0],
            f"the {column} {quoted(term)}, in {numbered(len(at), 'row')}",
            f"a term that {TERMS_FILE.name} knows",
            f"see the document; a term that is new goes under {TERM_TABLES[column]} in {TERMS_FILE.name}",
        )


def unknown_terms(rows: Sequence[Row], terms: Terms) -> dict[tuple[str, str], list[Row]]:
    """By column and term, the rows with a term that `terms` do not know."""
    unknown: dict[tuple[str, str], list[Row]] = {}
    for column, name in TERM_TABLES.items():
        known = {term.term for term in getattr(terms, name)}
        for row in rows:
            term = getattr(row, column)
            if term is not None and term not in known:
                unknown.setdefault((column, term), []).append(row)
    return unknown


def _of_row(folder: Folder, row: Row, found: str, expected: str, remedy: str) -> Finding:
    """A finding about a row: its line in a text, its page in a PDF."""
    page = row.block if folder.disclosure.source_format == "pdf" else None
    return Finding(folder.source, row.line, found, expected, remedy, page)


def _declared(
    folder: Folder, keys: tuple[int | str, ...], found: str, expected: str, remedy: str
) -> Finding:
    """A finding about what stands under `keys` in `disclosure.yml`."""
    return Finding(folder.declared, line_of(folder.declared, *keys), found, expected, remedy)


def _totals_line(folder: Folder) -> int | None:
    return next((total.line for total in folder.disclosure.totals), None)


_CHECKS: tuple[Callable[[Folder], Iterator[Finding]], ...] = (
    _checksum,
    _folder_name,
    _dates,
    _order_of_dates,
    _printed_total,
    _published_years,
    _counts,
    _numbers,
    _withheld_ids,
    _words_of_withheld_rows,
    _same_wording,
    _open_rows,
    _redactions,
    _decisions,
)
