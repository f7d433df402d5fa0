"""Read a text: lines with tabs are rows, and blank lines separate blocks."""

from __future__ import annotations

from pathlib import Path

from ingest.readers.source import stream_lines
from ingest.records.cells import CellRow, Cells, Passage
from ingest.records.findings import Finding
from ingest.records.place import Place


def read_text_cells(path: Path, encoding: str | None = None) -> Cells:
    """Yield the rows and passages of the text at `path`, and what is wrong with it.

    A block of lines is a table from its first line with a tab on: a line without one, further down, is a row
    that lost its cells, and no passage.
    """
    table, in_block, in_table = 0, False, False
    for item in stream_lines(path, encoding):
        if isinstance(item, Finding):
            yield item
            continue
        number, line = item[0], item[1].rstrip("\r\n")
        if not line.strip():
            in_block = in_table = False
            continue
        place = Place(line=number)
        if not in_block:
            table, in_block = table + 1, True
        in_table = in_table or "\t" in line
        if in_table:
            cells = tuple("" if cell.isspace() else cell for cell in line.split("\t"))
            yield CellRow(place, table, cells, line)
        else:
            yield Passage(place, line)
