"""Texts and CSV files as cells: what their cells are, and what is refused."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers.cells import CELL_READERS
from ingest.readers.csv import read_csv_cells
from ingest.readers.text import read_text_cells
from ingest.records.cells import CellRow, Passage
from ingest.records.findings import Finding


def read(path: Path, data: bytes | str, encoding: str | None = None) -> list[object]:
    """Return what the reader of the file's type makes of it; findings last."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(CELL_READERS[path.suffix](path, encoding))


def grid(items: list[object]) -> list[tuple[str | None, ...]]:
    """Return the cells, once it is certain that nothing is wrong."""
    assert not (findings := [item for item in items if isinstance(item, Finding)]), findings
    return [item.cells for item in items if isinstance(item, CellRow)]


def finding(items: list[object]) -> Finding:
    (found,) = [item for item in items if isinstance(item, Finding)]
    return found


SAME = [("Area", "Sum", "Remark"), ("North", "1,5", "said; and\tso"), ("South", "", "two\nlines")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_byte_order_marks_and_what_separates_cells_make_no_difference(
    tmp_path: Path, end: str, delimiter: str, start: str
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(SAME)
    assert grid(read(tmp_path / "a.csv", start + out.getvalue())) == SAME


def test_a_row_has_the_line_it_begins_on_and_its_source(tmp_path: Path) -> None:
    text = 'a,b\r\n"x\r\ny",z\r\n\r\n c , \r\n'
    rows = [row for row in read(tmp_path / "a.csv", text) if isinstance(row, CellRow)]
    assert [(row.place.line, row.table, row.cells, row.source_text) for row in rows] == [
        (1, 1, ("a", "b"), "a,b"),
        (2, 1, ("x\r\ny", "z"), '"x\r\ny",z'),
        (5, 2, (" c ", ""), " c , "),
    ]


def test_rows_of_blanks_separate_tables(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", "Title\n,,\na,b\n1,2\n,\n3,4\n")
    assert [row.table for row in rows if isinstance(row, CellRow)] == [1, 2, 2, 3]


def test_commas_within_cells_do_not_outvote_tabs(tmp_path: Path) -> None:
    text = "Area\tRemark\n" + "".join(f"N\tone, two, {n}\n" for n in range(20))
    assert {len(cells) for cells in grid(read(tmp_path / "a.csv", text))} == {2}


def test_a_single_column_is_one(tmp_path: Path) -> None:
    assert grid(read(tmp_path / "a.csv", "Area\nNorth\n")) == [("Area",), ("North",)]


BAD = {
    "an encoding that is not declared": (b"a,b\nx,\xa35\n", None, 2, "0xa3, which is not UTF-8"),
    "an encoding that does not fit": (b"a,b\nx,\x81\n", "cp1252", 2, "0x81, which is not cp1252"),
    "UTF-8 that is declared as something else": (
        "a,b\nx,£5\n".encode(),
        "cp1252",
        None,
        "a file in UTF-8",
    ),
    "a NUL": (b"a,b\nx,\x00\n", None, 2, "U+0000"),
    "a direction": (
        "a,b\nx,\u202ey\nz,\u202e\n",
        None,
        2,
        "U+202E (right-to-left override), 2 times",
    ),
    "a second byte order mark": ("\ufeffa,b\n\ufeffx,y\n", None, 2, "U+FEFF"),
    "a quotation mark that is never closed": ('a,b\n"x,y\nz,w\n', None, 2, "cannot be divided"),
    "a quotation mark that is closed too early": ('a,b\n"x"y,z\n', None, 2, "cannot be divided"),
    "an empty file": ("", None, None, "an empty file"),
    "a file of blanks": ("\n  \n", None, None, "an empty file"),
    "a line without end": ("a,b\n" + "x" * 1_000_001, None, 2, "a line of more than"),
    "text of two bytes a character": (
        "a,b\n".encode("utf-16"),
        None,
        1,
        "0xff, which is not UTF-8",
    ),
}


@pytest.mark.parametrize(("data", "encoding", "line", "found"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_reported_with_its_line(
    tmp_path: Path, data: bytes | str, encoding: str | None, line: int | None, found: str
) -> None:
    one = finding(read(tmp_path / "a.csv", data, encoding))
    assert (one.line, found in one.found) == (line, True), one
    assert one.expected
    assert one.fix


def test_a_declared_encoding_is_read(tmp_path: Path) -> None:
    assert grid(read(tmp_path / "a.csv", b"a,b\nx,\xa35\xa0\n", "cp1252"))[1] == ("x", "£5\xa0")
    assert grid(read(tmp_path / "a.csv", "a,b\nx,£5\n", "utf-8"))[1] == ("x", "£5")


def test_one_byte_that_is_not_utf8_shows_that_a_file_is_not(tmp_path: Path) -> None:
    data = b"a,b\nx,\xa35\ny,\xc3\xa9\n"
    assert grid(read(tmp_path / "a.csv", data, "cp1252"))[1:] == [("x", "£5"), ("y", "Ã©")]


def test_a_long_cell_does_not_hide_what_separates_cells(tmp_path: Path) -> None:
    """The first lines of the file, by which it is decided, end within a cell."""
    remark = "\n".join(f"line {number}" for number in range(100))
    data = f'Area\tRemark\nNorth\t"{remark}"\n'
    assert grid(read(tmp_path / "a.csv", data)) == [("Area", "Remark"), ("North", remark)]


@pytest.mark.parametrize("suffix", CELL_READERS)
def test_what_is_no_file_is_reported(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "nothing"):
        assert finding(list(CELL_READERS[suffix](path, None))).file == path


def test_a_text_is_blocks_of_rows_and_passages(tmp_path: Path) -> None:
    text = "Title\nmore\n\nHeading\na\tb\n1\t \nlost its cells\n\n \t\n3\t4\r\nNote\n\nEnd"
    items = read(tmp_path / "a.txt", text)
    assert [
        (item.place.line, item.table, item.cells) if isinstance(item, CellRow) else item.text
        for item in items
        if isinstance(item, CellRow | Passage)
    ] == [
        "Title",
        "more",
        "Heading",
        (5, 2, ("a", "b")),
        (6, 2, ("1", "")),
        (7, 2, ("lost its cells",)),
        (10, 3, ("3", "4")),
        (11, 3, ("Note",)),
        "End",
    ]
    assert not any(isinstance(item, Finding) for item in items)


CELL = st.text(st.sampled_from("abÀé€中£\u00a0 \n,\t;\"'0-"), max_size=6)
TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.tuples(*[CELL] * width).filter(lambda row: any(cell.strip() for cell in row)),
        min_size=1,
        max_size=12,
    )
)


@settings(max_examples=25)
@given(rows=TABLES, delimiter=st.sampled_from(",\t;"), end=st.sampled_from(["\n", "\r\n"]))
def test_any_table_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, ...]],
    delimiter: str,
    end: str,
) -> None:
    """A first row without what could separate cells decides, as a header does."""
    head = tuple(f"Head {n}" for n in range(len(rows[0])))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([head, *rows])
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(out.getvalue(), "utf-8", newline="")
    expected = [tuple("" if cell.isspace() else cell for cell in row) for row in [head, *rows]]
    assert grid(list(read_csv_cells(path))) == expected


@settings(max_examples=25)
@given(
    rows=st.lists(
        st.tuples(*[CELL.map(lambda cell: cell.replace("\n", " ").replace("\t", " "))] * 3).filter(
            lambda row: any(cell.strip() for cell in row)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_table_of_a_text_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8", newline="")
    expected = [tuple("" if cell.isspace() else cell for cell in row) for row in rows]
    assert grid(list(read_text_cells(path))) == expected


@pytest.mark.long
def test_a_million_rows_need_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w") as file:
        file.write("Area,Sum\n")
        file.writelines(f"North,{number}\n" for number in range(1_000_000))
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_csv_cells(path)) == 1_000_001
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
