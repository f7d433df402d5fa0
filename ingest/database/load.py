"""Stream the records of a document into the staging file."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import chain, count

from ingest.config import bands
from ingest.database.tables import SqlTable, quoted, sql_tables
from ingest.mapping import map_cells
from ingest.readers.folders import TabularFolder
from ingest.records.disclosure import Note
from ingest.records.findings import Finding
from ingest.records.tabular import PrintedTotal, Record, Value
from ingest.text import redaction

SqlValue = str | int | float | None
_BATCH = 1_000
"""Rows that are kept in memory before they are written."""
_STAGED_TOTALS = """
create temp table if not exists staged_totals (
    disclosure_id, position, shape_table, sql_table, scope, label, label_columns, labels, period_from, period_to,
    column_name, printed, place
)
"""


def create_tables(connection: sqlite3.Connection, folders: Iterable[TabularFolder]) -> None:
    """Make the tables of the shapes of these disclosures."""
    for path in dict.fromkeys(folder.shape_path for folder in folders):
        shape = next(folder.shape for folder in folders if folder.shape_path == path)
        for table in sql_tables(shape):
            for statement in table.create():
                connection.execute(statement)


def load(
    connection: sqlite3.Connection, folder: TabularFolder, look: Callable[[Record], object]
) -> Iterator[Finding]:
    """Write what a document says into the staging file, and yield what is wrong with it.

    `look` is given each record on the way. Printed totals are kept in the temporary table
    `staged_totals` until they are compared with the records.
    """
    connection.execute(_STAGED_TOTALS)
    _insert(connection, "disclosures", [_disclosure(folder)])
    rows = _Batches(connection)
    tables = {one.table.name: one for one in sql_tables(folder.shape)}
    numbers = {name: _numbers(folder, name) for name in tables}
    totals = count(1)
    for item in map_cells(
        folder.document.cells(), folder.source, folder.shape, folder.manifest, folder.manifest_file
    ):
        if isinstance(item, Finding):
            yield item
        elif isinstance(item, Note):
            note = (folder.manifest.id, item.section, item.position, item.text)
            rows.add("notes", ("disclosure_id", "section", "position", "text"), note)
        elif isinstance(item, PrintedTotal):
            _stage_total(connection, folder, tables[item.table], item, next(totals))
        else:
            look(item)
            table = tables[item.table]
            number = next(numbers[item.table], None)
            if number is not None:  # otherwise a check reports that there are too few numbers
                id = folder.row_id(table.table, number)
                record = record_row(id, folder.manifest.id, table, item)
                rows.add(table.name, tuple(record), tuple(record.values()))
                _add_redactions(rows, table, id, item)
    rows.flush()


def record_row(id: str, disclosure_id: str, table: SqlTable, record: Record) -> dict[str, SqlValue]:
    """Return a record as a row of its table, without the columns of what this site has withdrawn."""
    row: dict[str, SqlValue] = {
        "id": id,
        "disclosure_id": disclosure_id,
        "position": record.position,
        "place": str(record.place),
        "status": record.status,
        "source_text": record.source_text,
    }
    for name, value in record.values.items():
        # In a text, a box is a marker; anywhere else it is shown as it looks.
        row[name] = redaction.show_boxes(value) if isinstance(value, str) else _stored(value)
        if table.table.has_status(name):
            row[f"{name}_status"] = record.statuses.get(name)
    period = record.period
    row["period_from"] = period.start.isoformat() if period else None
    row["period_to"] = period.end.isoformat() if period else None
    row["period_partial"] = period.partial if period else None
    for name in table.texts:
        text = record.values.get(name)
        words = density = band = markers = None
        if isinstance(text, str):
            markers = len(record.markers.get(name, ()))
            words = redaction.visible_words(text)
            density = markers / (markers + words) if markers else 0.0
            band = bands.band(density)
        row[table.measure(name, "visible_words")] = words
        row[table.measure(name, "redaction_count")] = markers
        row[table.measure(name, "redaction_density")] = density
        row[table.measure(name, "redaction_band")] = band
    return row


def is_exact(value: Value) -> bool:
    """Return whether SQLite can store a value without changing it."""
    if not isinstance(value, Decimal):
        return True
    stored = _stored(value)
    return isinstance(stored, int) or Decimal(repr(stored)) == value


def _stored(value: Value) -> SqlValue:
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and abs(value) < 2**63
        return int(value) if whole else float(value)
    return value.isoformat() if isinstance(value, datetime.date) else value


def _add_redactions(rows: _Batches, table: SqlTable, id: str, record: Record) -> None:
    columns = ("record_id", "column_name", "position", "form", "exemption")
    for name, markers in record.markers.items():
        for position, marker in enumerate(markers, 1):
            redacted = (id, name, position, marker.form, marker.exemption)
            rows.add(table.child("redactions"), columns, redacted)


def _numbers(folder: TabularFolder, table: str) -> Iterator[int]:
    """Yield the numbers of a table's records, in the document's order."""
    ranges = folder.manifest.numbers_of(table)
    return iter(count(1)) if ranges is None else chain.from_iterable(ranges)


def _stage_total(
    connection: sqlite3.Connection,
    folder: TabularFolder,
    table: SqlTable,
    total: PrintedTotal,
    position: int,
) -> None:
    names = [name for name in table.table.names if name in total.labels]
    values = [total.labels[name] for name in names]
    words = [value or "not stated" for value in values]
    words += [total.period.label] if total.period else []
    # json_array, as for the records that it is compared with.
    labels = f"json_array({', '.join('?' * len(values))})"
    connection.execute(
        f"insert into staged_totals values (?, ?, ?, ?, ?, ?, ?, {labels}, ?, ?, ?, ?, ?)",
        (
            folder.manifest.id,
            position,
            total.table,
            table.name,
            total.scope,
            " / ".join(words) or None,
            json.dumps(names),
            *values,
            total.period and total.period.start.isoformat(),
            total.period and total.period.end.isoformat(),
            total.column,
            None if total.printed is None else str(total.printed),
            str(total.place),
        ),
    )


def _disclosure(folder: TabularFolder) -> dict[str, SqlValue]:
    manifest = folder.manifest
    dates = {name: getattr(manifest, name) for name in ("covers_from", "covers_to", "published_on")}
    return {
        "id": manifest.id,
        "reference": manifest.reference,
        "title": manifest.title,
        **{name: day and day.isoformat() for name, day in dates.items()},
        "source_url": manifest.source_url,
        "source_file": manifest.file,
        "source_format": folder.document.format,
        "source_sha256": folder.document.sha256,
        "copy_status": manifest.copy_status,
        "rights": manifest.rights,
        "publisher": manifest.publisher,
        "shape": folder.shape.family,
        "label": manifest.reference or manifest.id,
    }


def _insert(
    connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, SqlValue]]
) -> None:
    for row in rows:
        names = ", ".join(map(quoted, row))
        values = ", ".join("?" * len(row))
        connection.execute(
            f"insert into {quoted(table)} ({names}) values ({values})", [*row.values()]
        )


class _Batches:
    """Rows on their way into the tables, in the order in which each table got its first one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: defaultdict[tuple[str, tuple[str, ...]], list[tuple[SqlValue, ...]]] = (
            defaultdict(list)
        )
        self._waiting = 0

    def add(self, table: str, columns: tuple[str, ...], row: tuple[SqlValue, ...]) -> None:
        """Add a row, and write those that wait if there are enough."""
        self._rows[table, columns].append(row)
        self._waiting += 1
        if self._waiting >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write all rows that wait."""
        for (table, columns), rows in self._rows.items():
            names, values = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
            sql = f"insert into {quoted(table)} ({names}) values ({values})"
            self._connection.executemany(sql, rows)
            rows.clear()
        self._waiting = 0
