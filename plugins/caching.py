"""Let browsers, proxies and scripts keep answers, ask again cheaply, and read parts of them.

Problem: Datasette sends no ETag, so every look at an unchanged page computes and sends it anew. Its HEAD
tells no length, ranges are not understood, so that polars or SQLite in a browser read nothing, and other
sites' scripts see neither errors nor most headers. What this does:

- Every 200 that may be kept has an `ETag`. It is made from the release, the code, and the address, so it
  is known before the page is computed: a visitor who sends it back gets a 304 at once. The tag of an
  answer to a visitor's own SQL, which may depend on the time or on chance, is made from the body.
- `Cache-Control` lets browsers keep an answer for `default_cache_ttl` seconds, and shared caches for
  `shared_seconds`: purge them with each release. Files with a hash of their content in the address are
  kept for good; errors, `/-/` pages and answers for one visitor, or with a part that took too long, never.
- Answers have `Content-Length`, HEAD has the headers of GET, and `Range` and `If-Range` are understood.
  Ranges are of the plain copy, and databases are always sent plain. Workbooks, whose bytes have the time
  in them, have weak tags and no ranges.
- `Link` is as RFC 8288 says, without addresses longer than LONGEST_LINK.
- Where the server was started with `--cors`, other sites' scripts may read every answer.

    plugins:
      caching:
        shared_seconds: 3600

Limitations: several ranges in one request get the whole answer. An answer whose length is not known, and
which is longer than HELD bytes, has no length, no ranges, and if a visitor's SQL made it, no tag. Requests
that Datasette makes to itself pass unchanged. If a database can change, every tag is made from the body.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import asyncio
import json
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from functools import wraps
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted
from pydantic import NonNegativeInt, ValidationError

import ingest.text
from ingest.config.yaml_model import Model

IN_HELPER = "DATASETTE_ISOLATION_HELPER"
"""Set in the process of the plugin isolation, whose answers the server's own process completes."""
BY_VISITOR = {"sql", "_where"}
"""Arguments with SQL of the visitor's own."""
HELD = 4 * 1024 * 1024
"""Bytes of an answer to keep until its length is known."""
LONGEST_LINK = 1000
"""Characters of an address in `Link`: proxies refuse long headers."""
FOR_GOOD = "public, max-age=31536000, immutable"
HASHED = re.compile(r"/-/static-plugins/.*\.[0-9a-f]{8,}\..*")
"""Paths of files that have a hash of their content in their name."""
LINK = re.compile(
    r'\s*(?:<([^>]*)>|([^\s;,]\S*?))((?:\s*;\s*[\w-]+=(?:"[^"]*"|[^\s",;]+))*)\s*(?:,|$)'
)
"""One link: its address, with or without brackets, and its parameters."""
OF_BODY = ("content-disposition", "content-encoding", "content-length", "content-type")
"""Headers of an answer that has the body."""
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": (
        "Authorization, Content-Type, If-None-Match, If-Range, Range, X-Requested-With"
    ),
    "access-control-expose-headers": (
        "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, ETag, Link, X-Release, X-Truncated"
    ),
}

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Config(Model):
    """How long a shared cache may keep an answer, in seconds."""

    shared_seconds: NonNegativeInt = 3600


# Headers: pure functions.


def value_of(headers: Headers, name: str) -> str:
    """Return the value of a header, "" if there is none, and all values if it was sent repeatedly."""
    wanted = name.lower().encode()
    return ", ".join(value.decode("latin-1") for key, value in headers if key.lower() == wanted)


def with_values(headers: Headers, values: dict[str, str]) -> Headers:
    """Return `headers` with `values` in place of those of the same names; "" removes a header."""
    kept = [pair for pair in headers if pair[0].lower().decode("latin-1") not in values]
    added = [(name.encode(), text.encode("latin-1")) for name, text in values.items() if text]
    return [*kept, *added]


def tags_in(header: str) -> set[str]:
    """Return the tags in If-None-Match, which are compared weakly: with quotes, without `W/`."""
    return set(re.findall(r'"[^"]*"', header))


