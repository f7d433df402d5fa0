"""Draft the shape of a document: find its heads, propose what its columns are, and ask what it cannot say.

A draft is a start, and loads only once a person has answered: what one row is, which date is the year, what
a blank or a sign means, what adds up to what, and when the year starts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import yaml

from ingest.config.shape import RESERVED, fold
from ingest.mapping.periods import Periods
from ingest.mapping.values import date_formats, parse_date, parse_number
from ingest.records.cells import CellRow
from ingest.text.phrases import pluralize, truncated_repr

_HEADER_WITHIN = 12
"""The rows of a table among which its header is looked for."""
_SHORT = 60
"""Characters of a head, or of a category, at most."""
MAX_ROWS = 20_000
"""Rows that are looked at: enough to judge by, and few enough to hold in memory."""
_MAX_CATEGORIES = 60
_MOST = 0.8
"""The share of a column's cells that must fit a role; the others may be codes."""
_CODES = 6
"""Candidate codes that are listed for a column."""
_TOTAL = re.compile(r"\b(?:grand )?total\b|^number of ", re.IGNORECASE)
_FORMATS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%d %b %Y",
    "%d.%m.%Y",
    "%B %d, %Y",
)
_PERIODS = Periods("04-01", {})


@dataclass
class DraftTable:
    """A table of the document: where it begins, its heads, and the cells of its rows."""

    first: CellRow
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def column(self, index: int) -> list[str]:
        """Return the cells of a column, without those of rows of totals."""
        return [
            row[index] if index < len(row) else ""
            for row in self.rows
            if not any(re.search(r"\b(?:grand )?total$", cell, re.IGNORECASE) for cell in row)
        ]


@dataclass(frozen=True)
class Draft:
    """A draft of a shape, as YAML, and the questions that a person must answer."""

    shape: str
    questions: tuple[str, ...]
    tables: int


def draft_shape(rows: Iterable[CellRow], family: str) -> Draft:
    """Return a draft of the shape of a document with these rows. No row at all makes no table."""
    tables = find_tables(rows)
    writer = _Writer(family)
    names = _distinct([_name(table.first.place.sheet or "") or "rows" for table in tables], "table")
    for name, table in zip(names, tables, strict=True):
        writer.table(name, table)
    return writer.draft(len(tables))


def find_tables(rows: Iterable[CellRow]) -> list[DraftTable]:
    """Return the tables with a header, in order. One with the heads of another continues it, and so does
    one without a header that has as many columns, as over the pages of a PDF."""
    tables: list[DraftTable] = []
    for block in _blocks(rows):
        at = _header(block)
        heads = (
            tuple(" ".join((cell or "").split()) for cell in block[at].cells)
            if at is not None
            else ()
        )
        same = next((one for one in tables if _folded(one.heads) == _folded(heads)), None)
        if at is None:
            width = max(len(row.cells) for row in block)
            if not tables or width != len(tables[-1].heads):
                continue
            table, body = tables[-1], block
        elif same:
            table, body = same, block[at + 1 :]
        else:
            table, body = DraftTable(block[at], heads), block[at + 1 :]
            tables.append(table)
        table.rows += [tuple((cell or "").strip() for cell in row.cells) for row in body]
    return tables


def _blocks(rows: Iterable[CellRow]) -> list[list[CellRow]]:
    blocks: dict[int, list[CellRow]] = {}
    for row in islice(rows, MAX_ROWS):
        blocks.setdefault(row.table, []).append(row)
    return list(blocks.values())


def _header(block: Sequence[CellRow]) -> int | None:
    """Return the index of the header: the first row with two or more distinct short cells, of which none is
    a number or a date, or is repeated below."""
    for index, row in enumerate(block[:_HEADER_WITHIN]):
        heads = [(cell or "").strip() for cell in row.cells]
        filled = [head for head in heads if head]
        below = [{(cell or "").strip() for cell in other.cells} for other in block[index + 1 :]]
        if (
            len(filled) > 1
            and len(set(filled)) == len(filled)
            and len(block) > index + 1
            and all(len(head) <= _SHORT for head in filled)
            and not all(_PERIODS.parse(head) or parse_number(head) is not None for head in filled)
            and not any(_looks_like_value(head) for head in filled)
            and not any(head in cells for head in filled for cells in below if cells != set(heads))
        ):
            return index
    return None


