"""Following the pages of a table or view gives every row exactly once, however it is sorted and filtered."""

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
from datasette.utils import escape_sqlite, tilde_decode, tilde_encode
from datasette.views.table import TableView

from tests.serving import ROOT, a_plugin
from tests.site.pages import TABLES

LIBRARY = """
create table books (id text primary key not null, shelf text, pages integer, price real, n integer);
create table loans (reader text, book text references books (id), day text, n integer, primary key (reader, book));
create table visits (day text, people integer, n integer);
create table untyped (id primary key, value, n integer);
create table whole (id integer primary key, value, n integer);
create table measured (id real primary key, value blob, n integer);
create table paired (a, b, value, n integer, primary key (a, b)) without rowid;
create table folded (id text collate nocase, value collate nocase, n integer, primary key (id collate binary));
create table closed (id text collate nocase, value, n integer, primary key (id collate binary)) without rowid;
create table countdown (id integer primary key desc, value, n integer);
create table shadowed (rowid text, value, n integer);
create table unnamed (rowid text, oid integer, _rowid_, n integer);
create table [odd, "name] ([or] text, [a]]b] integer, [group by] text primary key, n integer);
create view thick as select shelf, pages, price, n from books where pages > 0;
create view any_value as select id, value, n from untyped;
create virtual table searched using fts5 (value, n);
""".replace("[a]]b]", '"a]b"')
NUMBER = 18
"""Rows of a table; `n` numbers them."""
VALUES = (
    *(
        "",
        "1",
        1,
        1.5,
        "10",
        2,
        2**53 + 1,
        float("inf"),
        -float("inf"),
        None,
        None,
        b"",
        b"1",
        b"\x00\xff",
    ),
    *(
        "$null",
        "$row,1",
        "a,b",
        "a/b~x",
        "~",
        "None",
        "\0a",
        "\0b",
        "A",
        "a",
        "é",
        "inf",
        " ",
        "%2C",
        "+",
        -1,
    ),
    0.1 + 0.2,
)
SHELVES = (None, "", "1", "10", "2", "a,b", "$null", "~x", "é")
SCRIPT = """
import asyncio, json, sys
from datasette.app import Datasette
async def main():
    site = Datasette([sys.argv[1]], plugins_dir=sys.argv[2] or None)
    await site.invoke_startup()
    walks = {}
    for address in json.load(sys.stdin):
        pages, url = [], address
        while url and len(pages) < 60:
            answer = await site.client.get(url)
            pages.append({"status": answer.status_code, "columns": [], "rows": [], "next_url": None, **answer.json()})
            url = (pages[-1]["next_url"] or "").removeprefix("http://localhost")
        walks[address] = pages
    print(json.dumps(walks))
asyncio.run(main())
"""
Pages = list[dict[str, Any]]


