"""Serve a release, and take the next one without a gap.

    python -m deploy.serve --host 127.0.0.1 --port 8001

This process listens; another, started by it, answers (`deploy/worker.py`). On SIGHUP, a new one
starts with the current release, on the same socket. Once it is ready, the old one finishes what it
has begun and ends; if it does not become ready, the old one stays. On SIGTERM or SIGINT, all of them
end within STOP_SECONDS. If the one that answers ends by itself, so does this one.

Each server has a file in `releases/servers`, named after its process and locked while that runs, which
says what it serves.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

RELEASES = Path("releases")
CURRENT = RELEASES / "current"
"""A symbolic link to the release that servers take when they start and at SIGHUP."""
SERVERS = RELEASES / "servers"
START_SECONDS = 120
STOP_SECONDS = 4.5
STOP = {signal.SIGTERM, signal.SIGINT}
SIGNALS = {*STOP, signal.SIGHUP, signal.SIGCHLD}


class Worker:
    """A process that answers requests at a socket from one release."""

    def __init__(self, release: Path, listening: socket.socket, quiet: bool = False) -> None:
        self.release = release
        self.ready, theirs = os.pipe()
        folder = release.resolve()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.worker", str(listening.fileno()), str(theirs)],
            cwd=folder,
            pass_fds=[listening.fileno(), theirs],
            stdout=subprocess.DEVNULL if quiet else None,
            process_group=0,  # so that Ctrl+C reaches only this process, which then ends that one
        )
        os.close(theirs)

    def is_ready(self) -> bool:
        """Wait until the process can answer; return False if it cannot, or if this one is to stop."""
        deadline = time.monotonic() + START_SECONDS
        try:
            while time.monotonic() < deadline and not signal.sigpending() & STOP:
                if select.select([self.ready], [], [], 0.1)[0]:
                    return bool(os.read(self.ready, 1))
            return False
        finally:
            os.close(self.ready)

    def finish(self) -> None:
        """Let the process finish what it has begun, and end."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the process within `seconds`."""
        self.finish()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.process.kill()
        self.process.wait()


class Server:
    """The socket, the process that answers there, and those that finish what they have begun."""

    def __init__(self, listening: socket.socket, release: Path) -> None:
        self.listening = listening
        SERVERS.mkdir(parents=True, exist_ok=True)
        self.path = SERVERS / str(os.getpid())
        self.entry = self.path.open("w")
        fcntl.flock(self.entry, fcntl.LOCK_EX)
        self.worker = Worker(release, listening)
        self.finishing: list[Worker] = []

    def report(self, problem: str = "") -> None:
        """Write down which release is served and why not the one that was asked for."""
        said = json.dumps({"release": self.worker.release.name, "problem": problem})
        self.entry.seek(0)
        self.entry.write(said.ljust(200) + "\n")
        self.entry.flush()

    def replace(self, release: Path) -> None:
        """Let a new process answer from `release`, if it becomes ready."""
        new = Worker(release, self.listening)
        if not new.is_ready():
            new.stop(0)
            self.report(f"{release.name} did not start")
            return
        self.worker.finish()
        self.finishing.append(self.worker)
        self.worker = new
        self.report()

    def run(self) -> int:
        """Serve until told to stop; return the exit status."""
        try:
            if not self.worker.is_ready():
                return self.worker.process.poll() or 0
            self.report()
            host, port = self.listening.getsockname()[:2]
            print(f"Serving {self.worker.release.name} at http://{host}:{port}/", flush=True)
            while True:
                received = signal.sigwait(SIGNALS)
                if received in STOP:
                    return 0
                if received == signal.SIGHUP:
                    self.replace(current_release())
                self.finishing = [one for one in self.finishing if one.process.poll() is None]
                if self.worker.process.poll() is not None:
                    return 1
        finally:
            self.stop()

    def stop(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        workers = [self.worker, *self.finishing]
        for worker in workers:
            worker.finish()
        for worker in workers:
            worker.stop(max(0, deadline - time.monotonic()))
        self.path.unlink(missing_ok=True)


def current_release() -> Path:
    """Return the folder of the current release. Raise OSError if there is none."""
    return RELEASES / CURRENT.readlink().name


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raise OSError if the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--release", type=Path, help="a folder to serve until the next release")
    given = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        listening = listen(given.host, given.port)
    except OSError as error:
        sys.exit(f"{given.host}:{given.port}: {error.strerror}: name another port with PORT=...")
    try:
        release = given.release or current_release()
    except OSError:
        sys.exit("There is no release here: run make release.")
    sys.exit(Server(listening, release).run())


if __name__ == "__main__":
    main()
