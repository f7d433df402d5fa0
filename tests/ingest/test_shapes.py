"""Shapes: what is refused, and how; the schema for editors; the examples."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.config.manifest import (
    Manifest,
    TabularManifest,
    load_tabular_manifest,
    names_a_shape,
)
from ingest.config.shape import (
    SCHEMA,
    Shape,
    families_once,
    json_schema,
    load_shape,
)
from ingest.config.yaml_model import parse
from ingest.records.findings import Finding
from tests.documents import FIRST
from tests.serving import ROOT
from tests.shapes import a_manifest, a_shape, drawn, mapped, records

EXAMPLES = sorted((ROOT / "examples").glob("*/shape.yml"))
GOOD = """\
family: parcels
one_row_is: parcel
small_cells: 5
tables:
  - name: by_year
    kind: totals
    columns:
      - {name: year, role: period}
      - {name: sum, head: Parcels, role: number}
  - name: parcels
    adds_up_to: by_year
    marks: {year: {"*": under way}}
    columns:
      - {name: number, head: No., role: sequence}
      - {name: year, role: period, codes: {n/k: not known}}
      - {name: sent, role: date, format: "%d/%m/%Y"}
      - {name: area, role: category, fill_down: true, terms: [North, {term: South, meaning: Not north}]}
      - {name: area_letter, role: category, from: area, take: ^(.)}
      - {name: weight, head: [Weight, Weight in kg], role: number, codes: {"<.*": {status: suppressed, pattern: true}}}
      - {name: remarks, role: text, codes: {"": not stated}, optional: true, evidence: [mentions]}
"""


def faults(text: str, path: Path = Path("shape.yml")) -> list[Finding]:
    shape, findings = parse(text, Shape, path)
    assert (shape is None) == bool(findings)
    return findings


def test_the_good_shape_is_good() -> None:
    assert faults(GOOD) == []


WRONG = {
    "a name twice": ("name: sent", "name: year", 10, "each name once"),
    "a head twice": ("head: [Weight,", "head: [NO.,", 10, "each head once"),
    "a table twice": ("name: parcels", "name: by_year", 1, "each name of a table once"),
    "a name that every table has": ("name: remarks", "name: place", 20, "another name than place"),
    "a name of a status": (
        "name: remarks",
        "name: sent_status",
        20,
        "another name than sent_status",
    ),
    "a name that SQL would have to quote": ("name: sent", "name: Sent on", 16, "pattern"),
    "a derived column from nothing": ("from: area", "from: aera", 10, "area, or another of"),
    "totals that are not there": (
        "adds_up_to: by_year",
        "adds_up_to: by_years",
        1,
        "by_year, or another",
    ),
    "a table that adds up to itself": (
        "adds_up_to: by_year",
        "adds_up_to: parcels",
        1,
        "another table",
    ),
    "totals that nothing adds up to": ("    adds_up_to: by_year\n", "", 1, "or no such totals"),
    "a label that the records lack": (
        "{name: sum,",
        "{name: town, role: category}\n      - {name: sum,",
        1,
        "a label of by_year",
    ),
    "a mark on no column": ("marks: {year:", "marks: {yaer:", 10, "year, or another of"),
    "a continuation of no column": (
        "    marks:",
        "    goes_on_where_blank: [ramarks]\n    marks:",
        10,
        "remarks, or another of",
    ),
    "a format of no date": (
        'role: date, format: "%d/%m/%Y"',
        'role: category, format: "%d/%m/%Y"',
        16,
        "only where the role is date",
    ),
    "a format without a day": ('"%d/%m/%Y"', '"%m/%Y"', 16, "with day, month and year"),
    "a pattern that does not compile": ("take: ^(.)", "take: ^(.", 18, "a regular expression"),
    "a pattern of a code that does not": ('"<.*":', '"<.*(":', 19, "a regular expression in codes"),
    "a pattern without a group": ("take: ^(.)", "take: ^.", 18, "one group"),
    "two sequences": (
        'name: weight, head: [Weight, Weight in kg], role: number, codes: {"<.*": {status: suppressed, pattern: true}}',
        "name: weight, role: sequence",
        10,
        "at most one column with the role sequence",
    ),
    "two periods": ('role: date, format: "%d/%m/%Y"', "role: period", 10, "at most one period"),
    "a sequence with blanks": (
        "role: sequence",
        'role: sequence, codes: {"": not stated}',
        14,
        "neither optional nor with codes",
    ),
    "nought for a name": (
        "codes: {n/k: not known}",
        "codes: {n/k: nought}",
        15,
        "nought only where",
    ),
    "two categories": ("small_cells: 5\n", "", 1, "small_cells, because"),
    "a small number that is not": (
        "small_cells: 5",
        "small_cells: 1",
        3,
        "greater than or equal to 2",
    ),
    "a status that nobody knows": ("n/k: not known", "n/k: unknown", 15, "'not known'"),
    "terms of a number": ("name: weight,", "name: weight, terms: [1],", 19, "terms only where"),
    "a term twice": ("terms: [North,", "terms: [South,", 17, "each term once"),
    "a file of terms that is not there": (
        "terms: [North, {term: South, meaning: Not north}]",
        "terms: areas.yml",
        17,
        "a file of terms",
    ),
    "a year that starts on no day": (
        "one_row_is: parcel",
        "one_row_is: parcel\nyear_starts: 02-30",
        1,
        "a day of every year",
    ),
    "a period that ends first": (
        "one_row_is: parcel",
        "one_row_is: parcel\nperiods: {lockdown: [2021-01-01, 2020-03-23]}",
        1,
        "the period lockdown",
    ),
    "an encoding that nobody knows": (
        "one_row_is: parcel",
        "one_row_is: parcel\nencoding: cp1525",
        1,
        "an encoding that Python knows",
    ),
    "no row is anything": ("one_row_is: parcel\n", "", 1, "field required"),
    "a key that nobody knows": (
        "fill_down: true",
        "fil_down: true",
        17,
        "fill_down, or another of name, head",
    ),
    "a key of a code": (
        "pattern: true",
        "patern: true",
        19,
        "pattern, or another of status, pattern",
    ),
    "a key of a table": (
        "    kind: totals",
        "    kinds: totals",
        6,
        "kind, or another of name, kind",
    ),
    "a key of the shape": (
        "small_cells: 5",
        "smal_cells: 5",
        3,
        "small_cells, or another of family",
    ),
}


@pytest.mark.parametrize(("old", "new", "line", "expected"), WRONG.values(), ids=WRONG)
def test_a_shape_that_contradicts_itself_is_refused_with_its_line(
    old: str, new: str, line: int, expected: str
) -> None:
    assert old in GOOD
    findings = faults(GOOD.replace(old, new, 1))
    assert any(finding.line == line and expected in finding.expected for finding in findings), (
        "\n".join(map(str, findings))
    )


def test_two_tables_that_match_one_header_are_refused_unless_their_sheets_differ() -> None:
    tables = """\
