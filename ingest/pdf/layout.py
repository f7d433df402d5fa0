"""Read a page's layout: its lines of text and its ruled tables, with a marker for each black box."""

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

from ingest.pdf.boxes import THIN, DarkArea, find_dark_areas
from ingest.pdf.hidden_text import DARK, Visibility
from ingest.pdf.shapes import Shape, find_shapes, merge
from ingest.records.audit_findings import AuditFinding, Box, Verdict
from ingest.text.characters import is_hidden
from ingest.text.exemptions import only_exemption
from ingest.text.redaction import BOX, BOX_END, MAX_EXEMPTION

_WORD_GAP = 0.15
"""The minimum gap between two words, in multiples of the font size, in documents without space
characters."""
_MIN_BOX_HEIGHT = 0.7
"""The minimum height of a box that can hide a line, in multiples of the font size."""
_MIN_BOX_WIDTH = 0.5
"""The minimum width of a light box, in multiples of the font size: that of a letter."""
_WHOLE_CELL = 0.85
"""The share of a cell's area, covered by boxes, at or above which the whole cell counts as dark."""
_LINE_PITCH = 1.5
"""The line spacing to assume, in multiples of the font size, if no cell of a table has two
lines."""
UNKNOWN = "\ufffd"
"""Stands for a character without a meaning of its own."""
_BOLD = ("bold", "black", "heavy")
"""Parts of the names of bold fonts."""

_SAME_PLACE = 0.9
"""The share of a table's area that others must cover to take its place."""

_CELL = 16.0
"""Points per side of the grid cells of a box index."""
_REPRINT = 1.05
"""Points: a character repeated no further away was printed twice."""
_REPRINT_OVERLAP = 0.6
"""The most that it may be shifted sideways, as a share of its width."""
_MIN_DRAWN_SIDE = 1.0
"""The shortest side, in points, of a character that is drawn."""
_GAP_OF_COLUMNS = 0.6
"""The least gap between the heads of two columns, in multiples of the font size: more than a space."""
_OVER_RULE = 0.12
"""How far a character may reach over a rule, as a share of its width; and how close to one another words on
both sides of it are one, as a share of the font size."""
_MAX_UNDRAWN_ON_DARK = 2
"""How many undrawn characters on a dark background can be put down to differences between the two
parsers."""

Char = dict[str, Any]
"""A character as pdfplumber describes it."""


@dataclass(frozen=True)
class Line:
    """A line of text outside the tables, in points from the top left of the page as displayed.

    `size` is its type size; `words` holds (text, left edge, bold) for each word.
    """

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
    """A ruled table: its rows of cells as text, from the top, with a marker for each box.

    A cell without rules of its own is "" if another cell covers it, because the two were merged, and None
    if none does.
    """

    top: float
    rows: tuple[tuple[str | None, ...], ...]
    hidden: tuple[tuple[float, ...], ...] = ()
    """For each row and column, an estimate of how many characters the boxes cover, by their width."""
    shown: tuple[tuple[int, ...], ...] = ()
    """For each row and column, how many characters can be read."""
    loose: int = 0
    """The number of characters that are within the table but in none of its cells."""
    joined: int = 0
    """The number of cells without rules of their own."""
    across: tuple[tuple[int, int], ...] = ()
    """The row and column, from 0, of each cell whose text runs on over its right rule."""
    turned: tuple[tuple[int, int], ...] = ()
    """The row and column of each cell whose text has several directions."""


@dataclass(frozen=True)
class Page:
    """What can be read on a page, from the top."""

    parts: tuple[Line | Table, ...]
    findings: tuple[AuditFinding, ...] = ()


