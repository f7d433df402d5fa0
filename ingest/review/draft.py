"""Draft the shape of a document: find its heads, propose what its columns are, and ask what it cannot say.

A draft is a start. Each value that only a person can decide on begins with the word DECIDE, and a build refuses
it until somebody has: what one row is, which date is the year, what a blank or a sign means, what adds up
to what, and when the year starts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum
from itertools import islice

import yaml

from ingest.config.markers import shared_forms
from ingest.config.shape import RESERVED, Status, fold
from ingest.config.yaml_model import MARK
from ingest.mapping.heads import TOTAL
from ingest.mapping.periods import Periods
from ingest.mapping.values import date_formats, parse_date, parse_number
from ingest.records.cells import CellRow
from ingest.text.lookalikes import lookalikes
from ingest.text.phrases import pluralize, truncated_repr
from ingest.text.redaction import collapse

SHAPE_FILE = "shape.yml"
_HEADER_WITHIN = 12
"""The rows of a table among which its header is looked for."""
_SHORT = 60
"""Characters of a head, or of a category, at most."""
MAX_ROWS = 20_000
"""Rows that are looked at: enough to judge by, and few enough to hold in memory."""
_MAX_CATEGORIES = 60
_PROSE = 4
"""Words that a cell of prose has on average, at least."""
_MOST = 0.8
"""The share of a column's cells that must fit a role; the others may be codes."""
_CODES = 6
"""Candidate codes that are listed for a column."""
_MANY = 5
"""Columns of numbers that may be a crosstab's."""
_UNIT = re.compile(r"\bunits?\b", re.IGNORECASE)
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
_USUAL: dict[str, Status] = {
    **dict.fromkeys(("n/a", "na", "not applicable"), "not applicable"),
    **dict.fromkeys(("unknown", "not known"), "not known"),
}
_SUPPRESSED = re.compile(r"[<\u2264] ?\d+|\*+|c")
_BROKEN = re.compile(r"#[A-Z/0]+[!?]?")
_BLANK = "not stated, not known, not applicable, nought or suppressed"


class Weight(IntEnum):
    """How much depends on a decision: a lower one weighs more."""

    ROW, REDACTION, YEAR, CODES, SUMS, YEAR_STARTS, SMALL_CELLS, PUBLICATION = range(8)


@dataclass(frozen=True)
class Question:
    """What a person must decide, and where to write it: a file, its line if there is one, and a key."""

    weight: Weight
    text: str
    file: str
    key: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{self.text}\n  {place}: {self.key}"


@dataclass
class Redacted:
    """How many texts there are, how many markers of known forms are in them, and what else looks like one."""

    texts: int = 0
    markers: int = 0
    lookalikes: Counter[str] = field(default_factory=Counter)

    def look(self, text: str) -> None:
        """Look at a text."""
        collapsed = collapse(text)
        self.texts += 1
        self.markers += len(shared_forms().find(collapsed))
        self.lookalikes.update(lookalikes(collapsed, shared_forms()))


