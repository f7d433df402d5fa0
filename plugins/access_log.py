"""Log requests and slow SQL as lines of JSON, without who asked or what they looked for.

Problem: the log of Datasette's server has each visitor's address and whole query string, and Datasette
itself logs SQL that fails, with its values. On a site about people, what a visitor searches for is
itself sensitive. What this does: that log and those lines are turned off, and in their place is a log
with one JSON object per line:

    {"time": "2022-08-16T09:30:00.123+00:00", "event": "request", "method": "GET",
     "path": "/library/books/*", "arguments": ["shelf", "*"], "status": 200, "bytes": 5120,
     "ms": 12.3, "isolated": false}
    {"time": "…", "event": "slow_sql", "database": "library", "sql": "select title from books
     where shelf = ?", "ms": 812.0}
    {"time": "…", "event": "failed_sql", "database": "library", "sql": "select ? from books",
     "error": "SQLITE_ERROR"}

A word is logged only if the site has it: the name of a database, table, column, question or SQL
function, a keyword of SQL or an argument of Datasette. Anything else in an address or in SQL is
replaced: every value, string, number and comment, quoted names, and names that a visitor made up. Of
a row's address, the key is replaced; of other addresses outside the databases, all if nothing was
found there. Addresses of visitors, cookies, user agents and referrers are never read.

    plugins:
      access_log:                 without this, nothing is logged, and the server's own log is kept
        file: log/access.log      default: standard error
        slow_ms: 500              the time in milliseconds from which a statement is slow

`status` is null if the visitor left before an answer; `ms` runs until the last byte; `isolated` says
that a process of its own answered (plugins/isolation.py). The file may be moved away and is then made
again, as logrotate expects.

Limitations: only a server logs requests, not `datasette.client`. SQL is logged only if it ran through
Datasette's `Database.execute`; its time includes the wait for a thread; of a process that was killed
at its bounds, only the request is logged. Tables made later count as unknown. Other plugins'
tracebacks can still quote a visitor's words.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import json
import re
import time
from collections.abc import Awaitable, Callable, Collection, Generator
from datetime import UTC, datetime
from functools import wraps
from logging import INFO, Handler, Logger, StreamHandler, getLogger
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted
from datasette.utils import derive_named_parameters, reserved_words, sqlite3, tilde_encode
from pydantic import Field, ValidationError

from ingest.config.yaml_model import Model

METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"}
ARGUMENTS = {
    *("sql", "_col", "_dl", "_extras", "_facet", "_facet_array", "_facet_date", "_facet_size"),
    *("_header", "_hide_sql", "_json", "_json_infinity", "_label", "_labels", "_next", "_nl"),
    *("_nocol", "_nocount", "_nofacet", "_nosuggest", "_search", "_searchmode", "_shape"),
    *("_show_hidden", "_show_sql", "_size", "_sort", "_sort_by_desc", "_sort_desc", "_stream"),
    *("_through", "_timelimit", "_trace", "_ttl", "_where"),
}
"""Datasette's own arguments."""
MORE_WORDS = {
    *("blob", "current", "false", "filter", "first", "following", "integer", "last"),
    *("materialized", "nulls", "numeric", "over", "partition", "preceding", "range", "real"),
    *("rowid", "rows", "text", "true", "unbounded", "window"),
}
"""Words of SQL that Datasette does not reserve."""

MOST_SQL = 20_000
"""Characters of SQL that are read; the rest is left out."""
MOST_LOGGED = 2_000
"""Characters of SQL that are logged."""
MOST_ARGUMENTS = 30
"""Names of arguments that are logged."""
UNKNOWN = "*"

