"""PDFs to test a reader and a leak detector on, each with its truth known.

`disclosure_pdf` lays a disclosure out as the Met does, in variants; `leak` plants one secret;
`lookalike` is clean though it looks odd; `hostile` is what a reader must refuse. Every position is
computed here and every output is the same at every run. Pages are drawn by reportlab; what it
cannot express is written as raw objects.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count, groupby, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.readers.met.form import COLUMNS, FIELDS
from ingest.records.disclosure import Disclosure, Row
from ingest.text.redaction import BOX, find
from tests.documents import a_disclosure

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
    """How a disclosure is drawn. All of it is clean: nothing stands under a box."""

    rules: Literal["lines", "rects", "cells"] = "lines"
    header: Literal["first", "all"] = "all"
    cuts: int = 9
    """How many rows a page break may cut; others that do not fit go to the next page whole."""
    cut_rule: bool = True
    """Whether a rule closes the page where a row is cut; `cells` are always closed."""
    box: Literal["rect", "round", "image", "glyphs"] = "rect"
    """`glyphs`: six characters █ of text."""
    heights: tuple[float, float] = (1.1, 1.45)
    """The least and the greatest height of a box, in font sizes."""
    touch: bool = False
    """Boxes in the first and last line of a cell, or near its sides, are drawn up to its rules."""
    merged: bool = False
    """Markers with nothing but white space between them are drawn as one box."""
    spaces: bool = True
    """Whether spaces are characters; otherwise words stand apart by position alone."""
    reason: str = ""
    """White text in each box, such as s40(2)."""
    origin: tuple[int, int] = (0, 0)
    """The lower left corner of the MediaBox."""
    rotate: Literal[0, 90, 180, 270] = 0
    """/Rotate, with the content turned against it, so that the page is seen upright."""
    portrait: bool = False
    size: float = 0.0
    """The font size; 0 is 9, or 7 on portrait pages."""
    leading: float = 1.5
    """Line pitch in font sizes: below 1.45 boxes of neighbouring lines may overlap."""
    compress: bool = True


class Box(NamedTuple):
    """Where a marker was drawn: page from 1; points from the top left of the page seen upright."""

    page: int
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass
class Drawn:
    """What a document shows: the truth to hold a reading against."""

    pages: int = 0
    rows: list[tuple[str, ...]] = field(default_factory=list)
    """The six cells of each row as a reader should give them, each box as `redaction.BOX`."""
    boxes: list[Box] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    """The positions, from 1, of the rows that run over a page break."""


def as_drawn(text: str | None, style: Style = Style()) -> str:
    """`text` as a PDF of that style shows it: markers as boxes, white space folded."""
    shown, at = "", 0
    for marker in find(text or ""):
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


class _Raw(pdfdoc.PDFObject):  # type: ignore[misc]
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


class _Atom(NamedTuple):
    """What is never broken over lines: a word, or BOX for a box."""

    text: str
    width: float
    glued: bool
    """No white space stands before it."""


Rect = tuple[float, float, float, float]
"""x, y, width, height in the canvas's coordinates."""
Line = list[tuple[float, _Atom]]
"""Atoms with their distance from the line's start."""


