"""Find the shapes in a table's cells that may stand for words, whatever their colour.

A black box is found on the rendered page (`ingest.pdf.boxes`). A box of grey, of a pale colour, or white with
an outline is lighter than much that is no box, so it is looked for among the page's objects, and counts only
if it can be seen: if the rendered page differs there from what is around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pdfplumber.page import Page as PlumberPage
from PIL import Image

from ingest.records.audit_findings import Box

_MIN_SIDE = 2.0
"""Points. A shape no wider, or no higher, is a rule, an underline or a stroke."""
_MIN_FILL = 5
"""The least difference in grey (0 to 255) between a fill and its surroundings that can be seen."""
_MIN_STROKE = 40
"""The least difference in grey between an outline and what is within it."""
_INSET = 1.0
"""Points within the edge of a shape at which its fill is looked at."""


@dataclass(frozen=True)
class Shape:
    """A shape that can be seen: where it is, in points of the page's own coordinates, and whether it is
    filled."""

    box: Box
    filled: bool


def find_shapes(
    page: PlumberPage, background: Image.Image, scale: float, origin: tuple[float, float]
) -> list[Shape]:
    """Return the shapes and pictures of a page that can be seen.

    `background` is a grey rendering of the page without its text, of `scale` pixels per point, whose top
    left corner is at `origin`.
    """
    look = _Look(background, scale, origin)
    found: dict[Box, Shape] = {}
    for obj in (*page.rects, *page.curves, *page.images):
        box = (float(obj["x0"]), float(obj["top"]), float(obj["x1"]), float(obj["bottom"]))
        if min(box[2] - box[0], box[3] - box[1]) <= _MIN_SIDE:
            continue
        is_image = obj["object_type"] == "image"
        filled = bool(is_image or obj.get("fill")) and look.is_filled(box)
        if filled or (obj.get("stroke") and look.is_outlined(box)):
            found.setdefault(box, Shape(box, filled))
    return list(found.values())


@dataclass(frozen=True)
class _Look:
    """Look at a rendered page."""

    background: Image.Image
    scale: float
    origin: tuple[float, float]

    def at(self, x: float, y: float) -> int | None:
        """Return the grey at a point, or None outside the page."""
        column = int((x - self.origin[0]) * self.scale)
        row = int((y - self.origin[1]) * self.scale)
        width, height = self.background.size
        if not (0 <= column < width and 0 <= row < height):
            return None
        grey = self.background.getpixel((column, row))
        return grey if isinstance(grey, int) else None

    def is_filled(self, box: Box) -> bool:
        """Return whether the inside of a box differs from what is just outside it."""
        return self._differs(_ring(box, -_INSET), _ring(box, _INSET + 1), _MIN_FILL)

    def is_outlined(self, box: Box) -> bool:
        """Return whether the edges of a box differ from what is within them."""
        return self._differs(_ring(box, 0), _ring(box, -_INSET - 1), _MIN_STROKE)

    def _differs(
        self,
        points: Sequence[tuple[float, float]],
        others: Sequence[tuple[float, float]],
        least: int,
    ) -> bool:
        pairs = [
            (one, other)
            for point, there in zip(points, others, strict=True)
            if (one := self.at(*point)) is not None and (other := self.at(*there)) is not None
        ]
        different = sum(abs(one - other) >= least for one, other in pairs)
        return len(pairs) > 0 and different * 2 > len(pairs)


def _ring(box: Box, further: float) -> list[tuple[float, float]]:
    """Return points along the four sides of a box, moved outwards by `further` points."""
    left, top, right, bottom = box
    shares = (0.2, 0.4, 0.6, 0.8)
    across = [left + share * (right - left) for share in shares]
    down = [top + share * (bottom - top) for share in shares]
    return [
        *((x, top - further) for x in across),
        *((x, bottom + further) for x in across),
        *((left - further, y) for y in down),
        *((right + further, y) for y in down),
    ]


def merge(boxes: Sequence[Box]) -> Iterator[Box]:
    """Yield boxes of which none overlaps another, each around those that did."""
    left = sorted(boxes)
    while left:
        box = left.pop(0)
        while touching := [other for other in left if _overlaps(box, other)]:
            left = [other for other in left if other not in touching]
            every: list[Any] = [box, *touching]
            box = (
                min(one[0] for one in every),
                min(one[1] for one in every),
                max(one[2] for one in every),
                max(one[3] for one in every),
            )
        yield box


def _overlaps(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