def range_in(header: str, length: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last that `Range` asks for, None if it asks for all.

    Raise ValueError if there are no such bytes.
    """
    found = re.fullmatch(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})", header.strip(), re.IGNORECASE)
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, length - int(last)), length
    else:
        start, end = int(first), min(int(last) + 1, length) if last else length
        if last and int(last) < start:
            return None
    if start >= end:
        raise ValueError(header)
    return start, end


def links_in(header: str) -> str:
    """Return the links of `Link` as RFC 8288 has them, without those that are too long."""
    links = ((bracketed or bare, about) for bracketed, bare, about in LINK.findall(header))
    return ", ".join(f"<{url}>{about}" for url, about in links if len(url) <= LONGEST_LINK)


def with_vary(headers: Headers) -> str:
    """Return `Vary` with Accept-Encoding, which decides on the copy also where it is not compressed."""
    names = [name.strip() for name in value_of(headers, "vary").split(",") if name.strip()]
    return ", ".join(
        dict.fromkeys([*(n for n in names if n != "Accept-Encoding"), "Accept-Encoding"])
    )


# The site.


class Site:
    """What all answers of one Datasette depend on."""

    def __init__(self, datasette: Datasette, config: Config, questions: object) -> None:
        self.datasette, self.config = datasette, config
        self.base_url: str = datasette.setting("base_url")
        own = (f"/{mount.strip('/')}/" for mount, _ in datasette.static_mounts)
        self.mounts = ("/-/static/", "/-/static-plugins/", *own)
        public = {n: db for n, db in datasette.databases.items() if not n.startswith("_")}
        self.fixed = not any(database.is_mutable for database in public.values())
        self.css_hash = datasette.app_css_hash()
        facts = {
            "databases": {name: database.hash for name, database in public.items()},
            "metadata": datasette._metadata_local,
            "settings": datasette._settings,
            "questions": questions,
            "plugins": [(plugin["name"], plugin["version"]) for plugin in datasette._plugins()],
            "versions": [version("datasette"), version("jinja2"), sqlite3.sqlite_version],
        }
        about = sha256(json.dumps(facts, sort_keys=True, default=str).encode())
        code = [datasette.plugins_dir, Path(ingest.text.__path__[0]).parent]
        mounted = (folder for _, folder in datasette.static_mounts)
        for folder in filter(None, (*code, datasette.template_dir, *mounted)):
            for file in sorted(Path(folder).rglob("*")):
                if file.is_file() and (file.suffix == ".py" or folder not in code):
                    content = file.read_bytes()
                    about.update(f"{file.relative_to(folder)} {len(content)} ".encode() + content)
        self.about = about.digest()

    def path_of(self, scope: dict[str, Any]) -> str:
        """Return the path of a request without the base URL."""
        return f"/{scope['path'].removeprefix(self.base_url).removeprefix('/')}"

    def is_internal(self, path: str) -> bool:
        """Return whether `path` is about this server rather than about what it serves."""
        return path.startswith("/-/") and not path.startswith(self.mounts)

    def tag_of(self, scope: dict[str, Any]) -> str | None:
        """Return the tag of the plain answer at an address, None if it cannot be known beforehand."""
        names = {name for name, _ in arguments_of(scope)}
        if not self.fixed or BY_VISITOR & names or self.is_internal(self.path_of(scope)):
            return None
        asked = [(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]]
        asked.append(scope["query_string"])
        if not self.datasette.metadata("site_url"):  # full addresses begin as the request's does
            asked += [scope.get("scheme", "").encode(), value_of(scope["headers"], "host").encode()]
        return tag(self.about, *asked)

    def cache_control(self, scope: dict[str, Any], status: int, headers: Headers) -> str:
        """Return how long an answer may be kept."""
        own = value_of(headers, "cache-control")
        path, seconds = self.path_of(scope), self.datasette.setting("default_cache_ttl")
        names = {name for name, _ in arguments_of(scope)}
        if "no-store" in own:
            return own
        if status >= 400 or self.is_internal(path):
            return "no-store"
        if HASHED.fullmatch(path) or (path, scope["query_string"].decode("latin-1")) == (
            "/-/static/app.css",
            self.css_hash,
        ):
            return FOR_GOOD
        if own and "_ttl" in names:
            return own
        if status in (301, 302, 307, 308) or BY_VISITOR & names or not self.fixed:
            return f"public, max-age={seconds}"
        return f"public, max-age={seconds}, s-maxage={self.config.shared_seconds}"


def arguments_of(scope: dict[str, Any]) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def tag(*parts: bytes) -> str:
    """Return a strong tag that differs if one of `parts` does."""
    made = sha256()
    for part in parts:
        made.update(b"%d " % len(part) + part)
    return f'"{made.hexdigest()[:32]}"'


_sites: WeakKeyDictionary[Datasette, Site] = WeakKeyDictionary()


@hookimpl(trylast=True)  # after the plugin release, which takes the hashes of the databases
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]]:
    try:
        config = Config.model_validate(datasette.plugin_config("caching") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin caching: {error}") from error

    async def learn() -> None:
        questions = [await datasette.get_canned_queries(n, None) for n in datasette.databases]
        _sites[datasette] = Site(datasette, config, questions)

    return learn


# One answer.


class Answer:
    """Receive the events of an answer, and send those that the request asks for.

    The first event waits until the length of the body is known, or HELD bytes of it have come.
    """

    def __init__(self, datasette: Datasette, scope: dict[str, Any], send: Any) -> None:
        self.datasette, self.scope, self.send = datasette, scope, send
        self.start: dict[str, Any] = {}
        self.held = bytearray()
        self.begun = self.has_ranges = False
        self.place = 0
        self.wanted: tuple[int, int | None] = (0, None)

    async def receive(self, event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            self.start = event
            return
        body, more = event.get("body", b""), event.get("more_body", False)
        if not self.begun:
            if not self.held and self.is_gzip and body:
                body = body[:4] + bytes(4) + body[8:]  # the time, which would make copies differ
            self.held += body
            length = value_of(self.start["headers"], "content-length")
            if more and len(self.held) <= HELD and not (length and self.known_tag()):
                return
            body = bytes(self.held)
            await self.begin(None if more else body, int(length) if length else None)
        await self.pass_on(body, more)

    @property
    def is_gzip(self) -> bool:
        return value_of(self.start["headers"], "content-encoding") == "gzip"

    def known_tag(self) -> str | None:
        site = _sites.get(self.datasette)
        return site.tag_of(self.scope) if site else None

    def tag(self, body: bytes | None) -> str:
        """Return the tag of the answer, "" if it has none."""
        if known := self.known_tag():
            made = with_suffix(known) if self.is_gzip else known
            return f"W/{made}" if is_weak(self.scope) else made
        return "" if body is None else tag(body)

    async def begin(self, body: bytes | None, length: int | None) -> None:
        """Send the first event; `body` is the whole body if it is known, and `length` its length."""
        self.begun = True
        headers, status = self.start["headers"], self.start["status"]
        length = length if body is None else len(body)
        values = {
            "cache-control": _sites[self.datasette].cache_control(self.scope, status, headers)
        }
        values["transfer-encoding"] = (
            ""  # Datasette's own for databases, which the server decides on
        )
        if length is not None:
            values["content-length"] = str(length)
        if status == 200:
            values["vary"] = with_vary(headers)
            if "no-store" not in values["cache-control"]:
                values["etag"] = self.tag(body)
            # Without a tag, parts of different answers could be put together.
            self.has_ranges = bool(
                values.get("etag", "").startswith('"') and length is not None and not self.is_gzip
            )
            if self.has_ranges:
                values["accept-ranges"] = "bytes"
            status = self.choose(values, length)
        if status in (304, 416):
            values = dict.fromkeys(OF_BODY, "") | values
        event = {**self.start, "status": status, "headers": with_values(headers, values)}
        await self.send(event)

    def choose(self, values: dict[str, str], length: int | None) -> int:
        """Return the status for what the request asks for, and set the headers that belong to it."""
        asked, own = self.scope["headers"], values.get("etag", "")
        none_match = value_of(asked, "if-none-match")
        if own and (none_match.strip() == "*" or tags_in(own) & tags_in(none_match)):
            self.wanted = (0, 0)
            values["content-length"] = ""
            return 304
        if self.scope["method"] != "GET" or length is None or not self.has_ranges:
            return 200
        only_if = value_of(asked, "if-range").strip()
        if only_if and only_if != own:
            return 200
        try:
            wanted = range_in(value_of(asked, "range"), length)
        except ValueError:
            self.wanted = (0, 0)
            values |= {"content-range": f"bytes */{length}", "content-length": "0", "etag": ""}
            values["cache-control"] = "no-store"
            return 416
        if wanted is None:
            return 200
        start, end = self.wanted = wanted
        values["content-length"] = str(end - start)
        values["content-range"] = f"bytes {start}-{end - 1}/{length}"
        return 206

    async def pass_on(self, body: bytes, more: bool) -> None:
        """Send the wanted bytes of a part of the body."""
        start, end = self.wanted
        part = body[max(0, start - self.place) : None if end is None else max(0, end - self.place)]
        self.place += len(body)
        if self.scope["method"] == "HEAD":
            part = b""
        if part or not more:
            await self.send({"type": "http.response.body", "body": part, "more_body": more})


def is_weak(scope: dict[str, Any]) -> bool:
    """Return whether the bytes of an answer can differ while it says the same: a workbook has its time."""
    return bool(scope["path"].endswith(".xlsx"))


def with_suffix(plain: str) -> str:
    """Return the tag of the compressed copy of the answer whose tag is `plain`."""
    return f'{plain[:-1]}-gzip"'


def unchanged(site: Site | None, scope: dict[str, Any]) -> str | None:
    """Return the tag of the copy that the visitor has and may go on to use, None if there is none.

    Only an earlier 200 from the same address can have told the visitor this tag.
    """
    headers = scope["headers"]
    known = tags_in(value_of(headers, "if-none-match"))
    personal = value_of(headers, "cookie") or value_of(headers, "authorization")
    if not (site and known) or personal:
        return None
    plain = site.tag_of(scope)
    if not plain:
        return None
    may_be = [with_suffix(plain)] if "gzip" in value_of(headers, "accept-encoding") else []
    return next((each for each in (*may_be, plain) if each in known), None)


async def answer(
    datasette: Datasette, app: Asgi, scope: dict[str, Any], receive: Any, send: Any
) -> None:
    """Answer a GET or HEAD request."""
    site = _sites.get(datasette)
    if site and (own := unchanged(site, scope)):
        values = {
            "etag": f"W/{own}" if is_weak(scope) else own,
            "vary": "Cookie, Authorization, Accept-Encoding",
        }
        values["cache-control"] = site.cache_control(scope, 304, [])
        await send(
            {"type": "http.response.start", "status": 304, "headers": with_values([], values)}
        )
        await send({"type": "http.response.body", "body": b""})
        return
    headers = scope["headers"]
    if scope["path"].endswith(".db") or (scope["method"] == "GET" and value_of(headers, "range")):
        headers = with_values(headers, {"accept-encoding": ""})
    asked = {**scope, "method": "GET", "headers": headers}
    await app(asked, receive, Answer(datasette, {**scope, "headers": headers}, send).receive)
    scope["isolated"] = asked.get("isolated", False)


# Every request.

_current: ContextVar[tuple[Any, list[bool]] | None] = ContextVar("current", default=None)
"""The task that answers a request, and a list that is not empty if a statement took too long.

The task tells a request of the site to itself, which runs in the same one, from the next request on a
connection, which uvicorn starts with the variables of the one before."""


def wrap(datasette: Datasette, app: Asgi) -> Asgi:
    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        current, task = _current.get(), asyncio.current_task()
        if scope["type"] != "http" or (current and current[0] is task):
            await app(scope, receive, send)
            return
        interrupted: list[bool] = []

        async def send_complete(event: dict[str, Any]) -> None:
            """Correct the headers that every answer has."""
            if event["type"] == "http.response.start":
                headers = event.get("headers", [])
                values = {"link": links_in(value_of(headers, "link"))}
                if datasette.cors:
                    values |= CORS
                if datasette.cors and scope["method"] == "OPTIONS":
                    values["access-control-max-age"] = "86400"
                event = {**event, "headers": with_values(headers, values)}
            await send(event)

        async def app_noting(scope: dict[str, Any], receive: Any, send: Any) -> None:
            async def send_noted(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start" and interrupted:
                    headers = with_values(event["headers"], {"cache-control": "no-store"})
                    event = {**event, "headers": headers}
                await send(event)

            await app(scope, receive, send_noted)

        token = _current.set((task, interrupted))
        try:
            if IN_HELPER in os.environ:
                await app_noting(scope, receive, send)
            elif scope["method"] in ("GET", "HEAD"):
                await answer(datasette, app_noting, scope, receive, send_complete)
            else:
                await app(scope, receive, send_complete)
        finally:
            _current.reset(token)

    return wrapped


# A wrapper of the hook itself: all others but the access log are inside this one, also that of the
# plugin isolation.
@hookimpl(hookwrapper=True)
def asgi_wrapper(datasette: Datasette) -> Generator[None, Any, None]:
    outcome = yield
    outcome.force_result([*outcome.get_result(), lambda app: wrap(datasette, app)])


Execute = Callable[..., Awaitable[Any]]


def noting_interruption(execute: Execute) -> Execute:
    """Wrap `Database.execute` to note that a statement was interrupted: facets and counts go on without."""

    @wraps(execute)
    async def noting(*given: Any, **options: Any) -> Any:
        try:
            return await execute(*given, **options)
        except QueryInterrupted:
            if current := _current.get():
                current[1].append(True)
            raise

    noting.notes = True  # type: ignore[attr-defined]
    return noting


if not hasattr(Database.execute, "notes"):
    Database.execute = noting_interruption(Database.execute)
