"""The questions that are made from shapes: their figures, worked out by hand, their sentences and their caveats."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.build import build
from ingest.records.findings import BuildError
from tests.serving import a_plugin
from tests.tabular import CROSSTAB, LETTERS, PARCELS, ROWS, parcels, put

query_files = a_plugin("query_files")


class Built:
    """A database, and the questions in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.headers: dict[str, dict[str, Any]] = {}
        self.sql: dict[str, str] = {}
        for name, header, sql in self.select("select name, header, sql from questions"):
            self.headers[name], self.sql[name] = json.loads(header), sql

    def select(self, sql: str, **values: str) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()

    def rows(self, name: str, disclosure: str = "") -> list[sqlite3.Row]:
        return self.select(self.sql[name], disclosure_id=disclosure)

    def figures(self, name: str, *columns: str) -> list[tuple[Any, ...]]:
        return [tuple(row[column] for column in columns) for row in self.rows(name)]

    def answer(self, name: str, disclosure: str = "") -> str:
        template = query_files.SENTENCES.from_string(self.headers[name]["answer"])
        return str(template.render(rows=self.rows(name, disclosure)))


Make = Callable[..., Built]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Build a database from texts and their shapes."""

    def made(*documents: tuple[str, dict[str, Any] | None], **manifest: object) -> Built:
        for number, (text, shape) in enumerate(documents, 1):
            name = "shape.yml" if shape else "../d1/shape.yml"
            put(tmp_path / "disclosures", f"d{number}", text, shape, name, **manifest)
        build(tmp_path / "disclosures", tmp_path / "foi.db")
        return Built(tmp_path / "foi.db")

    return made


def changed(shape: dict[str, Any], **keys: object) -> dict[str, Any]:
    return {**copy.deepcopy(shape), **keys}


def alone(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table that adds up to no other, and prints no total of a row."""
    table = {key: value for key, value in copy.deepcopy(table).items() if key != "adds_up_to"}
    table.get("spread", {}).pop("total", None)
    return table


def column(shape: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for table in shape["tables"] for c in table["columns"] if c["name"] == name)


def test_each_category_and_period_has_its_questions(make: Make) -> None:
    built = make((parcels(), PARCELS), (LETTERS, CROSSTAB))
    assert [*built.headers] == [
        "lost-parcels-per-year",
        "lost-parcels-per-district",
        "lost-parcels-district-by-year",
        "lost-parcels-per-redaction-band",
        "lost-parcels-most-redacted",
        "lost-parcels-totals",
        "lost-letters-by-office-per-year",
        "lost-letters-by-office-per-office",
        "lost-letters-by-office-per-kind",
        "lost-letters-by-office-office-by-year",
        "lost-letters-by-office-kind-by-year",
        "lost-letters-by-office-office-by-kind",
        "lost-letters-by-office-totals",
        "lost-letters-by-kind-per-year",
        "lost-letters-by-kind-per-kind",
        "lost-letters-by-kind-kind-by-year",
    ]


def test_every_answer_has_the_columns_that_its_header_explains(make: Make) -> None:
    built = make((parcels(), PARCELS), (LETTERS, CROSSTAB))
    for name, header in built.headers.items():
        assert [*built.rows(name)[0].keys()] == [*header["columns"]], name
        assert all(header["columns"].values()), name


def test_records_are_counted_with_each_status_apart(make: Make) -> None:
    shape = copy.deepcopy(PARCELS)
    column(shape, "district")["codes"] = {"": "not stated", "?": "not known"}
    rows = (*ROWS, "P5,,2020-01-02,1,x", "P6,?,2020-01-02,1,x", "P7,,?,1,x")
    text = parcels(rows, ()).removeprefix("Year,Parcels\n\n")
    built = make((text, {**shape, "tables": [alone(shape["tables"][1])]}))
    assert built.figures("lost-parcels-per-district", "district", "district_status", "parcels") == [
        ("North", None, 2),
        ("South", None, 2),
        (None, "not stated", 2),
        (None, "not known", 1),
    ]
    assert built.answer("lost-parcels-per-district") == (
        "7 parcels. For 1 the district is not known. For 2 the district is not stated. "
        "“North” and “South” have the most: 2 each."
    )
    assert built.figures("lost-parcels-per-year", "year", "year_status", "parcels") == [
        ("2019", None, 2),
        ("2020", None, 4),
        (None, "not known", 1),
    ]
    assert built.answer("lost-parcels-per-year") == (
        "7 parcels, from 2019 to 2020. 2020 has the most: 4. For 1 the year is not known."
    )