def fill(connection: sqlite3.Connection) -> None:
    """Put ties, NULLs and every kind of value into the tables."""
    add = connection.execute
    for n in range(NUMBER):
        pages, price = None if n % 7 == 3 else n % 4, (None, 0.1 + 0.2, 1e-9, float("inf"))[n % 4]
        add(
            "insert into books values (?, ?, ?, ?, ?)",
            [f"b/{NUMBER - n:02}", SHELVES[n % 9], pages, price, n],
        )
        add(
            "insert into loans values (?, ?, ?, ?)",
            [f"r {n % 3}", f"b/{n + 1:02}", f"day {n % 5}", n],
        )
        add("insert into visits values (?, ?, ?)", [f"day {n % 6}", n % 2, n])
        add("insert into countdown values (?, ?, ?)", [None if n % 3 else n, VALUES[n % 5], n])
        add("insert into shadowed values (?, ?, ?)", [SHELVES[n % 9], VALUES[n % 11], n])
        add("insert into unnamed values (?, ?, ?, ?)", [SHELVES[n % 9], n % 4, VALUES[n % 11], n])
        add("insert into searched values (?, ?)", [f"word {n % 4}", n])
        add(
            """insert into [odd, "name] values (?, ?, ?, ?)""",
            [SHELVES[n % 9], n % 4, f"{n % 5},{n}", n],
        )
        add("insert into whole values (?, ?, ?)", [n * n - 9, VALUES[n % 14], n])
    for n, key in enumerate(VALUES):
        value = VALUES[n * 2 % 21]
        add("insert into untyped values (?, ?, ?)", [key, value, n])
        add("insert into measured values (?, ?, ?)", [None if n % 4 == 0 else 1 / n, value, n])
        if key is not None:
            add("insert into paired values (?, ?, ?, ?)", [VALUES[n % 4], key, value, n])
    # Text that is not UTF-8.
    add("insert into untyped values (cast(x'fe' as text), cast(x'ff' as text), 100)")
    add("insert into untyped values (cast(x'ff' as text), cast(x'fe' as text), 101)")
    add("insert into paired values (1, cast(x'fe' as text), 1, 100)")
    add("insert into paired values (1, cast(x'ff' as text), 1, 101)")
    for n, key in enumerate(("a", "A", "b", "B", "é", "", "$row", "c", "C")):
        add("insert into folded values (?, ?, ?)", [key, "xX"[n % 2], n])
        add("insert into closed values (?, ?, ?)", [key, n % 3, n])
    add("insert into folded values (null, null, 100), (null, 'x', 101)")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every kind of table and value."""
    path = tmp_path_factory.mktemp("library") / "library.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(LIBRARY)
        fill(connection)
    return path


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    (tmp_path / "paging.py").symlink_to(ROOT / "plugins" / "paging.py")
    return tmp_path


def columns_of(path: Path) -> dict[str, list[str]]:
    """Return the columns of each table and view."""
    names = "select name from sqlite_master where type in ('table', 'view') and name not glob 'searched_*'"
    with closing(sqlite3.connect(path)) as connection:
        return {
            name: [
                row[0]
                for row in connection.execute("select name from pragma_table_info(?)", [name])
            ]
            for (name,) in connection.execute(names).fetchall()
        }


def address(table: str, query: str) -> str:
    return f"/library/{tilde_encode(table)}.json?_nofacet=1&_nocount=1&{query}"


def addresses(path: Path) -> list[str]:
    """Return every table and view by every column, both ways, on pages of 1 and 7 rows, and with
    the column sorted by left out."""
    found = []
    for table, columns in columns_of(path).items():
        sorts = [f"{way}={quote(column)}" for column in columns for way in ("_sort", "_sort_desc")]
        found += [
            address(table, f"_size={size}&{sort}") for size in (1, 7) for sort in ("", *sorts)
        ]
        found += [address(table, f"_size=7&_col=n&{sort}") for sort in sorts]
    return found


def walk(path: Path, plugins: Path | str, asked: list[str]) -> dict[str, Pages]:
    """Return the pages that follow each address, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), str(plugins)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    walks: dict[str, Pages] = json.loads(done.stdout)
    return walks


def numbers(pages: Pages) -> list[int]:
    """Return `n` of every row on `pages`."""
    return [row[page["columns"].index("n")] for page in pages for row in page["rows"]]


def wanted(path: Path, table: str, where: str = "1") -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"select n from {escape_sqlite(table)} where {where} order by n")
        return [n for (n,) in rows]


def lost_or_twice(path: Path, walks: dict[str, Pages]) -> list[str]:
    return [
        address
        for address, pages in walks.items()
        if sorted(numbers(pages)) != wanted(path, tilde_decode(address.split("/")[2].split(".")[0]))
    ]


def test_every_row_is_on_one_page_however_it_is_sorted(library: Path, plugins: Path) -> None:
    asked = addresses(library)
    assert len(asked) > 300
    assert lost_or_twice(library, walk(library, plugins, asked)) == []


def test_datasette_alone_still_loses_rows(library: Path) -> None:
    """Once this fails, Datasette pages ordinary tables rightly, and plugins/paging.py may go."""
    asked = [url for url in addresses(library) if "/books." in url or "/thick." in url]
    assert [url for url in lost_or_twice(library, walk(library, "", asked)) if "_sort" in url]


FILTERS = {
    "_where=n<3 or n>9": "n < 3 or n > 9",
    "_where=n<3 or n>9&pages__gte=1": "(n < 3 or n > 9) and pages >= 1",
    "_where=n>3 -- or so": "n > 3",
    "_where=n>3&_where=n<5 or n=8": "n > 3 and (n < 5 or n = 8)",
    "shelf=": "shelf = ''",
    "shelf__isnull=1": "shelf is null",
    "pages__in=1,2&n__gt=3": "pages in (1, 2) and n > 3",
    """pages=1&_through={"table": "loans", "column": "reader", "value": "r 1"}""": (
        "pages = 1 and id in (select book from loans where reader = 'r 1')"
    ),
}


