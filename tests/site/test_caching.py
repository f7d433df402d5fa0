"""Tags, lengths, ranges and what other sites' scripts may read, for every kind of answer."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import datasette_xlsx
import httpx
import pytest
import yaml
from datasette.app import Datasette, DatasetteRouter
from datasette.plugins import pm

from tests.servers import WITH_CORS, Server, running
from tests.serving import ROOT, serve

BY_ADDRESS = (
    "/",
    "/about",
    "/foi",
    "/foi.json",
    "/foi/officers-per-year",
    "/foi/officers-per-year.json",
    "/foi/officers-per-year.csv",
    "/foi/officer_allegations?_size=20&_facet=year",
    "/foi/officer_allegations.json?_size=20&year=2020",
    "/foi/officer_allegations.json?_shape=array&_nl=on&_size=3",
    "/foi/officer_allegations.csv",
    "/foi/officer_allegations.csv?_stream=1",
    "/foi/officer_allegations/22-026570-0041",
    "/foi/officer_allegations/22-026570-0041.json",
    "/foi/search?q=facebook",
    "/embed/officers-per-year",
    "/drawing/officers-per-year.svg",
    "/foi.db",
    "/static/site.css",
    "/-/static/app.css",
)
"""Addresses whose tags are known before they are answered."""
BY_BODY = (
    "/foi?sql=select+rank+from+officer_allegations",
    "/foi.json?sql=select+1",
    "/foi.csv?sql=select+1",
    "/foi/officer_allegations.json?_where=year=2020",
)
WORKBOOK = "/foi/officers-per-year.xlsx"
ERRORS = {
    "/none": 404,
    "/foi/none.json": 404,
    "/static/none.css": 404,
    "/foi.json?sql=select+x": 400,
    "/foi/officer_allegations.json?_sort=none": 400,
}
REDIRECTS = ("/foi/", "/foi/officer_allegations/")
PLAIN = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture(scope="session")
def open_site(site: Datasette) -> Iterator[Datasette]:
    """The site, as with `--cors`."""
    site.cors = True
    yield site
    site.cors = False


async def raw(site: Datasette, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Return an answer; its content is as it was sent."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await site.client.request(method, path, headers={**PLAIN, **sent})
    assert isinstance(answer, httpx.Response)
    return answer


@pytest.mark.asyncio
@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("path", [*BY_ADDRESS, *BY_BODY])
async def test_an_answer_can_be_kept_measured_and_read_in_parts(
    open_site: Datasette, path: str
) -> None:
    whole = await raw(open_site, path)
    tag, body = whole.headers["etag"], whole.content
    assert whole.status_code == 200
    assert re.fullmatch('"[0-9a-f]{32}"', tag)
    assert whole.headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in whole.headers
    assert whole.headers["accept-ranges"] == "bytes"
    assert "Accept-Encoding" in whole.headers["vary"].split(", ")
    assert whole.headers["cache-control"].startswith("public, max-age=60")
    assert ("s-maxage=3600" in whole.headers["cache-control"]) == (path in BY_ADDRESS)

    again = await raw(open_site, path)
    assert (again.headers["etag"], again.content) == (tag, body)

    head = await raw(open_site, path, "HEAD")
    assert (head.headers, head.content) == (whole.headers, b"")

    kept = await raw(open_site, path, If_None_Match=tag)
    assert (kept.status_code, kept.content, kept.headers["etag"]) == (304, b"", tag)
    assert {"content-length", "content-type", "content-encoding"}.isdisjoint(kept.headers)
    for name in ("cache-control", "vary"):
        assert {*kept.headers[name].split(", ")} >= {*whole.headers[name].split(", ")}

    end = min(10, len(body))
    part = await raw(open_site, path, Range="bytes=1-9", If_Range=tag, **GZIP)
    assert (part.status_code, part.content) == (206, body[1:end])
    assert part.headers["content-range"] == f"bytes 1-{end - 1}/{len(body)}"
    assert part.headers["content-length"] == str(end - 1)
    assert part.headers["etag"] == tag
    assert "content-encoding" not in part.headers


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/foi.db", "/static/site.css", "/rights", BY_BODY[1]])
async def test_tags_and_ranges_are_understood_as_the_standard_says(
    open_site: Datasette, path: str
) -> None:
    whole = await raw(open_site, path)
    tag, body = whole.headers["etag"], whole.content
    size = len(body)
    for asked in (f"W/{tag}", f'"x", W/{tag} ,"y"', "*"):
        for method in ("GET", "HEAD"):
            kept = await raw(open_site, path, method, If_None_Match=asked, Range="bytes=0-1")
            assert (kept.status_code, kept.content) == (304, b""), asked
            assert kept.headers["etag"] == tag
    assert (await raw(open_site, path, If_None_Match='"x"')).status_code == 200
    for asked, first, end in (
        ("bytes=0-9", 0, 10),
        (f"bytes={size - 3}-", size - 3, size),
        ("bytes=-4", size - 4, size),
        ("bytes=-999999999", 0, size),
        ("bytes=2-999999999", 2, size),
    ):
        part = await raw(open_site, path, Range=asked)
        assert (part.status_code, part.content) == (206, body[first:end])
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
    for other in (f"W/{tag}", '"x"', f'{tag[:-1]}-gzip"', "Tue, 16 Aug 2022 09:30:00 GMT"):
        answer = await raw(open_site, path, Range="bytes=0-9", If_Range=other)
        assert (answer.status_code, answer.content) == (200, body), other
    for asked in ("bytes=0-1,4-5", "bytes=9-1", "bytes=-", "lines=0-1", "bytes=a-"):
        answer = await raw(open_site, path, Range=asked)
        assert (answer.status_code, answer.content) == (200, body), asked
    for asked in (f"bytes={size}-", "bytes=-0"):
        outside = await raw(open_site, path, Range=asked)
        assert (outside.status_code, outside.content) == (416, b""), asked
        assert outside.headers["content-range"] == f"bytes */{size}"
    assert (await raw(open_site, path, "HEAD", Range="bytes=0-9")).headers == whole.headers


@pytest.mark.asyncio
@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("path", [*BY_ADDRESS, *BY_BODY, WORKBOOK])
async def test_the_compressed_copy_has_a_tag_of_its_own(open_site: Datasette, path: str) -> None:
    plain, packed = await raw(open_site, path), await raw(open_site, path, **GZIP)
    if "content-encoding" not in packed.headers:
        assert path.endswith(".db") or len(plain.content) < 500
        assert packed.headers["etag"] == plain.headers["etag"]
        return
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"]
    head = await raw(open_site, path, "HEAD", **GZIP)
    assert "accept-ranges" not in head.headers
    if path != WORKBOOK:
        assert head.headers == packed.headers
        assert packed.content == plain.content
    kept = await raw(open_site, path, If_None_Match=packed.headers["etag"], **GZIP)
    assert (kept.status_code, kept.headers["etag"]) == (304, packed.headers["etag"])
    # Without gzip, the visitor can't go on with the compressed copy.
    kept = await raw(open_site, path, If_None_Match=packed.headers["etag"])
    assert kept.status_code == 200


@pytest.mark.asyncio
async def test_a_workbook_has_a_weak_tag_and_no_ranges(open_site: Datasette) -> None:
    whole = await raw(open_site, WORKBOOK, Range="bytes=0-9")
    assert whole.status_code == 200
    assert whole.headers["etag"].startswith('W/"')
    assert "accept-ranges" not in whole.headers
    kept = await raw(open_site, WORKBOOK, If_None_Match=whole.headers["etag"])
    assert (kept.status_code, kept.headers["etag"]) == (304, whole.headers["etag"])


@pytest.mark.asyncio
@pytest.mark.parametrize("path", [*ERRORS, *REDIRECTS, "/-/versions.json", "/-/health"])
async def test_what_is_not_a_lasting_answer_has_no_tag(open_site: Datasette, path: str) -> None:
    answer = await raw(open_site, path, If_None_Match="*", Range="bytes=0-1")
    assert "etag" not in answer.headers
    assert answer.headers["content-length"] == str(len(answer.content))
    if path in REDIRECTS:
        assert answer.status_code in (301, 302)
        assert answer.headers["cache-control"] == "public, max-age=60"
    else:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.status_code == ERRORS.get(path, answer.status_code)
    head = await raw(open_site, path, "HEAD")
    assert (head.status_code, head.content) == (answer.status_code, b"")


@pytest.mark.asyncio
async def test_what_a_visitor_knows_is_not_computed_again(
    open_site: Datasette, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = {path: (await raw(open_site, path)).headers["etag"] for path in BY_ADDRESS}

    computed: list[str] = []
    router = DatasetteRouter.__call__

    async def count(self: DatasetteRouter, scope: dict[str, Any], receive: Any, send: Any) -> None:
        computed.append(scope["path"])
        await router(self, scope, receive, send)

    monkeypatch.setattr(DatasetteRouter, "__call__", count)
    for path, tag in tags.items():
        assert (await raw(open_site, path, If_None_Match=tag)).status_code == 304
    assert not computed
    await raw(open_site, "/foi.db", If_None_Match='"x"')
    assert computed == ["/foi.db"]


@pytest.mark.asyncio
async def test_each_address_has_its_own_tag(open_site: Datasette) -> None:
    paths = [*BY_ADDRESS, "/foi/search?q=a", "/foi/search?q=A", "/foi/ranks.json?"]
    tags = [(await raw(open_site, path)).headers.get("etag") for path in paths]
    assert len(set(tags)) == len(paths)
    # The tag of one address says nothing about another, least of all one that does not exist.
    assert (await raw(open_site, "/none", If_None_Match=str(tags[0]))).status_code == 404
    assert (await raw(open_site, "/about", If_None_Match=str(tags[0]))).status_code == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/", "/foi/officer_allegations.json?_size=1", "/foi/dismissals"])
async def test_an_answer_does_not_depend_on_the_host(open_site: Datasette, path: str) -> None:
    one, other = [await raw(open_site, path, Host=host) for host in ("one.example", "two.example")]
    assert one.content == other.content


@pytest.mark.asyncio
async def test_an_answer_by_chance_is_computed_each_time(open_site: Datasette) -> None:
    path = "/foi.json?sql=select+random()+as+number"
    one = await raw(open_site, path)
    other = await raw(open_site, path, If_None_Match=one.headers["etag"])
    assert other.status_code == 200
    assert one.headers["etag"] != other.headers["etag"]


def test_no_question_depends_on_chance_or_the_time() -> None:
    queries = list((ROOT / "canned_queries").rglob("*.sql"))
    assert queries
    for query in queries:
        assert not re.search(
            r"\brandom|'now'|current_(date|time)|:_", query.read_text("utf-8"), re.IGNORECASE
        )


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["Cookie", "Authorization"])
async def test_an_answer_for_one_visitor_is_not_kept(open_site: Datasette, name: str) -> None:
    tag = (await raw(open_site, "/about")).headers["etag"]
    answer = await raw(open_site, "/about", If_None_Match=tag, **{name: "a=b"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers


@pytest.mark.asyncio
async def test_files_with_their_hash_in_the_address_are_kept_for_good(open_site: Datasette) -> None:
    page = (await open_site.client.get("/")).text
    (styled,) = re.findall(r'href="(/-/static/app\.css\?[^"]+)"', page)
    for path, kept in (
        (styled, True),
        ("/-/static/app.css?x", False),
        ("/static/site.css?x", False),
    ):
        assert ("immutable" in (await raw(open_site, path)).headers["cache-control"]) == kept


@pytest.mark.asyncio
async def test_a_part_that_took_too_long_is_not_kept(
    open_site: Datasette, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/foi/officer_allegations?_facet=year&_size=1"
    assert "etag" in (await raw(open_site, path)).headers
    monkeypatch.setitem(open_site._settings, "facet_time_limit_ms", -1)
    answer = await raw(open_site, path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.asyncio
@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("path", [*BY_ADDRESS, *BY_BODY, WORKBOOK, *ERRORS, *REDIRECTS])
async def test_other_sites_may_read_every_answer(open_site: Datasette, path: str) -> None:
    for headers in ({}, {"If_None_Match": "*"}, {"Range": "bytes=0-1"}):
        answer = await raw(open_site, path, Origin="https://other.example", **headers)
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {*("ETag", "Link", "Content-Range", "Content-Length", "Accept-Ranges")} <= {*exposed}
    asked = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "range"}
    allowed = (await raw(open_site, path, "OPTIONS", **asked)).headers
    assert {"Content-Type", "If-None-Match", "Range", "X-Requested-With"} <= {
        *allowed["access-control-allow-headers"].split(", ")
    }
    assert allowed["access-control-allow-methods"] == "GET, HEAD, OPTIONS"


@pytest.mark.asyncio
async def test_without_cors_other_sites_may_not(site: Datasette, monkeypatch: Any) -> None:
    monkeypatch.setattr(site, "cors", False)
    for method in ("GET", "OPTIONS"):
        headers = (await raw(site, "/foi.json", method)).headers
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.asyncio
async def test_links_are_well_formed_and_short(open_site: Datasette) -> None:
    page = await raw(open_site, "/foi/officer_allegations")
    (alternate,) = page.links.values()
    assert page.headers["link"].startswith("</foi/")
    assert alternate["rel"] == "alternate"
    found = await raw(open_site, "/foi/officer_allegations.json?_size=1")
    assert {*found.links} == {"next", "full"}
    following = urlsplit(found.links["next"]["url"])
    answer = await raw(open_site, f"{following.path}?{following.query}")
    assert answer.json()["rows"] != found.json()["rows"]
    long = f"select '{'a' * 3700}'"
    answer = await open_site.client.get("/foi", params={"sql": long})
    assert answer.status_code == 200
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("", ""),
        (
            'http://a/b; rel="alternate"; type="x/y+z"',
            '<http://a/b>; rel="alternate"; type="x/y+z"',
        ),
        ('<http://a/?b=1,2;3>; rel="next"', '<http://a/?b=1,2;3>; rel="next"'),
        (f'<http://a/{"b" * 1000}>; rel="next", </c>; rel=full', "</c>; rel=full"),
    ],
)
def test_a_link_is_corrected(site: Datasette, given: str, sent: str) -> None:
    (caching,) = (plugin for plugin in pm.get_plugins() if plugin.__name__ == "caching.py")
    assert caching.links_in(given) == sent
    assert caching.links_in(sent) == sent


@pytest.fixture(scope="module")
def two_servers(
    site_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Server]]:
    folder = tmp_path_factory.mktemp("two")
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running(site_folder, folder / name, WITH_CORS))
            for name in ("one", "two")
        ]
        for server in servers:
            server.wait_for_helper()
        yield servers


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_two_servers_of_a_release_send_the_same(two_servers: list[Server], encoding: str) -> None:
    for path in [*BY_ADDRESS, *BY_BODY]:
        sent = []
        for server in two_servers:
            headers = {"Host": "site.example", "Accept-Encoding": encoding}
            with httpx.stream("GET", server.address + path, headers=headers) as answer:
                body = b"".join(answer.iter_raw())
            assert answer.status_code == 200
            assert answer.headers["content-length"] == str(len(body)), path
            sent.append((answer.headers["etag"], body))
        assert sent[0] == sent[1], path
        headers["If-None-Match"] = sent[0][0]
        assert httpx.get(two_servers[1].address + path, headers=headers).status_code == 304, path


@pytest.mark.long
def test_each_request_on_a_connection_is_answered_in_the_same_way(
    two_servers: list[Server],
) -> None:
    with httpx.Client(base_url=two_servers[0].address, headers=GZIP) as client:
        for path in ("/foi/officers-per-year", "/foi.db", "/foi.csv?sql=select+1", "/about"):
            tag = client.head(path).headers["etag"]
            assert client.get(path).headers["etag"] == tag
            assert client.get(path, headers={"Range": "bytes=0-3"}).status_code == 206
            assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.long
def test_a_change_to_code_templates_or_settings_changes_every_tag(
    site: Datasette, site_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another copy of the plugins would stay in the library that writes Excel files.
    for name in ("_table_rows", "_Writer", "_query_rows"):
        monkeypatch.setattr(datasette_xlsx, name, getattr(datasette_xlsx, name))

    def tag_with(changed: str) -> str:
        folder = tmp_path / (changed or "same").replace("/", "-")
        folder.mkdir()
        (folder / "ingest").symlink_to(ROOT / "ingest")
        for part in ("metadata.yml", "settings.json", "templates", "static", "plugins"):
            if part == changed.split("/")[0]:
                put = shutil.copytree if (site_folder / part).is_dir() else shutil.copyfile
                put(site_folder / part, folder / part)
            else:
                (folder / part).symlink_to(site_folder / part)
        for part in ("foi.db", "inspect-data.json"):
            (folder / part).symlink_to(site_folder / part)
        if changed.endswith(".yml"):
            about = yaml.safe_load((folder / changed).read_text("utf-8"))
            (folder / changed).write_text(yaml.safe_dump({**about, "title": "Another"}), "utf-8")
        elif changed:
            with (folder / changed).open("a") as file:
                file.write("\n")

        async def ask() -> str:
            answer = await (await serve(folder)).client.get("/about")
            return str(answer.headers["etag"])

        return asyncio.run(ask())

    changes = ["", "templates/base.html", "static/site.css", "plugins/charts.py", "metadata.yml"]
    tags = [tag_with(changed) for changed in changes]
    assert len(set(tags)) == len(changes)
