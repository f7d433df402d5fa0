"""Read a PDF with workers: in processes of our own, or on an existing Dask cluster.

Pages are submitted in chunks, just enough at a time to keep the workers busy, so that memory use
does not grow with the document. Results are in page order, whichever worker read them. With the
address of a Dask scheduler, Dask's executor is used, and Dask handles retries and placement. Our
own workers have a memory limit, and end if a page takes too long. To find out which page that was,
the pages in progress are read again one by one.
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

from ingest.pdf import worker
from ingest.pdf.limits import Limits, Unreadable
from ingest.pdf.worker import FileAudit, PageResult
from ingest.records.audit_findings import AuditFinding, count_by_kind

CHUNK = 16
"""Pages per task. Smaller chunks add IPC overhead; larger ones leave workers idle at the end."""
_CHUNKS_PER_WORKER = 2
"""Chunks submitted at a time for each worker."""


@dataclass(frozen=True)
class Pool:
    """The workers that read PDFs: `workers` local processes, or the Dask cluster at `scheduler`."""

    workers: int = 2
    scheduler: str | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Document:
    """A PDF, read and audited, with its pages in order."""

    file: FileAudit
    pages: tuple[PageResult, ...]

    @property
    def findings(self) -> list[AuditFinding]:
        """All findings. Those on the file are left out if its pages have findings of the same kind,
        because they count the same things again."""
        of_pages = [finding for page in self.pages for finding in page.findings]
        on_pages = {finding.kind for finding in of_pages}
        return [*(one for one in self.file.findings if one.kind not in on_pages), *of_pages]

    @property
    def counts(self) -> Counter[str]:
        """The total count of each kind of finding."""
        return count_by_kind(self.findings)


def read_document(path: Path, pool: Pool) -> Document:
    """Read and audit the document at `path`. Raise Unreadable if it, or any page, cannot be read."""
    with _executor(pool) as (executor, workers):
        try:
            file: FileAudit = executor.submit(worker.inspect, path.resolve(), pool.limits).result()
            pages = list(
                _read_pages(executor, path.resolve(), file.pages, replace(pool, workers=workers))
            )
        except Unreadable:
            raise
        except BrokenExecutor:
            raise _limits_exceeded(pool.limits, None) from None
        # An error in the cluster, such as a worker that was lost permanently.
        except Exception as error:
            raise Unreadable(
                f"a worker that failed ({type(error).__name__})",
                "workers that keep running",
                "see the scheduler's log, or read the document without a scheduler",
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


def render_pages(
    path: Path, numbers: Sequence[int], pool: Pool
) -> Iterator[tuple[float, Image.Image]]:
    """Yield, for each page, the scale in pixels per point and an image. Raise Unreadable if
    it cannot be rendered."""
    with _executor(pool) as (executor, _):
        for number in numbers:
            try:
                task = executor.submit(worker.render_page, path.resolve(), number, pool.limits)
                yield task.result()
            except BrokenExecutor:
                raise _limits_exceeded(pool.limits, number) from None


@contextmanager
def _executor(pool: Pool) -> Iterator[tuple[Executor, int]]:
    """Open the pool, and yield its executor and number of workers."""
    if pool.scheduler:
        with _dask_executor(pool.scheduler, pool.limits) as (executor, threads):
            yield executor, max(threads, pool.workers)
        return
    with ProcessPoolExecutor(
        pool.workers, get_context("spawn"), worker.init_worker, (pool.limits,)
    ) as executor:
        try:
            yield executor, pool.workers
        finally:
            executor.shutdown(cancel_futures=True)


@contextmanager
def _dask_executor(scheduler: str, limits: Limits) -> Iterator[tuple[Executor, int]]:
    """Connect to a cluster, and yield its executor and the number of its workers' threads."""
    try:
        from distributed import Client
    except ImportError:
        raise Unreadable(
            "no package “distributed”",
            "the extra “cluster”",
            "pip install 'disclosed-in-part[cluster]'",
        ) from None
    try:
        client = Client(scheduler, timeout=limits.seconds)
    except (OSError, ValueError):
        raise Unreadable(
            f"no scheduler at {scheduler}",
            "the address of a Dask scheduler, such as tcp://127.0.0.1:8786",
            "check that the scheduler is running, and its address",
        ) from None
    with client:
        executor = client.get_executor()
        try:
            yield executor, sum(client.nthreads().values())
        finally:
            executor.shutdown(wait=False)


def _read_pages(executor: Executor, path: Path, count: int, pool: Pool) -> Iterator[PageResult]:
    """Yield the result of each of the `count` pages as it completes."""
    chunks = (range(first, min(first + CHUNK, count + 1)) for first in range(1, count + 1, CHUNK))
    running: dict[Future[list[PageResult]], Sequence[int]] = {}
    # disable=None shows progress on a terminal only.
    with tqdm(total=count, unit=" pages", disable=None, leave=False) as bar:
        while True:
            for numbers in islice(chunks, _CHUNKS_PER_WORKER * pool.workers - len(running)):
                running[executor.submit(worker.read_pages, path, numbers, pool.limits)] = numbers
            if not running:
                return
            done, _ = wait(running, pool.limits.wall * CHUNK, FIRST_COMPLETED)
            if not done:
                raise _limits_exceeded(pool.limits, min(map(min, running.values())))
            for future in done:
                try:
                    results = future.result()
                except BrokenExecutor:
                    in_progress = sorted(page for pages in running.values() for page in pages)
                    raise _find_failing_page(path, in_progress, pool) from None
                del running[future]
                bar.update(len(results))
                yield from results


def _find_failing_page(path: Path, numbers: Sequence[int], pool: Pool) -> Unreadable:
    """Read each page in a worker of its own to find the one that makes it fail; return its error."""
    for number in numbers:
        with _executor(replace(pool, workers=1)) as (executor, _):
            try:
                task = executor.submit(worker.read_pages, path, [number], pool.limits)
                task.result(2 * pool.limits.wall)
            except (BrokenExecutor, TimeoutError):
                return _limits_exceeded(pool.limits, number)
    return _limits_exceeded(pool.limits, None)


def _limits_exceeded(limits: Limits, page: int | None) -> Unreadable:
    return Unreadable(
        f"a worker that crashed, or needed more than {limits.seconds:g} seconds of processor time or "
        f"{limits.memory / 2**30:g} GB of memory",
        "pages that can be read within these limits",
        "open the document in a PDF reader; if that works, print it to a new PDF and audit that",
        page,
    )
