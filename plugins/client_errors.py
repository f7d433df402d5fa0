"""Answer a visitor's mistake as a mistake, not as a breakdown of the server.

Problem: Datasette answers 500 to an address that sorts by an unknown column, and to any method but
GET on a table. What this does: an error that Datasette raised on purpose and gave no status is a
400, and a method that a site for reading has no use for is a 405. Limits: errors that Datasette did
not foresee stay 500, and are logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.views.base import DatasetteError

METHODS = ("GET", "HEAD", "OPTIONS")

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@hookimpl(tryfirst=True)
def handle_exception(exception: Exception) -> None:
    """Correct the status; Datasette's own handler makes the page."""
    if isinstance(exception, DatasetteError) and exception.status == 500:
        exception.status = 400


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] not in METHODS:
                error = Response.text("This site is for reading.\n", status=405)
                error.headers["Allow"] = ", ".join(METHODS)
                await error.asgi_send(send)
            else:
                await app(scope, receive, send)

        return wrapped

    return wrap
