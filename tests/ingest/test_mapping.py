"""From cells to records: each rule of a shape, with a document that goes wrong without it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.config.markers import Redactions
from ingest.mapping import map_cells
from ingest.mapping.periods import Periods
from ingest.mapping.problems import MAX_PROBLEMS
from ingest.mapping.rows import STEPS, Step, apply_codes, derive, fill_down, take_marks
from ingest.mapping.values import date_formats, parse_date, parse_number
from ingest.readers.markers import recognise
from ingest.readers.met.text import read_text_disclosure
from ingest.readers.text import read_text_cells
from ingest.records.cells import CellRow, Passage, Place
from ingest.records.disclosure import Note
from ingest.records.findings import Finding
from ingest.records.tabular import AS_PRINTED, PrintedTotal, Record
from tests.documents import FIRST
from tests.shapes import (
    a_manifest,
    a_shape,
    disagreements,
    drawn,
    mapped,
    only,
    records,
)

Rows = Sequence[str | Sequence[str | None]]


def without(*steps: Step) -> tuple[Step, ...]:
    return tuple(step for step in STEPS if step not in steps)


def instead(step: Step, other: Step) -> tuple[Step, ...]:
    return tuple(other if one is step else one for one in STEPS)


@dataclass
class Case:
    """A rule: the tables of a shape and a document in which it decides, what should come of it, and the
    same shape, or the same steps, without the rule."""

    shape: str
    tables: Sequence[Rows | str]
    expected: list[dict[str, object]]
    off: str | None = None
    steps: tuple[Step, ...] = STEPS
    keys: dict[str, str] = field(default_factory=dict)
    sheets: Sequence[str] = ()
    paged: bool = False
    notes: list[str] = field(default_factory=list)

    def read(self, shape: str, steps: Sequence[Step]) -> tuple[object, ...]:
        cells = drawn(*self.tables, sheets=self.sheets, paged=self.paged)
        items = mapped(a_shape(shape, **self.keys), cells, steps)
        found = [record.values for record in only(Record, items)]
        notes = [note.text for note in only(Note, items)]
        wrong = [str(one) for one in only(Finding, items)] + disagreements(items)
        return found, notes, wrong


ONE = """
  - name: list
    columns:
      - {name: area, head: [Area, Ward], role: category}
      - {name: sum, role: number}
"""
TWO = """
  - name: list
    columns:
      - {name: area, role: category, fill_down: true}
      - {name: kind, role: category, fill_down: true}
      - {name: sum, role: number}
"""
MARKED = """
  - name: list
    marks: {year: {"*": under way}}
    columns:
      - {name: year, role: period}
      - {name: area, role: category}
      - {name: result, role: category, codes: {"": not stated}}
"""
CODED = """
  - name: list
    columns:
      - {name: area, role: category}
      - {name: sum, role: number, codes: {"": nought, "<5": suppressed}}
"""
DERIVED = """
  - name: list
    columns:
      - {name: ref, role: key}
      - {name: sent, role: date, format: "%d/%m/%Y"}
      - {name: office, role: category, from: ref, take: "^([A-Z]+)-"}
      - {name: year, role: period, from: sent}
"""
CROSSTAB = """
  - name: crosstab
    columns: [{name: area, role: category, fill_down: true}, {name: kind, role: category}]
    spread: {into: year, value: sum, total: Sum, codes: {"": nought}}
"""
PARTS = """
  - name: crosstab
    columns: [{name: kind, role: category}]
    spread: {into: area, role: category, value: sum}
"""
CUT = """
  - name: list
    goes_on_where_blank: [sum]
    columns:
      - {name: area, role: category}
      - {name: sum, role: number}
"""
SHEETS = """
  - {name: a, sheet: First, columns: [{name: area, role: category}, {name: sum, role: number}]}
  - {name: b, sheet: Second, columns: [{name: area, role: category}, {name: sum, role: number}]}
"""
LIST_AND_TOTALS = """
  - name: by_area
    kind: totals
    columns: [{name: area, role: category}, {name: parcels, role: number}]
  - name: list
    adds_up_to: by_area
    columns: [{name: number, head: No., role: sequence}, {name: area, role: category}]
