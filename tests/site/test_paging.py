"""Following the pages of a table or view gives every row exactly once, however it is sorted and filtered."""

from __future__ import annotations

import csv
import io
import json
import re
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
NUMBER = 9
"""Rows of most tables; `n` numbers them."""
VALUES = (
    *(None, "", "1", 1, b"1", float("inf"), "$null", 1.5, b"\x00\xff", "a,b", "10", 2, "\0a"),
    *(
        None,
        b"",
        "\0b",
        -float("inf"),
        2**53 + 1,
        "a/b~x",
        "None",
        "$row,1",
        "A",
        "a",
        "inf",
        " +%2C",
    ),
)
SHELVES = (None, "", "$null", "a,b~x", "é")
SCRIPT = """
import asyncio, json, sys
from datasette.app import Datasette
from datasette import handle_exception
handle_exception.rich = None  # It logs every error with all local variables.
async def main():
    site = Datasette([sys.argv[1]], plugins_dir=sys.argv[2] or None)
    await site.invoke_startup()
    walks = {}
    for address in json.load(sys.stdin):
        pages, url = [], address
        while url and len(pages) < 40:
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
            [f"b/{NUMBER - n:02}", SHELVES[n % 5], pages, price, n],
        )
        add(
            "insert into loans values (?, ?, ?, ?)",
            [f"r {n % 3}", f"b/{n + 1:02}", f"day {n % 5}", n],
        )
        add("insert into visits values (?, ?, ?)", [f"day {n % 6}", n % 2, n])
        add("insert into countdown values (?, ?, ?)", [None if n % 3 else n, VALUES[n % 5], n])
        add("insert into shadowed values (?, ?, ?)", [SHELVES[n % 5], VALUES[n % 7], n])
        add("insert into unnamed values (?, ?, ?, ?)", [SHELVES[n % 5], n % 4, VALUES[n % 7], n])
        add("insert into searched values (?, ?)", [f"word {n % 4}", n])
        add(
            """insert into [odd, "name] values (?, ?, ?, ?)""",
            [SHELVES[n % 5], n % 4, f"{n % 5},{n}", n],
        )
        add("insert into whole values (?, ?, ?)", [n * n - 9, VALUES[n % 14], n])
    for n, key in enumerate(VALUES):
        add("insert into untyped values (?, ?, ?)", [key, VALUES[n * 2 % 9], n])
    for n in range(NUMBER):
        key = None if n % 4 == 0 else 1 / n
        add("insert into measured values (?, ?, ?)", [key, VALUES[n % 6], n])
        pair = [VALUES[1 + n % 4], VALUES[1 + n], VALUES[n % 6]]
        add("insert into paired values (?, ?, ?, ?)", [*pair, n])
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


@pytest.fixture(scope="module")
def walked(library: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pages]:
    """The pages that follow every address of these tests, of a Datasette with the plugin."""
    plugins = tmp_path_factory.mktemp("plugins")
    (plugins / "paging.py").symlink_to(ROOT / "plugins" / "paging.py")
    return walk(
        library, plugins, [*addresses(library), *FILTERED, *FACETED, *OF_DATASETTE, *NONSENSE]
    )


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
    """Return every table and view by every column, both ways, on pages of 1 and 7 rows, the larger
    ones without the column."""
    found = []
    for table, columns in columns_of(path).items():
        for size, more in ((1, ""), (7, "&_col=n")):
            # The numbers are unique, so pages by them need be tried only once.
            sorts = [
                f"&{way}={quote(name)}"
                for name in columns[: -1 if size == 1 else None]
                for way in ("_sort", "_sort_desc")
            ]
            found += [address(table, f"_size={size}{sort}{more}") for sort in ("", *sorts)]
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
    walks: dict[str, Pages] = json.loads(done.stdout.splitlines()[-1])
    return walks


def numbers(pages: Pages) -> list[int]:
    """Return `n` of every row on `pages`."""
    return [row[page["columns"].index("n")] for page in pages for row in page["rows"]]


def table_of(address: str) -> str:
    return str(tilde_decode(address.split("/")[2].split(".")[0]))


