"""Give SQL the aggregate `same_wording(wording_group)`: how far one wording can sway a count.

Problem: rows whose words are the same probably describe one incident, so a figure that counts
several of them counts that incident several times. What this does: of the rows that an SQL group
counts, return the size of the largest set that shares one value of the column; NULL where no set
reaches MIN_GROUP rows. A row without a value shares with no other.

    select rank, count(*), same_wording(wording_group) from officers_counted group by rank

Every connection of this site has the function, the page for SQL of a reader's own included. Templates
get `same_wording_minimum`, the size from which a set is counted. Limits:
SQL copied from a question's page runs only where this plugin is installed; elsewhere leave out the
column `same_wording`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from datasette import hookimpl

MIN_GROUP = 4
"""Rows that must share a wording before a figure says so: two or three alike hardly sway it."""


class SameWording:
    """Count the rows of each wording, as SQLite hands them over one by one."""

    def __init__(self) -> None:
        self.rows: Counter[object] = Counter()

    def step(self, wording: object) -> None:
        if wording is not None:
            self.rows[wording] += 1

    def finalize(self) -> int | None:
        largest = max(self.rows.values(), default=0)
        return largest if largest >= MIN_GROUP else None


@hookimpl
def extra_template_vars() -> dict[str, int]:
    return {"same_wording_minimum": MIN_GROUP}


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    # The types of the standard library know no aggregate that may be NULL.
    conn.create_aggregate("same_wording", 1, SameWording)  # type: ignore[arg-type]
