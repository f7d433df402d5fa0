"""Releases, stopping and nginx, with real servers under load."""

from __future__ import annotations

import http.client
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.serve import STOP_SECONDS
from ingest.build import build
from tests.deployment import (
    PATIENCE,
    copy_of_site,
    free_port,
    furnish_checkout,
    public_site,
    run_module,
    started,
)
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put
from tests.site.test_release import STATEMENTS, Release

READERS = 8
COSTLY = {path for path in STATEMENTS if "?sql=" in path}
SIDE = 1000
"""How many answers of each release must be seen."""


class Checkout:
    """A folder from which releases are made, with two builds to choose from."""

    def __init__(self, folder: Path) -> None:
        self.folder = furnish_checkout(folder / "site")
        self.disclosures = folder / "disclosures"
        FolderCopy.of_the_first(self.disclosures)
        self.old = self.build()

    def build(self) -> Release:
        build(self.disclosures, self.folder / "foi.db")
        return Release(self.folder / "foi.db")

    def build_new(self) -> Release:
        put(a_disclosure(arranged([a_row(year=2021)] * 120)), self.disclosures)
        return self.build()

    def step(self, name: str) -> None:
        done = run_module(self.folder, "deploy.release", name)
        assert not done.returncode, done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


class Load:
    """Readers who ask without a pause, and check that each answer is whole and of one release."""

    def __init__(self, address: str, *releases: Release) -> None:
        self.host = urlsplit(address).netloc
        self.releases = releases
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.ended = threading.Event()
        self.number = count()

    def read(self, paths: list[str], fresh: bool) -> None:
        """Ask for `paths` over and over, some of them in a way that no cache can answer."""
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        release = ""
        for path in cycle(paths):
            if self.ended.is_set():
                break
            address = path
            if fresh and path.partition("?")[0] not in ("/foi.db", "/checks", "/foi.json"):
                release = f"{next(self.number):012x}"
                address += f"{'&' if '?' in path else '?'}_release={release}"
            try:
                connection.request("GET", address)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{address}: {error!r}")
                connection.close()
                continue
            headers = {name.lower(): value for name, value in answer.getheaders()}
            expected = 404 if path == "/foi/nowhere" else 200
            if answer.status != expected:
                self.failures.append(f"{address}: status {answer.status}, {body[:200]!r}")
                continue
            stated = [text for text in STATEMENTS[path](body) if text != release]
            of = [each.digits for each in self.releases if each.named_by(headers, stated)]
            if len(of) != 1:
                self.failures.append(f"{address}: {headers.get('x-release')}, {stated}")
            self.answers.update(of)
        connection.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        ordinary = [path for path in STATEMENTS if path not in COSTLY]
        readers = [
            threading.Thread(target=self.read, args=(ordinary, number % 2 == 0))
            for number in range(READERS)
        ]
        readers.append(threading.Thread(target=self.read, args=(sorted(COSTLY), True)))
        for reader in readers:
            reader.start()
        try:
            yield
        finally:
            self.ended.set()
            for reader in readers:
                reader.join(PATIENCE)

    def wait(self, enough: Callable[[], bool]) -> None:
        """Wait until there have been enough answers, or a failure."""
        deadline = time.monotonic() + 10 * PATIENCE
        while not enough() and not self.failures and time.monotonic() < deadline:
            time.sleep(0.1)


def ask_during(address: str, step: Callable[[], None], before: Release, after: Release) -> None:
    """Take `step` while readers ask; check 10,000 answers, of which SIDE of each release."""
    load = Load(address, before, after)
    with load.running():
        load.wait(lambda: load.answers[before.digits] >= SIDE)
        step()
        load.wait(lambda: load.answers[after.digits] >= SIDE and load.answers.total() >= 10 * SIDE)
    print(dict(load.answers), len(load.failures), "failed")
    assert load.failures == []
    assert min(load.answers[before.digits], load.answers[after.digits]) >= SIDE
    assert load.answers.total() >= 10 * SIDE


@pytest.mark.long
def test_no_request_fails_when_a_release_comes_or_goes(checkout: Checkout) -> None:
    checkout.step("publish")
    with public_site(checkout.folder) as (address, _):
        new = checkout.build_new()
        assert new.digits != checkout.old.digits
        ask_during(address, lambda: checkout.step("publish"), checkout.old, new)
        ask_during(address, lambda: checkout.step("rollback"), new, checkout.old)