def _looks_like_value(head: str) -> bool:
    number = parse_number(head)
    is_year = bool(_PERIODS.parse(head))
    return not is_year and (number is not None or bool(_format_of([head])))


def _format_of(cells: Sequence[str]) -> list[str]:
    """Return the formats in which all cells are dates; day first where both orders fit."""
    if all(parse_date(cell, None) for cell in cells):
        return ["%Y-%m-%d"]
    return [
        form
        for form in dict.fromkeys([*date_formats(cells[0]), *_FORMATS] if cells else _FORMATS)
        if all(parse_date(cell, form) for cell in cells)
    ]


class _Writer:
    """Write the YAML of a draft, and collect questions."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.lines: list[str] = []
        self.questions: list[str] = []
        self.categories = 0
        self.split_years = False
        self.dates: list[str] = []

    def draft(self, tables: int) -> Draft:
        """Return the draft, once every table has been written."""
        head = [
            "# A draft. Fill in every empty value, and read every line: until then, a build refuses it.",
            f"family: {self.family}",
            "one_row_is:  # such as: request",
        ]
        self.questions.insert(
            0, "What is one row of the table: a request, an officer, an incident?"
        )
        if self.split_years:
            head.append("year_starts:  # MM-DD: the first day of a year such as 2019/20")
            self.questions.append("On which day does a year such as 2019/20 start?")
        if self.categories > 1:
            head.append("small_cells:  # show, or a number below which figures are not shown")
            self.questions.append("May every small figure be shown, or only from which number on?")
        if tables > 1:
            self.questions.append(
                "Does one table add up to another (adds_up_to), or hold only totals (kind: totals) or "
                "explanations (kind: notes)?"
            )
        return Draft("\n".join([*head, "tables:", *self.lines, ""]), tuple(self.questions), tables)

    def table(self, name: str, table: DraftTable) -> None:
        """Write one table."""
        self.lines += [f"  - name: {name}"]
        if table.first.place.sheet:
            self.lines.append(f"    sheet: {_yaml(table.first.place.sheet)}")
        spread = [index for index, head in enumerate(table.heads) if head and _PERIODS.parse(head)]
        is_crosstab = len(spread) > 1
        total = next(
            (
                index
                for index, head in enumerate(table.heads)
                if is_crosstab and index > spread[-1] and _TOTAL.search(head)
            ),
            None,
        )
        columns = [
            index
            for index, head in enumerate(table.heads)
            if head and not (is_crosstab and (index in spread or index == total))
        ]
        self.lines.append("    columns:")
        names = _distinct([_name(table.heads[index]) or "column" for index in columns], "column")
        self.dates = []
        for column, index in zip(names, columns, strict=True):
            self._column(name, column, table.heads[index], table.column(index), is_crosstab)
        if is_crosstab:
            self.split_years |= any("/" in table.heads[index] for index in spread)
            written = ["into: period", "value: "]
            if total is not None:
                written.append(f"total: {_yaml(table.heads[total])}")
            self.lines.append(
                f"    spread: {{{', '.join(written)}}}  # value: what the figures count"
            )
            self.questions.append(f"Table {name}: what do its figures count (value)?")
        if self.dates:
            self.questions.append(
                f"Table {name}: which of its dates is the year? Add a column such as "
                f"{{name: year, from: {self.dates[-1]}, role: period}}"
            )

    def _column(
        self, table: str, name: str, head: str, cells: Sequence[str], crosstab: bool
    ) -> None:
        """Write one column."""
        filled = [cell for cell in cells if cell]
        role, others, extra = _role(head, filled)
        parts = [f"name: {name}"]
        if fold(head) != name:
            parts.append(f"head: {_yaml(head)}")
        parts += [f"role: {role}", *extra]
        where = f"Table {table}, column {truncated_repr(head)}"
        codes = Counter(others)
        blank = len(cells) - len(filled)
        may_fill = crosstab and role == "category" and blank and bool(cells and cells[0])
        if may_fill:
            parts.append("fill_down: true")
        elif blank:
            codes[""] = blank
            share = f"{blank / len(cells):.0%}" if blank * 200 > len(cells) else "under 1%"
            self.questions.append(
                f"{where}: what is a blank ({blank:,} of {pluralize(len(cells), 'cell')}, {share}): "
                "not stated, not known, not applicable, nought or suppressed?"
            )
        if codes:
            listed = [(code, count) for code, count in codes.most_common() if code][:_CODES]
            if listed:
                quoted = ", ".join(f"{truncated_repr(code)} ({count:,})" for code, count in listed)
                self.questions.append(f"{where}: what do these mean: {quoted}?")
            written = [*([""] if codes[""] else []), *(code for code, _ in listed)]
            parts.append(f"codes: {{{', '.join(f'{_yaml(code)}: ' for code in written)}}}")
        if "format: " in extra:
            self.questions.append(f"{where}: does the day or the month come first?")
        self.categories += role == "category"
        self.split_years |= role == "period" and any(
            "/" in cell or "-" in cell for cell in filled[:100]
        )
        self.lines.append(f"      - {{{', '.join(parts)}}}")
        if role == "date":
            self.dates.append(name)


def _role(head: str, cells: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """Return the role of a column, its cells that do not fit it, and other keys of YAML."""

    def fitting(parse: Callable[[str], object]) -> list[str] | None:
        others = [cell for cell in cells if parse(cell) is None]
        return others if len(cells) - len(others) >= _MOST * len(cells) else None

    if not cells:
        return "category", [], []
    numbers = [parse_number(cell) for cell in cells]
    if all(number == at for at, number in enumerate(numbers, 1)) and len(cells) > 2:
        return "sequence", [], []
    if (others := fitting(_PERIODS.parse)) is not None and not all(
        parse_date(cell, None) for cell in cells
    ):
        return "period", others, []
    if (others := fitting(parse_number)) is not None:
        return "number", others, []
    sample = [cell for cell in cells if any(character.isdigit() for character in cell)]
    formats = _formats_of_most(sample)
    if formats and (others := fitting(lambda cell: parse_date(cell, formats[0]))) is not None:
        if formats == ["%Y-%m-%d"]:
            return "date", others, []
        written = _yaml(formats[0]) if len(formats) == 1 else ""
        return "date", others, [f"format: {written}"]
    distinct = set(cells)
    if len(distinct) == len(cells) > 2 and max(map(len, cells)) <= _SHORT and _is_id(cells):
        return "key", [], []
    if max(map(len, distinct)) > 2 * _SHORT or (
        len(distinct) > _MAX_CATEGORIES and len(distinct) > 0.5 * len(cells)
    ):
        return "text", [], []
    return "category", [], []


def _formats_of_most(cells: Sequence[str]) -> list[str]:
    """Return the formats in which most of the cells are dates; more than one if the order is ambiguous."""
    if not cells:
        return []
    fits = {
        form: sum(bool(parse_date(cell, form)) for cell in cells)
        for form in ("%Y-%m-%d", *_FORMATS)
    }
    most = max(fits.values())
    return (
        [form for form, count in fits.items() if count == most]
        if most >= _MOST * len(cells)
        else []
    )


def _is_id(cells: Sequence[str]) -> bool:
    return all(
        any(character.isdigit() for character in cell) and len(cell.split()) == 1 for cell in cells
    )


def _folded(heads: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(fold, heads))


def _name(text: str) -> str:
    """Return a name for SQL made of the words of `text`; "" if it has none."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    name = "_".join(words[:6])[:40].strip("_")
    return name if not name or name[0].isalpha() else f"n_{name}"


def _distinct(names: Sequence[str], kind: str) -> list[str]:
    """Return the names, with a number after each that is taken, or reserved for every table."""
    seen: Counter[str] = Counter(RESERVED)
    given = []
    for name in names:
        unique = f"{name}_{kind}" if kind == "column" and name in RESERVED else name
        seen[unique] += 1
        given.append(unique if seen[unique] == 1 else f"{unique}_{seen[unique]}")
    return given


def _yaml(text: str) -> str:
    """Return a text as a YAML scalar within a flow mapping."""
    return yaml.safe_dump(
        [text], default_flow_style=True, width=float("inf"), allow_unicode=True
    ).strip()[1:-1]
