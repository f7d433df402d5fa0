"""Costly requests run in a process of their own, which ends at its bounds and harms nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.servers import PATIENCE, Server, running
from tests.serving import ROOT, a_plugin

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux can end such a process"),
]

ENDLESS = " union all ".join(["select printf('%.*c', 5e8, 'x')"] * 9)
"""Few calls, each of which SQLite can't interrupt."""
FOREVER = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
WIDE = "with recursive n(i) as (select 1 union all select i + 1 from n limit {}) select {} from n"
HUNGRY = WIDE.format(900, "hex(zeroblob(400000)) as a")
LONG = WIDE.format(900, "hex(randomblob(1000)) as a")
DATA = """
create table books (id integer primary key, shelf text, note text);
create table empty_ones (id integer primary key);
create view thick as select * from books where id > 40;
create virtual table books_fts using fts5 (note, content=books);
"""
WITNESS = """
import json, os
from datasette import Response, hookimpl

async def inner(datasette):
    answer = await datasette.client.get("/library.json?sql=select+1")
    return Response.json({"inner": answer.headers["x-process"]})

@hookimpl
def register_routes():
    return [("^/inner$", inner)]

# First, so that it is inside all others.
@hookimpl(tryfirst=True)
def asgi_wrapper():
    def wrap(app):
        async def wrapped(scope, receive, send):
            async def send_on(event):
                if event["type"] == "http.response.start":
                    named = (b"x-process", str(os.getpid()).encode())
                    event = {**event, "headers": [*event["headers"], named]}
                await send(event)
            await app(scope, receive, send_on)
        return wrapped
    return wrap
"""
FAILS_IN_HELPER = """
import os
if "DATASETTE_ISOLATION_HELPER" in os.environ:
    raise OSError("planted")
"""
BOUNDS: dict[str, object] = {
    "wall_seconds": 8,
    "sql_time_limit_ms": 1500,
    "memory_mb": 100,
    "answer_mb": 1,
}


def a_library(folder: Path, *plugins: str, **bounds: object) -> Path:
    """A folder with a database of books, `plugins`, and the bounds in metadata.json."""
    (folder / "plugins").mkdir(parents=True)
    for plugin in plugins:
        shutil.copy(ROOT / "plugins" / f"{plugin}.py", folder / "plugins")
    (folder / "plugins" / "witness.py").write_text(WITNESS, "utf-8")
    about = {"plugins": {"isolation": {**BOUNDS, **bounds}}}
    (folder / "metadata.json").write_text(json.dumps(about), "utf-8")
    with closing(sqlite3.connect(folder / "library.db")) as connection, connection:
        connection.executescript(DATA)
        connection.executemany(
            "insert into books (shelf, note) values (?, ?)",
            [(f"shelf {number % 5}", f"note {number} " * 5) for number in range(100)],
        )
        connection.execute("insert into books_fts (books_fts) values ('rebuild')")
    return folder


class Site:
    """A served library: `get` answers with httpx's response."""

    def __init__(self, server: Server) -> None:
        self.server = server
        plain = {"accept-encoding": "identity"}
        self.client = httpx.Client(base_url=server.address, timeout=PATIENCE, headers=plain)

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        return self.client.request(method, path)

    def sql(self, sql: str, format: str = "json") -> httpx.Response:
        return self.get(f"/library{format and '.'}{format}?sql={quote(sql)}")

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/-/health").json()
        return found

    def is_apart(self, response: httpx.Response) -> bool:
        """Whether a process other than the server answered."""
        return int(response.headers["x-process"]) != self.server.process.pid


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    with running(folder, folder.parent / "temporary") as server:
        site = Site(server)
        with site.client:
            if (folder / "plugins" / "isolation.py").exists():
                until(lambda: site.health()["helper"] != "starting")
            yield site


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("isolation")
    with served(a_library(folder / "library", "isolation", "client_errors")) as site:
        yield site


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("stock")
    with served(a_library(folder / "library", "client_errors")) as site:
        yield site


