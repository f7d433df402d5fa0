"""Bound what one SQL function may build.

Problem: Datasette's time limit stops a query between steps, and one call such as
`hex(zeroblob(4e8))` is a single step that takes gigabytes. What this does: no value on any
connection may grow past `LONGEST_VALUE` bytes; SQLite then answers "string or blob too big".
Limits: a call that computes long and builds little is not stopped by this.
"""

from __future__ import annotations

import sqlite3

from datasette import hookimpl

LONGEST_VALUE = 1_000_000
"""Bytes: twenty times the text of a disclosure of four hundred rows."""


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
