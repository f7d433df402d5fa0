"""The canned queries: each answers in every form, adds up, and opens the rows that it counts."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import pytest_asyncio
import yaml
from datasette.app import Datasette
from markupsafe import escape

from ingest.build import build
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put
from tests.serving import PARTS, ROOT, a_plugin, furnish, serve
from tests.site.pages import BANNER, METADATA, text_of
from tests.site.questions import header

COLUMNS = {
    "officers-per-year": """disclosure_id year covered_from covered_to published found finalised
        under_investigation missing same_wording""",
    "year-by-status": "disclosure_id year status officers same_wording",
    "under-investigation": """disclosure_id year under_investigation found published missing
        extracted_on""",
    "officers-per-rank": "disclosure_id rank status officers same_wording",
    "officers-per-result": "disclosure_id result status officers same_wording",
    "officers-per-action": "disclosure_id action status officers same_wording",
    "officers-per-sanction": "disclosure_id sanction severity status officers same_wording",
    "year-by-rank": "disclosure_id year rank status officers same_wording",
    "year-by-result": "disclosure_id year result status officers same_wording",
    "year-by-sanction": "disclosure_id year sanction severity status officers same_wording",
    "rank-by-sanction": "disclosure_id rank sanction severity status officers same_wording",
    "result-by-sanction": "disclosure_id result sanction severity status officers same_wording",
    "dismissals": """id disclosure_id year rank summary withdrawn_on result action sanction dismissed
        redaction_band""",
    "sanctioned-per-year": """disclosure_id year finalised sanctioned off_scale not_stated
        under_investigation missing same_wording share share_lowest share_highest""",
    "sanctioned-per-rank": """disclosure_id rank status officers sanctioned off_scale not_stated
        of_unknown_rank same_wording share share_lowest share_highest""",
    "redaction-per-disclosure": """disclosure_id summaries unknown markers visible_words
        redaction_density marked wholly not_stated under_investigation missing""",
    "redaction-per-year": """disclosure_id year summaries unknown markers visible_words
        redaction_density same_wording not_stated under_investigation missing""",
    "redaction-per-rank": """disclosure_id rank status officers summaries unknown markers
        visible_words redaction_density same_wording""",
    "redaction-per-result": """disclosure_id result status officers summaries unknown markers
        visible_words redaction_density same_wording""",
    "most-redacted": """id disclosure_id year rank summary withdrawn_on redaction_count visible_words
        redaction_density redaction_band""",
    "wholly-redacted": """id disclosure_id year status rank summary withdrawn_on result action sanction
        redaction_count redaction_band""",
    "markers-lost": """id disclosure_id block line year rank summary withdrawn_on redaction_band
        block_summaries chance""",
    "years-by-regime": "disclosure_id year regime status officers same_wording",
    "regime-mismatch": """id disclosure_id year regime regime_basis result action sanction status
        line summary withdrawn_on redaction_band""",
    "shared-wordings": """wording_id disclosure_id year officers together wording basis reason
        part_of""",
    "publisher-questions": """id disclosure_id rule letter line year result action sanction
        status""",
    "mentions-per-year": """disclosure_id year kind mention officers same_wording summaries no_words
        not_stated under_investigation missing""",
    "redaction-per-band": "disclosure_id redaction_band status officers",
    "search-terms": "kind words meaning disclosure_id",
    "search": """id snippet year status rank result action sanction redaction_band
        disclosure_id""",
    "officer": """id disclosure_id reference publisher year status rank rank_meaning summary
        redaction_count visible_words redaction_density redaction_band result result_meaning action
        action_meaning sanction sanction_meaning severity withdrawn_on withdrawn_reason position block
        line source_text source_file source_sha256 copy_status extracted_on""",
}
"""The names and columns that links and programs hold on to."""
ROWS = {
    *("dismissals", "most-redacted", "wholly-redacted", "markers-lost", "search", "officer"),
    *("regime-mismatch", "publisher-questions", "search-terms"),
}
BREAKDOWNS = [name for name in COLUMNS if name not in {*ROWS, "shared-wordings"}]
LONG = [name for name in BREAKDOWNS if "status" in COLUMNS[name].split()]
ASKED = {
    "search": {"q": "harass"},
    "search-terms": {"q": "misconduct"},
    "officer": {"id": "22-026570-0003"},
}
FIRST = "01-FOI-22-026570"
SECOND = "01-FOI-23-000001"
EMPTY_OF_THE_SECOND = ("wholly-redacted", "markers-lost", "publisher-questions")
Row = dict[str, Any]


async def answer(site: Datasette, name: str, **arguments: str) -> list[Row]:
    asked = urlencode({**ASKED.get(name, {}), "_shape": "array", **arguments})
    response = await site.client.get(f"/foi/{name}.json?{asked}")
    assert response.status_code == 200, response.text
    rows: list[Row] = response.json()
    return rows


def total(rows: list[Row], column: str, **chosen: object) -> int:
    """The sum of a column over the rows that hold these values."""
    return sum(
        row[column] or 0
        for row in rows
        if all(row[name] == value for name, value in chosen.items())
    )


def test_the_files_are_the_questions_that_are_promised() -> None:
    assert {path.stem for path in (ROOT / "canned_queries").iterdir()} == set(COLUMNS)


@pytest.mark.asyncio
async def test_no_question_shadows_a_table_or_view(site: Datasette) -> None:
    foi = site.get_database("foi")
    taken = {*await foi.table_names(), *await foi.view_names()}
    assert not taken & set(await site.get_canned_queries("foi", None))
    assert {*COLUMNS} == set(await site.get_canned_queries("foi", None))


@pytest.mark.asyncio
@pytest.mark.parametrize("name", COLUMNS)
async def test_it_answers_as_json_csv_and_html_with_its_columns(site: Datasette, name: str) -> None:
    columns = COLUMNS[name].split()
    asked = urlencode(ASKED.get(name, {}))
    data = (await site.client.get(f"/foi/{name}.json?{asked}")).json()
    assert data["columns"] == columns == list(header(name)["columns"])
    assert data["rows"]
    assert not data["truncated"]
    table = list(csv.reader(io.StringIO((await site.client.get(f"/foi/{name}.csv?{asked}")).text)))
    assert table[0] == columns
    assert len(table) == len(data["rows"]) + 1
    page = (await site.client.get(f"/foi/{name}?{asked}")).text
    table_of_rows = page[page.index("rows-and-columns") :].partition("</table>")[0]
    assert re.findall(r'<th class="col-[^"]*" scope="col">([^<]*)</th>', table_of_rows) == columns
    assert len(re.findall(r"<tr>", table_of_rows)) == len(data["rows"]) + 1


@pytest.mark.asyncio
@pytest.mark.parametrize("name", COLUMNS)
async def test_its_page_says_whose_figures_these_are_and_what_they_cannot_bear(
    site: Datasette, name: str
) -> None:
    about = header(name)
    words = await text_of(site, f"/foi/{name}?{urlencode(ASKED.get(name, {}))}")
    assert words.count(about["title"]) >= 2
    assert " ".join(about["description"].split()) in words
    assert BANNER in words
    assert "For 2022 the publisher counts 74 and our copy holds 71" in words
    assert {
        "checked": "Checked: the officers of each year",
        "counted": "Our count:",
        "at least": "At least these",
        "mixed": "Published words, beside columns that we derived",
        "inferred": "Inferred by this project",
    }[about["basis"]] in words
    for key in about["caveats"]:
        assert METADATA["databases"]["foi"]["caveats"][key]["short"] in words
    _, _, meanings = words.rpartition("What the columns mean")
    for column, meaning in about["columns"].items():
        assert column in meanings
        assert not meaning or meaning in meanings


@pytest.mark.parametrize("name", COLUMNS)
def test_its_caveats_are_those_that_its_figures_demand(name: str) -> None:
    about = header(name)
    columns = set(about["columns"])
    demanded = set()
    demanded |= {"rules"}
    if name in BREAKDOWNS:
        demanded |= {"officers", "open", "missing"}
    if columns & {"result", "action", "sanction", "sanctioned", "dismissed"}:
        demanded |= {"allegation"}
    if columns & {"redaction_density", "redaction_band", "summary", "snippet"}:
        demanded |= {"redacted"}
    if columns & {"summary", "snippet"}:
        demanded |= {"people"}
    assert demanded <= set(about["caveats"])


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
async def test_what_is_not_stated_stands_in_a_row_of_its_own(site: Datasette) -> None:
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
async def test_who_was_sanctioned_is_told_from_who_was_not_and_from_what_is_not_stated(
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
    "name", [name for name in COLUMNS if "redaction_density" in COLUMNS[name] and name not in ROWS]
)
async def test_redaction_is_pooled_and_unknown_summaries_stand_apart(
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
async def test_one_officer_is_told_with_terms_and_provenance_and_no_id_finds_nobody(
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
    assert "Give the id of a row" in await text_of(site, "/foi/officer")
    assert "Type a word" in await text_of(site, "/foi/search")


def links_of_figures(page: str) -> list[tuple[str, int]]:
    """The cells of a page that are a number and open rows: address and number."""
    found = re.findall(r'<td class="[^"]*"><a href="([^"]*)">(\d+)</a></td>', page)
    return [(html.unescape(address), int(number)) for address, number in found]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", [name for name in BREAKDOWNS if header(name).get("counts")])
async def test_a_figure_opens_as_many_rows_as_it_counts(site: Datasette, name: str) -> None:
    figures = links_of_figures((await site.client.get(f"/foi/{name}")).text)
    assert figures
    for address, number in figures:
        path, _, query = address.partition("?")
        response = await site.client.get(f"{path}.json?{query}&_size=0")
        assert response.json()["filtered_table_rows_count"] == number, address


@pytest.mark.asyncio
async def test_missing_officers_and_noughts_open_nothing(site: Datasette) -> None:
    page = (await site.client.get("/foi/officers-per-rank")).text
    assert '<td class="col-officers number">3</td>' in page
    assert "status=missing" not in page
    assert (
        '<td class="col-under_investigation number">0</td>'
        in (await site.client.get("/foi/officers-per-year")).text
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("name", sorted(ROWS - {"search-terms"}))
async def test_an_id_opens_its_row(site: Datasette, name: str) -> None:
    page = (await site.client.get(f"/foi/{name}?{urlencode(ASKED.get(name, {}))}")).text
    ids = [row["id"] for row in await answer(site, name)]
    assert re.findall(r'href="/foi/officer_allegations/([^"?]*)">\1<', page) == ids


@pytest.mark.asyncio
@pytest.mark.parametrize("name", COLUMNS)
async def test_its_chart_names_columns_that_it_has(site: Datasette, name: str) -> None:
    page = (await site.client.get(f"/foi/{name}?{urlencode(ASKED.get(name, {}))}")).text
    charts = re.findall(r'href="(?:/foi/([a-z-]*))?#(g\.[^"]*)"', page)
    assert len(charts) == (name in BREAKDOWNS and name != "redaction-per-disclosure")
    for of, chart in charts:
        drawn = dict(parse_qsl(html.unescape(chart)))
        columns = {value for key, value in drawn.items() if key.endswith("_column")}
        assert columns <= set(COLUMNS[of or name].split())
        assert drawn["g.mark"] == "bar"
        assert (drawn["g.x_type"], drawn["g.y_type"]) == ("ordinal", "quantitative")


@pytest.mark.asyncio
async def test_home_asks_every_question_in_its_group(site: Datasette) -> None:
    page = (await site.client.get("/")).text
    words = await text_of(site, "/")
    for name in COLUMNS:
        title = escape(header(name)["title"])
        assert f'<a href="/foi/{name}">{title}</a>' in page
    groups = METADATA["databases"]["foi"]["plugins"]["query_files"]["groups"]
    places = [words.index(group, words.index("Questions")) for group in groups]
    assert places == sorted(places)
    assert '<form class="parameters" action="/foi/search" method="get" role="search">' in page


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
@pytest.mark.parametrize(
    "name", [name for name in COLUMNS if name not in ("search", "search-terms", "officer")]
)
async def test_no_question_adds_two_disclosures_up(
    site: Datasette, both: Datasette, name: str
) -> None:
    alone = await answer(site, name)
    together = await answer(both, name)
    for disclosure in (FIRST, SECOND):
        of_one = [row for row in together if row["disclosure_id"] == disclosure]
        assert await answer(both, name, disclosure_id=disclosure) == of_one
        assert of_one or name in EMPTY_OF_THE_SECOND
        if disclosure == FIRST:
            assert of_one == alone
        if name in LONG:
            assert total(of_one, "officers", status="missing") == (3 if disclosure == FIRST else 2)
    assert {row["disclosure_id"] for row in together} <= {FIRST, SECOND}
    assert await answer(both, name, disclosure_id="none") == []


@pytest.mark.asyncio
async def test_with_two_disclosures_a_chart_is_of_one_and_the_page_lets_choose(
    site: Datasette, both: Datasette
) -> None:
    page = (await both.client.get("/foi/officers-per-rank")).text
    links = re.findall(r'<a href="([^"]*)#g\.[^"]*">([^<]*)</a>', page)
    assert links == [
        (f"?disclosure_id={FIRST}", "01/FOI/22/026570"),
        (f"?disclosure_id={SECOND}", "01/FOI/23/000001"),
    ]
    assert f"<option>{SECOND}</option>" in page
    chosen = (await both.client.get(f"/foi/officers-per-rank?disclosure_id={SECOND}")).text
    assert f"<option selected>{SECOND}</option>" in chosen
    assert 'href="#g.' in chosen
    assert "<select" not in (await site.client.get("/foi/officers-per-rank")).text
    for address, number in links_of_figures(page):
        path, _, query = address.partition("?")
        response = await both.client.get(f"{path}.json?{query}&_size=0")
        assert response.json()["filtered_table_rows_count"] == number, address


def test_questions_are_served_from_any_working_directory(site_folder: Path, tmp_path: Path) -> None:
    address = "/foi/officers-per-year.json?_shape=array"
    command = [sys.executable, "-m", "datasette", str(site_folder), "--get", address]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '"published": 74' in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("-- title: How many officers of each rank?\n", "", "title: Field required"),
        ("-- group: Which ranks?", "-- group: Whose?", "group 'Whose?' not in metadata.yml"),
        ("caveats: [officers, open", "caveats: [officer, open", "caveat 'officer' not in"),
        ("basis: counted", "basis: guessed", "basis: Input should be"),
        ("y: officers", "y: number", "number not among its columns"),
        ("--   rank:\n", "--   rang:\n", "rank not among its columns"),
        ("--   same_wording:", "--   same_words:", "column 'same_words', without a"),
        (
            "--   officers: disclosure_id, rank",
            "--   officers: disclosure_id, rang",
            "rang not among",
        ),
        ("-- basis: counted", "-- basis: counted\n-- basis: checked", "basis twice"),
        (":disclosure_id in", ":disclosure in", "parameter 'disclosure', without a label"),
        ("-- basis", "-- basics", "basics: Extra inputs are not permitted"),
        ("-- columns:", "-- columns: [", "the header is not YAML"),
    ],
)
def test_a_mistake_in_a_file_stops_the_server_and_is_told(
    database: Path, tmp_path: Path, old: str, new: str, told: str
) -> None:
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    shutil.copytree(ROOT / "canned_queries", tmp_path / "canned_queries")
    furnish(tmp_path, *PARTS)
    (tmp_path / "foi.db").symlink_to(database)
    file = tmp_path / "canned_queries" / "officers-per-rank.sql"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    command = [sys.executable, "-m", "datasette", str(tmp_path), "--get", "/"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: canned_queries/officers-per-rank.sql: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_a_header_is_told(tmp_path: Path) -> None:
    query_files = a_plugin("query_files")
    file = tmp_path / "bare.sql"
    file.write_text("select 1", "utf-8")
    with pytest.raises(query_files.InvalidQueryFile, match=r"^bare\.sql: expected a header"):
        query_files.read(file)


@pytest.mark.asyncio
async def test_the_sql_behind_a_question_is_shown_and_can_be_edited(site: Datasette) -> None:
    for name in COLUMNS:
        page = (await site.client.get(f"/foi/{name}")).text
        match = re.search(r'<a href="([^"]*)" class="canned-query-edit-sql">', page)
        assert match
        edited = urlsplit(html.unescape(match[1]))
        sql = dict(parse_qsl(edited.query))["sql"]
        assert str(escape(sql)) in page
        assert not sql.startswith("--")
        assert (await site.client.get(html.unescape(match[1]))).status_code == 200


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
async def test_the_rules_are_told_by_year_and_what_does_not_decide_stands_apart(
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
    assert "four officers or more that share a wording" in words
    assert "share a wording , and so" not in await text_of(
        site, "/foi/officers-per-year?disclosure_id=x"
    )


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
async def test_questions_to_the_publisher_can_be_sent_as_they_stand(site: Datasette) -> None:
    rows = await answer(site, "publisher-questions")
    assert sorted(row["line"] for row in rows) == [100, 114, 127, 148, 151, 155, 158, 209, 281]
    letter = next(row["letter"] for row in rows if row["line"] == 100)
    assert letter.startswith(
        'In 01/FOI/22/026570, row 41 of the table (2018, Inspector +): result "No Case to Answer",'
        ' action "No Action", sanction "Management Advice". The result is'
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


def test_no_page_with_rows_about_people_may_be_found_in_a_web_search() -> None:
    indexed = METADATA["plugins"]["noindex"]["indexed"]
    for name in COLUMNS:
        words = {"id", "summary", "snippet", "wording", "letter"} & set(COLUMNS[name].split())
        assert not words or f"/foi/{name}" not in indexed, name
    for name, table in METADATA["databases"]["foi"]["tables"].items():
        rows = {"allegation_id", "wording", "summary", "status"} & set(table.get("columns", {}))
        assert not rows or f"/foi/{name}" not in indexed, name


@pytest.mark.parametrize("name", COLUMNS)
def test_rows_about_people_come_with_the_request_to_leave_them_alone(name: str) -> None:
    if {"summary", "snippet", "wording", "letter"} & set(COLUMNS[name].split()):
        assert "people" in header(name)["caveats"]


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
@pytest.mark.parametrize("name", [n for n in COLUMNS if "severity" in COLUMNS[n].split()])
async def test_severity_is_that_of_the_sanction(site: Datasette, name: str) -> None:
    known = (await site.client.get("/foi/sanctions.json?_shape=array")).json()
    severities = {term["term"]: term["severity"] for term in known}
    for row in await answer(site, name):
        assert row["severity"] == severities.get(row["sanction"])


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["redaction-per-disclosure", "redaction-per-year"])
async def test_rows_without_a_summary_stand_apart_by_their_reason(
    site: Datasette, name: str
) -> None:
    rows = await answer(site, name)
    assert total(rows, "not_stated") == 0
    assert total(rows, "under_investigation") == 97
    assert total(rows, "missing") == 3


@pytest.mark.asyncio
async def test_a_day_is_that_of_the_extraction(site: Datasette) -> None:
    days = {row["extracted_on"] for row in await answer(site, "under-investigation")}
    assert days == {"2022-08-16"}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", COLUMNS)
async def test_terms_stand_in_their_order_and_years_in_theirs(site: Datasette, name: str) -> None:
    if name in ROWS or name in ("shared-wordings", "mentions-per-year", "redaction-per-band"):
        return
    places: dict[str, dict[str | None, int]] = {}
    for term in ("rank", "result", "action", "sanction"):
        known = (await site.client.get(f"/foi/{term}s.json?_shape=array")).json()
        places[term] = {entry["term"]: entry["position"] for entry in known} | {None: 99}
    status = ["finalised", "under investigation", "missing"]
    keys = [
        tuple(
            places[column][row[column]] if column in places else status.index(row[column])
            if column == "status" else str(row[column] or "~")
            for column in row
            if column in places or column in ("year", "regime", "status")
        )
        for row in await answer(site, name)
    ]  # fmt: skip
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", COLUMNS)
async def test_its_page_has_a_key_a_named_region_and_labels_that_point_somewhere(
    site: Datasette, name: str
) -> None:
    page = (await site.client.get(f"/foi/{name}?{urlencode(ASKED.get(name, {}))}")).text
    assert '<p class="key" id="key">' in page
    assert 'class="table-wrapper" tabindex="0" role="region" aria-label="Rows"' in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<label for="([^"]*)"', page)) <= set(ids)


@pytest.mark.asyncio
async def test_what_is_cut_off_is_said_to_be_cut_off(
    site: Datasette, site_folder: Path, tmp_path: Path
) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "settings.json"))
    (tmp_path / "foi.db").symlink_to(site_folder / "foi.db")
    (tmp_path / "settings.json").write_text('{"max_returned_rows": 10}', "utf-8")
    short = await serve(tmp_path)
    assert "More than 10 lines." in await text_of(short, "/foi/most-redacted")
    assert "More than" not in await text_of(site, "/foi/most-redacted")


@pytest.mark.asyncio
async def test_rows_of_two_disclosures_are_counted_apart(site: Datasette, both: Datasette) -> None:
    assert "15 lines." in await text_of(site, "/foi/dismissals")
    words = await text_of(both, "/foi/dismissals")
    assert f"15 lines of {FIRST}, 5 lines of {SECOND}." in words
    found = await answer(both, "search", q="harass", disclosure_id=SECOND)
    assert {row["disclosure_id"] for row in found} == {SECOND}
    assert len(found) == 20


@pytest.mark.asyncio
async def test_queries_of_others_keep_datasettes_own_page(
    site: Datasette, database: Path, tmp_path: Path
) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "metadata.yml"))
    (tmp_path / "foi.db").symlink_to(database)
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
@pytest.mark.parametrize("name", [n for n in COLUMNS if "same_wording" in COLUMNS[n].split()])
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
