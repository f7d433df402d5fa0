"""Read a page: its lines of text and its tables, with black boxes in their places as markers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from pdfplumber.page import Page as PlumberPage
from pdfplumber.table import Table as PlumberTable
from pdfplumber.utils.clustering import cluster_objects
from pdfplumber.utils.text import extract_text, extract_words

from ingest.pdf.boxes import THIN, areas
from ingest.pdf.hidden_text import DARK, Visibility
from ingest.records.audit_findings import AuditFinding, Box, Verdict
from ingest.text.redaction import BOX

SUMMARY, COLUMNS = 2, 6
_TOUCHING = 0.15
"""The gap between two words, in sizes of their type, where the document has no spaces."""
_LOW = 0.7
"""How high a box must at least be, in lines, to hide one."""
_WHOLE = 0.85
"""The share of a cell that is dark where the whole cell is."""
_PITCH = 1.5
"""From line to line, in sizes of type, where no cell of a table has lines to tell by."""
_BOLD = ("bold", "black", "heavy")

_GRID = 16.0
_AGAIN = 0.4
"""Points: steps of the place in which a character is printed again."""
_UNDRAWN = 1.0
"""Points a side, below which nothing of a character is drawn."""

Char = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of text outside the tables: its words with their left edges, and whether each is bold."""

    top: float
    bottom: float
    size: float
    words: tuple[tuple[str, float, bool], ...]

    @property
    def text(self) -> str:
        return " ".join(word for word, _, _ in self.words)

    @property
    def left(self) -> float:
        return self.words[0][1]

    @property
    def bold(self) -> bool:
        return all(bold for _, _, bold in self.words)


@dataclass(frozen=True)
class Table:
    """A ruled table: its rows of cells as text, from the top, a marker for each box."""

    top: float
    rows: tuple[tuple[str, ...], ...]
    loose: int = 0
    """Characters within the table that stand in no cell of its."""
    joined: int = 0
    """Cells that have no rule of their own, and stand within another."""


@dataclass(frozen=True)
class Page:
    """What can be read on a page, from the top. `hidden` is how many characters its boxes in summaries
    may stand over, by their width; `shown` is how many characters of summaries can be read."""

    parts: tuple[Line | Table, ...]
    hidden: float = 0.0
    shown: int = 0
    findings: tuple[AuditFinding, ...] = ()