class _Pages:
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
        self.plant: Callable[[_Pages, Rect, float], None] | None = None
        """Draws the first marker in the place of a box."""
        self.plant_width = 0.0
        self.behind: Callable[[_Pages, int, list[Rect]], None] | None = None
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

    def atoms(self, text: str, font: str) -> list[_Atom]:
        """The words and the boxes of a text as drawn."""
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
            atoms.append(_Atom(word, width, glued))
        return atoms

    def wrapped(self, text: str, width: float, font: str = PLAIN) -> list[Line]:
        """The lines that `text` takes in a column of this inner width."""
        size = self.style.size
        space = stringWidth(" ", PLAIN, size)
        units: list[list[_Atom]] = []
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
        """Draw the words of a line with its baseline at `y`; boxes are not its business."""
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
        """A bold name and its value on a line."""
        self.y -= self.pitch
        self.draw_line(self.wrapped(label, 300, BOLD)[0], MARGIN, self.y, BOLD)
        for number, line in enumerate(self.wrapped(value, self.width - 2 * MARGIN - 230)):
            self.y -= self.pitch * bool(number)
            self.draw_line(line, MARGIN + 230, self.y)

    def raw(self, operators: str) -> None:
        self.canvas._code.append(operators)

    def block_font(self) -> None:
        """A font of one glyph: code 1 is █, drawn as a filled rectangle."""
        document = self.canvas._doc
        fonts = document.idToObject["BasicFonts"].dict
        if "Blocks" in fonts:
            return
        glyph = _Raw("<< >>", b"600 0 0 -250 600 850 d1 0 -250 600 1100 re f")
        to_unicode = _Raw(
            "<< >>",
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
            b"/CMapName /B def /CMapType 2 def "
            b"1 begincodespacerange <00> <FF> endcodespacerange "
            b"1 beginbfchar <01> <2588> endbfchar endcmap end end",
        )
        font = _Raw(
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
        """A picture of one grey over `rect`."""
        name = f"Grey{grey}"
        if not self.canvas.hasForm(name):
            header = "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 "
            text = header + "/ColorSpace /DeviceGray /BitsPerComponent 8 >>"
            self.form(name, _Raw(text, bytes([grey])))
        self.place(name, rect)

    def form(self, name: str, form: _Raw) -> None:
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
        """A ruled table; the positions of the rows that were cut."""
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
            for top, bottom, _, _ in rows:
                for left, width in zip(edges, widths, strict=False):
                    canvas.rect(left, bottom, width, top - bottom, stroke=1, fill=0)
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


def _draw(pages: _Pages, head: Disclosure) -> None:
    """Draw the whole of a disclosure."""
    pages.canvas.setTitle(head.title)
    pages.canvas.setAuthor("A force")
    pages.canvas.setSubject("")
    pages.paragraph(head.title, BOLD, after=6)
    for label, name in FIELDS.items():
        value = getattr(head, name)
        pages.labelled(label, f"{value:%d/%m/%Y}" if isinstance(value, date) else value or "")
    pages.y -= 8
    pages.paragraph("Guidance & Notes", BOLD)
    notes = {
        section: [note.text.replace("\\*", "*") for note in found]
        for section, found in groupby(head.notes, key=lambda note: note.section)
    }
    question, (label, *words) = notes.pop("Question"), notes.pop("Table")
    for section, texts in notes.items():
        pages.paragraph(section, BOLD)
        for text in texts:
            pages.paragraph(text)
    for text in ("Table(s)", "Question 1"):
        pages.paragraph(text, BOLD)
    for text in question:
        pages.paragraph(text)
    figures = [str(total.officers) for total in head.totals]
    years = [str(total.year) for total in head.totals]
    pages.table(
        (2.0, *(1.0 for _ in years), 1.0),
        ("", *years, "TOTAL"),
        [(label, *figures, str(head.published_total))],
        cuts=0,
        repeat=True,
    )
    pages.y -= 4
    for text in words:
        pages.paragraph(text)

    def drawn_rows() -> Iterator[tuple[str, ...]]:
        for row in head.rows:
            pages.drawn.rows.append(cells(row, pages.style))
            yield pages.drawn.rows[-1]

    repeat = pages.style.header == "all"
    pages.drawn.cut = pages.table(SHARES, COLUMNS, drawn_rows(), pages.style.cuts, repeat)


def disclosure_pdf(path: Path, disclosure: Disclosure, **variant: Any) -> Drawn:
    """Draw `disclosure` in the style that `variant` says."""
    pages = _Pages(path, Style(**variant))
    _draw(pages, disclosure)
    return pages.save()


# Made-up disclosures

_WORDS = (
    "Officer alleged to have posted {0} on social media, and {0} {0} was sent to a colleague.",
    "Complainant states that {0} made remarks online while off duty.",
    "It is alleged that the officer shared a picture of {0}-year-old {0} in a group chat with other "
    "officers, and that none of those who saw it there reported it to a supervisor until {0} did so.",
    "Officer has commented under a news story.",
    None,
)


def made_up_rows(number: int) -> Iterator[Row]:
    """That many rows over six years, each with its position in its summary."""
    for position in range(1, number + 1):
        words = _WORDS[position % len(_WORDS)]
        summary = words and f"{words.format('[REDACTED]')} Record {position}."
        known = bool(words)
        yield Row(
            position=position,
            block=1,
            line=None,
            year=2017 + (position - 1) * 6 // number,
            under_investigation=not known,
            rank=("Constable", "Sergeant", "Inspector +")[position % 3] if known else None,
            summary=summary,
            result="Case to Answer" if known else None,
            action="Formal Action" if known else None,
            sanction="Written Warning" if known and position % 2 else None,
            source_text="",
        )


def made_up(number: int) -> Disclosure:
    """A disclosure of that many rows."""
    return a_disclosure(list(made_up_rows(number)))


def long_pdf(path: Path, pages: int, **variant: Any) -> Drawn:
    """A made-up disclosure of about that many pages."""
    return disclosure_pdf(path, made_up(round(pages * ROWS_A_PAGE)), **variant)


ROWS_A_PAGE = 17.46


# Leaks

Plant = Callable[[_Pages, Rect, float, str], None]


def _text(pages: _Pages, rect: Rect, baseline: float, secret: str, grey: float = 0) -> None:
    pages.canvas.setFont(PLAIN, pages.style.size)
    pages.canvas.setFillGray(grey)
    pages.canvas.drawString(rect[0] + 3, baseline, secret)
    pages.canvas.setFillGray(0)


def _fill(pages: _Pages, rect: Rect, grey: float = 0) -> None:
    pages.canvas.setFillGray(grey)
    pages.canvas.rect(*rect, stroke=0, fill=1)
    pages.canvas.setFillGray(0)


def _catalog(pages: _Pages, key: str, value: _Raw) -> None:
    catalog = pages.canvas._doc.Catalog
    catalog.__NoDefault__ = catalog.__Refs__ = [*catalog.__NoDefault__, key]
    setattr(catalog, key, value)


def _literal(text: str) -> str:
    return "(" + re.sub(r"([\\()])", r"\\\1", text) + ")"


def _annotation(pages: _Pages, rect: Rect, subtype: str, keys: str, look: bool) -> None:
    """An annotation over `rect`, with an appearance of a black rectangle or with none."""
    x, y, width, height = rect
    form = _Raw(
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 {width:.2f} {height:.2f}] >>",
        f"0 g 0 0 {width:.2f} {height:.2f} re f".encode(),
    )
    corners = f"{x:.2f} {y:.2f} {x + width:.2f} {y + height:.2f}"
    quad = f"{x:.2f} {y + height:.2f} {x + width:.2f} {y + height:.2f} "
    quad += f"{x:.2f} {y:.2f} {x + width:.2f} {y:.2f}"
    shown = "/AP << /N {form} >>" if look else ""
    text = f"<< /Type /Annot /Subtype /{subtype} /F 4 /Rect [{corners}] {keys} {shown} >>"
    text = text.replace("QUAD", quad).replace("MIDDLE", f"{y + height / 2:.2f}")
    text = text.replace("LEFT", f"{x:.2f}").replace("RIGHT", f"{x + width:.2f}")
    text = text.replace("HEIGHT", f"{height:.2f}")
    pages.canvas._addAnnotation(_Raw(text, **({"form": form} if look else {})))


