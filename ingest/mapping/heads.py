"""Find the tables of a shape by the heads of their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from ingest.config.shape import Column, Shape, Table, fold
from ingest.mapping.periods import Periods
from ingest.records.tabular import Period

TOTAL = re.compile(r"\b(?:grand )?total$", re.IGNORECASE)
"""What a row of totals is called, and its column, unless the shape says otherwise."""


@dataclass(frozen=True, slots=True)
class SpreadHead:
    """A head of a crosstab: the column's index, its label, and the period that it names, if any."""

    index: int
    label: str
    period: Period | None


@dataclass
class Part:
    """The columns of a table, by their index in the row. Two parts of a table may stand side by side."""

    columns: list[tuple[int, Column]] = field(default_factory=list)
    spread: list[SpreadHead] = field(default_factory=list)
    total: int | None = None

    @cached_property
    def indexes(self) -> list[int]:
        """The indexes of all its columns."""
        indexes = [index for index, _ in self.columns] + [head.index for head in self.spread]
        return indexes if self.total is None else [*indexes, self.total]


@dataclass(frozen=True)
class Header:
    """A header of a table: what its row of heads says about each column.

    `others` are the heads that the table does not name, and `blank` the columns without a head.
    """

    table: Table
    heads: tuple[str, ...]
    parts: list[Part]
    others: list[str]
    blank: list[int]

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """The heads as they are compared."""
        return tuple(map(fold, self.heads))

    @property
    def claimed(self) -> int:
        """The number of columns that the table names."""
        return sum(len(part.indexes) for part in self.parts)

    @property
    def fits(self) -> bool:
        """Whether the table names every head."""
        return self.table.ignore_others or not self.others


class TableHeads:
    """What the header of one table looks like."""

    def __init__(self, table: Table, periods: Periods) -> None:
        self.table = table
        self._periods = periods
        self._columns = {fold(head): column for column in table.printed for head in column.heads}
        self.required = [column for column in table.printed if not column.optional]
        self.anchors = frozenset(
            fold(head) for column in self.required for head in column.heads if head
        )
        spread = table.spread
        self._total = fold(spread.total) if spread and spread.total else None
        self._patterns = (
            [re.compile(head, re.IGNORECASE) for head in spread.heads] if spread else []
        )

    def on_sheet(self, sheet: str | None) -> bool:
        """Return whether the table may be on this sheet."""
        return self.table.sheet is None or (
            sheet is not None and fold(sheet) == fold(self.table.sheet)
        )

    def names_in(self, folded: Sequence[str]) -> list[str]:
        """Return the names of the columns that are not optional and have a head among these."""
        present = set(folded)
        return [
            column.name
            for column in self.required
            if not present.isdisjoint(map(fold, column.heads))
        ]

    def match(self, heads: Sequence[str]) -> Header | None:
        """Return these heads as a header of the table, or None if they lack one that it needs."""
        parts, others, blank = [Part()], list[str](), list[int]()
        for index, text in enumerate(heads):
            head = fold(text)
            column = self._columns.get(head)
            if column and any(column is one for _, one in parts[-1].columns):
                if head and self._complete(parts[-1]):
                    parts.append(Part())
                else:
                    column = None
            if column:
                parts[-1].columns.append((index, column))
            elif not head:
                blank.append(index)
            elif head == self._total and parts[-1].total is None:
                parts[-1].total = index
            elif head not in self._columns and (spread := self._spread(index, text)):
                parts[-1].spread.append(spread)
            else:
                others.append(" ".join(text.split()))
        if len(parts) > 1 and not self._complete(parts[-1]):
            others += [heads[index] for index in parts.pop().indexes]
        # Where no head has words, a year among other cells does not make a row a header.
        if not all(map(self._complete, parts)) or (others and not self.anchors):
            return None
        return Header(self.table, tuple(heads), parts, others, blank)

    def _spread(self, index: int, text: str) -> SpreadHead | None:
        """Return the head as one of the crosstab, or None if it is none."""
        spread = self.table.spread
        if not spread:
            return None
        label = " ".join(text.split())
        if self._patterns:
            match = next(filter(None, (one.fullmatch(label) for one in self._patterns)), None)
            if not match:
                return None
            label = match[1] if match.re.groups and match[1] else label
        elif spread.role == "category" and TOTAL.search(label):
            return None
        period = self._periods.parse(label) if spread.role == "period" else None
        if spread.role == "period" and not period:
            return None
        return SpreadHead(index, label, period)

    def _complete(self, part: Part) -> bool:
        here = [column.name for _, column in part.columns]
        return all(column.name in here for column in self.required) and (
            self.table.spread is None or bool(part.spread)
        )


class Finder:
    """Finds the headers of all tables of a shape."""

    def __init__(self, shape: Shape, periods: Periods) -> None:
        self.tables = [TableHeads(table, periods) for table in shape.tables]
        self.longest = max(table.header_rows for table in shape.tables)
        self._anchors = frozenset[str]().union(*(one.anchors for one in self.tables))
        self._always = self.longest > 1 or not all(one.anchors for one in self.tables)

    def may_be_header(self, folded: Sequence[str]) -> bool:
        """Return whether a row holds a head of some table: a quick test, because most rows hold none."""
        return self._always or not self._anchors.isdisjoint(folded)

    def find(self, rows: Sequence[Sequence[str | None]], sheet: str | None) -> list[Header]:
        """Return the headers that these rows, a row and those that follow it, may be; best first, and
        more than one only where the heads do not say which table it is."""
        found = list(self._headers(rows, sheet))
        best = [header for header in found if header.fits] or found
        rank = max(((one.claimed, one.table.sheet is not None) for one in best), default=None)
        return [one for one in best if (one.claimed, one.table.sheet is not None) == rank]

    def _headers(self, rows: Sequence[Sequence[str | None]], sheet: str | None) -> Iterator[Header]:
        for heads in self.tables:
            if heads.on_sheet(sheet) and heads.table.header_rows <= len(rows):
                header = heads.match(join_heads(rows[: heads.table.header_rows]))
                if header:
                    yield header


def join_heads(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Return the heads that several rows make together, from top to bottom.

    A head over several columns belongs to each of them: where a cell of an upper row is blank, and both the
    row below and its neighbour on the left go on below, it takes that neighbour's text.
    """
    width = max(map(len, rows))
    texts = [[cell or "" for cell in row] + [""] * (width - len(row)) for row in rows]
    for upper, lower in pairwise(texts):
        for index in range(1, width):
            if not upper[index].strip() and lower[index].strip() and lower[index - 1].strip():
                upper[index] = upper[index - 1]
    return [" ".join(filter(None, map(str.strip, column))) for column in zip(*texts, strict=True)]
