"""Search the texts of every table at once, and say where the site's search box leads.

Problem: Datasette searches one table, and a site with documents of several forms has several. What this does:
templates get

- `searched_tables()`, the tables with a full-text index, by name, each with the columns that it covers. Numbers of
  matches come from the tables' own pages, so that they are what a reader finds there;
- `snippets(table, words, most)`, the first matching rows in the table's order: the id of each, and the words around
  its first matches with each match between ⟦ and ⟧;
- `search_box()`, the page that the site's search box leads to and the name of its argument. Where one table can be
  searched, it is that table's page, or a question that searches it; otherwise the page `/search`, and None if no table
  can be. The question is given in the metadata of the database:

      form: {table: letters, search: search}      a table that no shape describes, and the question

Words are read as in any other search (search.py). Limitations: the tables are listed once, when the server starts. A
search that takes too long gives no snippets.
"""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils import detect_fts, detect_primary_keys, escape_sqlite
from jinja2 import Environment

DATABASE = "foi"
WORDS_AROUND = 30


class Index(NamedTuple):
    """The full-text index of a table: its name, the primary key of the table, and the columns that it covers."""

    name: str
    key: str
    texts: list[str]


_indexes: WeakKeyDictionary[Datasette, dict[str, Index]] = WeakKeyDictionary()
"""The index of each table that has one."""


async def read_indexes(datasette: Datasette) -> dict[str, Index]:
    """Return the tables with an index, by name."""
    database = datasette.databases.get(DATABASE)
    if not database:
        return {}
    named = {
        table: datasette.table_metadata(DATABASE, table).get("fts_table")
        for table in await database.table_names()
    }

    def look(connection: sqlite3.Connection) -> dict[str, Index]:
        found = {}
        for table, index in named.items():
            index = index or detect_fts(connection, table)
            keys = detect_primary_keys(connection, table)
            if index and index != table and len(keys) == 1:
                columns = connection.execute("select name from pragma_table_info(?)", [index])
                texts = [name for (name,) in columns]
                found[table] = Index(index, keys[0], texts)
        return found

    indexes: dict[str, Index] = await database.execute_fn(look)
    return indexes


async def first_matches(
    datasette: Datasette, table: str, words: str, most: int
) -> list[tuple[str, str]]:
    """Return the ids of the first rows of `table` that match, each with a snippet of it."""
    about = _indexes[datasette][table]
    index, key = escape_sqlite(about.name), escape_sqlite(about.key)
    sql = f"""
        select {escape_sqlite(table)}.{key}, snippet({index}, -1, '⟦', '⟧', '…', {WORDS_AROUND})
        from {index} join {escape_sqlite(table)} on {escape_sqlite(table)}.rowid = {index}.rowid
        where {index} match escape_fts(:words) order by {index}.rowid limit :most
    """
    try:
        found = await datasette.get_database(DATABASE).execute(sql, {"words": words, "most": most})
    except QueryInterrupted:
        return []
    return [(str(id), str(snippet)) for id, snippet in found.rows]


def box_of(datasette: Datasette) -> dict[str, str] | None:
    """Return the address that the site's search box leads to, and the name of its argument."""
    tables = _indexes.get(datasette, {})
    if len(tables) > 1:
        return {"action": str(datasette.urls.path("/search")), "argument": "q"}
    form = datasette.metadata("form", database=DATABASE, fallback=False) or {}
    for table in tables:
        if table == form.get("table"):
            return {"action": str(datasette.urls.query(DATABASE, form["search"])), "argument": "q"}
        return {"action": str(datasette.urls.table(DATABASE, table)), "argument": "_search"}
    return None


@hookimpl(trylast=True)
def startup(datasette: Datasette) -> Any:
    async def read() -> None:
        _indexes[datasette] = await read_indexes(datasette)

    return read


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    async def snippets(table: str, words: str, most: int) -> list[tuple[str, str]]:
        return await first_matches(datasette, table, words, most)

    # Pages of errors have the search box too.
    env.globals.update(
        searched_tables=lambda: _indexes.get(datasette, {}),
        snippets=snippets,
        search_box=lambda: box_of(datasette),
    )
