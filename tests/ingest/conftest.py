"""Workers that are kept between tests, because starting one takes longer than reading a page."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import pytest

from ingest.pdf import pool, worker
from ingest.pdf.limits import Limits


@pytest.fixture(scope="session")
def staying() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, get_context("spawn"), worker.init_worker, (Limits(),)) as executor:
        yield executor


@pytest.fixture
def warm(staying: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read PDFs with workers that are already running, in the same way as any worker."""

    @contextmanager
    def the_same(_: pool.Pool) -> Iterator[tuple[Executor, int]]:
        yield staying, 2

    monkeypatch.setattr(pool, "_executor", the_same)