"""
NORTH, SOUTH = ({"area": "North", "sum": Decimal(1)}, {"area": "South", "sum": Decimal(2)})

CASES = {
    "heads are found whatever their case and white space, and wherever they are": Case(
        ONE,
        [["A title"], [["\u00a0AREA ", "Sum"], "North | 1"]],
        [NORTH],
        off=ONE.replace("[Area, Ward]", "Areas"),
        notes=["A title"],
    ),
    "one of several heads": Case(
        ONE, [["Ward | Sum", "North | 1"]], [NORTH], off=ONE.replace("[Area, Ward]", "Area")
    ),
    "columns in another order": Case(
        ONE, [["Sum | Area", "1 | North"]], [NORTH], off=ONE.replace("[Area, Ward]", "Sum of areas")
    ),
    "a repeated header": Case(
        ONE,
        [["Area | Sum", "North | 1"], ["Ward | Sum", "South | 2"]],
        [NORTH, SOUTH],
        off=ONE.replace("[Area, Ward]", "Area"),
        paged=True,
    ),
    "a header that moves to other columns": Case(
        ONE,
        [["Area | Sum", "North | 1"], ["Sum | Area", "2 | South"]],
        [NORTH, SOUTH],
        off=ONE.replace("sum, role: number", "sum, role: category"),
        paged=True,
    ),
    "an optional column": Case(
        ONE + "      - {name: remark, role: text, optional: true}\n",
        [["Area | Sum", "North | 1"]],
        [NORTH | {"remark": None}],
        off=ONE + "      - {name: remark, role: text}\n",
    ),
    "heads over two rows": Case(
        ONE.replace("    columns", "    header_rows: 2\n    columns").replace(
            "[Area, Ward]", "Area of the parcel"
        ),
        [[["Area of", "Sum"], ["the parcel", ""], ["North", "1"]]],
        [NORTH],
        off=ONE.replace("[Area, Ward]", "Area of the parcel"),
    ),
    "heads over several columns": Case(
        "- {name: crosstab, header_rows: 2, columns: [{name: kind, role: category}], spread: {into: who, role: category, value: sum}}",
        [[["Kind", "2019", "", "2020"], ["", "Men", "Women", "Men"], ["a", "1", "2", "3"]]],
        [
            {"kind": "a", "who": who, "sum": Decimal(n)}
            for n, who in enumerate(("2019 Men", "2019 Women", "2020 Men"), 1)
        ],
        off="- {name: crosstab, columns: [{name: kind, role: category}], spread: {into: who, role: category, value: sum}}",
    ),
    "tables by their sheets": Case(
        SHEETS,
        [["Area | Sum", "North | 1"], ["Area | Sum", "South | 2"]],
        [NORTH, SOUTH],
        off=SHEETS.replace("Second", "Third"),
        sheets=["First", " SECOND"],
    ),
    "a table goes on over the next page": Case(
        ONE,
        [["Area | Sum", "North | 1"], "page 1 of 2", ["South | 2"]],
        [NORTH, SOUTH],
        off=ONE.replace("Ward", "North").replace("Area", "None"),
        paged=True,
        notes=["page 1 of 2"],
    ),
    "a row that a page cuts goes on": Case(
        CUT,
        [
            ["Area | Sum", "North | 1", "South of | 2"],
            ["the river | "],
            ["Area | Sum", "South | 2"],
        ],
        [NORTH, {"area": "South of the river", "sum": Decimal(2)}, SOUTH],
        off=CUT.replace("    goes_on_where_blank: [sum]\n", ""),
        paged=True,
    ),
    "the last row that waits for more is not lost before another table": Case(
        CUT.replace(
            "      - {name: sum",
            "      - {name: note, role: category, optional: true, codes: {'': not stated}}\n      - {name: sum",
        ),
        [["Area | Sum", "North | 1"], ["Area | Note | Sum", "South | x | 2"]],
        [NORTH | {"note": None}, SOUTH | {"note": "x"}],
        off=CUT,
        paged=True,
    ),
    "blanks take the text above": Case(
        TWO,
        [["Area | Kind | Sum", "North | a | 1", " | b | 2"]],
        [
            {"area": "North", "kind": "a", "sum": Decimal(1)},
            {"area": "North", "kind": "b", "sum": Decimal(2)},
        ],
        steps=without(fill_down),
    ),
    "text that is drawn once for several rows": Case(
        TWO,
        [[["Area", "Kind", "Sum"], ["North", "a", "1"], [None, "b", "2"]]],
        [
            {"area": "North", "kind": "a", "sum": Decimal(1)},
            {"area": "North", "kind": "b", "sum": Decimal(2)},
        ],
        off=TWO.replace(
            "{name: area, role: category, fill_down: true}", "{name: area, role: category}"
        ),
    ),
    "a mark gives its blanks their status": Case(
        MARKED,
        [["Year | Area | Result", "*2019 | | ", "2019 | North | "]],
        [
            {"year": "2019", "area": None, "result": None},
            {"year": "2019", "area": "North", "result": None},
        ],
        steps=without(take_marks),
    ),
    "codes": Case(
        CODED,
        [["Area | Sum", "North | ", "South | <5"]],
        [{"area": "North", "sum": Decimal(0)}, {"area": "South", "sum": None}],
        steps=without(apply_codes),
    ),
    "codes by pattern": Case(
        CODED.replace('"<5": suppressed', '"<[0-9]+": {status: suppressed, pattern: true}'),
        [["Area | Sum", "South | <12"]],
        [{"area": "South", "sum": None}],
        off=CODED,
    ),
    "derived columns": Case(
        DERIVED,
        [["Ref | Sent", "AB-1 | 02/04/2019"]],
        [{"ref": "AB-1", "sent": date(2019, 4, 2), "office": "AB", "year": "2019/20"}],
        steps=without(derive),
    ),
    "when the year starts": Case(
        DERIVED,
        [["Ref | Sent", "AB-1 | 02/03/2019"]],
        [{"ref": "AB-1", "sent": date(2019, 3, 2), "office": "AB", "year": "2019"}],
        off=DERIVED.replace("%d/%m", "%m/%d").replace("year, role: period", "year, role: category"),
        keys={"year_starts": "01-01"},
    ),
    "the part of a cell that counts": Case(
        ONE.replace("role: number", 'role: number, take: "(.+)%"'),
        [["Area | Sum", "North | 1%"]],
        [NORTH],
        off=ONE,
    ),
    "a crosstab": Case(
        CROSSTAB,
        [
            [
                "Area | Kind | 2019/20 | 2020/21 | Sum",
                "North | a | 1 | | 1",
                " | b | 2 | 3 | 5",
                "North total | | 3 | 3 | 6",
                "South | a | 4 | 0 | 4",
                "South Total | | 4 | | 4",
                "Grand Total | | 7 | 3 | 10",
            ]
        ],
        [
            {"area": area, "kind": kind, "year": year, "sum": Decimal(value)}
            for area, kind, year, value in (
                ("North", "a", "2019/20", 1),
                ("North", "a", "2020/21", 0),
                ("North", "b", "2019/20", 2),
                ("North", "b", "2020/21", 3),
                ("South", "a", "2019/20", 4),
                ("South", "a", "2020/21", 0),
            )
        ],
        off=CROSSTAB.replace(', codes: {"": nought}', ""),
    ),
    "rows of totals by another word": Case(
        CROSSTAB.replace("    columns", "    totals: ^All( of)?\n    columns"),
        [
            [
                "Area | Kind | 2019 | Sum",
                "North | a | 1 | 1",
                "All of North | | 1 | 1",
                "All | | 1 | 1",
            ]
        ],
        [{"area": "North", "kind": "a", "year": "2019", "sum": Decimal(1)}],
        off=CROSSTAB,
    ),
    "parts of a crosstab in print order": Case(
        PARTS,
        [["Kind | North | South", "a | 1 | 2"], ["Kind | East", "a | 3", "b | 4"]],
        [
            {"kind": kind, "area": area, "sum": Decimal(value)}
            for kind, area, value in (
                ("a", "North", 1),
                ("a", "South", 2),
                ("a", "East", 3),
                ("b", "East", 4),
            )
        ],
        off=PARTS.replace("value: sum", "value: sum, heads: North|South"),
        paged=True,
    ),
    "parts of a crosstab side by side": Case(
        PARTS,
        [["Kind | North | Kind | East", "a | 1 | a | 3", " | | b | 4"]],
        [
            {"kind": kind, "area": area, "sum": Decimal(value)}
            for kind, area, value in (("a", "North", 1), ("a", "East", 3), ("b", "East", 4))
        ],
        off=PARTS.replace("value: sum", "value: sum, heads: North"),
    ),
    "labels within heads": Case(
        PARTS.replace("value: sum", "value: sum, heads: 'Number in (.+)'"),
        [["Kind | Number in North", "a | 1"]],
        [{"kind": "a", "area": "North", "sum": Decimal(1)}],
        off=PARTS,
    ),
    "a corner without a head": Case(
        "- {name: crosstab, columns: [{name: kind, head: '', role: category}], spread: {into: year, value: sum}}",
        [[" | 2019 | 2020", "a | 1 | 2"]],
        [
            {"kind": "a", "year": year, "sum": Decimal(value)}
            for year, value in (("2019", 1), ("2020", 2))
        ],
        off="- {name: crosstab, columns: [{name: kind, role: category}], spread: {into: year, value: sum}}",
    ),
    "a row that ends the table": Case(
        ONE.replace("    columns", "    until: ^Source\n    columns"),
        [["Area | Sum", "North | 1", "Source: | us", "and others | "]],
        [NORTH],
        off=ONE,
        notes=["Source:\tus", "and others"],
    ),
    "heads that nobody wants": Case(
        ONE.replace("    columns", "    ignore_others: true\n    columns"),
        [["Area | Colour | Sum", "North | red | 1"]],
        [NORTH],
        off=ONE,
    ),
    "a table of words": Case(
        ONE
        + "  - {name: glossary, kind: notes, columns: [{name: word, role: category}, {name: meaning, role: text}]}",
        [["Area | Sum", "North | 1"], ["Word | Meaning", "Area | A part of town"]],
        [NORTH],
        off=ONE,
        sheets=["a", "b"],
        notes=["Area\tA part of town"],
    ),
    "a table of totals": Case(
        LIST_AND_TOTALS,
        [
            ["Area | Parcels", "North | 2", "South | 1", "Total | 3"],
            ["No. | Area", "1 | North", "2 | South", "3 | North"],
        ],
        [{"number": n, "area": area} for n, area in enumerate(("North", "South", "North"), 1)],
        off=LIST_AND_TOTALS.replace("kind: totals", "totals: nothing\n    kind: totals"),
        paged=True,
    ),
    "periods that need explaining": Case(
        ONE.replace("role: category", "role: period"),
        [["Area | Sum", "Lockdown | 1"]],
        [{"area": "Lockdown", "sum": Decimal(1)}],
        off=ONE.replace("role: category", "role: date"),
        keys={"periods": "{Lockdown: [2020-03-23, 2020-07-04]}"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_rule_does_what_it_says_and_nothing_else_does(case: Case) -> None:
    found, notes, wrong = case.read(case.shape, STEPS)
    assert wrong == []
    assert (found, notes) == (case.expected, case.notes)
    assert case.off or case.steps is not STEPS, "nothing to switch off"
    assert case.read(case.off or case.shape, case.steps) != (found, notes, wrong)


def test_a_change_on_the_left_clears_what_is_filled_down_on_the_right() -> None:
    """South has no kind of its own, and not that of North."""
    rows = ["Area | Kind | Sum", "North | a | 1", "South | | 2"]
    (finding,) = only(Finding, mapped(a_shape(TWO), drawn(rows)))
    assert "a blank in kind" in finding.found
    careless = instead(fill_down, partial(fill_down, clears=False))
    assert records(mapped(a_shape(TWO), drawn(rows), careless))[1]["kind"] == "a"


def test_a_status_says_why_there_is_no_value() -> None:
    shape = a_shape(MARKED)
    marked, plain = only(
        Record, mapped(shape, drawn(["Year | Area | Result", "* 2019 | | ", "2019 | North | "]))
    )
    assert (marked.status, marked.statuses) == (
        "under way",
        {"area": "under way", "result": "under way"},
    )
    assert (plain.status, plain.statuses) == (None, {"result": "not stated"})
    nought, suppressed = only(
        Record, mapped(a_shape(CODED), drawn(["Area | Sum", "North | ", "South | <5"]))
    )
    assert (nought.statuses, suppressed.statuses) == ({"sum": "nought"}, {"sum": "suppressed"})


def test_a_derived_column_has_no_value_for_the_reason_that_its_source_has_none() -> None:
    shape = a_shape(DERIVED.replace('format: "%d', 'codes: {"": not stated}, format: "%d'))
    (record,) = only(Record, mapped(shape, drawn(["Ref | Sent", "AB-1 | "])))
    assert (record.values["year"], record.statuses["year"]) == (None, "not stated")
    assert record.period is None


def test_records_are_numbered_and_keep_their_place_and_source() -> None:
    found = only(Record, mapped(a_shape(ONE), drawn(["Area | Sum", "North | 1", "", "South | 2"])))
    assert [(str(one.place), one.position, one.source_text) for one in found] == [
        ("line 2", 1, "North\t1"),
        ("line 4", 2, "South\t2"),
    ]


def test_markers_and_what_looks_like_one_are_recognised_in_text() -> None:
    shape = a_shape(
        """
        - name: list
          columns: [{name: ref, role: key}, {name: said, role: text}]
        """,
        redactions="{markers: ['(gone)']}",
    )
    rows = ["Ref | Said", "1 | He  (gone) to [REDACTED] and [name]", "2 | ***"]
    first, second = only(Record, mapped(shape, drawn(rows), redactions={"markers": [{"run": "*"}]}))
    assert first.values["said"] == "He [REDACTED] to [REDACTED] and [name]"
    assert [marker.form for marker in first.markers["said"]] == ["(gone)", "[REDACTED]"]
    assert first.lookalikes == {"said": ("[name]",)}
    assert second.values["said"] == "[REDACTED]"


def totals(items: Sequence[object]) -> list[tuple[object, ...]]:
    return [
        (
            one.table,
            one.scope,
            dict(one.labels),
            one.period and one.period.label,
            one.column,
            one.printed,
        )
        for one in items
        if isinstance(one, PrintedTotal)
    ]


def test_printed_totals_say_what_they_add_up() -> None:
    shape = a_shape(CROSSTAB)
    rows = [
        "Area | Kind | 2019 | Sum",
        "North | a | 1 | 1",
        " | b | 2 | 2",
        " | Total | 3 | 3",
        "South | a | c | c",
        "Total | a | 1 | c",
        "Grand Total | | 3 | ",
    ]
    items = mapped(
        a_shape(CROSSTAB.replace('"": nought', '"": nought, c: suppressed')), drawn(rows)
    )
    assert only(Finding, items) == []
    north = {"area": "North", "kind": "a"}
    assert totals(items) == [
        ("crosstab", "label", north, None, "sum", 1),
        ("crosstab", "label", north | {"kind": "b"}, None, "sum", 2),
        ("crosstab", "label", {"area": "North"}, "2019", "sum", 3),
        ("crosstab", "label", {"area": "North"}, None, "sum", 3),
        ("crosstab", "label", {"area": "South", "kind": "a"}, None, "sum", None),
        ("crosstab", "label", {"kind": "a"}, "2019", "sum", 1),
        ("crosstab", "label", {"kind": "a"}, None, "sum", None),
        ("crosstab", "period", {}, "2019", "sum", 3),
        ("crosstab", "grand", {}, None, "sum", 0),
    ]
    assert shape.records[0].numbers == ["sum"]


def test_a_table_of_totals_adds_up_each_table_that_says_so() -> None:
    shape = a_shape("""
      - name: by_year
        kind: totals
        columns: [{name: years, head: Year, role: period}, {name: parcels, role: number}]
      - name: crosstab
        adds_up_to: by_year
        columns: [{name: kind, role: category}]
        spread: {into: when, value: count}
      - name: list
        adds_up_to: by_year
        columns: [{name: number, head: No., role: sequence}, {name: year, role: period}]
    """)
    tables = (
        ["Year | Parcels", "2019/2020 | 1", "Total | 1"],
        ["Kind | 2019/20", "a | 1"],
        ["No. | Year", "1 | 2019-20"],
    )
    items = mapped(shape, drawn(*tables, paged=True))
    assert totals(items) == [
        ("crosstab", "period", {}, "2019/2020", "count", 1),
        ("list", "period", {}, "2019/2020", None, 1),
        ("crosstab", "grand", {}, None, "count", 1),
        ("list", "grand", {}, None, None, 1),
    ]
    assert disagreements(items) == []


def test_a_word_for_a_total_in_a_plain_list_is_a_value() -> None:
    assert records(mapped(a_shape(ONE), drawn(["Area | Sum", "North Total | 1"]))) == [
        {"area": "North Total", "sum": Decimal(1)}
    ]


BAD: dict[str, tuple[str, Sequence[Rows | str], list[tuple[str, str, str]]]] = {
    "a head that changed": (
        ONE,
        [["Area | Amount", "North | 1", "South | 2"]],
        [
            (
                "line 1",
                "no row holds Area, sum; the nearest (line 1) holds Area",
                "the header of list",
            ),
            ("line 1", "no table of the shape claims: 'Area | Amount', 3 rows", "only tables"),
        ],
    ),
    "no header": (
        ONE,
        [["North | 1"]],
        [
            ("", "no row holds Area, sum", "header"),
            ("line 1", "claims: 'North | 1'", "only tables"),
        ],
    ),
    "a header below its rows": (
        ONE,
        [["North | 1", "Area | Sum", "South | 2"]],
        [("line 1", "no table of the shape claims: 'North | 1'", "only tables")],
    ),
    "a column more": (
        ONE,
        [["Area | Sum | Cost", "North | 1 | 2"]],
        [("line 1", "the head 'Cost'", "Area, sum")],
    ),
    "a column twice": (
        ONE,
        [["Area | Sum | Sum", "North | 1 | 2"]],
        [("line 1", "the head 'Sum'", "Area, sum")],
    ),
    "a header that changed in the middle": (
        TWO,
        [["Area | Kind | Sum", "North | a | 1"], ["Area | Kind | Amount", "South | b | 2"]],
        [("line 3", "a header that changed: 'Area | Kind | Amount'", "Area | Kind | Sum")],
    ),
    "a blank": (
        ONE,
        [["Area | Sum", " | 1", " | 2"]],
        [("line 2", "a blank in area, 2 cells", "a code")],
    ),
    "a blank number": (ONE, [["Area | Sum", "North | "]], [("line 2", "a blank in sum", "a code")]),
    "no number": (
        ONE,
        [["Area | Sum", "North | 1O", "South | 1O"]],
        [("line 2", "'1O' in sum, 2 cells", "a number")],
    ),
    "no date": (
        DERIVED,
        [["Ref | Sent", "AB-1 | 31/02/2019"]],
        [("line 2", "'31/02/2019' in sent", "a date as %d/%m/%Y")],
    ),
    "an ambiguous date": (
        DERIVED.replace(', format: "%d/%m/%Y"', ""),
        [["Ref | Sent", "AB-1 | 03/04/2019", "AB-2 | 05/04/2019"]],
        [
            (
                "line 2",
                "'03/04/2019' in sent, which may be the day or the month first, 2 cells",
                "YYYY-MM-DD",
            )
        ],
    ),
    "no period": (
        ONE.replace("role: category", "role: period"),
        [["Area | Sum", "Spring | 1"]],
        [("line 2", "'Spring' in area", "a period, such as")],
    ),
    "no text in which take finds its part": (
        DERIVED,
        [["Ref | Sent", "1-AB | 02/04/2019"]],
        [("line 2", "'1-AB' in office", "take finds")],
    ),
    "an unknown term": (
        ONE.replace("role: category", "role: category, terms: [North]"),
        [["Area | Sum", "South | 1"]],
        [("line 2", "'South' in area", "one of the terms")],
    ),
    "a gap in the numbers": (
        LIST_AND_TOTALS,
        [["Area | Parcels", "Total | 2"], ["No. | Area", "1 | North", "3 | North"]],
        [("line 5", "number 3 after 1", "2: the numbers")],
    ),
    "a row outside any table": (
        ONE,
        [["Area | Sum", "North | 1"], ["x | y | z"]],
        [("line 3", "claims: 'x | y | z'", "only tables")],
    ),
    "a row with too few cells": (
        ONE,
        [["Area | Sum", "North"]],
        [("line 2", "1 cell: 'North'", "2 cells: 'Area | Sum'")],
    ),
    "a row with too many cells": (
        ONE,
        [["Area | Sum", "North | 1 | 2"]],
        [("line 2", "3 cells: 'North | 1 | 2'", "2 cells")],
    ),
    "a row that is cut": (
        ONE,
        [["Area | Sum", ["North", None]]],
        [("line 2", "a row that is cut: 'North | ∅'", "a cell in each")],
    ),
    "a cell below no head": (
        ONE,
        [["Area | | Sum", "North | x | 1"]],
        [("line 2", "'x' in a column without a head", "below the heads")],
    ),
    "a row that goes on from none": (
        CUT,
        [["Area | Sum", "North | "]],
        [("line 2", "a row that goes on from none", "a row above it")],
    ),
    "a crosstab without the column of its totals": (
        CROSSTAB,
        [["Area | Kind | 2019", "North | a | 1"]],
        [("", "no head 'Sum' in crosstab", "the printed total")],
    ),
    "a total that is called otherwise": (
        PARTS,
        [["Kind | North | Grand Total", "a | 1 | 1"]],
        [("line 1", "the head 'Grand Total'", "only the heads")],
    ),
    "a figure that is none": (
        PARTS,
        [["Kind | North", "a | x"]],
        [("line 2", "'x' in sum", "a number")],
    ),
}


@pytest.mark.parametrize(("shape", "tables", "expected"), BAD.values(), ids=BAD)
def test_what_does_not_fit_is_reported_with_its_place(
    shape: str, tables: Sequence[Rows | str], expected: list[tuple[str, str, str]]
) -> None:
    found = only(Finding, mapped(a_shape(shape), drawn(*tables)))
    assert len(found) == len(expected), "\n".join(map(str, found))
    for finding, (place, what, wanted) in zip(found, expected, strict=True):
        assert str(finding.place or "") == place, finding
        assert what in finding.found, finding
        assert wanted in finding.expected, finding
        assert finding.fix


def test_two_tables_that_match_one_header_are_reported() -> None:
    shape = a_shape("""
      - {name: a, columns: [{name: x, role: category}, {name: y, role: category, optional: true}]}
      - {name: b, columns: [{name: x, role: category}, {name: z, head: [Y, Z], role: category}]}
    """)
    (finding,) = only(Finding, mapped(shape, drawn(["X | Y", "1 | 2"])))
    assert (str(finding.place), "a and b match: 'X | Y'" in finding.found) == ("line 1", True)


def test_a_table_below_the_row_that_ends_one_is_not_lost_in_the_notes() -> None:
    shape = a_shape(ONE.replace("    columns", "    until: ^Source\n    columns"))
    rows = ["Area | Sum", "North | 1", "Source | us", "Area | Cost", "South | 2"]
    (finding,) = only(Finding, mapped(shape, drawn(rows)))
    assert (str(finding.place), "'Area | Cost', 2 rows" in finding.found) == ("line 4", True)


def test_a_page_whose_columns_run_together_is_not_lost_in_the_notes() -> None:
    pages = (["Area | Sum", "North | 1"], ["South 2", "East 3"])
    (finding,) = only(Finding, mapped(a_shape(ONE), drawn(*pages, paged=True)))
    assert "claims: 'East 3'" in finding.found


def test_a_table_does_not_go_on_over_the_next_sheet() -> None:
    sheets = (["Area | Sum", "North | 1"], ["South | 2"])
    (finding,) = only(Finding, mapped(a_shape(ONE), drawn(*sheets, sheets=["a", "b"])))
    assert (str(finding.place), "claims: 'South | 2'" in finding.found) == ("b!A1", True)


def test_a_header_does_not_go_on_over_the_next_drawn_table() -> None:
    shape = a_shape(ONE.replace("    columns", "    header_rows: 2\n    columns"))
    pages = (["Area | Sum"], [" | ", "North | 1"])
    assert only(Record, mapped(shape, drawn(*pages, paged=True))) == []


def test_a_row_that_says_what_some_heads_say_is_a_row() -> None:
    shape = a_shape("""
      - name: list
        columns: [{name: a, role: group}, {name: b, role: group}, {name: c, role: group}, {name: d, role: group}]
    """)
    items = mapped(shape, drawn(["A | B | C | D", "a | b | x | y"]))
    assert records(items) == [{"a": "a", "b": "b", "c": "x", "d": "y"}]


def test_a_row_that_goes_on_has_the_source_of_both_its_parts() -> None:
    (record,) = only(Record, mapped(a_shape(CUT), drawn(["Area | Sum", "South of | 2", "town | "])))
    assert record.source_text == "South of\t2\ntown\t"


def test_a_row_of_totals_may_have_one_cell_for_all_its_labels() -> None:
    rows: list[list[str | None]] = [
        ["Area", "Kind", "2019", "Sum"],
        ["North", "a", "1", "1"],
        ["Grand Total", None, "1", "1"],
    ]
    items = mapped(a_shape(CROSSTAB), drawn(rows))
    assert (len(records(items)), disagreements(items)) == (1, [])
    rows[2][2] = None
    (finding,) = only(Finding, mapped(a_shape(CROSSTAB), drawn(rows)))
    assert finding.found.startswith("a row that is cut")


def test_a_grand_total_adds_up_everything_whatever_is_filled_down() -> None:
    rows = ["Area | Kind | 2019 | Sum", "North | a | 1 | 1", " | Grand Total | 1 | 1"]
    items = mapped(a_shape(CROSSTAB), drawn(rows))
    assert [total[1:3] for total in totals(items)[1:]] == [("period", {}), ("grand", {})]


def test_a_row_of_totals_that_is_wrong_is_no_total() -> None:
    rows = ["Area | Kind | 2019 | Sum", "North | a | 1 | 1", "Total | | x | 1"]
    items = mapped(a_shape(CROSSTAB), drawn(rows))
    (finding,) = only(Finding, items)
    assert "'x' in sum" in finding.found
    assert len(totals(items)) == 1


def test_a_total_of_a_label_that_stands_for_no_value_adds_up_the_rows_without_one() -> None:
    shape = a_shape(CROSSTAB.replace("fill_down: true", "fill_down: true, codes: {n/k: not known}"))
    rows = ["Area | Kind | 2019 | Sum", "n/k | a | 1 | 1", "n/k total | | 1 | 1"]
    items = mapped(shape, drawn(rows))
    assert [total[2] for total in totals(items)][1:] == [{"area": None}] * 2
    assert disagreements(items) == []


def test_a_header_is_of_the_table_that_names_all_its_heads() -> None:
    shape = a_shape("""
      - {name: a, ignore_others: true, optional: true, columns: [{name: x, role: category}]}
      - {name: b, optional: true, columns: [{name: x, role: category}, {name: y, role: category}]}
    """)
    for heads, table in (("X | Y | Z", "a"), ("X | Y", "b"), ("X | Z", "a")):
        items = mapped(shape, drawn([heads, " | ".join("1" * len(heads.split(" | ")))]))
        assert records(items)
        assert [record.table for record in only(Record, items)] == [table]


def test_a_mark_may_follow_and_the_longest_counts() -> None:
    shape = a_shape(MARKED.replace('"*": under way', '"*": under way, "**": closed'))
    rows = [
        "Year | Area | Result",
        "2019* | North | x",
        "2019 ** | North | x",
        "**2019 | North | x",
    ]
    found = only(Record, mapped(shape, drawn(rows)))
    assert [one.status for one in found] == ["under way", "closed", "closed"]
    assert {one.values["year"] for one in found} == {"2019"}


def test_a_figure_that_is_blank_beside_a_mark_takes_its_meaning() -> None:
    shape = a_shape(PARTS.replace("    spread", '    marks: {kind: {"*": under way}}\n    spread'))
    (record,) = only(Record, mapped(shape, drawn(["Kind | North", "*a | "])))
    assert (record.values["sum"], record.statuses) == (None, {"sum": "under way"})


def test_a_label_that_is_printed_in_every_row_clears_what_is_filled_down_too() -> None:
    shape = a_shape(
        TWO.replace("name: area, role: category, fill_down: true", "name: area, role: category")
    )
    rows = ["Area | Kind | Sum", "North | a | 1", "North | | 2", "South | | 3"]
    (finding,) = only(Finding, mapped(shape, drawn(rows)))
    assert (str(finding.place), finding.found) == ("line 4", "a blank in kind")


def test_a_cell_is_accepted_only_where_the_column_has_a_status() -> None:
    shape = a_shape(ONE.replace("role: category", "role: category, take: ^(N.*)"))
    accepted = {"area": {"South": {"count": 1, "reason": "r"}}}
    found = only(
        Finding, mapped(shape, drawn(["Area | Sum", "South | 1"]), accepted_cells=accepted)
    )
    assert any("'South' in area" in one.found and one.place for one in found)


def test_numbers_are_counted_on_from_a_gap() -> None:
    tables = (
        ["Area | Parcels", "Total | 3"],
        ["No. | Area", "1 | North", "3 | North", "4 | North"],
    )
    (finding,) = only(Finding, mapped(a_shape(LIST_AND_TOTALS), drawn(*tables)))
    assert finding.found == "number 3 after 1"


def test_a_year_in_a_row_does_not_make_it_a_header() -> None:
    corner = "- {name: crosstab, optional: true, columns: [{name: kind, head: '', role: category}], spread: {into: year, value: sum}}"
    listed = "- {name: list, columns: [{name: area, role: category, fill_down: true}, {name: year, role: period}, {name: n, role: number}]}"
    rows = ["Area | Year | N", "North | 2019 | 1", " | 2020 | x2"]
    (finding,) = only(Finding, mapped(a_shape(f"{corner}\n{listed}"), drawn(rows)))
    assert finding.found == "'x2' in n"


def test_nothing_is_filled_down_past_a_row_of_totals() -> None:
    rows = [
        "Area | Kind | 2019 | Sum",
        "North | a | 1 | 1",
        "North Total | | 1 | 1",
        " | b | 2 | 2",
    ]
    (finding,) = only(Finding, mapped(a_shape(CROSSTAB), drawn(rows)))
    assert (str(finding.place), "a blank in area" in finding.found) == ("line 4", True)


def test_a_sheet_is_named_with_its_row() -> None:
    items = mapped(a_shape(ONE), drawn(["Area | Sum", "North | x"], sheets=["Table 1"]))
    (finding,) = only(Finding, items)
    assert str(finding).startswith("source.csv, Table 1!A2\n")


def test_a_finding_has_the_line_to_copy() -> None:
    rows = ["Area | Sum", "North | £50 or £70", "South | £50 or £70"]
    (finding,) = only(Finding, mapped(a_shape(ONE), drawn(rows)))
    assert finding.lines == ("accepted_cells: {sum: {£50 or £70: {count: 2, reason: …}}}",)


def test_cells_are_accepted_by_number_and_not_one_more_or_fewer() -> None:
    shape, rows = a_shape(ONE), ["Area | Sum", "North | some", "South | some"]
    for count in (1, 2, 3):
        accepted = {"sum": {"some": {"count": count, "reason": "as printed"}}}
        items = mapped(shape, drawn(rows), accepted_cells=accepted)
        if count == 2:
            assert [(one.values["sum"], one.statuses) for one in only(Record, items)] == [
                (None, {"sum": AS_PRINTED})
            ] * 2
            assert only(Finding, items) == []
        else:
            (finding,) = only(Finding, items)
            assert "'some' in sum" in finding.found
            assert "2 cells" in finding.expected
    (finding,) = only(
        Finding,
        mapped(
            shape,
            drawn([*rows[:2], "South | any"]),
            accepted_cells={"sum": {"some": {"count": 1, "reason": "r"}}},
        ),
    )
    assert "'any' in sum" in finding.found


def test_a_figure_is_accepted_as_printed_too() -> None:
    accepted = {"sum": {"x": {"count": 1, "reason": "r"}}}
    items = mapped(a_shape(PARTS), drawn(["Kind | North", "a | x"]), accepted_cells=accepted)
    (record,) = only(Record, items)
    assert (record.values["sum"], record.statuses) == (None, {"sum": AS_PRINTED})


def test_a_row_that_is_wrong_is_no_record_and_its_number_is_not_used_again() -> None:
    items = mapped(a_shape(ONE), drawn(["Area | Sum", "North | x", "South | 2"]))
    assert [record.position for record in only(Record, items)] == [2]


def test_many_faults_are_a_bounded_list() -> None:
    rows = ["Area | Sum", *(f"North | x{n}" for n in range(MAX_PROBLEMS + 5))]
    findings = only(Finding, mapped(a_shape(ONE), drawn(rows)))
    assert len(findings) == MAX_PROBLEMS + 1
    assert findings[-1].found.startswith("5 other problems")


def test_findings_of_a_reader_go_on() -> None:
    finding = Finding(Path("a"), 1, "found", "expected", "fix")
    assert finding in mapped(a_shape(ONE), [finding, *drawn(["Area | Sum", "North | 1"])])


def test_a_row_that_repeats_a_part_of_the_header_is_skipped_and_noted() -> None:
    tables = (["Area | Kind | Sum", "North | a | 1"], ["Area | Kind | ", "North | b | 2"])
    items = mapped(a_shape(TWO), drawn(*tables, paged=True))
    assert [row["kind"] for row in records(items)] == ["a", "b"]
    assert only(Note, items) == [Note("Repeated headings", 1, "Area\tKind")]


def test_the_first_disclosure_fits_a_shape(tmp_path: Path) -> None:
    """Its table of officers, which the Met's own reader reads as well."""
    text = (FIRST / "source.txt").read_text("utf-8")
    table = tmp_path / "table.txt"
    table.write_text(text[text.index("Year\tRank") :], "utf-8")
    shape = a_shape("""
      - name: officers
        marks: {year: {"*": under investigation}}
        columns:
          - {name: year, role: period}
          - {name: rank, role: category}
          - {name: summary, role: text}
          - {name: result, role: category}
          - {name: action, role: category, codes: {"": not stated}}
          - {name: sanction, role: category, codes: {"": not stated}}
    """)
    not_markers: dict[str, object] = {"not_markers": ["[Facebook]"]}
    manifest = a_manifest(redactions=not_markers)
    items = list(map_cells(read_text_cells(table), table, shape, manifest))
    disclosure, _ = read_text_disclosure(FIRST / "source.txt")
    assert disclosure
    disclosure = recognise(disclosure, manifest.forms(Redactions()))
    assert len(records(items)) == 409
    for row, record in zip(disclosure.rows, only(Record, items), strict=True):
        assert record.values == {
            "year": str(row.year),
            "rank": row.rank,
            "summary": row.summary,
            "result": row.result,
            "action": row.action,
            "sanction": row.sanction,
        }
        assert record.source_text == row.source_text
        assert (record.status == "under investigation") is row.under_investigation
        assert record.markers.get("summary", ()) == row.markers
        assert record.lookalikes.get("summary", ()) == row.lookalikes


