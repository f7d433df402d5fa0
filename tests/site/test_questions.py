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

from ingest.build import build
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put
from tests.serving import PARTS, ROOT, a_plugin, furnish, serve
from tests.site.test_metadata import METADATA
from tests.site.test_pages import BANNER, text_of

COLUMNS = {
    "officers-per-year": """disclosure_id year covered_from covered_to published found finalised
        under_investigation missing""",
    "year-by-status": "disclosure_id year status officers",
    "under-investigation": """disclosure_id year under_investigation found published missing
        extracted_on""",
    "officers-per-rank": "disclosure_id rank status officers",
    "officers-per-result": "disclosure_id result status officers",
    "officers-per-action": "disclosure_id action status officers",
    "officers-per-sanction": "disclosure_id sanction severity status officers",
    "year-by-rank": "disclosure_id year rank status officers",
    "year-by-result": "disclosure_id year result status officers",
    "year-by-sanction": "disclosure_id year sanction severity status officers",
    "rank-by-sanction": "disclosure_id rank sanction severity status officers",
    "result-by-sanction": "disclosure_id result sanction severity status officers",
    "dismissals": """id disclosure_id year rank summary result action sanction dismissed
        redaction_band""",
    "sanctioned-per-year": """disclosure_id year finalised sanctioned off_scale not_stated
        under_investigation missing""",
    "sanctioned-per-rank": "disclosure_id rank status officers sanctioned off_scale not_stated",
    "redaction-per-disclosure": """disclosure_id summaries unknown markers visible_words
        redaction_density marked wholly not_stated under_investigation missing""",
    "redaction-per-year": """disclosure_id year summaries unknown markers visible_words
        redaction_density not_stated under_investigation missing""",
    "redaction-per-rank": """disclosure_id rank status officers summaries unknown markers
        visible_words redaction_density""",
    "redaction-per-result": """disclosure_id result status officers summaries unknown markers
        visible_words redaction_density""",
    "most-redacted": """id disclosure_id year rank summary redaction_count visible_words
        redaction_density redaction_band""",
    "wholly-redacted": """id disclosure_id year status rank summary result action sanction
        redaction_count redaction_band""",
    "markers-lost": """id disclosure_id block line year rank summary redaction_band
        block_summaries chance""",
    "search": """id snippet year status rank result action sanction redaction_band
        disclosure_id""",
    "officer": """id disclosure_id reference publisher year status rank rank_meaning summary
        redaction_count visible_words redaction_density redaction_band result result_meaning action
        action_meaning sanction sanction_meaning severity withheld_on withheld_reason position block
        line source_text source_file source_sha256 copy_status extracted_on""",
}
"""The names and columns of the contract."""
ROWS = {"dismissals", "most-redacted", "wholly-redacted", "markers-lost", "search", "officer"}
BREAKDOWNS = [name for name in COLUMNS if name not in ROWS]
LONG = [name for name in BREAKDOWNS if "status" in COLUMNS[name].split()]
WIDE = [name for name in BREAKDOWNS if name not in LONG]
ASKED = {"search": {"q": "harass"}, "officer": {"id": "22-026570-0003"}}
FIRST = "01-FOI-22-026570"
SECOND = "01-FOI-23-000001"
Row = dict[str, Any]


def header(name: str) -> dict[str, Any]:
    text = (ROOT / "canned_queries" / f"{name}.sql").read_text("utf-8")
    lines = [line[3:] for line in text.split("\n\n")[0].split("\n")]
    loaded: dict[str, Any] = yaml.safe_load("\n".join(lines))
    return loaded


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


def test_the_files_are_the_questions_of_the_contract() -> None:
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
    assert re.findall(r'<th class="col-[^"]*" scope="col">([^<]*)</th>', page) == columns
    assert len(re.findall(r"<tr>", page)) == len(data["rows"]) + 1


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
    terms = {"rank", "result", "action", "sanction"} & set(rows[0])
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
@pytest.mark.parametrize("name", [name for name in COLUMNS if name.startswith("redaction-per")])
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
    assert '<td class="col-officers">3</td>' in page
    assert "status=missing" not in page
    assert (
        '<td class="col-under_investigation">0</td>'
        in (await site.client.get("/foi/officers-per-year")).text
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("name", sorted(ROWS))
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
        title = html.escape(header(name)["title"], quote=False)
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
@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in ("search", "officer")])
async def test_no_question_adds_two_disclosures_up(
    site: Datasette, both: Datasette, name: str
) -> None:
    alone = await answer(site, name)
    together = await answer(both, name)
    for disclosure in (FIRST, SECOND):
        of_one = [row for row in together if row["disclosure_id"] == disclosure]
        assert await answer(both, name, disclosure_id=disclosure) == of_one
        assert bool(of_one) or name in ("wholly-redacted", "markers-lost")
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
        ("--   officers: Officers counted.", "--   officers:", "column 'officers', without a"),
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
    with pytest.raises(query_files.Unusable, match=r"^bare\.sql: expected a header"):
        query_files.read(file)


@pytest.mark.asyncio
async def test_the_sql_behind_a_question_is_shown_and_can_be_edited(site: Datasette) -> None:
    for name in COLUMNS:
        page = (await site.client.get(f"/foi/{name}")).text
        match = re.search(r'<a href="([^"]*)" class="canned-query-edit-sql">', page)
        assert match
        edited = urlsplit(html.unescape(match[1]))
        sql = dict(parse_qsl(edited.query))["sql"]
        assert html.escape(sql, quote=False).replace("'", "&#39;") in page
        assert not sql.startswith("--")
        assert (await site.client.get(html.unescape(match[1]))).status_code == 200
