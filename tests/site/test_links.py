"""Addresses that the site gives out: under a prefix, behind a proxy, and whatever host is claimed."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit
from zipfile import ZipFile

import httpx
import pytest
import pytest_asyncio
import yaml
from click import ClickException
from datasette.app import Datasette

from tests.serving import ROOT, furnish, furnish_database, serve
from tests.site.pages import PAGES

PREFIX = "/data/met/"
SITE_URL = "https://foi.example.org/data/met/"
HOSTILE = "evil.invalid"
TABLE = "/foi/officer_allegations"
FORMATS = (
    f"{TABLE}.json?_size=20",
    f"{TABLE}.json?_size=20&_shape=array&_sort=year",
    f"{TABLE}.json?_size=20&_facet=wording_id&year__gt=2018&_where=year<2022",
    f"{TABLE}.csv?_size=20",
    f"{TABLE}.csv",
    f"{TABLE}.xlsx?year=2021",
    f"{TABLE}.xlsx?_size=20",
    f"{TABLE}/22-026570-0041.json",
    f"{TABLE}/22-026570-0041.xlsx",
    "/foi/officers-per-year.json",
    "/foi/officers-per-year.csv",
    "/foi/officers-per-year.xlsx",
    "/foi.json",
    "/foi.json?sql=select+id+from+officer_allegations",
    "/foi.csv?sql=select+id+from+officer_allegations",
    "/foi.xlsx?sql=select+id+from+officer_allegations",
    "/foi.json?sql=select+nothing",
    "/foi.csv?sql=select+nothing",
    "/foi.db",
    "/.json",
    "/-/metadata.json",
    "/drawing/officers-per-year.svg",
    "/static/site.css",
)
MORE_PAGES = (
    f"{TABLE}?_size=20&_where=year<2022&_facet=wording_id&_facet_size=2&year__gt=2018",
    f"{TABLE}?result__isnull=1&status=finalised",
    f"{TABLE}?_where=none",
    "/foi/most-redacted",
    "/foi/officers-per-year?disclosure_id=01-FOI-22-026570",
    "/foi?sql=select+nothing",
    "/foi/officer_allegations_fts",
    "/nowhere/at/all",
)


class Visitor:
    """Ask as a browser does, behind a proxy that passes on the path and the host."""

    def __init__(self, site: Datasette) -> None:
        self.site = site
        self.app = site.app()

    async def get(self, path: str, host: str = "localhost", **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(f"http://{host}{path}", headers=headers)


async def furnished(
    folder: Path, database: Path, base_url: str = "/", site_url: str | None = None
) -> Visitor:
    """Return a visitor to the site, served from `folder` under a prefix."""
    folder.mkdir(parents=True)
    furnish(folder, "templates", "static")
    furnish_database(folder, database)
    settings = json.loads((ROOT / "settings.json").read_text("utf-8"))
    (folder / "settings.json").write_text(json.dumps({**settings, "base_url": base_url}))
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))
    (folder / "metadata.yml").write_text(
        yaml.safe_dump({**metadata, "site_url": site_url}, sort_keys=False)
    )
    return Visitor(await serve(folder))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def prefixed(
    site: Datasette, database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Visitor:
    return await furnished(tmp_path_factory.mktemp("prefixed") / "site", database, PREFIX)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def of_the_database(
    site: Datasette, database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Visitor:
    """The site under a prefix that is also the address of its database."""
    return await furnished(tmp_path_factory.mktemp("foi") / "site", database, "/foi/")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def named(
    site: Datasette, database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Visitor:
    """The site under a prefix, with a `site_url`."""
    return await furnished(tmp_path_factory.mktemp("named") / "site", database, PREFIX, SITE_URL)


def links_of(page: str, path: str) -> set[str]:
    """Return the paths on this site that a page links to."""
    found = re.findall(r'(?:href|src|action)="([^"#]+)', page)
    full = (urljoin(f"http://localhost{path}", html.unescape(link)) for link in found)
    return {link.removeprefix("http://localhost") for link in full if "//localhost/" in link}


def without_values(link: str) -> tuple[str, tuple[str, ...]]:
    """Return a link's path and the names of its arguments: those that differ in a value lead alike."""
    parts = urlsplit(link)
    return parts.path, tuple(sorted({name for name, _ in parse_qsl(parts.query)}))


