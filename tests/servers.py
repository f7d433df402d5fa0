"""Start a server in a process of its own, and ask it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.serving import ROOT

PATIENCE = 60
"""Seconds to wait for a server to answer."""
DATASETTE = (sys.executable, "-m", "datasette")
WITH_CORS = (*DATASETTE, "serve", "--cors")


class Server:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process, self.address = process, address

    def get(self, path: str) -> tuple[dict[str, str], bytes]:
        """The headers, named in lower case, and the body of the answer, which may be an error."""
        try:
            with urlopen(self.address + path) as response:
                return {name.lower(): value for name, value in response.headers.items()}, (
                    response.read()
                )
        except HTTPError as error:
            with error:
                return {name.lower(): value for name, value in error.headers.items()}, error.read()

    def wait_for_helper(self) -> None:
        """Wait until costly requests are answered too."""
        deadline = time.monotonic() + PATIENCE
        while b'"helper": "running"' not in self.get("/-/health")[1]:
            assert time.monotonic() < deadline, f"{self.address} has no helper"
            time.sleep(0.05)

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        self.process.send_signal(signal_number)
        self.process.wait(PATIENCE)


@contextmanager
def running(
    folder: Path, temporary: Path, command: tuple[str, ...] = DATASETTE
) -> Iterator[Server]:
    """The site in `folder`, served as `datasette .` serves it, with its own temporary folder."""
    temporary.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    log = folder.parent / f"{folder.name}-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, ".", "--port", str(port)],
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, f"{server.address} does not answer"
            try:
                server.get("/-/versions.json")
                break
            except OSError:
                time.sleep(0.05)
        yield server
    finally:
        process.kill()
        process.wait()
