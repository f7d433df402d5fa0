"""Read a shape: what the tables of a family of documents are, and what their columns mean.

A shape names no file and no figure, and a table is found by the heads of its columns. The models below are
the reference for `ingest/shapes/NAME.yml`, and the JSON Schema for editors is generated from them:
`python -m ingest.config.shape` writes it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from ingest.config.caveats import Caveat
from ingest.config.markers import Redactions
from ingest.config.yaml_model import IsoDate, Loading, Model, Regex, Text, load, nearest, visible
from ingest.records.findings import Finding
from ingest.text.phrases import Noun, noun, truncated_repr

SHAPES = Path(__file__).parents[1] / "shapes"
"""The folder with a YAML file for each family of documents."""
SCHEMA = SHAPES / "schema.json"
"""The JSON Schema with which an editor checks a shape while it is written."""

RESERVED = frozenset(
    (
        *("id", "disclosure_id", "position", "place", "status", "source_text", "rowid"),
        *("period_from", "period_to", "period_partial", "withdrawn_on", "withdrawn_reason"),
        *("visible_words", "redaction_count", "redaction_density", "redaction_band"),
    )
)
"""Columns that every table has, or may have."""

Role = Literal["key", "group", "sequence", "period", "date", "category", "text", "number", "unit"]
Status = Literal[
    "not stated", "not known", "not applicable", "nought", "suppressed", "broken in the source"
]
"""Why a cell has no value; or `nought`, which is one."""
NOUGHT: Status = "nought"
ABSENT: Status = "not stated"
"""The status in a column that a document lacks."""
Evidence = Literal["mentions", "wordings", "lost markers", "regime", "publisher queries"]

_MAY_NOT_FIT = ("date", "number", "period")
"""Roles whose cells a disclosure may accept as printed, without a value."""
_EXAMPLE = date(2019, 11, 23)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _under(key: str) -> Callable[[object], object]:
    """Return a function that makes a text the mapping {key: text}."""
    return lambda value: {key: value} if isinstance(value, str) else value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""The name of a table or a column in SQL."""
Head = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(visible)]
"""The head of a column: blank in the corner of some crosstabs."""
Heads = Annotated[list[Head], BeforeValidator(_listed, json_schema_input_type=Head | list[Head])]
Patterns = Annotated[
    list[Regex], BeforeValidator(_listed, json_schema_input_type=Regex | list[Regex])
]


class Code(Model):
    """What a printed text stands for. `pattern` is True if the text is a regular expression, which the
    whole text must match."""

    status: Status
    pattern: bool = False


class Term(Model):
    """A value that a column may have. Terms are in their order of display."""

    term: Text
    meaning: Text | None = None


class TermList(Model):
    """A file of terms."""

    terms: list[
        Annotated[Term, BeforeValidator(_under("term"), json_schema_input_type=Text | Term)]
    ]


Codes = Annotated[
    dict[
        str,
        Annotated[Code, BeforeValidator(_under("status"), json_schema_input_type=Status | Code)],
    ],
    Field(max_length=1_000),
]
"""What each printed text stands for; the key "" is a blank."""


def _read_terms(value: object, info: ValidationInfo) -> object:
    """Replace the name of a file beside the shape by the terms in it."""
    if not isinstance(value, str):
        return value
    if not isinstance(info.context, Loading) or Path(value).name != value:
        raise ValueError("a list, or the name of a file beside the shape")
    terms, findings = load(info.context.path.with_name(value), TermList)
    if terms is None:
        raise ValueError(f"a file of terms; {value} is not: {findings[0].found}")
    return [term.model_dump() for term in terms.terms]