@dataclass
class DraftTable:
    """A table of the document: where it begins, its heads, and the cells of its rows."""

    first: CellRow
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    tops: list[int] = field(default_factory=list)
    """The indexes of rows with which the table goes on, as on the next page."""

    def is_cut(self, numbers: Sequence[int]) -> bool:
        """Return whether a row at the top of a page goes on from the one before: it is the only kind of row
        without a figure in these columns."""
        without = [
            at
            for at, row in enumerate(self.rows)
            if numbers and not any(row[index] for index in numbers if index < len(row))
        ]
        return bool(without) and all(at in self.tops for at in without)

    def column(self, index: int) -> list[str]:
        """Return the cells of a column, without those of rows of totals."""
        return [
            row[index] if index < len(row) else ""
            for row in self.rows
            if not any(TOTAL.search(cell) for cell in row)
        ]

    @property
    def spread(self) -> list[int]:
        """The columns of a crosstab whose heads are periods; none if it is no crosstab."""
        heads = [index for index, head in enumerate(self.heads) if head and _PERIODS.parse(head)]
        return heads if len(heads) > 1 else []

    def figures(self) -> dict[tuple[date, date], Decimal]:
        """Return what the table says of each period: the sum of a crosstab's figures, the number beside it in a
        table of totals, or the number of rows; nothing if it has no periods."""
        found: Counter[tuple[date, date]] = Counter()
        if self.spread:
            columns = {index: _PERIODS.parse(self.heads[index]) for index in self.spread}
            for index, period in columns.items():
                if period:
                    numbers = map(parse_number, self.column(index))
                    found[period.start, period.end] += sum(filter(None, numbers))  # type: ignore[assignment]
            return {span: Decimal(number) for span, number in found.items()}
        at = self._period_column
        if at is None:
            return {}
        totals = self.totals
        for index, label in enumerate(self.column(at)):
            if period := _PERIODS.parse(label):
                found[period.start, period.end] += totals[index] if totals else 1  # type: ignore[assignment]
        return {span: Decimal(number) for span, number in found.items()}

    @property
    def totals(self) -> list[Decimal]:
        """The numbers of a table that has one for each period, and nothing else; none if it is no such table."""
        at = self._period_column
        if len(self.heads) != 2 or at is None or len(set(self.column(at))) < len(self.column(at)):
            return []
        numbers = [parse_number(cell) for cell in self.column(1 - at)]
        return [one for one in numbers if one is not None] if None not in numbers else []

    @property
    def _period_column(self) -> int | None:
        roles = (
            _role([cell for cell in self.column(at) if cell])[0] for at in range(len(self.heads))
        )
        return next((at for at, role in enumerate(roles) if role == "period"), None)


@dataclass(frozen=True)
class Draft:
    """A draft of a shape, as YAML: the questions that a person must answer, what looks redacted, and cells
    that do not fit their column, by column and text, with how many there are."""

    shape: str
    questions: tuple[Question, ...]
    tables: int
    redacted: Redacted
    odd: dict[str, Counter[str]]


def draft_shape(rows: Iterable[CellRow], family: str, encoding: str | None = None) -> Draft:
    """Return a draft of the shape of a document with these rows. No row at all makes no table."""
    tables = find_tables(rows)
    writer = _Writer(family, encoding)
    names = _distinct(
        [
            _name(table.first.place.sheet or "") or ("totals" if table.totals else "rows")
            for table in tables
        ],
        "table",
    )
    adds_up_to = _sums(dict(zip(names, tables, strict=True)))
    for name, table in zip(names, tables, strict=True):
        writer.table(name, table, adds_up_to, len(tables))
    return writer.draft()


