"""Answer a visitor's mistake with a 4xx status instead of 500.

Problem: Datasette answers 500 when an address sorts by an unknown column, and to any method other
than GET on a table. What this does: an error that Datasette raises on purpose without a status
becomes a 400, and any method other than GET, HEAD and OPTIONS gets a 405. Where the library rich is
installed (several development tools bring it), Datasette would use it to log every error with all
local variables, and fails with a 500 where there is no traceback; it is not used here. Limits: errors
that Datasette did not anticipate remain 500 and are logged.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import Response, hookimpl
from datasette import handle_exception as errors
from datasette.app import Datasette
from datasette.views.base import DatasetteError

METHODS = ("GET", "HEAD", "OPTIONS")

errors.rich = None

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


@hookimpl(tryfirst=True)
def handle_exception(exception: Exception) -> None:
    """Correct the status; Datasette's own handler renders the page."""
    if isinstance(exception, DatasetteError) and exception.status == 500:
        exception.status = 400


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] not in METHODS:
                error = Response.text("This site is read-only.\n", status=405)
                error.headers["Allow"] = ", ".join(METHODS)
                await error.asgi_send(send)
            else:
                await app(scope, receive, send)

        return wrapped

    return wrap
