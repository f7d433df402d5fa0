"""Limit the size of the values that SQL may create, and of pages.

Problem: Datasette's time limit stops a query only between steps, and a call such as
`hex(zeroblob(4e8))` is a single step that uses gigabytes of memory. A page of 5,000 rows with 22 columns
takes seconds to write, in which a server in one process answers nobody else. What this does:

- Limits every value on every connection to `LONGEST_VALUE` bytes; beyond that SQLite reports
  "string or blob too big".
- Limits the cells on a page. A page that would have more is a 400 that names the limit; JSON, CSV and Excel
  have limits of their own.

    plugins:
      limits:
        cells: 30000       on one page

A mistake in the configuration stops the server. Limitations: a call that runs for a long time but
creates little data is not stopped.
"""

# No deferred annotations: pydantic looks them up in sys.modules, where Datasette puts no plugins.
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from itertools import count
from typing import Any

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.views.base import DatasetteError
from pydantic import PositiveInt, ValidationError

from ingest.config.yaml_model import Model

LONGEST_VALUE = 1_000_000
"""The limit in bytes: 20 times the text of 400 short paragraphs."""

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

_cells: ContextVar[tuple[Iterator[int], int]] = ContextVar("cells")
"""The numbers of the cells on the page that is being written, and the most that it may have."""


class Config(Model):
    cells: PositiveInt = 30_000


class TooManyCells(DatasetteError):  # type: ignore[misc]
    """Raised while a page is written, at the first cell beyond the limit."""

    type = "size_limit"  # see the plugin client_errors

    def __init__(self, most: int) -> None:
        super().__init__(
            f"A page can have at most {most:,} cells, rows times columns. Ask for fewer rows or columns,"
            " or for JSON or CSV.",
            title="This page is too large",
            status=400,
        )


def config_of(datasette: Datasette) -> Config:
    """Return the plugin's configuration. Raise ClickException if it is wrong."""
    try:
        return Config.model_validate(datasette.plugin_config("limits") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin limits: {error}") from error


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    most = config_of(datasette).cells

    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            # Pages that the site asks itself for have a count of their own.
            token = _cells.set((count(1), most))
            try:
                await app(scope, receive, send)
            finally:
                _cells.reset(token)

        return wrapped

    return wrap


# First, so that no other plugin has worked on a cell that is not shown.
@hookimpl(tryfirst=True)
def render_cell() -> None:
    numbers, most = _cells.get((iter(()), 0))
    if next(numbers, 0) > most:
        raise TooManyCells(most)
