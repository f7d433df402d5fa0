"""The styles in which a disclosure can be drawn, and what a reader should then see."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ingest.config.markers import shared_forms
from ingest.records.disclosure import Row
from ingest.text.redaction import BOX

PLAIN, BOLD = "Helvetica", "Helvetica-Bold"
LONG, SHORT = 842.0, 595.0
MARGIN = 36.0
SHARES = (0.06, 0.09, 0.45, 0.14, 0.13, 0.13)
PAD = 2.5
BLOCKS = "█" * 6
BLOCK = r"\001"
"""The code of █ in the font that is made for it."""


@dataclass(frozen=True)
class Style:
    """How a disclosure is drawn. All styles are clean: nothing is hidden under a box."""

    rules: Literal["lines", "rects", "cells"] = "lines"
    unruled: tuple[int, int] | None = None
    """A cell of the table of rows that has no rules, by row and column from 0; of `cells` alone."""
    spanned: tuple[int, int] | None = None
    """A cell of the table of rows that is drawn as one with that above it; of `cells` alone."""
    header: Literal["first", "all"] = "all"
    cuts: int = 9
    """How many rows a page break may cut; others that do not fit go to the next page whole."""
    cut_rule: bool = True
    """Whether a rule closes the page where a row is cut; `cells` are always closed."""
    box: Literal["rect", "round", "image", "glyphs"] = "rect"
    """`glyphs`: six characters █ of text."""
    heights: tuple[float, float] = (1.1, 1.45)
    """The minimum and maximum height of a box, in multiples of the font size."""
    touch: bool = False
    """Boxes in the first and last line of a cell, or near its sides, are drawn up to its rules."""
    merged: bool = False
    """Whether markers separated only by whitespace are drawn as one box."""
    spaces: bool = True
    """Whether spaces are characters; otherwise words are separated only by their positions."""
    reason: str = ""
    """White text in each box, such as s40(2)."""
    origin: tuple[int, int] = (0, 0)
    """The lower left corner of the MediaBox."""
    rotate: Literal[0, 90, 180, 270] = 0
    """/Rotate, with the content rotated the other way so that the page appears upright."""
    portrait: bool = False
    size: float = 0.0
    """The font size; 0 is 9, or 7 on portrait pages."""
    leading: float = 1.5
    """Line pitch in font sizes: below 1.45 boxes of neighbouring lines may overlap."""
    compress: bool = True


class Box(NamedTuple):
    """Where a marker was drawn: page from 1, and points from the top left of the page as
    displayed."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass
class Drawn:
    """What a document shows: the ground truth for the reader."""

    pages: int = 0
    rows: list[tuple[str, ...]] = field(default_factory=list)
    """The six cells of each row as a reader should give them, each box as `redaction.BOX`."""
    boxes: list[Box] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    """The positions, from 1, of the rows that a page break cuts."""


def as_drawn(text: str | None, style: Style = Style()) -> str:
    """Return `text` as a PDF in this style shows it, with markers as boxes and whitespace
    collapsed."""
    shown, at = "", 0
    for marker in shared_forms().find(text or ""):
        shown += (text or "")[at : marker.start] + BOX
        at = marker.end
    shown = " ".join((shown + (text or "")[at:]).split())
    if style.merged:
        shown = re.sub(rf"{BOX}(?: ?{BOX})+", BOX, shown)
    return shown.replace(BOX, BLOCKS) if style.box == "glyphs" else shown


def cells(row: Row, style: Style = Style()) -> tuple[str, ...]:
    """The six cells of a row as drawn."""
    texts = (row.rank, row.summary, row.result, row.action, row.sanction)
    year = f"*{row.year}" if row.under_investigation else str(row.year)
    return year, *(as_drawn(text, style) for text in texts)