class _BoxIndex:
    """A grid index of the characters that one parser found, to match those of another against."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self._matched: set[int] = set()
        self._cells: dict[tuple[int, int], list[tuple[int, float, float]]] = {}
        for number, box in enumerate(boxes):
            x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            cell = int(x // _CELL), int(y // _CELL)
            self._cells.setdefault(cell, []).append((number, x, y))
        self._count = len(boxes)

    def match(self, box: Box) -> bool:
        """Return whether any character has its centre in `box`, allowing for differences between
        the parsers."""
        height = box[3] - box[1]
        if not (box[2] - box[0] > 0.01 and height > 0.01):
            return False
        left, top = box[0] - 0.5, box[1] - 0.25 * height
        right, bottom = box[2] + 0.5, box[3] + 0.25 * height
        matched = {
            number
            for column in range(int(left // _CELL), int(right // _CELL) + 1)
            for row in range(int(top // _CELL), int(bottom // _CELL) + 1)
            for number, x, y in self._cells.get((column, row), ())
            if left <= x <= right and top <= y <= bottom
        }
        self._matched |= matched
        return bool(matched)

    @property
    def unmatched(self) -> int:
        """The number of characters that have not been matched."""
        return self._count - len(self._matched)


@dataclass
class _Cell:
    box: Box
    chars: list[Char] = field(default_factory=list)
    dark: bool = False


def parse_page(page: PlumberPage, visibility: Visibility, scale: float, number: int) -> Page:
    """Return what can be read on a page, without the characters that `visibility` says are hidden.

    `scale` is that of `visibility.background`, in pixels per point.
    """
    left, top = page.bbox[0], page.bbox[1]
    shapes = find_shapes(page, visibility.background, scale, (left, top))
    parser = TableParser(visibility, scale, (left, top), number, shapes)
    tables = _find_tables(page)
    chars = parser.keep_visible(_dedupe_chars(page.filter(_is_kept).chars))
    chars = [parser.with_meaning(char) for char in chars]
    parsed_tables = [parser.parse_table(table, chars) for table in tables]
    frames = [table.bbox for table in tables]
    outside = [char for char in chars if not any(_is_inside(char, frame) for frame in frames)]
    parts: list[Line | Table] = [*parsed_tables, *_lines(outside, left, top)]
    parser.report_characters()
    return Page(tuple(sorted(parts, key=lambda part: part.top)), tuple(parser.findings))


def _dedupe_chars(chars: Sequence[Char]) -> Iterator[Char]:
    """Yield the characters, leaving out those printed again in nearly the same place to look bold or to cast
    a shadow.

    Two equal letters of a word are further apart: they do not overlap by so much of their width.
    """
    printed: dict[tuple[str, int, int], list[tuple[float, float]]] = {}
    for char in chars:
        left, top = float(char["x0"]), float(char["top"])
        x, y = int(left // _REPRINT), int(top // _REPRINT)
        most = min(_REPRINT, _REPRINT_OVERLAP * (float(char["x1"]) - left))
        if not char["text"].strip() or not any(
            abs(left - other) <= most and abs(top - height) <= _REPRINT
            for a in (-1, 0, 1)
            for b in (-1, 0, 1)
            for other, height in printed.get((char["text"], x + a, y + b), ())
        ):
            printed.setdefault((char["text"], x, y), []).append((left, top))
            yield char


def _find_tables(page: PlumberPage) -> list[PlumberTable]:
    """Return the tables of a page with more than one column, none within another.

    All shapes but dark boxes may be rules. Where a table then has cells without a place, it is looked for
    again without fills, because the shading of a cell need not end at its rules; the fewer holes win.
    """
    kept = page.filter(_is_kept)
    tables = _outermost(kept.find_tables(_table_settings(kept)))
    if any(map(_holes, tables)):
        unfilled = page.filter(lambda obj: _is_kept(obj) and not _is_thick_fill(obj))
        others = _outermost(unfilled.find_tables(_table_settings(unfilled)))
        tables = [better for table in tables for better in _with_fewer_holes(table, others)]
    chars = [char for char in kept.chars if char["text"].strip()]
    tables = _with_bands_above(sorted(tables, key=lambda table: float(table.bbox[1])))
    return [table for table in _between_bands(tables, chars) if _has_columns(table)]


def _with_bands_above(tables: Sequence[PlumberTable]) -> list[PlumberTable]:
    """Return the tables, each with the shaded band of a single cell that lies directly on top of it."""
    joined: list[PlumberTable] = []
    for table in tables:
        above = joined[-1] if joined else None
        if above and len(above.cells) == 1 < len(table.cells) and _is_above(above.bbox, table.bbox):
            joined[-1] = PlumberTable(table.page, [*above.cells, *table.cells])
        else:
            joined.append(table)
    return joined


def _is_above(upper: Box, lower: Box, gap: float = THIN) -> bool:
    """Return whether a box has the sides of another, and lies no more than `gap` points above it."""
    return (
        abs(upper[0] - lower[0]) <= THIN
        and abs(upper[2] - lower[2]) <= THIN
        and 0 <= lower[1] - upper[3] + 1 <= gap + 1
    )


def _between_bands(tables: Sequence[PlumberTable], chars: Sequence[Char]) -> list[PlumberTable]:
    """Return the tables; where two bands of cells have the same sides, and between them only lines that keep
    to the columns of the upper one, these are one table whose rows have no rules."""
    found: list[PlumberTable] = []
    for table in tables:
        above = found[-1] if found else None
        cells = sorted(above.cells) if above and len(above.rows) == 1 else []
        if above and len(cells) > 1 and len(table.rows) == 1:
            gap = table.bbox[1] - above.bbox[3]
            rows = (
                _unruled_rows(above.bbox, table.bbox, [(c[0], c[2]) for c in cells], chars)
                if _is_above(above.bbox, table.bbox, gap)
                else []
            )
            if rows:
                found[-1] = PlumberTable(table.page, [*cells, *rows])
                continue
        found.append(table)
    return found


def _unruled_rows(
    upper: Box, lower: Box, columns: Sequence[tuple[float, float]], chars: Sequence[Char]
) -> list[Box]:
    """Return the cells of the lines between two boxes, and of the lower box; none if the lines do not keep to
    the columns, which are given by their left and right edges."""
    between = [
        char
        for char in chars
        if upper[3] <= (char["top"] + char["bottom"]) / 2 < lower[1]
        and upper[0] <= char["x0"]
        and char["x1"] <= upper[2]
    ]
    lines = cluster_objects(between, lambda char: char["bottom"], 3)
    in_columns = [
        [
            sum(left <= char["x0"] and char["x1"] <= right for char in line)
            for left, right in columns
        ]
        for line in lines
    ]
    if not lines or any(
        sum(counts) < len(line) or sum(map(bool, counts)) < 2
        for counts, line in zip(in_columns, lines, strict=True)
    ):
        return []
    edges = [
        upper[3],
        *(
            (max(char["bottom"] for char in one) + min(char["top"] for char in other)) / 2
            for one, other in pairwise(lines)
        ),
        lower[1],
        lower[3],
    ]
    return [
        (left, top, right, bottom) for top, bottom in pairwise(edges) for left, right in columns
    ]


def _outermost(tables: Sequence[PlumberTable]) -> list[PlumberTable]:
    """Return the tables that are in no other."""
    return [
        table
        for table in tables
        if not any(other is not table and _contains(other.bbox, table.bbox) for other in tables)
    ]


def _with_fewer_holes(
    table: PlumberTable, others: Sequence[PlumberTable]
) -> Sequence[PlumberTable]:
    """Return the table, or those of `others` in its place if they have fewer holes and leave out nothing."""
    there = [other for other in others if _overlaps(other.bbox, table.bbox)]
    covered = sum(_area(other.bbox) for other in there)
    if covered >= _SAME_PLACE * _area(table.bbox) and sum(map(_holes, there)) < _holes(table):
        return there
    return [table]


def _holes(table: PlumberTable) -> int:
    return sum(cell is None for row in table.rows for cell in row.cells)


def _contains(outer: Box, inner: Box) -> bool:
    return (
        outer[0] - 1 <= inner[0]
        and outer[1] - 1 <= inner[1]
        and outer[2] + 1 >= inner[2]
        and outer[3] + 1 >= inner[3]
        and outer != inner
    )


def _is_kept(obj: Char) -> bool:
    """Return whether an object can be part of a table: not an image or a box, whose edges look like rules."""
    dark = _is_thick_fill(obj) and _is_dark_fill(obj.get("non_stroking_color"))
    return obj["object_type"] != "image" and not dark


def _is_thick_fill(obj: Char) -> bool:
    return bool(
        obj["object_type"] in ("rect", "curve")
        and obj.get("fill")
        and obj["width"] >= THIN
        and obj["height"] >= THIN
    )


def _is_dark_fill(colour: Any) -> bool:
    """Return whether a fill is not clearly light. One component is a grey or tint, three RGB, four CMYK."""
    components = (colour,) if isinstance(colour, (int, float)) else tuple(colour or ())
    if not all(isinstance(component, (int, float)) for component in components):
        return True
    if len(components) == 3:
        return bool(max(components) < 0.6)
    if len(components) == 4:
        return bool(components[3] > 0.4 or min(components[:3]) > 0.4)
    return not components or bool(components[0] < 0.6)


def _table_settings(page: PlumberPage) -> dict[str, Any]:
    """Return pdfplumber's settings for ruled tables.

    The ends of the vertical rules close a row that a page break cuts where no horizontal rule is drawn.
    """
    vertical = [edge for edge in page.edges if edge["orientation"] == "v"]
    ends: list[float] = []
    extent: tuple[float, float] | None = None
    for edge in sorted(vertical, key=lambda edge: float(edge["top"])):
        if extent and edge["top"] <= extent[1] + 3:
            extent = (extent[0], max(extent[1], edge["bottom"]))
            continue
        ends += extent or ()
        extent = (edge["top"], edge["bottom"])
    ends += extent or ()
    return {
        "vertical_strategy": "lines",
        "horizontal_strategy": "lines",
        "explicit_horizontal_lines": ends,
    }


def _has_columns(table: PlumberTable) -> bool:
    return max(len([cell for cell in row.cells if cell]) for row in table.rows) > 1


class TableParser:
    """A parser for the tables of one page, which also collects findings and counts."""

    def __init__(
        self,
        visibility: Visibility,
        scale: float,
        origin: tuple[float, float],
        number: int,
        shapes: Sequence[Shape] = (),
    ) -> None:
        self.visibility, self.origin, self.number = visibility, origin, number
        self.shapes = shapes
        self.scale = scale
        self.areas = [(area, area.box) for area in find_dark_areas(visibility.background, scale)]
        self.findings: list[AuditFinding] = []
        self.without_meaning = 0

    def keep_visible(self, chars: Iterable[Char]) -> list[Char]:
        """Return the characters that the audit found visible, and whitespace.

        Two parsers read the page. Characters that only one of them finds become findings, because they
        were not audited or would be lost.
        """
        visible, hidden = _BoxIndex(self.visibility.visible), _BoxIndex(self.visibility.hidden)
        kept: list[Char] = []
        unaudited = on_dark = 0
        for char in chars:
            x, y = self.origin
            box = (char["x0"] - x, char["top"] - y, char["x1"] - x, char["bottom"] - y)
            if not char["text"].strip() or visible.match(box):
                kept.append(char)
            elif not hidden.match(box):
                unaudited += 1
                undrawn = min(box[2] - box[0], box[3] - box[1]) < _MIN_DRAWN_SIDE
                on_dark += undrawn and self._is_on_dark(box)
        if unaudited:
            verdict: Verdict = "refuse" if on_dark > _MAX_UNDRAWN_ON_DARK else "pending"
            self.findings.append(AuditFinding("unaudited", verdict, self.number, None, unaudited))
        if visible.unmatched:
            self.findings.append(
                AuditFinding("unread", "pending", self.number, None, visible.unmatched)
            )
        return kept

    def with_meaning(self, char: Char) -> Char:
        """Return a drawn character with a text that can be read: a soft hyphen that is drawn is a hyphen,
        and one without a meaning of its own, such as a symbol of a private font, is U+FFFD."""
        text = char["text"].replace("\u00ad", "-")
        meant = "".join(UNKNOWN if is_hidden(one) and not one.isspace() else one for one in text)
        self.without_meaning += meant.count(UNKNOWN)
        return char if meant == char["text"] else {**char, "text": meant}

    def report_characters(self) -> None:
        """Report the characters without a meaning of their own."""
        if self.without_meaning:
            self.findings.append(
                AuditFinding(
                    "unknown-character", "pending", self.number, count=self.without_meaning
                )
            )

    def _is_on_dark(self, box: Box) -> bool:
        """Return whether the centre of a box is on a dark background."""
        width, height = self.visibility.background.size
        x, y = (box[0] + box[2]) / 2 * self.scale, (box[1] + box[3]) / 2 * self.scale
        if not (0 <= x < width and 0 <= y < height):
            return False
        grey = self.visibility.background.getpixel((int(x), int(y)))
        return isinstance(grey, int) and grey < DARK

    def parse_table(self, table: PlumberTable, chars: Sequence[Char]) -> Table:
        """Return a table's cells as text. `chars` are those of the page."""
        inside = [char for char in chars if _is_inside(char, table.bbox)]
        rows = [[_Cell(cell) if cell else None for cell in row.cells] for row in table.rows]
        cells = [cell for row in rows for cell in row if cell]
        loose = _assign_to_cells(inside, cells)
        size = median(char["size"] for char in inside) if inside else 9.0
        if heads := _heads_in_band(rows, size):
            rows[0] = heads
            cells = [cell for row in rows for cell in row if cell]
        across = tuple(_cells_run_over(rows))
        steps = [step for cell in cells for step in _line_steps(cell.chars)]
        pitch = min(median(steps), 2 * size) if steps else _LINE_PITCH * size
        hidden, shown = [], []
        for row in rows:
            widths = [self._add_markers(cell, size, pitch) if cell else 0.0 for cell in row]
            hidden.append(tuple(map(_characters_in, widths, row, [size] * len(row))))
            shown.append(tuple(_shown(cell) if cell else 0 for cell in row))
            self._report_dark_cells([cell for cell in row if cell and cell.dark])
        self._report_filled_cells(rows)
        lefts = _column_lefts(rows)
        texts = tuple(
            tuple(
                _text(cell.chars) if cell else _covered(cells, lefts[column], _top(row))
                for column, cell in enumerate(row)
            )
            for row in rows
        )
        return Table(
            table.bbox[1] - self.origin[1],
            texts,
            tuple(hidden),
            tuple(shown),
            loose,
            sum(not cell for row in rows for cell in row),
            across,
            tuple(
                (number, column)
                for number, row in enumerate(rows)
                for column, cell in enumerate(row)
                if cell and len({_turn(char) for char in cell.chars if char["text"].strip()}) > 1
            ),
        )

    def _report_dark_cells(self, cells: Sequence[_Cell]) -> None:
        """Report the dark cells of a row, unless they contain text: then it is a header row."""
        if not any(char["text"].strip() for cell in cells for char in cell.chars):
            boxes = [_shift(cell.box, -self.origin[0], -self.origin[1]) for cell in cells]
            self.findings += [
                AuditFinding("dark-cell", "pending", self.number, box) for box in boxes
            ]

    def _add_markers(self, cell: _Cell, size: float, pitch: float) -> float:
        """Add a marker to the cell for each line that a box in it covers; return their width in points."""
        width = 0.0
        x, y = self.origin
        frame = _shift(cell.box, -x, -y)
        shown = [char for char in cell.chars if char["text"].strip()]
        for area, bounds in self.areas:
            if not _overlaps(bounds, frame):
                continue
            boxes = [
                box
                for box in area.rectangles_in(frame)
                if box[3] - box[1] >= _MIN_BOX_HEIGHT * size
            ]
            if sum(map(_area, boxes)) >= _WHOLE_CELL * _area(frame):
                cell.dark = True
                continue
            on_boxes = self._take_text_in_box(cell, area, bounds, shown) if boxes else []
            for box in boxes:
                there = _shift(box, x, y)
                width += _mark(cell, there, _exemption_on(there, on_boxes), shown, size, pitch)
        return width + self._add_light_markers(cell, shown, size, pitch)

    def _add_light_markers(
        self, cell: _Cell, shown: Sequence[Char], size: float, pitch: float
    ) -> float:
        """Add a marker for each box of another look that stands where words could be and has none; return
        their width in points.

        A shape as large as the cell is its shading, and one over words lets them shine through. Whether a
        light box really is a redaction, a person decides.
        """
        marked = [_char_box(char) for char in cell.chars if char["text"].startswith(BOX)]
        boxes = [
            shape.box
            for shape in self.shapes
            if _contains(cell.box, shape.box)
            and shape.box[2] - shape.box[0] >= _MIN_BOX_WIDTH * size
            and _area(shape.box) < _WHOLE_CELL * _area(cell.box)
            and not any(_overlaps(shape.box, there, 0) for there in marked)
            and not any(_is_inside(char, shape.box) for char in shown)
        ]
        width = 0.0
        for box in merge(boxes):
            there = _shift(box, -self.origin[0], -self.origin[1])
            is_box = box[3] - box[1] >= _MIN_BOX_HEIGHT * size
            kind = "light-box" if is_box else "low-bar"
            self.findings.append(AuditFinding(kind, "pending", self.number, there))
            if is_box:
                width += _mark(cell, box, "", shown, size, pitch)
        return width

    def _report_filled_cells(self, rows: Sequence[Sequence[_Cell | None]]) -> None:
        """Report each cell without words that is shaded as no cell with words in its row or column is: it may
        be redacted as a whole."""
        fills = [shape.box for shape in self.shapes if shape.filled]
        shaded = {
            (number, column)
            for number, row in enumerate(rows)
            for column, cell in enumerate(row)
            if cell
            and any(
                _area(_shared(fill, cell.box)) >= _WHOLE_CELL * _area(cell.box) for fill in fills
            )
        }
        worded = {
            (number, column)
            for number, row in enumerate(rows)
            for column, cell in enumerate(row)
            if cell and cell.chars
        }
        like = shaded & worded
        for number, column in sorted(shaded - worded):
            cell = rows[number][column]
            if cell and not cell.dark and not any(n == number or c == column for n, c in like):
                box = _shift(cell.box, -self.origin[0], -self.origin[1])
                self.findings.append(AuditFinding("filled-cell", "pending", self.number, box))

    def _take_text_in_box(
        self, cell: _Cell, area: DarkArea, bounds: Box, shown: Sequence[Char]
    ) -> list[Char]:
        """Remove the visible text on a box, which states the reason for the redaction, and report it.
        Return its characters, with the spaces among them."""
        inside = [char for char in shown if area.covers(*_centre(char, *self.origin))]
        if not inside:
            return []
        finding = AuditFinding("text-in-box", "pending", self.number, bounds, len(inside))
        self.findings.append(finding)
        on_box = [char for char in cell.chars if area.covers(*_centre(char, *self.origin))]
        cell.chars = [char for char in cell.chars if char not in inside]
        return on_box


