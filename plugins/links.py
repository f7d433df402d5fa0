"""Build every address that this site gives out, and every link to cite, in one place.

Problem: Datasette repeats the host that a request claims, so a false `Host` ends up in citations and
in caches. Under a `base_url` that a proxy passes on, it puts the prefix twice into some links and
leaves it out of some redirects. What this does:

- Paths come from Datasette's `urls`, which adds the prefix once: views get a `request.path` without
  it, whether or not a proxy passes it on.
- Full addresses come from `Datasette.absolute_url`. If metadata.yml has a `site_url`, the address of
  the home page, they begin with that: citations, cards, `Link`, `next_url` and links in JSON.
  Without it, they are paths, which programs and browsers complete with the address that they asked.

      site_url: https://example.org/data/        ends in `base_url`

- Templates get `absolute(path)`, the full address of a path from `urls`; `here()`, that of the page
  itself; and `local(address)`, the path of a full address of this site, so that a visitor who follows
  it stays where they are, even on a copy of the site.

- A link to cite also says what it was copied from: `_release=`, the first 12 digits of the database's
  hash, and `_count=`, the number of rows. Both are taken off an address before anything else reads it,
  so they change no answer, and no other link has them; malformed ones are a 400.

Templates get, for that,

- `link_to_cite(database, count)`, the full address of the page with both;
- `since_copied(database, count)`, what has changed since the link was copied, or None;
- `found(count)`, such as "3 rows";
- `selected_by(values, parameters)`, the parameters of a query in words.

A `site_url` that is no such address stops the server. Limits: what leaves the browser needs a full
address, so without `site_url` cards have no picture, the script `copy.js` completes citations, and Excel
files name a path. An address in metadata.yml may begin with `/`, and is then a path of this site without its prefix.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlencode, urljoin, urlsplit, urlunsplit
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import BadRequest, Request, Response
from jinja2 import Environment

SITE_URL = re.compile(r"https?://[^\s/?#@]+(?P<path>(?:/[^\s?#]*)?)")
IN_METADATA = ("source_url", "license_url", "about_url")

DIGITS = 12
"""How many digits of a database's hash name a release, as in the header `X-Release`."""
COPIED = {
    "_release": (
        re.compile(rf"[0-9a-f]{{{DIGITS}}}"),
        f"the first {DIGITS} digits of a release's hash, as in a copied link",
    ),
    "_count": (re.compile(r"[0-9]{1,15}"), "a number of rows, as in a copied link"),
}
"""The arguments of a copied link: what each looks like, and is."""

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

_sites: WeakKeyDictionary[Datasette, str] = WeakKeyDictionary()
"""The `site_url` of each Datasette that has one."""


# Full addresses.


def read_site_url(given: object, base_url: str) -> str | None:
    """Return `site_url` of metadata.yml, None if it has none.

    Raise ClickException if it is not the address of a home page at `base_url`.
    """
    if given is None:
        return None
    found = SITE_URL.fullmatch(str(given))
    if not found or found["path"].rstrip("/") != base_url.rstrip("/"):
        raise ClickException(
            f"metadata.yml: site_url: found {given}, expected the address of the home page,"
            f" such as https://example.org{base_url}"
        )
    return str(given)


def full_address(datasette: Datasette, request: Request, path: str) -> str:
    """Return a path as a full address, or as it is if there is no `site_url`."""
    site = _sites.get(datasette)
    return urljoin(site, path) if site else path


# Datasette and its plugins make every full address with this method. The name is compared, because a
# test that imports this file again must not put a method without sites in its place.
if Datasette.absolute_url.__name__ != full_address.__name__:
    Datasette.absolute_url = full_address


def local(address: str | None) -> str | None:
    """Return the path and the query of a full address of this site, None if there is no address."""
    return urlunsplit(urlsplit(address)._replace(scheme="", netloc="")) if address else None


@hookimpl
def startup(datasette: Datasette) -> None:
    base_url = datasette.setting("base_url")
    if site := read_site_url(datasette.metadata("site_url"), base_url):
        _sites[datasette] = site
    # Datasette puts these into its JSON as they are. Its metadata() returns copies.
    metadata = datasette._metadata_local
    for key in IN_METADATA:
        if (url := metadata.get(key)) and url.startswith("/"):
            metadata[key] = urljoin(site or "", datasette.urls.path(url))


# Paths under a prefix.


def without_base_url(path: Callable[[Request], str]) -> Callable[[Request], str]:
    """Return the getter of `Request.path`, which then is the path that Datasette routes."""

    @wraps(path)
    def routed(request: Request) -> str:
        # Datasette's views and plugins add the prefix to `request.path`, so it must not have it yet.
        return str(request.scope.get("route_path") or path(request))

    routed.routed = True  # type: ignore[attr-defined]
    return routed


if not hasattr(Request.path.fget, "routed"):
    Request.path = property(without_base_url(Request.path.fget))


