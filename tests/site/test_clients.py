"""Programs that read the site's data from its addresses, as their users do."""

from __future__ import annotations

import csv
import importlib
import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas
import pytest
import sqlite_utils

from tests.servers import WITH_CORS, Server, running

pytestmark = pytest.mark.long

TABLE = "/foi/officer_allegations"


@pytest.fixture(scope="module")
def server(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site, served as `make serve` does."""
    with running(site_folder, tmp_path_factory.mktemp("clients"), WITH_CORS) as server:
        server.wait_for_helper()
        yield server


@pytest.fixture(scope="module")
def ids(database: Path) -> list[str]:
    rows = sqlite3.connect(database).execute("select id from officer_allegations order by id")
    return [str(id) for (id,) in rows]


def test_pandas_reads_csv_json_and_excel(server: Server, ids: list[str]) -> None:
    address = server.address + TABLE
    assert list(pandas.read_csv(f"{address}.csv")["id"]) == ids
    assert list(pandas.read_json(f"{address}.json?_shape=array&_size=max")["id"]) == ids
    assert list(pandas.read_excel(f"{address}.xlsx")["id"]) == ids


def test_polars_reads_csv_whole_and_in_parts(server: Server, ids: list[str]) -> None:
    polars = importlib.import_module("polars")
    address = f"{server.address}{TABLE}.csv"
    assert polars.read_csv(address)["id"].to_list() == ids
    assert polars.scan_csv(address).select("id").collect()["id"].to_list() == ids
    lines = f"{server.address}{TABLE}.json?_shape=array&_nl=on&_size=max"
    assert polars.scan_ndjson(lines).collect()["id"].to_list() == ids


def test_fsspec_reads_a_part_of_the_database(server: Server, database: Path) -> None:
    fsspec = importlib.import_module("fsspec")
    with fsspec.open(f"{server.address}/foi.db", "rb", block_size=4096) as file:
        file.seek(8192)
        assert file.read(100) == database.read_bytes()[8192:8292]
        assert file.size == database.stat().st_size


def test_duckdb_reads_csv_that_httpx_fetched(server: Server, ids: list[str]) -> None:
    duckdb = importlib.import_module("duckdb")
    fetched = httpx.get(f"{server.address}{TABLE}.csv").text
    found = duckdb.read_csv(io.StringIO(fetched)).fetchall()
    assert [row[0] for row in found] == ids


def test_csvkit_reads_csv(server: Server, ids: list[str]) -> None:
    fetched = httpx.get(f"{server.address}{TABLE}.csv").text
    command = [sys.executable, "-m", "csvkit.utilities.csvcut", "-c", "id"]
    cut = subprocess.run(command, input=fetched, capture_output=True, text=True, check=True)
    assert [row["id"] for row in csv.DictReader(io.StringIO(cut.stdout))] == ids


def test_sqlite_utils_reads_json_and_the_database(
    server: Server, ids: list[str], tmp_path: Path
) -> None:
    rows = json.loads(server.get(f"{TABLE}.json?_shape=array&_size=max")[1])
    copied = sqlite_utils.Database(tmp_path / "copied.db")
    copied["rows"].insert_all(rows, pk="id")  # type: ignore[union-attr]
    assert [row["id"] for row in copied.query("select id from rows order by id")] == ids
    (tmp_path / "foi.db").write_bytes(server.get("/foi.db")[1])
    whole = sqlite_utils.Database(tmp_path / "foi.db")
    assert whole["officer_allegations"].count == len(ids)
