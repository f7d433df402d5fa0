"""Say no more about the server than a visitor needs.

Problem: Datasette's pages under `/-/` give anyone the paths of files on the machine, the names of
threads, the versions of everything installed and the configuration of plugins, and SQL can ask for
paths too. Some are tools for developers. What this does: of the pages in PAGES, only those that are
listed answer, and with what is listed; the others are a 404.

    plugins:
      internals:
        pages:
          versions: {show: [datasette, sqlite, version]}    keys to keep, at every depth
          metadata: {hide: [plugins]}                       or keys to leave out, at every depth
          actor: {}                                         or everything

In SQL, `pragma_database_list`, which has paths, is empty, and `fts3_tokenizer`, which has addresses in
memory, is refused. A mistake in the configuration stops the server. Limits: pages that other plugins
make are not touched. Attached databases (`--crossdb`) are not listed.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, Literal, get_args

from click import ClickException
from datasette import NotFound, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request
from datasette.views.special import JsonDataView
from pydantic import Field, ValidationError, model_validator

from ingest.config.yaml_model import Model

Data = Literal["actor", "databases", "metadata", "plugins", "settings", "threads", "versions"]
PAGES = (*get_args(Data), "allow-debug", "messages", "patterns", "permissions")
"""Datasette's pages about itself, without the beginning `/-/`."""


class Shown(Model):
    """The keys of a page that are kept, or those that are left out, at every depth."""

    show: tuple[str, ...] | None = None
    hide: tuple[str, ...] = ()

    @model_validator(mode="after")
    def is_one_or_the_other(self) -> "Shown":
        if self.show is not None and self.hide:
            raise ValueError("show or hide, not both")
        return self

    def of(self, data: Any) -> Any:
        """Return `data` with the keys that are shown."""
        if isinstance(data, list):
            return [self.of(item) for item in data]
        if not isinstance(data, dict):
            return data
        return {
            key: self.of(value)
            for key, value in data.items()
            if (key in self.show if self.show is not None else key not in self.hide)
        }


class Config(Model):
    pages: dict[Data, Shown] = Field(default_factory=dict)


def read_config(datasette: Datasette) -> Config:
    """Return what is shown. Raise ClickException if metadata.yml has a mistake."""
    try:
        return Config.model_validate(datasette.plugin_config("internals") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin internals: {error}") from error


def data_of(datasette: Datasette, page: Data, request: Request) -> Any:
    """Return everything that Datasette has for one of its pages."""
    return {
        "actor": lambda: datasette._actor(request),
        "databases": datasette._connected_databases,
        "metadata": datasette.metadata,
        "plugins": lambda: datasette._plugins(request),
        "settings": lambda: datasette._settings,
        "threads": datasette._threads,
        "versions": datasette._versions,
    }[page]()


async def page(datasette: Datasette, request: Request) -> Response:
    """Serve one of Datasette's pages about itself."""
    name = request.url_vars["page"]
    shown = read_config(datasette).pages.get(name)
    if shown is None:
        raise NotFound("Not shown here")
    view = JsonDataView(
        datasette, f"{name}.json", lambda: shown.of(data_of(datasette, name, request))
    )
    return await view.get(request)


@hookimpl
def startup(datasette: Datasette) -> None:
    read_config(datasette)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    return [(rf"^/-/(?P<page>{'|'.join(PAGES)})(?:\.(?P<format>json))?$", page)]


def authorize(action: int, name: str | None, second: str | None, *_: str | None) -> int:
    """Return whether SQLite may do what a statement asks for; a pragma that it ignores has no rows."""
    if action == sqlite3.SQLITE_PRAGMA and (name or "").lower() == "database_list":
        return sqlite3.SQLITE_IGNORE
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "fts3_tokenizer":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.set_authorizer(authorize)
