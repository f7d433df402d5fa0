"""What happens to one row of a table, in order: marks, fill-down, codes, parsing, derived columns.

Each step is a function of the row and of its table. `STEPS` is the order: a mark is taken off before
anything is compared, a blank is filled before it can be an error, a code is known before a cell is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from ingest.config.manifest import FILE_NAME, AcceptedCells
from ingest.config.markers import yaml_value
from ingest.config.shape import ABSENT, NOUGHT, Code, Column, Shape, Table
from ingest.mapping.heads import SpreadHead
from ingest.mapping.periods import Periods
from ingest.mapping.problems import Problem, Problems
from ingest.mapping.values import date_formats, parse_date, parse_number
from ingest.records.place import Place
from ingest.records.tabular import AS_PRINTED, Period, Value
from ingest.text.lookalikes import lookalikes
from ingest.text.phrases import truncated_repr
from ingest.text.redaction import Marker, MarkerForms, canonicalise, collapse

_LABELS = ("category", "group", "unit", "period")
"""Roles of columns of which a change clears what is filled down to their right."""
_LOOK = "look at the document; "


@dataclass(slots=True)
class Figure:
    """A figure of a crosstab: its head, its text, and its value once it is read. The printed total of
    a row has no head."""

    head: SpreadHead | None
    text: str
    value: Decimal | None = None
    status: str | None = None


@dataclass(slots=True)
class Row:
    """A row while it is read: the printed text of each column, in the document's order, and what it means."""

    place: Place
    source_text: str
    printed: dict[str, str]
    figures: list[Figure]
    total: Figure | None = None
    status: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    period: Period | None = None
    markers: dict[str, tuple[Marker, ...]] = field(default_factory=dict)
    lookalikes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unfit: bool = False

    @property
    def all_figures(self) -> list[Figure]:
        """Its figures and their printed total."""
        return self.figures + ([self.total] if self.total else [])


@dataclass
class Document:
    """What every table of a document needs: its file and shape, the forms of marker in it, the cells
    that are accepted as printed, how many of them were found, and its problems."""

    file: Path
    shape: Shape
    forms: MarkerForms
    accepted: Mapping[str, Mapping[str, AcceptedCells]] = field(default_factory=dict)
    manifest_file: Path | None = None
    accepted_found: dict[tuple[str, str], int] = field(default_factory=dict)

    @cached_property
    def periods(self) -> Periods:
        """The labels of periods that are known."""
        return Periods(self.shape.year_starts, self.shape.periods)

    @cached_property
    def problems(self) -> Problems:
        """What is wrong with its cells and rows."""
        return Problems(self.file)


class TableState:
    """What is remembered of a table from one row to the next."""

    def __init__(self, document: Document, table: Table) -> None:
        self.document = document
        self.table = table
        self.above: dict[str, str] = {}
        """The text above, of each column that is filled down or whose change ends that."""
        self.position = 0
        self.last_number = 0
        self.columns = {column.name: column for column in table.columns}
        spread = table.spread
        self._codes = {column.name: column.codes for column in table.printed} | (
            {spread.value: spread.codes} if spread else {}
        )
        self._patterns = {
            name: [(re.compile(text), code) for text, code in codes.items() if code.pattern]
            for name, codes in self._codes.items()
        }
        self.terms = {
            column.name: {term.term for term in column.terms}
            for column in table.columns
            if column.terms
        }
        self.marks = {
            name: sorted(marks.items(), key=lambda mark: -len(mark[0]))
            for name, marks in table.marks.items()
        }

    def code(self, column: str, text: str) -> Code | None:
        """Return what the text of a cell stands for, if the shape says so."""
        code = self._codes[column].get(text)
        if code and not code.pattern:
            return code
        return next((one for form, one in self._patterns[column] if form.fullmatch(text)), None)

    def report(self, row: Row, column: str, text: str, expected: str, fix: str) -> None:
        """Report a cell that does not fit its column, unless `disclosure.yml` accepts it."""
        found = f"{truncated_repr(text)} in {column}" if text else f"a blank in {column}"
        self.add(row, (column, text, expected), Problem(row.place, found, expected, fix))

    def add(self, row: Row, key: tuple[str, ...], problem: Problem) -> None:
        """Report a problem with a cell of `row`, which is then no record."""
        row.unfit = True
        self.document.problems.add((self.table.name, *key), problem)

    def accepts(self, column: str, text: str) -> bool:
        """Return whether this cell, which does not fit its column, is accepted as printed, and count it."""
        if text not in self.document.accepted.get(column, ()):
            return False
        found = self.document.accepted_found
        found[column, text] = found.get((column, text), 0) + 1
        return True