family: parcels
one_row_is: parcel
tables:
  - {name: a, SHEET columns: [{name: x, head: Area of, role: category}]}
  - {name: b, columns: [{name: y, head: area  OF, role: category}]}
"""
    (finding,) = faults(tables.replace("SHEET", ""))
    assert "two tables match one header" in finding.expected
    assert faults(tables.replace("SHEET", "sheet: One,")) == []


def test_columns_have_a_status_by_the_shape_alone() -> None:
    shape, _ = parse(GOOD, Shape, Path("shape.yml"))
    assert shape
    table = shape.table("parcels")
    assert table
    assert [name for name in table.names if table.has_status(name)] == [
        "year",
        "sent",
        "area",
        "area_letter",
        "weight",
        "remarks",
    ]
    bare = a_shape("""
      - name: list
        columns:
          - {name: a, role: category}
          - {name: b, role: text, codes: {"": not stated}}
          - {name: c, role: number}
          - {name: d, role: category, optional: true}
          - {name: e, role: category, from: b, take: (.)}
    """).records[0]
    assert [name for name in bare.names if bare.has_status(name)] == ["b", "c", "d", "e"]
    marked = a_shape("""
      - name: list
        marks: {a: {"*": under way}}
        columns: [{name: a, role: category}, {name: b, role: category}, {name: k, role: key}]
    """).records[0]
    assert [name for name in marked.names if marked.has_status(name)] == ["b"]
    assert shape.sql_name(table) == "parcels"


def test_several_tables_of_records_are_named_by_the_family_and_their_own_name() -> None:
    shape = a_shape("""
      - {name: a, columns: [{name: x, role: category}]}
      - {name: b, columns: [{name: y, role: category}]}
    """)
    assert [shape.sql_name(table) for table in shape.records] == ["things_a", "things_b"]


def test_two_shapes_may_not_make_the_same_table() -> None:
    one, other = (
        a_shape("- {name: a, columns: [{name: x, role: category}]}"),
        a_shape("- {name: b, columns: [{name: y, role: category}]}"),
    )
    assert list(families_once([(Path("one.yml"), one), (Path("one.yml"), one)])) == []
    (finding,) = families_once([(Path("one.yml"), one), (Path("other.yml"), other)])
    assert (finding.file, "things" in finding.found) == (Path("other.yml"), True)


def test_terms_may_be_in_a_file_beside_the_shape(tmp_path: Path) -> None:
    (tmp_path / "areas.yml").write_text(
        "terms:\n  - North\n  - {term: South, meaning: Not north}\n"
    )
    text = GOOD.replace("terms: [North, {term: South, meaning: Not north}]", "terms: areas.yml")
    (tmp_path / "shape.yml").write_text(text)
    shape, findings = load_shape("shape.yml", tmp_path)
    assert shape, findings
    column = shape.tables[1].column("area")
    assert column
    assert [(term.term, term.meaning) for term in column.terms] == [
        ("North", None),
        ("South", "Not north"),
    ]


def test_a_shape_that_nobody_knows_is_reported() -> None:
    shape, (finding,) = load_shape("parcells", Path("folder"))
    assert shape is None
    assert "parcells" in finding.found


def test_the_schema_for_editors_is_up_to_date() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == json_schema(), "run make schema"


def test_the_schema_allows_what_the_model_allows() -> None:
    """What may be written in short is in the schema in both ways."""
    definitions = json_schema()["$defs"]
    column = definitions["Column"]["properties"]
    assert {"type": "string"}.items() <= column["head"]["anyOf"][0].items()
    assert "from" in column
    assert len(column["codes"]["additionalProperties"]["anyOf"]) == 2
    assert json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_are_valid(path: Path) -> None:
    manifest, findings = load_tabular_manifest(path.parent)
    assert manifest, "\n".join(map(str, findings))
    shape, findings = load_shape(manifest.shape, path.parent)
    assert shape, "\n".join(map(str, findings))
    columns = {name for table in shape.tables for name in table.names}
    assert manifest.accepted_cells.keys() <= columns
    assert (path.parent / "README.md").exists()


def test_there_are_five_examples() -> None:
    assert len(EXAMPLES) == 5


def test_the_first_disclosure_names_no_shape() -> None:
    assert not names_a_shape(FIRST)
    assert all(map(names_a_shape, {path.parent for path in EXAMPLES}))
    assert not names_a_shape(ROOT / "nowhere")


MANIFEST = f"""\
id: parcels-2020
shape: parcels
file: source.csv
source_sha256: "{"0" * 64}"
row_numbers: {{parcels: "1-3, 9"}}
accepted_differences: {{parcels: {{2019/20: {{difference: -3, reason: Lost}}}}}}
accepted_cells: {{sent: {{"2006": {{count: 2, reason: Years}}}}}}
covers_from: 2019-04-01
covers_to: 2020-03-31
supersedes: parcels-2019
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("file: source.csv", "file: ../source.csv", 3),
        ("file: source.csv", "file: .hidden", 3),
        ("id: parcels-2020", "id: parcels 2020", 1),
        ("difference: -3", "difference: 0", 6),
        ("difference: -3", "difference: NaN", 6),
        ("count: 2", "count: 0", 7),
        ("count: 2, reason: Years", "count: 2", 7),
        ("1-3, 9", "3-1", 5),
        ("covers_to: 2020", "covers_to: 2018", 1),
        ("supersedes: parcels-2019", "supersedes: parcels-2020", 1),
        ("supersedes:", "superseeds:", 10),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(old: str, new: str, line: int) -> None:
    path = Path("disclosure.yml")
    manifest, findings = parse(MANIFEST, TabularManifest, path)
    assert manifest, findings
    assert manifest.numbers_of("parcels") == [range(1, 4), range(9, 10)]
    assert manifest.numbers_of("others") is None
    assert old in MANIFEST
    manifest, findings = parse(MANIFEST.replace(old, new), TabularManifest, path)
    assert manifest is None
    assert line in [finding.line for finding in findings], "\n".join(map(str, findings))


