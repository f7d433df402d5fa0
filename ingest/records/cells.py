"""A document as cells: rows of text with their places, before anything says what they mean.

Every reader yields these, whatever the file type. It changes no word, and drops nothing but rows and
lines that are blank: text outside tables comes as passages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.records.findings import Finding
from ingest.records.place import Place

__all__ = ["CellRow", "Cells", "Passage", "Place"]


@dataclass(frozen=True, slots=True)
class CellRow:
    """A row of a table.

    `table` counts from 1 the tables as they are drawn: a sheet, the ruled tables of a PDF page by
    page, a block of lines in a text or CSV file. A cell is its text as printed, "" if it is blank, and
    None if the drawing does not give it a place of its own, as in a row that a page break cuts. A cell
    that another covers, because the two were merged, is blank. `source_text` is the row as it appears
    in the source: a line byte for byte, or cells joined by tabs.
    """

    place: Place
    table: int
    cells: tuple[str | None, ...]
    source_text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Text outside the tables: a paragraph or a line."""

    place: Place
    text: str


Cells = Iterator[CellRow | Passage | Finding]
"""A document from top to bottom, read as it is asked for, so that its length needs no memory; and in
between whatever stops it from being published."""