PERIODS = Periods("04-01", {"Winter": (date(2020, 12, 1), date(2021, 2, 28))})


@pytest.mark.parametrize(
    ("label", "start", "end", "partial"),
    [
        ("2019", "2019-01-01", "2019-12-31", False),
        ("2019/20", "2019-04-01", "2020-03-31", False),
        ("2019/2020", "2019-04-01", "2020-03-31", False),
        ("2019-20", "2019-04-01", "2020-03-31", False),
        ("2019 – 2020", "2019-04-01", "2020-03-31", False),
        ("1999/00", "1999-04-01", "2000-03-31", False),
        ("JAN-SEP 2022", "2022-01-01", "2022-09-30", True),
        ("January 2022", "2022-01-01", "2022-01-31", True),
        ("Jan – Dec 2022", "2022-01-01", "2022-12-31", False),
        ("Apr 2019 - Mar 2020", "2019-04-01", "2020-03-31", False),
        ("Feb 2020", "2020-02-01", "2020-02-29", True),
        ("2020-02-29", "2020-02-29", "2020-02-29", True),
        ("winter", "2020-12-01", "2021-02-28", True),
    ],
)
def test_a_period_is_read(label: str, start: str, end: str, partial: bool) -> None:
    period = PERIODS.parse(label)
    assert period
    assert (str(period.start), str(period.end), period.partial) == (start, end, partial)
    assert period.label == label


