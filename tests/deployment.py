"""Copies of the site behind nginx, as on a public machine, in a folder and at ports of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from deploy.release import CODE, FILES
from tests.serving import ROOT

PATIENCE = 120
"""Seconds to wait for a server to answer, or for a step to end."""
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
COPIES = (8001, 8002)
"""The ports of the copies in deploy/nginx.conf."""
FRONT = 8080


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def furnish_checkout(folder: Path) -> Path:
    """Put into `folder` what a release is made of, apart from the database."""
    folder.mkdir()
    for name in (*CODE, *FILES):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run_module(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the project in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
    )


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, f"{address} does not answer"
        try:
            with urlopen(address):
                return
        except HTTPError:
            return
        except OSError:
            time.sleep(0.05)


@contextmanager
def started(folder: Path, log: Path, url: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in `folder` until the end of the block, and wait until it answers at `url`."""
    with log.open("ab") as out:
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(url, process, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()


@contextmanager
def copy_of_site(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the current release of `folder` at `port`."""
    command = (sys.executable, "-m", "deploy.serve", "--port", str(port), *options)
    log = folder.parent / f"{folder.name}-{port}.log"
    with started(folder, log, f"http://127.0.0.1:{port}/-/health", *command) as process:
        yield process


@contextmanager
def nginx(folder: Path, *ports: int, locations: str = "") -> Iterator[str]:
    """Run deploy/nginx.conf before the copies at `ports`; yield its address. Add `locations` to it."""
    folder.mkdir()
    front, text = free_port(), (ROOT / "deploy" / "nginx.conf").read_text()
    for old, new in zip((FRONT, *COPIES), (front, *ports), strict=True):
        assert text.count(f"127.0.0.1:{old}") == 1
        text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    place = "        # About the copies themselves"
    assert place in text
    (folder / "nginx.conf").write_text(text.replace(place, locations + place))
    (folder / "html").mkdir()
    address = f"http://127.0.0.1:{front}"
    # Started by root, it would become a user who may not write here.
    extra = "daemon off;" if os.getuid() else "daemon off; user root;"
    command = (NGINX, "-p", f"{folder}/", "-c", "nginx.conf", "-g", extra)
    with started(folder, folder / "log", f"{address}/-/health", *command):
        yield address


@contextmanager
def public_site(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Serve the current release of `folder` with two copies behind nginx; yield its address and the copies."""
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        copies = [stack.enter_context(copy_of_site(folder, port)) for port in ports]
        address = stack.enter_context(nginx(folder.parent / f"{folder.name}-nginx", *ports))
        yield address, copies
