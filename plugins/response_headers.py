"""Add response headers according to rules in metadata.yml.

Problem: Datasette sets no headers that keep pages out of search engines or out of other sites'
frames, nor any that say what a browser may run or keep, and such a header is rarely meant for every
page. What this does: each rule adds one header to every response, error pages included, except those
that the rule leaves out and those that have the header already: from Datasette, another plugin or an
earlier rule. So of several rules for one header the first that applies decides.

    plugins:
      response_headers:
        rules:
          - header: X-Robots-Tag
            value: noindex
            except:
              paths: [/, /about, "/help/*"]      `*` stands for any text
              metadata: indexed                  tables, views and canned queries with `indexed: true`
              without_query_string: true         applies the exceptions only to URLs without a query string
          - header: Cache-Control
            value: no-store
            paths: ["/-/*"]                      the paths that get the header; default: all
          - header: Strict-Transport-Security
            value: null                          a rule that is switched off

A mistake in the rules stops the server. Limitations: tables, views and canned queries are listed once,
at the first request.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
from collections.abc import Awaitable, Callable, Iterable
from fnmatch import fnmatchcase
from functools import partial
from typing import Annotated, Any, NamedTuple

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from pydantic import Field, StringConstraints, ValidationError

from ingest.config.yaml_model import Model

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]*[!-~])?$")]
"""Printable ASCII, as HTTP headers require."""
Path = Annotated[str, StringConstraints(pattern=r"^[/*]")]
"""A path without the site's base URL, in which `*` stands for any text."""


class Exceptions(Model):
    """The responses without the header: those of `paths`, and of pages with a key set in their metadata."""

    paths: tuple[Path, ...] = ()
    metadata: str | None = None
    without_query_string: bool = False

    def hold(self, path: str, query_string: bytes, keys: set[str]) -> bool:
        """Return whether a request is one of the exceptions."""
        if self.without_query_string and query_string:
            return False
        return matches(path, self.paths) or self.metadata in keys


class Rule(Model):
    """A header, and the responses that get it. Without a value, none do."""

    header: HeaderText
    value: HeaderText | None
    paths: tuple[Path, ...] = ("*",)
    exceptions: Exceptions = Field(default=Exceptions(), alias="except")

    def applies(self, path: str, query_string: bytes, keys: set[str]) -> bool:
        """Return whether the response to a request has the header.

        `keys` are those set in the metadata of the table, view or canned query at `path`, if it is one.
        """
        return (
            self.value is not None
            and matches(path, self.paths)
            and not self.exceptions.hold(path, query_string, keys)
        )


class Config(Model):
    rules: tuple[Rule, ...] = ()


class Headers(NamedTuple):
    """The rules, and for the path of each table, view and canned query, the keys set in its metadata."""

    rules: tuple[Rule, ...]
    keys: dict[str, set[str]]

    def added_to(
        self, path: str, query_string: bytes, sent: Iterable[bytes]
    ) -> list[tuple[bytes, bytes]]:
        """Return the headers to add to the response to a request, in the order of the rules.

        `sent` are the names of those that the response has already.
        """
        keys = self.keys.get(path, set())
        added = {name.lower(): b"" for name in sent}
        of_others = set(added)
        for rule in self.rules:
            if rule.applies(path, query_string, keys):
                added.setdefault(rule.header.lower().encode(), (rule.value or "").encode())
        return [(name, value) for name, value in added.items() if name not in of_others]


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Return whether `path` matches one of `patterns`."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def read_rules(datasette: Datasette) -> tuple[Rule, ...]:
    """Return the rules in metadata.yml. Raise ValidationError if they are wrong."""
    return Config.model_validate(datasette.plugin_config("response_headers") or {}).rules


async def read_headers(datasette: Datasette) -> Headers:
    """Return the rules, and the metadata keys of each table, view and canned query."""
    keys = {}
    for database in datasette.databases:
        tables = datasette.metadata("tables", database=database, fallback=False) or {}
        # A canned query hides a table of the same name.
        pages = {**tables, **await datasette.get_canned_queries(database, None)}
        for name, about in pages.items():
            path = without_base_url(datasette, datasette.urls.table(database, name))
            keys[path] = {key for key, value in about.items() if value}
    return Headers(read_rules(datasette), keys)


def without_base_url(datasette: Datasette, path: str) -> str:
    """Return `path` as Datasette routes it, whether or not a proxy removed the site's base URL."""
    return "/" + path.removeprefix(datasette.setting("base_url")).removeprefix("/")


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        read_rules(datasette)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin response_headers: {error}") from error


# Run last, to wrap the other plugins so that their responses get the headers too.
@hookimpl(trylast=True)
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        headers: Headers | None = None

        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            nonlocal headers
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            headers = headers or await read_headers(datasette)
            path = without_base_url(datasette, scope["path"])
            added_to = partial(headers.added_to, path, scope["query_string"])

            async def send_with_headers(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    own = list(event.get("headers", []))
                    added = added_to([name for name, _ in own])
                    event = {**event, "headers": [*own, *added]}
                await send(event)

            await app(scope, receive, send_with_headers)

        return wrapped

    return wrap