def test_one_list_of_row_numbers_is_for_the_only_table() -> None:
    assert a_manifest(row_numbers="1-3").numbers_of("any") == [range(1, 4)]
    assert a_manifest().numbers_of("any") is None


def test_the_nearest_key_is_named_in_every_yaml_file() -> None:
    text = (FIRST / "disclosure.yml").read_text("utf-8").replace("withdrawn:", "withdrwan:")
    manifest, (finding,) = parse(text, Manifest, Path("disclosure.yml"))
    assert manifest is None
    assert finding.expected.startswith("withdrawn, or another of publisher")
    assert text.split("\n")[(finding.line or 0) - 1].startswith("withdrwan")


def test_the_example_in_the_documentation_is_one() -> None:
    blocks = re.findall(
        r"(?:^    .*\n|^\n(?=    ))+", (ROOT / "docs" / "shapes.md").read_text(), re.MULTILINE
    )
    printed, written = (re.sub("^    ", "", block, flags=re.MULTILINE) for block in blocks[:2])
    shape, findings = parse(written, Shape, Path("shape.yml"))
    assert shape, findings
    rows = [
        [line[at : at + 14].strip() for at in (0, 14, 28)]
        for line in printed.split("\n")[2:]
        if line.strip()
    ]
    assert records(mapped(shape, drawn(rows))) == [
        {"district": district, "sent": sent, "year": "2019/20", "weight": weight}
        for district, sent, weight in (
            ("North", date(2019, 4, 3), Decimal(1204)),
            ("North", date(2019, 5, 21), None),
            ("South", date(2019, 6, 3), Decimal(17)),
        )
    ]
    crosstab = re.sub(
        "^    ", "", next(one for one in blocks if "spread" in one), flags=re.MULTILINE
    )
    head = "family: a\none_row_is: b\nsmall_cells: show\n"
    assert parse(head + crosstab, Shape, Path("shape.yml"))[1] == []
