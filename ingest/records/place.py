"""Say where something is in a document."""

from __future__ import annotations

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
            return f"{self.sheet}!A{self.row}" if self.row else f"sheet {self.sheet}"
        parts = {"line": self.line, "page": self.page, "row": self.row}
        return ", ".join(f"{name} {number}" for name, number in parts.items() if number)
