"""Addresses that the site gives out: under a prefix, behind a proxy, and whatever host is claimed."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit
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


@pytest.fixture(scope="session")
def followed() -> dict[tuple[str, tuple[str, ...]], int]:
    """The links requested, with the status of each response."""
    return {}


@pytest.mark.asyncio
@pytest.mark.parametrize("path", [*PAGES, *MORE_PAGES, *FORMATS])
async def test_under_a_prefix_every_answer_is_the_same_but_for_the_prefix(
    site: Datasette, prefixed: Visitor, path: str
) -> None:
    without = await Visitor(site).get(path)
    under = await prefixed.get(PREFIX.rstrip("/") + path)
    assert under.status_code == without.status_code
    for name in without.headers:
        if name not in ("content-length", "content-encoding"):
            assert under.headers[name].replace(PREFIX, "/") == without.headers[name]
    assert contents_of(under).replace(PREFIX.encode(), b"/") == contents_of(without)


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


@pytest.mark.asyncio
@pytest.mark.parametrize("path", [*PAGES, *MORE_PAGES, *FORMATS, *REDIRECTS])
async def test_where_the_site_is_named_no_answer_repeats_the_host_of_a_request(
    named: Visitor, path: str
) -> None:
    answer = await named.get(
        PREFIX.rstrip("/") + path,
        host=HOSTILE,
        **{"X-Forwarded-Host": HOSTILE, "X-Forwarded-Server": HOSTILE, "X-Forwarded-Proto": "evil"},
    )
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
    page = (await named.get(path, HOSTILE)).text
    address = f"{SITE_URL}foi/officer_allegations?_size=20&year=2020"
    assert meta(page, "url") == address
    assert meta(page, "image") == f"{SITE_URL}static/og.png"
    (link,) = re.findall(r'<input id="link" readonly value="([^"]*)"', page)
    assert html.unescape(link).startswith(address)
    assert page.count(link) >= 2  # in the citation too
    answer = await named.get(path.replace("?", ".json?"), HOSTILE)
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
async def test_where_the_site_is_not_named_addresses_begin_as_the_request_does(
    site: Datasette,
) -> None:
    answer = await Visitor(site).get(f"{TABLE}.json?_size=20", "copy.example")
    assert answer.json()["next_url"].startswith(f"http://copy.example{TABLE}.json?")


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
