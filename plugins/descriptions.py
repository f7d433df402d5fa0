"""Take what tables and columns mean from the database itself.

Problem: the build makes tables from shapes, and `metadata.yml` cannot describe tables that it does not know. What
this does: a database with a table `descriptions` (table_name, column_name, title, description, …) is its own
metadata. A row without column_name describes a table, with its title; each other row describes a column.
The tables in which SQLite keeps an index, which Datasette hides, have no pages, though SQL can read them.
Metadata of the configuration takes precedence. Limitations: the table is read once, when the server starts, so a
database must not change while it is served.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database

TABLE = "descriptions"
_described: WeakKeyDictionary[Datasette, dict[str, dict[str, Any]]] = WeakKeyDictionary()
"""The metadata of tables by database and name."""


async def read_descriptions(database: Database) -> dict[str, Any]:
    """Return the metadata of each table that the database describes."""
    tables: dict[str, Any] = {}
    if not await database.table_exists(TABLE):
        return tables
    for name, column, title, description in await database.execute_fn(
        lambda connection: connection.execute(
            f"select table_name, column_name, title, description from {TABLE} order by rowid"
        ).fetchall()
    ):
        about = tables.setdefault(name, {"columns": {}})
        if column is None:
            about |= {"title": title, "description": description}
        else:
            about["columns"][column] = description
    for name in await database.hidden_table_names():
        tables[name] = {"allow": False}
    return tables


@hookimpl
def startup(datasette: Datasette) -> Any:
    async def read() -> None:
        _described[datasette] = {
            name: await read_descriptions(database)
            for name, database in datasette.databases.items()
        }

    return read


@hookimpl
def get_metadata(
    datasette: Datasette, key: str | None, database: str | None, table: str | None
) -> dict[str, Any]:
    described = _described.get(datasette, {})
    if table is not None and database is not None:
        about = described.get(database, {}).get(table)
        described = {database: {table: about}} if about else {}
    if key == "tables":  # for a permission, of which there is one per table, or for facets
        described = {
            name: {
                table: {"allow": about["allow"]} if "allow" in about else {}
                for table, about in tables.items()
            }
            for name, tables in described.items()
        }
    # Datasette writes the configuration into what it is given.
    return {
        "databases": {
            name: {"tables": deepcopy(tables)} for name, tables in described.items() if tables
        }
    }