class _Places:
    """Where characters stand, to be found by the boxes that another parser gives them."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.taken: set[int] = set()
        self.at: dict[tuple[int, int], list[tuple[int, float, float]]] = {}
        for number, box in enumerate(boxes):
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            self.at.setdefault((int(x // _GRID), int(y // _GRID)), []).append((number, x, y))
        self.count = len(boxes)

    def take(self, box: Box) -> bool:
        """Whether any stands in `box`, or as near as two parsers may differ."""
        high = box[3] - box[1]
        if not (box[2] - box[0] > 0.01 and high > 0.01):
            return False
        left, top = box[0] - 0.5, box[1] - 0.25 * high
        right, bottom = box[2] + 0.5, box[3] + 0.25 * high
        found = False
        for column in range(int(left // _GRID), int(right // _GRID) + 1):
            for row in range(int(top // _GRID), int(bottom // _GRID) + 1):
                for number, x, y in self.at.get((column, row), ()):
                    if left <= x <= right and top <= y <= bottom:
                        self.taken.add(number)
                        found = True
        return found

    @property
    def left(self) -> int:
        """How many no box was given for."""
        return self.count - len(self.taken)


@dataclass
class _Cell:
    box: Box
    chars: list[Char] = field(default_factory=list)
    dark: bool = False


def parse_page(page: PlumberPage, visibility: Visibility, scale: float, number: int) -> Page:
    """The page as pdfplumber has it, less what `sight` says cannot be seen, with its boxes."""
    left, top = page.bbox[0], page.bbox[1]
    kept = page.filter(_kept)
    layout = PageLayout(visibility, scale, (left, top), number)
    tables = [table for table in kept.find_tables(_settings(kept)) if _wide(table)]
    chars = layout.audited(_dedupe_chars(kept.chars))
    parsed_tables = [layout.table(table, chars) for table in tables]
    frames = [table.bbox for table in tables]
    outside = [char for char in chars if not any(_inside(char, frame) for frame in frames)]
    parts: list[Line | Table] = [*parsed_tables, *_lines(outside, left, top)]
    return Page(
        tuple(sorted(parts, key=lambda part: part.top)),
        layout.hidden,
        layout.shown,
        tuple(layout.findings),
    )


def _dedupe_chars(chars: Sequence[Char]) -> Iterator[Char]:
    """Each character once, where it is printed again in nearly the same place to look bold."""
    printed: set[tuple[str, int, int]] = set()
    for char in chars:
        x, y = round(char["x0"] / _AGAIN), round(char["top"] / _AGAIN)
        places = {(char["text"], x + a, y + b) for a in (-1, 0, 1) for b in (-1, 0, 1)}
        if not char["text"].strip() or not places & printed:
            printed.add((char["text"], x, y))
            yield char


def _kept(found: Char) -> bool:
    """Not what would be taken for rules, the edges of boxes."""
    kind = found["object_type"]
    if kind in ("rect", "curve"):
        return not (
            found.get("fill")
            and found["width"] >= THIN
            and found["height"] >= THIN
            and _is_dark(found.get("non_stroking_color"))
        )
    return bool(kind != "image")


def _is_dark(colour: Any) -> bool:
    """Whether a fill is not plainly light. A colour of one part is grey or a tint; of four, inks."""
    parts = (colour,) if isinstance(colour, (int, float)) else tuple(colour or ())
    if not all(isinstance(part, (int, float)) for part in parts):
        return True
    if len(parts) == 3:
        return bool(max(parts) < 0.6)
    if len(parts) == 4:
        return bool(parts[3] > 0.4 or min(parts[:3]) > 0.4)
    return not parts or bool(parts[0] < 0.6)


def _settings(page: PlumberPage) -> dict[str, Any]:
    """Rules make tables; where a page break cut a row, the ends of the upright rules close it."""
    upright = [edge for edge in page.edges if edge["orientation"] == "v"]
    ends: list[float] = []
    reach: tuple[float, float] | None = None
    for edge in sorted(upright, key=lambda edge: float(edge["top"])):
        if reach and edge["top"] <= reach[1] + 3:
            reach = (reach[0], max(reach[1], edge["bottom"]))
            continue
        ends += reach or ()
        reach = (edge["top"], edge["bottom"])
    ends += reach or ()
    return {
        "vertical_strategy": "lines",
        "horizontal_strategy": "lines",
        "explicit_horizontal_lines": ends,
    }


def _wide(table: PlumberTable) -> bool:
    return max(len([cell for cell in row.cells if cell]) for row in table.rows) > 1


class PageLayout:
    """One page's tables, with what is counted on the way."""

    def __init__(
        self, visibility: Visibility, scale: float, origin: tuple[float, float], number: int
    ) -> None:
        self.visibility, self.origin, self.number = visibility, origin, number
        self.scale = scale
        self.areas = [(area, area.box) for area in areas(visibility.bare, scale)]
        self.findings: list[AuditFinding] = []
        self.hidden = 0.0
        self.shown = 0

    def audited(self, chars: Iterable[Char]) -> list[Char]:
        """The characters that the audit saw as well, and white space.

        Two parsers read a page: what one alone finds was not audited, or would be lost.
        """
        seen, unseen = _Places(self.visibility.seen), _Places(self.visibility.unseen)
        kept: list[Char] = []
        alone = on_dark = 0
        for char in chars:
            x, y = self.origin
            box = (char["x0"] - x, char["top"] - y, char["x1"] - x, char["bottom"] - y)
            if not char["text"].strip() or seen.take(box):
                kept.append(char)
            elif not unseen.take(box):
                alone += 1
                undrawn = min(box[2] - box[0], box[3] - box[1]) < _UNDRAWN
                on_dark += undrawn and self._dark(box)
        if alone:
            # Some are a matter of two parsers' measures; of no extent, on a dark ground, are words.
            verdict: Verdict = "refuse" if on_dark > 2 else "pending"
            self.findings.append(AuditFinding("unaudited", verdict, self.number, None, alone))
        if seen.left:
            self.findings.append(AuditFinding("unread", "pending", self.number, None, seen.left))
        return kept

    def _dark(self, box: Box) -> bool:
        """Whether the middle of a box lies on a dark ground."""
        width, height = self.visibility.bare.size
        x, y = (box[0] + box[2]) / 2 * self.scale, (box[1] + box[3]) / 2 * self.scale
        if not (0 <= x < width and 0 <= y < height):
            return False
        grey = self.visibility.bare.getpixel((int(x), int(y)))
        return isinstance(grey, int) and grey < DARK

    def table(self, table: PlumberTable, chars: Sequence[Char]) -> Table:
        within = [char for char in chars if _inside(char, table.bbox)]
        frames = [(row.bbox, row.cells) for row in table.rows]
        joined = sum(not cell for _, cells in frames for cell in cells)
        rows = [[_Cell(cell) if cell else None for cell in cells] for _, cells in frames]
        loose = 0
        for char in within:
            found = next(
                (
                    cell
                    for (frame, _), of_row in zip(frames, rows, strict=True)
                    if _inside(char, frame)
                    for cell in of_row
                    if cell and _inside(char, cell.box)
                ),
                None,
            )
            if found:
                found.chars.append(char)
            elif char["text"].strip():
                loose += 1
        size = median(char["size"] for char in within) if within else 9.0
        steps = [step for row in rows for cell in row if cell for step in _steps(cell.chars)]
        pitch = min(median(steps), 2 * size) if steps else _PITCH * size
        heads = [_text(cell.chars) for cell in rows[0] if cell]
        for row in rows:
            for column, cell in enumerate(row):
                if cell:
                    hidden = self._mark(cell, size, pitch)
                    if len(row) == COLUMNS and column == SUMMARY and "TOTAL" not in heads:
                        self._count_characters(cell, hidden, size)
            dark = [cell for cell in row if cell and cell.dark]
            if not any(char["text"].strip() for cell in dark for char in cell.chars):
                # A dark row with words in it is a heading.
                boxes = [_moved(cell.box, -self.origin[0], -self.origin[1]) for cell in dark]
                self.findings += [
                    AuditFinding("dark-cell", "pending", self.number, box) for box in boxes
                ]
        texts = tuple(tuple(_text(cell.chars) if cell else "" for cell in row) for row in rows)
        return Table(table.bbox[1] - self.origin[1], texts, loose, joined)

    def _count_characters(self, cell: _Cell, hidden: float, size: float) -> None:
        """Count what a summary shows, and what its boxes may hide at the width of its letters."""
        shown = [char for char in cell.chars if char["text"] != BOX]
        seen = sum(bool(char["text"].strip()) for char in shown)
        widths = [char["x1"] - char["x0"] for char in shown]
        self.shown += seen
        self.hidden += hidden / (sum(widths) / len(widths) if widths else 0.5 * size)

    def _mark(self, cell: _Cell, size: float, pitch: float) -> float:
        """Put a marker into the cell for each box in it; the width of all of them, in points."""
        width = 0.0
        x, y = self.origin
        frame = _moved(cell.box, -x, -y)
        shown = [char for char in cell.chars if char["text"].strip()]
        for area, bounds in self.areas:
            if not _overlaps(bounds, frame):
                continue
            parts = [part for part in area.within(frame) if part[3] - part[1] >= _LOW * size]
            inside = [char for char in shown if area.covers(*_middle(char, x, y))]
            if sum(map(_area, parts)) >= _WHOLE * _area(frame):
                cell.dark = True
                continue
            if parts and inside:
                found = AuditFinding("text-in-box", "pending", self.number, bounds, len(inside))
                self.findings.append(found)
                cell.chars = [char for char in cell.chars if char not in inside]
            for left, top, right, bottom in parts:
                lines = max(1, round((bottom - top) / pitch))
                for at in range(lines):
                    middle = y + top + (at + 0.5) * (bottom - top) / lines
                    cell.chars.append(_marker(left + x, right + x, middle, shown, size))
                    width += right - left
        return width


