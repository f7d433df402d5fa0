"""The canned queries: each answers in every form, adds up, and opens the rows that it counts.

CHECKS list what every question must do. They read only its header, so a new question is a single
file. The answers of the current questions are tested by name, from the list of public names and
columns (questions.yml).
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import pytest_asyncio
import yaml
from datasette.app import Datasette
from markupsafe import escape

from ingest.build import build
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put
from tests.serving import PARTS, ROOT, a_plugin, furnish, furnish_database, serve
from tests.site.pages import BANNER, METADATA, text_of
from tests.site.questions import (
    BREAKDOWNS,
    FIRST,
    LONG,
    PROMISED,
    QUESTIONS,
    SECOND,
    Question,
    address,
    answer,
    arguments,
    links_of_figures,
    query_files,
    total,
)

Check = Callable[[Datasette, Question], Awaitable[None]]

QUERY_FILES = METADATA["databases"]["foi"]["plugins"]["query_files"]
ABOUT_PEOPLE = {"id", "summary", "snippet", "wording", "letter"}
"""Columns of rows about people."""


async def answers_as_json_csv_and_html_with_its_columns(
    site: Datasette, question: Question
) -> None:
    columns = list(question.header.columns)
    asked = urlencode(arguments(question))
    data = (await site.client.get(f"/foi/{question.name}.json?{asked}")).json()
    assert data["columns"] == columns
    assert data["rows"]
    assert not data["truncated"]
    text = (await site.client.get(f"/foi/{question.name}.csv?{asked}")).text
    table = list(csv.reader(io.StringIO(text)))
    assert table[0] == columns
    assert len(table) == len(data["rows"]) + 1
    page = (await site.client.get(address(question))).text
    table_of_rows = page[page.index("rows-and-columns") :].partition("</table>")[0]
    assert re.findall(r'<th class="col-[^"]*" scope="col">([^<]*)</th>', table_of_rows) == columns
    assert len(re.findall(r"<tr>", table_of_rows)) == len(data["rows"]) + 1


async def says_where_its_figures_come_from_and_what_they_cannot_show(
    site: Datasette, question: Question
) -> None:
    header = question.header
    words = await text_of(site, address(question))
    assert words.count(header.title) >= 2
    assert " ".join(header.description.split()) in words
    assert BANNER in words
    assert QUERY_FILES["bases"][header.basis] in words
    for key in header.caveats:
        assert METADATA["databases"]["foi"]["caveats"][key]["short"] in words
    _, _, meanings = words.rpartition("What the columns mean")
    for column, meaning in header.columns.items():
        assert column in meanings
        assert not meaning or meaning in meanings
    page = (await site.client.get(address(question))).text
    assert ('<p class="answer">' in page) == bool(header.answer)


async def has_the_caveats_that_its_columns_demand(site: Datasette, question: Question) -> None:
    columns = list(question.header.columns)
    demanded = {"rules"}
    if columns[0] == "disclosure_id":  # a breakdown of a disclosure's officers
        demanded |= {"officers", "under_investigation", "missing"}
    if {"result", "action", "sanction", "sanctioned", "dismissed"} & {*columns}:
        demanded |= {"allegation"}
    if {"redaction_density", "redaction_band", "summary", "snippet"} & {*columns}:
        demanded |= {"redacted"}
    if {"summary", "snippet", "wording", "letter"} & {*columns}:
        demanded |= {"people"}
    assert demanded <= {*question.header.caveats}


async def may_be_indexed_only_by_its_header_and_never_with_rows_about_people(
    site: Datasette, question: Question
) -> None:
    name, indexed = question.name, question.header.indexed
    assert not (indexed and ABOUT_PEOPLE & {*question.header.columns})
    response = await site.client.get(f"/foi/{name}")
    assert response.headers.get_list("x-robots-tag") == ([] if indexed else ["noindex"])
    for other in (f"/foi/{name}?disclosure_id=x", f"/foi/{name}.json", f"/foi/{name}.csv"):
        response = await site.client.get(other)
        assert response.headers.get_list("x-robots-tag") == ["noindex"]


async def opens_as_many_rows_as_each_figure_counts(site: Datasette, question: Question) -> None:
    figures = links_of_figures((await site.client.get(address(question))).text)
    assert bool(figures) == bool(question.header.drilldown)
    for behind, number in figures:
        path, _, query = behind.partition("?")
        response = await site.client.get(f"{path}.json?{query}&_size=0")
        assert response.json()["filtered_table_rows_count"] == number, behind


async def opens_the_row_of_each_id(site: Datasette, question: Question) -> None:
    page = (await site.client.get(address(question))).text
    rows = await answer(site, question.name, **arguments(question))
    ids = [row["id"] for row in rows if "id" in row]
    assert re.findall(r'href="/foi/officer_allegations/([^"?]*)">\1<', page) == ids


async def charts_columns_that_exist(site: Datasette, question: Question) -> None:
    page = (await site.client.get(address(question))).text
    charts = re.findall(r'href="/chart/foi/([a-z-]*)(?:[?][^"#]*)?#(g\.[^"]*)"', page)
    assert len(charts) == bool(question.header.chart)
    for of, chart in charts:
        settings = dict(parse_qsl(html.unescape(chart)))
        columns = {value for key, value in settings.items() if key.endswith("_column")}
        charted = question if of == question.name else QUESTIONS[of]
        assert columns <= {*charted.header.columns}
        assert settings["g.mark"] == "bar"
        assert (settings["g.x_type"], settings["g.y_type"]) == ("ordinal", "quantitative")


async def is_listed_on_home_in_its_group(site: Datasette, question: Question) -> None:
    page = (await site.client.get("/")).text
    page = page[page.index("Questions") :]
    place = page.index(f'<a href="/foi/{question.name}">{escape(question.header.title)}</a>')
    groups = QUERY_FILES["groups"]
    places = [page.index(str(escape(group))) for group in groups]
    assert places == sorted(places)
    above = [group for group, found in zip(groups, places, strict=True) if found < place]
    assert above[-1] == question.header.group


async def shows_its_sql_to_be_edited(site: Datasette, question: Question) -> None:
    page = (await site.client.get(f"/foi/{question.name}")).text
    match = re.search(r'<a href="([^"]*)" class="canned-query-edit-sql">', page)
    assert match
    sql = dict(parse_qsl(urlsplit(html.unescape(match[1])).query))["sql"]
    assert str(escape(sql)) in page
    assert not sql.startswith("--")
    assert (await site.client.get(html.unescape(match[1]))).status_code == 200


async def gives_the_severity_of_each_sanction(site: Datasette, question: Question) -> None:
    if {"severity", "sanction"} <= {*question.header.columns}:
        known = (await site.client.get("/foi/sanctions.json?_shape=array")).json()
        severities = {term["term"]: term["severity"] for term in known}
        for row in await answer(site, question.name, **arguments(question)):
            assert row["severity"] == severities.get(row["sanction"])


async def breaks_down_without_a_repeat_by_year_and_in_the_order_of_the_terms(
    site: Datasette, question: Question
) -> None:
    if next(iter(question.header.columns)) != "disclosure_id":
        return
    places: dict[str, dict[object, int]] = {
        "status": {"finalised": 0, "under investigation": 1, "missing": 2}
    }
    for term in ("rank", "result", "action", "sanction"):
        known = (await site.client.get(f"/foi/{term}s.json?_shape=array")).json()
        places[term] = {entry["term"]: entry["position"] for entry in known} | {None: 99}
    ordered = []
    for column in question.header.columns:
        if column in places or column in ("disclosure_id", "year", "regime"):
            ordered.append(column)
        elif column != "severity":  # which goes with its sanction
            break
    rows = await answer(site, question.name)
    keys = [
        tuple(
            places[column][row[column]] if column in places else str(row[column] or "~")
            for column in ordered
        )
        for row in rows
    ]
    assert keys == sorted(keys)
    names = [
        tuple(
            value
            for column, value in row.items()
            if column in ("year", "block") or not isinstance(value, int | float)
        )
        for row in rows
    ]
    assert len({*names}) == len(names)


async def has_a_key_a_named_region_and_labels_that_point_somewhere(
    site: Datasette, question: Question
) -> None:
    page = (await site.client.get(address(question))).text
    assert '<p class="key" id="key">' in page
    assert 'class="table-wrapper" tabindex="0" role="region" aria-label="Rows"' in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<label for="([^"]*)"', page)) <= set(ids)


async def shadows_no_table_or_view(site: Datasette, question: Question) -> None:
    foi = site.get_database("foi")
    assert question.name not in {*await foi.table_names(), *await foi.view_names()}
    assert question.name in await site.get_canned_queries("foi", None)


CHECKS: list[Check] = [
    answers_as_json_csv_and_html_with_its_columns,
    says_where_its_figures_come_from_and_what_they_cannot_show,
    has_the_caveats_that_its_columns_demand,
    may_be_indexed_only_by_its_header_and_never_with_rows_about_people,
    opens_as_many_rows_as_each_figure_counts,
    opens_the_row_of_each_id,
    charts_columns_that_exist,
    is_listed_on_home_in_its_group,
    shows_its_sql_to_be_edited,
    gives_the_severity_of_each_sanction,
    breaks_down_without_a_repeat_by_year_and_in_the_order_of_the_terms,
    has_a_key_a_named_region_and_labels_that_point_somewhere,
    shadows_no_table_or_view,
]


@pytest.mark.quick_cases(36)
@pytest.mark.asyncio
@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_every_question(site: Datasette, check: Check, name: str) -> None:
    await check(site, QUESTIONS[name])


async def never_adds_disclosures_up(both: Datasette, question: Question) -> None:
    """With two disclosures, each gives the same rows as when it is the only one."""
    if "disclosure_id" not in query_files.PARAMETER.findall(question.sql):
        return
    asked = arguments(question)
    together = await answer(both, question.name, **asked)
    assert {row["disclosure_id"] for row in together} <= {FIRST, SECOND}
    for disclosure in (FIRST, SECOND):
        alone = await answer(both, question.name, **{**asked, "disclosure_id": disclosure})
        assert alone == [row for row in together if row["disclosure_id"] == disclosure]
    unknown = {**asked, "disclosure_id": "none"}
    refused = await both.client.get(f"/foi/{question.name}.json", params=unknown)
    assert refused.status_code == 400


@pytest.mark.asyncio
@pytest.mark.parametrize("name", QUESTIONS)
async def test_no_question_adds_two_disclosures_up(both: Datasette, name: str) -> None:
    await never_adds_disclosures_up(both, QUESTIONS[name])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "name", [name for name in PROMISED if name not in ("search", "search-terms", "officer")]
)
async def test_each_of_two_disclosures_has_an_answer_of_its_own(
    site: Datasette, both: Datasette, name: str
) -> None:
    first = await answer(both, name, disclosure_id=FIRST)
    second = await answer(both, name, disclosure_id=SECOND)
    assert first == await answer(site, name)
    assert second
    if name in LONG:
        assert total(first, "officers", status="missing") == 3
        assert total(second, "officers", status="missing") == 2


@pytest.mark.parametrize("name", PROMISED)
def test_questions_and_columns_that_others_rely_on_are_there(name: str) -> None:
    assert {*PROMISED[name]} <= {*QUESTIONS[name].header.columns}


SAMPLE = """\
-- title: How many rows are in each block?
-- group: How reliable are the figures?
-- position: 5
-- indexed: true
-- description: Rows of our copy by block of the document.
-- basis: counted
-- answer: "Our copy has {{ rows|length }} blocks."
-- caveats: [officers, under_investigation, missing, rules]
-- columns:
--   disclosure_id:
--   block:
--   officers: Rows in the block.
-- drilldown:
--   officers: disclosure_id, block
-- chart: {mark: bar, x: block, y: officers}

