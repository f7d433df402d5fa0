"""Keep pages out of web searches unless they are named.

Problem: rows about people, once indexed by a search engine, are found on a phrase by those who
know the people. What this does: every response carries `X-Robots-Tag: noindex`, but for the pages
named in metadata.yml, and those only as plain addresses without arguments:

    plugins:
      noindex:
        indexed: [/, /foi]

Limits: it asks search engines and hides nothing from people. `robots.txt` must not shut the pages
out as well, or the header is never seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    indexed = set((datasette.plugin_config("noindex") or {}).get("indexed", []))

    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            async def send_marked(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    headers = [*event.get("headers", []), (b"x-robots-tag", b"noindex")]
                    event = {**event, "headers": headers}
                await send(event)

            plain = scope["type"] != "http" or not scope["query_string"]
            await app(
                scope, receive, send if plain and scope.get("path") in indexed else send_marked
            )

        return wrapped

    return wrap