class Column(Model):
    """A column: how it is headed, and what its values are.

    `head` is what the document prints, or a list of what it may print; by default the name. `take` is an
    expression whose first group is the part of the text that counts. A derived column has `from`, the name
    of another column: its text, or of a date the year in which it lies. `phrase` ends a question about it:
    "are there for each crime type", by default, after "How many crimes".
    """

    name: Name
    head: Heads = Field(default_factory=list)
    role: Role
    meaning: Text | None = None
    phrase: Text | None = None
    format: Text | None = None
    fill_down: bool = False
    derived_from: Name | None = Field(default=None, alias="from")
    take: Regex | None = None
    codes: Codes = Field(default_factory=dict)
    terms: Annotated[
        list[Annotated[Term, BeforeValidator(_under("term"), json_schema_input_type=Text | Term)]],
        BeforeValidator(_read_terms, json_schema_input_type=Text | list[Text | Term]),
    ] = Field(default_factory=list)
    optional: bool = False
    evidence: list[Evidence] = Field(default_factory=list)

    @property
    def heads(self) -> list[str]:
        """What the column may be headed with; none for a derived one."""
        return [] if self.derived_from else self.head or [self.name]

    @model_validator(mode="after")
    def _fits_its_role(self) -> Self:
        _name_is_free(self.name)
        _codes_compile(self.codes)
        if self.format and self.role != "date":
            raise ValueError("a format only where the role is date")
        if self.format and not _reads_back(self.format):
            raise ValueError("a format with day, month and year, such as %d/%m/%Y")
        if self.take and re.compile(self.take).groups != 1:
            raise ValueError("one group in take, which is the value")
        if self.terms and self.role not in ("category", "unit"):
            raise ValueError("terms only where the role is category or unit")
        _once((term.term for term in self.terms), "term")
        if self.evidence and self.role not in ("text", "category"):
            raise ValueError("evidence only where the role is text or category")
        if self.derived_from and (self.head or self.fill_down or self.codes or self.optional):
            raise ValueError("a derived column without head, fill_down, codes and optional")
        if self.derived_from and self.role in ("key", "sequence", "text"):
            raise ValueError("a derived column of another role than key, sequence and text")
        if (self.optional or self.codes) and self.role in ("key", "sequence"):
            raise ValueError(f"a {self.role} in every row, so neither optional nor with codes")
        if self.role != "number" and any(code.status == NOUGHT for code in self.codes.values()):
            raise ValueError(f"{NOUGHT} only where the role is number")
        return self


class Spread(Model):
    """A crosstab: each head that matches one of `heads` is a value of the column `into`, and each figure
    below it one record, in the column `value`.

    The first group of the pattern that matches is the label, or the whole head. Without `heads`, each
    head that is not the head of a column counts, and where the role is period must be one. `total` is
    the head of the printed total of a row, and `codes` say what a figure may be other than a number.
    """

    into: Name
    role: Literal["period", "category"] = "period"
    value: Name
    total: Text | None = None
    heads: Patterns = Field(default_factory=list)
    codes: Codes = Field(default_factory=dict)
    into_meaning: Text | None = None
    into_phrase: Text | None = None
    value_meaning: Text | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _name_is_free(self.into)
        _name_is_free(self.value)
        _codes_compile(self.codes)
        if any(re.compile(head).groups > 1 for head in self.heads):
            raise ValueError("at most one group in each of heads, which is the label")
        return self


