"""Give every row of a table once, whichever page it is on, however it is sorted and filtered.

Problem: Datasette sorts the first page of a table by the chosen column alone, and later pages by that
column and then by the primary key, so rows between them are lost or given twice. The address of a page
has the last row's values as text, which are not equal to numbers, binary values or NULL. Facets count
only the rows from that page on, and `or` in a filter undoes the page's own condition. What this does:

- Every page has the same total order: the chosen column, the primary key, and SQLite's row number.
- `_next` is the primary key of the row that the page comes after, and SQLite compares rows with that
  row's own values. Where the text of a key does not lead back to its row (NULL, binary values, numbers
  without a declared type, an empty text), it is `$row,` and the row number, or SQLite's own notation of
  the key where a table has no row numbers. Datasette's own `_next`, which begins with the value sorted
  by, is understood too. A `_next` that leads to no row is a 400.
- Views, and tables in which nothing tells rows apart, are paged by the number of rows before. They are
  sorted by the chosen column, and then by every column.
- Each `_where` is one condition, filters do not share parameters, an empty filter stays in the address
  of the next page, and facets are those of all pages.

It changes Datasette's own method when it is loaded, as docs/upstream/paging.md proposes. Where the
method is not one of KNOWN, it logs a warning and changes nothing. Limits: a view that is not sorted
keeps its own order; row numbers can change when a database is vacuumed or built anew.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from textwrap import dedent
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from datasette.database import Database
from datasette.filters import FilterArguments
from datasette.utils import escape_sqlite, sqlite3, tilde_decode, tilde_encode
from datasette.utils.asgi import Request
from datasette.views import table as views
from datasette.views.base import DatasetteError

KNOWN = {
    "c1c428a608b33c2bf414d79176acc5b118dcdeb6c8a53324d0d229c8246777ac",  # 0.65.5
}
"""SHA-256 of the source of each `TableView._data_traced` that needs to be changed."""
CHANGES = (
    (
        "                where_clauses.extend(filter_arguments.where_clauses)\n",
        "                extra_human_descriptions.extend(",
        """\
                where_clauses.extend(paging.add_filter(filter_arguments, params, request))
""",
    ),
    (
        "        # Handle pagination driven by ?_next=\n",
        "        extra_args = {}\n",
        """\
        where_clause = f"where {' and '.join(where_clauses)} " if where_clauses else ""
        _next = _next or request.args.get("_next")
        pages = await db.execute_fn(
            lambda connection: paging.pages_of(
                connection, db, table_name, is_view, pks, table_columns, sort, sort_desc
            )
        )
        order_by = pages.order_by
        page_clauses, offset = await pages.place(_next, params)
        page_clauses = [*where_clauses, *page_clauses]
        page_where = f"where {' and '.join(page_clauses)} " if page_clauses else ""
""",
    ),
    (
        "            where=where_clause,\n            order_by=order_by,\n",
        "            page_size=page_size + 1,\n",
        """\
            where=page_where,
            order_by=order_by,
""",
    ),
    (
        "                    self.ds,\n                    request,\n",
        "                    database_name,\n                    sql=",
        """\
                    self.ds,
                    paging.of_all_pages(request),
""",
    ),
    (
        "            if is_view:\n                next_value = int(_next or 0) + page_size\n",
        "        # human_description_en combines",
        """\
            next_value = await pages.token_after(
                results.rows[page_size - 1], _next, page_size, page_where, params
            )
            added_args = {"_next": next_value}
            if sort or sort_desc:
                added_args["_sort" if sort else "_sort_desc"] = sort or sort_desc
            next_url = self.ds.absolute_url(
                request, self.ds.urls.path(paging.address_with(request, added_args))
            )
            rows = rows[:page_size]

