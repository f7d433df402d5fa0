"""Measure reading a long PDF: time with two workers against one, and memory for many pages against few.

    .venv/bin/python -m benchmarks.pages [--rounds ROUNDS]

Each document is read in a process of its own. Times are compared as the ratio of two runs, one after the
other; memory is the peak of the process and of its largest worker.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from ingest.pdf.pool import Pool, read_document
from tests.pdfs import long_pdf


def measure(path: Path, workers: int) -> dict[str, float]:
    """Read a PDF; return seconds, pages, and peak megabytes of this process and its largest worker."""
    start = time.perf_counter()
    document = read_document(path, Pool(workers))
    seconds = time.perf_counter() - start
    own, largest = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"seconds": seconds, "pages": document.file.pages, "own": own, "worker": largest}


def measure_in_process(path: Path, workers: int) -> dict[str, float]:
    """Return the same, measured in a new process."""
    command = [sys.executable, "-m", "benchmarks.pages", "--one", str(path), str(workers)]
    result: dict[str, float] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("PDF", "WORKERS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(Path(given.one[0]), int(given.one[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        files = {pages: Path(folder) / f"{pages}.pdf" for pages in (100, 200, 1000)}
        for pages, path in files.items():
            long_pdf(path, pages)
        ratios = []
        for _ in range(given.rounds):
            one, two = (measure_in_process(files[200], workers) for workers in (1, 2))
            ratios.append(one["seconds"] / two["seconds"])
            print(
                f"{one['pages']:.0f} pages: one worker {one['pages'] / one['seconds']:.1f} per second, "
                f"two {two['pages'] / two['seconds']:.1f}, ratio {ratios[-1]:.2f}",
                flush=True,
            )
        print(f"two workers are {median(ratios):.2f} times as fast as one (median)")
        few, many = (measure_in_process(files[pages], 2) for pages in (100, 1000))
        for name, result in (("few", few), ("many", many)):
            print(
                f"{name}: {result['pages']:.0f} pages, {result['own']:.0f} MB in the process, "
                f"{result['worker']:.0f} MB in the largest worker",
            )
        total = [result["own"] + 2 * result["worker"] for result in (few, many)]
        print(f"memory for many pages over memory for few: {total[1] / total[0]:.2f}")


if __name__ == "__main__":
    main()
