"""Keep pages out of search engines unless they are listed.

Problem: once a search engine has indexed rows about people, anyone who knows those people can find
the rows by a phrase. What this does: every response has the header `X-Robots-Tag: noindex`, except
pages requested without a query string that metadata.yml lists, or that are canned queries with
`indexed: true`:

    plugins:
      noindex:
        indexed: [/, /foi]
    databases:
      foi:
        queries:
          totals: {sql: "select ...", indexed: true}

Limits: this is a request to search engines and hides nothing from visitors. `robots.txt` must not
block the pages as well, or crawlers never see the header.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


async def indexed_paths(datasette: Datasette) -> set[str]:
    """Return the paths of the pages that search engines may index."""
    paths = set((datasette.plugin_config("noindex") or {}).get("indexed", []))
    for database in datasette.databases:
        queries = await datasette.get_canned_queries(database, None)
        paths |= {f"/{database}/{name}" for name, query in queries.items() if query.get("indexed")}
    return paths


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        indexed: set[str] | None = None

        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            nonlocal indexed

            async def send_marked(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    headers = [*event.get("headers", []), (b"x-robots-tag", b"noindex")]
                    event = {**event, "headers": headers}
                await send(event)

            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            if indexed is None:
                indexed = await indexed_paths(datasette)
            allowed = not scope["query_string"] and scope["path"] in indexed
            await app(scope, receive, send if allowed else send_marked)

        return wrapped

    return wrap
