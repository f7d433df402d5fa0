"""Drafts of shapes: what a file shows is proposed, and what it cannot say is asked."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from reportlab import platypus

from ingest.cli import main
from ingest.config.shape import Column, Shape
from ingest.config.yaml_model import load, parse
from ingest.records.cells import CellRow
from ingest.records.place import Place
from ingest.review import add_table
from ingest.review.draft import Draft, draft_shape


def drafted(*rows: str, table: int = 1) -> Draft:
    """Return the draft for rows of cells, each separated by |."""
    return draft_shape(
        [
            CellRow(Place(line=number), table, tuple(row.split("|")), row)
            for number, row in enumerate(rows, 1)
        ],
        "parcels",
    )


def answered(draft: Draft, *answers: tuple[str, str]) -> Shape:
    """Return the draft as a shape, with what a person would fill in. Unanswered, it must not load."""
    path = Path("shape.yml")
    assert parse(draft.shape, Shape, path)[0] is None
    text = draft.shape.replace("one_row_is:", "one_row_is: parcel")
    for asked, answer in answers:
        assert asked in text
        text = text.replace(asked, answer)
    shape, findings = parse(text, Shape, path)
    assert findings == []
    assert shape
    return shape


def columns_of(shape: Shape, table: int = 0) -> dict[str, Column]:
    return {column.name: column for column in shape.tables[table].columns}


LIST = (
    "Parcels lost|||||",
    "No.|Ref|Lost on|Depot|Weight (kg)|Year",
    "1|P/1|25/12/2019|North|1.5|2019/20",
    "2|P/2|01/02/2020|South||2019/20",
    "3|P/3|03/04/2020|North|n/a|2020/21",
    "4|P/4|13/04/2020|North|0|2020/21",
    "5|P/5|14/04/2020|South|2,000|2020/21",
    "6|P/6|15/04/2020|South|7|2020/21",
)
ANSWERS = (
    ("year_starts:", "year_starts: 04-01"),
    ("'': ", "'': not stated"),
    ("n/a: ", "n/a: not known"),
)


def test_heads_below_a_title_are_found_and_roles_told_from_the_values() -> None:
    draft = drafted(*LIST)
    shape = answered(draft, *ANSWERS)
    columns = columns_of(shape)
    assert {name: column.role for name, column in columns.items()} == {
        "no": "sequence",
        "ref": "key",
        "lost_on": "date",
        "depot": "category",
        "weight_kg": "number",
        "year": "period",
    }
    assert columns["lost_on"].format == "%d/%m/%Y"
    assert columns["weight_kg"].heads == ["Weight (kg)"]
    assert {text: code.status for text, code in columns["weight_kg"].codes.items()} == {
        "": "not stated",
        "n/a": "not known",
    }


def test_what_the_file_cannot_say_is_asked() -> None:
    questions = "\n".join(drafted(*LIST).questions)
    for asked in (
        "one row",
        "such as 2019/20 start",
        "a blank (1 of 6 cells",
        "'n/a' (1)",
        "from: lost_on",
    ):
        assert asked in questions


def test_an_ambiguous_order_of_day_and_month_is_asked_and_not_guessed() -> None:
    draft = drafted("Depot|Lost on", "North|01/02/2020", "North|03/04/2020", "South|05/06/2020")
    assert any("the day or the month" in question for question in draft.questions)
    assert "format: }" in draft.shape


def test_a_crosstab_has_its_labels_filled_down_and_its_total_named() -> None:
    draft = drafted(
        "Depot|Kind|2019|2020|Total",
        "North|Box|1|2|3",
        "|Bag|4|5|9",
        "North total||5|7|12",
        "South|Box|1|1|2",
    )
    shape = answered(draft, ("value: ", "value: parcels"), ("small_cells:", "small_cells: show"))
    columns = columns_of(shape)
    assert list(columns) == ["depot", "kind"]
    assert columns["depot"].fill_down
    assert not columns["kind"].fill_down
    spread = shape.tables[0].spread
    assert spread
    assert (spread.into, spread.value, spread.total) == ("period", "parcels", "Total")


def test_a_table_goes_on_where_another_has_its_heads_or_its_width() -> None:
    def row(table: int, text: str) -> CellRow:
        return CellRow(Place(page=table, row=1), table, tuple(text.split("|")), text)

    draft = draft_shape(
        [
            row(1, "No.|Depot"),
            row(1, "1|North"),
            row(2, "2|South"),
            row(2, "3|South"),
            row(3, "No.|Depot"),
            row(3, "4|North"),
        ],
        "parcels",
    )
    assert draft.tables == 1
    assert columns_of(answered(draft))["no"].role == "sequence"


@pytest.mark.parametrize(
    "row", ["", "a title alone", "1|2|3", "same|same", "x" * 61 + "|b", "12/03/2020|b"]
)
def test_what_is_no_header_makes_no_table(row: str) -> None:
    assert drafted(row, "1|2|3").tables == 0


def write(path: Path) -> Path:
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in LIST[1:]:
            book.active.append(row.split("|"))
        book.properties.creator = "Somebody"
        book.save(path)
    elif path.suffix == ".pdf":
        style = [("GRID", (0, 0), (-1, -1), 0.5, "black")]
        table = platypus.Table([row.split("|") for row in LIST[1:]], style=style)
        platypus.SimpleDocTemplate(str(path), author="Somebody", invariant=1).build([table])
    elif path.suffix == ".txt":
        path.write_text("\n".join(row.replace("|", "\t") for row in LIST[1:]))
    else:
        path.write_text("\n".join(row.replace(",", "").replace("|", ",") for row in LIST[1:]))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".xlsx", ".pdf"])
def test_add_makes_a_folder_with_drafts_to_fill_in(tmp_path: Path, suffix: str) -> None:
    file = write(tmp_path / f"Lost parcels{suffix}")
    folder = tmp_path / "disclosures"
    folder.mkdir()
    command = ["add", str(file), "--disclosures", str(folder), "--table"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    made = folder / "lost-parcels"
    assert (made / f"source{suffix}").read_bytes() == file.read_bytes()
    assert load(made / "shape.yml", Shape)[0] is None
    decided = "kind: author" in (made / "disclosure.yml").read_text("utf-8")
    assert decided == (suffix in (".xlsx", ".pdf"))
    written = (made / "shape.yml").read_text("utf-8")
    assert "name: depot, role: category" in written
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 1
    assert [path.name for path in folder.iterdir()] == ["lost-parcels"]


def test_add_offers_a_known_shape_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = tmp_path / "shapes"
    shapes.mkdir()
    text = drafted(*LIST).shape.replace("one_row_is:", "one_row_is: parcel")
    for asked, answer in ANSWERS:
        text = text.replace(asked, answer)
    (shapes / "parcels.yml").write_text(text, "utf-8")
    monkeypatch.setattr(add_table, "SHAPES", shapes)
    monkeypatch.setattr("ingest.config.shape.SHAPES", shapes)
    file = write(tmp_path / "a.csv")
    assert add_table.fitting_shapes(add_table.read_table_file(file)) == ["parcels"]
    other = tmp_path / "b.csv"
    other.write_text("No.,Colour\n1,red\n2,blue\n")
    assert add_table.fitting_shapes(add_table.read_table_file(other)) == []


def test_a_file_without_heads_is_refused_and_nothing_made(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("1,2\n3,4\n")
    done = CliRunner().invoke(main, ["add", str(file), "--disclosures", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "without a header" in done.output
