"""Find the black boxes of a page in its picture, however they were drawn.

A box is what stays dark when all text is gone and everything as thin as a rule is wiped away.
Rectangles, curves, pictures and annotations need no cases of their own, and boxes that touch the
rules of a table part from them.
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
"""Points: what is dark and no wider, or no higher, is a rule or a stroke."""
_JUMP = 3
"""Pixels by which the end of a box may move from one line of pixels to the next, as at round corners."""
_RUN = re.compile(rb"\xff+")


@dataclass(eq=False)  # an area is itself, however alike another
class Area:
    """A dark area: its runs of pixels by line, `scale` of them a point."""

    scale: float
    runs: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    @property
    def box(self) -> Box:
        """Its bounds, in points as on the page."""
        starts, ends = zip(*(run for runs in self.runs.values() for run in runs), strict=True)
        sides = (min(starts), min(self.runs), max(ends), max(self.runs) + 1)
        left, top, right, bottom = (side / self.scale for side in sides)
        return left, top, right, bottom

    def covers(self, x: float, y: float) -> bool:
        """Whether a place, in points, is dark."""
        pixel = x * self.scale
        return any(start <= pixel < end for start, end in self.runs.get(int(y * self.scale), []))

    def within(self, frame: Box) -> list[Box]:
        """The rectangles, in points, that it is made of within `frame`, from the top.

        Boxes of two lines that touch, or overlap a little, come apart: where the area grows wider or
        narrower, another rectangle begins.
        """
        left, top, right, bottom = (round(side * self.scale) for side in frame)
        parts: list[list[int]] = []
        growing: list[tuple[tuple[int, int], list[int]]] = []
        for y in range(max(top, min(self.runs)), min(bottom, max(self.runs) + 1)):
            still: list[tuple[tuple[int, int], list[int]]] = []
            for start, end in self.runs.get(y, []):
                start, end = max(start, left), min(end, right)
                if end - start < THIN * self.scale:
                    continue
                part = next(
                    (
                        part
                        for (before, after), part in growing
                        if max(abs(before - start), abs(after - end)) <= _JUMP
                    ),
                    None,
                )
                if part:
                    part[0], part[2], part[3] = min(part[0], start), max(part[2], end), y + 1
                else:
                    part = [start, y, end, y + 1]
                    parts.append(part)
                still.append(((start, end), part))
            growing = still
        return [
            (a / self.scale, b / self.scale, c / self.scale, d / self.scale) for a, b, c, d in parts
        ]


def areas(bare: Image.Image, scale: float) -> list[Area]:
    """The dark areas of a page drawn without its text, from the top. Those that touch are one.

    `bare` is grey, `scale` its pixels a point.
    """
    opened = _morphological_open(mask(bare, 0, DARK - 1, 255), round(THIN * scale) + 1)
    return sorted(_connected_components(opened, scale), key=lambda area: min(area.runs))


def _morphological_open(dark: Image.Image, side: int) -> Image.Image:
    """What of `dark` a square of `side` pixels can cover without leaving it."""
    shrunk = _spread(dark, side, ImageChops.darker, -1)
    return _spread(shrunk, side, ImageChops.lighter, 1)


def _spread(
    picture: Image.Image,
    side: int,
    choose: Callable[[Image.Image, Image.Image], Image.Image],
    direction: int,
) -> Image.Image:
    """Each pixel as what `choose` takes of the `side` pixels from there on, both ways in turn."""
    for x, y in ((1, 0), (0, 1)):
        reached = 1
        while reached < side:
            step = min(reached, side - reached)
            shift = direction * step
            picture = choose(picture, ImageChops.offset(picture, x * shift, y * shift))
            reached += step
    return picture


def _connected_components(opened: Image.Image, scale: float) -> list[Area]:
    """The areas of a picture of black and white."""
    if not opened.getbbox():
        return []
    width, height = opened.size
    data = opened.tobytes()
    found: list[Area] = []
    above: list[tuple[int, int, Area]] = []
    for y in range(height):
        here: list[tuple[int, int, Area]] = []
        for match in _RUN.finditer(data, y * width, (y + 1) * width):
            start, end = match.start() - y * width, match.end() - y * width
            touching = [area for left, right, area in above if left < end and start < right]
            area = touching[0] if touching else Area(scale)
            if not touching:
                found.append(area)
            for other in touching[1:]:
                if other is not area and other in found:
                    found.remove(other)
                    for line, runs in other.runs.items():
                        area.runs.setdefault(line, []).extend(runs)
                    above = [(a, b, area if one is other else one) for a, b, one in above]
                    here = [(a, b, area if one is other else one) for a, b, one in here]
            area.runs.setdefault(y, []).append((start, end))
            here.append((start, end, area))
        above = here
    return found