def test_a_category_is_in_the_order_of_its_terms_or_else_the_largest_first(make: Make) -> None:
    rows = (*ROWS, "P5,South,2020-01-02,1,x")
    totals = ("2019,2", "2020,3", "Grand Total,5")
    built = make((parcels(rows, totals), PARCELS))
    name = "lost-parcels-per-district"
    assert built.figures(name, "district", "parcels") == [("South", 3), ("North", 2)]
    assert built.answer(name) == "“South” has the most: 3 of 5 parcels."


def test_terms_give_the_order(make: Make) -> None:
    shape = copy.deepcopy(PARCELS)
    column(shape, "district")["terms"] = ["North", "West", "South"]
    rows = (*ROWS, "P5,South,2020-01-02,1,x")
    built = make((parcels(rows, ("2019,2", "2020,3", "Grand Total,5")), shape))
    assert built.figures("lost-parcels-per-district", "district", "parcels") == [
        ("North", 2),
        ("South", 3),
    ]


def test_figures_are_added_up_and_are_minima_where_some_are_not_given(make: Make) -> None:
    built = make((LETTERS, CROSSTAB))
    name = "lost-letters-by-office-per-office"
    assert built.figures(name, "office", "letters", "without_figure") == [
        ("Leith", 8, 0),
        ("Perth", 2, 1),
    ]
    assert built.answer(name) == "“Leith” has the most: 8 of at least 10 letters."
    assert built.answer("lost-letters-by-office-per-year") == (
        "At least 10 letters, from 2019 to JAN-SEP 2020. JAN-SEP 2020 is only part of a year (1 January 2020 to "
        "30 September 2020), so don’t compare its 7 with whole years."
    )  # fmt: skip
    assert "Some figures are withheld, so the true totals may be higher." in [
        caveat["short"] for caveat in built.headers[name]["caveats"]
    ]


def test_a_sum_with_no_figure_at_all_is_null_and_not_nought(make: Make) -> None:
    text = "Office,Kind,2019\nLeith,card,c\nPerth,card,2\n"
    shape = changed(CROSSTAB, tables=[alone(CROSSTAB["tables"][0])])
    built = make((text, shape))
    assert sorted(
        built.figures("lost-letters-per-office", "office", "letters", "without_figure")
    ) == [
        ("Leith", None, 1),
        ("Perth", 2, 0),
    ]


def test_units_are_never_added_up(make: Make) -> None:
    shape: dict[str, Any] = {
        "family": "spills", "one_row_is": "amount spilt", "year_starts": "01-01",
        "tables": [{"name": "spills", "columns": [
            {"name": "river", "head": "River", "role": "category"},
            {"name": "unit", "head": "Unit", "role": "unit"},
        ], "spread": {"into": "year", "value": "amount"}}],
    }  # fmt: skip
    text = "River,Unit,2019,2020\nTay,litres,0.1,0.2\nTay,kilos,5,7\nDee,litres,1,1\n"
    built = make((text, shape))
    assert (
        built.headers["spills-per-river"]["title"]
        == "What is the total amount spilt for each river?"
    )
    assert built.figures("spills-per-river", "river", "unit", "amount") == [
        ("Tay", "kilos", 12),
        ("Dee", "litres", 2),
        ("Tay", "litres", 0.3),
    ]
    for name, header in built.headers.items():
        assert "unit" in header["columns"], name
        assert "answer" not in header, name
        drawing = header.get("drawing")
        assert not drawing or (drawing["panel"] == "unit" and drawing["own_scale"]), name


