"""Drafts of shapes: what a file shows is proposed, and what it cannot say is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.config.shape import Column, Shape
from ingest.config.yaml_model import parse
from ingest.records.cells import CellRow
from ingest.records.place import Place
from ingest.review.draft import Draft, Weight, draft_shape


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
    text = draft.shape.replace("one_row_is: DECIDE row", "one_row_is: parcel")
    for asked, answer in answers:
        assert asked in text
        text = text.replace(asked, answer)
    text = text.replace("DECIDE ", "")
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
ANSWERS = (("n/a: DECIDE not applicable", "n/a: not known"),)


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
    draft = drafted(*LIST)
    lines = draft.shape.split("\n")
    asked = {question.key: question for question in draft.questions}
    assert list(asked) == ["family", "one_row_is", "year_starts", "codes"]
    for key, question in asked.items():
        assert question.line
        assert f"{key}: " in lines[question.line - 1]
        assert "DECIDE" in lines[question.line - 1]
    assert "a blank (1 of 6 cells" in asked["codes"].text
    assert "'n/a' (1)" in asked["codes"].text


def test_which_date_is_the_year_is_asked_where_no_column_is_a_period() -> None:
    draft = drafted(*(row.rpartition("|")[0] for row in LIST))
    (question,) = (one for one in draft.questions if one.weight == Weight.YEAR)
    assert "lost_on" in question.text
    year = columns_of(answered(draft, *ANSWERS))["year"]
    assert (year.derived_from, year.role) == ("lost_on", "period")


def test_an_ambiguous_order_of_day_and_month_is_asked_and_not_guessed() -> None:
    draft = drafted("Depot|Lost on", "North|01/02/2020", "North|03/04/2020", "South|05/06/2020")
    assert any("the day or the month" in question.text for question in draft.questions)
    assert "format: DECIDE}" in draft.shape


def test_a_crosstab_has_its_labels_filled_down_and_its_total_named() -> None:
    draft = drafted(
        "Depot|Kind|2019|2020|Total",
        "North|Box|1|2|3",
        "|Bag|4|5|9",
        "North total||5|7|12",
        "South|Box|1|1|2",
    )
    shape = answered(draft, ("value: DECIDE figures", "value: parcels"))
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


def test_a_row_cut_by_the_end_of_a_page_is_asked_about() -> None:
    def row(page: int, number: int, text: str) -> CellRow:
        return CellRow(Place(page=page, row=number), page, tuple(text.split("|")), text)

    rows = [
        row(1, 1, "Depot|2019|2020"),
        row(1, 2, "North|1|2"),
        row(1, 3, "South of|3|4"),
        row(2, 1, "the river||"),
        row(2, 2, "East|5|6"),
    ]
    shape = answered(draft_shape(rows, "parcels"))
    assert shape.tables[0].goes_on_where_blank == ["figures"]
    whole = draft_shape([*rows[:3], rows[4]], "parcels")
    assert not answered(whole).tables[0].goes_on_where_blank


def test_a_table_that_adds_up_to_another_and_a_glossary_are_proposed() -> None:
    def row(table: int, text: str) -> CellRow:
        return CellRow(Place(line=table), table, tuple(text.split("|")), text)

    rows = [row(1, text) for text in ("Year|Parcels", "2019|3", "2020|2", "Total|5")]
    rows += [row(2, text) for text in ("Depot|2019|2020", "North|2|", "South|1|2", "Total|3|2")]
    words = "every parcel that was lost, found late or returned, " * 3
    rows += [row(3, text) for text in ("Term|Meaning", f"Lost|{words}", f"Late|not {words}")]
    shape = answered(draft_shape(rows, "parcels"))
    assert [(one.name, one.kind, one.adds_up_to) for one in shape.tables] == [
        ("totals", "totals", None),
        ("rows", "records", "totals"),
        ("rows_2", "notes", None),
    ]


@pytest.mark.parametrize(("total", "proposed"), [("3", "nought"), ("4", "not stated")])
def test_a_blank_is_proposed_as_nought_if_the_totals_prove_it(total: str, proposed: str) -> None:
    rows = ("Depot|2019|2020|Total", f"North|3||{total}", "South|1|2|3")
    spread = answered(drafted(*rows)).tables[0].spread
    assert spread
    assert {text: code.status for text, code in spread.codes.items()} == {"": proposed}


def test_what_does_not_fit_its_column_is_a_code_or_published_as_printed() -> None:
    kept = [f"{day:02}/12/2019|{day}" for day in range(13, 29)]
    draft = drafted("Lost on|Weight", *kept, "2019|<5", "Friday|#REF!")
    columns = columns_of(answered(draft))
    assert {text: code.status for text, code in columns["lost_on"].codes.items()} == {
        "Friday": "not stated"
    }
    assert {text: code.status for text, code in columns["weight"].codes.items()} == {
        "<5": "suppressed",
        "#REF!": "broken in the source",
    }
    assert draft.odd == {"lost_on": {"2019": 1}}
