"""Draw text, boxes and ruled tables from the top of a page downwards, recording what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.text.redaction import BOX
from tests.pdfs.style import BOLD, LONG, MARGIN, PAD, PLAIN, SHARES, SHORT, Box, Drawn, Style


class Raw(pdfdoc.PDFObject):  # type: ignore[misc]
    """An object written as it is given; `{name}` in it becomes a reference to another object."""

    __RefOnly__ = 1

    def __init__(self, text: str, stream: bytes | None = None, **objects: Any) -> None:
        self.text, self.stream, self.objects = text, stream, objects

    def format(self, document: Any) -> bytes:
        text = self.text
        for name, other in self.objects.items():
            reference = document.Reference(other).format(document).decode()
            text = text.replace(f"{{{name}}}", reference)
        if self.stream is None:
            return text.encode("latin-1")
        head = text.removesuffix(">>") + f"/Length {len(self.stream)} >>"
        return head.encode("latin-1") + b"\nstream\n" + self.stream + b"\nendstream\n"


class Atom(NamedTuple):
    """Text that is never split across lines: a word, or BOX for a box."""

    text: str
    width: float
    glued: bool
    """Whether it follows the previous atom without whitespace."""


Rect = tuple[float, float, float, float]
"""x, y, width, height in the canvas's coordinates."""
Line = list[tuple[float, Atom]]
"""Atoms with their distance from the line's start."""