Step = Callable[[Row, TableState], None]


def take_marks(row: Row, state: TableState) -> None:
    """Take the marks off the cells: they say something about the row."""
    for name, marks in state.marks.items():
        text = row.printed.get(name, "")
        for symbol, meaning in marks:
            if text.startswith(symbol) or text.endswith(symbol):
                row.printed[name] = text.removeprefix(symbol).removesuffix(symbol).strip()
                row.status = meaning
                break


def fill_down(row: Row, state: TableState, clears: bool = True) -> None:
    """Fill blanks with the text above. A change in a column clears those to its right: what stood
    there belongs to the label that has ended."""
    above = state.above
    for name, text in row.printed.items():
        column = state.columns[name]
        if column.fill_down and not text:
            row.printed[name] = above.get(name, "")
        elif (column.fill_down or column.role in _LABELS) and above.get(name) != text:
            if clears:
                clear_from(name, row, state)
            above[name] = text


def clear_from(name: str, row: Row, state: TableState) -> None:
    """Forget the text above in this column and in those to its right."""
    names = list(row.printed)
    for right in names[names.index(name) :]:
        state.above.pop(right, None)


def apply_codes(row: Row, state: TableState) -> None:
    """Give a status to each cell that stands for something else. A blank beside a mark takes the mark's
    meaning; a blank that no code explains is a problem."""
    for name, text in row.printed.items():
        if not text and row.status and name not in state.marks:
            row.values[name], row.statuses[name] = None, row.status
        elif code := state.code(name, text):
            nought = code.status == NOUGHT
            row.values[name], row.statuses[name] = Decimal(0) if nought else None, code.status
        elif not text:
            report_blank(row, state, name)
            row.values[name] = None
    for figure in row.all_figures:
        apply_code_to_figure(row, state, figure)
    for name in state.columns.keys() - row.printed.keys():
        if not state.columns[name].derived_from:
            row.values[name], row.statuses[name] = None, ABSENT


def apply_code_to_figure(row: Row, state: TableState, figure: Figure) -> None:
    """Do as `apply_codes` does, for a figure of a crosstab."""
    spread = state.table.spread
    if spread is None:
        return
    if not figure.text and row.status:
        figure.status = row.status
    elif code := state.code(spread.value, figure.text):
        figure.value = Decimal(0) if code.status == NOUGHT else None
        figure.status = code.status
    elif not figure.text:
        report_blank(row, state, spread.value)


def report_blank(row: Row, state: TableState, column: str) -> None:
    """Report a blank without a code."""
    state.report(
        row,
        column,
        "",
        "a value, or a code that says what a blank stands for",
        f'{_LOOK}if a blank means not stated there, write codes: {{"": not stated}} for {column}',
    )


def parse_cells(row: Row, state: TableState) -> None:
    """Read each cell that no code explains, by the role of its column."""
    for name, text in row.printed.items():
        if name in row.values:
            continue
        column = state.columns[name]
        if column.take:
            match = re.search(column.take, text)
            if not match:
                _unfit(row, state, column, text, f"a text in which take finds {column.take}")
                continue
            text = match[1] or ""
        parse(row, state, column, text)
    for figure in row.all_figures:
        parse_figure(row, state, figure)


def parse_figure(row: Row, state: TableState, figure: Figure) -> None:
    """Read a figure of a crosstab that no code explains."""
    spread = state.table.spread
    if spread is None or not figure.text or figure.status is not None:
        return
    figure.value = parse_number(figure.text)
    if figure.value is None and state.accepts(spread.value, figure.text):
        figure.status = AS_PRINTED
    elif figure.value is None:
        _report_unfit(row, state, spread.value, figure.text, _NUMBER)


_NUMBER = "a number, such as 1,234.50 or £5"