def _assign_to_cells(chars: Sequence[Char], cells: Sequence[_Cell]) -> int:
    """Add each character to the cell that contains it; return how many are in none.

    Whitespace outside every cell is ignored.
    """
    at_height: dict[int, list[_Cell]] = {}
    for cell in cells:
        for height in range(int(cell.box[1]), int(cell.box[3]) + 1):
            at_height.setdefault(height, []).append(cell)
    loose = 0
    for char in chars:
        x, y = _centre(char, 0, 0)
        for cell in at_height.get(int(y), ()):
            left, top, right, bottom = cell.box
            if left <= x < right and top <= y < bottom:
                cell.chars.append(char)
                break
        else:
            loose += bool(char["text"].strip())
    return loose


def _heads_in_band(
    rows: Sequence[Sequence[_Cell | None]], size: float
) -> list[_Cell | None] | None:
    """Return the first row as one cell for each column, if it is a band whose words keep to the columns below
    and leave gaps at their rules, as heads do and a title does not; else None."""
    first, *others = rows
    band = next((cell for cell in first if cell), None)
    below = next((row for row in others if all(row)), None)
    if band is None or sum(map(bool, first)) > 1 or below is None or len(below) < 2:
        return None
    columns = [
        _Cell((cell.box[0], band.box[1], cell.box[2], band.box[3])) for cell in below if cell
    ]
    shown = [char for char in band.chars if char["text"].strip()]
    if _assign_to_cells(band.chars, columns) or sum(bool(one.chars) for one in columns) < 2:
        return None
    for one, other in pairwise(columns):
        rule = one.box[2]
        left = max((char["x1"] for char in shown if _centre(char, 0, 0)[0] < rule), default=rule)
        right = min((char["x0"] for char in shown if _centre(char, 0, 0)[0] >= rule), default=rule)
        if left > rule or right < other.box[0] or right - left < _GAP_OF_COLUMNS * size:
            return None
    return list(columns)