def test_a_period_of_which_the_disclosure_covers_a_part_is_incomplete(make: Make) -> None:
    built = make((parcels(), PARCELS), covers_from="2019-01-01", covers_to="2020-06-30")
    for name in ("lost-parcels-per-year", "lost-parcels-district-by-year"):
        found = dict(built.figures(name, "year", "partial"))
        assert found == {"2019": 0, "2020": 1}, name
        assert {row["covered_to"] for row in built.rows(name)} == {"2019-12-31", "2020-06-30"}


@pytest.mark.parametrize("least", [2, 3])
def test_small_cells_of_a_cross_table_say_that_there_are_fewer(make: Make, least: int) -> None:
    built = make((LETTERS, changed(CROSSTAB, small_cells=least)))
    crossed = [name for name in built.headers if "-by-" in name.removeprefix("lost-letters-by-")]
    assert len(crossed) == 4
    for name in crossed:
        for row in built.rows(name):
            small = row["letters_status"] is not None
            assert small or row["letters"] is not None or row["without_figure"], name
            assert row["letters_status"] in (None, f"fewer than {least}", "not given")
            assert row["letters_status"] != f"fewer than {least}" or not row["without_figure"]
            assert row["letters"] is None or row["letters"] == 0 or row["letters"] >= least
    found = built.figures(
        "lost-letters-by-office-office-by-kind", "office", "kind", "letters", "letters_status"
    )
    assert found == [
        ("Leith", "bill", None, f"fewer than {least}"),
        ("Leith", "card", 7, None),
        ("Perth", "card", 2 if least == 2 else None, None if least == 2 else "not given"),
    ]


def test_figures_that_two_tables_of_a_document_share_are_listed_once(make: Make) -> None:
    built = make((LETTERS, CROSSTAB))
    unlisted = {name for name, header in built.headers.items() if header.get("listed") is False}
    assert unlisted == {
        "lost-letters-by-kind-per-year",
        "lost-letters-by-kind-per-kind",
        "lost-letters-by-kind-kind-by-year",
    }
    titles = [header["title"] for header in built.headers.values()]
    assert len(titles) == len({*titles})


def test_disclosures_are_never_added_up(make: Make) -> None:
    built = make((parcels(), PARCELS), (parcels(), None))
    for name in built.headers:
        both = built.rows(name)
        assert {row["disclosure_id"] for row in both} == {"d1", "d2"}, name
        for id in ("d1", "d2"):
            assert built.rows(name, id) == [row for row in both if row["disclosure_id"] == id], name


def test_the_basis_says_how_far_the_figures_were_checked(make: Make) -> None:
    built = make((parcels(), PARCELS))
    assert built.headers["lost-parcels-per-district"]["basis"] == (
        "Our count. Checked: the rows of this table agree with all 3 printed totals."
    )
    assert built.answer("lost-parcels-totals") == ("All 3 printed totals agree with our sums.")


def test_the_basis_names_what_was_accepted_and_what_cannot_be_checked(make: Make) -> None:
    accepted = {"parcels": {"2020": {"difference": 1, "reason": "One was found."}}}
    totals = ("2019,2", "2020,3", "Grand Total,4")
    built = make((parcels(ROWS, totals), PARCELS), accepted_differences=accepted)
    assert built.headers["lost-parcels-per-district"]["basis"] == (
        "Our count. Checked in part: the rows of this table agree with 2 of 3 printed totals; 1 can’t be made to agree, "
        "for a reason that is given."
    )  # fmt: skip
    assert built.answer("lost-parcels-totals") == (
        "2 of 3 printed totals agree with our sums. 1 differs, for a reason that is given."
    )


def test_totals_that_withheld_figures_leave_open_are_said_to_be_so(make: Make) -> None:
    built = make((LETTERS, CROSSTAB))
    answer = built.answer("lost-letters-by-office-totals")
    assert answer.endswith("can’t be checked, because figures are withheld.")
    assert "; " in built.headers["lost-letters-by-office-per-year"]["basis"]