def _steps(chars: Sequence[Char]) -> list[float]:
    """From line to line within a cell."""
    bottoms = sorted({round(char["bottom"], 1) for char in chars if char["text"].strip()})
    return [b - a for a, b in pairwise(bottoms) if b - a > THIN]


def _middle(char: Char, x: float, y: float) -> tuple[float, float]:
    """The middle of a character, as on a page whose corner is at `x` and `y`."""
    return (char["x0"] + char["x1"]) / 2 - x, (char["top"] + char["bottom"]) / 2 - y


def _marker(left: float, right: float, middle: float, chars: Sequence[Char], size: float) -> Char:
    """A character that stands for a box, on the nearest line of the cell's text, or on its own."""
    lines = {((char["top"] + char["bottom"]) / 2): char for char in chars if char["text"].strip()}
    nearest = min(lines, key=lambda line: abs(line - middle), default=None)
    if nearest is not None and abs(nearest - middle) <= 0.6 * _PITCH * size:
        top, bottom = lines[nearest]["top"], lines[nearest]["bottom"]
    else:
        top, bottom = middle - size / 2, middle + size / 2
    return {
        "text": BOX, "x0": left, "x1": right, "top": top, "bottom": bottom, "doctop": top,
        "size": size, "upright": True, "fontname": "", "width": right - left,
        "height": bottom - top, "object_type": "char", "direction": 1,
    }  # fmt: skip


def _text(chars: Sequence[Char]) -> str:
    """The text of a cell, its lines in one, white space folded."""
    return " ".join(extract_text(list(chars), x_tolerance_ratio=_TOUCHING).split())


def _lines(chars: Sequence[Char], left: float, top: float) -> list[Line]:
    """The lines of what stands outside the tables, on a page whose corner is `left` and `top`."""
    words = extract_words(
        list(chars), x_tolerance_ratio=_TOUCHING, extra_attrs=["fontname", "size"]
    )
    found = []
    for line in cluster_objects(words, lambda word: word["bottom"], 3):
        line.sort(key=lambda word: float(word["x0"]))
        found.append(
            Line(
                min(word["top"] for word in line) - top,
                max(word["bottom"] for word in line) - top,
                max(word["size"] for word in line),
                tuple(
                    (
                        word["text"],
                        word["x0"] - left,
                        any(b in word["fontname"].lower() for b in _BOLD),
                    )
                    for word in line
                ),
            )
        )
    return found


def _moved(box: Box, x: float, y: float) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def _inside(char: Char, box: Box) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box[0] <= x < box[2] and box[1] <= y < box[3])


def _common(one: Box, other: Box) -> Box:
    return (
        max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    )  # fmt: skip


def _overlaps(one: Box, other: Box) -> bool:
    common = _common(one, other)
    return common[2] - common[0] >= THIN and common[3] - common[1] >= THIN


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
