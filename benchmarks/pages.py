"""Reading a long PDF: two workers against one, and the memory of many pages against few.

    python -m benchmarks.pages

Each reading is a process of its own. Times are compared as a ratio, the two in turn in one run;
memory is the greatest that the process and any one of its workers held.
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


def measured(path: Path, workers: int) -> dict[str, float]:
    """Seconds, pages, and megabytes of this process and of the largest worker, for one reading."""
    start = time.perf_counter()
    document = read_document(path, Pool(workers))
    seconds = time.perf_counter() - start
    own, largest = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {"seconds": seconds, "pages": document.file.pages, "own": own, "worker": largest}


def apart(path: Path, workers: int) -> dict[str, float]:
    """The same, in a process of its own."""
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
        print(json.dumps(measured(Path(given.one[0]), int(given.one[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        files = {pages: Path(folder) / f"{pages}.pdf" for pages in (100, 200, 1000)}
        for pages, path in files.items():
            long_pdf(path, pages)
        ratios = []
        for _ in range(given.rounds):
            one, two = (apart(files[200], workers) for workers in (1, 2))
            ratios.append(one["seconds"] / two["seconds"])
            print(
                f"{one['pages']:.0f} pages: one worker {one['pages'] / one['seconds']:.1f} a second, "
                f"two {two['pages'] / two['seconds']:.1f}, ratio {ratios[-1]:.2f}",
                flush=True,
            )
        print(f"two workers are {median(ratios):.2f} times as fast as one (median)")
        few, many = apart(files[100], 2), apart(files[1000], 2)
        for name, read_so in (("few", few), ("many", many)):
            print(
                f"{name}: {read_so['pages']:.0f} pages, {read_so['own']:.0f} MB itself, "
                f"{read_so['worker']:.0f} MB the largest worker",
            )
        total = [read_so["own"] + 2 * read_so["worker"] for read_so in (few, many)]
        print(f"memory of many over few: {total[1] / total[0]:.2f}")


if __name__ == "__main__":
    main()