def contents_of(response: httpx.Response) -> bytes:
    """Return the body, unpacked if it is an Excel file, without times, and widths, which the prefix changes."""
    if not response.content.startswith(b"PK"):
        return re.sub(rb'"query_ms": [\d.e-]+', b"", response.content)
    with ZipFile(io.BytesIO(response.content)) as file:
        parts = b"".join(file.read(name) for name in file.namelist() if "docProps" not in name)
    return re.sub(rb'20\d\d-\d\d-\d\dT[\d:+-]+|width="[\d.]+"', b"", parts)


# Datasette adds inherited metadata to what it returns here as pages are requested.
SAME_AT_ANY_TIME = [path for path in FORMATS if path != "/-/metadata.json"]


@pytest.fixture(scope="session")
def followed() -> dict[tuple[str, tuple[str, ...]], int]:
    """The links requested, with the status of each response."""
    return {}


OF_ONE_SITE = ("content-length", "content-encoding", "etag")


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.parametrize("path", [*PAGES, *MORE_PAGES, *SAME_AT_ANY_TIME])
async def test_under_a_prefix_every_answer_is_the_same_but_for_the_prefix(
    site: Datasette, prefixed: Visitor, path: str
) -> None:
    without = await Visitor(site).get(path)
    under = await prefixed.get(PREFIX.rstrip("/") + path)
    assert under.status_code == without.status_code
    for name in without.headers:
        # A tag is of one address, and only one of the two sites answers other sites.
        if name not in OF_ONE_SITE and not name.startswith("access-control-"):
            assert under.headers[name].replace(PREFIX, "/") == without.headers[name]
    assert contents_of(under).replace(PREFIX.encode(), b"/") == contents_of(without)


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.parametrize("path", [*PAGES, *MORE_PAGES])
async def test_under_a_prefix_every_link_has_it_once_and_leads_somewhere(
    prefixed: Visitor, followed: dict[tuple[str, tuple[str, ...]], int], path: str
) -> None:
    path = PREFIX.rstrip("/") + path
    links = links_of((await prefixed.get(path)).text, path)
    assert links
    for link in links:
        assert link.count(PREFIX) == link.startswith(PREFIX) == 1, link
        if "_sort" not in link and without_values(link) not in followed:
            followed[without_values(link)] = (await prefixed.get(link)).status_code
    assert {link for link in links if followed.get(without_values(link), 200) != 200} == set()


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            "/about",
            "/foi",
            "/redaction",
            "/embed/officers-per-year",
            "/foi/search?q=facebook",
        ),
        f"{TABLE}?_size=20&year=2020",
        f"{TABLE}/22-026570-0041",
    ],
)
async def test_a_prefix_may_be_the_address_of_the_database(
    of_the_database: Visitor, path: str
) -> None:
    path = f"/foi{path}"
    answer = await of_the_database.get(path)
    assert answer.status_code == 200
    followed = set()
    for link in sorted(links_of(answer.text, path)):
        if without_values(link) not in followed and "_sort" not in link:
            followed.add(without_values(link))
            assert (await of_the_database.get(link)).status_code == 200, link


REDIRECTS = (
    "/foi/officer_allegations/",
    "/about/?x=1",
    "/foi/officer_allegations?_filter_column=year&_filter_op=exact&_filter_value=2020",
    "/foi/officer_allegations?_sort=year&_sort_by_desc=on",
    "/foi/officer_allegations.jsono",
    "/foi/officer_allegations?withheld_on__isnull=1",
    "/foi/%6Ffficer_allegations",
    "/-/config",
    "/-/config.json",
)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", REDIRECTS)
@pytest.mark.parametrize("prefix", [PREFIX, "/foi/"])
async def test_a_redirect_has_the_prefix_once(
    site: Datasette, prefixed: Visitor, of_the_database: Visitor, prefix: str, path: str
) -> None:
    visitor = prefixed if prefix == PREFIX else of_the_database
    without = await Visitor(site).get(path)
    under = await visitor.get(prefix.rstrip("/") + path)
    assert without.is_redirect
    assert under.status_code == without.status_code
    location = without.headers["location"]
    assert under.headers["location"] == prefix.rstrip("/") + location
    assert f"<{location}>" not in under.headers.get("link", "")


