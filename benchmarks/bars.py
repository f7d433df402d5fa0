"""Measure what drawing redaction bars costs: a page of 500 rows with the plugin and without it.

    .venv/bin/python -m benchmarks.bars [ROUNDS]

The two are requested alternately in one run, because the machine's speed drifts; the result is the median
of the ratios. The rows are those of the first disclosure with a summary, repeated up to 500.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

from datasette.app import Datasette
from datasette.plugins import pm

from ingest.build import build
from ingest.readers.folders import read_disclosure
from tests.documents import FIRST, a_disclosure, arranged, put
from tests.serving import PARTS, furnish, serve

ROWS = 500
PAGE = f"/foi/officer_allegations?_size={ROWS}"
PLUGIN = "redaction_density.py"


async def seconds(site: Datasette) -> float:
    """Return how long the page takes to respond, in seconds."""
    start = time.perf_counter()
    response = await site.client.get(PAGE)
    elapsed = time.perf_counter() - start
    assert response.status_code == 200
    assert (">redacted<" in response.text) == pm.has_plugin(PLUGIN)
    return elapsed


async def measure(folder: Path, rounds: int) -> None:
    """Print the median and quartiles of the ratios of times with the plugin to times without it."""
    site = await serve(folder)
    plugin = pm.get_plugin(PLUGIN)
    ratios: list[float] = []
    for number in range(rounds + 1):
        with_bars = await seconds(site)
        pm.unregister(plugin)
        without = await seconds(site)
        pm.register(plugin, name=PLUGIN)
        if number:  # the first round warms caches
            ratios.append(with_bars / without)
    quarters = statistics.quantiles(ratios, n=4)
    print(
        f"{ROWS} rows, time with bars over time without: median {statistics.median(ratios):.2f}"
        f" (quartiles {quarters[0]:.2f} and {quarters[2]:.2f}, {rounds} rounds)"
    )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "disclosures").mkdir()
        first, _ = read_disclosure(FIRST)
        assert first
        summaries = [row for row in first.rows if row.summary]
        put(a_disclosure(arranged(list(islice(cycle(summaries), ROWS)))), folder / "disclosures")
        build(folder / "disclosures", folder / "foi.db")
        furnish(folder, "plugins", *PARTS)
        asyncio.run(measure(folder, rounds))


if __name__ == "__main__":
    main()
