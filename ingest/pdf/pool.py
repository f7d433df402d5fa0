"""Read a PDF through workers: in processes of our own, or on a cluster that is already there.

Pages go out in chunks, no more at a time than keep the workers busy, so that memory does not grow
with the document; the outcome is in the order of the pages, whoever read them. All that is asked for
is an Executor of the standard library: with the address of a Dask scheduler it is Dask's, whose
business retries and placement then are. Our own workers are bounded in memory and are ended when a
page takes too long; which page it was is found by reading those in question one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from ingest.pdf import worker as worker
from ingest.pdf.limits import Limits, Unreadable
from ingest.pdf.worker import File, Read
from ingest.records.audit_findings import AuditFinding

CHUNK = 16
"""Pages a task: fewer cost more in going to and fro, more leave workers idle at the end."""
_AHEAD = 2
"""Chunks handed out for each worker."""


@dataclass(frozen=True)
class Pool:
    """Who reads: so many processes of our own, or the cluster of the Dask `scheduler` at that address."""

    workers: int = 2
    scheduler: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Document:
    """A PDF, read and audited."""

    file: File
    pages: tuple[Read, ...]

    @property
    def findings(self) -> list[AuditFinding]:
        """All that the audit found. What the file as a whole and a page both tell is told once."""
        of_pages = [finding for page in self.pages for finding in page.findings]
        on_pages = {finding.kind for finding in of_pages}
        return [*(one for one in self.file.findings if one.kind not in on_pages), *of_pages]

    @property
    def counts(self) -> Counter[str]:
        """How many of each kind were found in all."""
        counts: Counter[str] = Counter()
        for finding in self.findings:
            counts[finding.kind] += finding.count
        return counts


def read_document(path: Path, pool: Pool) -> Document:
    """The document at `path`. Raises Unreadable where it, or a page of it, cannot be read."""
    with _executor(pool) as executor:
        try:
            file: File = executor.submit(worker.inspect, path.resolve(), pool.limits).result()
            pages = list(_read_pages(executor, path.resolve(), file.pages, pool))
        except Unreadable:
            raise
        except BrokenExecutor:
            raise _too_much(pool.limits, None) from None
        except Exception as error:  # a cluster's own, such as a worker that is gone for good
            raise Unreadable(
                f"a worker that gave up ({type(error).__name__})",
                "workers that stay",
                "see the log of the scheduler, or read it without one",
            ) from None
    failed = next((page for page in pages if page.failure), None)
    if failed and failed.failure:
        raise Unreadable(*failed.failure, failed.number)
    if not sum(page.characters for page in pages):
        raise Unreadable(
            "pages without any text",
            "pages with text",
            "this is a scan: ask the publisher for the document that was scanned",
        )
    return Document(file, tuple(sorted(pages, key=lambda page: page.number)))


def pictures(path: Path, numbers: Sequence[int], pool: Pool) -> Iterator[tuple[float, Image.Image]]:
    """Pictures of those pages, each with its pixels a point."""
    with _executor(pool) as executor:
        for number in numbers:
            try:
                yield executor.submit(worker.picture, path.resolve(), number, pool.limits).result()
            except BrokenExecutor:
                raise _too_much(pool.limits, number) from None


@contextmanager
def _executor(pool: Pool) -> Iterator[Executor]:
    if pool.scheduler:
        try:
            from distributed import Client
        except ImportError:
            raise Unreadable(
                "no distributed", "the extra “cluster”", "pip install 'disclosed-in-part[cluster]'"
            ) from None
        try:
            client = Client(pool.scheduler, timeout=pool.limits.seconds)
        except (OSError, ValueError):
            raise Unreadable(
                f"no scheduler at {pool.scheduler}",
                "the address of a Dask scheduler, such as tcp://127.0.0.1:8786",
                "see that it runs, and where",
            ) from None
        with client:
            executor = client.get_executor()
            try:
                yield executor
            finally:
                executor.shutdown(wait=False)
        return
    with ProcessPoolExecutor(
        pool.workers, get_context("spawn"), worker.init_worker, (pool.limits,)
    ) as executor:
        try:
            yield executor
        finally:
            executor.shutdown(cancel_futures=True)


def _read_pages(executor: Executor, path: Path, count: int, pool: Pool) -> Iterator[Read]:
    chunks = (range(first, min(first + CHUNK, count + 1)) for first in range(1, count + 1, CHUNK))
    running: dict[Future[list[Read]], Sequence[int]] = {}
    # On a terminal alone.
    with tqdm(total=count, unit=" pages", disable=None, leave=False) as bar:
        while True:
            for numbers in islice(chunks, _AHEAD * pool.workers - len(running)):
                running[executor.submit(worker.read_pages, path, numbers, pool.limits)] = numbers
            if not running:
                return
            done, _ = wait(running, pool.limits.seconds * CHUNK, FIRST_COMPLETED)
            if not done:
                raise _too_much(pool.limits, min(map(min, running.values())))
            for future in done:
                try:
                    read_document = future.result()
                except BrokenExecutor:
                    in_question = sorted(page for pages in running.values() for page in pages)
                    raise _find_failing_page(path, in_question, pool) from None
                del running[future]
                bar.update(len(read_document))
                yield from read_document


def _find_failing_page(path: Path, numbers: Sequence[int], pool: Pool) -> Unreadable:
    """Which page ended a worker, found by giving each a worker of its own."""
    for number in numbers:
        with _executor(replace(pool, workers=1)) as alone:
            try:
                reading = alone.submit(worker.read_pages, path, [number], pool.limits)
                reading.result(2 * pool.limits.seconds)
            except (BrokenExecutor, TimeoutError):
                return _too_much(pool.limits, number)
    return _too_much(pool.limits, None)


def _too_much(limits: Limits, page: int | None) -> Unreadable:
    return Unreadable(
        f"a worker that took more than {limits.seconds:g} seconds or more than "
        f"{limits.memory / 2**30:g} GB, or that the document broke",
        "pages that can be read within these limits",
        "open it in a PDF reader; if that can, print it to a new PDF, and audit that",
        page,
    )
