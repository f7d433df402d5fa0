"""Check the records of a disclosure of any shape one by one, while they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ingest.checks.places import in_manifest
from ingest.config.manifest import FILE_NAME, THE_ONLY_TABLE
from ingest.config.markers import MARKERS_FILE, deciding_lines
from ingest.database.load import is_exact
from ingest.mapping.problems import Problem, Problems
from ingest.readers.folders import TabularFolder
from ingest.records.findings import Finding
from ingest.records.tabular import Record
from ingest.text.phrases import pluralize, truncated_repr


class RecordChecks:
    """Looks at each record of a document; then says what is wrong with them."""

    def __init__(self, folder: TabularFolder) -> None:
        self._folder = folder
        self._problems = Problems(folder.source)
        self._counts = Counter[str]()

    def look(self, record: Record) -> None:
        """Look at a record."""
        self._counts[record.table] += 1
        for texts in record.lookalikes.values():
            for text in texts:
                self._problems.add(("lookalike", text), _lookalike(record, text))
        for name, value in record.values.items():
            if not is_exact(value):
                problem = Problem(
                    record.place,
                    f"{value} in {name}",
                    "a number of at most 15 digits, which the database can store exactly",
                    "give the column the role category in the shape",
                )
                self._problems.add(("digits", name), problem)

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with the records, in the order in which it was found."""
        yield from self._problems.findings()
        for table in self._folder.shape.records:
            found = self._counts[table.name]
            ranges = self._folder.manifest.numbers_of(table.name)
            if ranges is not None and sum(map(len, ranges)) != found:
                given = self._folder.manifest.row_numbers or {}
                key = table.name if table.name in given else THE_ONLY_TABLE
                yield in_manifest(
                    self._folder,
                    ("row_numbers",) if key == THE_ONLY_TABLE else ("row_numbers", key),
                    f"numbers for {pluralize(sum(map(len, ranges)), 'row')} ({given[key]})",
                    f"numbers for {pluralize(found, 'row')} of {table.name}, as many as the document has",
                    "before the first publication, write 1 to the number of rows, or leave row_numbers out; "
                    f"after it, give each added row the next free number, in its position, in {FILE_NAME}",
                )


def _lookalike(record: Record, text: str) -> Problem:
    return Problem(
        record.place,
        f"{truncated_repr(text)}, which looks like a redaction",
        f"a marker of a known form, as in {MARKERS_FILE.name}, the shape or {FILE_NAME}",
        f"check the document; then write into {FILE_NAME} the first of these lines if this hides "
        "words, or the second if it does not (or add it to the list that is there)",
        of="time",
        lines=lambda _: deciding_lines(text),
    )