@pytest.mark.parametrize(
    "label",
    [
        "",
        "2019/21",
        "2019/19",
        "19/20",
        "2019-12",
        "Sep-Jan 2022",
        "Foo 2022",
        "2021-02-29",
        "0000",
        "20190",
        "Q1 2019",
    ],
)
def test_another_text_is_no_period(label: str) -> None:
    assert PERIODS.parse(label) is None


def test_a_year_of_two_numbers_is_none_where_years_are_calendar_years() -> None:
    assert Periods("01-01", {}).parse("2019/20") is None


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(["01-01", "04-01", "04-06"]))
def test_a_day_lies_in_the_year_that_contains_it_and_that_has_a_name(
    day: date, starts: str
) -> None:
    periods = Periods(starts, {})
    year = periods.containing(day)
    assert year.start <= day <= year.end
    assert not year.partial
    assert periods.parse(year.label) == year


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("1,234", "1234"),
        ("1234.50", "1234.50"),
        ("£1,495,975.00", "1495975.00"),
        ("-5", "-5"),
        ("−£5", "-5"),
        ("+ $ 5", "5"),
        (".5", "0.5"),
        ("0.25", "0.25"),
    ],
)
def test_a_number_is_read(text: str, number: str) -> None:
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,23",
        "1,2345",
        "12,34,567",
        "007",
        "1.",
        "5%",
        "1e3",
        "NaN",
        "Infinity",
        "٣",
        "1 234",
        "£",
        "--5",
        "9" * 101,
    ],
)
def test_another_text_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@given(st.decimals(-(10**9), 10**9, places=2))
def test_any_number_is_read_as_it_is_printed(number: Decimal) -> None:
    assert parse_number(f"{number:,}") == number
    assert parse_number(f"£{abs(number):,.2f}") == abs(number)


