"""Workbooks: read as they are stored, audited for what they hide, and refused where they cannot be read."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from string import ascii_letters
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName

from ingest.cli import main
from ingest.excel.audit import audit_workbook
from ingest.excel.package import Limits
from ingest.readers.excel import read_workbook, shown
from ingest.records.cells import CellRow
from ingest.records.findings import BuildError, Finding

HEADS = ["Area", "Year", "Number"]
ROWS = [HEADS, ["North", "2019", 4], ["South", "2020", 5]]


def write(path: Path, change: Callable[[Any], object] = lambda book: None) -> Path:
    """Write a workbook of one sheet with ROWS, after `change`."""
    book = openpyxl.Workbook()
    book.properties.creator = None
    for row in ROWS:
        book.active.append(row)
    change(book)
    book.save(path)
    return path


def repack(path: Path, name: str, old: str, new: str) -> None:
    """Replace `old`, which must occur, with `new` in the part `name` of the zip, or add the part."""
    with zipfile.ZipFile(path) as package:
        parts = {one: package.read(one) for one in package.namelist()}
    # openpyxl writes an empty element in one of two ways, depending on whether lxml is installed.
    text = parts.get(name, b"").decode().replace("<v></v>", "<v />").replace("<v/>", "<v />")
    assert old in text
    parts[name] = text.replace(old, new).encode() if old else new.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for one, data in parts.items():
            package.writestr(one, data)


def rows_of(path: Path) -> list[tuple[str | None, ...]]:
    """Return the cells that are read. Fail if there is any finding."""
    read = list(read_workbook(path, audit_workbook(path)))
    assert all(isinstance(row, CellRow) for row in read)
    return [row.cells for row in read if isinstance(row, CellRow)]


def test_the_visible_cells_of_a_sheet_are_read_with_their_places(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", lambda book: book.create_sheet("Second").append(["x"]))
    read = list(read_workbook(path, audit_workbook(path)))
    assert [(str(row.place), row.table, row.cells) for row in read if isinstance(row, CellRow)] == [
        ("Sheet!A1", 1, ("Area", "Year", "Number")),
        ("Sheet!A2", 1, ("North", "2019", "4")),
        ("Sheet!A3", 1, ("South", "2020", "5")),
        ("Second!A1", 2, ("x",)),
    ]
    assert audit_workbook(path).counts == {}


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        ("007", "General", "007"),
        (4, "General", "4"),
        (-4.5, "0.00", "-4.5"),
        (20795.001769000002, "#,##0", "20795.001769"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "100000000000000000000"),
        (0.125, "0%", "12.5%"),
        (-0.5, "0.00%;[Red]-0.00%", "-50%"),
        (12.5, '"£"#,##0.00', "£12.5"),
        (12.5, "[$€-2] #,##0.00", "€12.5"),
        (1234.5, "_-* #,##0.00_-;-* #,##0.00_-", "1234.5"),
        (7, "0000", "0007"),
        (True, "General", "TRUE"),
        (datetime.datetime(2022, 10, 6), "mm-dd-yy", "2022-10-06"),
        (datetime.datetime(2022, 10, 6), "dd/mm/yyyy", "2022-10-06"),
        (datetime.datetime(2022, 10, 6, 9, 30), "dd/mm/yyyy hh:mm", "2022-10-06 09:30:00"),
        (datetime.datetime(2022, 1, 1), "yyyy", "2022"),
        (datetime.datetime(2022, 1, 1), "mmm-yy", None),
        (5000, "#,##0,", None),
        (0.5, "# ?/?", None),
        (5, '0" and more"', None),
        (datetime.timedelta(hours=30), "[h]:mm", None),
    ],
)
def test_a_value_is_read_as_it_is_stored_with_its_sign(
    value: Any, number_format: str, text: str | None
) -> None:
    assert shown(value, number_format) == text


def test_an_unknown_number_format_is_a_finding_that_names_the_cell(tmp_path: Path) -> None:
    def in_thousands(book: Any) -> None:
        book.active["C2"].number_format = "#,##0,"

    path = write(tmp_path / "a.xlsx", in_thousands)
    found = [one for one in read_workbook(path, audit_workbook(path)) if isinstance(one, Finding)]
    assert len(found) == 1
    assert "C2" in found[0].found
    assert str(found[0].place) == "Sheet!A2"


def test_a_formula_is_its_stored_value_and_one_without_is_a_finding(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", lambda book: book.active.append(["Both", "", "=C2+C3"]))
    (finding,) = [
        one for one in read_workbook(path, audit_workbook(path)) if isinstance(one, Finding)
    ]
    assert str(finding.place) == "Sheet!A4"
    repack(path, "xl/worksheets/sheet1.xml", "<v />", "<v>9</v>")
    assert rows_of(path)[-1] == ("Both", "", "9")
    repack(
        path, "xl/worksheets/sheet1.xml", 'r="C4"><f>C2+C3</f><v>9', 'r="C4" t="str"><f>""</f><v>'
    )
    assert rows_of(path)[-1] == ("Both", "", "")


def test_dimensions_that_are_too_small_lose_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx")
    repack(path, "xl/worksheets/sheet1.xml", 'ref="A1:C3"', 'ref="A1:A1"')
    assert [len(cells) for cells in rows_of(path)] == [3, 3, 3]


def hide(kind: str, book: Any) -> None:
    """Hide something of the second row, or add what is not shown."""
    sheet = book.active
    dark = PatternFill("solid", fgColor="FF202020")
    match kind:
        case "hidden-sheet":
            book.create_sheet("Other").append(["secret"])
            book["Other"].sheet_state = "veryHidden"
        case "hidden-rows":
            sheet.row_dimensions[2].hidden = True
        case "hidden-columns":
            sheet.column_dimensions["C"].hidden = True
        case "cell-over-dark":
            sheet["A2"].fill, sheet["A2"].font = dark, Font(color="FF000000")
        case "cell-over-light":
            sheet["A2"].font = Font(color="FFFFFFFF")
        case "format-of-nothing":
            sheet["C2"].number_format = ";;;"
        case "comment":
            sheet["A2"].comment = Comment("a remark", "")
        case "conditional-format":
            rule = CellIsRule("equal", ["4"], font=Font(color="FFFFFFFF"))
            sheet.conditional_formatting.add("C2:C3", rule)
        case "defined-name":
            book.defined_names["Rate"] = DefinedName("Rate", attr_text="0.2")
        case "author":
            book.properties.creator = "Somebody"


HIDDEN = {
    "hidden-sheet": 1,
    "hidden-rows": 1,
    "hidden-columns": 3,
    "cell-over-dark": 1,
    "cell-over-light": 1,
    "format-of-nothing": 1,
    "comment": 1,
    "conditional-format": 1,
    "defined-name": 1,
    "author": 1,
}


@pytest.mark.parametrize(("kind", "count"), HIDDEN.items(), ids=HIDDEN)
def test_what_a_workbook_hides_is_counted_once(tmp_path: Path, kind: str, count: int) -> None:
    path = write(tmp_path / "a.xlsx", lambda book: hide(kind, book))
    audit = audit_workbook(path)
    assert audit.counts == {kind: count}
    refused = {"cell-over-dark": "refuse"}.get(kind, "pending")
    assert {finding.verdict for finding in audit.findings} == {refused}


UNSEEN = {
    "hidden-sheet": [("North", "2019", "4"), ("South", "2020", "5")],
    "hidden-rows": [("South", "2020", "5")],
    "hidden-columns": [("North", "2019"), ("South", "2020")],
    "cell-over-light": [("", "2019", "4"), ("South", "2020", "5")],
    "format-of-nothing": [("North", "2019", ""), ("South", "2020", "5")],
}


@pytest.mark.parametrize("kind", UNSEEN)
def test_what_cannot_be_seen_is_not_read(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "a.xlsx", lambda book: hide(kind, book))
    assert rows_of(path)[1:] == UNSEEN[kind]


def test_a_value_under_merged_cells_is_counted_and_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx")
    merged = '</sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>'
    repack(path, "xl/worksheets/sheet1.xml", "</sheetData>", merged)
    assert audit_workbook(path).counts == {"merged-over": 1}
    assert rows_of(path)[1:] == [("North", "2019", "4"), ("", "2020", "5")]


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("xl/vbaProject.bin", "script"),
        ("xl/embeddings/file.bin", "attachment"),
        ("xl/threadedComments/threadedComment1.xml", "comment"),
        ("xl/externalLinks/externalLink1.xml", "external-data"),
        ("xl/connections.xml", "external-data"),
        ("xl/pivotCache/pivotCacheRecords1.xml", "pivot-cache"),
        ("xl/charts/chart1.xml", "chart"),
        ("xl/media/image1.png", "picture"),
        ("xl/revisions/revisionLog1.xml", "earlier-revision"),
        ("customXml/item1.xml", "program-data"),
        ("xl/printerSettings/printerSettings1.bin", "program-data"),
        ("never/heard.of", "program-data"),
        ("docProps/thumbnail.jpeg", "thumbnail"),
        ("xl/persons/person.xml", "author"),
    ],
)
def test_a_part_beside_the_cells_needs_a_decision(tmp_path: Path, part: str, kind: str) -> None:
    path = write(tmp_path / "a.xlsx")
    repack(path, part, "", "<a/>")
    assert audit_workbook(path).counts == {kind: 1}
    assert rows_of(path)[1] == ("North", "2019", "4")


def test_a_shape_that_may_cover_cells_needs_a_decision(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx")
    repack(path, "xl/drawings/drawing1.xml", "", '<d:a xmlns:d="x"><d:sp/><d:sp/></d:a>')
    assert audit_workbook(path).counts == {"drawing": 2}


def test_the_command_refuses_or_lists_decisions_and_never_shows_a_word(tmp_path: Path) -> None:
    report = tmp_path / "audit.html"
    for kind, code in (("cell-over-dark", 1), ("cell-over-light", 0)):
        path = write(tmp_path / f"{kind}.xlsx", partial(hide, kind))
        done = CliRunner().invoke(main, ["audit", str(path), "--report", str(report)])
        assert done.exit_code == code, done.output
        assert ("sheet Sheet" if code else f"{kind}, 1 in total") in done.output
        assert kind in report.read_text("utf-8")
        assert "North" not in done.output + report.read_text("utf-8")


def bomb(path: Path) -> None:
    repack(path, "xl/worksheets/sheet1.xml", "", " " * 3_000_000)


def twice(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("XL/styles.xml", "<a/>")


def entities(path: Path) -> None:
    declared = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><worksheet>&c;</worksheet>'
    repack(path, "xl/worksheets/sheet1.xml", "", declared)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "an old or encrypted file": (
        lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0" * 9),
        "encrypted",
    ),
    "a web page": (lambda path: path.write_text("<html>"), "not a workbook"),
    "an empty file": (lambda path: path.write_bytes(b""), "an empty file"),
    "a zip that unpacks too large": (bomb, "unpacked"),
    "a part twice": (twice, "two parts"),
    "entities": (entities, "entities"),
    "no workbook in it": (
        lambda path: repack(path, "_rels/.rels", "officeDocument", "x"),
        "without",
    ),
    "XML cut short": (
        lambda path: repack(path, "xl/worksheets/sheet1.xml", "</worksheet>", ""),
        "cannot be read",
    ),
    "a file too large": (lambda path: path.write_bytes(b"PK" * 2_000_000), "bytes"),
}


@pytest.mark.parametrize(("spoil", "found"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_plainly(
    tmp_path: Path, spoil: Callable[[Path], object], found: str
) -> None:
    path = write(tmp_path / "a.xlsx")
    spoil(path)
    with pytest.raises(BuildError) as caught:
        audit_workbook(path, Limits(file=3_000_000, unpacked=1_000_000, part=900_000))
    (finding,) = caught.value.findings
    assert finding.file == path
    assert found in f"{finding.found} {finding.expected}"


def test_a_file_that_changes_between_audit_and_reading_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx")
    audit = audit_workbook(path)
    write(path, lambda book: book.active.append(["East", "2021", 6]))
    with pytest.raises(BuildError, match="changed"):
        list(read_workbook(path, audit))


TEXTS = st.text(ascii_letters + "0123456789 £%-\u00a0é’", min_size=1, max_size=12)
TABLES = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(
            st.one_of(TEXTS.filter(str.strip), st.integers(-(10**12), 10**12)),
            min_size=width,
            max_size=width,
        ),
        min_size=1,
        max_size=8,
    )
)


@settings(max_examples=25)
@given(TABLES)
def test_a_table_written_as_a_workbook_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str | int]]
) -> None:
    path = tmp_path_factory.mktemp("tables") / "a.xlsx"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("T")
    for row in table:
        sheet.append(row)
    book.save(path)
    assert rows_of(path) == [tuple(map(str, row)) for row in table]