@pytest.mark.parametrize("filter", FILTERS)
def test_a_filter_holds_on_every_page(library: Path, plugins: Path, filter: str) -> None:
    query = quote(filter, safe="=&")
    asked = [
        address("books", f"{query}&_size={size}&{sort}")
        for size in (1, 2, 100)
        for sort in ("", "_sort=shelf", "_sort_desc=price")
    ]
    for url, pages in walk(library, plugins, asked).items():
        assert sorted(numbers(pages)) == wanted(library, "books", FILTERS[filter]), url


@pytest.mark.parametrize(
    ("filter", "where"),
    [
        ("n__gt=2&_sort=shelf", "n > 2"),
        ("_where=n<3 or n>9", "n < 3 or n > 9"),
        ("_sort_desc=n", "1"),
    ],
)
def test_facets_and_counts_are_of_all_pages(
    library: Path, plugins: Path, filter: str, where: str
) -> None:
    url = f"/library/books.json?_size=4&_facet=pages&{quote(filter, safe='=&')}"
    (walked,) = walk(library, plugins, [url]).values()
    counts: Counter[int | None] = Counter()
    with closing(sqlite3.connect(library)) as connection:
        counts.update(
            pages for (pages,) in connection.execute(f"select pages from books where {where}")
        )
    assert len(walked) > 1
    for page in walked:
        values = page["facet_results"]["pages"]["results"]
        assert {value["value"]: value["count"] for value in values} == {
            pages: count for pages, count in counts.items() if pages is not None
        }
        assert page["filtered_table_rows_count"] == counts.total()
        assert not [value for value in values if "_next" in value["toggle_url"]]


def test_addresses_of_pages_that_datasette_made_still_work(library: Path, plugins: Path) -> None:
    """Whatever value they begin with: only the row counts."""
    tokens = {
        address("books", "_next=b~2F07"): "id > 'b/07'",
        address("books", "_sort=n&_next=9,b~2F09"): "n > 9",
        address("books", "_sort_desc=n&_next=other,b~2F09"): "n < 9",
        address("books", "_sort_desc=shelf&_next=$null,b~2F09"): "shelf is null and id > 'b/09'",
        address("books", "_next=9,b~2F09"): "id > 'b/09'",
        address("loans", "_sort=n&_next=9,r+0,b~2F10"): "n > 9",
        address(
            "loans", "_next=r+0,b~2F10"
        ): "reader > 'r 0' or (reader = 'r 0' and book > 'b/10')",
        address("visits", "_next=4"): "rowid > 4",
        address("visits", "_sort=n&_next=3,4"): "n > 3",
        address("thick", "_next=0"): "1",
    }
    for url, pages in walk(library, plugins, list(tokens)).items():
        table = url.split("/")[2].split(".")[0]
        assert sorted(numbers(pages)) == wanted(library, table, tokens[url]), url


BY_COUNT = ("abc", "-1", "1.5", "²", "1,2", "9" * 30, "$row,1")
NONSENSE = {
    "books": (
        "b",
        "$null",
        "$row",
        "$row,",
        "$row,x",
        "$row,0",
        "$row,1,2",
        ",",
        "1,2,b~2F09",
        "~ZZ",
        "~FF",
        "\0",
    ),
    "loans": ("r 0", "r 0,b", "r 0,b/01,", "a,b,c,d"),
    "visits": ("abc", "-1", "0", "1,2,3", "9" * 30, "$null"),
    "whole": ("abc", "9" * 30, "1.5"),
    "paired": ("1", "$row,1", "$row,1,1"),
    "thick": BY_COUNT,
    "unnamed": BY_COUNT,
}


def test_an_address_that_leads_to_no_page_is_a_400_that_says_so(
    library: Path, plugins: Path
) -> None:
    asked = [
        address(table, f"{sort}&_next={quote(token, safe='')}")
        for table, tokens in NONSENSE.items()
        for token in tokens
        for sort in ("", "_sort=n")
    ]
    for url, pages in walk(library, plugins, asked).items():
        assert [page["status"] for page in pages] == [400], url
        assert "_next=" in pages[0]["error"], url


def test_a_method_that_it_does_not_know_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Later(TableView):  # type: ignore[misc]
        async def _data_traced(self, *_: Any) -> None:
            """A method that Datasette may have one day."""

    method = Later._data_traced
    assert not a_plugin("paging").correct(Later)
    assert Later._data_traced is method
    assert "paging" in caplog.text


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