def _cells_run_over(rows: Sequence[Sequence[_Cell | None]]) -> Iterator[tuple[int, int]]:
    """Yield the row and column of each cell whose text runs on over its right rule: a character lies on the
    rule, or the words on both sides have no gap between them."""
    for number, row in enumerate(rows):
        for column, (cell, other) in enumerate(pairwise(row)):
            if not cell or not other:
                continue
            rule = cell.box[2]
            for char in cell.chars:
                if not char["text"].strip() or not char.get("upright", True):
                    continue
                width = char["x1"] - char["x0"]
                over = char["x1"] > rule + _OVER_RULE * width
                if over or (
                    char["x1"] > rule - _OVER_RULE * char["size"]
                    and any(
                        next_char["text"].strip()
                        and abs(next_char["bottom"] - char["bottom"]) < 1
                        and abs(next_char["x0"] - char["x1"]) < _OVER_RULE * char["size"]
                        for next_char in other.chars
                    )
                ):
                    yield number, column
                    break


def _characters_in(width: float, cell: _Cell | None, size: float) -> float:
    """Return how many characters boxes of this width may cover, by the mean width of the cell's own."""
    if not width or not cell:
        return 0.0
    widths = [char["x1"] - char["x0"] for char in cell.chars if not char["text"].startswith(BOX)]
    return width / (sum(widths) / len(widths) if widths else 0.5 * size)