ELSEWHERE = (
    *("//evil.example/", "///evil.example/", "//evil.example", "//evil.example/%2e%2e/"),
    *(
        "/\\evil.example/",
        "/\\/evil.example/",
        "/\\\\evil.example/",
        "\\\\evil.example/",
        "/\\evil%20a",
    ),
    *("/%5Cevil.example/", "/%5C%5Cevil.example/", "/%2F%2Fevil.example/", "/%2F/evil.example/"),
    *("/%09/evil.example/", "/.//evil.example/", "/..//evil.example/", "/;//evil.example/"),
    *("//evil.example/foi/", "//evil.example/foi.jsono", "/foi//evil.example/", "/@evil.example/"),
    *("/:memory:/evil.example", "/:memory://evil.example", "/:memory:\\evil.example"),
    *("/_memory//evil.example/", "//foi/officer_allegations/", "/https://evil.example/"),
    *("//evil.example/?utm_source=a", "/\\evil.example?utm_source=a", "//evil.example/?_count=1"),
    *("//foi/officer_allegations?withheld_on__isnull=1", "//evil.example/-/config"),
    *("/foi/officer_allegations/?_next=//evil.example", "/-/config?//evil.example"),
)
"""Addresses that lead to another host where a redirect repeats them carelessly."""


async def redirect_of(site: Datasette, path: str) -> tuple[int, str]:
    """Return the status of the answer to a path, sent as it is, and where that leads, or ""."""
    sent: list[dict[str, Any]] = []
    raw, _, query = path.partition("?")
    scope = {
        **{"type": "http", "method": "GET", "scheme": "http", "http_version": "1.1"},
        **{"path": unquote(raw), "raw_path": raw.encode(), "query_string": query.encode()},
        **{"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await site.app()(scope, receive, send)
    headers = {name.lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers.get(b"location", "")


@pytest.mark.quick_cases(34)
@pytest.mark.asyncio
@pytest.mark.parametrize("prefix", ["", PREFIX.rstrip("/"), PREFIX])
@pytest.mark.parametrize("path", ELSEWHERE)
async def test_no_redirect_leads_to_another_host(
    site: Datasette, prefixed: Visitor, prefix: str, path: str
) -> None:
    status, location = await redirect_of(prefixed.site if prefix else site, prefix + path)
    assert (300 < status < 400) == bool(location)
    assert (300 < status < 400) or status in (400, 404)
    # Browsers leave out tabs and line breaks, and read a backslash as a slash.
    read = re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/")
    assert urlsplit(urljoin("http://localhost/a/b", read)).netloc == "localhost"


@pytest.mark.asyncio
async def test_the_prefix_without_its_slash_leads_home(prefixed: Visitor) -> None:
    assert (await prefixed.get(PREFIX.rstrip("/"))).headers["location"] == PREFIX


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/", "/foi/officers-per-year", f"{TABLE}.json?_size=5"])
async def test_a_proxy_may_also_remove_the_prefix(prefixed: Visitor, path: str) -> None:
    kept = await prefixed.get(PREFIX.rstrip("/") + path)
    assert contents_of(await prefixed.get(path)) == contents_of(kept)


@pytest.mark.asyncio
async def test_next_pages_under_a_prefix_lead_to_every_row(prefixed: Visitor) -> None:
    url, ids = f"http://localhost{PREFIX}foi/officer_allegations.json?_size=150", []
    while url:
        page = (await prefixed.get(url.removeprefix("http://localhost"))).json()
        ids += [row[0] for row in page["rows"]]
        url = page["next_url"]
    assert len(ids) == len(set(ids)) == 409


FORWARDED = {
    "X-Forwarded-Host": HOSTILE,
    "X-Forwarded-Server": HOSTILE,
    "X-Forwarded-Proto": "evil",
    "Forwarded": f"host={HOSTILE}",
}
EVERYTHING = (*PAGES, *MORE_PAGES, *FORMATS, *REDIRECTS)


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.parametrize("path", EVERYTHING)
async def test_where_the_site_is_named_no_answer_repeats_the_host_of_a_request(
    named: Visitor, path: str
) -> None:
    for host, refused in ((HOSTILE, True), ("localhost", False)):
        answer = await named.get(PREFIX.rstrip("/") + path, host, **FORWARDED)
        assert (answer.status_code == 421) == refused
        assert HOSTILE not in str(answer.headers)
        assert HOSTILE.encode() not in contents_of(answer)


def meta(page: str, name: str) -> str:
    (found,) = re.findall(rf'<meta property="og:{name}" content="([^"]*)">', page)
    return html.unescape(found)


@pytest.mark.asyncio
async def test_where_the_site_is_named_citations_cards_and_next_pages_begin_with_its_address(
    named: Visitor,
) -> None:
    path = f"{PREFIX}foi/officer_allegations?_size=20&year=2020"
    page = (await named.get(path)).text
    address = f"{SITE_URL}foi/officer_allegations?_size=20&year=2020"
    assert meta(page, "url") == address
    assert meta(page, "image") == f"{SITE_URL}static/og.png"
    (link,) = re.findall(r'<input id="link" class="address" readonly value="([^"]*)"', page)
    assert html.unescape(link).startswith(address)
    assert page.count(link) >= 2  # in the citation too
    answer = await named.get(path.replace("?", ".json?"))
    assert answer.json()["next_url"].startswith(f"{SITE_URL}foi/officer_allegations.json?")
    assert answer.links["next"]["url"].startswith(SITE_URL)
    assert answer.links["full"]["url"].startswith(SITE_URL)
    assert answer.json()["source_url"] == f"{SITE_URL}foi/disclosures"
    for facet in answer.json()["facet_results"].values():
        for value in facet["results"]:
            assert value["toggle_url"].startswith(SITE_URL)


@pytest.mark.asyncio
async def test_links_on_pages_of_a_named_site_stay_on_the_host_visited(named: Visitor) -> None:
    """So that a copy of the site can be tried out before it is published."""
    path = f"{PREFIX}foi/officer_allegations?_size=20&year=2020"
    page = (await named.get(path)).text
    body = page[page.index("<body") :]
    assert f'href="{SITE_URL}' not in body
    assert "Next page" in body


@pytest.mark.asyncio
async def test_where_the_site_is_not_named_its_addresses_are_paths(site: Datasette) -> None:
    visitor = Visitor(site)
    answer = await visitor.get(f"{TABLE}.json?_size=20&_facet=year")
    told = answer.json()
    assert told["next_url"].startswith(f"{TABLE}.json?")
    assert told["facet_results"]["year"]["results"][0]["toggle_url"].startswith(f"{TABLE}.json?")
    assert answer.links["next"]["url"].startswith(f"{TABLE}.json?")
    assert answer.links["full"]["url"].startswith(f"{TABLE}.csv")
    answer = await visitor.get(f"{TABLE}?_size=20")
    assert answer.links["alternate"]["url"] == f"{TABLE}.json?_size=20"
    assert f'<link rel="canonical" href="{TABLE}?_size=20">' in answer.text
    assert cited(answer.text)[0].startswith(f"{TABLE}?_size=20&_release=")
    # A card needs a full address.
    assert "og:url" not in answer.text
    assert "og:image" not in answer.text


@pytest.mark.quick_cases(20)
@pytest.mark.asyncio
@pytest.mark.parametrize("path", EVERYTHING)
async def test_where_the_site_is_not_named_no_answer_repeats_the_host_of_a_request(
    site: Datasette, path: str
) -> None:
    answer = await Visitor(site).get(path, HOSTILE, **FORWARDED)
    assert answer.status_code != 421
    assert HOSTILE not in str(answer.headers)
    assert HOSTILE.encode() not in contents_of(answer)


@pytest.mark.asyncio
async def test_a_named_site_refuses_other_hosts_with_its_own_error_page(named: Visitor) -> None:
    page = await named.get(f"{PREFIX}foi", HOSTILE)
    told = await named.get(f"{PREFIX}foi.json", HOSTILE)
    for answer in (page, told):
        assert answer.status_code == 421
        assert SITE_URL in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "<h1>This is not the site’s address</h1>" in page.text
    assert '<html lang="en-GB">' in page.text
    assert told.json()["type"] == "wrong_host"
    for host in ("foi.example.org", "foi.example.org:443", "localhost:8001", "127.0.0.1"):
        assert (await named.get(f"{PREFIX}foi", host, **FORWARDED)).status_code == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "site_url",
    [
        *("foi.example.org/data/met/", "ftp://foi.example.org/data/met/", "/data/met/", "", 7),
        *("https://foi.example.org/", "https://foi.example.org/data/", "https://foi.example.org"),
        *("https://foi.example.org/data/met/?x=1", "https://foi.example.org/data/met/#x"),
        *("https://a@foi.example.org/data/met/", "https://foi.example.org/data/met/ x"),
    ],
)
async def test_a_site_url_that_is_not_the_address_of_the_home_page_stops_the_server(
    site: Datasette, site_url: Any
) -> None:
    other = Datasette([], metadata={"site_url": site_url}, settings={"base_url": PREFIX})
    with pytest.raises(ClickException, match=r"site_url: .*expected .*/data/met/"):
        await other.invoke_startup()


TAKES_A_PATH = (
    r"(?:api_rows|api_rows_within|api_count|urls\.\w+|figure|client\.get|client\.request)\("
)
"""What adds the prefix to a path itself: the site's own API, and Datasette's `urls` and client."""
BY_HAND: dict[str, Callable[[str], Iterator[str]]] = {
    "attributes": lambda text: (
        found[0] for found in re.finditer(r"""(?:href|src|action|content)=["']/[^"']*""", text)
    ),
    "strings": lambda text: (
        line
        for line in text.splitlines()
        for found in re.finditer(r"""f?["']/(?:foi|static|embed|drawing|about|-)\b""", line)
        if not re.search(TAKES_A_PATH + r"[^)]*$", line[: found.start()])
        and not line.lstrip().startswith("{% set ")
    ),
}


@pytest.mark.parametrize("how", BY_HAND)
@pytest.mark.parametrize(
    "file",
    [*sorted(ROOT.glob("templates/**/*.html")), *sorted(ROOT.glob("plugins/*.py"))],
    ids=lambda file: file.name,
)
def test_no_template_or_plugin_writes_a_path_by_hand(file: Path, how: str) -> None:
    text = (
        re.sub(r'"""[\s\S]*?"""', "", file.read_text("utf-8"))
        if file.suffix == ".py"
        else (file.read_text("utf-8"))
    )
    assert list(BY_HAND[how](text)) == []


# Links to cite.


def cited(page: str) -> tuple[str, str]:
    """Return the link to cite, as a path of this site, and the citation's words."""
    (link,) = re.findall(r'<input id="link" class="address" readonly value="([^"]*)"', page)
    (words,) = re.findall(r'<p class="cite">(.*?)</p>', page, re.DOTALL)
    words = html.unescape(re.sub(r"<[^>]+>", "", words))
    assert html.unescape(link) in words
    return html.unescape(link).removeprefix("http://localhost"), words


def notes(page: str) -> list[str]:
    """Return what a page says about the link that led to it."""
    return [
        html.unescape(note) for note in re.findall(r'<p class="note since"[^>]*>(.*?)</p>', page)
    ]


LONG = "year > 2016 and " * 40 + "year < 2030"
SELECTIONS = {
    f"{TABLE}?year=2020&rank=Constable&_size=5": ["year = 2020", 'rank = "Constable"', "72 rows"],
    f"{TABLE}?year=1999": ["year = 1999", "no rows", "none found"],
    f"{TABLE}?_search=facebook": ["facebook", "38 rows"],
    f"{TABLE}?_search=nosuchword": ["nosuchword", "none found"],
    f"{TABLE}?_search_summary=facebook&year__gt=2020": ["facebook", "year > 2020", " rows"],
    f"{TABLE}?_where=year<2018&_where=line>0": ["year<2018", "line>0", " rows"],
    f"{TABLE}?_where=year<1&status=finalised": ["year<1", "finalised", "none found"],
    f"{TABLE}?sanction__isnull=1&result__in=Case+to+Answer,Discontinuance": [
        "sanction is null",
        '"Case to Answer", "Discontinuance"',
        "20 rows",
    ],
    "/foi/search?q=facebook&year=2020": ["facebook", "2020", " rows"],
    "/foi/search?q=nosuchword": ["nosuchword", "none found"],
    "/foi/officer?id=none": ["none found"],
}
SQL = {
    "/foi?sql=select+id+from+officer_allegations+where+year=:year&year=2020": [
        "select id from officer_allegations where year=:year",
        "year “2020”",
        "102 rows",
    ],
    "/foi?sql=select+1+where+0": ["select 1 where 0", "none found"],
    "/foi?sql=with+n(i)+as+(select+1+union+all+select+i%2B1+from+n+limit+6000)+select+i+from+n": [
        "union all",
        "more than 5,000 rows",
    ],
}


@pytest.mark.asyncio
@pytest.mark.parametrize("path", SELECTIONS)
async def test_title_card_and_citation_name_the_whole_selection(site: Datasette, path: str) -> None:
    page = (await site.client.get(path)).text
    (title,) = re.findall(r"<title>(.*?)</title>", page)
    for words in SELECTIONS[path]:
        assert words in html.unescape(title)
        assert words in meta(page, "title")
        assert words in meta(page, "description")
        assert words in cited(page)[1]
    # A visitor's condition is named once, as any other filter.
    for condition in re.findall(r"_where=([^&]*)", path):
        assert html.unescape(title).count(condition) == cited(page)[1].count(condition) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("path", SQL)
async def test_sql_can_be_cited_with_its_parameters_and_count(site: Datasette, path: str) -> None:
    words = cited((await site.client.get(path)).text)[1]
    assert [part for part in SQL[path] if part not in words] == []


@pytest.mark.asyncio
async def test_a_long_condition_is_cut_in_the_title_and_whole_in_the_citation(
    site: Datasette,
) -> None:
    page = (await site.client.get(TABLE, params={"_where": LONG})).text
    (title,) = re.findall(r"<title>(.*?)</title>", page)
    assert len(html.unescape(title)) < 250
    assert LONG in cited(page)[1]


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/foi/search", "/foi?sql=select+nothing", f"{TABLE}?year__in=["])
async def test_what_was_not_asked_or_cannot_be_answered_is_not_cited(
    site: Datasette, path: str
) -> None:
    assert 'class="cite"' not in (await site.client.get(path)).text


@pytest.mark.quick_cases(4)
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", [*SELECTIONS, *SQL, TABLE, "/foi/officers-per-year", f"{TABLE}/22-026570-0041"]
)
async def test_a_copied_link_names_release_and_count_and_opens_the_same_page(
    site: Datasette, path: str
) -> None:
    answer = await site.client.get(path)
    link, _ = cited(answer.text)
    named = dict(parse_qsl(urlsplit(link).query))
    assert named["_release"] == answer.headers["x-release"]
    counted = [int(number) for number in re.findall(r"_count=(\d+)", link)]
    if f"{TABLE}/" not in path and "limit" not in path:
        rows = (
            await site.client.get(path.replace("?", ".json?", 1) if "?" in path else f"{path}.json")
        ).json()
        assert counted == [rows.get("filtered_table_rows_count", len(rows["rows"]))]
    again = await site.client.get(link)
    assert re.sub("query_ms.*", "", again.text) == re.sub("query_ms.*", "", answer.text)


COPIED = "_release=0123456789ab&_count=7"


@pytest.mark.quick_cases(5)
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", [*FORMATS, f"{TABLE}.json?_shape=object&_size=1", "/foi.json?sql=select+:_count"]
)
async def test_release_and_count_change_no_answer(site: Datasette, path: str) -> None:
    without = await site.client.get(path)
    copied = await site.client.get(f"{path}{'&' if '?' in path else '?'}{COPIED}")
    assert copied.status_code == without.status_code
    assert contents_of(copied) == contents_of(without)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path", [f"{TABLE}?_size=20&year=2020", "/foi/search?q=facebook", "/foi?sql=select+1"]
)
async def test_no_other_link_of_a_page_and_no_canonical_address_has_them(
    site: Datasette, path: str
) -> None:
    page = (await site.client.get(f"{path}&{COPIED}")).text
    assert f'rel="canonical" href="{html.escape(path)}"' in page
    assert "0123456789ab" not in re.sub(r'<p class="note since".*?</p>', "", page)
    assert "_count=7" not in page


