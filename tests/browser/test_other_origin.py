"""What a script on a page of another site can read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.async_api import Browser

from tests.servers import WITH_CORS, Server, running

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site, served with `--cors` as `make serve` does."""
    with running(site_folder, tmp_path_factory.mktemp("cors"), WITH_CORS) as server:
        server.wait_for_helper()
        yield server


@pytest.fixture
def other_site(tmp_path: Path) -> Iterator[str]:
    """The address of an empty page of another origin."""
    (tmp_path / "index.html").write_text("<!doctype html><title>Another site</title>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{other.server_port}/index.html"
        other.shutdown()


@pytest.mark.asyncio
async def test_a_page_of_another_site_reads_parts_also_after_a_compressed_copy(
    server: Server, other_site: str, database: Path, chromium: Browser
) -> None:
    """As sql.js-httpvfs does: HEAD tells the length, and each page of the database is a range."""
    page = await chromium.new_page()
    await page.goto(other_site)
    found = await page.evaluate(
        """async (address) => {
            const read = async (path, headers, method = "GET") => {
                const answer = await fetch(address + path, {headers, method});
                const body = [...new Uint8Array(await answer.arrayBuffer())];
                return {status: answer.status, tag: answer.headers.get("ETag"), body,
                    length: Number(answer.headers.get("Content-Length")),
                    range: answer.headers.get("Content-Range")};
            };
            return {
                head: await read("/foi.db", {}, "HEAD"),
                whole: await read("/foi.db", {}),
                part: await read("/foi.db", {Range: "bytes=4096-4195"}),
                csv: await read("/foi/ranks.csv", {}),
                csvPart: await read("/foi/ranks.csv", {Range: "bytes=10-19"}),
                error: await read("/none.json", {"X-Requested-With": "XMLHttpRequest"}),
            };
        }""",
        server.address,
    )
    content = list(database.read_bytes())
    assert found["head"]["length"] == len(content)
    assert found["whole"]["body"] == content
    assert (found["part"]["status"], found["part"]["body"]) == (206, content[4096:4196])
    assert found["part"]["range"] == f"bytes 4096-4195/{len(content)}"
    assert found["csvPart"]["body"] == found["csv"]["body"][10:20]
    assert found["error"]["status"] == 404
    await page.close()
