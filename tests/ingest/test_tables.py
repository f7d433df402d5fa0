"""Disclosures of any shape in the database: tables from shapes, checks over whole tables, later documents."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasette.app import Datasette

from ingest.build import build
from ingest.config.shape import Shape
from ingest.database.inspect import content_hash
from ingest.database.tables import sql_tables
from ingest.evidence.tables import infer_tables
from ingest.readers.folders import read_tabular_folders
from ingest.records.findings import BuildError
from ingest.review.disclosure_risk import describe_table_risk
from tests.documents import FolderCopy
from tests.serving import ROOT, a_plugin
from tests.tabular import CROSSTAB, LETTERS, PARCELS, ROWS, TOTALS, parcels, put

Select = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def select(disclosures: Path, tmp_path: Path) -> Iterator[Select]:
    """Build the database, once, and run SQL on it."""
    connections: list[sqlite3.Connection] = []

    def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
        if not connections:
            build(disclosures, tmp_path / "foi.db")
            connections.append(sqlite3.connect(tmp_path / "foi.db"))
        return connections[0].execute(sql, values).fetchall()

    yield run
    for connection in connections:
        connection.close()


def refused(disclosures: Path, tmp_path: Path) -> list[str]:
    """Return what a build finds wrong, and make sure that it leaves nothing behind."""
    with pytest.raises(BuildError) as error:
        build(disclosures, tmp_path / "foi.db")
    assert not (tmp_path / "foi.db").exists()
    assert not (tmp_path / ".foi.db.building").exists()
    return [str(finding) for finding in error.value.findings]


def test_a_table_has_the_documents_words_and_says_why_a_value_is_missing(
    disclosures: Path, select: Select
) -> None:
    put(disclosures, "parcels-1", parcels())
    assert select(
        "select id, disclosure_id, position, place, number, district, sent, year, weight, weight_status, remark,"
        " remark_status, period_from, period_to, period_partial from lost_parcels order by position"
    ) == [
        ("parcels-1-000001", "parcels-1", 1, "line 7", "P1", "North", "2019-03-04", "2019", 1.5, None,
         "Left at [REDACTED] by a postman", None, "2019-01-01", "2019-12-31", 0),
        ("parcels-1-000002", "parcels-1", 2, "line 8", "P2", "North", "2019-04-05", "2019", None, "suppressed",
         None, "not stated", "2019-01-01", "2019-12-31", 0),
        ("parcels-1-000003", "parcels-1", 3, "line 9", "P3", "South", "2020-05-06", "2020", 2.25, None,
         "[REDACTED] said, harassed on WhatsApp", None, "2020-01-01", "2020-12-31", 0),
        ("parcels-1-000004", "parcels-1", 4, "line 10", "P4", "South", "2020-07-06", "2020", 0, "nought",
         "Found again", None, "2020-01-01", "2020-12-31", 0),
    ]  # fmt: skip


def test_the_definition_comes_from_the_shape_alone(disclosures: Path, tmp_path: Path) -> None:
    """The second document of a family, with other values and fewer codes, makes the same tables."""
    statements = []
    for number, rows in enumerate((ROWS, ("P9,West,?,7,[redacted]",)), 1):
        folder = disclosures / str(number)
        totals = TOTALS if number == 1 else ("Grand Total,1",)
        put(folder, f"parcels-{number}", parcels(rows, totals))
        build(folder, tmp_path / f"{number}.db")
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as connection:
            sql = "select sql from sqlite_master where name like '%lost_parcels%' order by name"
            statements.append(connection.execute(sql).fetchall())
    assert statements[0] == statements[1]


def test_a_value_without_a_status_is_a_value(disclosures: Path, tmp_path: Path) -> None:
    put(disclosures, "parcels-1", parcels())
    build(disclosures, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        for change in (
            "weight = null", "sent = null", "remark = null", "district = null", "source_text = null",
            "weight_status = null",
        ):  # fmt: skip
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(
                    f"update lost_parcels set {change} where position = 2 or position = 1"
                )
        connection.execute("update lost_parcels set remark = null, withdrawn_on = '2020-01-01'")


def test_redaction_is_counted_and_each_marker_is_a_row(disclosures: Path, select: Select) -> None:
    put(disclosures, "parcels-1", parcels())
    assert select(
        "select visible_words, redaction_count, redaction_density, redaction_band from lost_parcels"
    ) == [
        (5, 1, 1 / 6, "moderate"),
        (None, None, None, None),
        (4, 1, 0.2, "moderate"),
        (2, 0, 0, "unmarked"),
    ]
    assert select("select record_id, column_name, position, form from lost_parcels_redactions") == [
        ("parcels-1-000001", "remark", 1, "[REDACTED]"),
        ("parcels-1-000003", "remark", 1, "█"),
    ]


def test_measures_are_prefixed_where_a_table_has_two_texts() -> None:
    table = {"name": "t", "columns": [{"name": name, "role": "text"} for name in ("one", "other")]}
    shape = Shape.model_validate({"family": "f", "one_row_is": "r", "tables": [table]})
    (made,) = sql_tables(shape)
    assert {"one_visible_words", "other_redaction_band"} < set(made.columns)
    assert "visible_words" not in made.columns


def test_all_records_are_in_one_view_with_what_they_count_for(
    disclosures: Path, select: Select
) -> None:
    FolderCopy.of_the_first(disclosures)
    put(disclosures, "parcels-1", parcels())
    put(disclosures, "letters-1", LETTERS, CROSSTAB)
    assert select(
        "select family, table_name, count(*), sum(counts) from records group by 1, 2 order by 2"
    ) == [
        ("lost_letters", "lost_letters_by_kind", 4, 11),
        ("lost_letters", "lost_letters_by_office", 6, 10),
        ("lost_parcels", "lost_parcels", 4, 4),
        ("officer_allegations", "officer_allegations", 409, 409),
    ]
    assert select(
        "select period, period_from, period_to, text, counts from records where id in"
        " ('parcels-1-000004', 'letters-1-by_office-000002', '22-026570-0001') order by period"
    ) == [
        ("2017", "2017-01-01", "2017-12-31", *select(
            "select summary from officer_allegations where id = '22-026570-0001'")[0], 1),
        ("2020", "2020-01-01", "2020-12-31", "Found again", 1),
        ("JAN-SEP 2020", "2020-01-01", "2020-09-30", None, 4),
    ]  # fmt: skip
    assert select("select count(*) from records where counts = ?", "1")[0][0] > 400


def test_a_crosstab_is_compared_with_every_total_that_it_prints(
    disclosures: Path, select: Select
) -> None:
    put(disclosures, "letters-1", LETTERS, CROSSTAB)
    assert select(
        "select table_name, scope, label, printed, found, outcome, reason, place from printed_totals order by position"
    ) == [
        ("lost_letters_by_office", "label", "Leith / card", 7, 7, "agrees", None, "line 2"),
        ("lost_letters_by_office", "label", "Leith / bill", 1, 1, "agrees", None, "line 3"),
        ("lost_letters_by_office", "label", "Leith / 2019", 3, 3, "agrees", None, "line 4"),
        ("lost_letters_by_office", "label", "Leith / JAN-SEP 2020", 5, 5, "agrees", None, "line 4"),
        ("lost_letters_by_office", "label", "Leith", 8, 8, "agrees", None, "line 4"),
        ("lost_letters_by_office", "label", "Perth / card", 9, 2, "cannot be checked",
         "1 figure without a value: suppressed", "line 5"),
        ("lost_letters_by_office", "period", "2019", 5, 3, "cannot be checked",
         "1 figure without a value: suppressed", "line 6"),
        ("lost_letters_by_office", "period", "JAN-SEP 2020", 7, 7, "agrees", None, "line 6"),
        ("lost_letters_by_office", "grand", None, 16, 10, "cannot be checked",
         "1 figure without a value: suppressed", "line 6"),
    ]  # fmt: skip


WRONG: dict[str, tuple[str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "a total of rows": (
        parcels(totals=("2019,3", "2020,2", "Grand Total,4")),
        PARCELS,
        {},
        ("a total of 3 for '2019' in parcels", "difference: 1", "line 2"),
    ),
    "a total of a crosstab": (
        LETTERS.replace("Leith total,,3,5,8", "Leith total,,3,6,8"),
        CROSSTAB,
        {},
        ("a total of 6 for 'Leith / JAN-SEP 2020' in by_office", "5, what its rows add up to"),
    ),
    "a total of another table": (
        LETTERS.replace("card,4,6", "card,4,7"),
        CROSSTAB,
        {},
        ("a total of 7 for 'JAN-SEP 2020' in by_kind, which by_office states", "difference: -1"),
    ),
    "an accepted difference that is not there": (
        parcels(),
        PARCELS,
        {"accepted_differences": {"parcels": {"2019": {"difference": "1", "reason": "lost"}}}},
        ("a total of 2 for '2019' in parcels",),
    ),
    "an accepted difference of no total": (
        parcels(),
        PARCELS,
        {"accepted_differences": {"parcels": {"2018": {"difference": "1", "reason": "lost"}}}},
        ("an accepted difference for '2018' in parcels", "disclosure.yml, line"),
    ),
    "a repeated key": (
        parcels((*ROWS[:3], ROWS[3].replace("P4", "P1"))),
        PARCELS,
        {},
        ("line 10", "'P1' in 2 rows of parcels, first in line 7"),
    ),
    "a repeated figure": (
        LETTERS.replace(",bill,,1,1", ",card,,1,1"),
        CROSSTAB,
        {},
        ("'Leith / card / 2019' in 2 rows of by_office, first in line 2",),
    ),
    "no row": (parcels((), ("Grand Total,0",)), PARCELS, {}, ("no row in parcels",)),
    "redaction that is not declared": (
        parcels(tuple(row.replace("[REDACTED]", "it").replace("█", "it") for row in ROWS)),
        PARCELS,
        {},
        ("no redaction marker in 3 texts", "redacted: false"),
    ),
    "redaction that is declared away": (
        parcels(), PARCELS, {"redacted": False}, ("redacted: false, but markers in 2 texts",),
    ),
    "what looks like a redaction": (
        parcels((*ROWS[:3], ROWS[3].replace("again", "[withheld by us]"))),
        PARCELS,
        {},
        ("'[withheld by us]', which looks like a redaction", "redactions: {markers:"),
    ),
    "too few row numbers": (
        parcels(), PARCELS, {"row_numbers": "1-3"}, ("numbers for 3 rows (1-3)", "numbers for 4 rows"),
    ),
    "too many row numbers": (
        parcels(), PARCELS, {"row_numbers": "1-999999"}, ("numbers for 999,999 rows (1-999999)",),
    ),
    "row numbers of no table": (
        parcels(), PARCELS, {"row_numbers": {"by_year": "1-4"}}, ("row_numbers for 'by_year'",),
    ),
    "another document": (
        parcels(), PARCELS, {"source_sha256": "0" * 64}, ("SHA-256", "restore the file"),
    ),
    "a number that is too long": (
        parcels((ROWS[0].replace("1.5", "1234567890123456.75"), *ROWS[1:])),
        PARCELS,
        {},
        ("1234567890123456.75 in weight", "15 digits"),
    ),
    "a document without the table": (
        "a,b\n1,2\n", PARCELS, {}, ("no row holds No., District, Sent, Weight, Remark",),
    ),
    "a withdrawn row that is not there": (
        parcels(),
        PARCELS,
        {"withdrawn": [{"id": "parcels-1-000009", "date": "2024-01-02", "reason": "asked"}]},
        ("withdrawn: 'parcels-1-000009'",),
    ),
    "a decision on nothing": (
        parcels(),
        PARCELS,
        {"decisions": [{"kind": "author", "count": 1, "reason": "none"}]},
        ("a decision on author",),
    ),
    "a later document of nothing": (
        parcels(), PARCELS, {"supersedes": "parcels-0"}, ("supersedes parcels-0, which is not here",),
    ),
}  # fmt: skip
"""What is wrong: the document, its shape, what its manifest adds, and what the finding says."""


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_stops_the_build_and_says_where_and_what_to_do(
    disclosures: Path, tmp_path: Path, wrong: str
) -> None:
    text, shape, manifest, said = WRONG[wrong]
    put(disclosures, "parcels-1", text, shape, **manifest)
    findings = refused(disclosures, tmp_path)
    found = [finding for finding in findings if said[0] in finding]
    assert found, findings
    assert all(part in found[0] for part in said)
    assert "to fix:" in found[0]


def test_an_accepted_difference_is_published_with_its_reason(
    disclosures: Path, select: Select
) -> None:
    put(
        disclosures,
        "parcels-1",
        parcels(totals=("2019,2", "2020,5", "Grand Total,7")),
        accepted_differences={
            "parcels": {
                "2020": {"difference": "3", "reason": "three went down"},
                "grand": {"difference": "3", "reason": "the same three"},
            }
        },
    )
    assert select(
        "select label, printed, found, outcome, reason from printed_totals order by position"
    ) == [
        ("2019", 2, 2, "agrees", None),
        ("2020", 5, 2, "accepted", "three went down"),
        (None, 7, 4, "accepted", "the same three"),
    ]


def with_table(name: str, **table: object) -> dict[str, Any]:
    columns = [{"name": "number", "head": "No.", "role": "category"}]
    return {
        "family": name,
        "one_row_is": "thing",
        "tables": [{"name": "t", "columns": columns, **table}],
    }


def with_text(column: str, **more: object) -> dict[str, Any]:
    columns = [{"name": column, "head": "No.", "role": "text", **more}]
    return {
        "family": "things",
        "one_row_is": "thing",
        "tables": [{"name": "t", "columns": columns}],
    }


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (with_table("disclosures"), "the table disclosures, a name that this project has taken"),
        (with_table("ranks"), "the table ranks, a name that this project has taken"),
        (with_table("records"), "the table records, a name that this project has taken"),
        (with_table("sqlite_things"), "the table sqlite_things, a name that SQLite has taken"),
        (with_table("lost_parcels_fts_data"), "the table lost_parcels_fts_data, a name that"),
        (with_table("lost_parcels"), "the family lost_parcels, a name that"),
        (with_text("rank"), "the column rank of things"),
        (with_text("words", evidence=["regime"]), "evidence: regime, for words of things"),
    ],
)
def test_a_name_has_one_meaning_in_the_database(
    disclosures: Path, tmp_path: Path, shape: dict[str, Any], said: str
) -> None:
    put(disclosures, "a-parcels-1", parcels())
    put(disclosures, "things-1", "No.\nx\n", shape, redacted=False)
    (finding,) = refused(disclosures, tmp_path)
    assert said in finding


def test_the_ids_of_two_disclosures_never_collide(disclosures: Path, tmp_path: Path) -> None:
    several = with_table("things")
    several["tables"] += [
        {"name": "b", "columns": [{"name": "x", "head": "X", "role": "category"}]}
    ]
    put(disclosures, "a", "No.\nx\n\nX\ny\n", several)
    put(disclosures, "a-b", "No.\nx\n", with_table("others"))
    (finding,) = refused(disclosures, tmp_path)
    assert "the id a-b, which is, or whose rows’ ids begin, as that in" in finding


def test_row_numbers_keep_the_ids_of_rows(disclosures: Path, select: Select) -> None:
    put(disclosures, "parcels-1", parcels(), row_numbers="1-2, 9, 3")
    assert [id[-1] for (id,) in select("select id from lost_parcels order by position")] == [
        "1", "2", "9", "3",
    ]  # fmt: skip


def test_every_finding_about_documents_of_both_kinds_is_listed_at_once(
    disclosures: Path, tmp_path: Path
) -> None:
    copy = FolderCopy.of_the_first(disclosures)
    copy.declare("  2022: 3", "  2022: 2")
    put(disclosures, "parcels-1", parcels(), redacted=False)
    findings = refused(disclosures, tmp_path)
    assert len(findings) == 2
    assert "2022" in findings[0]
    assert "markers in 2 texts" in findings[1]


def test_the_words_of_a_withdrawn_row_are_nowhere_in_the_file(
    disclosures: Path, tmp_path: Path
) -> None:
    rows = (ROWS[0].replace("postman", "swaddler " * 50), *ROWS[1:])
    withdrawn = [{"id": "parcels-1-000001", "date": "2024-01-02", "reason": "asked for"}]
    put(disclosures, "parcels-1", parcels(rows), withdrawn=withdrawn)
    build(disclosures, tmp_path / "foi.db")
    assert b"swaddler" not in (tmp_path / "foi.db").read_bytes()
    assert b"again" in (tmp_path / "foi.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        assert connection.execute(
            "select id, remark, source_text, withdrawn_on, withdrawn_reason, redaction_count, district"
            " from lost_parcels where withdrawn_on is not null"
        ).fetchall() == [("parcels-1-000001", None, None, "2024-01-02", "asked for", 1, "North")]


def test_withdrawn_words_may_not_be_readable_in_another_row(
    disclosures: Path, tmp_path: Path
) -> None:
    rows = (*ROWS, "P5,South,2020-07-06,9,FOUND again!")
    withdrawn = [{"id": "parcels-1-000004", "date": "2024-01-02", "reason": "asked for"}]
    put(disclosures, "parcels-1", parcels(rows, ("2020,3",)), withdrawn=withdrawn)
    (finding,) = refused(disclosures, tmp_path)
    assert "the words of a withdrawn row, repeated in parcels-1-000005" in finding


LATER = (
    "P3,South,2020-05-06,2.25,No longer withheld [REDACTED]",
    "P1,North,2019-03-04,1.5,Left at [REDACTED] by a postman",
    "P4,South,2020-07-06,6,Found again",
    "P7,South,2020-07-06,-,A new one",
)


def test_a_later_document_takes_the_place_of_an_earlier_one_and_says_what_changed(
    disclosures: Path, select: Select
) -> None:
    put(disclosures, "z-first", parcels(), publisher="A post office")
    put(disclosures, "a-later", parcels(LATER, ("2019,1", "2020,3", "Grand Total,4")), None, "../z-first/shape.yml",
        publisher="A post office", supersedes="z-first", published_on="2024-01-02")  # fmt: skip
    assert select(
        "select id, disclosure_id, number, weight from lost_parcels order by position"
    ) == [
        ("a-later-000001", "a-later", "P3", 2.25),
        ("z-first-000001", "a-later", "P1", 1.5),
        ("a-later-000003", "a-later", "P4", 6),
        ("a-later-000004", "a-later", "P7", 0),
    ]
    assert select(
        "select change, record_id, earlier_id, column_name, before, after from changes"
        " where column_name is null or column_name in ('number', 'weight', 'remark') order by rowid"
    ) == [
        ("added", "a-later-000004", None, None, None, None),
        ("changed", "a-later-000003", "z-first-000004", "weight", "0", "6"),
        ("changed", "a-later-000001", "z-first-000003", "remark", None, None),
        ("dropped", None, "z-first-000002", "number", "P2", None),
        ("dropped", None, "z-first-000002", "weight", None, None),
    ]
    assert select("select id, supersedes from disclosures order by id") == [
        ("a-later", "z-first"),
        ("z-first", None),
    ]
    assert select("select distinct disclosure_id from printed_totals") == [("a-later",)]
    assert sorted(select("select record_id from lost_parcels_redactions")) == [
        ("a-later-000001",),
        ("z-first-000001",),
    ]
    assert select("select * from pragma_foreign_key_check") == []


def test_words_that_a_later_document_withholds_are_nowhere_in_the_file(
    disclosures: Path, tmp_path: Path
) -> None:
    first = ROWS[2].replace("harassed", "harassed " * 50)
    put(disclosures, "first", parcels((*ROWS[:2], first, ROWS[3])))
    later = (*ROWS[:2], ROWS[2].replace("harassed", "[REDACTED]"), ROWS[3])
    put(disclosures, "later", parcels(later), None, "../first/shape.yml", supersedes="first")
    build(disclosures, tmp_path / "foi.db")
    assert b"harassed" not in (tmp_path / "foi.db").read_bytes()


def test_rows_that_say_the_same_keep_their_ids_in_order(disclosures: Path, select: Select) -> None:
    columns = [{"name": "district", "head": "District", "role": "category"}]
    shape = {**PARCELS, "tables": [{"name": "parcels", "columns": columns}]}
    put(disclosures, "first", "District\nNorth\nSouth\nNorth\n", shape)
    later = "District\nNorth\nNorth\nNorth\n"
    put(disclosures, "later", later, None, "../first/shape.yml", supersedes="first")
    assert select("select id from lost_parcels order by position") == [
        ("first-000001",),
        ("first-000003",),
        ("later-000003",),
    ]
    assert select("select change, record_id, earlier_id, before from changes") == [
        ("added", "later-000003", None, None),
        ("dropped", None, "first-000002", "South"),
    ]


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"publisher": "Another"}, "supersedes first, of A post office"),
        ({"published_on": "2020-01-01"}, "supersedes first, published on 2021-01-01"),
        ({"shape": "shape.yml"}, "supersedes first, which has another shape"),
    ],
)
def test_only_an_earlier_document_of_the_same_publisher_and_shape_is_superseded(
    disclosures: Path, tmp_path: Path, manifest: dict[str, Any], said: str
) -> None:
    put(disclosures, "first", parcels(), publisher="A post office", published_on="2021-01-01")
    shape = {**PARCELS, "family": "others"} if "shape" in manifest else None
    given = {"publisher": "A post office", "supersedes": "first", **manifest}
    put(disclosures, "later", parcels(), shape, given.pop("shape", "../first/shape.yml"), **given)
    assert any(said in finding for finding in refused(disclosures, tmp_path))


def with_evidence(*kinds: str) -> dict[str, Any]:
    shape: dict[str, Any] = json.loads(json.dumps(PARCELS))
    shape["tables"][1]["columns"][-1]["evidence"] = [*kinds]
    return shape


def test_mentions_are_found_by_the_patterns_of_the_family(
    disclosures: Path, select: Select
) -> None:
    folder = put(disclosures, "parcels-1", parcels(), with_evidence("mentions"))
    patterns = [{"mention": "postman", "patterns": ["post ?m[ae]n"], "example": "-"}]
    (folder / "shape-mentions.yml").write_text(
        yaml.safe_dump({"platform": [], "conduct": patterns})
    )
    assert select("select * from lost_parcels_mentions") == [
        ("parcels-1-000001", "postman", "conduct")
    ]


def test_mentions_are_found_by_the_patterns_of_this_project_otherwise(
    disclosures: Path, select: Select
) -> None:
    put(disclosures, "parcels-1", parcels(), with_evidence("mentions"))
    assert ("parcels-1-000003", "WhatsApp", "platform") in select(
        "select * from lost_parcels_mentions"
    )


def test_markers_lost_on_a_page_make_its_redaction_unknown(
    disclosures: Path, tmp_path: Path
) -> None:
    """Of five pages with ten texts, one has no marker; the rows of a CSV file are given pages here."""
    rows = [
        f"P{at},D,2019-03-04,1,{'words' if at // 10 == 2 else 'it [REDACTED]'}" for at in range(50)
    ]
    put(
        disclosures,
        "parcels-1",
        parcels(tuple(rows), ("Grand Total,50",)),
        with_evidence("lost markers"),
    )
    build(disclosures, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        blocks = "select block, records, markers_lost from lost_parcels_source_blocks"
        assert connection.execute(blocks).fetchall() == [("the whole file", 50, 0)]
        connection.execute("delete from lost_parcels_source_blocks")
        connection.execute(
            "update lost_parcels set place = format('page %d, row 1', (position - 1) / 10)"
        )
        infer_tables(connection, read_tabular_folders(disclosures)[0])
        assert connection.execute(f"{blocks} where markers_lost").fetchall() == [("page 2", 10, 1)]
        assert connection.execute(
            "select place, count(*) from lost_parcels where redaction_band = 'unknown'"
            " and redaction_count is null and redaction_density is null and visible_words = 1"
        ).fetchall() == [("page 2, row 1", 10)]


def test_the_search_of_a_table_finds_words_and_no_markers(
    disclosures: Path, select: Select
) -> None:
    put(disclosures, "parcels-1", parcels())
    for words, found in (("harass", 1), ("redacted", 0), ('"at by"', 0), ('"by a"', 1)):
        assert select(
            "select count(*) from lost_parcels_fts where lost_parcels_fts match ?", words
        ) == [(found,)]


@pytest.mark.asyncio
async def test_any_datasette_finds_the_index_of_a_table(disclosures: Path, tmp_path: Path) -> None:
    put(disclosures, "parcels-1", parcels())
    build(disclosures, tmp_path / "foi.db")
    stock = Datasette([], immutables=[str(tmp_path / "foi.db")])
    response = await stock.client.get("/foi/lost_parcels.json?_search=harass&_shape=array")
    assert [row["id"] for row in response.json()] == ["parcels-1-000003"]


@pytest.mark.asyncio
async def test_every_table_and_column_made_from_a_shape_is_described(
    disclosures: Path, tmp_path: Path
) -> None:
    put(disclosures, "parcels-1", parcels(), with_evidence("mentions", "lost markers"))
    put(disclosures, "letters-1", LETTERS, CROSSTAB)
    build(disclosures, tmp_path / "foi.db")
    database = Datasette([], immutables=[str(tmp_path / "foi.db")]).get_database("foi")
    described = await a_plugin("descriptions").read_descriptions(database)
    hidden = set(await database.hidden_table_names())
    made = {name for name in await database.table_names() if name.startswith("lost_")} - hidden
    assert {name: described.pop(name) for name in hidden} == {
        name: {"allow": False} for name in hidden
    }
    assert set(described) == made
    assert len(made) == 6
    for name in made:
        assert described[name]["title"]
        assert described[name]["description"]
        assert list(described[name]["columns"]) == await database.table_columns(name)
        assert all(described[name]["columns"].values())


def test_two_builds_of_any_shape_are_byte_identical(disclosures: Path, tmp_path: Path) -> None:
    put(disclosures, "parcels-1", parcels(), with_evidence("mentions", "lost markers"))
    put(disclosures, "letters-1", LETTERS, CROSSTAB)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        build(disclosures, tmp_path / name / "foi.db")
    one, other = (tmp_path / name / "foi.db" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    before = content_hash(one)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("update lost_parcels set district = 'x' where position = 1")
    assert content_hash(other) != before


@pytest.mark.long
def test_an_example_is_tried_with_a_file_from_elsewhere(tmp_path: Path) -> None:
    folder = put(tmp_path / "examples", "parcels-1", parcels())
    (folder / "source.csv").rename(tmp_path / "elsewhere.csv")
    command = [sys.executable, "-m", "ingest", "try", str(folder), str(tmp_path / "elsewhere.csv")]
    done = subprocess.run(
        [*command, "--database", str(tmp_path / "foi.db")], cwd=ROOT, capture_output=True, text=True
    )
    assert "lost_parcels: 4 rows\n3 printed totals: agrees" in done.stdout, done.stderr
    (tmp_path / "elsewhere.csv").write_text(parcels(ROWS[:3]))
    done = subprocess.run(
        [*command, "--database", str(tmp_path / "foi.db")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "elsewhere.csv" in done.stderr
    assert "SHA-256" in done.stderr


def test_the_review_of_risks_reads_every_text_and_counts_what_is_rare(
    disclosures: Path, tmp_path: Path
) -> None:
    rows = (*ROWS, "P5,South,2020-07-06,9,met Xanthe at 10 Dock Street")
    put(disclosures, "parcels-1", parcels(rows, ("2020,3",)))
    put(disclosures, "letters-1", LETTERS, CROSSTAB)
    build(disclosures, tmp_path / "foi.db")
    report = describe_table_risk(tmp_path / "foi.db", read_tabular_folders(disclosures)[0])
    assert "parcels-1  lost_parcels" in report
    assert "Combinations of year, district: 2. 0 have one record; 2 have fewer than 5." in report
    assert "  parcels-1-000005  " in report
    assert "a name?: Xanthe" in report
    assert "Figures above 0: 4. 4 are below 5." in report


@pytest.mark.long
def test_many_rows_need_little_memory(tmp_path: Path) -> None:
    """The peak of a build of a hundred thousand rows is not far above that of ten thousand.

    The peak that getrusage gives includes that of this process, which has the whole file in memory.
    """
    peaks = []
    for number in (10_000, 100_000):
        rows = (
            f"P{at},D{at % 30},20{10 + at % 10}-03-04,{at % 7}.5,it [REDACTED]"
            for at in range(number)
        )
        text = parcels(tuple(rows), (f"Grand Total,{number}",))
        folder = put(tmp_path / str(number), "parcels-1", text)
        script = (
            "import re; from pathlib import Path; from ingest.build import build_one\n"
            f"build_one(Path({str(folder)!r}), Path({str(folder / 'source.csv')!r}), Path({str(tmp_path / 'foi.db')!r}))\n"
            "print(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1])"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
        )
        assert not done.returncode, done.stderr
        peaks.append(int(done.stdout))
        with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
            assert connection.execute("select count(*) from lost_parcels").fetchone() == (number,)
    print(f"peaks of {peaks[0]:,} and {peaks[1]:,} KiB")
    assert peaks[1] < peaks[0] + 50_000
