"""Find the black boxes on a rendered page, however they were drawn.

A box is what stays dark when all text is removed and everything as thin as a rule is erased by a
morphological opening. Rectangles, curves, images and annotations need no special cases, and boxes
are separated from the table rules that they touch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image, ImageChops

from ingest.pdf.hidden_text import DARK
from ingest.pdf.renderer import mask
from ingest.records.audit_findings import Box

THIN = 4.0
"""Points. A dark shape no wider, or no higher, is a rule or a stroke."""
_MAX_SHIFT = 3
"""Pixels by which a box's edge may move from one pixel row to the next, for example at rounded
corners."""
_RUN = re.compile(rb"\xff+")

Run = tuple[int, int]
"""Start and end (exclusive) of adjacent dark pixels in one pixel row."""


@dataclass(eq=False)  # compared by identity: two areas may look the same
class DarkArea:
    """A connected dark area: its runs by pixel row, and the scale in pixels per point."""

    scale: float
    runs: dict[int, list[Run]] = field(default_factory=dict)

    @property
    def box(self) -> Box:
        """The bounding box, in points from the top left of the page."""
        starts, ends = zip(*(run for runs in self.runs.values() for run in runs), strict=True)
        sides = (min(starts), min(self.runs), max(ends), max(self.runs) + 1)
        left, top, right, bottom = (side / self.scale for side in sides)
        return left, top, right, bottom

    def covers(self, x: float, y: float) -> bool:
        """Return whether a point, in points, is dark."""
        pixel = x * self.scale
        return any(start <= pixel < end for start, end in self.runs.get(int(y * self.scale), []))

    def rectangles_in(self, frame: Box) -> list[Box]:
        """Return the rectangles, in points and from the top, that make up the area within `frame`.

        A new rectangle begins where the area becomes wider or narrower. This separates boxes on two lines
        that touch or overlap slightly.
        """
        left, top, right, bottom = (round(side * self.scale) for side in frame)
        rectangles: list[list[int]] = []
        open_above: list[tuple[Run, list[int]]] = []
        for y in range(max(top, min(self.runs)), min(bottom, max(self.runs) + 1)):
            open_here: list[tuple[Run, list[int]]] = []
            for start, end in self.runs.get(y, []):
                start, end = max(start, left), min(end, right)
                if end - start < THIN * self.scale:
                    continue
                rectangle = _continued((start, end), open_above)
                if rectangle:
                    rectangle[0], rectangle[2] = min(rectangle[0], start), max(rectangle[2], end)
                    rectangle[3] = y + 1
                else:
                    rectangle = [start, y, end, y + 1]
                    rectangles.append(rectangle)
                open_here.append(((start, end), rectangle))
            open_above = open_here
        return [
            (a / self.scale, b / self.scale, c / self.scale, d / self.scale)
            for a, b, c, d in rectangles
        ]


def _continued(run: Run, open_above: list[tuple[Run, list[int]]]) -> list[int] | None:
    """Return the rectangle in the row above that `run` continues, or None."""
    for above, rectangle in open_above:
        if max(abs(above[0] - run[0]), abs(above[1] - run[1])) <= _MAX_SHIFT:
            return rectangle
    return None


def find_dark_areas(background: Image.Image, scale: float) -> list[DarkArea]:
    """Return the dark areas of a page, from the top. Areas that touch are one.

    `background` is a grey rendering of the page without its text; `scale` is in pixels per point.
    """
    opened = _morphological_open(mask(background, 0, DARK - 1, 255), round(THIN * scale) + 1)
    return sorted(_connected_components(opened, scale), key=lambda area: min(area.runs))


def _morphological_open(image: Image.Image, side: int) -> Image.Image:
    """Return the morphological opening of a black and white image by a square of `side` pixels."""
    eroded = _square_filter(image, side, ImageChops.darker, -1)
    return _square_filter(eroded, side, ImageChops.lighter, 1)


def _square_filter(
    image: Image.Image,
    side: int,
    choose: Callable[[Image.Image, Image.Image], Image.Image],
    direction: int,
) -> Image.Image:
    """Erode (`choose` darker) or dilate (lighter) an image by a square with the pixel at a corner.

    The square extends from the pixel towards smaller (1) or larger (-1) coordinates. Doubling the shift
    takes a number of steps that is logarithmic in `side`.
    """
    for x, y in ((1, 0), (0, 1)):
        width = 1
        while width < side:
            step = min(width, side - width)
            shift = direction * step
            image = choose(image, ImageChops.offset(image, x * shift, y * shift))
            width += step
    return image


def _connected_components(image: Image.Image, scale: float) -> list[DarkArea]:
    """Return the connected components of the white (255) pixels of an image."""
    if not image.getbbox():
        return []
    width, height = image.size
    data = image.tobytes()
    areas: list[DarkArea] = []
    above: list[tuple[int, int, DarkArea]] = []
    for y in range(height):
        here: list[tuple[int, int, DarkArea]] = []
        for match in _RUN.finditer(data, y * width, (y + 1) * width):
            start, end = match.start() - y * width, match.end() - y * width
            touching = [area for left, right, area in above if left < end and start < right]
            area = touching[0] if touching else DarkArea(scale)
            if not touching:
                areas.append(area)
            for other in touching[1:]:
                if other is not area and other in areas:
                    areas.remove(other)
                    for line, runs in other.runs.items():
                        area.runs.setdefault(line, []).extend(runs)
                    above = [(a, b, area if one is other else one) for a, b, one in above]
                    here = [(a, b, area if one is other else one) for a, b, one in here]
            area.runs.setdefault(y, []).append((start, end))
            here.append((start, end, area))
        above = here
    return areas
