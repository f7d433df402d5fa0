"""The log says what the server did, and never who asked or what they looked for."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from inspect import unwrap
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted
from hypothesis import given
from hypothesis import strategies as st

from tests.servers import running
from tests.serving import ROOT, a_plugin

PLUGIN = a_plugin("access_log")
SECRET = "Qzyx7wvu"
DATA = """
create table letters (number integer primary key, branch text, body text);
insert into letters values (1, 'North', 'Dear all'), (2, 'South', 'Qzyx7wvu is mine');
create table "odd.name" (x text);
"""
WORDS = {"select", "from", "where", "and", "in", "limit", "count", "letters", "branch"}


# SQL without its values.


@pytest.mark.parametrize(
    ("sql", "logged"),
    [
        ("select branch from letters", "select branch from letters"),
        ("SELECT count(*) FROM letters", "SELECT count(*) FROM letters"),
        ("select branch, 12, 1.5e+10, .5, 0x1F", "select branch, ?, ?+?, ?, ?"),
        ("where branch = 'a''b' and branch in ('c')", "where branch = ? and branch in (?)"),
        ("select x'6162', X'61', fox'a'", "select ?, ?, ??"),
        ('select "branch", `branch`, [branch], "a""b"', "select ?, ?, ?, ?"),
        ("where branch = :p0 and ?1 and @a and $b::c(d)", "where branch = ? and ? and ? and ?(?)"),
        ("select 1 -- branch\n and /* branch ' */ branch", "select ? and branch"),
        ("select 1 /* branch '", "select ?"),
        ("select 'branch and", "select ?"),
        ('select "branch and', "select ?"),
        ("select `branch and", "select ?"),
        ("select [branch and", "select ?"),
        ("select 'branch''", "select ?"),
        ("select branchy, nörth, café from letters", "select ?, ?, ? from letters"),
        ("select branch \\ ^ { ' branch ' }", "select branch ? ? ? ? ?"),
        ("\x00select\tbranch\r\n", "?select branch"),
    ],
)
def test_only_words_that_the_site_has_are_left_of_sql(sql: str, logged: str) -> None:
    assert PLUGIN.without_values(sql, WORDS) == logged


def quoted(mark: str, text: str) -> str:
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"


LITERALS = (
    lambda text: quoted("'", text),
    lambda text: quoted('"', text),
    lambda text: quoted("`", text),
    lambda text: f"[{text.replace(']', '')}]",
    lambda text: f"x'{text.encode().hex()}'",
    lambda text: f"0x{text.encode().hex() or '0'}",
    lambda text: str(int.from_bytes(text.encode())),
    lambda text: f"1.{len(text)}e{len(text)}",
    lambda text: f":p{text.encode().hex()}",
)
COMMENTS = (
    lambda text: f"/*{text.replace('*/', ' ')}*/",
    lambda text: "--{}\n".format(text.replace("\n", "")),
)
TEXT = st.lists(st.sampled_from([*"'\"`[]()*/-;=.:xX0 \n\\é", "select", "branch", "Qzyx7wvu"])).map(
    "".join
)
PARTS = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.sampled_from(["select", "branch", "(", ",", "=", "from"])),
        st.tuples(st.just("literal"), st.sampled_from(LITERALS)),
        st.tuples(st.just("comment"), st.sampled_from(COMMENTS)),
    ),
    min_size=1,
    max_size=8,
)


@given(PARTS, st.data())
def test_what_is_logged_does_not_depend_on_any_value(parts: Any, data: st.DataObject) -> None:
    """Two statements that differ only in their literals and comments are logged alike."""

    def filled() -> str:
        return " ".join(
            part if kind == "text" else part(data.draw(TEXT, label=kind)) for kind, part in parts
        )

    assert PLUGIN.without_values(filled(), WORDS) == PLUGIN.without_values(filled(), WORDS)


@given(TEXT, st.sampled_from([*(quote for quote in "'\"`["), "/*", "--"]))
def test_nothing_after_an_unterminated_quote_or_comment_is_logged(after: str, opening: str) -> None:
    ending = {"[": "]", "/*": "*/", "--": "\n"}.get(opening, opening)
    sql = f"select {opening}{after.replace(ending, ' ')}"
    assert PLUGIN.without_values(sql, WORDS).strip() in ("select ?", "select")


@given(st.text(), st.text())
def test_no_planted_word_comes_out_of_any_text(before: str, after: str) -> None:
    for text in (before + SECRET + after, before + f" {SECRET} " + after):
        logged = PLUGIN.without_values(text, WORDS)
        assert SECRET.lower() not in logged.lower()
        assert "\n" not in logged


@given(st.text(st.sampled_from("'\"`[]/*-x0aé $:\n"), min_size=1))
def test_every_text_is_a_sequence_of_tokens(text: str) -> None:
    assert "".join(token[0] for token in PLUGIN.TOKEN.finditer(text)) == text


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_sqlite_agrees_on_where_a_text_ends(text: str) -> None:
    sql = f"select {quoted(chr(39), text)}"
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute(sql).fetchone() == (text,)
    assert PLUGIN.without_values(sql, WORDS) == "select ?"


@pytest.mark.parametrize("run", ["''", "'", "/*", "*", '"', "[", "x", "0", " ", "-", "a.", ":a"])
def test_of_endless_sql_a_bounded_part_is_read_and_logged(run: str) -> None:
    """Without the bounds, or with a pattern that backtracks, this would not end."""
    assert len(PLUGIN.without_values(run * 10_000_000, WORDS)) <= PLUGIN.MOST_LOGGED + 1


# Requests.


class Known(NamedTuple):
    tables: dict[str, set[str]]
    arguments: set[str]
    formats: set[str]
    words: set[str]


KNOWN = Known(
    {"library": {"letters", "odd~2Ename"}},
    {*PLUGIN.ARGUMENTS, "branch"},
    {"json", "csv", "db"},
    set(),
)


@pytest.mark.parametrize(
    ("path", "found", "logged"),
    [
        ("/", True, "/"),
        ("/", False, "/*"),
        ("/about/us", True, "/about/us"),
        ("/Qzyx7wvu", False, "/*"),
        ("/library", False, "/library"),
        ("/library.json", True, "/library.json"),
        ("/library.Qzyx7wvu", False, "/*"),
        ("/library.db", True, "/library.db"),
        ("/library/letters.csv", True, "/library/letters.csv"),
        ("/library/letters", False, "/library/letters"),
        ("/library/letters.Qzyx7wvu", False, "/library/*"),
        ("/library/odd~2Ename", True, "/library/odd~2Ename"),
        ("/library/Qzyx7wvu", True, "/library/*"),
        ("/library/Qzyx7wvu.json", False, "/library/*.json"),
        ("/library/letters/1", True, "/library/letters/*"),
        ("/library/letters/Qzyx7wvu,1.json", True, "/library/letters/*.json"),
        ("/library/letters/1/Qzyx7wvu/2", False, "/library/letters/*"),
        ("/library/", False, "/library/*"),
        ("//library", False, "/*"),
        ("", False, "/*"),
    ],
)
def test_of_an_address_the_names_are_logged_and_no_key(path: str, found: bool, logged: str) -> None:
    assert PLUGIN.loggable_path(path or "/", found, KNOWN) == logged


@pytest.mark.parametrize(
    ("query", "logged"),
    [
        ("", []),
        ("branch=Qzyx7wvu&branch=a&_size=5", ["branch", "_size"]),
        ("branch__Qzyx7wvu=1&branch__gt=2", ["branch"]),
        ("_search_Qzyx7wvu=1&_search=2", ["_search"]),
        ("Qzyx7wvu&Qzyx7wvu=1&_Qzyx7wvu=2", ["*"]),
        ("sql=Qzyx7wvu&%73ql=1", ["sql"]),
        ("&&&=&=Qzyx7wvu", ["*"]),
        ("%ff%00=1;branch=2", ["*"]),
    ],
)
def test_of_arguments_the_known_names_are_logged_once(query: str, logged: list[str]) -> None:
    assert PLUGIN.loggable_arguments(query, KNOWN) == logged


def a_library(folder: Path, **config: object) -> Path:
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.executescript(DATA)
    about = {"plugins": {"access_log": config}} if config else {}
    (folder / "metadata.json").write_text(json.dumps(about), "utf-8")
    return folder


def entries(file: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    file.write_text("", "utf-8")
    for entry in found:
        assert entry.pop("time").endswith("+00:00")
        assert entry.get("ms", 0) >= 0
    return found


class Served(NamedTuple):
    datasette: Datasette
    file: Path
    client: httpx.AsyncClient

    async def logged(self, method: str, path: str, **headers: str) -> dict[str, Any]:
        """Ask, and return what was logged about the request."""
        answer = await self.client.request(method, path, headers=headers)
        (entry,) = entries(self.file)
        assert (entry["status"], entry["bytes"]) == (answer.status_code, len(answer.content))
        return entry


async def with_lifespan(app: Any) -> None:
    async def ignore(*_: Any) -> Any:
        return {"type": "lifespan.shutdown"}

    await app({"type": "lifespan"}, ignore, ignore)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A library with the log alone: no other plugin of the site wraps it."""
    file = tmp_path_factory.mktemp("log") / "access.log"
    folder = a_library(tmp_path_factory.mktemp("library") / "site", file=str(file), slow_ms=100_000)
    datasette = Datasette([], config_dir=folder)
    learn = PLUGIN.startup(datasette)
    await learn()

    async def plain(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": STATUSES.get(scope["path"], 200)})
        if scope["path"] == "/breaks":
            raise RuntimeError(SECRET)
        await send({"type": "http.response.body", "body": b"12345", "more_body": True})
        await send({"type": "http.response.body", "body": b"678"})

    app = PLUGIN.wrap(datasette, plain)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/before-the-lifespan")
        assert entries(file) == []
        await with_lifespan(app)
        yield Served(datasette, file, client)
    PLUGIN._logs[datasette].logger.handlers[0].close()


STATUSES = {"/nowhere": 404, f"/library/{SECRET}": 404}


@pytest.mark.asyncio
async def test_a_request_is_one_line_without_who_asked(served: Served) -> None:
    headers = dict.fromkeys(("User-Agent", "Referer", "Cookie", "X-Forwarded-For"), SECRET)
    entry = await served.logged("GET", f"/library/letters.json?branch={SECRET}&a", **headers)
    assert entry.pop("ms") is not None
    assert entry == {
        "event": "request",
        "method": "GET",
        "path": "/library/letters.json",
        "arguments": ["branch", "*"],
        "status": 200,
        "bytes": 8,
        "isolated": False,
    }


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "method_logged", "path_logged"),
    [
        ("GET", f"/library/{SECRET}", "GET", "/library/*"),
        ("GET", "/nowhere", "GET", "/*"),
        ("OPTIONS", "/somewhere", "OPTIONS", "/*"),
        (SECRET.upper(), "/library", "*", "/library"),
    ],
)
async def test_what_a_visitor_made_up_is_not_logged(
    served: Served, method: str, path: str, method_logged: str, path_logged: str
) -> None:
    entry = await served.logged(method, path)
    assert (entry["method"], entry["path"]) == (method_logged, path_logged)


