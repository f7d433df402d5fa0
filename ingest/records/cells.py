"""A document as cells: rows of text with their places, before anything says what they mean.

Every reader yields these, whatever the file type. It changes no word, and drops nothing: text outside
tables comes as passages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is in a document. `line`, `page` and `row` count from 1.

    In a text or CSV file it is a `line`; in a PDF a `page`, and in a table the `row` on that page; in
    a workbook a `sheet`, and the `row` of the sheet.
    """

    line: int | None = None
    page: int | None = None
    row: int | None = None
    sheet: str | None = None

    def __str__(self) -> str:
        """`line 12`, `page 3, row 5`, or `Sheet1!A7`."""
        if self.sheet is not None:
            return f"{self.sheet}!A{self.row}"
        parts = {"line": self.line, "page": self.page, "row": self.row}
        return ", ".join(f"{name} {number}" for name, number in parts.items() if number)


@dataclass(frozen=True, slots=True)
class CellRow:
    """A row of a table.

    `table` counts from 1 the tables as they are drawn: a sheet, the ruled tables of a PDF page by
    page, a block of lines in a text. A cell is its text as printed, "" if it is blank, and None if
    the drawing does not give it a place of its own, as in a row that a page break cuts. `source_text`
    is the row as it appears in the source: a line byte for byte, or cells joined by tabs.
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


Cells = Iterator[CellRow | Passage]
"""A document from top to bottom, read as it is asked for, so that its length needs no memory."""
