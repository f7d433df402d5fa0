"""Count the records of each disclosure once, when the database is built: in all, by period, by category and by how
much is redacted. Pages and comparisons read these counts, however many records there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal

from ingest.config import bands
from ingest.config.shape import Status
from ingest.database.tables import SqlTable, quoted

ADDS_NOTHING: tuple[Status, ...] = ("nought", "not stated", "not applicable")
"""Statuses of a figure that a total does not contain. Any other hides a number, and the total is a bound."""


class ExactSum:
    """An SQL aggregate: the sum of numbers, as exact as they are stored, as text; NULL if there are none."""

    def __init__(self) -> None:
        self._whole = 0
        self._rest: Decimal | None = None
        self._any = False

    def step(self, value: int | float | None) -> None:
        """Add a value."""
        if isinstance(value, int):
            self._whole += value
        elif value is not None:
            self._rest = (self._rest or Decimal(0)) + Decimal(repr(value))
        self._any = self._any or value is not None

    def finalize(self) -> str | None:
        """Return the sum."""
        if not self._any:
            return None
        return str(self._whole if self._rest is None else self._whole + self._rest)


def count_records(connection: sqlite3.Connection, table: SqlTable) -> None:
    """Write the counts of a table into `record_counts`, for each disclosure: of the whole table, and of each value
    of the columns with a period, with a category or with the band of a text."""
    connection.create_aggregate("exact_sum", 1, ExactSum)  # type: ignore[arg-type]
    for column in (None, *_counted(table)):
        connection.execute(_counts(table, column), {"table": table.name, "column": column})


def _counted(table: SqlTable) -> Iterator[str]:
    """Yield the columns by whose values records are counted."""
    if table.table.period_column:
        yield table.table.period_column
    yield from table.table.categories
    yield from (table.measure(text, "redaction_band") for text in table.texts)


def _counts(table: SqlTable, column: str | None) -> str:
    """Return SQL that counts the records of a table by the values of a column, or in all."""
    value = quoted(column) if column else "null"
    status = quoted(f"{column}_status") if column and table.table.has_status(column) else "null"
    of_period = column is not None and column == table.table.period_column
    period = ("period_from", "period_to", "period_partial") if of_period else ("null",) * 3
    unit = quoted(table.unit) if table.unit else "null"
    total, hidden = "count(*)", "0"
    if table.value:
        figure, why = quoted(table.value), quoted(f"{table.value}_status")
        nothing = ", ".join(f"'{one}'" for one in ADDS_NOTHING)
        total = f"exact_sum({figure})"
        hidden = f"count(*) filter (where {figure} is null and {why} not in ({nothing}))"
    order = "min(position)"
    if of_period:
        order = f"period_from is null, period_from, {order}"
    elif column and column.endswith("redaction_band"):
        places = " ".join(
            f"when '{one.band}' then {at}" for at, one in enumerate(bands.all_bands())
        )
        order = f"case {value} {places} end"
    return (
        "insert into record_counts (disclosure_id, family, table_name, column_name, value, status, period_from,"
        " period_to, period_partial, unit, records, total, hidden)"
        f" select disclosure_id, '{table.shape.family}', :table, :column, {value}, {status}, {', '.join(period)},"
        f" {unit}, count(*), {total}, {hidden} from {quoted(table.name)}"
        f" group by 1, 5, 6, 7, 8, 9, 10 order by 1, {order}, 10"
    )