ORDINARY = (
    "/",
    "/library",
    "/library.json",
    "/library/books",
    "/library/books.json?_shape=array",
    "/library/books?shelf=shelf+1&_sort_desc=id&_size=3",
    "/library/books?shelf__in=shelf+1,shelf+2&id__gte=3&_facet=shelf",
    "/library/books?_search=note",
    "/library/books?_filter_column_1=&_filter_op_1=exact&_filter_value_1=&_a=&_b=&_c=&_d=&_e="
    "&_f=&_g=&_h=&_i=&_j=&_k=&_l=&_m=",
    "/library/books/7",
    "/library/books/7.json",
    "/library/thick",
    "/-/versions.json",
    "/nothing?sql=select+1",
    "/library.json?sql=",
)
COSTLY = (
    "/library?sql=select+1",
    "/library.json?sql=select+1",
    "/library.json?sql=select+:a&a=7",
    "/library.json?sql=select+*+from+books&_shape=objects",
    "/library.csv?sql=select+*+from+books",
    "/library?sql=selec",
    "/library.json?sql=selec",
    "/library.csv?sql=selec",
    "/library.json?sql=select+*+from+nothing",
    "/library.json?sql=delete+from+books",
    "/library/books.csv",
    "/library/books.csv?_stream=on",
    "/library/thick.csv",
    "/library/nothing.csv",
    "/library/books?_size=max",
    "/library/books?_size=maximum&_where=1",
    "/library/books?_where=id+%3E+50",
    "/library/books.json?_where=id+%3E+50",
    "/library/books?_where=nothing+%3E+50",
    "/library/books?_search=note&_searchmode=raw",
    '/library/books.json?_search="&_searchmode=raw',
    "/library/books?_timelimit=100",
    "/library/books?_timelimit=abc",
    "/library/books?_facet_date=shelf",
    "/library/books.json?_facet_array=shelf",
    "/library/books?_facet_size=2&_facet=shelf",
    "/library/books?_facet=id&_facet=shelf&_facet=note&_facet=rowid",
    '/library/books.json?_through={"table":"books","column":"id","value":"1"}',
    "/library/books.json?_through=x",
    *(f"/library/books.json?note__{operator}=note+1" for operator in a_plugin("isolation").SCANS),
    "/library/books.json?" + urlencode([("id__not", number) for number in range(13)]),
    "/library/books.json?shelf=" + "x" * 600,
    "/library/books.json?id__in=" + ",".join(map(str, range(10000, 10095))),
    # As much as the plugin arguments lets an address have.
    "/library/books.json?" + urlencode([("note__notcontains", number) for number in range(100)]),
    "/library/books.json?"
    + urlencode([("id__not", number) for number in range(99)])
    + "&_sort=note&id__in="
    + ",".join(map(str, range(100))),
    "/library/empty_ones.csv",
    "/library/empty_ones.json?_where=1",
    "/library/books/7.json?_size=max",
    "/library/books/700.json?_where=1",
    "/library.tsv?sql=select+1",
)
UNEQUAL = ("date", "x-process", "transfer-encoding", "content-length")


def comparable(response: httpx.Response) -> tuple[int, dict[str, str], str]:
    """The status, the headers and the body, without the port and what took how long."""
    port = f":{response.url.port}"
    headers = {
        name: value.replace(port, "")
        for name, value in response.headers.items()
        if name not in UNEQUAL
    }
    text = re.sub(r'("query_ms": |Queries took )[\d.]+', r"\1", response.text)
    return response.status_code, headers, text.replace(port, "")


@pytest.mark.parametrize("path", ORDINARY + COSTLY)
def test_an_answer_is_the_same_from_either_process(site: Site, stock: Site, path: str) -> None:
    apart = site.get(path)
    assert comparable(apart) == comparable(stock.get(path))
    assert site.is_apart(apart) == (path in COSTLY)


def test_enough_requests_are_compared() -> None:
    assert len(set(ORDINARY + COSTLY)) >= 60


def test_head_is_answered_as_by_datasette(site: Site, stock: Site) -> None:
    path = "/library.json?sql=select+1"
    apart = site.get(path, "HEAD")
    assert site.is_apart(apart)
    assert comparable(apart) == comparable(stock.get(path, "HEAD"))


def test_a_whole_answer_says_how_long_it_is(site: Site) -> None:
    response = site.sql("select * from books", "csv")
    assert int(response.headers["content-length"]) == len(response.content) > 1000


def test_the_sites_own_requests_are_not_apart(site: Site) -> None:
    assert int(site.get("/inner").json()["inner"]) == site.server.process.pid


@pytest.mark.parametrize("format", ["", "json", "csv"])
@pytest.mark.parametrize(
    ("sql", "type"),
    [
        (FOREVER, "time_limit"),
        (ENDLESS, "time_limit"),
        (HUNGRY, "memory_limit"),
        (LONG, "size_limit"),
        ("select hex(zeroblob(4e8))", "sql_error"),
        ("select " + ", ".join("1" for _ in range(201)), "sql_error"),
    ],
)
def test_each_bound_has_an_answer_in_each_format(
    site: Site, sql: str, type: str, format: str
) -> None:
    response = site.sql(sql, format)
    assert response.status_code == 400, response.text[:500]
    if format == "json":
        assert response.json()["type"] == type
    elif format == "csv":
        assert response.headers["content-type"].startswith("text/plain")
    else:
        assert '<textarea id="sql-editor" name="sql"' in response.text
    until(lambda: site.health()["running"] == 0)
    assert site.get("/library/books/7").status_code == 200


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def hang_up(site: Site, sql: str) -> None:
    """Ask, and close the connection once the request is running."""
    host, port = site.server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        request = f"GET /library.json?sql={quote(sql)} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        connection.sendall(request.encode())
        until(lambda: site.health()["running"])