def test_a_table_without_printed_totals_or_markers_has_no_questions_about_them(make: Make) -> None:
    shape = changed(PARCELS, tables=[alone(PARCELS["tables"][1])])
    rows = tuple(row.replace("[REDACTED]", "home").replace("█", "He") for row in ROWS)
    built = make((parcels(rows, ()).replace("Year,Parcels\n\n", ""), shape), redacted=False)
    names = [*built.headers]
    assert names == [
        "lost-parcels-per-year",
        "lost-parcels-per-district",
        "lost-parcels-district-by-year",
    ]
    assert built.headers[names[0]]["basis"] == (
        "Our count. The document prints no totals to check the table against."
    )


def test_what_is_redacted_most_comes_first(make: Make) -> None:
    built = make((parcels(), PARCELS))
    found = built.figures("lost-parcels-most-redacted", "id", "redaction_count", "visible_words")
    assert found == [("d1-000003", 1, 4), ("d1-000001", 1, 5)]
    assert built.figures("lost-parcels-per-redaction-band", "redaction_band", "parcels") == [
        ("unmarked", 1),
        ("moderate", 2),
        (None, 1),
    ]


def test_words_of_the_shape_are_used_as_they_are_given(make: Make) -> None:
    shape = changed(PARCELS, one_row_is="parcel {{ 1 }}", plural='parcels {% "x" %}', article="one")
    column(shape, "district")["phrase"] = "went missing in each district"
    built = make((parcels(), shape))
    name = "lost-parcels-per-district"
    assert built.headers[name]["title"] == (
        'How many parcels {% "x" %} went missing in each district?'
    )
    assert built.answer(name).endswith('of 4 parcels {% "x" %}.')


def test_caveats_are_shown_where_they_apply(make: Make) -> None:
    caveats = [
        {"id": "all", "sentence": "Of the family.", "text": "More."},
        {"id": "one", "sentence": "Of a column.", "applies_to": ["district"]},
    ]
    own = [{"id": "own", "sentence": "Of one document.", "applies_to": ["parcels"]}]
    built = make((parcels(), changed(PARCELS, caveats=caveats)), caveats=own)

    def shown(name: str) -> list[str]:
        return [caveat["short"] for caveat in built.headers[name]["caveats"]]

    by_district, by_year = shown("lost-parcels-per-district"), shown("lost-parcels-per-year")
    assert {"Of the family.", "Of a column.", "d1: Of one document."} <= {*by_district}
    assert {"Of the family.", "d1: Of one document."} <= {*by_year}
    assert "Of a column." not in by_year
    part = "A figure for part of a year can’t be compared with those for whole years."
    assert part in by_year
    assert part not in by_district
    assert [
        tuple(row) for row in built.select("select * from caveats where id in ('one', 'own')")
    ] == [
        (None, "lost_parcels", "lost_parcels", "district", "one", "Of a column.", None),
        ("d1", "lost_parcels", "lost_parcels", None, "own", "Of one document.", None),
    ]


@pytest.mark.parametrize("of_document", [True, False])
def test_a_caveat_about_nothing_stops_the_build(make: Make, of_document: bool) -> None:
    caveats = [{"id": "one", "sentence": "x", "applies_to": ["distric"]}]
    with pytest.raises(BuildError, match="district, or another of"):
        make(
            (parcels(), changed(PARCELS, caveats=[] if of_document else caveats)),
            caveats=caveats if of_document else [],
        )


def test_two_questions_of_one_name_stop_the_build(make: Make) -> None:
    shape = copy.deepcopy(PARCELS)
    column(shape, "district")["name"] = "by_office_per_kind"
    with pytest.raises(BuildError, match="lost-parcels-per-by-office-per-kind"):
        make((parcels(), shape), (LETTERS, changed(CROSSTAB, family="lost_parcels_per")))