""",
    ),
)
"""The first line of each part of the method to replace, the line after the part, and its new lines."""
BY_ROW = "$row"
"""How `_next` begins if it has no primary key. `$` is escaped in values."""


def mistake(token: str) -> DatasetteError:
    message = f"_next={token} is not the end of a page of this table. Begin with the first page."
    return DatasetteError(message, status=400)


def exact(value: Any) -> tuple[type, Any]:
    """Return what tells `value` from others that Python takes to be equal."""
    return type(value), value


class Pages(NamedTuple):
    """The order of a table or view, and how the address of a page names its place in that order.

    `keys` are the columns of the primary key, and `identity` is SQL that tells each row from all others.
    Both are empty if pages are counted.
    """

    db: Database
    table: str
    keys: Sequence[str]
    identity: Sequence[str]
    order: Sequence[str]
    descending: bool

    @property
    def order_by(self) -> str:
        first, *others = self.order or [""]
        terms = ", ".join([f"{first} desc" if self.descending else first, *others])
        return f"order by {terms}" if terms else ""

    async def place(self, token: str | None, params: dict[str, Any]) -> tuple[list[str], str]:
        """Return the condition of the page at `token` and its offset; add to the parameters.

        Raise DatasetteError with status 400 if `token` leads nowhere.
        """
        if not token:
            return [], ""
        if not self.identity:
            if not re.fullmatch(r"[0-9]{1,18}", token):
                raise mistake(token)
            return [], f" offset {int(token)}"
        first, *others = parts = token.split(",")
        names = self.identity if first == BY_ROW else [escape_sqlite(key) for key in self.keys]
        # Datasette's own token begins with the value sorted by.
        if len(others) != len(names) and (first == BY_ROW or len(parts) != len(names)):
            raise mistake(token)
        values = [tilde_decode(part) for part in parts[-len(names) :]]
        row, found = await self._find(names, values, [f"{term} is null" for term in self.order])
        if len(found) != 1:
            raise mistake(token)
        params.update(self._params(values))
        return [self._after(row, found[0])], ""

    async def token_after(
        self, last: Any, token: str | None, size: int, where: str, params: Mapping[str, Any]
    ) -> str:
        """Return the token of the page after the row `last`, which ends the page at `token`."""
        if not self.identity:
            return str(int(token or 0) + size)
        key, names = [last[name] for name in self.keys], [escape_sqlite(name) for name in self.keys]
        parts = [tilde_encode(str(value)) for value in key]
        _, found = await self._find(names, [str(value) for value in key], names)
        # Datasette reads bytes that are not UTF-8 as this character.
        legible = all("\ufffd" not in str(value) for value in key)
        alike = [list(map(exact, row)) for row in found] == [list(map(exact, key))]
        if not (alike and legible and any(parts)):
            columns, skipped = ", ".join(self.identity), size - 1
            sql = f"select {columns} from {self.table} {where}{self.order_by} limit 1 offset {skipped}"
            (row,) = await self.db.execute(sql, params)
            parts = [BY_ROW, *(tilde_encode(str(value)) for value in row)]
        return ",".join(parts)

    def _params(self, values: Sequence[str]) -> dict[str, str]:
        return {f"next{number}": value for number, value in enumerate(values)}

    async def _find(
        self, names: Sequence[str], values: Sequence[str], columns: Sequence[str]
    ) -> tuple[str, list[Any]]:
        """Return the condition for the rows whose `names` are `values`, and their `columns`."""
        row = " and ".join(f"{name} = :next{number}" for number, name in enumerate(names))
        sql = f"select {', '.join(columns)} from {self.table} where {row} limit 2"
        return row, list(await self.db.execute(sql, self._params(values)))

    def _after(self, row: str, nulls: Sequence[int]) -> str:
        """Return the condition for the rows after `row`, whose values in the order are `nulls`."""
        clause = ""
        for number, (term, null) in reversed(list(enumerate(zip(self.order, nulls, strict=True)))):
            value = f"(select {term} from {self.table} where {row})"
            if self.descending and number == 0:
                beyond = "" if null else f"{term} < {value} or {term} is null"
            else:
                beyond = f"{term} is not null" if null else f"{term} > {value}"
            same = f"{term} is null" if null else f"{term} = {value}"
            clause = " or ".join(filter(None, [beyond, clause and f"({same} and ({clause}))"]))
        if " or " in clause and not (self.descending or nulls[0]):
            # Says nothing new, but lets SQLite begin in the middle of an index.
            clause = f"{self.order[0]} >= {value} and ({clause})"
        return f"({clause})"


def rowid_of(connection: Any, table: str, columns: Sequence[str]) -> str | None:
    """Return the name of SQLite's row number in `table`, None if there is none."""
    taken = {column.lower() for column in columns}
    name = next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), None)
    try:
        connection.execute(f"select {name} from {table} limit 0")
    except sqlite3.OperationalError:
        return None
    return name