@pytest.mark.long
@pytest.mark.asyncio
async def test_a_link_opened_after_a_new_release_says_so_with_both_counts(
    site: Datasette, mixed: Datasette
) -> None:
    """`mixed` serves the same disclosure and two more."""
    for path, has_count in (
        (TABLE, True),
        (f"{TABLE}?year=2018", True),
        ("/foi/officers-per-year", True),
        ("/foi/search?q=twitter", True),
        ("/foi?sql=select+id+from+officer_allegations", True),
        (f"{TABLE}/22-026570-0041", False),
    ):
        before = await site.client.get(path)
        after = await mixed.client.get(cited(before.text)[0])
        (note,) = notes(after.text)
        now = cited(after.text)[0]
        assert "have changed" in note
        for link in (cited(before.text)[0], now):
            arguments = dict(parse_qsl(urlsplit(link).query))
            assert arguments["_release"] in note
            if has_count:
                assert re.search(rf"\b{int(arguments['_count']):,}\b", note)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", [f"{TABLE}/22-026570-9999", "/", "/about", "/foi", "/foi/nowhere"])
async def test_pages_without_rows_say_so_too_even_where_a_row_is_gone(
    site: Datasette, path: str
) -> None:
    (note,) = notes((await site.client.get(f"{path}?_release=0123456789ab")).text)
    assert "0123456789ab" in note


