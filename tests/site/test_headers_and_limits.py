"""Response headers, and the limits on queries."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from datasette.app import Datasette

from tests.site.pages import PAGES

pytestmark = pytest.mark.asyncio
OF_EMBEDS = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"
POLICY = f"{OF_EMBEDS}; frame-ancestors 'none'"
OF_CHARTS = (
    "default-src 'self'; script-src 'self' 'unsafe-eval';"
    " style-src 'self' 'sha256-zHu+4xXhsS6NimrB7yW5G9nPUEUFviBhDjPmtcftAAM=';"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
POLICIES = {
    **dict.fromkeys(PAGES, POLICY),
    "/embed/officers-per-year": OF_EMBEDS,
    "/embed/none": OF_EMBEDS,
    "/chart/foi/officers-per-year": OF_CHARTS,
    "/chart/foi?sql=select+1": OF_CHARTS,
    "/chart/foi/none": OF_CHARTS,
    **dict.fromkeys(
        (
            *("/foi/officer_allegations.json", "/foi/officer_allegations.csv", "/foi.db"),
            *("/foi/officers-per-year.xlsx", "/drawing/officers-per-rank.svg"),
            *("/static/site.css", "/static/none", "/-/static/table.js", "/-/settings", "/-/none"),
            *("/robots.txt", "/.well-known/security.txt", "/-/health", "/foi.json?sql=select+none"),
            *("/foi/", "/foi/officer_allegations?utm_source=a", "/chart", "/embed"),
        ),
        POLICY,
    ),
}
"""The `Content-Security-Policy` of every kind of response."""


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("path", POLICIES)
async def test_every_response_says_what_browsers_may_do_with_it_and_says_it_once(
    site: Datasette, path: str
) -> None:
    headers = (await site.client.get(path)).headers
    assert headers.get_list("content-security-policy") == [POLICIES[path]]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    (permissions,) = headers.get_list("permissions-policy")
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(permissions.split(", "))
    # Only for those who serve every page of their host by TLS: docs/serve.md.
    assert "strict-transport-security" not in headers
    names = [name for name, _ in headers.multi_items()]
    assert len(names) == len(set(names))


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    "path",
    [
        "/foi/officer_allegations/22-026570-0003",
        "/foi/officer_allegations",
        "/foi/officer_allegations?_search=facebook",
        "/foi/officer_allegations.json",
        "/foi/officer_allegations.csv",
        "/foi/officer_allegations/22-026570-0003.json",
        "/foi?sql=select+summary+from+officer_allegations",
        "/foi.json?sql=select+1",
        "/foi.csv?sql=select+1",
        "/foi/disclosures.json",
        "/foi/officer_allegations_fts",
        "/foi/officer_allegations_fts_content.json",
        "/foi/redactions",
        "/foi/mentions",
        "/foi/shared_wordings",
        "/foi/publisher_questions",
        "/foi.db",
        "/foi/none",
        "/embed/officers-per-rank",
        "/drawing/officers-per-rank.svg",
        "/-/metadata.json",
    ],
)
async def test_rows_sql_and_json_ask_search_engines_to_stay_away(
    site: Datasette, path: str
) -> None:
    response = await site.client.get(path)
    assert response.headers.get_list("x-robots-tag") == ["noindex"]


@pytest.mark.parametrize(
    "path", ["/", "/foi", "/foi/disclosures", "/foi/reconciliation", "/foi/results"]
)
async def test_pages_without_words_about_people_may_be_found(site: Datasette, path: str) -> None:
    response = await site.client.get(path)
    assert response.status_code == 200
    assert "x-robots-tag" not in response.headers


@pytest.mark.parametrize(
    "sql",
    [
        "select length(hex(zeroblob(400000000)))",
        "select length(zeroblob(1000001))",
        "select length(replace(hex(zeroblob(400000)), '0', 'xxxx'))",
    ],
)
async def test_no_value_may_grow_past_the_limit(site: Datasette, sql: str) -> None:
    response = await site.client.get("/foi.json", params={"sql": sql})
    assert response.status_code == 400
    assert "too big" in response.json()["error"]


async def test_the_limit_leaves_room_for_all_the_summaries_in_one_value(site: Datasette) -> None:
    sql = "select length(group_concat(summary)), length(json_group_array(source_text)) from officer_allegations"
    response = await site.client.get("/foi.json", params={"sql": sql})
    assert response.status_code == 200


OF_ROWS = "with recursive n(i) as (select 1 union all select i + 1 from n limit {rows}) select {columns} from n"


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("rows", "columns", "form", "status"),
    [
        (5000, 6, "", 200),
        (3000, 10, "", 200),
        (3000, 11, "", 400),
        (5000, 22, "", 400),
        (5000, 22, ".json", 200),
        (5000, 22, ".csv", 200),
    ],
)
async def test_a_page_has_as_many_cells_as_the_bound_and_no_more(
    site: Datasette, rows: int, columns: int, form: str, status: int
) -> None:
    sql = OF_ROWS.format(rows=rows, columns=", ".join("i" for _ in range(columns)))
    response = await site.client.get(f"/foi{form}", params={"sql": sql})
    assert response.status_code == status
    assert ("at most 30,000 cells" in response.text) == (status == 400)
    if status == 400:
        assert 'name="sql"' in response.text


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
@pytest.mark.parametrize("arguments", ["_sort=none", "_sort_desc=none", "_sort=id&_sort_desc=id"])
async def test_a_mistake_in_an_address_is_the_visitors(
    site: Datasette, form: str, arguments: str
) -> None:
    response = await site.client.get(f"/foi/officer_allegations{form}?{arguments}")
    assert response.status_code == 400
    assert re.search("sort|no column", response.text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
async def test_the_site_is_for_reading(site: Datasette, method: str) -> None:
    for path in ("/", "/foi/officer_allegations", "/foi/officer_allegations.json"):
        response = await site.client.request(method, path)
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"
        assert response.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/chart/foi/officers-per-year", 200),
        ("/chart/foi/reconciliation?year=2020", 200),
        ("/chart/foi?sql=select+1", 200),
        ("/chart/foi", 404),
        ("/chart/foi/none", 404),
        ("/chart/none/officers-per-year", 404),
        ("/chart/foi/officer_allegations_fts", 403),
        ("/chart/foi/officers-per-year.json", 404),
    ],
)
async def test_a_chart_has_a_page_where_its_rows_have_one(
    site: Datasette, path: str, status: int
) -> None:
    page = await site.client.get(path)
    assert page.status_code == status
    if status == 200:
        rows, data = re.findall(r'<a href="([^"]*)">(?:a page|JSON)</a>', page.text)
        for link in (rows, data):
            assert (await site.client.get(html.unescape(link))).status_code == 200
        answer = (await site.client.get(html.unescape(data))).json()
        assert isinstance(answer, list)
        assert answer


async def test_crawlers_are_kept_from_sql_and_facets_and_nothing_else(site: Datasette) -> None:
    robots = (await site.client.get("/robots.txt")).text
    refused = re.findall(r"(?m)^Disallow: /\*(.*)$", robots)
    assert robots.count("Disallow") == len(refused)
    for address, kept_out in {
        "/foi?sql=select+1": True,
        "/foi.json?_shape=array&sql=select+1": True,
        "/foi/officer_allegations?year=2020&_facet=rank": True,
        "/foi/officer_allegations?_facet=rank": True,
        "/foi/officer_allegations?year=2020": False,
        "/foi/officer_allegations/22-026570-0003": False,
        "/foi/search?q=sql": False,
    }.items():
        assert any(part in address for part in refused) == kept_out, address


async def test_without_a_contact_there_is_no_security_txt(site: Datasette) -> None:
    assert site.metadata("contact") is None
    assert (await site.client.get("/.well-known/security.txt")).status_code == 404


async def test_pages_about_the_server_name_no_file_or_thread_and_little_software(
    site: Datasette, site_folder: Path
) -> None:
    for page in ("versions", "settings", "metadata", "databases", "actor", "health"):
        answer = await site.client.get(f"/-/{page}")
        # Without a server, the helper that /-/health is about does not run.
        assert answer.status_code == (503 if page == "health" else 200)
        for told in (
            str(site_folder),
            "/tmp",
            "python",
            "uvicorn",
            "pydantic",
            "Thread",
            "required",
        ):
            assert told not in answer.text, page
    paths = "/foi.json?_shape=array&sql=select+file+from+pragma_database_list"
    assert (await site.client.get(paths)).json() == []