def test_who_hangs_up_loses_the_slot(tmp_path: Path) -> None:
    # With a bound that no test would wait for, only the hanging up can free the slot.
    patient = {"wall_seconds": 10 * PATIENCE, "sql_time_limit_ms": 10 * 1000 * PATIENCE}
    folder = a_library(tmp_path / "library", "isolation", slots=1, **patient)
    with served(folder) as site:
        hang_up(site, FOREVER)
        until(lambda: not site.health()["running"])
        assert site.sql("select 1").status_code == 200


def test_a_helper_that_was_killed_is_started_again(site: Site) -> None:
    (helper,) = children_of(site.server.process.pid)
    os.kill(helper, signal.SIGKILL)
    until(lambda: site.health()["helper"] != "running")
    until(lambda: site.sql("select 7").status_code == 200)
    assert children_of(site.server.process.pid) != [helper]


def test_health_is_for_monitors_and_names_no_path(tmp_path: Path) -> None:
    folder = a_library(tmp_path / "library", "isolation", slots=1)
    with served(folder) as site:
        answer = site.get("/-/health")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["cache-control"] == "no-store"
        found = answer.json()
        assert found.pop("uptime_seconds") >= 0
        assert found == {
            "ok": True,
            "releases": {},
            "unreadable": [],
            "helper": "running",
            "slots": 1,
            "running": 0,
            "waiting": 0,
        }
        (folder / "library.db").rename(folder / "elsewhere.db")
        answer = site.get("/-/health")
        assert answer.status_code == 503
        assert (answer.json()["ok"], answer.json()["unreadable"]) == (False, ["library"])
        assert str(tmp_path) not in answer.text
        (folder / "elsewhere.db").rename(folder / "library.db")
        assert site.get("/-/health").status_code == 200


def test_health_starts_a_helper_that_was_killed(tmp_path: Path) -> None:
    """A site that is taken off because of its health gets no request that would start it."""
    with served(a_library(tmp_path / "library", "isolation")) as site:
        (helper,) = children_of(site.server.process.pid)
        os.kill(helper, signal.SIGKILL)
        until(lambda: site.health()["helper"] == "starting")
        until(lambda: site.health()["helper"] == "running")
        assert children_of(site.server.process.pid) != [helper]


def wait_for_end_of(pid: int) -> None:
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_nothing_is_left_when_the_server_ends(tmp_path: Path) -> None:
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        folder = a_library(tmp_path / str(signal_number) / "library", "isolation", wall_seconds=600)
        with served(folder) as site:
            (helper,) = children_of(site.server.process.pid)
            hang_up(site, FOREVER)
            site.server.stop(signal_number)
            wait_for_end_of(helper)


@pytest.mark.parametrize(("without", "status"), [("refuse", 503), ("stock", 200)])
def test_without_a_helper_costly_requests_are_refused(
    tmp_path: Path, without: str, status: int
) -> None:
    folder = a_library(tmp_path / "library", "isolation", without_helper=without)
    (folder / "plugins" / "fails.py").write_text(FAILS_IN_HELPER, "utf-8")
    with served(folder) as site:
        assert site.get("/-/health").status_code == 503
        assert not site.health()["ok"]
        assert site.health()["helper"]
        response = site.sql("select 1")
        assert response.status_code == status
        assert ("retry-after" in response.headers) == (status == 503)
        assert site.get("/library/books").status_code == 200


def test_a_flood_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    bounds = {"slots": 2, "queue": 2, "wait_seconds": PATIENCE}

    async def flood(site: Site) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=site.server.address, timeout=PATIENCE) as client:
            costly = [client.get(f"/library.json?sql={quote(FOREVER)}") for _ in range(12)]
            ordinary = [client.get("/library/books/7.json") for _ in range(6)]
            return await asyncio.gather(*costly, *ordinary)

    with served(a_library(tmp_path / "library", "isolation", "client_errors", **bounds)) as site:
        *costly, _, _, _, _, _, _ = answers = asyncio.run(flood(site))
        assert [answer.status_code for answer in answers[12:]] == [200] * 6
        assert sorted(answer.status_code for answer in costly) == [400] * 4 + [503] * 8
        refused = [answer for answer in costly if answer.status_code == 503]
        assert {answer.json()["type"] for answer in refused} == {"busy"}
        assert all(answer.headers["retry-after"] for answer in refused)
        assert {answer.headers["cache-control"] for answer in refused} == {"no-store"}


@pytest.mark.parametrize(
    "bounds", [{"slots": 0}, {"wall_seconds": "soon"}, {"walls": 1}, {"without_helper": "hope"}]
)
def test_a_mistake_in_the_bounds_stops_the_server(tmp_path: Path, bounds: dict[str, Any]) -> None:
    folder = a_library(tmp_path / "library", "isolation", **bounds)
    with pytest.raises(AssertionError, match="plugin isolation"), running(folder, tmp_path / "tmp"):
        pass