def _shown(cell: _Cell) -> int:
    """Return how many characters of a cell can be read."""
    return sum(
        bool(char["text"].strip()) for char in cell.chars if not char["text"].startswith(BOX)
    )


def _column_lefts(rows: Sequence[Sequence[_Cell | None]]) -> list[float]:
    """Return the left edge of each column."""
    return [
        next((cell.box[0] for cell in column if cell), 0.0) for column in zip(*rows, strict=True)
    ]


def _top(row: Sequence[_Cell | None]) -> float:
    return next(cell.box[1] for cell in row if cell)


def _covered(cells: Sequence[_Cell], left: float, top: float) -> str | None:
    """Return "" if a cell covers the place whose top left corner this is, else None."""
    x, y = left + 1, top + 1
    found = any(cell.box[0] <= x < cell.box[2] and cell.box[1] <= y < cell.box[3] for cell in cells)
    return "" if found else None


def _line_steps(chars: Sequence[Char]) -> list[float]:
    """Return the distances between the lines of a cell, in points."""
    bottoms = sorted({round(char["bottom"], 1) for char in chars if char["text"].strip()})
    return [b - a for a, b in pairwise(bottoms) if b - a > THIN]


def _centre(char: Char, x: float, y: float) -> tuple[float, float]:
    """Return the centre of a character on a page whose top left corner is at (`x`, `y`)."""
    return (char["x0"] + char["x1"]) / 2 - x, (char["top"] + char["bottom"]) / 2 - y


