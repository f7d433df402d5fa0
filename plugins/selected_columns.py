"""Make `_col` and `_nocol` work on every page.

Problem: Datasette 0.65 lists the primary key twice if `_col` names it (`id,id,year` in a CSV), and
answers with an error if a page with a next page is sorted by a column that is not selected: a 500 where
foreign keys have labels, a 400 where a table has no primary key. What this does: each column is listed
once, and the link to the next page is made in both cases. Limitations: a table without a primary key shows
the column that it is sorted by, even if it is not selected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from datasette.utils import CustomRow, tilde_decode
from datasette.utils.asgi import Request
from datasette.views import table as views
from datasette.views.table import TableView


class Labelled(dict[str, Any]):
    """A foreign key's value with its label; SQLite binds it as the plain value."""

    def __conform__(self, protocol: object) -> Any:
        return self["value"] if protocol is sqlite3.PrepareProtocol else None


class LabelledRow(CustomRow):  # type: ignore[misc]
    """A row with labels. As in `sqlite3.Row`, a missing column raises IndexError."""

    def __setitem__(self, column: str, value: Any) -> None:
        super().__setitem__(column, Labelled(value) if isinstance(value, dict) else value)

    def __getitem__(self, key: int | str) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError as error:
            raise IndexError(f"No column {key}") from error


async def sorted_by(view: TableView, request: Request) -> str | None:
    """Return the column that the table of `request` is sorted by, None for a view."""
    db = view.ds.get_database(route=tilde_decode(request.url_vars["database"]))
    table = tilde_decode(request.url_vars["table"])
    if await db.get_view_definition(table):
        return None
    about = view.ds.table_metadata(db.name, table)
    chosen = (request.args.get("_sort"), request.args.get("_sort_desc"))
    own = (about.get("sort"), about.get("sort_desc"))
    return next((column for column in (chosen if any(chosen) else own) if column), None)


Select = Callable[[TableView, list[str], list[str], Request], Awaitable[list[str]]]


def list_each_once(select: Select) -> Select:
    """Wrap the method that chooses columns so that it lists each once, and adds the column sorted by."""

    @wraps(select)
    async def columns_to_select(
        view: TableView, table_columns: list[str], pks: list[str], request: Request
    ) -> list[str]:
        columns = await select(view, table_columns, pks, request)
        if not pks and (column := await sorted_by(view, request)) in table_columns:
            columns.append(column)
        return list(dict.fromkeys(columns))

    columns_to_select.each_once = True  # type: ignore[attr-defined]
    return columns_to_select


if not hasattr(TableView.columns_to_select, "each_once"):
    TableView.columns_to_select = list_each_once(TableView.columns_to_select)
    views.CustomRow = LabelledRow
