"""Read a PDF that has passed its audit: the rows of its ruled tables, and the text around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from ingest.pdf.layout import Line, Table
from ingest.pdf.pool import Document
from ingest.records.cells import CellRow, Cells, Passage
from ingest.records.findings import Finding
from ingest.records.place import Place
from ingest.text.phrases import pluralize
from ingest.text.redaction import show_boxes

PAGE_NUMBER = re.compile(r"(?:page )?\d+(?: (?:of|/) ?\d+)?", re.IGNORECASE)
"""A line that is only the number of its page."""
UNMAPPED = re.compile(r"\(cid:\d+\)")
"""How pdfminer writes a glyph without a Unicode mapping."""
_PARAGRAPH_GAP = 0.2
"""How much larger the space between paragraphs is than the smallest space between lines, in multiples of the
font size."""

Pages = Sequence[tuple[int, Sequence[Line | Table]]]
"""The number of each page, and its parts."""


def pages_of(document: Document) -> Pages:
    """Return the pages of a document that could be read."""
    return [(page.number, page.page.parts) for page in document.pages if page.page]


def read_pdf_cells(path: Path, document: Document) -> Cells:
    """Yield the rows and paragraphs of the PDF at `path`, page by page, and what is wrong with them.

    In a cell, U+E000 stands for a box. Page numbers are left out, and a running header is given once.
    """
    pages = pages_of(document)
    gap = smallest_gap(pages)
    running = running_headers(pages)
    seen: set[str] = set()
    table_number = 0
    for number, parts in pages:
        row_number = 0
        lines: list[Line] = []
        for part in parts:
            if isinstance(part, Table):
                yield from _paragraphs(lines, number, gap)
                lines = []
                table_number += 1
                yield from _faults(path, number, part, row_number)
                for cells in part.rows:
                    row_number += 1
                    text = "\t".join(show_boxes(cell or "") for cell in cells)
                    yield CellRow(Place(page=number, row=row_number), table_number, cells, text)
                continue
            text = without_digits(part)
            if UNMAPPED.search(part.text):
                yield _unmapped(path, Place(page=number))
            elif not PAGE_NUMBER.fullmatch(part.text) and text not in seen:
                lines.append(part)
                seen |= {text} & running
        yield from _paragraphs(lines, number, gap)


def _paragraphs(lines: Sequence[Line], page: int, gap: float) -> Iterator[Passage]:
    """Yield lines as paragraphs. `gap` is the smallest space between two lines of the document, in points."""
    paragraph: list[Line] = []
    for line in lines:
        if paragraph and not goes_on(paragraph[-1], line, gap):
            yield _passage(paragraph, page)
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield _passage(paragraph, page)


def _passage(lines: Sequence[Line], page: int) -> Passage:
    return Passage(Place(page=page), show_boxes(" ".join(line.text for line in lines)))


def _faults(path: Path, page: int, table: Table, row: int) -> Iterator[Finding]:
    """Yield a finding for whatever of a table cannot be read with certainty. `row` is the number of rows of
    the page above it."""
    if table.loose:
        yield Finding(
            path,
            None,
            f"{pluralize(table.loose, 'character')} in the table but in none of its cells",
            "every character of a table in one of its cells",
            "check whether a rule is missing there",
            place=Place(page=page, row=row + 1),
        )
    for (number, column), found in (
        *((cell, "text that runs on over the cell's right rule") for cell in table.across),
        *((cell, "text in several directions") for cell in table.turned),
    ):
        yield Finding(
            path,
            None,
            f"{found}, in column {column + 1}",
            "the words of each cell within its rules, in one direction",
            "find out which cell the words belong to; ask the publisher for another export if the "
            "document does not show it",
            place=Place(page=page, row=row + number + 1),
        )
    for number, cells in enumerate(table.rows, row + 1):
        if any(UNMAPPED.search(cell or "") for cell in cells):
            yield _unmapped(path, Place(page=page, row=number))


def _unmapped(path: Path, place: Place) -> Finding:
    return Finding(
        path,
        None,
        "glyphs without a Unicode mapping",
        "text that can be copied from the document as it is displayed",
        "ask the publisher for another export",
        place=place,
    )


def goes_on(last: Line, line: Line, gap: float) -> bool:
    """Return whether a line belongs to the same paragraph as the one above it on its page."""
    return last.bold == line.bold and line.top - last.bottom <= gap + _PARAGRAPH_GAP * line.size


def smallest_gap(pages: Pages) -> float:
    """Return the smallest space between two lines of the document, in points."""
    return min(
        (
            lower.top - upper.bottom
            for _, parts in pages
            for upper, lower in pairwise([part for part in parts if isinstance(part, Line)])
            if lower.top > upper.bottom
        ),
        default=0.0,
    )


def running_headers(pages: Pages) -> set[str]:
    """Return the running headers and footers, ignoring digits: lines at the same height on most
    pages."""
    pages_with = Counter(
        (text, height)
        for _, parts in pages
        for text, height in {
            (without_digits(part), round(part.top / 4)) for part in parts if isinstance(part, Line)
        }
    )
    return {text for (text, _), count in pages_with.items() if count > max(2, len(pages) / 2)}


def without_digits(line: Line) -> str:
    """Return the text of a line with `#` for each number."""
    return re.sub(r"\d+", "#", line.text)
