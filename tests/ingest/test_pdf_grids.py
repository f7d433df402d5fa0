"""Tables in PDFs, whatever their columns: what a cell holds is read right, or found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.pdf.pool import Document, Pool, read_document
from ingest.readers.pdf import read_pdf_cells
from ingest.records.cells import CellRow, Passage
from ingest.records.findings import Finding
from ingest.text.redaction import BOX
from tests.pdfs.raw import CATALOG, ONE_PAGE, file_of, stream

LEFT, TOP, WIDTH, HEIGHT, SIZE = 60.0, 700.0, 150.0, 24.0, 9.0
"""The table's corner, and the size of its cells and type, in points."""
PLAIN = [["No.", "Words", "Note"], ["1", "sent by mail", "late"], ["2", "by hand", "early"]]


@dataclass
class Grid:
    """A table of three columns being drawn on a page of its own."""

    canvas: Canvas
    rows: list[list[str]]

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Return the bottom left corner of a cell."""
        return LEFT + column * WIDTH, TOP - (row + 1) * HEIGHT

    def rules(self, rows: range | None = None) -> None:
        """Rule every cell of these rows."""
        for row in rows if rows is not None else range(len(self.rows)):
            for column in range(3):
                self.canvas.rect(*self.corner(row, column), WIDTH, HEIGHT, fill=0)

    def words(self) -> None:
        for row, texts in enumerate(self.rows):
            for column, text in enumerate(texts):
                x, y = self.corner(row, column)
                self.canvas.drawString(x + 4, y + 8, text)

    def box(
        self,
        colour: str | None,
        stroke: int = 0,
        height: float = 12,
        width: float = 60,
        x: float = 70,
    ) -> None:
        """Draw a box in the second cell of the second row, after its words."""
        left, bottom = self.corner(1, 1)
        if colour:
            self.canvas.setFillColor(colour)
        self.canvas.rect(left + x, bottom + 5, width, height, stroke=stroke, fill=bool(colour))
        self.canvas.setFillColor("black")


Draw = Callable[[Grid], None]
MARKED = [PLAIN[0], ["1", f"sent by mail {BOX}", "late"], PLAIN[2]]


def ruled(grid: Grid) -> None:
    grid.rules()
    grid.words()


def with_box(**look: object) -> Draw:
    def draw(grid: Grid) -> None:
        ruled(grid)
        grid.box(**look)  # type: ignore[arg-type]

    return draw


def two_boxes(grid: Grid) -> None:
    ruled(grid)
    grid.box(colour="yellow", width=30)
    grid.box(colour="yellow", width=28, x=72)


def highlighted(grid: Grid) -> None:
    grid.box("yellow", x=2, width=70)
    ruled(grid)


def striped(grid: Grid) -> None:
    grid.canvas.setFillColor("lightgrey")
    grid.canvas.rect(*grid.corner(1, 0), 3 * WIDTH, HEIGHT, stroke=0, fill=1)
    grid.canvas.setFillColor("black")
    ruled(grid)


def shaded_heads(grid: Grid) -> None:
    grid.canvas.setFillColor("lightblue")
    for column in range(3):
        x, y = grid.corner(0, column)
        grid.canvas.rect(x + 3, y + 5, WIDTH - 6, HEIGHT - 9, stroke=0, fill=1)
    grid.canvas.setFillColor("black")
    ruled(grid)


def underlined(grid: Grid) -> None:
    ruled(grid)
    x, y = grid.corner(1, 1)
    grid.canvas.rect(x + 4, y + 6, 50, 0.8, stroke=0, fill=1)


def filled_cell(grid: Grid) -> None:
    x, y = grid.corner(2, 2)
    grid.canvas.setFillColor("lightgrey")
    grid.canvas.rect(x, y, WIDTH, HEIGHT, stroke=0, fill=1)
    grid.canvas.setFillColor("black")
    grid.rules()
    grid.rows[2][2] = ""
    grid.words()


def printed_twice(*shifts: float) -> Draw:
    def draw(grid: Grid) -> None:
        ruled(grid)
        for shift in shifts:
            grid.canvas.translate(shift, 0)
            grid.words()
            grid.canvas.translate(-shift, 0)

    return draw


def over_the_rule(grid: Grid) -> None:
    grid.rows = [PLAIN[0], ["1", "sent by mail on a day that runs over the rule", ""], PLAIN[2]]
    ruled(grid)


def turned(degrees: int) -> Draw:
    def draw(grid: Grid) -> None:
        grid.rules(range(1, 3))
        for column, head in enumerate(grid.rows[0]):
            x, y = grid.corner(0, column)
            grid.canvas.rect(x, y, WIDTH, HEIGHT * 2.5, fill=0)
            grid.canvas.saveState()
            grid.canvas.translate(x + 20, y + (10 if degrees > 0 else 50))
            grid.canvas.rotate(degrees)
            grid.canvas.drawString(0, 0, head)
            grid.canvas.restoreState()
        grid.rows = [[], *grid.rows[1:]]
        grid.words()

    return draw


def merged_down(grid: Grid) -> None:
    grid.rules(range(1))
    x, y = grid.corner(2, 0)
    grid.canvas.rect(x, y, WIDTH, 2 * HEIGHT, fill=0)
    for row in (1, 2):
        for column in (1, 2):
            grid.canvas.rect(*grid.corner(row, column), WIDTH, HEIGHT, fill=0)
    grid.rows[2][0] = ""
    grid.words()


def heads_in_a_band(grid: Grid) -> None:
    x, y = grid.corner(0, 0)
    grid.canvas.setFillColor("lightblue")
    grid.canvas.rect(x, y, 3 * WIDTH, HEIGHT, stroke=0, fill=1)
    grid.canvas.setFillColor("black")
    grid.rules(range(1, 3))
    grid.words()


def title_in_a_band(grid: Grid) -> None:
    grid.rows = [
        ["A title that is long enough to run over the columns of the table", "", ""],
        *PLAIN,
    ]
    grid.canvas.rect(*grid.corner(0, 0), 3 * WIDTH, HEIGHT, fill=0)
    grid.rules(range(1, 4))
    grid.words()


def between_bands(grid: Grid) -> None:
    grid.rows = [*PLAIN, ["All", "2", "-"]]
    grid.rules(range(1))
    grid.rules(range(3, 4))
    grid.words()


READ: dict[str, tuple[Draw, list[list[str]], dict[str, int]]] = {
    "ruled": (ruled, PLAIN, {}),
    "a black box": (with_box(colour="black"), MARKED, {}),
    "a grey box": (with_box(colour="grey"), MARKED, {"light-box": 1}),
    "a light grey box": (with_box(colour="lightgrey"), MARKED, {"light-box": 1}),
    "a yellow box": (with_box(colour="yellow"), MARKED, {"light-box": 1}),
    "a light blue box": (with_box(colour="lightblue"), MARKED, {"light-box": 1}),
    "a white box with an outline": (with_box(colour="white", stroke=1), MARKED, {"light-box": 1}),
    "an outline": (with_box(colour=None, stroke=1), MARKED, {"light-box": 1}),
    "two light boxes": (two_boxes, MARKED, {"light-box": 1}),
    "a low black bar": (with_box(colour="black", height=4.6), PLAIN, {"low-bar": 1}),
    "a white box on white": (with_box(colour="white"), PLAIN, {}),
    "a highlight": (highlighted, PLAIN, {}),
    "stripes": (striped, PLAIN, {}),
    "shaded heads": (shaded_heads, PLAIN, {}),
    "an underline": (underlined, PLAIN, {}),
    "a shaded cell without words": (
        filled_cell,
        [*PLAIN[:2], ["2", "by hand", ""]],
        {"filled-cell": 1},
    ),
    "twice for bold": (printed_twice(0.3), PLAIN, {}),
    "twice for a shadow": (printed_twice(0.45, 1.0), PLAIN, {}),
    "heads turned to the left": (turned(90), PLAIN, {}),
    "heads turned to the right": (turned(-90), PLAIN, {}),
    "cells merged downwards": (merged_down, [*PLAIN[:2], ["", "by hand", "early"]], {}),
    "heads in a band": (heads_in_a_band, PLAIN, {}),
    "a title in a band": (
        title_in_a_band,
        [["A title that is long enough to run over the columns of the table", "", ""], *PLAIN],
        {},
    ),
    "rows between bands": (between_bands, [*PLAIN, ["All", "2", "-"]], {}),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Document]:
    """A PDF with a page for each case, read and audited."""
    path = tmp_path_factory.mktemp("grids") / "grids.pdf"
    canvas = Canvas(str(path), invariant=1)
    for draw, _, _ in READ.values():
        canvas.setFont("Helvetica", SIZE)
        draw(Grid(canvas, [list(row) for row in PLAIN]))
        canvas.showPage()
    canvas.save()
    return path, read_document(path, Pool())


@pytest.mark.parametrize("case", READ)
def test_a_table_is_read_as_it_is_drawn(pages: tuple[Path, Document], case: str) -> None:
    path, document = pages
    _, expected, found = READ[case]
    number = list(READ).index(case) + 1
    read = [item for item in read_pdf_cells(path, document) if _page(item) == number]
    assert [list(item.cells) for item in read if isinstance(item, CellRow)] == expected
    assert [item for item in read if isinstance(item, Finding)] == []
    counts = Counter({one.kind: one.count for one in document.pages[number - 1].findings})
    assert counts == found


def _page(item: CellRow | Passage | Finding) -> int | None:
    return item.place.page if item.place else None


def one_page(path: Path, draw: Draw) -> list[CellRow | Passage | Finding]:
    canvas = Canvas(str(path), invariant=1)
    canvas.setFont("Helvetica", SIZE)
    draw(Grid(canvas, [list(row) for row in PLAIN]))
    canvas.save()
    return list(read_pdf_cells(path, read_document(path, Pool(workers=1))))


def test_text_that_runs_over_a_rule_is_a_finding_that_names_the_cell(tmp_path: Path) -> None:
    found = [one for one in one_page(tmp_path / "a.pdf", over_the_rule) if isinstance(one, Finding)]
    assert [str(one.place) for one in found] == ["page 1, row 2"]
    assert "column 2" in found[0].found


def with_meanings(path: Path, **meanings: str) -> None:
    """Write a PDF with a table of four cells: heads, and the letters A to C, which stand for `meanings`."""
    codes = {"A": 0x41, "B": 0x42, "C": 0x43}
    mapped = "".join(
        f"<{code:02X}> <{meanings.get(letter, letter).encode('utf-16-be').hex()}>\n"
        for letter, code in codes.items()
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
        f"1 begincodespacerange <00> <FF> endcodespacerange\n3 beginbfchar\n{mapped}endbfchar\n"
        "endcmap CMapName currentdict /CMap defineresource pop end end"
    )
    cells = "".join(f"{x} {y} 100 20 re S " for x in (50, 150) for y in (500, 520))
    words = "".join(
        f"BT /F 9 Tf {x} {y} Td ({text}) Tj ET "
        for x, y, text in ((54, 526, "h"), (154, 526, "w"), (54, 506, "n"), (154, 506, "xABCx"))
    )
    widths = b"/FirstChar 32 /LastChar 126 /Widths [" + b"556 " * 95 + b"]"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Other /ToUnicode 6 0 R %s >>" % widths
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>"
    )
    content = stream(f"0.5 w {cells}{words}".encode())
    path.write_bytes(file_of(CATALOG, ONE_PAGE, page, content, font, stream(cmap.encode())))


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("meanings", "text", "unknown"),
    [
        ({}, "xABCx", 0),
        ({"A": "\u00ad"}, "x-BCx", 0),
        ({"A": "\ufb01", "B": "\ufb04"}, "xfifflCx", 0),
        ({"A": "fi"}, "xfiBCx", 0),
        ({"A": "\ue000", "B": "\ue001"}, "x\ufffd\ufffdCx", 2),
        ({"B": "\uf0b7"}, "xA\ufffdCx", 1),
    ],
)
def test_a_drawn_character_is_read_by_what_it_means(
    tmp_path: Path, meanings: dict[str, str], text: str, unknown: int
) -> None:
    path = tmp_path / "a.pdf"
    with_meanings(path, **meanings)
    document = read_document(path, Pool(workers=1))
    rows = [one.cells for one in read_pdf_cells(path, document) if isinstance(one, CellRow)]
    assert rows == [("h", "w"), ("n", text)]
    assert document.counts["unknown-character"] == unknown


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("mean", ["\u200b", "\u2060", "\ufeff"])
def test_an_invisible_character_hides_no_marker(tmp_path: Path, mean: str) -> None:
    path = tmp_path / "a.pdf"
    with_meanings(path, B=mean)
    document = read_document(path, Pool(workers=1))
    (text,) = [
        one.cells[1]
        for one in read_pdf_cells(path, document)
        if isinstance(one, CellRow) and one.cells[0] == "n"
    ]
    assert mean not in (text or "")
    assert document.counts
