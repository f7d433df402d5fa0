"""The SQL tables of a shape. What they are comes from the shape alone, never from the data: a later document of
the family must fit them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ingest.config.shape import Column, Evidence, Shape, Table
from ingest.text.redaction import BAR

MEASURES = {
    "visible_words": "integer",
    "redaction_count": "integer",
    "redaction_density": "real",
    "redaction_band": "text",
}
"""The columns that say how much of a text is redacted, and their types."""
SHADOWS = ("", "_data", "_idx", "_content", "_docsize", "_config")
"""What SQLite adds to the name of a full-text index for the tables in which it keeps it."""
TOKENIZE = f"porter unicode61 remove_diacritics 2 tokenchars '{BAR}'"


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class SqlTable:
    """A table of records: its shape, and the table in it."""

    shape: Shape
    table: Table

    @cached_property
    def name(self) -> str:
        """Its name in SQL."""
        return self.shape.sql_name(self.table)

    @cached_property
    def texts(self) -> list[str]:
        """Its columns of text."""
        return [column.name for column in self.table.columns if column.role == "text"]

    @cached_property
    def value(self) -> str | None:
        """The column of a crosstab's figures: what a record counts for, instead of 1."""
        return self.table.spread.value if self.table.spread else None

    @cached_property
    def unit(self) -> str | None:
        """The column that says in what unit a record's number is."""
        return next((one.name for one in self.table.columns if one.role == "unit"), None)

    @cached_property
    def labels(self) -> list[str]:
        """The columns that together say which figure of a crosstab a record is."""
        spread = [self.table.spread.into] if self.table.spread else []
        numbers = {*self.table.numbers}
        return [one.name for one in self.table.columns if one.name not in numbers] + spread

    def with_evidence(self, kind: Evidence) -> list[str]:
        """The columns of text for which the shape turns on this kind of evidence."""
        return [
            one.name
            for one in self.table.columns
            if kind in one.evidence and (one.role == "text" or kind == "mentions")
        ]

    def child(self, what: str) -> str:
        """The name of a table that belongs to this one."""
        return f"{self.name}_{what}"

    @property
    def index(self) -> str:
        """The name of its full-text index."""
        return self.child("fts")

    def measure(self, text: str, what: str) -> str:
        """The name of a column that says how much of a text is redacted."""
        return what if len(self.texts) == 1 else f"{text}_{what}"

    def column(self, name: str) -> Column | None:
        """The shape's column with this name; None for the two columns that a crosstab adds."""
        return self.table.column(name)

    @cached_property
    def columns(self) -> dict[str, str]:
        """Its columns, each with its definition in SQL."""
        return dict(self.definitions())

    def definitions(self) -> Iterator[tuple[str, str]]:
        """Yield the name and definition of each column. Where two have the same name, `names` of a check
        will say so."""
        yield "id", "text primary key not null"
        yield "disclosure_id", "text not null references disclosures (id)"
        yield "position", "integer not null"
        yield "place", "text not null"
        yield "status", "text"
        yield "source_text", "text check (source_text is not null or withdrawn_on is not null)"
        for name in self.table.names:
            yield name, self._definition(name)
            if self.table.has_status(name):
                yield f"{name}_status", "text"
        yield "period_from", "text"
        yield "period_to", "text"
        yield "period_partial", "integer check (period_partial in (0, 1))"
        for text in self.texts:
            for what, kind in MEASURES.items():
                yield self.measure(text, what), kind
        yield "withdrawn_on", "text"
        yield "withdrawn_reason", "text"

    def _definition(self, name: str) -> str:
        """Return the type of a column of the shape, and what explains that it has no value."""
        column = self.column(name)
        kind = "text"
        if name in self.table.numbers:
            kind = "numeric"
        elif column and column.role == "sequence":
            kind = "integer"
        reasons = [f"{name}_status"] if self.table.has_status(name) else []
        reasons += ["withdrawn_on"] if name in self.texts else []
        if not reasons:
            return f"{kind} not null"
        stated = [f"{quoted(one)} is not null" for one in (name, *reasons)]
        return f"{kind} check ({' or '.join(stated)})"

    def create(self) -> Iterator[str]:
        """Yield the SQL that makes the table and those that belong to it."""
        record = f"record_id text not null references {quoted(self.name)} (id) on update cascade"
        column = "column_name text not null, "
        definitions = [f"{quoted(name)} {text}" for name, text in self.columns.items()]
        yield _table(self.name, *definitions, "unique (disclosure_id, position)")
        if self.texts:
            yield _table(
                self.child("redactions"),
                f"{record}, {column}position integer not null, form text not null, exemption text",
                "primary key (record_id, column_name, position)",
            )
            # Datasette finds an index by the words content="…". Here they are a comment: the index has a text
            # of its own, with a bar for each marker, and SQLite must not look for it in the table.
            texts = ", ".join(map(quoted, self.texts))
            yield (
                f'create virtual table {quoted(self.index)} using fts5 /* content="{self.name}" */'
                f' ({texts}, tokenize = "{TOKENIZE}")'
            )
        if self.with_evidence("mentions"):
            yield _table(
                self.child("mentions"),
                f"{record}, mention text not null, kind text not null",
                "primary key (record_id, mention)",
            )
        if self.with_evidence("lost markers"):
            yield _table(
                self.child("source_blocks"),
                f"disclosure_id text not null references disclosures (id), {column}block text not null",
                "records integer not null, summaries integer not null, marked integer not null",
                "markers integer not null, chance real",
                "markers_lost integer not null check (markers_lost in (0, 1))",
                "primary key (disclosure_id, column_name, block)",
            )

    def indexes(self) -> Iterator[tuple[str, ...]]:
        """Yield the columns of each index."""
        yield "disclosure_id", "period_from"
        for name in self.table.names:
            column = self.column(name)
            if name in self.table.categories or (column and column.role in ("group", "unit")):
                yield (name,)
        if self.table.period_column:
            yield (self.table.period_column,)

    @property
    def made(self) -> list[str]:
        """The names of all that it makes in the database."""
        made = [self.name]
        if self.texts:
            made += [self.child("redactions"), *(self.index + shadow for shadow in SHADOWS)]
        made += [self.child("mentions")] if self.with_evidence("mentions") else []
        made += [self.child("source_blocks")] if self.with_evidence("lost markers") else []
        return made


def sql_tables(shape: Shape) -> list[SqlTable]:
    """Return the SQL tables of a shape."""
    return [SqlTable(shape, table) for table in shape.records]


def _table(name: str, *parts: str) -> str:
    return f"create table {quoted(name)} (\n    " + ",\n    ".join(parts) + "\n)"