def with_base_url(location: str, path: str, base_url: str) -> str:
    """Return where Datasette redirects from `path`, both without the prefix, or `location` if it has it.

    Datasette adds the prefix to some redirects. The others lead to another spelling of the same path,
    or to one that does not begin with the prefix.
    """
    if not location.startswith("/") or location.startswith("//"):
        return location
    spellings = {
        path.removesuffix(".jsono") + ".json",
        path.replace("~", "~7E").replace("%", "~").replace(".", "~2E"),
    }
    if location.startswith(base_url) and urlsplit(location).path not in spellings:
        return location
    return base_url + location.removeprefix("/")


# First, so that it is inside the other plugins, which read the address as the visitor sent it.
@hookimpl(tryfirst=True)
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    base_url = datasette.setting("base_url")

    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
            path = path.partition("?")[0]
            if f"{path}/" == base_url:
                await Response.redirect(base_url).asgi_send(send)
                return
            routed = f"/{path.removeprefix(base_url).removeprefix('/')}"
            query_string, copied = take_copied(scope["query_string"])

            async def send_on(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    event = {**event, "headers": redirected(event["headers"], routed, copied)}
                await send(event)

            token = _copied.set(copied)
            try:
                await app({**scope, "query_string": query_string}, receive, send_on)
            finally:
                _copied.reset(token)

        return wrapped

    def redirected(
        headers: list[tuple[bytes, bytes]], path: str, copied: Copied
    ) -> list[tuple[bytes, bytes]]:
        """Return `headers` with the prefix in the address of a redirect, and what a link was copied from."""
        found = [value for name, value in headers if name.lower() == b"location"]
        if not found:
            return headers
        location = with_base_url(found[0].decode("latin-1"), path, base_url)
        new = with_arguments(location, copied.arguments()).encode("latin-1")
        return [
            (
                name,
                value.replace(found[0], new, 1)
                if name.lower() in (b"location", b"link")
                else value,
            )
            for name, value in headers
        ]

    return wrap


# What a link was copied from.


class Copied(NamedTuple):
    """The release and the number of rows that a copied link names, None where it names none."""

    release: str | None = None
    rows: int | None = None

    def arguments(self) -> dict[str, str]:
        """Return the arguments of the link."""
        given = {"_release": self.release, "_count": self.rows}
        return {name: str(value) for name, value in given.items() if value is not None}


class Since(NamedTuple):
    """What a link was copied from, what it leads to now, and whether the release is another one."""

    then: Copied
    now: Copied
    changed: bool


_copied: ContextVar[Copied] = ContextVar("copied")
"""What the address of the request was copied from. The page of an error has no request to ask."""


def take_copied(query_string: bytes) -> tuple[bytes, Copied]:
    """Return `query_string` without the arguments of a copied link, and what those say.

    Raise BadRequest if one of them is malformed.
    """
    kept: list[str] = []
    given: dict[str, str] = {}
    for argument in query_string.decode("latin-1").split("&"):
        name, _, value = argument.partition("=")
        if (name := unquote_plus(name)) not in COPIED:
            kept.append(argument)
            continue
        pattern, expected = COPIED[name]
        value = unquote_plus(value)
        if not pattern.fullmatch(value) or given.setdefault(name, value) != value:
            raise BadRequest(f"{name} must be {expected}")
    count = given.get("_count")
    copied = Copied(given.get("_release"), None if count is None else int(count))
    return "&".join(kept).encode("latin-1"), copied


def with_arguments(address: str, arguments: Mapping[str, str]) -> str:
    """Return `address` with `arguments` added to its query."""
    if not arguments:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode(arguments)}"


def release_of(datasette: Datasette, database: str | None) -> str | None:
    """Return the release of a database, or without one of the only one; None if it can change."""
    public = [name for name in datasette.databases if not name.startswith("_")]
    name = database if database in public else public[0] if len(public) == 1 else None
    digits = name and datasette.get_database(name).hash
    return digits[:DIGITS] if digits else None


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    def since_copied(database: str | None = None, count: int | None = None) -> Since | None:
        """Return what has changed since the link was copied; None if nothing, or if that is unknown."""
        then, now = _copied.get(Copied()), Copied(release_of(datasette, database), count)
        changed = bool(then.release and now.release and then.release != now.release)
        differs = None not in (then.rows, count) and then.rows != count
        return Since(then, now, changed) if changed or differs else None

    env.globals.update(since_copied=since_copied, found=found)


# A selection in words.


def found(count: int | None) -> str:
    """Return how many rows were found, "" if that is not known."""
    if count is None:
        return ""
    return f"{count:,} {'row' if count == 1 else 'rows'}" if count else "no rows (none found)"


def selected_by(values: Mapping[str, str], parameters: Mapping[str, Any]) -> str:
    """Return the parameters of a query that have a value, with their labels if `parameters` has any."""
    return ", ".join(
        f"{parameters.get(name, {}).get('label', name)} “{value}”"
        for name, value in values.items()
        if value
    )


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    def absolute(path: str) -> str:
        return str(datasette.absolute_url(request, path)) if request else path

    def here() -> str:
        return absolute(datasette.urls.path(request.full_path)) if request else ""

    def link_to_cite(database: str, count: int | None = None) -> str:
        return with_arguments(here(), Copied(release_of(datasette, database), count).arguments())

    return {
        "absolute": absolute,
        "here": here,
        "link_to_cite": link_to_cite,
        "local": local,
        "selected_by": selected_by,
    }
