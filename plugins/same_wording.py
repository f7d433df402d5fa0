"""Give SQL the aggregate `same_wording(wording_group)`: how far one wording can sway a count.

Problem: rows whose words are the same probably describe one incident, so a figure that counts
several of them counts that incident several times. What this does: of the rows that an SQL group
counts, return the size of the largest set that shares one value of the column; NULL where no set
reaches MIN_GROUP rows. Rows without a value are not counted as a set.

    select branch, count(*), same_wording(wording_group) from letters group by branch

The function is available on every connection, so also on the page where readers write their own
SQL. Templates get `same_wording_minimum`, the size from which a set is counted.

Limitations: SQL copied from a question's page runs only with this plugin; without it, leave out the column
`same_wording`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from datasette import hookimpl

MIN_GROUP = 4
"""The smallest group to report: two or three rows with the same wording make little difference to a
figure."""


class SameWording:
    """An SQLite aggregate that counts the rows with each wording."""

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
    # The standard library's type hints do not allow an aggregate that returns NULL.
    conn.create_aggregate("same_wording", 1, SameWording)  # type: ignore[arg-type]