def pages_of(
    connection: Any,
    db: Database,
    name: str,
    is_view: bool,
    pks: Sequence[str],
    columns: Sequence[str],
    sort: str | None,
    sort_desc: str | None,
) -> Pages:
    """Return the pages of the table or view `name`."""
    table = escape_sqlite(name)
    keys = [escape_sqlite(pk) for pk in pks]
    chosen = [escape_sqlite(column) for column in (sort or sort_desc,) if column]
    rowid = None if is_view else rowid_of(connection, table, columns)
    if rowid:
        # A primary key without an index of its own is the row number.
        sql = "select 1 from pragma_index_list(?) where origin = 'pk'"
        indexed = connection.execute(sql, [name]).fetchone()
        order = [*keys, rowid] if indexed or not keys else keys
        identity = [rowid]
    elif keys:
        order = [*keys, *(f"{key} collate binary" for key in keys)]
        identity = [f"iif(typeof({key}) = 'text', 't' || hex({key}), quote({key}))" for key in keys]
    else:
        every = [f"{escape_sqlite(column)} collate binary" for column in columns]
        order, identity = every if chosen or not is_view else [], []
    order = list(dict.fromkeys([*chosen, *order]))
    return Pages(db, table, pks or ["rowid"], identity, order, bool(sort_desc))


def add_filter(arguments: FilterArguments, params: dict[str, Any], request: Request) -> list[str]:
    """Add a filter's parameters to those of others, and return its conditions, which use them."""
    clauses = list(arguments.where_clauses)
    for name, value in arguments.params.items():
        free = name
        while free in params:
            free += "_"
        clauses = [re.sub(rf":{re.escape(name)}\b", f":{free}", clause) for clause in clauses]
        params[free] = value
    typed = request.args.getlist("_where")
    # The line break ends a comment.
    return [f"({clause}\n)" if clause in typed else clause for clause in clauses]


def address_with(request: Request, added: Mapping[str, str]) -> str:
    """Return the address of `request` with the arguments `added` in place of its own."""
    asked = parse_qsl(request.query_string, keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name not in added]
    return f"{request.path}?{urlencode([*kept, *added.items()])}"


def of_all_pages(request: Request) -> Request:
    """Return `request` without its page, so that links of facets lead to first pages."""
    asked = parse_qsl(request.query_string, keep_blank_values=True)
    query = urlencode([(name, value) for name, value in asked if name != "_next"])
    return Request({**request.scope, "query_string": query.encode()}, None)


def corrected(source: str) -> str:
    """Return the source of a method that is one of KNOWN with CHANGES."""
    for start, after, lines in CHANGES:
        before, _, rest = source.partition(start)
        source = before + lines + rest[rest.index(after) :]
    return source


def correct(view: type[views.TableView]) -> bool:
    """Correct the paging of `view`; return whether it is correct."""
    method = view._data_traced
    if hasattr(method, "pages_are_right"):
        return True
    try:
        source = inspect.getsource(method)
    except OSError:
        source = ""
    if sha256(source.encode()).hexdigest() not in KNOWN:
        logging.getLogger(__name__).warning(
            "plugins/paging.py does not know this version of Datasette and leaves its paging as it is"
        )
        return False
    defined: dict[str, Any] = {}
    views.paging = SimpleNamespace(
        add_filter=add_filter,
        address_with=address_with,
        of_all_pages=of_all_pages,
        pages_of=pages_of,
    )
    # With the name of the file, an error in it is one of Datasette's module.
    exec(compile(dedent(corrected(source)), views.__file__, "exec"), vars(views), defined)
    view._data_traced = defined["_data_traced"]
    view._data_traced.pages_are_right = True
    return True


correct(views.TableView)