def parse(row: Row, state: TableState, column: Column, text: str) -> None:
    """Set the value of a cell, or report that it does not fit."""
    name = column.name
    if column.role != "text":
        # In a PDF, a box over the whole value.
        text = canonicalise(text)
    value: Value = text
    expected = ""
    if column.role == "number":
        value = parse_number(text)
        expected = _NUMBER
    elif column.role == "date":
        value = parse_date(text, column.format)
        expected = f"a date as {column.format or 'YYYY-MM-DD'}"
        if value is None and not column.format and date_formats(text):
            _report_date_order(row, state, column, text)
            return
    elif column.role == "period":
        row.period = state.document.periods.parse(text)
        value = text if row.period else None
        expected = "a period, such as 2019, 2019/20 or JAN-SEP 2022"
    elif column.role == "sequence":
        value = _next_number(row, state, column, text)
        expected = "a number from 1"
    elif column.role == "text":
        collapsed = collapse(text)
        forms = state.document.forms
        value = forms.canonicalise(collapsed)
        row.markers[name] = forms.find(collapsed)
        row.lookalikes[name] = lookalikes(collapsed, forms)
    elif name in state.terms and text not in state.terms[name]:
        expected = "one of the terms that the shape lists"
        state.report(row, name, text, expected, f"{_LOOK}if it is a new term, add it to terms")
    if value is None:
        _unfit(row, state, column, text, expected)
    else:
        row.values[name] = value


def derive(row: Row, state: TableState) -> None:
    """Work out the derived columns. One from a cell without a value has none, for the same reason."""
    for name, column in state.columns.items():
        source = column.derived_from
        if not source:
            continue
        value = row.values.get(source)
        if value is None:
            row.values[name] = None
            if source in row.statuses:
                row.statuses[name] = row.statuses[source]
        elif column.take:
            match = re.search(column.take, row.printed.get(source, ""))
            if match:
                parse(row, state, column, match[1] or "")
            else:
                text = row.printed.get(source, "")
                _unfit(row, state, column, text, f"a text in which take finds {column.take}")
        elif column.role == "period" and isinstance(value, date):
            row.period = state.document.periods.containing(value)
            row.values[name] = row.period.label
        else:
            parse(row, state, column, str(value))


STEPS: tuple[Step, ...] = (take_marks, fill_down, apply_codes, parse_cells, derive)
"""What happens to a row, in order."""


def read_row(row: Row, state: TableState, steps: Sequence[Step] = STEPS) -> Row:
    """Return the row, read."""
    for step in steps:
        step(row, state)
    return row


def _unfit(row: Row, state: TableState, column: Column, text: str, expected: str) -> None:
    """Accept a cell as printed, or report it."""
    row.values[column.name] = None
    if state.table.has_status(column.name) and state.accepts(column.name, text):
        row.statuses[column.name] = AS_PRINTED
    else:
        _report_unfit(row, state, column.name, text, expected)


def _report_unfit(row: Row, state: TableState, name: str, text: str, expected: str) -> None:
    def lines(count: int) -> tuple[str, ...]:
        if is_period:
            return (f"periods: {{{yaml_value(text)}: [YYYY-MM-DD, YYYY-MM-DD]}}",)
        cell = f"{{count: {count}, reason: …}}"
        return (f"accepted_cells: {{{name}: {{{yaml_value(text)}: {cell}}}}}",)

    is_period = state.table.period_column == name
    fix = (
        "if it is a period, write its first and last day under periods in the shape"
        if is_period
        else "correct the column in the shape, or list the text in its codes; or, to publish the cell "
        f"as printed, write this line into {FILE_NAME}"
    )
    found = f"{truncated_repr(text)} in {name}"
    problem = Problem(row.place, found, expected, _LOOK + fix, lines=lines)
    state.add(row, (name, text, expected), problem)


def _report_date_order(row: Row, state: TableState, column: Column, text: str) -> None:
    """Report a date of which the document alone does not say whether the day or the month is first."""
    formats = date_formats(text)
    both = ", which may be the day or the month first" if len(formats) > 1 else ""
    problem = Problem(
        row.place,
        f"{truncated_repr(text)} in {column.name}{both}",
        "a date as YYYY-MM-DD, or the format in the shape",
        f"{_LOOK}find out the order, from a day after the 12th, and write format for {column.name}",
        lines=lambda _: tuple(f'format: "{one}"' for one in formats),
    )
    state.add(row, (column.name, "date order"), problem)
    row.values[column.name] = None


def _next_number(row: Row, state: TableState, column: Column, text: str) -> int | None:
    """Return the number of a row, and report it if it does not follow the last one."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        return None
    number, last = int(text), state.last_number
    state.last_number = number
    if number != last + 1:
        problem = Problem(
            row.place,
            f"{column.name} {number} after {last}",
            f"{last + 1}: the numbers run from 1 without a gap",
            f"{_LOOK}look for lost or repeated rows; if the numbers do not count rows, correct the role",
            of="gap",
        )
        state.add(row, (column.name, "sequence"), problem)
    return number
