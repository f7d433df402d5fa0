"""Give every row of a sorted table once, whichever page it is on.

Problem: Datasette sorts the first page of a table by the chosen column alone, and later pages by that
column and then by the primary key. Where values repeat, the two orders differ, and rows between them
are lost or given twice. A sorted view is ordered by its column alone on every page. What this does:
adds the primary key (or, in a view, every column) to the order of each page.

It applies the change that docs/upstream/paging.md proposes to Datasette's own method, when this plugin
is loaded, and only where the method contains the lines at fault. Limitations: a view with identical
rows has no total order, but identical rows make no difference; in a column without a declared type,
Datasette compares numbers with text when it turns the page, and rows can still be lost.
"""

from __future__ import annotations

import inspect
import textwrap

from datasette.views import table

AT_FAULT = """
        if order_by:
            order_by = f"order by {order_by}"
"""
CORRECTED = """
        if (sort or sort_desc) and (is_view or not _next):
            every_column = ", ".join(escape_sqlite(column) for column in table_columns)
            order_by = f"{order_by}, {order_by_pks or every_column}"

        if order_by:
            order_by = f"order by {order_by}"
"""


def correct(view: type[table.TableView]) -> bool:
    """Correct the order of `view`'s pages; return whether it needed to be corrected."""
    source = inspect.getsource(view._data_traced)
    if source.count(AT_FAULT) != 1:
        return False
    defined: dict[str, object] = {}
    exec(textwrap.dedent(source.replace(AT_FAULT, CORRECTED)), vars(table), defined)
    view._data_traced = defined["_data_traced"]
    return True


NEEDED = correct(table.TableView)
