"""Pages as a reader sees them: live figures, caveats and links."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin

import pytest
from datasette.app import Datasette
from datasette.utils import tilde_encode

from tests.contract import OF_OTHER_SHAPES, VIEWS
from tests.serving import ROOT
from tests.site.pages import BANNER, METADATA, PAGES, TABLES, text_of
from tests.site.questions import QUESTIONS

pytestmark = pytest.mark.asyncio
OTHERS = [f"/foi/{name}" for name in (*TABLES, *QUESTIONS) if f"/foi/{name}" not in PAGES]
"""The tables and questions whose pages are like one of PAGES."""


async def test_datasette_serves_the_built_database_alone_and_immutable(site: Datasette) -> None:
    (database,) = (await site.client.get("/-/databases.json")).json()
    assert (database["name"], database["is_mutable"]) == ("foi", False)
    assert (await site.client.get("/foi.json")).json()["tables"]


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (412, "officers counted by the publisher"),
        (409, "of them are in our copy"),
        (312, "officers’ matters were finalised"),
        (97, "officers were still under investigation"),
        (541, "redaction markers, in 270 of 291 summaries. Another 21 lost theirs"),
        (14, "summaries are wholly redacted"),
        (21, "summaries have lost their markers"),
    ],
)
async def test_home_states_the_live_figures(site: Datasette, number: int, words: str) -> None:
    assert f"{number} {words}" in await text_of(site, "/")


async def test_the_figures_on_home_are_those_of_their_links(site: Datasette) -> None:
    page = (await site.client.get("/")).text
    figures = re.findall(r'<dt><a href="([^"]*)">([\d,]+)</a></dt>', page)
    assert len(figures) == 7
    for address, number in figures:
        words = await text_of(site, html.unescape(address))
        assert re.search(rf"\b{number}\b", words), address


async def test_home_shows_each_year_and_says_that_rows_of_2022_are_missing(
    site: Datasette,
) -> None:
    words = await text_of(site, "/")
    assert "2021 111 111 84 27 0 2022 to 16 August 2022 74 71 25 46 3" in words
    assert (
        "For 2022 the publisher counts 74 officers and our copy has 71: 3 rows are missing" in words
    )
    assert "The rules changed on 1 February 2020: don’t compare years across the change." in words


async def test_home_carries_every_caveat_and_the_banner(site: Datasette) -> None:
    words = await text_of(site, "/")
    assert BANNER in words
    for caveat in METADATA["databases"]["foi"]["caveats"].values():
        assert f"{caveat['short']} {caveat['text']}".strip() in words


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("table", TABLES)
async def test_every_table_page_carries_its_caveats_and_the_banner(
    site: Datasette, table: str
) -> None:
    words = await text_of(site, f"/foi/{table}")
    assert BANNER in words
    assert "3 missing" in words
    for caveat in TABLES[table]["caveats"]:
        assert f"{caveat['short']} {caveat['text']}".strip() in words


@pytest.mark.parametrize(
    "table", [name for name in TABLES if name not in (*VIEWS, *OF_OTHER_SHAPES)]
)
async def test_every_row_page_carries_its_caveats_and_the_banner(
    site: Datasette, table: str
) -> None:
    rows = (await site.client.get(f"/foi/{table}.json?_size=1")).json()
    row = dict(zip(rows["columns"], rows["rows"][0], strict=True))
    keys = [tilde_encode(str(row[key])) for key in rows["primary_keys"]]
    path = f"/foi/{table}/{','.join(keys)}"
    words = await text_of(site, path)
    assert BANNER in words
    for caveat in TABLES[table]["caveats"]:
        assert f"{caveat['short']} {caveat['text']}".strip() in words


async def test_a_row_page_explains_each_of_its_values(site: Datasette) -> None:
    words = await text_of(site, "/foi/officer_allegations/22-026570-0003")
    assert "Would Have Been Dismissed" in words
    for column, meaning in TABLES["officer_allegations"]["columns"].items():
        assert column in words
        assert meaning.strip() in words


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("table", TABLES)
async def test_every_table_page_explains_its_columns(site: Datasette, table: str) -> None:
    words = await text_of(site, f"/foi/{table}")
    for column, meaning in TABLES[table]["columns"].items():
        assert f"{column} {meaning.strip()}" in words


async def test_a_row_whose_markers_were_lost_does_not_claim_to_have_none(site: Datasette) -> None:
    path = "/foi/officer_allegations.json?redaction_band=unknown&_shape=array&_col=id"
    first = (await site.client.get(path)).json()[0]["id"]
    words = await text_of(site, f"/foi/officer_allegations/{first}")
    assert "redaction_band unknown" in words
    assert "0 rows" not in words


async def test_a_search_says_that_it_finds_at_least_these(site: Datasette) -> None:
    note = TABLES["officer_allegations"]["search_note"].strip()
    assert note in await text_of(site, "/foi/officer_allegations?_search=facebook")
    assert note in await text_of(site, "/foi/officer_allegations?_search=nosuchword")
    assert note not in await text_of(site, "/foi/officer_allegations")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/none", 404),
        ("/foi/none", 404),
        ("/foi/officer_allegations/22-026570-9999", 404),
        ("/foi/officer_allegations_fts", 403),
        ("/foi/officer_allegations?_where=none", 400),
    ],
)
async def test_an_error_page_has_the_sites_layout_and_a_link_home(
    site: Datasette, path: str, status: int
) -> None:
    response = await site.client.get(path)
    assert response.status_code == status
    assert "/static/site.css" in response.text
    assert '<a href="/">Disclosed in part</a>' in response.text
    assert '<a href="/">home page</a>' in response.text


async def test_the_officers_table_shows_500_rows_a_page_and_its_facets(site: Datasette) -> None:
    page = (await site.client.get("/foi/officer_allegations.json")).json()
    assert len(page["rows"]) == 409
    assert page["next"] is None
    assert set(page["facet_results"]) == {
        *("year", "status", "rank", "result", "action", "sanction", "redaction_band", "regime")
    }
    assert page["suggested_facets"] == []
    bands = {
        result["value"]: result["count"]
        for result in page["facet_results"]["redaction_band"]["results"]
    }
    assert bands == {
        "unmarked": 21,
        "light": 49,
        "moderate": 150,
        "heavy": 57,
        "total": 14,
        "unknown": 21,
    }


async def test_a_table_without_rows_says_so_and_links_to_all(site: Datasette) -> None:
    page = (await site.client.get("/foi/officer_allegations?year=1999")).text
    assert "No rows where year = 1999" in page
    assert '<a href="/foi/officer_allegations">All rows of Officers investigated</a>' in page


async def test_a_row_with_a_publisher_query_is_marked_in_the_table(
    site: Datasette,
) -> None:
    page = (await site.client.get("/foi/officer_allegations?_nofacet=1")).text
    asked = (await site.client.get("/foi/publisher_questions.json?_shape=array&_size=max")).json()
    marked = set(re.findall(r'href="/foi/officer_allegations/([^"#]+)#question">§', page))
    assert marked == {row["allegation_id"] for row in asked}
    row = (await site.client.get(f"/foi/officer_allegations/{min(marked)}")).text
    assert 'id="question"' in row


async def test_a_filter_on_a_counted_figure_finds_it(site: Datasette) -> None:
    rows = (await site.client.get("/foi/reconciliation.json?missing=3&_shape=array")).json()
    assert [row["year"] for row in rows] == [2022]


@pytest.fixture(scope="session")
def followed() -> dict[str, int]:
    """The requested URLs, with the status of each response."""
    return {}


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    "path", [*PAGES, *(pytest.param(path, marks=pytest.mark.long) for path in OTHERS)]
)
async def test_every_link_of_a_page_works(
    site: Datasette, followed: dict[str, int], path: str
) -> None:
    page = (await site.client.get(path)).text
    found = re.findall(r'(?:href|src|action)="([^"#]+)', page)
    links = {urljoin(path, html.unescape(link)) for link in found}
    inside = {link for link in links if link.startswith("/") and "_sort" not in link}
    for link in inside - followed.keys():
        followed[link] = (await site.client.get(link)).status_code
    assert inside
    assert {link: followed[link] for link in inside if followed[link] != 200} == {}


async def test_what_the_readme_links_to_answers(site: Datasette) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    paths = re.findall(r"http://(?:localhost|127\.0\.0\.1):8001(/[^\s<>'\"`]*)", readme)
    assert len(paths) > 5
    for path in paths:
        assert (await site.client.get(path)).status_code == 200, path