@pytest.mark.asyncio
async def test_a_count_that_differs_in_the_same_release_is_a_mistake_of_the_link(
    site: Datasette,
) -> None:
    link, _ = cited((await site.client.get(f"{TABLE}?year=2020")).text)
    wrong = re.sub(r"_count=\d+", "_count=7", link)
    (note,) = notes((await site.client.get(wrong)).text)
    assert "have changed" not in note
    assert re.search(r"\b7\b", note)
    assert notes((await site.client.get(link)).text) == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "argument",
    [
        *("_release=", "_release=0123", "_release=0123456789aB", "_release=0123456789abc"),
        *("_count=", "_count=-1", "_count=1.5", "_count=x", "_count=²", "_count=1&_count=2"),
        *("_count=" + "1" * 16, "%5Fcount=x"),
    ],
)
async def test_a_malformed_release_or_count_is_a_mistake_in_every_format(
    site: Datasette, argument: str
) -> None:
    for path in (TABLE, f"{TABLE}.json", f"{TABLE}.csv", f"{TABLE}.xlsx", "/foi/search", "/"):
        answer = await site.client.get(f"{path}?{argument}")
        assert answer.status_code == 400, path
        assert "must be" in answer.text


@pytest.mark.asyncio
async def test_a_redirect_keeps_what_a_link_was_copied_from(site: Datasette) -> None:
    for path in (f"{TABLE}?withheld_on__isnull=1&{COPIED}", f"{TABLE}/?{COPIED}"):
        answer = await site.client.get(path)
        assert answer.is_redirect
        assert (
            dict(parse_qsl(COPIED)).items()
            <= dict(parse_qsl(urlsplit(answer.headers["location"]).query)).items()
        )
        assert answer.headers["location"].count("_release") == 1