def test_dates_are_read_by_their_format_only() -> None:
    assert parse_date("03/04/2019", "%d/%m/%Y") == date(2019, 4, 3)
    assert parse_date("03/04/2019", "%m/%d/%Y") == date(2019, 3, 4)
    assert parse_date("2019-04-03", None) == date(2019, 4, 3)
    assert parse_date("03/04/2019", None) is None
    assert parse_date("20190403", None) is None
    assert parse_date("2019-W14-3", None) is None
    assert date_formats("03/04/2019") == ["%d/%m/%Y", "%m/%d/%Y"]
    assert date_formats("13.04.19") == ["%d.%m.%y"]
    assert date_formats("April") == []


WORD = st.text("abcÀé€ '’-", min_size=1, max_size=8).filter(
    lambda text: bool(text.strip()) and text == " ".join(text.split())
)


@settings(max_examples=50)
@given(
    rows=st.lists(st.tuples(WORD, st.decimals(0, 10**6, places=2), st.dates()), max_size=20),
    order=st.permutations(["area", "sum", "sent"]),
    per_page=st.integers(1, 7),
)
def test_any_list_is_read_back_in_any_order_over_any_pages(
    rows: list[tuple[str, Decimal, date]], order: list[str], per_page: int
) -> None:
    shape = a_shape("""
      - name: list
        columns: [{name: area, role: category}, {name: sum, role: number}, {name: sent, role: date}]
    """)
    expected = [{"area": area, "sum": total, "sent": sent} for area, total, sent in rows]
    printed = [order] + [[f"{row[name]}" for name in order] for row in expected]
    pages = [printed[at : at + per_page] for at in range(0, len(printed), per_page)]
    assert records(mapped(shape, drawn(*pages, paged=True))) == expected


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["North", "South", "East"]), st.sampled_from("abc")),
        st.tuples(*[st.integers(0, 999)] * 3),
        min_size=1,
    )
)
def test_any_crosstab_adds_up_to_the_totals_printed_in_it(
    figures: dict[tuple[str, str], tuple[int, int, int]],
) -> None:
    rows: list[str] = ["Area | Kind | 2019 | 2020 | JAN-SEP 2021 | Sum"]

    def line(area: str, kind: str, values: Sequence[int]) -> str:
        return " | ".join([area, kind, *(str(one or "") for one in (*values, sum(values)))])

    for area in sorted({area for area, _ in figures}):
        own = {kind: values for (one, kind), values in figures.items() if one == area}
        for number, (kind, values) in enumerate(own.items()):
            rows.append(line("" if number else area, kind, values))
        rows.append(
            line(f"{area} TOTAL", "", [sum(one) for one in zip(*own.values(), strict=True)])
        )
    rows.append(line("Grand total", "", [sum(one) for one in zip(*figures.values(), strict=True)]))
    items = mapped(a_shape(CROSSTAB), drawn(rows))
    assert len(records(items)) == 3 * len(figures)
    assert disagreements(items) == []
    assert len(only(PrintedTotal, items)) == len(figures) + 4 * (len(rows) - 1 - len(figures))


@pytest.mark.long
def test_a_long_document_needs_no_more_memory_than_a_short_one() -> None:
    shape = a_shape(ONE)

    def cells(count: int) -> Iterator[CellRow | Passage]:
        yield CellRow(Place(line=1), 1, ("Area", "Sum"), "")
        for number in range(count):
            yield CellRow(Place(line=number + 2), 1, ("North", str(number)), "")

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            items = map_cells(cells(count), Path("a"), shape, a_manifest())
            assert sum(isinstance(item, Record) for item in items) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(20_000) < peak(1_000) + 100_000
