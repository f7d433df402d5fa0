"""Let templates take their figures from the site's own JSON API.

Problem: a figure written into a template, or computed by separate SQL, can differ from what readers
find when they follow its link. What this does: templates get three functions that request the same
URLs that they link to.

    {% for year in api_rows("/foi/reconciliation") %} … {% endfor %}
    <a href="/foi/redactions">{{ api_count("/foi/redactions") }}</a>

`api_rows` also takes a database's URL with `?sql=` and its parameters, and returns every row: of a
table page by page, of SQL without the limit of `max_returned_rows`. `api_rows_within` does so too,
but returns None if there are more than MOST_ROWS, where `api_rows` raises TooManyRows.

If every database is immutable, responses are cached while the process runs, up to MOST_BYTES of memory;
those used least recently go first. A URL is not cached if it has a word from the address that the
visitor asked for, so that no number of addresses fills the cache. If a database can change, nothing is
cached. Limitations: `api_count` returns None if Datasette's count timed out.
"""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Request
from datasette.views.base import DatasetteError

MOST_ROWS = 100_000
"""Rows that a template may take from one URL."""
MOST_BYTES = 16_000_000
"""Memory for cached responses. Those of every page of a site of 400 rows need a tenth of it."""


class Answers:
    """Responses by URL, up to MOST_BYTES; the one used least recently goes first."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Any, int]] = {}
        self.bytes = 0

    def get(self, address: str) -> Any:
        """Return the response at `address`, None if there is none."""
        if address not in self.kept:
            return None
        self.kept[address] = self.kept.pop(address)
        return self.kept[address][0]

    def put(self, address: str, answer: Any) -> None:
        size = size_of(address) + size_of(answer)
        if size > MOST_BYTES:
            return
        self.bytes += size - self.kept.pop(address, (None, 0))[1]
        self.kept[address] = answer, size
        while self.bytes > MOST_BYTES:
            self.bytes -= self.kept.pop(next(iter(self.kept)))[1]


_answers: WeakKeyDictionary[Datasette, Answers] = WeakKeyDictionary()


def size_of(value: Any) -> int:
    """Return at least the bytes of memory that `value`, parsed from JSON, takes."""
    if isinstance(value, dict):
        return sys.getsizeof(value) + sum(map(size_of, [*value, *value.values()]))
    inside = value if isinstance(value, list) else ()
    return sys.getsizeof(value) + sum(map(size_of, inside))


def words_in(query: str) -> set[str]:
    """Return the names and values in a query string, in one case."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return {word.strip().casefold() for pair in pairs for word in pair} - {""}


def has_input(address: str, request: Request | None) -> bool:
    """Return whether `address` may have something that the visitor put into the address of `request`.

    A short value may be there by chance: then the response is only not cached this time.
    """
    _, _, query = address.partition("?")
    if not query or request is None:
        return False
    own = words_in(query)
    return any(word in each for word in words_in(request.query_string) for each in own)


class TooManyRows(RuntimeError):
    """Raised if a URL has more than MOST_ROWS rows."""


async def get(datasette: Datasette, address: str) -> Any:
    """Return the response at `address`.

    Raise DatasetteError if it took too long, or RuntimeError if the response is another error.
    """
    response = await datasette.client.get(address)
    if response.status_code != 200:
        about = response.json() if response.status_code == 400 else {}
        if about.get("type") == "time_limit":  # see the plugin client_errors
            raise DatasetteError(about["error"], about["title"], status=400)
        raise RuntimeError(f"{address} answered {response.status_code}: {response.text[:200]}")
    return response


def kept_answers(datasette: Datasette) -> Answers:
    """Return the cached responses, none if a database can change."""
    public = (db for name, db in datasette.databases.items() if not name.startswith("_"))
    if any(db.is_mutable for db in public):
        return Answers()
    return _answers.setdefault(datasette, Answers())


async def all_rows(
    datasette: Datasette, address: str, request: Request | None = None
) -> list[dict[str, Any]]:
    """Return every row at `address`, which a page for `request` asks for.

    Raise TooManyRows if there are more than MOST_ROWS, or RuntimeError if a response is an error.
    """
    kept = kept_answers(datasette)
    found: list[dict[str, Any]] | None = kept.get(address)
    if found is not None:
        return found
    rows: list[dict[str, Any]] = []
    page: str | None = as_json(address, _shape="array", _size="max")
    while page:
        response = await get(datasette, page)
        rows += response.json()
        if len(rows) > MOST_ROWS:
            raise TooManyRows(f"{address} has more than {MOST_ROWS:,} rows")
        url = response.links.get("next", {}).get("url")
        token = url and parse_qs(urlsplit(url).query)["_next"][0]
        page = token and as_json(address, _shape="array", _size="max", _next=quote(token, safe=""))
    if len(rows) == datasette.max_returned_rows:
        answer = (await get(datasette, as_json(address, _shape="objects"))).json()
        if answer["truncated"] and not answer.get("next"):
            rows = await all_rows_of_sql(datasette, answer)
    if not has_input(address, request):
        kept.put(address, rows)
    return rows


async def all_rows_of_sql(datasette: Datasette, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all rows of the query in `answer`, which Datasette's JSON truncates.

    Raise TooManyRows if there are more than MOST_ROWS.
    """

    def run(connection: Any) -> list[dict[str, Any]]:
        query = answer["query"]
        with sqlite_timelimit(connection, datasette.sql_time_limit_ms):
            rows = connection.execute(query["sql"], query["params"]).fetchmany(MOST_ROWS + 1)
        return [dict(row) for row in rows]

    rows: list[dict[str, Any]] = await datasette.get_database(answer["database"]).execute_fn(run)
    if len(rows) > MOST_ROWS:
        raise TooManyRows(f"A query has more than {MOST_ROWS:,} rows")
    return rows


async def count(datasette: Datasette, address: str, request: Request | None = None) -> int | None:
    """Return how many rows a table or view has at `address`, None if that timed out."""
    kept = kept_answers(datasette)
    counted = as_json(address, _size="0")
    found: int | None = kept.get(counted)
    if found is None:
        found = (await get(datasette, counted)).json()["filtered_table_rows_count"]
        if not has_input(address, request):
            kept.put(counted, found)
    return found


def as_json(address: str, **arguments: str) -> str:
    """Return the JSON URL of the table or view at `address`, with `arguments` added to its query."""
    path, _, query = address.partition("?")
    added = "&".join(f"{name}={value}" for name, value in arguments.items())
    return f"{path}.json?{query}{'&' if query else ''}{added}"


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    async def api_rows(address: str) -> list[dict[str, Any]]:
        return await all_rows(datasette, address, request)

    async def api_rows_within(address: str) -> list[dict[str, Any]] | None:
        try:
            return await all_rows(datasette, address, request)
        except TooManyRows:
            return None

    async def api_count(address: str) -> int | None:
        return await count(datasette, address, request)

    return {"api_rows": api_rows, "api_rows_within": api_rows_within, "api_count": api_count}