TOKEN = re.compile(
    r"""
      (?P<gap> \s+ | --[^\n]* | /\*(?:[^*]|\*(?!/))*(?:\*/)? )
    | (?P<value>
          [xX]?'[^']*(?:''[^']*)*'?       # text or a blob, also if it does not end
        | "[^"]*(?:""[^"]*)*"?            # a name, or text that SQLite takes for one
        | `[^`]*(?:``[^`]*)*`?
        | \[[^\]]*\]?
        | [:@#$?][\w$:]*                  # a parameter
        | \.?[0-9][\w.$]*                 # a number, also with an exponent or in hexadecimal
      )
    | (?P<word> (?:[^\W\d]|[^\x00-\x7f])(?:[\w$]|[^\x00-\x7f])* )
    | (?P<sign> [-(),;.*/=<>!|&+%~] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
"""The tokens of SQLite; every text is a sequence of these."""

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Config(Model):
    """Where to log, and what counts as slow."""

    file: Path | None = None
    slow_ms: int = Field(default=500, ge=0)


class Known(NamedTuple):
    """The names that the site has: of tables and questions by database, of arguments, of formats."""

    tables: dict[str, set[str]]
    arguments: set[str]
    formats: set[str]
    words: set[str]


# What may be logged: pure functions.


def without_values(sql: str, words: Collection[str]) -> str:
    """Return `sql` on one line, with `?` for everything but signs and known `words`, in lower case.

    It takes time in proportion to the length of `sql`, of which at most MOST_SQL characters are read.
    """
    parts: list[str] = []
    for token in TOKEN.finditer(sql[:MOST_SQL]):
        kind, text = token.lastgroup, token[0]
        if kind == "gap":
            if parts and parts[-1] != " ":
                parts.append(" ")
        elif kind == "sign" or (kind == "word" and text.lower() in words):
            parts.append(text)
        else:
            parts.append("?")
    text = "".join(parts).strip()
    return text if len(text) <= MOST_LOGGED else f"{text[:MOST_LOGGED]}…"


def loggable_path(path: str, found: bool, known: Known) -> str:
    """Return `path`, without the base URL, with UNKNOWN for what the site has no name for."""

    def name(segment: str, names: Collection[str]) -> str:
        """Return a segment and its format, if both are known."""
        stem, dot, format = segment.rpartition(".") if "." in segment else (segment, "", "")
        if dot and format not in known.formats:
            return UNKNOWN
        return f"{stem if stem in names else UNKNOWN}{dot}{format}"

    _, first, *rest = path.split("/")
    database = name(first, known.tables)
    tables = known.tables.get(first.partition(".")[0])
    if tables is None or database == UNKNOWN:
        return path if found else f"/{UNKNOWN}"
    if not rest:
        return f"/{database}"
    row = [name(rest[-1], ())] if rest[1:] else []
    return "/".join(["", database, name(rest[0], tables), *row])


def loggable_arguments(query: str, known: Known) -> list[str]:
    """Return the names of the arguments in `query`, once each, with UNKNOWN for others."""
    found: dict[str, None] = {}
    for given, _ in parse_qsl(query, keep_blank_values=True):
        # `column__operator` is a filter; `_search_column` searches in one.
        name = given if given in known.arguments else given.partition("__")[0]
        if name.startswith("_search_"):
            name = "_search"
        found[name if name in known.arguments else UNKNOWN] = None
    return list(found)[:MOST_ARGUMENTS]


# The log.


class Log:
    """The log of one Datasette."""

    def __init__(self, handler: Handler, slow_ms: int) -> None:
        self.logger = Logger("access_log", INFO)
        self.logger.addHandler(handler)
        self.slow_ms = slow_ms
        self.known = Known({}, set(), set(), set())

    def write(self, event: str, **about: object) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.logger.info("%s", json.dumps({"time": now, "event": event, **about}))

    def write_sql(self, event: str, database: str, sql: str, **about: object) -> None:
        self.write(event, database=database, sql=without_values(sql, self.known.words), **about)


_logs: WeakKeyDictionary[Datasette, Log] = WeakKeyDictionary()


def open_log(datasette: Datasette) -> Log | None:
    """Return the log that metadata.yml asks for, None if it asks for none. Raise ClickException."""
    given = datasette.plugin_config("access_log")
    if given is None:
        return None
    try:
        config = Config.model_validate(given)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin access_log: {error}") from error
    try:
        handler = WatchedFileHandler(config.file, encoding="utf-8") if config.file else None
    except OSError as error:
        raise ClickException(
            f"metadata.yml, plugin access_log: file: cannot write to {config.file}: {error.strerror}"
        ) from error
    return Log(handler or StreamHandler(), config.slow_ms)


async def read_known(datasette: Datasette) -> Known:
    """Return the names that the site has."""
    formats = {"json", "jsono", "csv", "blob", "db", *datasette.renderers}
    known = Known({}, set(ARGUMENTS), formats, {*reserved_words, *MORE_WORDS})

    def read(connection: Any) -> list[tuple[str, str]]:
        """Return the names of what a database has, each with its kind."""
        rows: list[tuple[str, str]] = connection.execute(
            """
            select 'table', name from sqlite_master where type in ('table', 'view')
            union select 'column', c.name from sqlite_master as m, pragma_table_info(m.name) as c
            where m.type in ('table', 'view')
            union select 'function', name from pragma_function_list
            """
        ).fetchall()
        return [(kind, name) for kind, name in rows]

    for name, database in datasette.databases.items():
        found = await database.execute_fn(read)
        queries = await datasette.get_canned_queries(name, None)
        tables = {own for kind, own in found if kind == "table"}
        known.tables[tilde_encode(database.route)] = {
            tilde_encode(own) for own in (*tables, *queries)
        }
        known.arguments.update(own for kind, own in found if kind == "column")
        known.words.update(own.lower() for _, own in found)
        for query in queries.values():
            named = query.get("params") or await derive_named_parameters(database, query["sql"])
            known.arguments.update(named)
    return known


@hookimpl(trylast=True)
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]] | None:
    log = open_log(datasette)
    if not log:
        return None
    _logs[datasette] = log

    async def learn() -> None:
        log.known = await read_known(datasette)

    return learn


# Every request.


def silence_server() -> None:
    """Turn off the access log of uvicorn, as its own option does. It is set up before the lifespan."""
    access = getLogger("uvicorn.access")
    access.handlers, access.propagate = [], False


def wrap(datasette: Datasette, app: Asgi) -> Asgi:
    """Return `app`, which then logs each request if it is a server's application.

    Only that has a lifespan: the application of `datasette.client` has none.
    """
    serving = False

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        nonlocal serving
        log = _logs.get(datasette)
        if log and scope["type"] == "lifespan":
            serving = True
            silence_server()
        if not (log and serving and scope["type"] == "http"):
            await app(scope, receive, send)
            return
        began, status, size = time.perf_counter(), None, 0

        async def send_counted(event: dict[str, Any]) -> None:
            nonlocal status, size
            await send(event)
            if event["type"] == "http.response.start":
                status = event["status"]
            size += len(event.get("body", b""))

        try:
            await app(scope, receive, send_counted)
        except Exception:
            status = status or 500  # which the server then sends
            raise
        finally:
            path = scope["path"].removeprefix(datasette.setting("base_url")).removeprefix("/")
            # OPTIONS succeeds where there is nothing, too.
            found = scope["method"] in ("GET", "HEAD") and status in (200, 206, 304)
            log.write(
                "request",
                method=scope["method"] if scope["method"] in METHODS else UNKNOWN,
                path=loggable_path(f"/{path}", found, log.known),
                arguments=loggable_arguments(scope["query_string"].decode("latin-1"), log.known),
                status=status,
                bytes=size,
                ms=milliseconds_since(began),
                isolated=scope.get("isolated", False),
            )

    return wrapped


# A wrapper of the hook itself, around those of the other plugins: all of them are inside this one.
@hookimpl(hookwrapper=True, tryfirst=True)
def asgi_wrapper(datasette: Datasette) -> Generator[None, Any, None]:
    outcome = yield
    outcome.force_result([*outcome.get_result(), lambda app: wrap(datasette, app)])


# Every statement.


def milliseconds_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)


Execute = Callable[..., Awaitable[Any]]


def with_log(execute: Execute) -> Execute:
    """Wrap `Database.execute` so that SQL which is slow or fails is logged without its values."""

    @wraps(execute)
    async def logged(database: Database, sql: str, *values: Any, **options: Any) -> Any:
        log = _logs.get(database.ds)
        if not log:
            return await execute(database, sql, *values, **options)
        wanted = options.pop("log_sql_errors", True)
        began = time.perf_counter()
        try:
            return await execute(database, sql, *values, log_sql_errors=False, **options)
        except QueryInterrupted:
            raise
        except sqlite3.Error as error:
            if wanted:
                name = getattr(error, "sqlite_errorname", type(error).__name__)
                log.write_sql("failed_sql", database.name, sql, error=name)
            raise
        finally:
            if (ms := milliseconds_since(began)) >= log.slow_ms:
                log.write_sql("slow_sql", database.name, sql, ms=ms)

    logged.logs = True  # type: ignore[attr-defined]
    return logged


if not hasattr(Database.execute, "logs"):
    Database.execute = with_log(Database.execute)
