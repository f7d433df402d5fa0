"""Limit the size of the values that SQL may create.

Problem: Datasette's time limit stops a query only between steps, and a call such as
`hex(zeroblob(4e8))` is a single step that uses gigabytes of memory. What this does: limits every
value on every connection to `LONGEST_VALUE` bytes; beyond that SQLite reports "string or blob too
big". Limitations: a call that runs for a long time but creates little data is not stopped.
"""

from __future__ import annotations

import sqlite3

from datasette import hookimpl

LONGEST_VALUE = 1_000_000
"""The limit in bytes: 20 times the text of a disclosure with 400 rows."""


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