def _mark(
    cell: _Cell, box: Box, exemption: str, shown: Sequence[Char], size: float, pitch: float
) -> float:
    """Add a marker to the cell for each line that a box covers; return their width in points."""
    left, top, right, bottom = box
    lines = max(1, round((bottom - top) / pitch))
    for index in range(lines):
        middle = top + (index + 0.5) * (bottom - top) / lines
        marker = _marker(left, right, middle, shown, size)
        marker["text"] += exemption
        cell.chars.append(marker)
    return lines * (right - left)


def _char_box(char: Char) -> Box:
    return char["x0"], char["top"], char["x1"], char["bottom"]


def _shared(one: Box, other: Box) -> Box:
    """Return what two boxes share; its area is 0 if that is nothing."""
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def _marker(left: float, right: float, middle: float, chars: Sequence[Char], size: float) -> Char:
    """Return a character that marks a box, aligned with the nearest line of the cell's text if any is near.

    pdfplumber then puts it into reading order with the others.
    """
    lines = {((char["top"] + char["bottom"]) / 2): char for char in chars if char["text"].strip()}
    nearest = min(lines, key=lambda line: abs(line - middle), default=None)
    if nearest is not None and abs(nearest - middle) <= 0.6 * _LINE_PITCH * size:
        top, bottom = lines[nearest]["top"], lines[nearest]["bottom"]
    else:
        top, bottom = middle - size / 2, middle + size / 2
    return {
        "text": BOX, "x0": left, "x1": right, "top": top, "bottom": bottom, "doctop": top,
        "size": size, "upright": True, "fontname": "", "width": right - left,
        "height": bottom - top, "object_type": "char", "direction": 1,
    }  # fmt: skip


