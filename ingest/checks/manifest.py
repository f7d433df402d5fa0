"""Check what `disclosure.yml` declares against the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ingest.checks.places import in_document, in_manifest
from ingest.config.manifest import FILE_NAME, SameWording
from ingest.readers.folders import DisclosureFolder, Folder
from ingest.records.audit_findings import KINDS
from ingest.records.disclosure import Row
from ingest.records.findings import Finding
from ingest.text.phrases import pluralize, truncated_repr
from ingest.text.redaction import normalised_words

Words = tuple[str, ...]


def checksum(folder: Folder) -> Iterator[Finding]:
    """Yield a finding if the document's SHA-256 is not the recorded one."""
    found, expected = folder.source_sha256, folder.manifest.source_sha256
    if found != expected:
        yield in_document(
            folder,
            f"SHA-256 {found}",
            f"{expected}, as {FILE_NAME} states",
            "restore the file; or, if it was changed on purpose, record the new checksum",
        )


def folder_name(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding if the folder is not named after the document's reference."""
    if folder.path.name != folder.disclosure.id:
        yield in_document(
            folder,
            f"reference {folder.disclosure.reference} in a folder named {folder.path.name}",
            f"a folder named {folder.disclosure.id}",
            "rename the folder",
        )


def row_numbers(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding if there are more or fewer row numbers than rows."""
    numbers, rows = sum(map(len, folder.row_ranges)), folder.disclosure.rows
    if numbers != len(rows):
        yield in_manifest(
            folder,
            ("row_numbers",),
            f"numbers for {pluralize(numbers, 'row')} ({folder.manifest.row_numbers})",
            f"numbers for {pluralize(len(rows), 'row')}, as many as the document has",
            "before the first publication, write 1 to the number of rows (1-409); after it, give "
            "each added row the next free number, in its position (1-340, 410, 341-409)",
        )


def withdrawn_ids(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each withdrawn id that is unknown or repeated."""
    seen: set[str] = set()
    for index, withdrawal in enumerate(folder.manifest.withdrawn):
        if not folder.has_row_id(withdrawal.id) or withdrawal.id in seen:
            yield in_manifest(
                folder,
                ("withdrawn", index, "id"),
                f"withdrawn: {truncated_repr(withdrawal.id)}"
                + ", listed twice" * (withdrawal.id in seen),
                f"an id of this disclosure, such as {folder.disclosure.row_id(1)}, once",
                "correct the id, or remove the entry",
            )
        seen.add(withdrawal.id)


def withdrawn_everywhere(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each row that still shows the words of a withdrawn row."""
    withdrawn = _withdrawn(folder)
    words = {id: _words(row) for id, row in _rows(folder).items()}
    gone = {words[id] for id in withdrawn if words.get(id)}
    for id, said in words.items():
        if said in gone and id not in withdrawn:
            yield in_manifest(
                folder,
                ("withdrawn",),
                f"the words of a withdrawn row, repeated in {id}",
                "all rows with those words withdrawn; otherwise the words can still be read",
                f"add {id} under withdrawn",
            )


def same_wording(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield everything wrong with the rows judged to share a wording."""
    known = folder.path.name == folder.disclosure.id
    if not known or sum(map(len, folder.row_ranges)) != len(folder.disclosure.rows):
        return  # the ids do not match the rows, which another check reports
    readable = {id: (row.year, _words(row)) for id, row in _rows(folder).items()}
    judged = Counter(id for entry in folder.manifest.same_wording for id in set(entry.rows))
    for index, entry in enumerate(folder.manifest.same_wording):
        for found in _entry_faults(entry, readable, judged, _withdrawn(folder)):
            yield in_manifest(
                folder,
                ("same_wording", index, "rows"),
                f"same_wording: {found}",
                "readable rows of one year, each listed once, including every row with the same words",
                "correct the list, or remove the entry",
            )


def _entry_faults(
    entry: SameWording,
    readable: dict[str, tuple[int, Words]],
    judged: Counter[str],
    withdrawn: set[str],
) -> Iterator[str]:
    """Yield a message for each fault in `entry`. `readable` maps ids to year and visible words."""
    known = [id for id in entry.rows if id in readable and id not in withdrawn]
    listed = [readable[id] for id in known]
    yield from (
        f"{truncated_repr(id)}, which is not a row" for id in entry.rows if id not in readable
    )
    yield from (f"{id} listed twice" for id, times in Counter(entry.rows).items() if times > 1)
    yield from (f"{id}, which is also in another entry" for id in entry.rows if judged[id] > 1)
    yield from (f"{id}, which has no readable word" for id in known if not readable[id][1])
    yield from (
        f"{id} left out, although it has the same words"
        for id, said in readable.items()
        if said in listed and id not in {*entry.rows, *withdrawn}
    )
    if len({year for year, _ in listed}) > 1:
        yield "rows of different years"


def decisions(folder: Folder) -> Iterator[Finding]:
    """Yield a finding for each audit finding without a decision, and for each decision that no
    longer matches the audit."""
    pending = {finding.kind: finding.count for finding in folder.pending}
    decided = Counter(decision.kind for decision in folder.manifest.decisions)
    for kind, count in pending.items():
        if kind not in decided:
            yield in_document(
                folder,
                f"{kind}, {count:,} in total: {KINDS[kind]}",
                f"a decision under decisions in {FILE_NAME}",
                "look at the document; if this is acceptable, add an entry with kind, count and reason",
            )
    for index, decision in enumerate(folder.manifest.decisions):
        if pending.get(decision.kind) != decision.count or decided[decision.kind] > 1:
            yield in_manifest(
                folder,
                ("decisions", index),
                f"a decision on {decision.kind}, {decision.count:,} in total",
                f"one decision, with the count that the audit finds: {pending.get(decision.kind, 0):,}",
                "look at the document again, and correct the decision or remove it",
            )


def _rows(folder: DisclosureFolder) -> dict[str, Row]:
    return dict(zip(folder.row_ids, folder.disclosure.rows, strict=False))


def _words(row: Row) -> Words:
    return normalised_words(row.summary or "")


def _withdrawn(folder: DisclosureFolder) -> set[str]:
    return {withdrawal.id for withdrawal in folder.manifest.withdrawn}
