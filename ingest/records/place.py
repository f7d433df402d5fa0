"""Say where something is in a document."""

from __future__ import annotations

import re
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

    @classmethod
    def parse(cls, text: str) -> Place:
        """Return the place that `str` made `text` of."""
        if match := re.fullmatch(r"(.*)!A(\d+)", text, re.DOTALL):
            return cls(sheet=match[1], row=int(match[2]))
        if text.startswith("sheet "):
            return cls(sheet=text.removeprefix("sheet "))
        line, page, row = (
            int(match[1]) if (match := re.search(rf"{name} (\d+)", text)) else None
            for name in ("line", "page", "row")
        )
        return cls(line, page, row)
