"""Pages that look odd and hide nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.readers.met.form import COLUMNS
from tests.pdfs.disclosures import sheet
from tests.pdfs.drawing import Pages, Rect
from tests.pdfs.marks import annotation, fill, text
from tests.pdfs.style import MARGIN, Drawn


def _black_header(pages: Pages, number: int, rects: list[Rect]) -> None:
    if number == 0:
        for rect in rects:
            fill(pages, rect)
        pages.ink = (1.0, 1.0, 1.0)


def _dark_cell(pages: Pages, number: int, rects: list[Rect]) -> None:
    if number == 2 and len(rects) == len(COLUMNS):
        fill(pages, rects[5])


def _shaded(pages: Pages, number: int, rects: list[Rect]) -> None:
    if number % 2:
        for rect in rects:
            fill(pages, rect, 0.85)


def _banner(pages: Pages) -> None:
    pages.image((0, pages.height - 30, pages.width, 30), 20)
    text(pages, (MARGIN, 0, 0, 0), pages.height - 20, "A force", grey=1)


def _link(pages: Pages) -> None:
    keys = "/Border [0 0 0] /A << /S /URI /URI (https://police.example/) >>"
    annotation(pages, (MARGIN, 20, 100, 12), "Link", keys, look=False)


def _twice(pages: Pages) -> None:
    for shift in (0, 0.3):
        text(pages, (MARGIN + shift, 0, 0, 0), 20, "Bold by printing twice")


LOOKALIKES: dict[str, Callable[[Pages], None]] = {
    "removed": lambda pages: None,
    "black header": lambda pages: setattr(pages, "behind", _black_header),
    "dark cell": lambda pages: setattr(pages, "behind", _dark_cell),
    "shaded rows": lambda pages: setattr(pages, "behind", _shaded),
    "dark banner": _banner,
    "link": _link,
    "printed twice": _twice,
}
"""`dark cell` needs a decision; the others are clean."""


def lookalike(path: Path, kind: str) -> Drawn:
    """Draw a page that leaks nothing."""
    return sheet(path, LOOKALIKES[kind])