def _sums(tables: dict[str, DraftTable]) -> dict[str, str]:
    """Return which table each table probably adds up to: for every period they say the same."""
    figures = {name: table.figures() for name, table in tables.items()}
    sums: dict[str, str] = {}
    for name, table in tables.items():
        if not figures[name] or table.totals:
            continue
        others = [one for one in tables if tables[one].totals]
        others += [one for one in list(tables)[: list(tables).index(name)] if tables[one].spread]
        other = next((one for one in others if figures[one] == figures[name]), None)
        if other:
            sums[name] = other
    return sums


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
            table.tops.append(len(table.rows))
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

    def __init__(self, family: str, encoding: str | None) -> None:
        self.family = family
        self.encoding = encoding
        self.lines: list[str] = []
        self.asked: list[tuple[Weight, str, str, int]] = []
        """Questions: weight, text, key, and the index in `lines`."""
        self.redacted = Redacted()
        self.odd: dict[str, Counter[str]] = {}
        self.categories = 0
        self.year_starts = ""

    def draft(self) -> Draft:
        """Return the draft, once every table has been written."""
        head = [
            f"# A draft. Read every line. A build refuses it until nothing in it begins with {MARK}: write what is",
            "# right, or, where the word is followed by a proposal that is right, delete the word.",
        ]
        asked = []

        def ask(weight: Weight, text: str, key: str, line: str) -> None:
            head.append(line)
            asked.append(Question(weight, text, SHAPE_FILE, key, len(head)))

        ask(
            Weight.ROW,
            "What is the table called? The name is in its address, and stays once it is published: no year, so "
            "that the next document of this kind fits.",
            "family",
            f"family: {MARK} {self.family}",
        )
        ask(
            Weight.ROW,
            "What is one row: a request, a loan, an incident? Every title and sentence is made with this word.",
            "one_row_is",
            f"one_row_is: {MARK} row  # such as: request",
        )
        if self.encoding:
            ask(
                Weight.CODES,
                f"The file is not UTF-8. Is it {self.encoding}? Look at £, dashes and accented letters.",
                "encoding",
                f"encoding: {MARK} {self.encoding}",
            )
        if self.year_starts:
            ask(
                Weight.YEAR_STARTS,
                "On which day does a year start? 01-01 is a calendar year, 04-01 that of UK finance.",
                "year_starts",
                f"year_starts: {MARK} {self.year_starts}  # MM-DD",
            )
        if self.categories > 1:
            ask(
                Weight.SMALL_CELLS,
                "May tables of two categories show every number, however small? A cell of 1 can point to one "
                "person. Write show, or the number below which only “fewer than” is said; give the reason in "
                "docs/publication-decision.md.",
                "small_cells",
                f"small_cells: {MARK} show  # or a number, such as 5",
            )
        head.append("tables:")
        asked += [
            Question(weight, text, SHAPE_FILE, key, len(head) + index + 1)
            for weight, text, key, index in self.asked
        ]
        text = "\n".join([*head, *self.lines, ""])
        tables = sum(line.startswith("  - name:") for line in self.lines)
        return Draft(text, tuple(asked), tables, self.redacted, self.odd)

    def ask(self, weight: Weight, text: str, key: str) -> None:
        """Ask about the line that was written last."""
        self.asked.append((weight, text, key, len(self.lines) - 1))

    def table(self, name: str, table: DraftTable, adds_up_to: dict[str, str], tables: int) -> None:
        """Write one table."""
        self.lines.append(f"  - name: {name}")
        cells = {index: table.column(index) for index in range(len(table.heads))}
        roles = {at: _role([cell for cell in column if cell]) for at, column in cells.items()}
        spread = table.spread
        if table.first.place.sheet:
            self.lines.append(f"    sheet: {_yaml(table.first.place.sheet)}")
        if name in adds_up_to.values() and table.totals:
            self.lines.append("    kind: totals")
        elif (
            tables > 1
            and len(cells) == 2
            and {roles[at][0] for at in cells} == {"category", "text"}
        ):
            self.lines.append(f"    kind: {MARK} notes  # or remove the line")
            self.ask(
                Weight.SUMS,
                f"Is table {name} an explanation, such as a glossary, and no record of anything?",
                "kind",
            )
        elif other := adds_up_to.get(name):
            self.lines.append(f"    adds_up_to: {MARK} {other}  # or remove the line")
            self.ask(
                Weight.SUMS,
                f"Do the rows of {name} add up to {other}? In each period they do. Then every build checks it.",
                "adds_up_to",
            )
        total = next(
            (
                index
                for index, head in enumerate(table.heads)
                if spread and index > spread[-1] and _TOTAL.search(head)
            ),
            None,
        )
        columns = [
            index
            for index, head in enumerate(table.heads)
            if head and index not in (*spread, total)
        ]
        self.lines.append("    columns:")
        numbers = spread or [index for index in columns if roles[index][0] == "number"]
        if len(numbers) >= _MANY and not spread and len(columns) - len(numbers) <= 2:
            self.ask(
                Weight.ROW,
                f"Table {name}: are the heads of its {len(numbers)} columns of numbers, such as "
                f"{truncated_repr(table.heads[numbers[0]])}, values of one thing, such as places? Then write, in place of "
                'these columns, spread: {into: place, role: category, value: figures, heads: .+, codes: {"": nought}}.',
                "columns",
            )
        names = dict(
            zip(
                columns,
                _distinct([_name(table.heads[index]) or "column" for index in columns], "column"),
                strict=True,
            )
        )
        self._columns(name, table, cells, roles, names)
        if table.is_cut(numbers):
            blank = [_counted(table, total)] if spread else [names[index] for index in numbers]
            self.lines.append(
                f"    goes_on_where_blank: [{MARK} {', '.join(blank)}]  # or remove the line"
            )
            self.ask(
                Weight.ROW,
                f"Table {name}: a row at the top of a page has no figures. Does it go on from the row before?",
                "goes_on_where_blank",
            )
        if spread:
            self._spread(name, table, cells, total)
        else:
            self._year(name, cells, roles, names)

    def _columns(
        self,
        table_name: str,
        table: DraftTable,
        cells: dict[int, list[str]],
        roles: dict[int, tuple[str, list[str], list[str]]],
        names: dict[int, str],
    ) -> None:
        """Write the columns of a table that are not the periods of a crosstab."""
        blanks: list[str] = []
        asked_at = categories = 0
        has_numbers = bool(table.spread) or any(role == "number" for role, _, _ in roles.values())
        for index, name in names.items():
            role, others, extra = roles[index]
            head, column = table.heads[index], cells[index]
            if table.spread and role == "text":
                role = "category"
            if role == "category" and has_numbers and _UNIT.search(head):
                role = "unit"
            parts = [f"name: {name}"]
            if fold(head) != name:
                parts.append(f"head: {_yaml(head)}")
            parts += [f"role: {role}", *extra]
            filled = sum(map(bool, column))
            blank = len(column) - filled
            if table.spread and role == "category" and blank and column[0]:
                parts.append("fill_down: true")
                blank = 0
            codes, odd = _told_apart(others)
            if odd:
                self.odd[name] = odd
            where = f"Table {table_name}, column {truncated_repr(head)}"
            if blank and not codes:
                anchor = f"blank_{table_name}"
                blank_means = f"&{anchor} {{'': {MARK} not stated}}"
                parts.append(f"codes: {f'*{anchor}' if blanks else blank_means}")
            elif codes or blank:
                written = ([("", "not stated")] if blank else []) + [
                    (text, _proposed(text)) for text in codes
                ]
                listed = ", ".join(f"{_yaml(text)}: {MARK} {means}" for text, means in written)
                parts.append(f"codes: {{{listed}}}")
            self.lines.append(f"      - {{{', '.join(parts)}}}")
            if blank and not codes:
                blanks.append(f"{truncated_repr(head)} ({_share(blank, len(column))})")
                asked_at = asked_at or len(self.lines) - 1
            elif codes or blank:
                texts = [f"{truncated_repr(text)} ({count:,})" for text, count in codes.items()]
                texts += [f"a blank ({_share(blank, len(column))})"] if blank else []
                self.ask(
                    Weight.CODES,
                    f"{where}: what does each of these mean: {', '.join(texts)}?",
                    "codes",
                )
            if f"format: {MARK}" in extra:
                formats = " or ".join(map(_yaml, _formats_of_most([one for one in column if one])))
                self.ask(
                    Weight.YEAR,
                    f"{where}: does the day or the month come first? Every date fits both: {formats}.",
                    "format",
                )
            if role == "text":
                for text in filter(None, column):
                    self.redacted.look(text)
            if role == "period" and any("/" in cell or "-" in cell for cell in column[:100]):
                self.year_starts = self.year_starts or "04-01"
            categories += role == "category"
        self.categories = max(self.categories, categories)
        if blanks:
            text = (
                f"Table {table_name}: what is a blank: {_BLANK}? One answer (the columns share it by the * and & "
                f"of YAML) or one each, in {', '.join(blanks)}."
            )
            self.asked.append((Weight.CODES, text, "codes", asked_at))

    def _spread(
        self, name: str, table: DraftTable, cells: dict[int, list[str]], total: int | None
    ) -> None:
        """Write what the figures of a crosstab are."""
        if any("/" in table.heads[index] for index in table.spread):
            self.year_starts = self.year_starts or "04-01"
        figures = [cell for index in table.spread for cell in cells[index]]
        others = Counter(cell for cell in figures if parse_number(cell) is None)
        written = ["into: period", f"value: {MARK} {_counted(table, total)}"]
        if total is not None:
            written.append(f"total: {_yaml(table.heads[total])}")
        if others:
            proved = total is not None and _blanks_are_nought(table, cells, total)
            proposals = {text: _proposed(text) for text, _ in others.most_common(_CODES)}
            if proved and "" in proposals:
                proposals[""] = "nought"
            listed = ", ".join(f"{_yaml(one)}: {MARK} {means}" for one, means in proposals.items())
            written.append(f"codes: {{{listed}}}")
        self.lines.append(f"    spread: {{{', '.join(written)}}}")
        self.ask(Weight.ROW, f"Table {name}: what do its figures count, in the plural?", "value")
        if others:
            texts = ", ".join(
                f"{truncated_repr(text) if text else 'a blank'} ({count:,})"
                for text, count in others.most_common(_CODES)
            )
            reason = (
                " The printed totals agree if a blank is nought." if proved and "" in others else ""
            )
            self.ask(
                Weight.CODES,
                f"Table {name}: what does each of these figures mean: {texts}?{reason}",
                "codes",
            )

    def _year(
        self,
        name: str,
        cells: dict[int, list[str]],
        roles: dict[int, tuple[str, list[str], list[str]]],
        names: dict[int, str],
    ) -> None:
        """Ask which date is the year, if there are dates and no period."""
        dates = [names[at] for at in names if roles[at][0] == "date"]
        whole = [names[at] for at in names if roles[at][0] == "date" and all(cells[at])]
        if dates and not any(roles[at][0] == "period" for at in names):
            self.year_starts = self.year_starts or "01-01"
            unique = _distinct([*names.values(), "year"], "column")[-1]
            self.lines.append(
                f"      - {{name: {unique}, from: {MARK} {(whole or dates)[-1]}, role: period}}  # or remove the line"
            )
            self.ask(
                Weight.YEAR,
                f"Table {name}: which date says to which year a row belongs: {', '.join(dates)}?",
                "from",
            )