def wanted(path: Path, table: str, where: str = "1") -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"select n from {escape_sqlite(table)} where {where} order by n")
        return [n for (n,) in rows]


def lost_or_twice(path: Path, walks: dict[str, Pages]) -> list[str]:
    return [
        address
        for address, pages in walks.items()
        if sorted(numbers(pages)) != wanted(path, table_of(address))
    ]


@pytest.mark.long
def test_every_row_is_on_one_page_however_it_is_sorted(
    library: Path, walked: dict[str, Pages]
) -> None:
    asked = addresses(library)
    assert len(asked) > 150
    assert lost_or_twice(library, {url: walked[url] for url in asked}) == []


@pytest.mark.long
def test_datasette_alone_still_loses_rows(library: Path) -> None:
    """Once this fails, Datasette pages ordinary tables rightly, and plugins/paging.py may go."""
    asked = [url for url in addresses(library) if "/books." in url or "/thick." in url]
    assert [url for url in lost_or_twice(library, walk(library, "", asked)) if "_sort" in url]


FILTERS = {
    "_where=n<3 or n>6": "n < 3 or n > 6",
    "_where=n<3 or n>6&pages__gte=1": "(n < 3 or n > 6) and pages >= 1",
    "_where=n>3 -- or so": "n > 3",
    "_where=n>3&_where=n<5 or n=8": "n > 3 and (n < 5 or n = 8)",
    "shelf=": "shelf = ''",
    "shelf__isnull=1": "shelf is null",
    "pages__in=1,2&n__gt=3": "pages in (1, 2) and n > 3",
    """pages=1&_through={"table": "loans", "column": "reader", "value": "r 1"}""": (
        "pages = 1 and id in (select book from loans where reader = 'r 1')"
    ),
}


FILTERED = {
    address("books", f"{quote(filter, safe='=&')}&_size={size}{sort}"): where
    for filter, where in FILTERS.items()
    for size, sort in ((1, ""), (2, "&_sort=shelf"), (2, "&_sort_desc=price"), (100, ""))
}


@pytest.mark.long
@pytest.mark.parametrize("url", FILTERED)
def test_a_filter_holds_on_every_page(library: Path, walked: dict[str, Pages], url: str) -> None:
    assert sorted(numbers(walked[url])) == wanted(library, "books", FILTERED[url])


FACETED = {
    f"/library/books.json?_size=4&_facet=pages&{quote(filter, safe='=&')}": where
    for filter, where in (
        ("n__gt=2&_sort=shelf", "n > 2"),
        ("_where=n<3 or n>6", "n < 3 or n > 6"),
        ("_sort_desc=n", "1"),
    )
}


@pytest.mark.long
@pytest.mark.parametrize("url", FACETED)
def test_facets_and_counts_are_of_all_pages(
    library: Path, walked: dict[str, Pages], url: str
) -> None:
    with closing(sqlite3.connect(library)) as connection:
        sql = f"select pages, count(*) from books where {FACETED[url]} group by pages"
        counts = dict(connection.execute(sql).fetchall())
    assert len(walked[url]) > 1
    for page in walked[url]:
        assert page["filtered_table_rows_count"] == sum(counts.values())
        values = page["facet_results"]["pages"]["results"]
        shown = {value["value"]: value["count"] for value in values}
        assert shown == {pages: count for pages, count in counts.items() if pages is not None}
        assert not [value for value in values if "_next" in value["toggle_url"]]


OF_DATASETTE = {
    address("books", "_next=b~2F07"): "id > 'b/07'",
    address("books", "_sort=n&_next=9,b~2F05"): "n > 4",
    address("books", "_sort_desc=n&_next=other,b~2F05"): "n < 4",
    address("books", "_sort_desc=shelf&_next=$null,b~2F04"): "shelf is null and id > 'b/04'",
    address("books", "_next=9,b~2F05"): "id > 'b/05'",
    address("loans", "_sort=n&_next=9,r+0,b~2F04"): "n > 3",
    address("loans", "_next=r+0,b~2F04"): "(reader, book) > ('r 0', 'b/04')",
    address("visits", "_next=4"): "rowid > 4",
    address("visits", "_sort=n&_next=3,4"): "n > 3",
    address("thick", "_next=0"): "1",
}
"""Addresses of pages that Datasette made, and which rows follow: the value sorted by is not needed."""


