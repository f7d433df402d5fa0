"""Read a CSV file, with commas, tabs or semicolons between its cells."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from ingest.readers.source import stream_lines
from ingest.records.cells import CellRow, Cells
from ingest.records.findings import Finding
from ingest.records.place import Place

_DELIMITERS = ",\t;"
_SAMPLE = 50
"""Lines by which it is decided what separates cells."""


def read_csv_cells(path: Path, encoding: str | None = None) -> Cells:
    """Yield the rows of the CSV file at `path`, and what is wrong with it.

    A quoted cell may contain line breaks and what separates cells. Blank rows separate tables.
    """
    findings: list[Finding] = []
    lines = _Lines(_only_lines(stream_lines(path, encoding), findings))
    rows = csv.reader(lines, delimiter=lines.delimiter(), strict=True)
    table, in_table = 0, False
    while True:
        lines.taken.clear()
        start = lines.number + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            yield Finding(
                path,
                start,
                f"a row that cannot be divided into cells: {error}",
                "quotation marks around whole cells, and doubled within them",
                "look for a quotation mark that is not closed, and correct the file",
            )
            break
        if cells is None:
            break
        if not any(cell.strip() for cell in cells):
            in_table = False
            continue
        if not in_table:
            table, in_table = table + 1, True
        yield CellRow(
            Place(line=start),
            table,
            tuple("" if cell.isspace() else cell for cell in cells),
            "".join(lines.taken).rstrip("\r\n"),
        )
    yield from findings


class _Lines(Iterator[str]):
    """The lines of a file, as they are asked for: the number of the last, and those taken since the last row."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._sample = list(islice(lines, _SAMPLE))
        self._lines = chain(self._sample, lines)
        self.taken: list[str] = []
        self.number = 0

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line

    def delimiter(self) -> str:
        """Return what separates the cells: that by which most rows have the same number of cells, more
        than one; in a tie, that by which they have more."""

        return max(_DELIMITERS, key=self._rows_alike)

    def _rows_alike(self, delimiter: str) -> tuple[int, int]:
        """Return how many rows of the sample have the same number of cells, and that number: (0, 0) if
        quotation marks show that something else separates the cells."""
        widths = Counter[int]()
        rows = csv.reader(self._sample, delimiter=delimiter, strict=True)
        try:
            widths.update(map(len, rows))
        except csv.Error:
            # The sample may end within a cell.
            if rows.line_num < len(self._sample):
                return 0, 0
        alike = ((rows, width) for width, rows in widths.items() if width > 1)
        return max(alike, default=(0, 0))


def _only_lines(
    items: Iterator[tuple[int, str] | Finding], findings: list[Finding]
) -> Iterator[str]:
    """Yield the lines, and put the findings aside."""
    for item in items:
        if isinstance(item, Finding):
            findings.append(item)
        else:
            yield item[1]
