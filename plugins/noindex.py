"""Keep pages out of search engines unless they are listed.

Problem: once a search engine has indexed rows about people, anyone who knows those people can find
the rows by a phrase. What this does: every response has the header `X-Robots-Tag: noindex`, except
the pages listed in metadata.yml when requested without a query string:

    plugins:
      noindex:
        indexed: [/, /foi]

Limits: this is a request to search engines and hides nothing from visitors. `robots.txt` must not
block the pages as well, or crawlers never see the header.
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