@pytest.mark.long
@pytest.mark.parametrize("url", OF_DATASETTE)
def test_an_address_of_a_page_that_datasette_made_still_works(
    library: Path, walked: dict[str, Pages], url: str
) -> None:
    assert sorted(numbers(walked[url])) == wanted(library, table_of(url), OF_DATASETTE[url])


BY_COUNT = ("abc", "-1", "1.5", "²", "1,2", "9" * 30, "$row,1")
NONSENSE = [
    address(table, f"{sort}&_next={quote(token, safe='')}")
    for table, tokens in {
        "books": (
            "b",
            "$null",
            "$row",
            "$row,x",
            "$row,0",
            "$row,1,2",
            ",",
            "1,2,b~2F05",
            "~ZZ",
            "~FF",
            "\0",
        ),
        "loans": ("r 0", "r 0,b", "r 0,b/01,", "a,b,c,d"),
        "visits": ("abc", "-1", "0", "1,2,3", "9" * 30, "$null"),
        "whole": ("abc", "9" * 30, "1.5"),
        "paired": ("1", "$row,1", "$row,9,9"),
        "thick": BY_COUNT,
        "unnamed": BY_COUNT,
    }.items()
    for token in tokens
    for sort in ("", "_sort=n")
]


@pytest.mark.long
@pytest.mark.parametrize("url", NONSENSE)
def test_an_address_that_leads_to_no_page_is_a_400_that_says_so(
    walked: dict[str, Pages], url: str
) -> None:
    (page,) = walked[url]
    assert page["status"] == 400
    assert "_next=" in page["error"]


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


@pytest.mark.quick_cases(2)
@pytest.mark.asyncio
@pytest.mark.parametrize("table", TABLES)
async def test_every_row_of_the_site_is_on_one_page(site: Datasette, table: str) -> None:
    whole = await rows_of(site, table, "_size=max")
    first = (await site.client.get(f"/foi/{table}.json?_size=1")).json()
    for column in first["columns"]:
        for way in ("_sort", "_sort_desc"):
            assert await rows_of(site, table, f"_size=100&{way}={quote(column)}") == whole, column


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "form", ["csv?", *(f"json?_shape={shape}&" for shape in ("arrays", "objects", "array"))]
)
async def test_the_link_to_the_next_page_is_right_in_every_format(
    site: Datasette, form: str
) -> None:
    url, ids = f"/foi/officer_allegations.{form}_size=150&_sort_desc=rank&_col=year", []
    while url:
        answer = await site.client.get(url)
        ids += re.findall(r"\b\d\d-\d{6}-\d{4}\b", answer.text.partition('"truncated"')[0])
        url = answer.links.get("next", {}).get("url", "").removeprefix("http://localhost")
    assert len(ids) == len(set(ids)) == 409


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["", ".json", ".csv", ".xlsx"])
async def test_a_malformed_page_is_a_400_in_every_format(site: Datasette, form: str) -> None:
    for query in (
        "_next=none",
        "_sort=rank&_next=a,b,c",
        "_timelimit=abc",
        "_size=5&_next=%24row,0",
    ):
        assert (await site.client.get(f"/foi/officer_allegations{form}?{query}")).status_code == 400
    answer = await site.client.get(f"/foi/officers_counted{form}?_next=-1")
    assert answer.status_code == 400
    assert "_next=-1" in answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["", "&_sort_desc=rank", "&_sort=redaction_density"])
async def test_a_streamed_csv_has_every_row_once(site: Datasette, query: str) -> None:
    answer = await site.client.get(f"/foi/officer_allegations.csv?_stream=on{query}")
    ids = [row["id"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert len(ids) == len(set(ids)) == 409


@pytest.mark.long
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