class Pages:
    """A document being drawn from the top of a page downwards."""

    def __init__(self, path: Path, style: Style, encrypt: Any = None) -> None:
        style = replace(style, size=style.size or (7.0 if style.portrait else 9.0))
        self.style, self.drawn = style, Drawn()
        self.width, self.height = (SHORT, LONG) if style.portrait else (LONG, SHORT)
        self.canvas = Canvas(
            str(path),
            pagesize=(self.width, self.height),
            invariant=1,
            pageCompression=int(style.compress),
            encrypt=encrypt,
        )
        self.pitch = style.leading * style.size
        self.markers = count()
        self.plant: Callable[[Pages, Rect, float], None] | None = None
        """Draws the first marker instead of a box."""
        self.plant_width = 0.0
        self.behind: Callable[[Pages, int, list[Rect]], None] | None = None
        """Draws behind a row's cells; rows count from 1, and the header row is 0."""
        self.ink = (0.0, 0.0, 0.0)
        self.rows_on_page: list[tuple[float, float, bool, bool]] = []
        self.begin()

    # Pages

    def begin(self) -> None:
        self.drawn.pages += 1
        self.y = self.height - MARGIN
        canvas, style = self.canvas, self.style
        canvas.setPageRotation(style.rotate)
        canvas.translate(*style.origin)
        width, height = self.width, self.height
        turns = {90: (0, 1, -1, 0, height, 0), 180: (-1, 0, 0, -1, width, height)}
        turns[270] = (0, -1, 1, 0, 0, width)
        if style.rotate:
            canvas.transform(*turns[style.rotate])

    def end(self) -> None:
        sideways = self.style.rotate in (90, 270)
        width, height = (self.height, self.width) if sideways else (self.width, self.height)
        x, y = self.style.origin
        self.canvas.showPage()
        page = self.canvas._doc.idToObject[f"Page{self.drawn.pages}"]
        page.MediaBox = pdfdoc.PDFArray([x, y, x + width, y + height])

    def turn(self) -> None:
        self.end()
        self.begin()

    def save(self) -> Drawn:
        self.end()
        self.canvas.save()
        return self.drawn

    # Text

    def atoms(self, text: str, font: str) -> list[Atom]:
        """Return the words and boxes of `text` as drawn."""
        size, atoms = self.style.size, []
        for match in re.finditer(rf"{BOX}|█+|[^\s{BOX}█]+", text):
            word = match.group()
            glued = match.start() > 0 and not text[match.start() - 1].isspace()
            if word == BOX:
                n = next(self.markers)
                width = size * (2.2 + 2.6 * (n * 7 % 3) + 0.2 * (n * 13 % 10))
                if self.style.reason:
                    width = max(width, stringWidth(self.style.reason, PLAIN, size * 0.8) + 4)
                if n == 0 and self.plant_width:
                    width = self.plant_width
            else:
                width = 0.6 * size * len(word) if "█" in word else stringWidth(word, font, size)
            atoms.append(Atom(word, width, glued))
        return atoms

    def wrapped(self, text: str, width: float, font: str = PLAIN) -> list[Line]:
        """Return the lines of `text` wrapped to a column of this inner width."""
        size = self.style.size
        space = stringWidth(" ", PLAIN, size)
        units: list[list[Atom]] = []
        for atom in self.atoms(text, font):
            if atom.glued and units:
                units[-1].append(atom)
            else:
                units.append([atom])
        lines: list[Line] = [[]] if units else []
        x = 0.0
        for unit in units:
            both = bool(lines[-1]) and lines[-1][-1][1].text == BOX == unit[0].text
            gap = (max(space, 0.35 * size) if both else space) if lines[-1] else 0.0
            inner, long = [0.0], 0.0
            for atom, after in pairwise(unit):
                stuck = 0.2 * size if atom.text == after.text == BOX else 0.05 * size
                inner.append(inner[-1] + atom.width + stuck)
            long = inner[-1] + unit[-1].width
            if long > width:
                raise ValueError(f"{unit} is wider than its column")
            if lines[-1] and x + gap + long > width:
                lines.append([])
                x, gap = 0.0, 0.0
            lines[-1] += [(x + gap + at, atom) for at, atom in zip(inner, unit, strict=True)]
            x += gap + long
        return lines

    def draw_line(self, line: Line, x: float, y: float, font: str = PLAIN) -> None:
        """Draw the words of a line with its baseline at `y`; boxes are drawn elsewhere."""
        canvas, size = self.canvas, self.style.size
        canvas.setFont(font, size)
        canvas.setFillColorRGB(*self.ink)
        run: list[str] = []
        for (left, atom), after in zip(line, [*line[1:], None], strict=True):
            if atom.text == BOX:
                continue
            if "█" in atom.text:
                codes = r"\001" * len(atom.text)
                self.raw(f"BT /Blocks {size} Tf 1 0 0 1 {x + left:.2f} {y:.2f} Tm ({codes}) Tj ET")
                self.block_font()
                canvas.setFont(font, size)
                continue
            if not run:
                start = left
            run.append(("" if atom.glued or not run else " ") + atom.text)
            joins = after and after[1].text != BOX and "█" not in after[1].text
            if not (joins and self.style.spaces):
                canvas.drawString(x + start, y, "".join(run))
                run = []

    def paragraph(self, text: str, font: str = PLAIN, after: float = 4.0) -> None:
        for line in self.wrapped(text, self.width - 2 * MARGIN, font):
            if self.y - self.pitch < MARGIN:
                self.turn()
            self.y -= self.pitch
            self.draw_line(line, MARGIN, self.y, font)
        self.y -= after

    def labelled(self, label: str, value: str) -> None:
        """Draw a bold label and its value on one line."""
        self.y -= self.pitch
        self.draw_line(self.wrapped(label, 300, BOLD)[0], MARGIN, self.y, BOLD)
        for number, line in enumerate(self.wrapped(value, self.width - 2 * MARGIN - 230)):
            self.y -= self.pitch * bool(number)
            self.draw_line(line, MARGIN + 230, self.y)

    def raw(self, operators: str) -> None:
        self.canvas._code.append(operators)

    def block_font(self) -> None:
        """Return a font with one glyph: code 1 is █, drawn as a filled rectangle."""
        document = self.canvas._doc
        fonts = document.idToObject["BasicFonts"].dict
        if "Blocks" in fonts:
            return
        glyph = Raw("<< >>", b"600 0 0 -250 600 850 d1 0 -250 600 1100 re f")
        to_unicode = Raw(
            "<< >>",
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
            b"/CMapName /B def /CMapType 2 def "
            b"1 begincodespacerange <00> <FF> endcodespacerange "
            b"1 beginbfchar <01> <2588> endbfchar endcmap end end",
        )
        font = Raw(
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 -250 600 850] "
            "/FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 1 /LastChar 1 /Widths [600] "
            "/CharProcs << /block {glyph} >> /Resources << >> /ToUnicode {to_unicode} "
            "/Encoding << /Type /Encoding /Differences [1 /block] >> >>",
            glyph=glyph,
            to_unicode=to_unicode,
        )
        fonts["Blocks"] = document.Reference(font)

    # Boxes

    def marker(self, rect: Rect, baseline: float) -> None:
        """Draw one marker in `rect` and record it."""
        x, y, width, height = rect
        first = not self.drawn.boxes
        self.drawn.boxes.append(
            Box(self.drawn.pages, x, self.height - y - height, x + width, self.height - y)
        )
        self.canvas.setFillGray(0)
        if first and self.plant:
            self.plant(self, rect, baseline)
        elif self.style.box == "round":
            self.canvas.roundRect(*rect, radius=0.25 * self.style.size, stroke=0, fill=1)
        elif self.style.box == "image":
            self.image(rect)
        else:
            self.canvas.rect(*rect, stroke=0, fill=1)
        if self.style.reason:
            self.canvas.setFillGray(1)
            self.canvas.setFont(PLAIN, self.style.size * 0.8)
            self.canvas.drawString(x + 2, baseline, self.style.reason)
            self.canvas.setFillGray(0)

    def image(self, rect: Rect, grey: int = 0) -> None:
        """Draw an image of a single grey over `rect`."""
        name = f"Grey{grey}"
        if not self.canvas.hasForm(name):
            header = "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 "
            text = header + "/ColorSpace /DeviceGray /BitsPerComponent 8 >>"
            self.form(name, Raw(text, bytes([grey])))
        self.place(name, rect)

    def form(self, name: str, form: Raw) -> None:
        self.canvas._doc.Reference(form, pdfdoc.xObjectName(name))

    def place(self, name: str, rect: Rect) -> None:
        """Draw an XObject of the unit square over `rect`."""
        x, y, width, height = rect
        self.canvas.saveState()
        self.canvas.transform(width, 0, 0, height, x, y)
        self.canvas.doForm(name)
        self.canvas.restoreState()

    # Tables

    def table(
        self,
        shares: Sequence[float],
        header: Sequence[str],
        rows: Iterable[Sequence[str]],
        cuts: int,
        repeat: bool,
    ) -> list[int]:
        """Draw a ruled table, and return the positions of the rows that a page break cuts."""
        whole = self.width - 2 * MARGIN
        widths = [share / sum(shares) * whole for share in shares]
        cut: list[int] = []

        def wrap(texts: Sequence[str], font: str) -> list[list[Line]]:
            inner = [width - 2 * PAD for width in widths]
            return [self.wrapped(*pair, font) for pair in zip(texts, inner, strict=True)]

        def head() -> None:
            self.draw_row(wrap(header, BOLD), widths, 0, BOLD)

        if self.y - 4 * self.pitch < MARGIN:
            self.turn()
        head()
        for number, row in enumerate(rows, 1):
            lines = wrap(row, PLAIN)
            opened = False
            while True:
                room = int((self.y - MARGIN - 2 * PAD + 0.01) // self.pitch)
                needed = max(len(cell) for cell in lines)
                if needed <= room:
                    self.draw_row(lines, widths, number, PLAIN, opened)
                    break
                cutting = len(cut) < cuts and room > 0
                if cutting:
                    part = [cell[:room] for cell in lines]
                    self.draw_row(part, widths, number, PLAIN, opened, True)
                    lines = [cell[room:] for cell in lines]
                    cut.append(number)
                self.draw_rules(widths)
                self.turn()
                opened = cutting
                if repeat:
                    head()
        self.draw_rules(widths)
        return cut

    def draw_row(
        self,
        row: list[list[Line]],
        widths: Sequence[float],
        number: int,
        font: str,
        opened: bool = False,
        open_: bool = False,
    ) -> None:
        """Draw one row at the cursor; its rules come at the end of the page."""
        size = self.style.size
        top = self.y
        bottom = top - 2 * PAD - self.pitch * max(len(cell) for cell in row)
        lefts = [MARGIN + sum(widths[:at]) for at in range(len(widths))]
        if self.behind:
            rects = [(x, bottom, w, top - bottom) for x, w in zip(lefts, widths, strict=True)]
            self.behind(self, number, rects)
        for left, width, cell in zip(lefts, widths, row, strict=True):
            for at, line in enumerate(cell):
                y = top - PAD - self.pitch * at - 0.5 * self.pitch - 0.27 * size
                for x, atom in line:
                    if atom.text != BOX:
                        continue
                    low, high = self.style.heights
                    tall = size * (low + (high - low) * (len(self.drawn.boxes) * 5 % 8) / 7)
                    x0, x1 = left + PAD + x, left + PAD + x + atom.width
                    y0, y1 = y + 0.27 * size - tall / 2, y + 0.27 * size + tall / 2
                    if self.style.touch:
                        x0 = left if x == 0 else x0
                        last = atom is line[-1][1]
                        x1 = left + width if last and left + width - x1 < 3 * size else x1
                        y1 = top if at == 0 else y1
                        y0 = bottom if at == max(map(len, row)) - 1 else y0
                    self.marker((x0, y0, x1 - x0, y1 - y0), y)
                self.draw_line(line, left + PAD, y, font)
        self.ink = (0.0, 0.0, 0.0)
        self.rows_on_page.append((top, bottom, opened, open_))
        self.y = bottom

    def draw_rules(self, widths: Sequence[float]) -> None:
        """Rule the rows that were drawn on this page."""
        canvas, rows, thick = self.canvas, self.rows_on_page, 0.5
        edges = [MARGIN + sum(widths[:at]) for at in range(len(widths) + 1)]
        canvas.setLineWidth(thick)
        canvas.setStrokeGray(0)
        canvas.setFillGray(0)
        if self.style.rules == "cells":
            of_rows = len(widths) == len(SHARES)
            for at, (top, bottom, _, _) in enumerate(rows):
                for column, (left, width) in enumerate(zip(edges, widths, strict=False)):
                    if of_rows and (at, column) in (self.style.unruled, self.style.spanned):
                        continue
                    below = of_rows and (at + 1, column) == self.style.spanned
                    end = rows[at + 1][1] if below else bottom
                    canvas.rect(left, end, width, top - end, stroke=1, fill=0)
        else:
            closed = self.style.cut_rule
            levels = {top for top, _, opened, _ in rows if closed or not opened}
            levels |= {bottom for _, bottom, _, open_ in rows if closed or not open_}
            ends = [(edges[0], y, edges[-1], y) for y in sorted(levels, reverse=True)]
            ends += [(x, rows[-1][1], x, rows[0][0]) for x in edges]
            for x0, y0, x1, y1 in ends:
                if self.style.rules == "lines":
                    canvas.line(x0, y0, x1, y1)
                else:
                    half = thick / 2
                    canvas.rect(
                        x0 - half, y0 - half, x1 - x0 + thick, y1 - y0 + thick, stroke=0, fill=1
                    )
        self.rows_on_page = []
