"""Let templates take their figures from the site's own JSON API.

Problem: a figure written into a template, or computed by separate SQL, can differ from what readers
find when they follow its link. What this does: templates get three functions that request the same
URLs that they link to.

    {% for year in api_rows("/foi/reconciliation") %} … {% endfor %}
    <a href="/foi/redactions">{{ api_count("/foi/redactions") }}</a>

`api_rows` also takes a database's URL with `?sql=` and its parameters, and returns every row: of a
table page by page, of SQL without the limit of `max_returned_rows`. `api_rows_within` does so too,
but returns None if there are more than MOST_ROWS, where `api_rows` raises TooManyRows.

If every database is immutable, responses are cached while the process runs; otherwise each one is
requested again. Limitations: `api_count` returns None if Datasette's count timed out.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import sqlite_timelimit
from datasette.views.base import DatasetteError

MOST_ROWS = 100_000
"""Rows that a template may take from one URL."""
MOST_KEPT = 5000
"""Maximum number of cached responses. The cache needs a limit because some URLs contain visitors'
input."""

_answers: WeakKeyDictionary[Datasette, dict[str, Any]] = WeakKeyDictionary()


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


def kept_answers(datasette: Datasette) -> dict[str, Any]:
    """Return the cached responses by URL, emptied first if the cache is full or a database can change."""
    public = (db for name, db in datasette.databases.items() if not name.startswith("_"))
    kept = _answers.setdefault(datasette, {})
    if len(kept) >= MOST_KEPT or any(db.is_mutable for db in public):
        kept.clear()
    return kept


async def all_rows(datasette: Datasette, address: str) -> list[dict[str, Any]]:
    """Return every row at `address`.

    Raise TooManyRows if there are more than MOST_ROWS, or RuntimeError if a response is an error.
    """
    kept = kept_answers(datasette)
    if address in kept:
        found: list[dict[str, Any]] = kept[address]
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
    kept[address] = rows
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


async def count(datasette: Datasette, address: str) -> int | None:
    """Return how many rows a table or view has at `address`, None if that timed out."""
    kept = kept_answers(datasette)
    counted = as_json(address, _size="0")
    if kept.get(counted) is None:
        kept[counted] = (await get(datasette, counted)).json()["filtered_table_rows_count"]
    found: int | None = kept[counted]
    return found


def as_json(address: str, **arguments: str) -> str:
    """Return the JSON URL of the table or view at `address`, with `arguments` added to its query."""
    path, _, query = address.partition("?")
    added = "&".join(f"{name}={value}" for name, value in arguments.items())
    return f"{path}.json?{query}{'&' if query else ''}{added}"


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    async def api_rows(address: str) -> list[dict[str, Any]]:
        return await all_rows(datasette, address)

    async def api_rows_within(address: str) -> list[dict[str, Any]] | None:
        try:
            return await all_rows(datasette, address)
        except TooManyRows:
            return None

    async def api_count(address: str) -> int | None:
        return await count(datasette, address)

    return {"api_rows": api_rows, "api_rows_within": api_rows_within, "api_count": api_count}