class Table(Model):
    """A table of the documents: found by the heads of its columns, wherever it is."""

    name: Name
    kind: Literal["records", "totals", "notes"] = "records"
    title: Text | None = None
    meaning: Text | None = None
    one_row_is: Text | None = None
    plural: Text | None = None
    article: Text | None = None
    columns: Annotated[list[Column], Field(min_length=1)]
    sheet: Text | None = None
    header_rows: Annotated[int, Field(ge=1, le=5)] = 1
    spread: Spread | None = None
    adds_up_to: Name | None = None
    totals: Regex | None = None
    goes_on_where_blank: list[Name] = Field(default_factory=list)
    marks: dict[Name, dict[Text, Text]] = Field(default_factory=dict)
    until: Regex | None = None
    ignore_others: bool = False
    optional: bool = False

    def column(self, name: str) -> Column | None:
        """Return the column with this name."""
        return next((column for column in self.columns if column.name == name), None)

    @cached_property
    def printed(self) -> list[Column]:
        """The columns that the document prints, with a head each."""
        return [column for column in self.columns if not column.derived_from]

    @cached_property
    def period_column(self) -> str | None:
        """The name of the column with the period that a row belongs to."""
        if self.spread and self.spread.role == "period":
            return self.spread.into
        return next((column.name for column in self.columns if column.role == "period"), None)

    @property
    def has_period(self) -> bool:
        """Whether its rows belong to a period."""
        return self.period_column is not None

    @cached_property
    def numbers(self) -> list[str]:
        """The names of the columns with numbers."""
        spread = [self.spread.value] if self.spread else []
        return spread + [column.name for column in self.columns if column.role == "number"]

    @cached_property
    def categories(self) -> list[str]:
        """The names of the columns with categories."""
        spread = [self.spread.into] if self.spread and self.spread.role == "category" else []
        return spread + [column.name for column in self.columns if column.role == "category"]

    @cached_property
    def names(self) -> list[str]:
        """The names of all columns, in the shape's order, the two of a crosstab last."""
        spread = [self.spread.into, self.spread.value] if self.spread else []
        return [*(column.name for column in self.columns), *spread]

    def has_status(self, name: str) -> bool:
        """Return whether cells of this column may have a status: it lists codes, may be missing or
        blank beside a mark, may hold a cell that is accepted as printed, or derives from such a column."""
        if self.spread and name in (self.spread.into, self.spread.value):
            return name == self.spread.value
        column = self.column(name)
        if column is None or column.role in ("key", "sequence"):
            return False
        if column.derived_from:
            return self.has_status(column.derived_from)
        return bool(
            column.codes
            or column.optional
            or column.role in _MAY_NOT_FIT
            or (self.marks and name not in self.marks)
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _once(self.names, "name")
        heads = [fold(head) for column in self.columns for head in column.heads]
        _once(
            heads + ([fold(self.spread.total)] if self.spread and self.spread.total else []), "head"
        )
        for role in ("key", "sequence", "unit"):
            if sum(column.role == role for column in self.columns) > 1:
                raise ValueError(f"at most one column with the role {role}")
        periods = sum(column.role == "period" for column in self.columns)
        if periods + bool(self.spread and self.spread.role == "period") > 1:
            raise ValueError("at most one period, or it is not clear which is the year")
        needed = [column for column in self.printed if not column.optional and any(column.heads)]
        if not needed and not self.spread:
            raise ValueError(
                "a column with a head that is not optional, by which the table is found"
            )
        self._check_references()
        self._check_kind()
        return self

    def _check_references(self) -> None:
        printed = [column.name for column in self.printed]
        for column in self.columns:
            if column.derived_from:
                _leads_somewhere("from", column.derived_from, printed)
                source = self.column(column.derived_from)
                if column.role == "period" and not column.take and source and source.role != "date":
                    raise ValueError(f"a date, or take, where the period {column.name} is from")
        for name in self.marks:
            _leads_somewhere("marks", name, printed)
        spread = [self.spread.value] if self.spread else []
        for name in self.goes_on_where_blank:
            _leads_somewhere("goes_on_where_blank", name, printed + spread)
        if len(self.goes_on_where_blank) == len(printed + spread):
            raise ValueError("a column that is not in goes_on_where_blank")

    def _check_kind(self) -> None:
        if self.spread and any(column.role == "number" for column in self.columns):
            raise ValueError("no number beside spread, which makes a record of each figure")
        if self.spread and any(column.role in ("key", "sequence") for column in self.columns):
            raise ValueError(
                "no key or sequence beside spread, which makes a record of each figure"
            )
        if self.kind == "totals" and not self.numbers:
            raise ValueError("a number in a table of totals")
        if self.kind == "totals" and self.adds_up_to:
            raise ValueError(
                "adds_up_to in the table whose records are added up, not in the totals"
            )
        if self.kind == "notes" and (self.spread or self.adds_up_to):
            raise ValueError("no spread or adds_up_to in a table of notes")


class Shape(Model):
    """The shape of a family of documents."""

    family: Name
    one_row_is: Text
    plural: Text | None = None
    article: Text | None = None
    year_starts: Annotated[str, StringConstraints(pattern=r"^\d\d-\d\d$")] = "04-01"
    periods: dict[Text, Annotated[list[IsoDate], Field(min_length=2, max_length=2)]] = Field(
        default_factory=dict
    )
    small_cells: Literal["show"] | Annotated[int, Field(ge=2)] | None = None
    encoding: Text | None = None
    redactions: Redactions = Field(default_factory=Redactions)
    caveats: list[Caveat] = Field(default_factory=list)
    tables: Annotated[list[Table], Field(min_length=1)]

    @property
    def records(self) -> list[Table]:
        """The tables whose rows are records, each of which is an SQL table."""
        return [table for table in self.tables if table.kind == "records"]

    def table(self, name: str) -> Table | None:
        """Return the table with this name."""
        return next((table for table in self.tables if table.name == name), None)

    def sql_name(self, table: Table) -> str:
        """Return the name of the SQL table: the family's, or the family's and the table's where
        several tables hold records."""
        return self.family if len(self.records) == 1 else f"{self.family}_{table.name}"

    def noun(self, table: Table) -> Noun:
        """Return what one row of a table is."""
        own = table if table.one_row_is else self
        return noun(own.one_row_is or self.one_row_is, own.plural, own.article)

    def added_up_by(self, totals: Table) -> list[Table]:
        """Return the tables of records whose printed totals the table `totals` holds."""
        return [table for table in self.records if table.adds_up_to == totals.name]

    def total_column(self, totals: Table, number: str, table: Table) -> str | None:
        """Return the column of `table` that a number in `totals` adds up: that of the same name, or
        the figures of a crosstab; None if it counts the records."""
        if number in table.numbers:
            return number
        return table.spread.value if table.spread else None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _once((table.name for table in self.tables), "name of a table")
        if not self.records:
            raise ValueError("a table of records")
        try:
            date.fromisoformat(f"2001-{self.year_starts}")
        except ValueError:
            raise ValueError("year_starts as MM-DD, a day of every year") from None
        for label, (start, end) in self.periods.items():
            if start > end:
                raise ValueError(f"the period {label} from a day to the same or a later one")
        if self.encoding:
            _check_encoding(self.encoding)
        if self.small_cells is None and any(len(table.categories) > 1 for table in self.records):
            raise ValueError(
                "small_cells, because a table has two categories: show, or a number below which a "
                "cross-table says only that there are fewer"
            )
        self._check_totals()
        self._check_heads()
        self.check_caveats(self.caveats)
        return self

    def check_caveats(self, caveats: Sequence[Caveat]) -> None:
        """Raise ValueError if two caveats have one id, or one applies to what is no table or column."""
        _once((caveat.id for caveat in caveats), "id of a caveat")
        names = [table.name for table in self.records]
        names += [name for table in self.records for name in table.names]
        for caveat in caveats:
            for name in caveat.applies_to:
                _leads_somewhere(
                    f"applies_to of the caveat {caveat.id}", name, [*dict.fromkeys(names)]
                )

    def _check_totals(self) -> None:
        names = [table.name for table in self.tables if table.kind != "notes"]
        for table in self.tables:
            if table.adds_up_to:
                _leads_somewhere("adds_up_to", table.adds_up_to, names)
                if table.adds_up_to == table.name:
                    raise ValueError(f"another table than {table.name} itself in its adds_up_to")
        for totals in self.tables:
            if totals.kind != "totals":
                continue
            if not self.added_up_by(totals):
                raise ValueError(f"a table with adds_up_to: {totals.name}, or no such totals")
            for table in self.added_up_by(totals):
                for name in totals.names:
                    if name in totals.numbers or name == totals.period_column:
                        continue
                    _leads_somewhere(
                        f"a label of {totals.name}, in {table.name},", name, table.names
                    )
                if totals.period_column and not table.period_column:
                    raise ValueError(f"a period in {table.name}, which adds up to periods")
                counted = [
                    number
                    for number in totals.numbers
                    if self.total_column(totals, number, table) is None
                ]
                if len(counted) > 1:
                    raise ValueError(
                        f"numbers of {table.name} named as in {totals.name}, or one that counts rows"
                    )

    def _check_heads(self) -> None:
        """Refuse two tables that every header of one of them matches."""
        seen: dict[tuple[object, ...], str] = {}
        for table in self.tables:
            heads = frozenset(
                frozenset(map(fold, column.heads))
                for column in table.printed
                if not column.optional
            )
            spread = table.spread and (
                tuple(table.spread.heads),
                fold(table.spread.total or ""),
                table.spread.role,
            )
            key = (heads, spread, table.sheet and fold(table.sheet))
            if key in seen:
                raise ValueError(
                    f"other heads or another sheet for {table.name} than for {seen[key]}: two tables "
                    "match one header"
                )
            seen[key] = table.name


def fold(text: str) -> str:
    """Return a head or a label without what does not tell it from others: case, and how white space,
    no-break spaces included, is written."""
    return " ".join(text.split()).casefold()


def load_shape(name: str, folder: Path) -> tuple[Shape | None, list[Finding]]:
    """Return the shape that `disclosure.yml` in `folder` names, or None and what is wrong with it.

    A name that ends in `.yml` is a file, by its path from the folder; any other is one of `SHAPES`.
    """
    path = shape_file(name, folder)
    if name.endswith(".yml"):
        return load(path, Shape)
    known = sorted(path.stem for path in SHAPES.glob("*.yml"))
    if name not in known:
        near = nearest(name, known)
        return None, [
            Finding(
                folder,
                None,
                f"the shape {truncated_repr(name)}",
                f"{near}, or another of " * bool(near)
                + (", ".join(known) or "a file, as NAME.yml"),
                f"correct the name, or describe the documents in {SHAPES.name}/NAME.yml",
            )
        ]
    return load(path, Shape)


def shape_file(name: str, folder: Path) -> Path:
    """Return the path of the shape that `disclosure.yml` in `folder` names."""
    return folder / name if name.endswith(".yml") else SHAPES / f"{name}.yml"


def families_once(shapes: Iterable[tuple[Path, Shape]]) -> Iterator[Finding]:
    """Yield a finding for each name of an SQL table that two different shapes would make."""
    taken: dict[str, Path] = {}
    for path, shape in shapes:
        for table in shape.records:
            other = taken.setdefault(shape.sql_name(table), path)
            if other != path:
                yield Finding(
                    path,
                    None,
                    f"the table {shape.sql_name(table)}, as in {other}",
                    "a table of one shape only",
                    "give one of the two shapes another family",
                )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a shape."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Shape.model_json_schema(by_alias=True, mode="validation"),
    }


def write_schema(path: Path = SCHEMA) -> None:
    """Write the JSON Schema of a shape."""
    path.write_text(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _once(names: Iterable[str], what: str) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise ValueError(f"each {what} once, but {name!r} appears {times} times")


def _name_is_free(name: str) -> None:
    if name in RESERVED or name.endswith("_status"):
        raise ValueError(f"another name than {name}, which is a column of every table")


def _leads_somewhere(key: str, name: str, names: list[str]) -> None:
    if name not in names:
        near = nearest(name, names)
        meant = f"{near}, or another of " if near else ""
        raise ValueError(f"{key} that names one of: {meant}{', '.join(names)}; not {name}")


def _codes_compile(codes: dict[str, Code]) -> None:
    for text, code in codes.items():
        try:
            re.compile(text if code.pattern else "")
        except re.error as error:
            raise ValueError(f"a regular expression in codes: {error}") from error


def _check_encoding(name: str) -> None:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(f"an encoding that Python knows, such as cp1252, not {name}") from None


def _reads_back(format: str) -> bool:
    try:
        return datetime.strptime(_EXAMPLE.strftime(format), format).date() == _EXAMPLE
    except ValueError:
        return False


if __name__ == "__main__":
    write_schema()
