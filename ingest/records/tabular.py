"""Records of a disclosure of any shape: what the document says, row by row, and what it totals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from ingest.records.place import Place
from ingest.text.redaction import Marker

Value = str | int | Decimal | date | None
"""A cell once it is parsed. None: its status says why there is no value."""
Scope = Literal["period", "label", "grand"]
"""What a printed total adds up: a period, the rows with a label, or the whole table."""
AS_PRINTED = "as printed"
"""The status of a cell that does not fit its column and that `disclosure.yml` accepts."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time as the document names it, both ends included. `partial` is True if it is less
    than a year."""

    label: str
    start: date
    end: date
    partial: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One row of an SQL table.

    `table` is the table's name in the shape, and `position` counts its records from 1 through the
    document; the rows of a crosstab are one for each figure. `values` has every column of the table, with
    the two that `spread` makes. A column of the role `number` is a Decimal, `sequence` an int, `date` a
    date, `period` the label of `period`, and all others text. `statuses` is by column, for cells whose
    text stands for something else: the value is None, or 0 if the status is `nought`. `status` is what a
    mark says about the row. `markers` and `lookalikes` are those of each column of the role `text`, whose
    value has every marker written `[REDACTED]`.
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
    """A total that the document prints, to be compared with the records it adds up.

    `table` is the table of the shape whose records it adds up: those that have all the values in `labels`
    (None: no value), by column, and whose period starts and ends with `period`, if there is one. The
    document may name the same period in two ways, so labels of periods are never compared. `scope` is
    `label` if there are labels, else `period` if there is a period, else `grand`. `column` is the
    number that is added; None if the total counts records. `printed` is None if the total itself is
    suppressed. `text` is what was printed.
    """

    table: str
    scope: Scope
    labels: Mapping[str, str | None]
    period: Period | None
    column: str | None
    printed: Decimal | None
    place: Place
    text: str
