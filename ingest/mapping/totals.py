"""Recognise printed totals: rows of totals, totals of rows, and tables of totals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ingest.mapping.heads import TOTAL
from ingest.mapping.rows import (
    Figure,
    Row,
    TableState,
    apply_code_to_figure,
    clear_from,
    parse_figure,
)
from ingest.mapping.values import parse_number
from ingest.records.tabular import Period, PrintedTotal

_LABELS = ("category", "group", "unit")
_NAMES_A_TOTAL = (*_LABELS, "period", "text", "key")
"""Roles of columns that may say that a row is a total."""


@dataclass(frozen=True, slots=True)
class RowOfTotals:
    """What says that a row is a row of totals: the column, the label without the word for a total, and
    whether it adds up everything."""

    column: str
    label: str
    grand: bool


def row_of_totals(row: Row, state: TableState) -> RowOfTotals | None:
    """Return what says that a row, not yet read, is a row of totals; None if it is not one."""
    table = state.table
    if not (table.totals or table.spread or table.kind == "totals"):
        return None
    pattern = re.compile(table.totals) if table.totals else TOTAL
    for name, text in row.printed.items():
        if state.columns[name].role in _NAMES_A_TOTAL and (match := pattern.search(text)):
            label = (text[: match.start()] + text[match.end() :]).strip(" -–—:,")
            return RowOfTotals(name, label, not label and match[0].casefold().startswith("grand"))
    return None


def totals_in_row(row: Row, state: TableState, what: RowOfTotals) -> Iterator[PrintedTotal]:
    """Yield the totals in a row of totals.

    "X total" adds up the rows labelled X under the labels to its left, printed or filled down; "Total" all
    rows under those; "Grand total" all rows. Labels printed to its right narrow it further. What is filled
    down from that column on ends here.
    """
    labels: dict[str, str | None] = {}
    period: Period | None = None
    at_left = True
    for name, printed in row.printed.items():
        column = state.columns[name]
        text = printed
        if name == what.column:
            text, at_left = what.label, False
        elif at_left and column.fill_down:
            text = printed or state.above.get(name, "")
        if not text or what.grand:
            continue
        if column.role == "period":
            period = state.document.periods.parse(text)
        elif column.role in _LABELS:
            labels[name] = None if state.code(name, text) else text
    clear_from(what.column, row, state)
    for figure in row.all_figures:
        apply_code_to_figure(row, state, figure)
        parse_figure(row, state, figure)
    if not row.unfit:
        yield from _figures(row, state, labels, period)
        yield from _numbers_as_printed(row, state, labels, period)


def total_of_row(row: Row, state: TableState) -> Iterator[PrintedTotal]:
    """Yield the printed total of a row of a crosstab that has been read."""
    if row.total:
        yield from _figures(row, state, _labels(row, state), row.period, only_total=True)


def totals_of_table(row: Row, state: TableState) -> Iterator[PrintedTotal]:
    """Yield the totals in a row, which has been read, of a table of totals."""
    labels = _labels(row, state)
    yield from _figures(row, state, labels, row.period)
    for name in state.table.numbers:
        if name in row.values:
            value = row.values[name]
            printed = value if isinstance(value, Decimal) else None
            text = row.printed.get(name, "")
            yield from _addressed(row, state, labels, row.period, name, printed, text)


def _labels(row: Row, state: TableState) -> dict[str, str | None]:
    return {
        name: None if (value := row.values.get(name)) is None else str(value)
        for name in row.printed
        if state.columns[name].role in _LABELS
    }


def _figures(
    row: Row,
    state: TableState,
    labels: dict[str, str | None],
    period: Period | None,
    only_total: bool = False,
) -> Iterator[PrintedTotal]:
    spread = state.table.spread
    if not spread:
        return
    figures: list[Figure] = [row.total] if only_total and row.total else row.all_figures
    for figure in figures:
        head = figure.head
        here = labels | ({spread.into: head.label} if head and not head.period else {})
        when = head.period if head and head.period else period
        yield from _addressed(row, state, here, when, spread.value, figure.value, figure.text)


def _numbers_as_printed(
    row: Row, state: TableState, labels: dict[str, str | None], period: Period | None
) -> Iterator[PrintedTotal]:
    """Yield the totals below the columns of numbers of a table that is no crosstab."""
    for name, text in row.printed.items():
        if state.columns[name].role != "number" or not text:
            continue
        printed = None if state.code(name, text) else parse_number(text)
        if printed is None and not state.code(name, text):
            state.report(row, name, text, "a number", "look at the document, and correct the shape")
        else:
            yield from _addressed(row, state, labels, period, name, printed, text)


def _addressed(
    row: Row,
    state: TableState,
    labels: dict[str, str | None],
    period: Period | None,
    number: str,
    printed: Decimal | None,
    text: str,
) -> Iterator[PrintedTotal]:
    """Yield the total for each table whose records it adds up."""
    shape = state.document.shape
    is_records = state.table.kind == "records"
    for table in [state.table] if is_records else shape.added_up_by(state.table):
        yield PrintedTotal(
            table=table.name,
            scope="label" if labels else "period" if period else "grand",
            labels=labels,
            period=period,
            column=number if is_records else shape.total_column(state.table, number, table),
            printed=printed,
            place=row.place,
            text=text,
        )
