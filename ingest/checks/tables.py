"""Check whole tables of records, as SQL on the staging file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from ingest.checks.places import in_document, in_manifest
from ingest.config.manifest import FILE_NAME, AcceptedDifference
from ingest.config.markers import yaml_value
from ingest.config.shape import Table
from ingest.database.counts import ADDS_NOTHING, ExactSum
from ingest.database.tables import SqlTable, quoted, sql_tables
from ingest.readers.folders import TabularFolder
from ingest.records.findings import Finding
from ingest.records.place import Place
from ingest.text.phrases import pluralize, truncated_repr

MOST_OF_A_KIND = 20
"""Findings of one kind about one table; the others are counted."""
TOLERANCE = Decimal("0.01")
"""By how much fractions may miss a printed total: spreadsheets store them inexactly."""
GRAND = "grand"
"""In `accepted_differences`: the total of the whole table."""


def check_tables(connection: sqlite3.Connection, folder: TabularFolder) -> Iterator[Finding]:
    """Yield everything wrong with the records of a disclosure as a whole, and write its printed totals into
    the database. The document must have no other findings: otherwise records are missing."""
    connection.create_aggregate("exact_sum", 1, ExactSum)  # type: ignore[arg-type]
    tables = sql_tables(folder.shape)
    for table in tables:
        yield from _not_empty(connection, folder, table)
        yield from _keys_once(connection, folder, table)
        yield from _figures_once(connection, folder, table)
    yield from _redaction_declared(connection, folder, tables)
    accepted = _Accepted(folder)
    yield from _first(_totals_agree(connection, folder, accepted), folder)
    for table in tables:
        other = folder.shape.table(table.table.adds_up_to or "")
        if other and other.kind == "records":
            yield from _tables_agree(
                connection, folder, table, SqlTable(folder.shape, other), accepted
            )
    yield from accepted.stale()


def _first(findings: Iterable[Finding], folder: TabularFolder) -> Iterator[Finding]:
    """Yield as many findings as a person reads, and the number of the others."""
    waiting = iter(findings)
    yield from islice(waiting, MOST_OF_A_KIND)
    if others := sum(1 for _ in waiting):
        yield in_document(folder, f"{others:,} more like these", "none", "correct the first ones")


def _not_empty(
    connection: sqlite3.Connection, folder: TabularFolder, table: SqlTable
) -> Iterator[Finding]:
    if (
        not table.table.optional
        and not connection.execute(
            f"select 1 from {quoted(table.name)} where disclosure_id = ?", [folder.manifest.id]
        ).fetchone()
    ):
        yield in_document(
            folder,
            f"no row in {table.table.name}",
            "at least one row below its header",
            "look at the document; write optional: true for a table that some documents lack",
        )


def _keys_once(
    connection: sqlite3.Connection, folder: TabularFolder, table: SqlTable
) -> Iterator[Finding]:
    """Yield a finding for each key that several rows have."""
    for column in table.table.columns:
        if column.role == "key":
            yield from _first(
                _repeated(
                    connection,
                    folder,
                    table,
                    [column.name],
                    "each key once",
                    "if it is not unique in the document, give the column the role group",
                ),
                folder,
            )


def _figures_once(
    connection: sqlite3.Connection, folder: TabularFolder, table: SqlTable
) -> Iterator[Finding]:
    """Yield a finding for each two figures of a crosstab that have the same labels."""
    if table.value:
        yield from _first(
            _repeated(
                connection,
                folder,
                table,
                table.labels,
                "one figure for these labels",
                "if a label is left blank below the first, write fill_down: true; if it is a total, "
                "give totals",
            ),
            folder,
        )


def _repeated(
    connection: sqlite3.Connection,
    folder: TabularFolder,
    table: SqlTable,
    columns: list[str],
    expected: str,
    fix: str,
) -> Iterator[Finding]:
    names = ", ".join(map(quoted, columns))
    found = connection.execute(
        f"select count(*), min(position), {names} from {quoted(table.name)} where disclosure_id = ?"
        f" group by {names} having count(*) > 1 order by 2",
        [folder.manifest.id],
    )
    for times, _, *values in found.fetchall():
        same = " and ".join(f"{quoted(name)} is ?" for name in columns)
        places = connection.execute(
            f"select place from {quoted(table.name)} where disclosure_id = ? and {same} order by position limit 2",
            [folder.manifest.id, *values],
        ).fetchall()
        words = " / ".join("not stated" if value is None else str(value) for value in values)
        yield _at(
            folder,
            places[1][0],
            f"{truncated_repr(words)} in {pluralize(times, 'row')} of {table.table.name}, first in {places[0][0]}",
            expected,
            f"look at the document for a repeated row; {fix}",
        )


def _redaction_declared(
    connection: sqlite3.Connection, folder: TabularFolder, tables: list[SqlTable]
) -> Iterator[Finding]:
    """Yield a finding if no text has a marker but the manifest does not say so, or the reverse."""
    texts = marked = 0
    for table in tables:
        for name in table.texts:
            count = quoted(table.measure(name, "redaction_count"))
            found = connection.execute(
                f"select count({count}), count(*) filter (where {count} > 0)"
                f" from {quoted(table.name)} where disclosure_id = ?",
                [folder.manifest.id],
            ).fetchone()
            texts, marked = texts + found[0], marked + found[1]
    if folder.manifest.redacted and texts and not marked:
        yield in_document(
            folder,
            f"no redaction marker in {pluralize(texts, 'text')}",
            "markers: many documents have redactions, and a conversion can lose every marker",
            f"compare it with the published document; if nothing is redacted there, write redacted: false in {FILE_NAME}",
        )
    if not folder.manifest.redacted and marked:
        yield in_manifest(
            folder,
            ("redacted",),
            f"redacted: false, but markers in {pluralize(marked, 'text')}",
            "a document without any marker",
            "remove redacted: false",
        )


class _Accepted:
    """The differences that a manifest accepts, and which of them were found."""

    def __init__(self, folder: TabularFolder) -> None:
        self._folder = folder
        self._met: set[tuple[str, str]] = set()

    def of(self, table: str, label: str) -> AcceptedDifference | None:
        """Return the accepted difference of a total, and remember that there is such a total."""
        self._met.add((table, label))
        return self._folder.manifest.accepted_differences.get(table, {}).get(label)

    def stale(self) -> Iterator[Finding]:
        """Yield a finding for each accepted difference of a total that is not there."""
        for table, labels in self._folder.manifest.accepted_differences.items():
            for label in labels:
                if (table, label) not in self._met:
                    yield in_manifest(
                        self._folder,
                        ("accepted_differences", table, label),
                        f"an accepted difference for {truncated_repr(label)} in {table}",
                        "a total that the document prints for the rows of that table",
                        "correct the table or the label, or remove it",
                    )


@dataclass(frozen=True)
class _Sum:
    """What some records add up to, and what keeps it from being a sum."""

    found: Decimal
    hidden: int
    statuses: str | None
    unit: str | None = None
    units: int = 1

    @property
    def reason(self) -> str | None:
        """Why it is not known, or with what caution it is to be read."""
        if self.hidden:
            return f"{pluralize(self.hidden, 'figure')} without a value: {self.statuses}"
        return "The print adds figures in different units." if self.units > 1 else None


def _totals_agree(
    connection: sqlite3.Connection, folder: TabularFolder, accepted: _Accepted
) -> Iterator[Finding]:
    """Compare each printed total with its records, write it into the database, and yield a finding for each
    that differs by another amount than is accepted."""
    kinds = connection.execute(
        "select distinct sql_table, shape_table, label_columns, period_from is not null, column_name"
        " from staged_totals where disclosure_id = ? order by 1, 3, 4, 5",
        [folder.manifest.id],
    ).fetchall()
    tables = {table.name: table for table in sql_tables(folder.shape)}
    for sql_table, shape_table, names, has_period, column in kinds:
        sums = _sums(tables[sql_table], column, json.loads(names), bool(has_period))
        totals = connection.execute(
            f"with sums as ({sums}) select totals.position, scope, label, printed, place,"
            " coalesce(sums.found, 0), coalesce(hidden, 0), statuses, unit, coalesce(units, 1)"
            " from staged_totals as totals left join sums on sums.labels = totals.labels"
            " and sums.period_from is totals.period_from and sums.period_to is totals.period_to"
            " where totals.disclosure_id = :id and sql_table = :table and label_columns = :names"
            " and (totals.period_from is not null) = :has_period and column_name is :column"
            " order by totals.position",
            {
                "id": folder.manifest.id,
                "table": sql_table,
                "names": names,
                "has_period": has_period,
                "column": column,
            },
        )
        for position, scope, label, printed, place, found, hidden, *more in totals.fetchall():
            total = _Sum(Decimal(found), hidden, *more)
            difference = accepted.of(shape_table, label or GRAND)
            reason: str | None
            if printed is None or total.hidden:
                outcome, reason = (
                    "cannot be checked",
                    total.reason or "The total itself is not printed.",
                )
            elif _agree(Decimal(printed), total.found) and not difference:
                outcome, reason = "agrees", total.reason
            elif difference and _agree(Decimal(printed) - difference.difference, total.found):
                outcome, reason = "accepted", difference.reason
            else:
                yield _differs(folder, shape_table, label, Decimal(printed), total, place)
                continue
            _write_total(
                connection,
                folder,
                (sql_table, position, scope, label),
                total,
                printed,
                outcome,
                reason,
                place,
            )


def _write_total(
    connection: sqlite3.Connection,
    folder: TabularFolder,
    key: tuple[str, int, str, str | None],
    total: _Sum,
    printed: str | None,
    outcome: str,
    reason: str | None,
    place: str,
) -> None:
    unit = total.unit if total.units == 1 else None
    connection.execute(
        "insert into printed_totals (disclosure_id, table_name, position, scope, label, unit, printed,"
        " found, outcome, reason, place) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (folder.manifest.id, *key, unit, printed, str(total.found), outcome, reason, place),
    )


def _sums(table: SqlTable, column: str | None, labels: list[str], has_period: bool) -> str:
    """Return SQL for what the records of a disclosure add up to, for each of their labels and periods."""
    keys = f"json_array({', '.join(map(quoted, labels))})"
    period = "period_from, period_to" if has_period else "null as period_from, null as period_to"
    hidden, statuses = "0", "null"
    if column and table.table.has_status(column):
        status = quoted(f"{column}_status")
        known = ", ".join(f"'{one}'" for one in ADDS_NOTHING)
        when = f"filter (where {status} not in ({known}))"
        hidden, statuses = f"count(*) {when}", f"group_concat(distinct {status}) {when}"
    unit = quoted(table.unit) if table.unit else None
    return (
        f"select {keys} as labels, {period},"
        f" {f'exact_sum({quoted(column)})' if column else 'count(*)'} as found,"
        f" {hidden} as hidden, {statuses} as statuses,"
        f" {f'min({unit})' if unit else 'null'} as unit,"
        f" {f'count(distinct {unit})' if unit else '1'} as units"
        f" from {quoted(table.name)} where disclosure_id = :id group by 1, 2, 3"
    )


def _agree(printed: Decimal, found: Decimal) -> bool:
    """Return whether a printed number is a sum: exactly if both are whole, to 0.01 otherwise."""
    whole = all(one == one.to_integral_value() for one in (printed, found))
    return printed == found if whole else abs(printed - found) <= TOLERANCE


def _differs(
    folder: TabularFolder,
    table: str,
    label: str | None,
    printed: Decimal,
    total: _Sum,
    place: str | None,
) -> Finding:
    of = f"for {truncated_repr(label)}" if label else "for the whole table"
    line = (
        f"accepted_differences: {{{table}: {{{yaml_value(label or GRAND)}: "
        f"{{difference: {printed - total.found}, reason: …}}}}}}"
    )
    return _at(
        folder,
        place,
        f"a total of {printed:f} {of} in {table}",
        f"{total.found:f}, what its rows add up to, or an accepted difference of {printed - total.found:f}",
        f"look for lost or repeated rows; if the difference is real, write this line into {FILE_NAME}",
        (line,),
    )


def _tables_agree(
    connection: sqlite3.Connection,
    folder: TabularFolder,
    table: SqlTable,
    other: SqlTable,
    accepted: _Accepted,
) -> Iterator[Finding]:
    """Yield a finding for each period in which a table does not add up to another one."""
    shape = folder.shape
    by_period = table.table.has_period and other.table.has_period
    for number in (*other.table.numbers,) or (None,):
        ours = shape.total_column(other.table, number, table.table) if number else table.value
        found = _by_period(connection, folder, table, ours, by_period)
        expected = _by_period(connection, folder, other, number, by_period)
        for key in sorted({*found, *expected}, key=str):
            label = (found.get(key) or expected[key])[0]
            sum, theirs = (
                one[key][1] if key in one else _Sum(Decimal(0), 0, None)
                for one in (found, expected)
            )
            difference = accepted.of(table.table.name, label or GRAND)
            wanted = theirs.found - (difference.difference if difference else 0)
            if not sum.hidden and not theirs.hidden and not _agree(wanted, sum.found):
                finding = _differs(folder, table.table.name, label, theirs.found, sum, None)
                yield Finding(
                    finding.file,
                    None,
                    f"{finding.found}, which {other.table.name} states",
                    finding.expected,
                    finding.fix,
                    lines=finding.lines,
                )


def _by_period(
    connection: sqlite3.Connection,
    folder: TabularFolder,
    table: SqlTable,
    column: str | None,
    by_period: bool,
) -> dict[tuple[str | None, str | None], tuple[str | None, _Sum]]:
    """Return what a table's records add up to, by first and last day, each with the period's label."""
    rows = connection.execute(_sums(table, column, [], by_period), {"id": folder.manifest.id})
    sums = {
        (start, end): _Sum(Decimal(found or 0), hidden, statuses, unit, units)
        for _, start, end, found, hidden, statuses, unit, units in rows.fetchall()
    }
    return {
        key: (_label(connection, folder, table.table, table.name, key), sums[key]) for key in sums
    }


def _label(
    connection: sqlite3.Connection,
    folder: TabularFolder,
    table: Table,
    name: str,
    key: tuple[str | None, str | None],
) -> str | None:
    if not table.period_column or key == (None, None):
        return None
    found = connection.execute(
        f"select {quoted(table.period_column)} from {quoted(name)}"
        " where disclosure_id = ? and period_from = ? and period_to = ? order by position limit 1",
        [folder.manifest.id, *key],
    ).fetchone()
    return str(found[0])


def _at(
    folder: TabularFolder,
    place: str | None,
    found: str,
    expected: str,
    fix: str,
    lines: tuple[str, ...] = (),
) -> Finding:
    where = Place.parse(place) if place else Place()
    return Finding(
        folder.source, where.line, found, expected, fix, where.page, lines, where if place else None
    )
