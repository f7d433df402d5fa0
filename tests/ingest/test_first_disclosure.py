"""Every known figure of the first disclosure, counted again from the database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.documents import FIRST

Rows = Callable[..., list[tuple[object, ...]]]


def test_each_year_reconciles_with_the_publishers_total(rows: Rows) -> None:
    assert rows("select * from reconciliation") == [
        ("01-FOI-22-026570", 2017, 37, 37, 37, 0, 0),
        ("01-FOI-22-026570", 2018, 38, 38, 38, 0, 0),
        ("01-FOI-22-026570", 2019, 50, 50, 41, 9, 0),
        ("01-FOI-22-026570", 2020, 102, 102, 87, 15, 0),
        ("01-FOI-22-026570", 2021, 111, 111, 84, 27, 0),
        ("01-FOI-22-026570", 2022, 74, 71, 25, 46, 3),
    ]


COUNTS = {
    "rows": ("select count(*) from officer_allegations", 409),
    "summaries": ("select count(summary) from officer_allegations", 312),
    "finalised": ("select count(*) from officer_allegations where status = 'finalised'", 312),
    "open": ("select count(*) from officer_allegations where status <> 'finalised'", 97),
    "open, written with a space": (
        "select count(*) from officer_allegations where source_text like '* 20%'",
        1,
    ),
    "published in all": ("select published_total from disclosures", 412),
    "published by year": ("select sum(officers) from published_totals", 412),
    "missing": ("select sum(missing) from reconciliation", 3),
    "missing in 2022": ("select missing from reconciliation where year = 2022", 3),
    "markers": ("select count(*) from redactions", 541),
    "markers of the rows": ("select sum(redaction_count) from officer_allegations", 541),
    "markers of the blocks": ("select sum(markers) from source_blocks", 541),
    "markers in capitals": ("select count(*) from redactions where form = '[REDACTED]'", 450),
    "markers in small letters": ("select count(*) from redactions where form = '[redacted]'", 61),
    "bars": ("select count(*) from redactions where form = '█'", 30),
    "blocks": ("select count(*) from source_blocks", 32),
    "blocks of rows": ("select count(distinct block) from officer_allegations", 32),
    "blocks that lost their markers": ("select sum(markers_lost) from source_blocks", 2),
    "band none": ("select count(*) from officer_allegations where redaction_band = 'unmarked'", 21),
    "band light": ("select count(*) from officer_allegations where redaction_band = 'light'", 49),
    "band moderate": (
        "select count(*) from officer_allegations where redaction_band = 'moderate'",
        150,
    ),
    "band heavy": ("select count(*) from officer_allegations where redaction_band = 'heavy'", 57),
    "band total": ("select count(*) from officer_allegations where redaction_band = 'total'", 14),
    "band unknown": (
        "select count(*) from officer_allegations where redaction_band = 'unknown'",
        21,
    ),
    "summaries whose markers are counted": (
        "select count(redaction_count) from officer_allegations",
        291,
    ),
    "ranks": ("select count(*) from ranks", 4),
    "results": ("select count(*) from results", 18),
    "actions": ("select count(*) from actions", 8),
    "sanctions": ("select count(*) from sanctions", 10),
    "action not stated": (
        "select count(*) from officer_allegations where action is null and status = 'finalised'",
        9,
    ),
    "sanction not stated": (
        "select count(*) from officer_allegations where sanction is null and status = 'finalised'",
        247,
    ),
    "action 'No Action'": (
        "select count(*) from officer_allegations where action = 'No Action'",
        146,
    ),
    "sanction 'No Action'": (
        "select count(*) from officer_allegations where sanction = 'No Action'",
        6,
    ),
    "BOCA": ("select count(*) from officer_allegations where result like '%BOCA'", 3),
    "RP, cut short": (
        "select count(*) from officer_allegations where sanction = 'Refer to AA for RP'",
        1,
    ),
    "dismissal of a kind not said": (
        "select count(*) from officer_allegations where sanction = 'Dismissal'",
        2,
    ),
    "false claims regarding a search, in 2020": (
        "select count(*) from officer_allegations where year = 2020 and summary like"
        " 'Officers have made false claims regarding%'",
        9,
    ),
    "fragments between paragraph tags": (
        "select sum((length(source_text) - length(replace(source_text, '<p>', ''))) / 3)"
        " from officer_allegations",
        3,
    ),
    "rows with paragraph tags": (
        "select count(*) from officer_allegations where source_text like '%<p>%'",
        2,
    ),
    "summaries with paragraph tags": (
        "select count(*) from officer_allegations where summary like '%<p>%'",
        0,
    ),
    "combinations of year, rank, result, action and sanction": (
        "select count(*) from (select distinct year, rank, result, action, sanction"
        " from officer_allegations where status = 'finalised')",
        128,
    ),
    "unique combinations": (
        "select count(*) from (select 1 from officer_allegations where status = 'finalised'"
        " group by year, rank, result, action, sanction having count(*) = 1)",
        81,
    ),
}


@pytest.mark.parametrize(("sql", "number"), COUNTS.values(), ids=COUNTS.keys())
def test_the_number_is_what_was_counted_from_the_file(rows: Rows, sql: str, number: int) -> None:
    assert rows(sql) == [(number,)]


def test_two_blocks_lost_their_markers(rows: Rows) -> None:
    assert rows(
        "select min(line), max(line), count(summary), max(redaction_count),"
        " max(redaction_density), group_concat(distinct redaction_band)"
        " from officer_allegations join source_blocks using (disclosure_id, block)"
        " where markers_lost group by block"
    ) == [(89, 101, 13, None, None, "unknown"), (467, 491, 8, None, None, "unknown")]


def test_everywhere_else_about_nine_summaries_in_ten_carry_a_marker(rows: Rows) -> None:
    ((share,),) = rows(
        "select 1.0 * sum(marked) / sum(summaries) from source_blocks where not markers_lost"
    )
    assert round(float(str(share)), 3) == round(270 / 291, 3)


@pytest.mark.parametrize(
    ("sql", "lines"),
    [
        (
            "result = 'No Case to Answer' and sanction <> 'No Action'",
            [100, 114, 127, 155],
        ),
        ("action = 'Referral to RPRP' and sanction = 'Written Warning'", [281]),
        ("sanction = 'Refer to AA for RP'", [209]),
    ],
)
def test_oddities_are_kept_as_published_on_their_lines(
    rows: Rows, sql: str, lines: list[int]
) -> None:
    found = rows(f"select line from officer_allegations where {sql} order by line")
    assert [line for (line,) in found] == lines


def test_the_words_of_the_source_are_kept_byte_for_byte(rows: Rows) -> None:
    lines = (FIRST / "source.txt").read_bytes().split(b"\n")
    found = rows("select line, source_text from officer_allegations")
    assert len(found) == 409
    for line, text in found:
        assert lines[int(str(line)) - 1] == str(text).encode()


def test_ids_run_from_0001_to_0409_in_the_documents_order(rows: Rows) -> None:
    found = rows("select id, position from officer_allegations order by line")
    assert found == [(f"22-026570-{n:04d}", n) for n in range(1, 410)]


def test_an_open_row_states_a_year_and_nothing_else(rows: Rows) -> None:
    assert rows(
        "select count(*), count(rank), count(summary), count(result), count(action),"
        " count(sanction), count(visible_words), count(redaction_count),"
        " count(redaction_density), count(redaction_band)"
        " from officer_allegations where status = 'under investigation'"
    ) == [(97, 0, 0, 0, 0, 0, 0, 0, 0, 0)]


def test_the_documents_own_words_are_kept(rows: Rows) -> None:
    assert rows("select text from notes where section in ('Caveats', 'Table') order by rowid") == [
        ("The figures provided count the number of officers not the number of allegations.",),
        ("Officer Allegations",),
        (r"\* Denotes - Still under investigation",),
    ]


def test_severity_follows_the_scale(rows: Rows) -> None:
    assert rows("select term, severity from sanctions order by position") == [
        ("Management Advice", 1),
        ("Written Warning", 2),
        ("Final Written Warning", 3),
        ("Dismissal", 5),
        ("Dismissal Without Notice", 5),
        ("Would Have Been Dismissed", 5),
        ("Refer to AA for RPRP", None),
        ("Refer to AA for RP", None),
        ("Not Proven", None),
        ("No Action", None),
    ]


@pytest.mark.parametrize(
    ("table", "terms"),
    [
        ("results", ["Discontinuance", "Withdrawn - by Force"]),
        ("sanctions", ["Not Proven", "Refer to AA for RP"]),
    ],
)
def test_a_term_nobody_defines_has_no_meaning(rows: Rows, table: str, terms: list[str]) -> None:
    for term in terms:
        assert rows(f"select meaning, source from {table} where term = ?", term) == [(None, None)]
