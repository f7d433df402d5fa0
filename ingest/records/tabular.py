"""Records of a disclosure of any shape: what the document says, row by row, and what it totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from ingest.records.cells import Place
from ingest.text.redaction import Marker

Value = str | int | Decimal | date | None
"""A cell once it is parsed. None: its status says why there is no value."""
Scope = Literal["period", "label", "grand"]
"""What a printed total adds up: a period, the rows with a label, or the whole table."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time as the document names it. `partial` is True if it is less than a year."""

    label: str
    start: date
    end: date
    partial: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One row of an SQL table.

    `table` is the table's name in the shape, and `position` counts its rows from 1 through the document;
    the rows of a crosstab are one for each figure. `values` and `statuses` are by column. `status` is
    what a mark says about the row. `markers` and `lookalikes` are those of each text column, whose value
    has every marker written `[REDACTED]`.
    """

    table: str
    position: int
    place: Place
    source_text: str
    values: Mapping[str, Value]
    statuses: Mapping[str, str] = field(default_factory=dict)
    period: Period | None = None
    status: str | None = None
    markers: Mapping[str, tuple[Marker, ...]] = field(default_factory=dict)
    lookalikes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PrintedTotal:
    """A total that the document prints, to be compared with the rows it adds up.

    `table` is the table of the shape whose rows it adds up. `labels` are the values, by column, of the
    rows that it covers: {} for a grand total, a period for one of a period. `column` is the number
    that is added; None if it counts rows. `printed` is None if the total is suppressed.
    """

    table: str
    scope: Scope
    labels: Mapping[str, str]
    column: str | None
    printed: Decimal | None
    place: Place
    text: str