@pytest.mark.asyncio
async def test_an_answer_that_breaks_is_logged_too(served: Served) -> None:
    with pytest.raises(RuntimeError):
        await served.client.get("/breaks")
    (entry,) = entries(served.file)
    assert (entry["path"], entry["bytes"]) == ("/breaks", 0)


# Statements.


@pytest.fixture
def execute(served: Served) -> Iterator[Any]:
    log = PLUGIN._logs[served.datasette]
    yield log
    log.slow_ms = 100_000


@pytest.mark.asyncio
async def test_slow_sql_is_logged_without_its_values(served: Served, execute: Any) -> None:
    database, run = (
        served.datasette.get_database("library"),
        PLUGIN.with_log(unwrap(Database.execute)),
    )
    sql = f"select branch from letters where body like '%{SECRET}%' or number = :n -- {SECRET}"
    await run(database, sql, {"n": SECRET})
    assert entries(served.file) == []
    execute.slow_ms = 0
    await run(database, sql, {"n": SECRET})
    (entry,) = entries(served.file)
    assert entry.pop("ms") >= 0
    assert entry == {
        "event": "slow_sql",
        "database": "library",
        "sql": "select branch from letters where body like ? or number = ?",
    }


@pytest.mark.asyncio
async def test_sql_that_fails_is_logged_without_its_values_and_nowhere_else(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    database, run = (
        served.datasette.get_database("library"),
        PLUGIN.with_log(unwrap(Database.execute)),
    )
    with pytest.raises(sqlite3.OperationalError, match=SECRET):
        await run(database, f"select {SECRET} from letters where body = :b", {"b": SECRET})
    with pytest.raises(sqlite3.OperationalError):
        await run(database, f"select {SECRET} from letters", log_sql_errors=False)
    assert entries(served.file) == [
        {
            "event": "failed_sql",
            "database": "library",
            "sql": "select ? from letters where body = ?",
            "error": "SQLITE_ERROR",
        }
    ]
    assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.asyncio
async def test_sql_that_was_stopped_is_slow_and_no_failure(served: Served, execute: Any) -> None:
    database, run = (
        served.datasette.get_database("library"),
        PLUGIN.with_log(unwrap(Database.execute)),
    )
    execute.slow_ms = 0
    endless = (
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    )
    with pytest.raises(QueryInterrupted):
        await run(database, endless, custom_time_limit=10)
    assert [entry["event"] for entry in entries(served.file)] == ["slow_sql"]


# A server.


@pytest.mark.long
def test_no_line_of_a_server_has_anything_that_a_visitor_sent(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    folder = a_library(tmp_path / "site", file=str(log), slow_ms=0)
    (folder / "plugins").mkdir()
    for plugin in ("access_log", "isolation", "client_errors"):
        shutil.copy(ROOT / "plugins" / f"{plugin}.py", folder / "plugins")
    asked = {
        f"/library/letters?branch={SECRET}": ("/library/letters", ["branch"], 200, False),
        f"/library/letters?body__contains={SECRET}": ("/library/letters", ["body"], 200, True),
        f"/library/letters/{SECRET}": ("/library/letters/*", [], 404, False),
        f"/{SECRET}?{SECRET}": ("/*", ["*"], 404, False),
        f"/library/{SECRET}.csv": ("/library/*.csv", [], 404, True),
        **{
            f"/library.json?{urlencode({'sql': sql, SECRET: SECRET})}": (
                "/library.json",
                ["sql", "*"],
                status,
                True,
            )
            for sql, status in (
                (f"select '{SECRET}', :{SECRET}", 200),
                (f"select {SECRET}", 400),
                (f"select '{SECRET}", 400),
            )
        },
    }
    headers = dict.fromkeys(("User-Agent", "Referer", "Cookie", "X-Forwarded-For"), SECRET)
    with running(folder, tmp_path / "temporary") as server:
        with httpx.Client(base_url=server.address, headers=headers, timeout=60) as client:
            # The first costly request waits for the helper only so long.
            while server.get("/-/health")[1].find(b"starting") != -1:
                time.sleep(0.05)
            log.write_text("")
            answers = {path: client.get(path) for path in asked}
        server.stop()
    found = entries(log)
    requests = [
        entry
        for entry in found
        if entry["event"] == "request" and entry["path"] != "/-/health"  # its line may come late
    ]
    assert [
        (entry["path"], entry["arguments"], entry["status"], entry["isolated"])
        for entry in requests
    ] == list(asked.values())
    for path, entry in zip(asked, requests, strict=True):
        assert entry["status"] == answers[path].status_code
        assert entry["bytes"] >= int(answers[path].headers.get("content-length", 0))
    statements = [entry["sql"] for entry in found if entry["event"] == "slow_sql"]
    assert "select ?, ?" in statements
    assert "failed_sql" in {entry["event"] for entry in found}
    said = "".join(file.read_text("utf-8") for file in tmp_path.glob("*.log"))
    for word in (SECRET, "127.0.0.1:", "HTTP/1.1"):
        assert word not in said.replace(server.address, ""), said


@pytest.mark.long
def test_without_configuration_the_servers_own_log_is_kept(tmp_path: Path) -> None:
    folder = a_library(tmp_path / "site")
    (folder / "plugins").mkdir()
    shutil.copy(ROOT / "plugins" / "access_log.py", folder / "plugins")
    with running(folder, tmp_path / "temporary") as server:
        server.get("/library")
        server.stop()
    (said,) = tmp_path.glob("*.log")
    assert '"GET /library HTTP/1.1" 200' in said.read_text("utf-8")
    assert '"event"' not in said.read_text("utf-8")
