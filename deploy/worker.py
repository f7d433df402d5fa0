"""Answer requests at a socket that another process listens on: see `deploy/serve.py`.

    python -m deploy.worker SOCKET READY

Both arguments are numbers of inherited file descriptors. The current folder is the release. Before it
writes to READY, this process has answered the home page once, and its helper for costly requests runs.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from click import ClickException
from datasette.app import Datasette

from deploy.serve import SIGNALS, STOP_SECONDS

LAST_CALL_SECONDS = 1
"""How long connections may take to send a last request before they are closed."""


class Server(uvicorn.Server):
    """uvicorn's server, which answers connections that it has accepted before it closes them."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        # SIGALRM, which nothing handles, ends a process that does not end by itself.
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        # Who keeps a connection learns from the next answer to open a new one, rather than losing a request.
        last = (b"connection", b"close")
        self.server_state.default_headers = [*self.server_state.default_headers, last]
        await asyncio.sleep(LAST_CALL_SECONDS)
        await super().shutdown(sockets)


def with_notice(datasette: Datasette, ready: int) -> Any:
    """Return the application, which writes to `ready` when it can answer any request at once."""
    app = datasette.app()

    async def warm() -> None:
        while (await datasette.client.get("/-/health")).json()["helper"] == "starting":
            await asyncio.sleep(0.05)
        await datasette.client.get(datasette.urls.instance())

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def send_on(event: dict[str, Any]) -> None:
            if event["type"] == "lifespan.startup.complete":
                await warm()
                os.write(ready, b"1")
                os.close(ready)
            await send(event)

        await app(scope, receive, send_on if scope["type"] == "lifespan" else send)

    return wrapped


def main() -> None:
    listening, ready = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            sys.exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    datasette = Datasette([], config_dir=Path(), cors=True)
    try:
        asyncio.run(datasette.invoke_startup())
    except ClickException as error:
        error.show()
        sys.exit(1)
    app = with_notice(datasette, ready)
    Server(uvicorn.Config(app, log_level="info", lifespan="on")).run([listening])


if __name__ == "__main__":
    main()