def _after(cover: Callable[[_Pages, Rect], None]) -> Plant:
    """The text, and then a cover over it."""

    def plant(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
        _text(pages, rect, baseline, secret)
        cover(pages, rect)

    return plant


def _annotated(subtype: str, keys: str, look: bool) -> Plant:
    return _after(lambda pages, rect: _annotation(pages, rect, subtype, keys, look))


def _box_before(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    _text(pages, rect, baseline, secret)


def _white(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _text(pages, rect, baseline, secret, grey=1)


def _translucent(pages: _Pages, rect: Rect) -> None:
    pages.canvas.saveState()
    pages.canvas.setFillAlpha(0.5)
    _fill(pages, rect)
    pages.canvas.restoreState()


def _off_page(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    _text(pages, (pages.width + 50, *rect[1:]), baseline, secret)


def _ocr(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    pages.image(rect, 235)
    pages.raw("3 Tr")
    _text(pages, rect, baseline, secret)
    pages.raw("0 Tr")


def _invisible(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    pages.raw("3 Tr")
    _text(pages, rect, baseline, secret)
    pages.raw("0 Tr")


def _clipped(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    pages.canvas.saveState()
    pages.raw("0 0 1 1 re W n")
    _text(pages, rect, baseline, secret)
    pages.canvas.restoreState()


def _layer(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    group = _Raw("<< /Type /OCG /Name (Draft) >>")
    show = f"BT /F 9 Tf 1 0 0 1 {rect[0] + 3:.2f} {baseline:.2f} Tm {_literal(secret)} Tj ET"
    form = _Raw(
        "<< /Type /XObject /Subtype /Form /BBox [0 0 900 900] /OC {group} /Resources << /Font "
        "<< /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        show.encode(),
        group=group,
    )
    pages.form("Layer", form)
    pages.canvas.doForm("Layer")
    text = "<< /OCGs [{group}] /D << /OFF [{group}] /Order [{group}] >> >>"
    _catalog(pages, "OCProperties", _Raw(text, group=group))


def _actual_text(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    pages.raw(f"/Span << /ActualText {_literal(secret)} >> BDC")
    _fill(pages, rect)
    _text(pages, rect, baseline, "s40", grey=1)
    pages.raw("EMC")


def _field(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    keys = f"/FT /Tx /T (name) /V {_literal(secret)} /DA (/Helv 9 Tf 0 g) /MK << /BG [0] >>"
    _annotation(pages, rect, "Widget", keys, look=True)
    widget = pages.canvas._annotationrefs[-1]
    _catalog(pages, "AcroForm", _Raw("<< /Fields [{widget}] >>", widget=widget))


def _attachment(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    file = _Raw("<< /Type /EmbeddedFile >>", secret.encode())
    spec = _Raw("<< /Type /Filespec /F (rows.csv) /UF (rows.csv) /EF << /F {file} >> >>", file=file)
    text = "<< /EmbeddedFiles << /Names [(rows.csv) {spec}] >> >>"
    _catalog(pages, "Names", _Raw(text, spec=spec))


def _script(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    code = _literal(f"app.alert({secret!r})")
    _catalog(pages, "OpenAction", _Raw(f"<< /Type /Action /S /JavaScript /JS {code} >>"))


def _author(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    pages.canvas.setAuthor(secret)


def _xmp(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _fill(pages, rect)
    packet = (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><rdf:Seq><rdf:li>'
        f"{secret}</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )
    _catalog(pages, "Metadata", _Raw("<< /Type /Metadata /Subtype /XML >>", packet.encode()))


_INK = "/C [0 0 0] /InkList [[LEFT MIDDLE RIGHT MIDDLE]] /BS << /W HEIGHT >>"
_MARKED = "/C [0 0 0] /QuadPoints [QUAD]"


def _under_blocks(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    """Under a run of █, which are text as well."""
    _text(pages, rect, baseline, secret)
    count = int(rect[2] / (0.6 * pages.style.size)) + 1
    pages.raw(
        f"BT /Blocks {pages.style.size} Tf 1 0 0 1 {rect[0]:.2f} {baseline:.2f} Tm "
        f"({BLOCK * count}) Tj ET"
    )
    pages.block_font()


def _hatched(pages: _Pages, rect: Rect) -> None:
    x, y, width, height = rect
    for step in range(int(height)):
        _fill(pages, (x, y + step, width, 0.5))


def _pale(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
    _text(pages, rect, baseline, secret, grey=0.95)


def _sized(size: float, scale: float = 1) -> Plant:
    """In type so small, below a box."""

    def plant(pages: _Pages, rect: Rect, baseline: float, secret: str) -> None:
        pages.canvas.setFont(PLAIN, pages.style.size)
        font = pages.canvas._doc.getInternalFontName(PLAIN).lstrip("/")
        pages.raw(
            f"q {scale} 0 0 {scale} {rect[0] + 3:.2f} {baseline:.2f} cm "
            f"BT /{font} {size} Tf 1 0 0 1 0 0 Tm {_literal(secret)} Tj ET Q"
        )
        _fill(pages, rect)

    return plant


LEAKS: dict[str, Plant] = {
    "box after": _after(_fill),
    "box before": _box_before,
    "round": _after(lambda pages, rect: pages.canvas.roundRect(*rect, radius=3, stroke=0, fill=1)),
    "image": _after(lambda pages, rect: pages.image(rect)),
    "square": _annotated("Square", "/IC [0 0 0] /C [0 0 0]", look=False),
    "square with look": _annotated("Square", "/IC [0 0 0] /C [0 0 0]", look=True),
    "redact": _annotated("Redact", "/IC [0 0 0] /QuadPoints [QUAD]", look=False),
    "ink": _annotated("Ink", _INK, look=False),
    "ink with look": _annotated("Ink", _INK, look=True),
    "highlight": _annotated("Highlight", _MARKED, look=False),
    "highlight with look": _annotated("Highlight", _MARKED, look=True),
    "white": _white,
    "translucent": _after(_translucent),
    "off page": _off_page,
    "light": _after(lambda pages, rect: _fill(pages, rect, 0.9)),
    "ocr": _ocr,
    "invisible": _invisible,
    "clipped": _clipped,
    "layer": _layer,
    "actual text": _actual_text,
    "field": _field,
    "attachment": _attachment,
    "script": _script,
    "author": _author,
    "xmp": _xmp,
    "revision": _text,
    "under blocks": _under_blocks,
    "hatched": _after(_hatched),
    "pale": _pale,
    "size nought": _sized(0),
    "tiny matrix": _sized(9, 0.0001),
    "tiny type": _sized(0.6),
}
"""Each kind of leak, and how it is drawn in the place of the page's first marker."""


def _sheet(path: Path, prepare: Callable[[_Pages], None], **variant: Any) -> Drawn:
    """One page of four rows, with something about it."""
    pages = _Pages(path, replace(Style(compress=False), **variant))
    prepare(pages)
    _draw(pages, made_up(4))
    return pages.save()


def leak(path: Path, kind: str, secret: str) -> Drawn:
    """One page which holds `secret` in one wrong way; the first of `boxes` is its place."""

    def planting(plant: Plant) -> Callable[[_Pages], None]:
        def prepare(pages: _Pages) -> None:
            pages.plant_width = stringWidth(secret, PLAIN, pages.style.size) + 6
            pages.plant = lambda pages, rect, baseline: plant(pages, rect, baseline, secret)

        return prepare

    drawn = _sheet(path, planting(LEAKS[kind]))
    if kind == "revision":
        before = path.read_bytes()
        drawn = _sheet(path, planting(lambda pages, rect, *_: _fill(pages, rect)))
        path.write_bytes(_revised(before, path.read_bytes()))
    return drawn


def _revised(before: bytes, after: bytes) -> bytes:
    """`before` with a revision appended that puts the objects of `after` in their places."""
    pattern = re.compile(rb"^(\d+) 0 obj\b.*?^endobj\n?", re.DOTALL | re.MULTILINE)
    old = {match[1]: match.group() for match in pattern.finditer(before)}
    out, places = before, []
    for match in pattern.finditer(after):
        if old[match[1]] != match.group():
            places.append((int(match[1]), len(out)))
            out += match.group()
    start = len(out)
    out += b"xref\n"
    for number, place in places:
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    trailer = after[after.rindex(b"trailer") : after.rindex(b"startxref")]
    previous = before[before.rindex(b"startxref") :].split()[1]
    trailer = trailer[: trailer.rindex(b">>")] + b"/Prev " + previous + b"\n>>\n"
    return out + trailer + b"startxref\n%d\n%%%%EOF\n" % start


# Clean, though they look odd


def _black_header(pages: _Pages, number: int, rects: list[Rect]) -> None:
    if number == 0:
        for rect in rects:
            _fill(pages, rect)
        pages.ink = (1.0, 1.0, 1.0)


def _dark_cell(pages: _Pages, number: int, rects: list[Rect]) -> None:
    if number == 2 and len(rects) == len(COLUMNS):
        _fill(pages, rects[5])


def _shaded(pages: _Pages, number: int, rects: list[Rect]) -> None:
    if number % 2:
        for rect in rects:
            _fill(pages, rect, 0.85)


def _banner(pages: _Pages) -> None:
    pages.image((0, pages.height - 30, pages.width, 30), 20)
    _text(pages, (MARGIN, 0, 0, 0), pages.height - 20, "A force", grey=1)


def _link(pages: _Pages) -> None:
    keys = "/Border [0 0 0] /A << /S /URI /URI (https://police.example/) >>"
    _annotation(pages, (MARGIN, 20, 100, 12), "Link", keys, look=False)


def _twice(pages: _Pages) -> None:
    for shift in (0, 0.3):
        _text(pages, (MARGIN + shift, 0, 0, 0), 20, "Bold by printing twice")


LOOKALIKES: dict[str, Callable[[_Pages], None]] = {
    "removed": lambda pages: None,
    "black header": lambda pages: setattr(pages, "behind", _black_header),
    "dark cell": lambda pages: setattr(pages, "behind", _dark_cell),
    "shaded rows": lambda pages: setattr(pages, "behind", _shaded),
    "dark banner": _banner,
    "link": _link,
    "printed twice": _twice,
}
"""`dark cell` goes to review; the others are clean."""


def lookalike(path: Path, kind: str) -> Drawn:
    """One page which leaks nothing."""
    return _sheet(path, LOOKALIKES[kind])


# Hostile files


def _file(*objects: bytes, root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1."""
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (len(objects) + 1, root)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def _stream(data: bytes, keys: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (keys, len(data), data)


_CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
_ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_FONT = b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
_WORD_SHOWN = b"BT /F 9 Tf 36 500 Td (Word) Tj ET"


def _page(
    content: bytes, *more: bytes, keys: bytes = b"", resources: bytes = b"", box: bytes = b""
) -> bytes:
    """A PDF of one page: object 3 is the page, 4 its content, and `more` begins at 5."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << %s %s >> %s >>"
        % (box or b"0 0 842 595", _FONT, resources, keys)
    )
    return _file(_CATALOG, _ONE_PAGE, page, _stream(content), *more)


def _deep_tree(levels: int) -> bytes:
    nodes = [
        b"<< /Type /Pages /Kids [%d 0 R] /Count 1 %s >>"
        % (at + 3, b"/Parent %d 0 R" % (at + 1) if at else b"")
        for at in range(levels)
    ]
    leaf = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 9 9] >>" % (levels + 1)
    return _file(_CATALOG, *nodes, leaf)


def _deep_forms(levels: int) -> bytes:
    def form(at: int) -> bytes:
        inner = b"/Resources << /XObject << /X %d 0 R >> >>" % (at + 6) if at + 1 < levels else b""
        keys = b"/Type /XObject /Subtype /Form /BBox [0 0 900 900] " + inner
        return _stream(b"/X Do" if inner else b"0 g", keys)

    forms = map(form, range(levels))
    return _page(_WORD_SHOWN + b" /X Do", *forms, resources=b"/XObject << /X 5 0 R >>")


def _form_calls_itself() -> bytes:
    keys = b"/Type /XObject /Subtype /Form /BBox [0 0 900 900] "
    form = _stream(b"/X Do", keys + b"/Resources << /XObject << /X 5 0 R >> >>")
    return _page(_WORD_SHOWN + b" /X Do", form, resources=b"/XObject << /X 5 0 R >>")


def _picture() -> bytes:
    """A page that is one picture: dark bars, as lines of words are, on white."""
    rows = b"".join(bytes([255 if y % 12 < 6 else 60]) * 842 for y in range(595))
    keys = b"/Type /XObject /Subtype /Image /Width 842 /Height 595 /ColorSpace /DeviceGray "
    image = _stream(zlib.compress(rows), keys + b"/BitsPerComponent 8 /Filter /FlateDecode")
    return _page(b"842 0 0 595 0 0 cm /I Do", image, resources=b"/XObject << /I 5 0 R >>")


def _crowded(characters: int) -> bytes:
    """Lines of 500 characters, each with its number: pdfium drops text printed twice in a place."""
    lines = [
        b"BT /F 2 Tf 1 0 0 1 36 %.2f Tm (%06d%s) Tj ET"
        % (560 - 4.5 * at, at, b" word" * 98 + b"end.")
        for at in range(characters // 500)
    ]
    return _page(b"\n".join(lines))


def _many_pages(claimed: int, kids: int) -> bytes:
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * kids, claimed)
    return _page(_WORD_SHOWN).replace(_ONE_PAGE, tree)


def _reindexed(data: bytes) -> bytes:
    """`data`, whose objects were changed, with a new cross-reference table."""
    bodies = re.findall(rb"^\d+ 0 obj\n(.*?)\nendobj\n", data, re.DOTALL | re.MULTILINE)
    return _file(*bodies)


def _annotation_ring() -> bytes:
    """A form field that is its own ancestor; without /Type, pdfplumber follows /Parent."""
    child = b"<< /Subtype /Widget /Rect [9 9 99 29] /FT /Tx /T (a) /Parent 6 0 R >>"
    parent = b"<< /T (b) /Kids [5 0 R] /Parent 5 0 R >>"
    return _page(_WORD_SHOWN, child, parent, keys=b"/Annots [5 0 R]")


def _annotation_doubled(levels: int) -> bytes:
    """An annotation whose objects hold the next twice: no ring, but 2 ** levels paths."""
    first = b"<< /Type /Annot /Subtype /Text /Rect [9 9 29 29] /A 6 0 R >>"
    chain = [b"[%d 0 R %d 0 R]" % (at + 7, at + 7) for at in range(levels)]
    return _page(_WORD_SHOWN, first, *chain, b"0", keys=b"/Annots [5 0 R]")


def _bomb(size: int) -> bytes:
    """Some kilobytes that unpack to `size` bytes of white space."""
    packer = zlib.compressobj(9)
    block = b" " * 1_000_000
    packed = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    page = _page(_WORD_SHOWN)
    return _reindexed(page.replace(_stream(_WORD_SHOWN), _stream(packed, b"/Filter /FlateDecode")))


def _looping_xref() -> bytes:
    data = _page(_WORD_SHOWN)
    start = data.rindex(b"xref\n0 ")
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def _encrypted(path: Path, user: str) -> None:
    pages = _Pages(
        path, Style(), encrypt=StandardEncryption(user, "owner", canCopy=0, strength=128)
    )
    _draw(pages, made_up(4))
    pages.save()


def _bytes_of_a_disclosure(path: Path) -> bytes:
    long_pdf(path, 3)
    return path.read_bytes()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "not a PDF": lambda: b"<!DOCTYPE html><title>Not found</title>",
    "only a header": lambda: b"%PDF-1.7\n",
    "no pages": lambda: _file(_CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"),
    "no catalog": lambda: _file(b"<< >>"),
    "image only": _picture,
    "page tree in a ring": lambda: _file(
        _CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Parent 2 0 R /Count 1 >>"
    ),
    "deep page tree": lambda: _deep_tree(5_000),
    "deep arrays": lambda: _page(_WORD_SHOWN, keys=b"/Z " + b"[" * 50_000 + b"]" * 50_000),
    "deep arrays in content": lambda: _page(b"[" * 50_000 + b"]" * 50_000 + _WORD_SHOWN),
    "form calls itself": _form_calls_itself,
    "deep forms": lambda: _deep_forms(3_000),
    "annotations in a ring": _annotation_ring,
    "annotations doubled": lambda: _annotation_doubled(60),
    "looping xref": _looping_xref,
    "claims many pages": lambda: _reindexed(_many_pages(2_000_000_000, 1)),
    "one page many times": lambda: _reindexed(_many_pages(100_000, 100_000)),
    "crowded page": lambda: _crowded(57_000),
    "giant page": lambda: _page(_WORD_SHOWN, box=b"0 0 1000000000 1000000000"),
    "large page": lambda: _page(_WORD_SHOWN, box=b"0 0 14400 14400"),
    "empty MediaBox": lambda: _page(_WORD_SHOWN, box=b"0 0 0 0"),
    "bomb": lambda: _bomb(300_000_000),
}
"""The files that are made of bytes; `hostile` makes three more."""
SPOILT = ("needs a password", "restricted", "truncated")


def hostile(path: Path, kind: str) -> None:
    """A file that is to be refused with a clear error, and quickly."""
    if kind in ("needs a password", "restricted"):
        _encrypted(path, "user" if kind == "needs a password" else "")
    elif kind == "truncated":
        data = _bytes_of_a_disclosure(path)
        path.write_bytes(data[: len(data) // 2])
    else:
        path.write_bytes(HOSTILE[kind]())