def _exemption_on(box: Box, chars: Sequence[Char]) -> str:
    """Return what to add to the marker of a box: the exemption that is all its text, or nothing."""
    exemption = only_exemption(_text([char for char in chars if _is_inside(char, box)]))
    return f"{exemption}{BOX_END}" if exemption and len(exemption) <= MAX_EXEMPTION else ""


def _turn(char: Char) -> int:
    """Return the direction of a character: 0 upright, 1 turned to the left (to be read upwards), -1 to the
    right."""
    if char.get("upright", True):
        return 0
    return 1 if char["matrix"][1] > 0 else -1


def _text(chars: Sequence[Char]) -> str:
    """Return the text of a cell on one line, whitespace collapsed."""
    turn = next((_turn(char) for char in chars if char["text"].strip()), 0)
    directions = {1: ("ltr", "btt"), -1: ("rtl", "ttb")}.get(turn)
    rotated: dict[str, Any] = (
        {"line_dir_rotated": directions[0], "char_dir_rotated": directions[1]} if directions else {}
    )
    return " ".join(extract_text(list(chars), x_tolerance_ratio=_WORD_GAP, **rotated).split())


def _lines(chars: Sequence[Char], left: float, top: float) -> list[Line]:
    """Return the lines of text that are outside the tables. The page's corner is at (`left`, `top`)."""
    words = extract_words(
        list(chars), x_tolerance_ratio=_WORD_GAP, extra_attrs=["fontname", "size"]
    )
    lines = []
    for line in cluster_objects(words, lambda word: word["bottom"], 3):
        line.sort(key=lambda word: float(word["x0"]))
        lines.append(
            Line(
                min(word["top"] for word in line) - top,
                max(word["bottom"] for word in line) - top,
                max(word["size"] for word in line),
                tuple(
                    (
                        word["text"],
                        word["x0"] - left,
                        any(part in word["fontname"].lower() for part in _BOLD),
                    )
                    for word in line
                ),
            )
        )
    return lines


def _shift(box: Box, x: float, y: float) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def _is_inside(char: Char, box: Box) -> bool:
    """Return whether the centre of a character is in a box."""
    x, y = _centre(char, 0, 0)
    return bool(box[0] <= x < box[2] and box[1] <= y < box[3])


def _overlaps(one: Box, other: Box, least: float = THIN) -> bool:
    """Return whether two boxes share more than a strip of `least` points."""
    left, top, right, bottom = _shared(one, other)
    return right - left > least and bottom - top > least


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
