"""Read a shape: what the tables of a family of documents are, and what their columns mean.

A shape names no file and no figure, and a table is found by the heads of its columns. The model below is
the reference for `ingest/shapes/*.yml`, and the JSON Schema for editors is generated from it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from ingest.config.markers import Redactions
from ingest.config.yaml_model import IsoDate, Model, Regex, Text

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""The name of a table or a column in SQL."""
Role = Literal["key", "group", "sequence", "period", "date", "category", "text", "number", "unit"]
Status = Literal[
    "not stated", "not known", "not applicable", "nought", "suppressed", "broken in the source"
]
"""Why a cell has no value; or `nought`, which is one."""
Evidence = Literal["mentions", "wordings", "lost markers", "regime", "publisher queries"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Code(Model):
    """What a printed text stands for. `pattern` is True if the text is a regular expression."""

    status: Status
    pattern: bool = False


class Term(Model):
    """A value that a column may have. Terms are in their order of display."""

    term: Text
    meaning: Text | None = None


Codes = dict[
    str,
    Annotated[
        Code, BeforeValidator(lambda code: {"status": code} if isinstance(code, str) else code)
    ],
]
"""What each printed text stands for; the key "" is a blank."""


class Column(Model):
    """A column: how it is headed, and what its values are.

    `head` is what the document prints, or a list of what it may print; by default the name. A derived column has
    `derived_from` (`from:`), the name of another column, and `take`, an expression whose first group is the value.
    """

    name: Name
    head: Annotated[list[Text], BeforeValidator(_listed)] = Field(default_factory=list)
    role: Role
    meaning: Text | None = None
    format: Text | None = None
    fill_down: bool = False
    derived_from: Name | None = Field(default=None, alias="from")
    take: Regex | None = None
    codes: Codes = Field(default_factory=dict)
    terms: list[
        Annotated[
            Term, BeforeValidator(lambda term: {"term": term} if isinstance(term, str) else term)
        ]
    ] = Field(default_factory=list)
    optional: bool = False
    evidence: list[Evidence] = Field(default_factory=list)

    @property
    def heads(self) -> list[str]:
        """What the column may be headed with; none for a derived one."""
        return [] if self.derived_from else self.head or [self.name]


class Spread(Model):
    """A crosstab: each head that matches one of `heads` is a value of the column `into`, and each figure
    below it one record, in the column `value`. `total` is the head of the printed total of a row."""

    into: Name
    role: Literal["period", "category"]
    value: Name
    total: Text | None = None
    heads: Annotated[list[Regex], BeforeValidator(_listed)] = Field(default_factory=list)


class Table(Model):
    """A table of the documents: found by the heads of its columns, wherever it is."""

    name: Name
    kind: Literal["records", "totals", "notes"] = "records"
    meaning: Text | None = None
    one_row_is: Text | None = None
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

    def column(self, name: str) -> Column | None:
        """Return the column with this name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def has_period(self) -> bool:
        """Whether its rows belong to a period."""
        return any(column.role == "period" for column in self.columns) or bool(
            self.spread and self.spread.role == "period"
        )


class Shape(Model):
    """The shape of a family of documents."""

    family: Name
    one_row_is: Text
    year_starts: Annotated[str, StringConstraints(pattern=r"^\d\d-\d\d$")] = "04-01"
    periods: dict[Text, Annotated[list[IsoDate], Field(min_length=2, max_length=2)]] = Field(
        default_factory=dict
    )
    small_cells: Literal["show"] | Annotated[int, Field(ge=2)] | None = None
    encoding: Text | None = None
    redactions: Redactions = Field(default_factory=Redactions)
    tables: Annotated[list[Table], Field(min_length=1)]

    @property
    def records(self) -> list[Table]:
        """The tables whose rows are records, each of which is an SQL table."""
        return [table for table in self.tables if table.kind == "records"]

    def sql_name(self, table: Table) -> str:
        """Return the name of the SQL table: the family's, or the family's and the table's where
        several tables hold records."""
        return self.family if len(self.records) == 1 else f"{self.family}_{table.name}"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        # The checks of a shape as a whole: names that are used once, references that lead somewhere.
        return self
