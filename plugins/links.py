"""Build every address that this site gives out, and every link to cite, in one place.

Problem: Datasette repeats the host that a request claims, so a false `Host` ends up in citations and
in caches. Under a `base_url` that a proxy passes on, it puts the prefix twice into some links and
leaves it out of some redirects. What this does:

- Paths come from Datasette's `urls`, which adds the prefix once: views get a `request.path` without
  it, whether or not a proxy passes it on.
- Full addresses come from `Datasette.absolute_url`. If metadata.yml has a `site_url`, the address of
  the home page, they begin with that: citations, cards, `Link`, `next_url` and links in JSON.
  Without it, they begin as the visitor's request does.

      site_url: https://example.org/data/        ends in `base_url`

- Templates get `absolute(path)`, the full address of a path from `urls`; `here()`, that of the page
  itself; and `local(address)`, the path of a full address of this site, so that a visitor who follows
  it stays where they are, even on a copy of the site.

A `site_url` that is no such address stops the server. Limits: without `site_url`, a proxy must pass on
`Host`. An address in metadata.yml may begin with `/`, and is then a path of this site without its prefix.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

SITE_URL = re.compile(r"https?://[^\s/?#@]+(?P<path>(?:/[^\s?#]*)?)")
IN_METADATA = ("source_url", "license_url", "about_url")

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


AbsoluteUrl = Callable[[Datasette, Request, str], str]


def with_site_url(absolute_url: AbsoluteUrl) -> AbsoluteUrl:
    """Return the method that makes full addresses, which then begin with `site_url` if there is one."""

    @wraps(absolute_url)
    def absolute(datasette: Datasette, request: Request, path: str) -> str:
        site = _sites.get(datasette)
        return urljoin(site, path) if site else absolute_url(datasette, request, path)

    absolute.knows_site_url = True  # type: ignore[attr-defined]
    return absolute


# Datasette and its plugins make every full address with this method.
if not hasattr(Datasette.absolute_url, "knows_site_url"):
    Datasette.absolute_url = with_site_url(Datasette.absolute_url)


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
            if scope["type"] != "http" or base_url == "/":
                await app(scope, receive, send)
                return
            path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
            path = path.partition("?")[0]
            if f"{path}/" == base_url:
                await Response.redirect(base_url).asgi_send(send)
                return
            routed = f"/{path.removeprefix(base_url).removeprefix('/')}"

            async def send_on(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    event = {**event, "headers": redirected(event.get("headers", []), routed)}
                await send(event)

            await app(scope, receive, send_on)

        return wrapped

    def redirected(headers: list[tuple[bytes, bytes]], path: str) -> list[tuple[bytes, bytes]]:
        """Return `headers` with the prefix in the address of a redirect, and in its `Link`."""
        found = [value for name, value in headers if name.lower() == b"location"]
        if not found:
            return headers
        new = with_base_url(found[0].decode("latin-1"), path, base_url).encode("latin-1")
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


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    def absolute(path: str) -> str:
        return str(datasette.absolute_url(request, path)) if request else path

    def here() -> str:
        return absolute(datasette.urls.path(request.full_path)) if request else ""

    return {"absolute": absolute, "here": here, "local": local}
