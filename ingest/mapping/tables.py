"""Follow a document from top to bottom: which table a row belongs to, and what becomes of the others.

A table begins at its header. It goes on over the next page, or the next block of lines, as long as the
number of columns is the same and no other header comes; never on another sheet. What no table claims is
either text, and goes to the notes, or a table, and is reported.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence

from ingest.config.manifest import FILE_NAME
from ingest.config.shape import Table, fold
from ingest.config.yaml_model import line_of
from ingest.mapping.heads import Finder, Header, Part
from ingest.mapping.problems import Problem
from ingest.mapping.rows import STEPS, Document, Figure, Row, Step, TableState, read_row
from ingest.mapping.totals import row_of_totals, total_of_row, totals_in_row, totals_of_table
from ingest.records.cells import CellRow, Cells, Passage
from ingest.records.disclosure import Note
from ingest.records.findings import Finding
from ingest.records.place import Place
from ingest.records.tabular import Period, PrintedTotal, Record, Value
from ingest.text.phrases import pluralize, truncated_repr

NOTES = "Notes"
"""The section of the notes that text outside the tables goes to, unless it is on a sheet."""
REPEATED = "Repeated headings"
"""The section of rows that repeat a part of a header."""

Item = Record | PrintedTotal | Note | Finding


class Mapper:
    """Reads one document. `steps` are what happens to each row, in order."""

    def __init__(self, document: Document, steps: Sequence[Step] = STEPS) -> None:
        self._document = document
        self._steps = steps
        self._finder = Finder(document.shape, document.periods)
        self._states = {table.name: TableState(document, table) for table in document.shape.tables}
        self._header: Header | None = None
        self._ended = False
        self._drawn: int | None = None
        self._noted: int | None = None
        self._sheet: str | None = None
        self._pending: dict[int, tuple[Row, Table]] = {}
        self._positions: Counter[str] = Counter()
        self._found: set[str] = set()
        self._totals_found: set[str] = set()
        self._nearest: dict[str, tuple[list[str], Place]] = {}
        self._until = {
            table.name: re.compile(table.until) for table in document.shape.tables if table.until
        }

    def read(self, cells: Cells) -> Iterator[Item]:
        """Yield what the document says, and at the end what is wrong with it."""
        waiting: deque[CellRow | Passage | Finding] = deque()
        source = iter(cells)
        while True:
            while len(waiting) < self._finder.longest and (item := next(source, None)):
                waiting.append(item)
            if not waiting:
                break
            item = waiting.popleft()
            if isinstance(item, Finding):
                yield item
            elif isinstance(item, Passage):
                yield self._note(item.place.sheet or NOTES, item.text)
            elif any(cell and not cell.isspace() for cell in item.cells) or None in item.cells:
                for _ in range((yield from self._row(item, waiting)) - 1):
                    waiting.popleft()
        yield from self._flush()
        yield from self._close()

    def _row(
        self, row: CellRow, following: Iterable[CellRow | Passage | Finding]
    ) -> Generator[Item, None, int]:
        """Yield what a row says, and return how many rows it takes: more than one if it is a header."""
        if row.table != self._drawn or row.place.sheet != self._sheet:
            self._begin_drawn_table(row)
        folded = [fold(cell or "") for cell in row.cells]
        if self._finder.may_be_header(folded):
            header = self._find_header(row, folded, following)
            if header:
                yield from self._flush()
                self._header, self._ended = header, False
                return header.table.header_rows
        header = self._header
        if header is None or self._ended:
            yield from self._outside(row)
        elif self._ends(row, header.table):
            yield from self._flush()
            self._ended = True
            yield self._note(row.place.sheet or NOTES, _text(row))
        elif header.table.kind == "notes":
            yield self._note(header.table.name.replace("_", " ").capitalize(), _text(row))
        elif self._fits(row, header) and not (yield from self._repeats(row, folded, header)):
            for number, part in enumerate(header.parts):
                yield from self._part(row, header, number, part)
        return 1

    def _begin_drawn_table(self, row: CellRow) -> None:
        """End the current table at a sheet, or where the number of columns changes."""
        header = self._header
        if header and (row.place.sheet != self._sheet or len(row.cells) != len(header.heads)):
            self._header = None
        self._drawn, self._sheet = row.table, row.place.sheet
        self._ended = False

    def _find_header(
        self, row: CellRow, folded: list[str], following: Iterable[CellRow | Passage | Finding]
    ) -> Header | None:
        """Return the header that begins with this row, if one does."""
        rows: list[Sequence[str | None]] = [row.cells]
        for item in following:
            if not isinstance(item, CellRow) or item.table != row.table:
                break
            rows.append(item.cells)
        headers = self._finder.find(rows, row.place.sheet)
        if not headers:
            self._remember_nearest(row, folded)
            return None
        header = headers[0]
        self._found.update(one.table.name for one in headers)
        if len(headers) > 1:
            names = " and ".join(one.table.name for one in headers)
            self._problem(
                row,
                ("two tables", names),
                f"a header that {names} match: {_heads(header.heads)}",
                "a header that one table of the shape matches",
                "give the tables other heads, or the sheet that each is on",
            )
        for other in header.others if not header.table.ignore_others else ():
            self._problem(
                row,
                ("other", header.table.name, fold(other)),
                f"the head {truncated_repr(other)}, which {header.table.name} does not name",
                f"only the heads of {header.table.name}: {_names(header.table)}",
                "name the column in the shape; or write ignore_others: true to leave such columns out",
                of="header",
            )
        if any(part.total is not None for part in header.parts):
            self._totals_found.add(header.table.name)
        return header

    def _remember_nearest(self, row: CellRow, folded: list[str]) -> None:
        for one in self._finder.tables:
            names = one.names_in(folded)
            if len(names) > len(self._nearest.get(one.table.name, ([],))[0]):
                self._nearest[one.table.name] = (names, row.place)

    def _outside(self, row: CellRow) -> Iterator[Note]:
        """Yield a row of one cell as a note: a title, or a remark. Report any other: it belongs to a table
        that nobody named, as does a second row of one cell in a table that is ruled on a page."""
        cells = [cell for cell in row.cells if cell and not cell.isspace()]
        paged = row.place.page is not None
        if len(cells) == 1 and None not in row.cells and not (paged and self._noted == row.table):
            self._noted = row.table
            yield self._note(row.place.sheet or NOTES, _text(row))
        else:
            self._problem(
                row,
                ("outside", row.place.sheet or "", str(-len(row.cells) if paged else row.table)),
                f"a row that no table of the shape claims: {_heads(row.cells)}",
                "only tables that the shape names, each found by its heads",
                "name the table in the shape, with kind: notes if only its words matter; or correct "
                "its heads",
                of="row",
            )

    def _ends(self, row: CellRow, table: Table) -> bool:
        """Return whether a row matches `until`."""
        pattern = self._until.get(table.name)
        return bool(pattern and pattern.search(" ".join(_text(row).split())))

    def _fits(self, row: CellRow, header: Header) -> bool:
        """Return whether a row has a cell for each column, and report it if it has not."""
        width = len(header.heads)
        more = [cell for cell in row.cells[width:] if cell and not cell.isspace()]
        unheaded = [
            cell
            for index in header.blank
            if index < len(row.cells) and (cell := row.cells[index]) and not cell.isspace()
        ]
        if len(row.cells) < width or more:
            self._problem(
                row,
                ("cells", header.table.name, str(len(row.cells))),
                f"{pluralize(len(row.cells), 'cell')}: {_heads(row.cells)}",
                f"{pluralize(width, 'cell')}: {_heads(header.heads)}",
                "look at the document: the row is cut, or a cell contains what separates cells",
                of="row",
            )
            return False
        if unheaded:
            self._problem(
                row,
                ("unheaded", header.table.name),
                f"{truncated_repr(unheaded[0])} in a column without a head",
                "cells only below the heads of the table",
                "look at the document, and name the column in the shape if it has a head",
                of="row",
            )
            return False
        return True

    def _repeats(
        self, row: CellRow, folded: list[str], header: Header
    ) -> Generator[Item, None, bool]:
        """Return whether a row mostly repeats the header. One with nothing else is skipped, and goes to the
        notes; one with something else is reported, because the columns may have changed."""
        same = sum(bool(a) and a == b for a, b in zip(folded, header.folded, strict=False))
        filled = sum(map(bool, folded))
        if 2 * same <= filled or (same < 2 and len(header.folded) > 1):
            return False
        if same == filled:
            yield self._note(REPEATED, _text(row))
        else:
            self._problem(
                row,
                ("header changed", header.table.name, *folded),
                f"a header that changed: {_heads(row.cells)}",
                f"the header that the table began with: {_heads(header.heads)}",
                "look at the document; if a head is written in two ways, list both in the shape",
                of="row",
            )
        return True

    def _part(self, row: CellRow, header: Header, number: int, part: Part) -> Iterator[Item]:
        """Yield what the row says in one part of a table, once it is known that the row is complete."""
        if len(header.parts) > 1 and not any((row.cells[at] or "").strip() for at in part.indexes):
            return
        one = Row(
            row.place,
            row.source_text,
            {column.name: _squash(row.cells[index]) for index, column in part.columns},
            [Figure(head, _squash(row.cells[head.index])) for head in part.spread],
            None if part.total is None else Figure(None, _squash(row.cells[part.total])),
        )
        table = header.table
        if None in row.cells and self._is_cut(row, one, part, table):
            self._problem(
                row,
                ("cut", table.name),
                f"a row that is cut: {_heads(row.cells)}",
                "a cell in each column",
                "look at the document: the row may go on over a page; then name its blank columns under "
                "goes_on_where_blank",
                of="row",
            )
        elif not table.goes_on_where_blank:
            yield from self._say(one, table)
        elif not _goes_on(one, table):
            if number in self._pending:
                yield from self._say(*self._pending.pop(number))
            self._pending[number] = one, table
        elif number in self._pending:
            _join(self._pending[number][0], one)
        else:
            self._problem(
                row,
                ("goes on", table.name),
                f"a row that goes on from none: {_heads(row.cells)}",
                "a row above it, which it continues",
                "look at the document; or correct goes_on_where_blank in the shape",
                of="row",
            )

    def _is_cut(self, row: CellRow, one: Row, part: Part, table: Table) -> bool:
        """Return whether the drawing gives a column no cell in this row. A label may be drawn once for
        several rows, if it is filled down, and a row of totals may have one cell for all labels."""
        in_totals = row_of_totals(one, self._states[table.name]) is not None
        may_lack = {
            index
            for index, column in part.columns
            if column.fill_down or (in_totals and column.role != "number")
        }
        return any(row.cells[index] is None for index in part.indexes if index not in may_lack)

    def _flush(self) -> Iterator[Item]:
        """Yield what the rows say that waited for their continuation."""
        while self._pending:
            yield from self._say(*self._pending.pop(min(self._pending)))

    def _say(self, row: Row, table: Table) -> Iterator[Item]:
        """Yield what a whole row says: totals, or records."""
        state = self._states[table.name]
        if what := row_of_totals(row, state):
            yield from totals_in_row(row, state, what)
            return
        read_row(row, state, self._steps)
        if table.kind == "totals":
            if not row.unfit:
                yield from totals_of_table(row, state)
            return
        for values, statuses, period in _records_of(row, table):
            self._positions[table.name] += 1
            if not row.unfit:
                yield Record(
                    table=table.name,
                    position=self._positions[table.name],
                    place=row.place,
                    source_text=row.source_text,
                    values={name: values.get(name) for name in table.names},
                    statuses=statuses,
                    period=period,
                    status=row.status,
                    markers=row.markers,
                    lookalikes=row.lookalikes,
                )
        if not row.unfit:
            yield from total_of_row(row, state)

    def _close(self) -> Iterator[Finding]:
        """Yield what is wrong with the document as a whole."""
        file = self._document.file
        for table in self._document.shape.tables:
            if table.name not in self._found and not table.optional:
                yield self._not_found(table)
            elif (
                table.spread
                and table.spread.total
                and table.name in self._found
                and table.name not in self._totals_found
            ):
                yield Finding(
                    file,
                    None,
                    f"no head {truncated_repr(table.spread.total)} in {table.name}",
                    "the printed total of each row",
                    "look at the document; correct total under spread in the shape, or remove it",
                )
        yield from self._document.problems.findings()
        for column, texts in self._document.accepted.items():
            for text, accepted in texts.items():
                count = self._document.accepted_found.get((column, text), 0)
                if count != accepted.count:
                    keys = ("accepted_cells", column, text)
                    manifest = self._document.manifest_file
                    yield Finding(
                        manifest or file,
                        line_of(manifest, *keys) if manifest else None,
                        f"accepted_cells: {truncated_repr(text)} in {column}, "
                        f"{pluralize(accepted.count, 'cell')}",
                        f"{pluralize(count, 'cell')} that do not fit their column, as in the document",
                        f"look at the document, and correct the count in {FILE_NAME}, or remove the entry",
                    )

    def _not_found(self, table: Table) -> Finding:
        heads = next(one for one in self._finder.tables if one.table is table)
        names, place = self._nearest.get(table.name, ([], None))
        wanted = ", ".join(_head_of(table, column.name) for column in heads.required)
        near = ", ".join(_head_of(table, name) for name in names)
        nearest = f"; the nearest ({place}) holds {near}" if place else ""
        return Finding(
            self._document.file,
            None,
            f"no row holds {wanted}{nearest}",
            f"the header of {table.name}",
            "look at the document: correct the heads in the shape, listing both where a head is written "
            "in two ways; write optional: true for what some documents lack",
            place=place,
        )

    def _note(self, section: str, text: str) -> Note:
        self._positions[f"note {section}"] += 1
        return Note(section, self._positions[f"note {section}"], text)

    def _problem(
        self,
        row: CellRow,
        key: tuple[str, ...],
        found: str,
        expected: str,
        fix: str,
        of: str = "cell",
    ) -> None:
        self._document.problems.add(key, Problem(row.place, found, expected, fix, of))


def _records_of(
    row: Row, table: Table
) -> Iterator[tuple[dict[str, Value], dict[str, str], Period | None]]:
    """Yield the values, statuses and period of each record in a row: one for each figure of a crosstab."""
    spread = table.spread
    if not spread:
        yield row.values, row.statuses, row.period
        return
    for figure in row.figures:
        if head := figure.head:
            status = {spread.value: figure.status} if figure.status else {}
            yield (
                {**row.values, spread.into: head.label, spread.value: figure.value},
                {**row.statuses, **status},
                head.period or row.period,
            )


def _goes_on(row: Row, table: Table) -> bool:
    """Return whether a row continues the one before."""
    spread = table.spread
    return all(
        not any(figure.text for figure in row.all_figures)
        if spread and name == spread.value
        else not row.printed.get(name)
        for name in table.goes_on_where_blank
    )


def _join(row: Row, more: Row) -> None:
    """Add what a row continues to the row before it."""
    for name, text in more.printed.items():
        row.printed[name] = f"{row.printed.get(name, '')} {text}".strip()
    for figure, other in zip(row.all_figures, more.all_figures, strict=False):
        figure.text = f"{figure.text} {other.text}".strip()
    row.source_text += f"\n{more.source_text}"


def _squash(cell: str | None) -> str:
    return " ".join((cell or "").split())


def _text(row: CellRow) -> str:
    return "\t".join(cell.strip() for cell in row.cells if cell and not cell.isspace())


def _heads(cells: Iterable[str | None]) -> str:
    return truncated_repr(" | ".join("∅" if cell is None else _squash(cell) for cell in cells), 120)


def _head_of(table: Table, name: str) -> str:
    column = table.column(name)
    return column.heads[0] if column else name


def _names(table: Table) -> str:
    spread = table.spread
    total = [spread.total] if spread and spread.total else []
    return ", ".join([*(column.heads[0] for column in table.printed), *total])
