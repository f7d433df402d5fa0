"""Following the pages of a table or view gives every row exactly once, however it is sorted."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from datasette.app import Datasette

from tests.serving import ROOT
from tests.site.pages import TABLES

LIBRARY = """
create table books (id text primary key, shelf text, pages integer, price real, note text);
create table loans (reader text, book text references books (id), day text, primary key (reader, book));
create table visits (day text, people integer);
create view thick as select shelf, pages, price from books where pages > 0;
create virtual table books_fts using fts5 (note, content=books);
"""
SHELVES = (None, "", "1", "10", "2", "a,b", "$null", "~x", "é")
SCRIPT = """
import asyncio, json, sys
from datasette.app import Datasette
async def main():
    site = Datasette([sys.argv[1]], plugins_dir=sys.argv[2] or None)
    await site.invoke_startup()
    answers = {}
    for address in json.load(sys.stdin):
        seen, pages, url = [], 0, address
        while url and pages < 500:
            answer = (await site.client.get(url)).json()
            seen += answer["rows"]
            pages += 1
            url = (answer["next_url"] or "").removeprefix("http://localhost")
        answers[address] = seen
    print(json.dumps(answers))
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with ties, NULLs, a compound key, a table without a key, and a view."""
    path = tmp_path_factory.mktemp("library") / "library.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(LIBRARY)
        for number in range(22):
            shelf, pages = SHELVES[number % 9], None if number % 7 == 3 else number % 4
            price = (None, 0.1 + 0.2, 1e-9, 12345678.9)[number % 4]
            connection.execute(
                "insert into books values (?, ?, ?, ?, ?)",
                [f"b/{22 - number:02}", shelf, pages, price, "word " * (number % 3)],
            )
            connection.execute(
                "insert into loans values (?, ?, ?)",
                [f"reader {number % 3}", f"b/{number + 1:02}", f"2020-01-{number % 5 + 1:02}"],
            )
            connection.execute(
                "insert into visits values (?, ?)", [f"day {number % 6}", number % 2]
            )
        connection.execute("insert into books_fts (books_fts) values ('rebuild')")
    return path


def addresses(path: Path) -> list[str]:
    """Return every table and view by every column, both ways, on pages of 1 and 7 rows."""
    with closing(sqlite3.connect(path)) as connection:
        columns = {
            name: [row[1] for row in connection.execute(f"pragma table_info({name})")]
            for name in ("books", "loans", "visits", "thick")
        }
    return [
        f"/library/{table}.json?_size={size}&_nofacet=1&_nocount=1{more}{sort}"
        for table, names in columns.items()
        for size in (1, 7)
        for sort in ("", *(f"&_sort{way}={name}" for name in names for way in ("", "_desc")))
        for more in ("", *(["&pages__gte=1"] if "pages" in names and size == 7 else []))
    ]


def walk(path: Path, plugins: Path | str, asked: list[str]) -> dict[str, list[list[Any]]]:
    """Return the rows on all pages that follow each address, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), str(plugins)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answers: dict[str, list[list[Any]]] = json.loads(done.stdout)
    return answers


def expected(path: Path, address: str) -> Counter[str]:
    table = address.split("/")[2].split(".")[0]
    chosen = " where pages >= 1" if "pages__gte" in address else ""
    every = "*" if table != "visits" else "rowid, *"
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"select {every} from {table}{chosen}").fetchall()
    return Counter(json.dumps(row) for row in rows)


def lost_or_twice(path: Path, answers: dict[str, list[list[Any]]]) -> list[str]:
    return [
        address
        for address, rows in answers.items()
        if Counter(json.dumps(row) for row in rows) != expected(path, address)
    ]


def test_every_row_is_on_one_page_however_it_is_sorted(library: Path, tmp_path: Path) -> None:
    (tmp_path / "paging.py").symlink_to(ROOT / "plugins" / "paging.py")
    asked = addresses(library)
    assert len(asked) > 50
    assert lost_or_twice(library, walk(library, tmp_path, asked)) == []


def test_datasette_alone_still_loses_rows(library: Path) -> None:
    """Once this fails, Datasette sorts all pages alike, and plugins/paging.py can go."""
    answers = walk(library, "", addresses(library))
    assert [address for address in lost_or_twice(library, answers) if "_sort" in address]


async def rows_of(site: Datasette, table: str, query: str) -> Counter[str]:
    """Return the rows on all pages of a table."""
    seen: Counter[str] = Counter()
    url = f"/foi/{table}.json?_nofacet=1&_nocount=1&{query}"
    for _ in range(500):
        answer = (await site.client.get(url)).json()
        seen.update(json.dumps(row) for row in answer["rows"])
        if not answer["next_url"]:
            return seen
        url = answer["next_url"].removeprefix("http://localhost")
    raise AssertionError(f"{table}?{query} has no last page")


@pytest.mark.asyncio
@pytest.mark.parametrize("table", TABLES)
async def test_every_row_of_the_site_is_on_one_page(site: Datasette, table: str) -> None:
    whole = await rows_of(site, table, "_size=max")
    first = (await site.client.get(f"/foi/{table}.json?_size=1")).json()
    for column in first["columns"]:
        for way in ("_sort", "_sort_desc"):
            assert await rows_of(site, table, f"_size=100&{way}={quote(column)}") == whole, column


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["", "&_sort_desc=rank", "&_sort=redaction_density"])
async def test_a_streamed_csv_has_every_row_once(site: Datasette, query: str) -> None:
    answer = await site.client.get(f"/foi/officer_allegations.csv?_stream=on{query}")
    ids = [row["id"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert len(ids) == len(set(ids)) == 409


@pytest.mark.asyncio
async def test_search_results_and_filters_can_be_sorted_too(site: Datasette) -> None:
    for query in ("_search=officer", "sanction__isnull=1", "year__in=2020,2021"):
        whole = await rows_of(site, "officer_allegations", f"_size=max&{query}")
        for column in ("rank", "line", "disclosure_id"):
            for way in ("_sort", "_sort_desc"):
                paged = await rows_of(
                    site, "officer_allegations", f"_size=23&{query}&{way}={column}"
                )
                assert paged == whole, (query, column, way)
