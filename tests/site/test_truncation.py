"""A site whose disclosure has more rows than Datasette returns at once: nothing is cut in silence."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import Any
from urllib.parse import quote_plus

import pytest
import pytest_asyncio
import yaml
from datasette.app import Datasette
from datasette.plugins import pm
from openpyxl import load_workbook

from ingest.build import build
from tests.documents import a_disclosure, arranged, put
from tests.serving import PARTS, furnish, serve
from tests.site.conftest import rows_at_random
from tests.site.pages import METADATA

pytestmark = pytest.mark.asyncio
TABLE = "/foi/officer_allegations"
ROWS = 181
AT_ONCE = 15
MOST_CSV, MOST_EXCEL = 400, 300
SQL = quote_plus("select position, null as n from officer_allegations order by position")
TOO_MANY = quote_plus("select a.position from officer_allegations a, officer_allegations b")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small(site: Datasette, tmp_path_factory: pytest.TempPathFactory) -> Datasette:
    """The disclosure of rows at random, served 15 rows at once and 10 a page."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "disclosures").mkdir()
    disclosure = a_disclosure(arranged(rows_at_random()), reference="01/FOI/23/000004")
    put(disclosure, folder / "disclosures")
    build(folder / "disclosures", folder / "foi.db")
    furnish(folder, *(part for part in PARTS if part not in ("settings.json", "metadata.yml")))
    limits = {"default_page_size": 10, "max_returned_rows": AT_ONCE, "suggest_facets": False}
    (folder / "settings.json").write_text(json.dumps(limits), "utf-8")
    text = yaml.safe_dump(METADATA, sort_keys=False)
    for old, new in (
        (r"max_rows: 100000", f"max_rows: {MOST_CSV}"),
        (r"max_rows: 20000", f"max_rows: {MOST_EXCEL}"),
        (r"\bsize: 500", "size: 10"),
    ):
        text, changed = re.subn(old, new, text)
        assert changed
    (folder / "metadata.yml").write_text(text, "utf-8")
    return await serve(folder)


async def get(site: Datasette, url: str) -> Any:
    response = await site.client.get(url)
    assert response.status_code == 200, response.text
    return response


def positions(text: str) -> list[int]:
    return [int(row["position"]) for row in csv.DictReader(io.StringIO(text))]


@pytest.mark.parametrize(
    "url",
    [
        f"{TABLE}.csv",
        f"{TABLE}.csv?_stream=on&_size=max",
        f"{TABLE}.csv?_stream=on&_size=0",
        f"{TABLE}.csv?_sort=position&_col=position",
        "/foi/officer_allegations.csv?_labels=on",
        f"/foi.csv?sql={SQL}",
    ],
)
async def test_a_csv_has_all_rows_in_order(small: Datasette, url: str) -> None:
    response = await get(small, url)
    assert "x-truncated" not in response.headers
    assert positions(response.text) == list(range(1, ROWS + 1))


async def test_the_csv_of_a_question_and_of_a_view_has_all_rows(small: Datasette) -> None:
    for name, rows in (("search.csv?q=officer", None), ("officers_counted.csv", ROWS)):
        response = await get(small, f"/foi/{name}")
        found = len(list(csv.DictReader(io.StringIO(response.text))))
        assert "x-truncated" not in response.headers
        assert found > AT_ONCE
        assert rows in (None, found)


async def test_a_page_as_csv_or_json_says_so_and_links_to_the_next_and_to_all(
    small: Datasette,
) -> None:
    for form in ("csv?", "json?_shape=array&", "json?"):
        found = await get(small, f"{TABLE}.{form}_size=12&status=finalised")
        assert found.headers["x-truncated"] == "true"
        links = {rel: link["url"] for rel, link in found.links.items()}
        assert set(links) == {"next", "full"}
        assert f"{TABLE}.csv?status=finalised" in links["full"]
        full = await get(small, links["full"].removeprefix("http://localhost"))
        assert len(positions(full.text)) > AT_ONCE
        rest = await get(small, links["next"].removeprefix("http://localhost"))
        if form == "csv?":
            assert positions(found.text) + positions(rest.text) == positions(full.text)
        elif form == "json?":
            assert found.json()["truncated"] is True


async def test_json_of_sql_that_is_cut_says_so_in_every_shape(small: Datasette) -> None:
    for shape in ("arrays", "objects", "array", "arrayfirst"):
        response = await get(small, f"/foi.json?sql={SQL}&_shape={shape}")
        assert response.headers["x-truncated"] == "true"
        full = response.links["full"]["url"].removeprefix("http://localhost")
        assert len(positions((await get(small, full)).text)) == ROWS
    for url in ("/foi.json?sql=select+1&_shape=array", "/foi/disclosures.json"):
        assert "x-truncated" not in (await get(small, url)).headers


