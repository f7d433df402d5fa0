"""The result is the same with one worker, two workers or a Dask cluster."""

from __future__ import annotations

import concurrent.futures
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from ingest.pdf import pool
from ingest.pdf.limits import Limits, Unreadable
from ingest.pdf.pool import Pool, read_document
from tests import pdfs


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.pdf"
    pdfs.long_pdf(path, 8)
    return path


@pytest.mark.long
def test_the_result_does_not_depend_on_workers_or_order(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = read_document(long, Pool(1))
    monkeypatch.setattr(pool, "CHUNK", 1)
    assert read_document(long, Pool(2)) == one
    assert [page.number for page in one.pages] == list(range(1, one.file.pages + 1))
    assert one.file.pages >= 8


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_reads_the_same(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="never: it is in the development lock")
    monkeypatch.setattr(pool, "CHUNK", 1)
    in_flight: list[int] = []

    def counting_wait(futures: Collection[Any], *options: Any) -> Any:
        in_flight.append(len(futures))
        return concurrent.futures.wait(futures, *options)

    monkeypatch.setattr(pool, "wait", counting_wait)
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        assert len(cluster.workers) == 3
        assert read_document(long, Pool(scheduler=cluster.scheduler_address)) == read_document(
            long, Pool(1)
        )
        assert max(in_flight) > 2 * Pool().workers  # so no worker of a larger cluster is idle
        pdfs.hostile(long.with_name("deep.pdf"), "deep forms")
        with pytest.raises(Unreadable, match="nested too deeply"):
            read_document(long.with_name("deep.pdf"), Pool(scheduler=cluster.scheduler_address))


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_a_missing_scheduler_is_reported(long: Path) -> None:
    with pytest.raises(Unreadable, match=r"no scheduler at tcp://127\.0\.0\.1:1"):
        read_document(long, Pool(scheduler="tcp://127.0.0.1:1", limits=Limits(seconds=2)))


@pytest.mark.long
def test_progress_is_shown_on_a_terminal_and_nowhere_else(long: Path) -> None:
    command = [sys.executable, "-m", "ingest", "audit", str(long)]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stderr == ""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # the other end was closed
            pass
        process.wait()
    os.close(ours)
    assert b"pages/s" in shown
