"""Measure nginx before the site: a page from its cache against a static file, and each copy without it.

    .venv/bin/python -m benchmarks.nginx [--rounds 5] [--seconds 5]

Builds the site, and serves it with two copies behind `deploy/nginx.conf` in a temporary folder. wrk asks
for a page that nginx has kept, and for a file of the same size and encoding that nginx serves from disk,
one after the other; then for pages of one copy, past nginx. Prints rates and sizes; nothing is asserted.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

from ingest.build import build
from tests.deployment import copy_of_site, free_port, furnish_checkout, nginx, run_module
from tests.documents import FolderCopy

PAGES = (
    "/",
    "/foi/officers-per-year",
    "/foi/officer_allegations",
    "/foi/officer_allegations/22-026570-0003",
    "/foi/officers-per-year.json",
)
STATIC = """
        location = /static-file {
            root html;
            default_type "text/html; charset=utf-8";
            add_header Content-Encoding gzip;
        }
"""


def rate(url: str, seconds: int) -> float:
    """Return how many answers wrk gets in a second, with 16 connections. Raise ValueError if any is wrong."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-H", "Accept-Encoding: gzip", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec: +([\d.]+)", said)
    if not found or "Non-2xx" in said or "Socket errors" in said:
        raise ValueError(said)
    return float(found[1])


def body(url: str) -> bytes:
    """Return the body of an answer, compressed."""
    with urlopen(Request(url, headers={"Accept-Encoding": "gzip"})) as answer:
        content: bytes = answer.read()
        return content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        site = furnish_checkout(Path(name, "site"))
        FolderCopy.of_the_first(Path(name, "disclosures"))
        build(Path(name, "disclosures"), site / "foi.db")
        release = run_module(site, "deploy.release", "package").stdout.strip()
        ports = [free_port(), free_port()]
        for port in ports:
            stack.enter_context(copy_of_site(site, port, "--release", release))
        front = Path(name, "nginx")
        address = stack.enter_context(nginx(front, *ports, locations=STATIC))
        for page in PAGES:
            size = len(body(address + page))  # which nginx then keeps
            alone = rate(f"http://127.0.0.1:{ports[0]}{page}", given.seconds)
            kept = rate(address + page, given.seconds)
            print(
                f"{page}: {size / 1000:.1f} kB gzipped, {alone:.0f} per second from one copy,"
                f" {kept:.0f} from nginx",
                flush=True,
            )
        for page in PAGES[:2]:
            (front / "html" / "static-file").write_bytes(body(address + page))
            ratios = []
            for _ in range(given.rounds):
                kept = rate(address + page, given.seconds)
                file = rate(f"{address}/static-file", given.seconds)
                ratios.append(kept / file)
                print(f"{page}: {kept:.0f} kept pages per second, {file:.0f} files", flush=True)
            print(f"{page}: {median(ratios):.0%} of a static file (median of {given.rounds})")


if __name__ == "__main__":
    main()