def _told_apart(others: Sequence[str]) -> tuple[Counter[str], Counter[str]]:
    """Return the cells that do not fit a role and may stand for no value; and those with figures, which probably
    are one."""
    counts = Counter(dict(Counter(others).most_common(_CODES)))
    odd = Counter(
        {
            text: count
            for text, count in counts.items()
            if any(map(str.isdigit, text))
            and not _SUPPRESSED.fullmatch(text)
            and not _BROKEN.fullmatch(text)
        }
    )
    return counts - odd, odd


def _proposed(text: str) -> Status:
    """Return what a text probably means that is no value."""
    if _SUPPRESSED.fullmatch(text):
        return "suppressed"
    if _BROKEN.fullmatch(text):
        return "broken in the source"
    return _USUAL.get(text.casefold(), "not stated")


def _counted(table: DraftTable, total: int | None) -> str:
    """Return what the figures of a crosstab count, as a name in SQL, by the head of their total."""
    return (_name(_TOTAL.sub("", table.heads[total])) if total is not None else "") or "figures"


def _blanks_are_nought(table: DraftTable, cells: dict[int, list[str]], total: int) -> bool:
    """Return whether each row with a blank adds up to its printed total without it."""
    rows = zip(*(cells[index] for index in (*table.spread, total)), strict=True)
    sums = [
        (sum(filter(None, map(parse_number, figures))), parse_number(printed))
        for *figures, printed in rows
        if "" in figures
    ]
    return bool(sums) and all(found == printed for found, printed in sums)


def _share(part: int, whole: int) -> str:
    share = f"{part / whole:.0%}" if part * 200 > whole else "under 1%"
    return f"{part:,} of {pluralize(whole, 'cell')}, {share}"


def _role(cells: Sequence[str]) -> tuple[str, list[str], list[str]]:
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
        written = _yaml(formats[0]) if len(formats) == 1 else MARK
        return "date", others, [f"format: {written}"]
    distinct = set(cells)
    if len(distinct) == len(cells) > 2 and max(map(len, cells)) <= _SHORT and _is_id(cells):
        return "key", [], []
    words = sum(len(cell.split()) for cell in distinct) / len(distinct)
    if (
        max(map(len, distinct)) > 2 * _SHORT
        or (len(distinct) > _MAX_CATEGORIES and len(distinct) > 0.5 * len(cells))
        or (words >= _PROSE and len(distinct) > _MOST * len(cells))
        or any(map(_looks_redacted, distinct))
    ):
        return "text", [], []
    return "category", [], []


def _looks_redacted(cell: str) -> bool:
    """Return whether a cell has a redaction marker, or what looks like one: only texts are searched for them."""
    collapsed = collapse(cell)
    return bool(shared_forms().find(collapsed) or lookalikes(collapsed, shared_forms()))


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