@pytest.mark.long
def test_one_server_without_nginx_takes_a_release_too(checkout: Checkout) -> None:
    """As `make serve` runs it: what it serves was never the current release, and can be gone back to."""
    first = run_module(checkout.folder, "deploy.release", "package").stdout.strip()
    port = free_port()
    with copy_of_site(checkout.folder, port, "--release", first):
        new = checkout.build_new()
        for step, after in (("publish", new), ("rollback", checkout.old)):
            checkout.step(step)
            # The process that served the other release finishes what it has begun until then.
            time.sleep(STOP_SECONDS + 1)
            load = Load(f"http://127.0.0.1:{port}", checkout.old, new)
            with load.running():
                load.wait(lambda load=load: load.answers.total() >= 100)  # type: ignore[misc]
            assert load.failures == []
            assert set(load.answers) == {after.digits}


@pytest.mark.long
def test_a_killed_copy_costs_no_request(checkout: Checkout) -> None:
    checkout.step("publish")
    with public_site(checkout.folder) as (address, copies):
        load = Load(address, checkout.old)
        with load.running():
            load.wait(lambda: load.answers.total() >= SIDE)
            copies[0].kill()
            copies[0].wait()
            at_kill = load.answers.total()
            load.wait(lambda: load.answers.total() >= at_kill + SIDE)
    assert load.failures == []
    assert load.answers.total() >= 2 * SIDE


@pytest.mark.long
def test_a_release_that_is_not_right_changes_nothing(checkout: Checkout) -> None:
    checkout.step("publish")
    current = (checkout.folder / "releases" / "current").readlink()
    (checkout.folder / "canned_queries").unlink()
    (checkout.folder / "canned_queries").mkdir()
    broken = "-- title: Broken\n-- group: years\nselect nothing from nowhere\n"
    (checkout.folder / "canned_queries" / "broken.sql").write_text(broken)
    port = free_port()
    with copy_of_site(checkout.folder, port):
        done = run_module(checkout.folder, "deploy.release", "publish")
        assert done.returncode == 1
        assert "The servers serve what they served before." in done.stderr
    assert (checkout.folder / "releases" / "current").readlink() == current
    assert {path.name for path in (checkout.folder / "releases").glob("2*")} == {str(current)}


# Stopping.

ENDLESS = "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n"


def visit(port: int, path: str) -> socket.socket:
    """Send a request and read nothing of its answer."""
    visitor = socket.socket()
    visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    visitor.connect(("127.0.0.1", port))
    visitor.sendall(f"GET {path} HTTP/1.1\r\nHost: s\r\n\r\n".encode())
    return visitor


VISITS = {
    "a costly query": f"/foi.json?sql={ENDLESS.replace(' ', '+')}",
    "a CSV that nobody reads": "/foi/officer_allegations.csv?_stream=on",
    "a download that nobody reads": "/foi.db",
    "a page that nobody reads": "/foi/officer_allegations?_size=1000",
    "a request that never ends": "/ HTTP/1.1\r\nX: ",
}
PROGRAMS = {"deploy.serve": (), "datasette": (".",)}


@pytest.mark.long
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_server_ends_whatever_its_visitors_do(checkout: Checkout, program: str) -> None:
    checkout.step("publish")
    port = free_port()
    command = (sys.executable, "-m", program, *PROGRAMS[program], "--port", str(port))
    log, url = checkout.folder.parent / "log", f"http://127.0.0.1:{port}/-/versions.json"
    with started(checkout.folder, log, url, *command) as server:
        visitors = [visit(port, path) for path in VISITS.values() for _ in range(2)]
        dead = visit(port, VISITS["a costly query"])
        dead.close()
        time.sleep(1)
        start = time.monotonic()
        server.send_signal(signal.SIGTERM)
        # Without a limit, the server waits for as long as these visitors stay.
        server.wait(PATIENCE / 4)
        print(f"{program} ended after {time.monotonic() - start:.1f} s")
        for visitor in visitors:
            visitor.close()
    with socket.socket() as late:
        assert late.connect_ex(("127.0.0.1", port)) != 0
