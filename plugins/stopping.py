"""Let a server that is told to stop do so within seconds, whatever its visitors do.

Problem: at SIGTERM, Datasette's web server waits for every answer that it has begun, without end. One
visitor who reads slowly, or not at all, keeps it from stopping. What this does: the server waits for
SECONDS, and then gives up what is left.

Limitations: it works where uvicorn serves, as it does for `datasette serve`, and changes no limit that
was set before.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from datasette import hookimpl

SECONDS = 3
"""How long answers that have begun may take to end."""

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def limit_stopping() -> None:
    """Give the running server its limit. It is found as the owner of the handler of SIGTERM."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(server, uvicorn.Server) and server.config.timeout_graceful_shutdown is None:
        server.config.timeout_graceful_shutdown = SECONDS


@hookimpl
def asgi_wrapper() -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                limit_stopping()
            await app(scope, receive, send)

        return wrapped

    return wrap