async def test_a_csv_or_workbook_beyond_its_bound_says_so(small: Datasette) -> None:
    response = await get(small, f"/foi.csv?sql={TOO_MANY}")
    assert len(positions(response.text)) == MOST_CSV
    assert response.headers["x-truncated"] == "true"
    response = await get(small, f"/foi.xlsx?sql={TOO_MANY}")
    assert response.headers["x-truncated"] == "true"
    data, about = load_workbook(io.BytesIO(response.content)).worksheets
    assert data.max_row == MOST_EXCEL + 1
    assert ("Incomplete", f"There are more rows than the {MOST_EXCEL} here.") in about.values
    whole = await get(small, f"{TABLE}.xlsx")
    assert "x-truncated" not in whole.headers
    assert load_workbook(io.BytesIO(whole.content)).worksheets[0].max_row == ROWS + 1


async def test_a_workbook_of_sql_has_english_names(small: Datasette) -> None:
    sql = quote_plus("""select 1 as "", 2 as ' ', 3 as three""")
    response = await get(small, f"/foi.xlsx?sql={sql}")
    assert 'filename="visitors-query.xlsx"' in response.headers["content-disposition"]
    sheet = load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert sheet.title == "visitors-query"
    assert next(iter(sheet.values)) == ("Column1", "Column2", "three")
    response = await get(small, "/foi/search.xlsx?q=officer")
    assert 'filename="search.xlsx"' in response.headers["content-disposition"]


@pytest.mark.parametrize(
    "sql", ["selec", "with recursive n(i) as (select 1 union all select i + 1 from n) select * from n where i < 0"]
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_sql_that_is_wrong_or_takes_too_long_is_an_error_and_no_file(
    small: Datasette, sql: str, form: str
) -> None:
    response = await small.client.get(f"/foi.{form}?sql={quote_plus(sql)}&_timelimit=50")
    assert response.status_code == 400


async def test_pages_say_how_many_rows_they_show_and_lead_to_all(small: Datasette) -> None:
    for url, words in (
        (TABLE, f"This page shows 10 of {ROWS} rows."),
        (f"/foi?sql={SQL}", f"Only the first {AT_ONCE} rows are shown."),
    ):
        page = (await get(small, url)).text
        (link,) = re.findall(rf'{words} <a href="([^"]*)">All rows as CSV</a>', page)
        assert len(positions((await get(small, html.unescape(link))).text)) == ROWS
    page = (await get(small, TABLE)).text
    assert "(at most 15 in one file)" in page


async def test_a_question_counts_all_its_rows_where_the_table_shows_the_first(
    small: Datasette,
) -> None:
    text = (await get(small, "/foi/search.csv?q=officer")).text
    number = len(list(csv.DictReader(io.StringIO(text))))
    page = (await get(small, "/foi/search?q=officer")).text
    assert f"<strong>{number} rows.</strong>" in page
    assert f"The table shows the first {AT_ONCE} of {number} rows." in page
    assert f"All {number} rows as" in page


async def test_with_too_many_rows_to_count_a_question_has_no_answer(
    small: Datasette, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site_api,) = (plugin for plugin in pm.get_plugins() if hasattr(plugin, "TooManyRows"))
    monkeypatch.setattr(site_api, "MOST_ROWS", AT_ONCE + 1)
    page = (await get(small, "/foi/search?q=officer&year=2019")).text
    assert "More rows than can be counted here; of the first: 15 rows." in page
    assert f"The table shows the first {AT_ONCE} rows." in page
    assert "All rows as" in page


async def test_the_map_and_the_marks_are_of_all_rows(small: Datasette) -> None:
    page = (await get(small, "/redaction")).text
    drawn = page.partition('class="drawing map"')[2].partition("</svg>")[0]
    assert len(re.findall(r'<rect class="(?:shown|lost|open)"', drawn)) == ROWS
    text = (await get(small, "/foi/publisher_questions.csv")).text
    asked = {row["allegation_id"] for row in csv.DictReader(io.StringIO(text))}
    assert len(asked) > AT_ONCE
    marked: set[str] = set()
    url: str | None = f"{TABLE}?_col=id&_size=max"
    while url:
        page = (await get(small, url)).text
        marked |= set(re.findall(r'class="asked" href="[^"]*/([\w-]+)#question"', page))
        following = re.search(r'href="(/[^"]*)">Next page', page)
        url = following and html.unescape(following[1])
    assert marked == asked