select disclosure_id, block, count(*) as officers
from officer_allegations
where :disclosure_id in ('', disclosure_id)
group by disclosure_id, block
order by disclosure_id, block
"""


async def with_a_sample(folder: Path, database: Path) -> tuple[Datasette, Question]:
    """Return a site that serves `database` with an extra question file, and that question."""
    shutil.copytree(ROOT / "canned_queries", folder / "canned_queries")
    sample = folder / "canned_queries" / "rows-per-block.sql"
    sample.write_text(SAMPLE, "utf-8")
    about = deepcopy(METADATA)
    about["databases"]["foi"]["plugins"]["query_files"]["folder"] = str(sample.parent)
    (folder / "metadata.yml").write_text(yaml.safe_dump(about), "utf-8")
    furnish(folder, *(part for part in PARTS if part != "metadata.yml"))
    furnish_database(folder, database)
    return await serve(folder), query_files.read_query_file(sample)


@pytest.mark.long
@pytest.mark.asyncio
async def test_a_new_question_is_one_file(site: Datasette, both: Datasette, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    path = site.get_database("foi").path
    one, question = await with_a_sample(tmp_path / "one", Path(path))
    for check in CHECKS:
        await check(one, question)
    assert "Our copy has 32 blocks." in await text_of(one, "/foi/rows-per-block")
    two, question = await with_a_sample(tmp_path / "two", Path(both.get_database("foi").path))
    await never_adds_disclosures_up(two, question)
    assert (await site.client.get("/foi/rows-per-block")).status_code == 404


@pytest.mark.asyncio
@pytest.mark.parametrize("name", LONG)
async def test_the_officers_of_a_breakdown_add_up_with_what_is_unknown_apart(
    site: Datasette, name: str
) -> None:
    rows = await answer(site, name)
    assert total(rows, "officers") - total(rows, "officers", status="missing") == 409
    assert total(rows, "officers", status="finalised") == 312
    assert total(rows, "officers", status="under investigation") == 97
    assert total(rows, "officers", status="missing") == 3
    terms = {"rank", "result", "action", "sanction", "regime"} & set(rows[0])
    for row in rows:
        if row["status"] != "finalised":
            assert all(row[term] is None for term in terms)


@pytest.mark.asyncio
async def test_not_stated_has_a_row_of_its_own(site: Datasette) -> None:
    for term, blank in (("rank", 0), ("result", 0), ("action", 9), ("sanction", 247)):
        rows = await answer(site, f"officers-per-{term}")
        assert total(rows, "officers", status="finalised", **{term: None}) == blank
    actions = await answer(site, "officers-per-action")
    assert total(actions, "officers", action="No Action") == 146


@pytest.mark.asyncio
async def test_the_figures_of_each_year_add_up_to_what_was_published(site: Datasette) -> None:
    years = await answer(site, "officers-per-year")
    assert [(row["year"], row["published"]) for row in years] == [
        *((2017, 37), (2018, 38), (2019, 50), (2020, 102), (2021, 111), (2022, 74))
    ]
    for row in years:
        assert row["finalised"] + row["under_investigation"] == row["found"]
        assert row["found"] + row["missing"] == row["published"]
    assert (years[0]["covered_from"], years[0]["covered_to"]) == ("2017-01-01", "2017-12-31")
    assert (years[-1]["covered_from"], years[-1]["covered_to"]) == ("2022-01-01", "2022-08-16")
    by_status = await answer(site, "year-by-status")
    for row in years:
        assert total(by_status, "officers", year=row["year"]) == row["published"]
    still_open = await answer(site, "under-investigation")
    assert [row["under_investigation"] for row in still_open] == [0, 0, 9, 15, 27, 46]


@pytest.mark.asyncio
async def test_the_cells_of_two_terms_add_up_to_those_of_one(site: Datasette) -> None:
    for crossed, one in (
        ("year-by-rank", "rank"),
        ("year-by-result", "result"),
        ("year-by-sanction", "sanction"),
        ("rank-by-sanction", "rank"),
        ("rank-by-sanction", "sanction"),
        ("result-by-sanction", "result"),
        ("result-by-sanction", "sanction"),
    ):
        cells = await answer(site, crossed)
        for row in await answer(site, f"officers-per-{one}"):
            chosen = {one: row[one], "status": row["status"]}
            assert total(cells, "officers", **chosen) == row["officers"]


@pytest.mark.asyncio
async def test_sanctioned_not_sanctioned_and_not_stated_are_separate(
    site: Datasette,
) -> None:
    years = await answer(site, "sanctioned-per-year")
    assert [row["finalised"] for row in years] == [37, 38, 41, 87, 84, 25]
    for row in years:
        assert row["finalised"] == row["sanctioned"] + row["off_scale"] + row["not_stated"]
    ranks = await answer(site, "sanctioned-per-rank")
    for column, sum_of_all in (("sanctioned", 52), ("off_scale", 13), ("not_stated", 247)):
        assert total(years, column) == total(ranks, column) == sum_of_all
    assert total(years, "under_investigation") == 97
    assert total(years, "missing") == 3
    unknown = [row for row in ranks if row["status"] != "finalised"]
    assert len(unknown) == 2
    assert all(row["sanctioned"] is row["not_stated"] is None for row in unknown)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "name", [name for name in BREAKDOWNS if "redaction_density" in PROMISED[name]]
)
async def test_redaction_is_pooled_and_unknown_summaries_are_separate(
    site: Datasette, name: str
) -> None:
    rows = await answer(site, name)
    assert total(rows, "summaries") == 312
    assert total(rows, "unknown") == 21
    assert total(rows, "markers") == 541
    assert total(rows, "visible_words") == 2945
    for row in rows:
        if row["summaries"] == row["unknown"]:
            assert row["redaction_density"] is None
        else:
            words = row["markers"] + row["visible_words"]
            assert row["redaction_density"] == pytest.approx(row["markers"] / words, abs=1e-12)


@pytest.mark.asyncio
async def test_rows_of_a_kind_are_listed_whole_and_in_order(site: Datasette) -> None:
    dismissals = await answer(site, "dismissals")
    assert [row["dismissed"] for row in dismissals] == [1] * 9 + [0] * 6
    assert {row["sanction"] for row in dismissals[9:]} == {"Would Have Been Dismissed"}
    most = await answer(site, "most-redacted")
    densities = [row["redaction_density"] for row in most]
    assert densities == sorted(densities, reverse=True)
    assert [row["redaction_band"] for row in most] == ["total"] * 14 + ["heavy"] * 57
    wholly = await answer(site, "wholly-redacted")
    assert len(wholly) == 14
    assert all(not re.sub(r"\[REDACTED\]|\W", "", row["summary"]) for row in wholly)
    lost = await answer(site, "markers-lost")
    assert [row["line"] for row in lost[:13]] == list(range(89, 102))
    assert {(row["block"], row["block_summaries"]) for row in lost} == {
        (lost[0]["block"], 13),
        (lost[-1]["block"], 8),
    }
    assert len(lost) == 21
    assert all(row["chance"] > 0.999 for row in lost)


@pytest.mark.asyncio
async def test_one_officer_has_terms_and_provenance_and_an_unknown_id_finds_nobody(
    site: Datasette,
) -> None:
    (row,) = await answer(site, "officer", id=" 22-026570-0003 ")
    assert row["sanction"] == "Would Have Been Dismissed"
    assert (row["severity"], row["line"], row["rank_meaning"]) == (5, 59, None)
    assert "have ended in dismissal" in row["sanction_meaning"]
    assert row["source_text"].startswith("2017\tConstable\t")
    for nobody in ("", "22-026570-9999", "' or 1=1 --", "\0", "a" * 10_000):
        assert await answer(site, "officer", id=nobody) == []
    assert "No row has this id." in await text_of(site, "/foi/officer?id=nobody")
    assert "Type the id of a row" in await text_of(site, "/foi/officer")
    assert "Type a word" in await text_of(site, "/foi/search")


@pytest.mark.asyncio
async def test_missing_officers_and_noughts_open_nothing(site: Datasette) -> None:
    page = (await site.client.get("/foi/officers-per-rank")).text
    assert '<td class="col-officers number" data-label="officers">3</td>' in page
    assert "status=missing" not in page
    assert (
        '<td class="col-under_investigation number" data-label="under_investigation">0</td>'
        in (await site.client.get("/foi/officers-per-year")).text
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def both(site: Datasette, tmp_path_factory: pytest.TempPathFactory) -> Datasette:
    """A site of two disclosures; the second has rows of every kind, and two officers missing."""
    folder = tmp_path_factory.mktemp("both")
    FolderCopy.of_the_first(folder / "disclosures")
    rows = [
        *[a_row(year=2021)] * 60,
        *[a_row(year=2021, rank=None, result=None, action=None, sanction=None)] * 5,
        *[a_row(year=2022, summary="Harassment by [REDACTED] on Facebook")] * 20,
        *[a_row(year=2022, sanction="Dismissal")] * 5,
        *[a_row(year=2022, summary="[REDACTED]")] * 2,
        a_row(year=2022, result="No Case to Answer"),
        a_row(year=2022, summary="The first of a block without markers"),
        *[a_row(year=2022, block=0, summary="Another of them")] * 8,
        *[a_row(year=2021, summary="One [REDACTED] of a kind", action="Referral to RPRP")] * 2,
        *[
            a_row(
                **{"year": 2022, "under_investigation": True},
                **dict.fromkeys(("rank", "summary", "result", "action", "sanction")),
            )
        ]
        * 7,
    ]
    second = a_disclosure(arranged(rows))
    more = tuple(replace(total, officers=total.officers + 1) for total in second.totals)
    second = replace(second, totals=more, published_total=second.published_total + 2)
    put(second, folder / "disclosures", accepted_differences={2021: 1, 2022: 1})
    build(folder / "disclosures", folder / "foi.db")
    furnish(folder, *PARTS)
    return await serve(folder)


@pytest.mark.asyncio
async def test_with_two_disclosures_a_chart_is_of_one_and_the_page_lets_choose(
    site: Datasette, both: Datasette
) -> None:
    page = (await both.client.get("/foi/officers-per-rank")).text
    links = re.findall(r'<a href="([^"]*)#g\.[^"]*">([^<]*)</a>', page)
    assert links == [
        (f"/chart/foi/officers-per-rank?disclosure_id={FIRST}", "01/FOI/22/026570"),
        (f"/chart/foi/officers-per-rank?disclosure_id={SECOND}", "01/FOI/23/000001"),
    ]
    assert f"<option>{SECOND}</option>" in page
    chosen = (await both.client.get(f"/foi/officers-per-rank?disclosure_id={SECOND}")).text
    assert f"<option selected>{SECOND}</option>" in chosen
    assert f'href="/chart/foi/officers-per-rank?disclosure_id={SECOND}#g.' in chosen
    assert "<select" not in (await site.client.get("/foi/officers-per-rank")).text
    for link, number in links_of_figures(page):
        path, _, query = link.partition("?")
        response = await both.client.get(f"{path}.json?{query}&_size=0")
        assert response.json()["filtered_table_rows_count"] == number, link


@pytest.mark.long
def test_questions_are_served_from_any_working_directory(site_folder: Path, tmp_path: Path) -> None:
    address = "/foi/officers-per-year.json?_shape=array"
    command = [sys.executable, "-m", "datasette", str(site_folder), "--get", address]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '"published": 74' in done.stdout


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (
            "-- title: Which ranks did the officers hold?\n",
            "",
            1,
            "title: nothing (field required)",
        ),
        ("-- group: Which ranks?", "-- group: Whose?", 2, "group 'Whose?' is not in metadata.yml"),
        ("caveats: [officers", "caveats: [officer", 15, "caveat 'officer' is not in metadata.yml"),
        ("basis: counted", "basis: guessed", 9, "basis 'guessed' is not in metadata.yml"),
        ("y: officers", "y: number", 16, "number used, but not listed under columns"),
        ("--   rank:\n", "--   rang:\n", 16, "rank used, but not listed under columns"),
        ("--   same_wording:", "--   same_words:", 21, "column 'same_words' has no meaning"),
        ("disclosure_id, rank, status\n", "disclosure_id, rang\n", 16, "rang used, but not"),
        (
            "-- basis: counted",
            "-- basis: counted\n-- basis: checked",
            10,
            "the key 'basis' twice",
        ),
        (":disclosure_id in", ":disclosure in", 1, "parameter 'disclosure' has no label"),
        ("-- basis", "-- basics", 9, "basics, a key that is not known (basis, or"),
        ("-- columns:", "-- columns: [", 18, "expected ',' or ']'"),
        ("-- position: 1", "-- position: first", 3, "position: 'first' (input should be"),
        (
            "-- group: Which ranks?",
            "-- group: What was alleged?",
            3,
            "position 1 in this group is that",
        ),
    ],
)
def test_a_mistake_in_a_file_is_reported_and_stops_the_server(
    database: Path, tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    shutil.copytree(ROOT / "canned_queries", tmp_path / "canned_queries")
    furnish(tmp_path, "ingest", *PARTS)
    furnish_database(tmp_path, database)
    file = tmp_path / "canned_queries" / "officers-per-rank.sql"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    command = [sys.executable, "-m", "datasette", str(tmp_path), "--get", "/"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: canned_queries/officers-per-rank.sql, line ")
    assert f"officers-per-rank.sql, line {line}: {told}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_a_header_is_reported(tmp_path: Path) -> None:
    query_files = a_plugin("query_files")
    file = tmp_path / "bare.sql"
    file.write_text("select 1", "utf-8")
    with pytest.raises(query_files.InvalidQueryFile, match=r"/bare\.sql, line 1: no header"):
        query_files.read_query_file(file)


@pytest.mark.asyncio
async def test_a_share_comes_with_its_bounds_and_none_is_given_of_few(site: Datasette) -> None:
    years = await answer(site, "sanctioned-per-year")
    for row in years:
        unknown = row["under_investigation"] + row["missing"]
        whole = row["finalised"] + unknown
        assert row["share"] == round(row["sanctioned"] / row["finalised"], 3)
        assert row["share_lowest"] == round(row["sanctioned"] / whole, 3)
        assert row["share_highest"] == round((row["sanctioned"] + unknown) / whole, 3)
        assert row["share_lowest"] <= row["share"] <= row["share_highest"]
    last = years[-1]
    assert (last["share"], last["share_lowest"], last["share_highest"]) == (0.04, 0.014, 0.676)
    ranks = {row["rank"]: row for row in await answer(site, "sanctioned-per-rank")}
    assert ranks["Sergeant"]["of_unknown_rank"] == 100
    assert ranks["Sergeant"]["share_highest"] == round(
        (ranks["Sergeant"]["sanctioned"] + 100) / 128, 3
    )
    few = ranks["Unknown"]
    assert (few["officers"], few["sanctioned"]) == (2, 0)
    assert few["share"] is few["share_lowest"] is few["share_highest"] is None


@pytest.mark.asyncio
async def test_the_rules_are_counted_by_year_and_undecided_rows_separately(
    site: Datasette,
) -> None:
    rows = await answer(site, "years-by-regime")
    finalised = {"status": "finalised"}
    assert total(rows, "officers", regime="2012", **finalised) == 94
    assert total(rows, "officers", regime="2020", **finalised) == 159
    assert total(rows, "officers", regime=None, **finalised) == 59
    odd = await answer(site, "regime-mismatch")
    assert [row["line"] for row in odd if row["regime"] == "2020"] == [96, 137, 146, 164]
    assert [row["line"] for row in odd if row["regime"] == "2012"] == [
        *(213, 221, 262, 275, 283, 298, 305, 325, 358, 366, 467)
    ]
    assert all(row["regime_basis"] for row in odd)


@pytest.mark.asyncio
async def test_a_figure_that_a_shared_wording_sways_says_so(site: Datasette) -> None:
    years = {row["year"]: row for row in await answer(site, "officers-per-year")}
    assert {year: row["same_wording"] for year, row in years.items()} == {
        **{2017: None, 2018: None, 2019: None, 2020: 9, 2021: 5, 2022: None}
    }
    results = {row["result"]: row for row in await answer(site, "officers-per-result")}
    assert results["The service provided was acceptable"]["same_wording"] == 9
    assert results["Case to Answer"]["same_wording"] is None
    words = await text_of(site, "/foi/officers-per-result")
    assert "at least 4 officers whose summaries share a wording and so" in words
    assert "share a wording and so" not in await text_of(site, "/foi/dismissals")


@pytest.mark.asyncio
async def test_shared_wordings_are_counted_alone_and_together(site: Datasette) -> None:
    groups = await answer(site, "shared-wordings")
    equal = [group for group in groups if group["basis"] == "equal"]
    assert (len(equal), total(equal, "officers")) == (14, 40)
    first = groups[0]
    assert (first["wording_id"], first["officers"], first["together"]) == (
        *("w-22-026570-0129", 2, 9),
    )
    belonging = [group for group in groups if group["part_of"] == first["wording_id"]]
    assert first["officers"] + total(belonging, "officers") == 9
    assert {group["reason"] for group in (first, *belonging)} == {first["reason"]}


@pytest.mark.asyncio
async def test_publisher_queries_can_be_sent_as_they_are(site: Datasette) -> None:
    rows = await answer(site, "publisher-questions")
    assert sorted(row["line"] for row in rows) == [100, 114, 127, 148, 151, 155, 158, 209, 281]
    letter = next(row["letter"] for row in rows if row["line"] == 100)
    assert letter.startswith(
        "In 01/FOI/22/026570, row 41 of the table in our copy (2018, Inspector +): result “No Case to "
        "Answer”, action “No Action”, sanction “Management Advice”. The result is"
    )
    assert letter.endswith("?")


@pytest.mark.asyncio
async def test_mentions_are_at_least_and_never_more_than_the_summaries(site: Datasette) -> None:
    rows = await answer(site, "mentions-per-year")
    assert total(rows, "officers", mention="Facebook") == 38
    for row in rows:
        assert 0 < row["officers"] <= row["summaries"]
    by_year = {row["year"]: row for row in rows}
    assert total([*by_year.values()], "summaries") + total([*by_year.values()], "no_words") == 312
    assert total([*by_year.values()], "under_investigation") == 97
    assert total([*by_year.values()], "missing") == 3


def test_no_table_with_rows_about_people_may_be_found_in_a_web_search() -> None:
    for name, table in METADATA["databases"]["foi"]["tables"].items():
        rows = {"allegation_id", "wording", "summary", "status"} & set(table.get("columns", {}))
        assert not rows or not table.get("indexed"), name


@pytest.mark.asyncio
async def test_home_searches_the_summaries(site: Datasette) -> None:
    page = (await site.client.get("/")).text
    form = page[page.index('action="/foi/search"') :].partition("</form>")[0]
    assert 'name="q"' in form


@pytest.mark.asyncio
async def test_an_officers_terms_have_the_meanings_of_their_own_tables(site: Datasette) -> None:
    for id in ("22-026570-0003", "22-026570-0207", "22-026570-0054", "22-026570-0001"):
        (row,) = await answer(site, "officer", id=id)
        for column in ("rank", "result", "action", "sanction"):
            found = await site.client.get(
                f"/foi/{column}s.json?_shape=array&{urlencode({'term': row[column] or ''})}"
            )
            meaning = found.json()[0]["meaning"] if found.json() else None
            assert row[f"{column}_meaning"] == meaning


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["redaction-per-disclosure", "redaction-per-year"])
async def test_rows_without_a_summary_are_separate_by_reason(site: Datasette, name: str) -> None:
    rows = await answer(site, name)
    assert total(rows, "not_stated") == 0
    assert total(rows, "under_investigation") == 97
    assert total(rows, "missing") == 3


@pytest.mark.asyncio
async def test_a_day_is_that_of_the_extraction(site: Datasette) -> None:
    days = {row["extracted_on"] for row in await answer(site, "under-investigation")}
    assert days == {"2022-08-16"}


@pytest.mark.asyncio
async def test_truncated_results_say_so(site: Datasette, site_folder: Path, tmp_path: Path) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "settings.json"))
    furnish_database(tmp_path, site_folder / "foi.db")
    (tmp_path / "settings.json").write_text('{"max_returned_rows": 10}', "utf-8")
    short = await serve(tmp_path)
    number = len(await answer(site, "most-redacted"))
    assert number > 10
    words = await text_of(short, "/foi/most-redacted")
    assert f"{number} rows." in words
    assert f"The table shows the first 10 of {number} rows." in words
    assert "The table shows" not in await text_of(site, "/foi/most-redacted")


@pytest.mark.asyncio
async def test_rows_of_two_disclosures_are_counted_apart(site: Datasette, both: Datasette) -> None:
    assert "15 rows." in await text_of(site, "/foi/dismissals")
    words = await text_of(both, "/foi/dismissals")
    assert f"15 rows of {FIRST}, 5 rows of {SECOND}." in words
    found = await answer(both, "search", q="harass", disclosure_id=SECOND)
    assert {row["disclosure_id"] for row in found} == {SECOND}
    assert len(found) == 20


@pytest.mark.asyncio
async def test_queries_of_others_keep_datasettes_own_page(
    site: Datasette, database: Path, tmp_path: Path
) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "metadata.yml"))
    furnish_database(tmp_path, database)
    (tmp_path / "other.db").symlink_to(database)
    about = {**METADATA, "databases": {**METADATA["databases"], "other": {}}}
    for name in ("foi", "other"):
        about["databases"][name] = {
            **about["databases"][name],
            "queries": {"plain": "select 1 as id"},
        }
    (tmp_path / "metadata.yml").write_text(yaml.safe_dump(about), "utf-8")
    other = await serve(tmp_path)
    for name in ("foi", "other"):
        assert (await other.client.get(f"/{name}/plain")).status_code == 200


@pytest.mark.asyncio
async def test_more_rows_than_published_are_said_to_be_more(
    site: Datasette, tmp_path: Path
) -> None:
    disclosure = a_disclosure(arranged([a_row(year=2021)] * 5))
    fewer = tuple(replace(total, officers=3) for total in disclosure.totals)
    disclosures = tmp_path / "disclosures"
    disclosures.mkdir()
    put(
        replace(disclosure, totals=fewer, published_total=3),
        disclosures,
        accepted_differences={2021: -2},
    )
    build(disclosures, tmp_path / "foi.db")
    furnish(tmp_path, *PARTS)
    words = await text_of(await serve(tmp_path), "/")
    assert "2 more than published" in words
    assert " -2 " not in words


@pytest.mark.asyncio
@pytest.mark.parametrize("name", [n for n in PROMISED if "same_wording" in PROMISED[n]])
async def test_same_wording_is_the_largest_group_of_four_or_more_in_the_cell(
    site: Datasette, name: str
) -> None:
    every = (await site.client.get("/foi/officers_counted.json?_shape=array&_size=max")).json()
    mentions = (await site.client.get("/foi/mentions.json?_shape=array&_size=max")).json()
    finalised_alone = name in ("sanctioned-per-year", "redaction-per-year")
    for row in await answer(site, name):
        keys = {"year", "rank", "result", "action", "sanction", "status", "regime"} & set(row)
        mentioned = {m["allegation_id"] for m in mentions if m["mention"] == row.get("mention")}
        groups = [
            officer["wording_group"]
            for officer in every
            if officer["wording_group"]
            and all(officer[key] == row[key] for key in keys)
            and ("mention" not in row or officer["id"] in mentioned)
            and (not finalised_alone or officer["status"] == "finalised")
        ]
        largest = max([groups.count(group) for group in set(groups)] or [0])
        assert row["same_wording"] == (largest if largest >= 4 else None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wordings", "largest"),
    [
        ([], None),
        ([None] * 5, None),
        (["a"] * 3 + ["b"] * 3, None),
        (["a"] * 4 + [None] * 9, 4),
        (["a"] * 4 + ["b"] * 5 + ["c"], 5),
    ],
)
async def test_a_readers_own_sql_has_same_wording_too(
    site: Datasette, wordings: list[str | None], largest: int | None
) -> None:
    sql = "select same_wording(value) as largest from json_each(:wordings)"
    asked = urlencode({"sql": sql, "wordings": json.dumps(wordings), "_shape": "array"})
    assert (await site.client.get(f"/foi.json?{asked}")).json() == [{"largest": largest}]


@pytest.mark.asyncio
async def test_a_share_is_given_from_five_officers_on(site: Datasette, tmp_path: Path) -> None:
    rows = [
        *[a_row(year=2021, rank="Sergeant")] * 4,
        *[a_row(year=2022, rank="Constable")] * 3,
        *[a_row(year=2022, rank="Constable", sanction=None)] * 2,
    ]
    (tmp_path / "disclosures").mkdir()
    put(a_disclosure(arranged(rows)), tmp_path / "disclosures")
    build(tmp_path / "disclosures", tmp_path / "foi.db")
    furnish(tmp_path, *PARTS)
    small = await serve(tmp_path)
    shares = ("share", "share_lowest", "share_highest")
    four, five = await answer(small, "sanctioned-per-year")
    assert [four[name] for name in shares] == [None] * 3
    assert [five[name] for name in shares] == [0.6] * 3
    five, four = await answer(small, "sanctioned-per-rank")
    assert [four[name] for name in shares] == [None] * 3
    assert [five[name] for name in shares] == [0.6] * 3
