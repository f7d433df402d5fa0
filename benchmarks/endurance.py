"""Measure what costly requests take from ordinary ones, and how the server's memory grows.

    .venv/bin/python -m benchmarks.endurance [--rounds 3] [--seconds 10] [--requests 30000]

Both parts build the site and serve it with one copy (`deploy/serve.py`) in a temporary folder. The first
compares the rate of ordinary pages, no two alike, with and without 20 visitors who ask for endless SQL.
The second asks for a mixture of pages, and prints the memory of the process that answers, its share of
shared pages included (PSS), as it goes. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import http.client
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median

from benchmarks.attacks import pss, tree
from ingest.build import build
from tests.deployment import copy_of_site, free_port, furnish_checkout, run_module
from tests.documents import FolderCopy

READERS = 4
COSTLY_VISITORS = 20
WARM = 3000
"""Requests after which the process should hardly grow."""
ENDLESS = "with+recursive+n(i)+as+(select+{}+union+all+select+i%2B1+from+n)+select+count(*)+from+n"


class Client:
    """A visitor who keeps a connection."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, path: str) -> int:
        try:
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return 0


def row_pages() -> Iterator[str]:
    """Yield addresses of rows and filtered tables, no two alike."""
    for number in count():
        yield f"/foi/officer_allegations/22-026570-{number % 400 + 1:04}?_count={number}&_release=000000000000"
        yield f"/foi/officer_allegations.json?_size={number % 100 + 1}&year__gte={1000 + number}"


def mixture() -> Iterator[str]:
    """Yield addresses of every kind; most are asked for once."""
    fixed = (
        *("/", "/foi", "/about", "/dictionary", "/checks", "/redaction", "/-/metadata.json"),
        *("/foi/officers-per-year", "/foi/officers-per-rank.json", "/foi/ranks", "/foi/nowhere"),
        *("/foi/search?q=harass", "/foi/officer_allegations", "/-/static/app.css", "/foi.db"),
    )
    distinct, number = row_pages(), count()
    for path in cycle(fixed):
        yield path
        yield from islice(distinct, 8)
        n = next(number)
        yield f"/foi/search.json?q=word{n}"
        yield f"/foi/officer_allegations.json?_size=5&summary__exact=none{n}"
        yield f"/foi/nowhere-{n}"
        if n % 10 == 0:
            yield f"/foi.json?sql=select+{n}"


def rate(port: int, paths: Iterator[str], seconds: float) -> tuple[float, Counter[int]]:
    """Return how many of `paths` are answered in a second, and with which statuses."""
    lock, statuses = threading.Lock(), Counter[int]()
    start = time.monotonic()

    def read() -> None:
        client = Client(port)
        while time.monotonic() < start + seconds:
            with lock:
                path = next(paths)
            status = client.ask(path)
            with lock:
                statuses[status] += 1

    with ThreadPoolExecutor(READERS) as readers:
        for done in [readers.submit(read) for _ in range(READERS)]:
            done.result()
    return statuses.total() / (time.monotonic() - start), statuses


def beside_costly(port: int, rounds: int, seconds: float) -> None:
    """Print the rate of ordinary pages with and without costly requests, in pairs."""
    pages, numbers, ratios = row_pages(), count(1), []
    rate(port, pages, 2)  # to warm up
    for _ in range(rounds):
        alone, _ = rate(port, pages, seconds)
        ended, statuses = threading.Event(), Counter[int]()

        def ask_for_much(ended: threading.Event = ended, statuses: Counter[int] = statuses) -> None:
            client = Client(port)
            while not ended.is_set():
                status = client.ask(f"/foi.json?sql={ENDLESS.format(next(numbers))}")
                statuses[status] += 1
                if status == 503:
                    time.sleep(0.5)

        visitors = [threading.Thread(target=ask_for_much) for _ in range(COSTLY_VISITORS)]
        for visitor in visitors:
            visitor.start()
        time.sleep(1)
        beside, _ = rate(port, pages, seconds)
        ended.set()
        for visitor in visitors:
            visitor.join()
        ratios.append(beside / alone)
        print(
            f"ordinary pages per second: {alone:.1f} alone, {beside:.1f} beside {COSTLY_VISITORS} costly"
            f" visitors (whose statuses were {dict(statuses)}), ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"median ratio {median(ratios):.2f}", flush=True)


def endure(port: int, memory: Callable[[], list[int]], requests: int) -> None:
    """Print the memory of the process that answers, and of its helper, as the requests go by."""
    paths, statuses, lock = mixture(), Counter[int](), threading.Lock()

    def read(number: int) -> None:
        client = Client(port)
        for _ in range(number // READERS):
            with lock:
                path = next(paths)
            status = client.ask(path)
            with lock:
                statuses[status] += 1

    sizes: list[int] = []
    for _ in range(max(2, requests // WARM)):
        with ThreadPoolExecutor(READERS) as readers:
            for done in [readers.submit(read, WARM) for _ in range(READERS)]:
                done.result()
        worker, *others = memory()
        sizes.append(worker)
        print(
            f"after {statuses.total():6} requests: {worker / 1e6:.1f} MB, others"
            f" {', '.join(f'{each / 1e6:.1f}' for each in others)} MB",
            flush=True,
        )
    print(f"statuses: {dict(statuses)}")
    print(f"grown by {(sizes[-1] - sizes[0]) / 1e6:.1f} MB after the first {WARM}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--requests", type=int, default=30_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        site = furnish_checkout(Path(name, "site"))
        FolderCopy.of_the_first(Path(name, "disclosures"))
        build(Path(name, "disclosures"), site / "foi.db")
        release = run_module(site, "deploy.release", "package").stdout.strip()
        port = free_port()
        with copy_of_site(site, port, "--release", release) as copy:
            if given.requests:
                endure(port, lambda: [pss(each) for each in tree(copy.pid)[1:]], given.requests)
            if given.rounds:
                beside_costly(port, given.rounds, given.seconds)


if __name__ == "__main__":
    main()
