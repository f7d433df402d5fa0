"""Finish the tables made from shapes, once their rows are final: indexes, the view over all records, and what the
tables and columns mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from ingest.config.shape import Shape
from ingest.database.descriptions import describe
from ingest.database.tables import SqlTable, quoted, sql_tables
from ingest.text.redaction import BAR, CANONICAL

_MET = """
select
    id,
    disclosure_id,
    'officer_allegations' as family,
    'officer_allegations' as table_name,
    cast(year as text) as period,
    year || '-01-01' as period_from,
    year || '-12-31' as period_to,
    summary as text,
    cast(1 as integer) as counts
from officer_allegations"""
_NO_RECORDS = """
select
    null as id, null as disclosure_id, null as family, null as table_name, null as period, null as period_from,
    null as period_to, null as text, null as counts
where false"""


def finish(connection: sqlite3.Connection, shapes: Iterable[Shape]) -> None:
    """Index the tables of the shapes, make the view `records`, and write the descriptions."""
    tables = [table for shape in shapes for table in sql_tables(shape)]
    for table in tables:
        if table.texts:
            _index_words(connection, table)
    database = Database(connection)
    for table in tables:
        for columns in dict.fromkeys(table.indexes()):
            database.table(table.name).create_index(columns)
    met = [_MET] if database.table("officer_allegations").exists() else []
    selects = [*met, *map(_records, tables)] or [_NO_RECORDS]
    connection.execute("\ncreate view records as" + "\nunion all".join(selects))
    connection.executemany(
        f"insert into descriptions values ({', '.join('?' * 8)})",
        [line for table in tables for line in describe(table)],
    )


def _index_words(connection: sqlite3.Connection, table: SqlTable) -> None:
    """Fill a full-text index, with a bar in place of each marker so that no search matches a marker."""
    index, names = quoted(table.index), ", ".join(map(quoted, table.texts))
    barred = ", ".join(f"replace({quoted(name)}, :marker, :bars)" for name in table.texts)
    stated = " or ".join(f"{quoted(name)} is not null" for name in table.texts)
    connection.execute(
        f"insert into {index} (rowid, {names}) select rowid, {barred} from {quoted(table.name)} where {stated}",
        {"marker": CANONICAL, "bars": f" {BAR * 5} "},
    )
    connection.execute(f"insert into {index} ({index}) values ('optimize')")


def _records(table: SqlTable) -> str:
    period = table.table.period_column
    value = f"cast({quoted(table.value)} as numeric)" if table.value else "cast(1 as integer)"
    return f"""
select
    id,
    disclosure_id,
    '{table.shape.family}' as family,
    '{table.name}' as table_name,
    {quoted(period) if period else "null"} as period,
    period_from,
    period_to,
    {_joined(table.texts)} as text,
    {value} as counts
from {quoted(table.name)}"""


def _joined(texts: Sequence[str]) -> str:
    """Return SQL for the texts of a record, one below the other; NULL if it has none."""
    if len(texts) < 2:
        return quoted(texts[0]) if texts else "null"
    lines = " || ".join(f"coalesce({quoted(name)} || char(10), '')" for name in texts)
    return f"nullif(rtrim({lines}, char(10)), '')"
