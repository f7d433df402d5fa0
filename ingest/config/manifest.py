"""Read `disclosure.yml`: what a document does not say about itself, and what people decided about it."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from ingest.config.caveats import Caveat
from ingest.config.markers import Redactions, shared_forms
from ingest.config.yaml_model import MARK, IsoDate, Model, Text, load, replace_value, top_level
from ingest.records.audit_findings import KINDS
from ingest.records.findings import BuildError, Finding
from ingest.text.phrases import truncated_repr
from ingest.text.redaction import MarkerForms

FILE_NAME = "disclosure.yml"
THE_ONLY_TABLE = "*"
"""In `row_numbers`: the table of records, where a shape has one."""
MAX_OFFICERS = 999_999
"""The largest accepted difference for a year: more officers than any document counts."""


def parse_row_numbers(text: str) -> list[range]:
    """Return the ranges of row numbers in a list, in the order given: `1-3, 9` is 1, 2, 3, 9.

    Raise ValueError if the list is malformed, a range is descending or a number is repeated.
    """
    ranges: list[range] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*", part)
        if not match:
            quoted = truncated_repr(part.strip())
            raise ValueError(f"numbers and ranges such as 1-409, 410, not {quoted}")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last:
            raise ValueError(f"ascending ranges that start at 1 or later, not {part.strip()}")
        ranges.append(range(first, last + 1))
    for one, other in pairwise(sorted(ranges, key=lambda one: one.start)):
        if other.start < one.stop:
            times = sum(other.start in numbers for numbers in ranges)
            raise ValueError(f"each number once, but {other.start} appears {times} times")
    return ranges


def _checked_row_numbers(text: str) -> str:
    parse_row_numbers(text)
    return text


class Withdrawal(Model):
    """A row whose text this site has withdrawn. The row still counts."""

    id: Text
    date: IsoDate
    reason: Text


class SameWording(Model):
    """The ids of rows that people judged to share a wording although their words differ, and why."""

    rows: Annotated[list[Text], Field(min_length=2)]
    reason: Text


class Decision(Model):
    """Why one kind of audit finding is acceptable, and how many findings there were."""

    kind: Annotated[str, StringConstraints(pattern="^(" + "|".join(KINDS) + ")$")]
    count: Annotated[int, Field(ge=1)]
    reason: Text


RowNumbers = Annotated[str, AfterValidator(_checked_row_numbers)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://")]


class Manifest(Model):
    """The contents of `disclosure.yml` for the Metropolitan Police's form: it names no shape.

    `row_numbers` are the numbers in the rows' permanent ids, in the document's order, so that
    published ids do not change when rows are added. `accepted_differences` maps a year to its
    printed total minus the rows found, once a person has checked that there are no other rows. The
    dates are needed only if they cannot be read from the document's text. `redacted` is False for a
    document in which nothing is redacted. `redactions` adds to the forms of marker in
    `ingest/config/markers.yml`, and says what only looks like a marker. `publication` says who decided to
    publish the document, and when (docs/publication-decision.md).
    """

    publisher: Text
    source_url: Url
    source_sha256: Sha256
    copy_status: Text
    rights: Text
    publication: Text | None = None
    row_numbers: RowNumbers
    redacted: bool = True
    redactions: Redactions = Field(default_factory=Redactions)
    accepted_differences: dict[int, Annotated[int, Field(ge=-MAX_OFFICERS, le=MAX_OFFICERS)]] = (
        Field(default_factory=dict)
    )
    withdrawn: list[Withdrawal] = Field(default_factory=list)
    same_wording: list[SameWording] = Field(default_factory=list)
    decisions: list[Decision] = Field(default_factory=list)
    created_on: IsoDate | None = None
    review_on: IsoDate | None = None
    extracted_on: IsoDate | None = None
    covers_from: IsoDate | None = None
    covers_to: IsoDate | None = None

    @property
    def forms(self) -> MarkerForms:
        """The forms of marker in the document."""
        return self.redactions.forms(shared_forms())


class AcceptedCells(Model):
    """How many cells have a text that does not fit their column, and why they are published as printed."""

    count: Annotated[int, Field(ge=1)]
    reason: Text


class AcceptedDifference(Model):
    """A printed total minus what the records add up to, and why they differ."""

    difference: Decimal
    reason: Text

    @model_validator(mode="after")
    def _differs(self) -> Self:
        if not self.difference.is_finite() or not self.difference:
            raise ValueError("a difference other than 0")
        return self


class TabularManifest(Model):
    """The contents of `disclosure.yml` for a disclosure of any shape: what its file does not say.

    `shape` is the name of a file in `ingest/shapes`, or the path of one from the folder. `file` is the
    document, in the folder. `accepted_differences` is by table, and there by the printed label of a period,
    or `grand`. `accepted_cells` is by column, and there by printed text. `supersedes` is the id of an
    earlier disclosure that this one replaces. `row_numbers` are the numbers in the records' permanent ids,
    in the document's order: by table, or one list where the shape has one table of records; by
    default they count from 1. `decisions` are about what the file hides, as in a PDF. `publication` says who
    decided to publish the document, and when (docs/publication-decision.md).
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")]
    shape: Text
    file: Annotated[str, StringConstraints(pattern=r"^[^/\\\x00.][^/\\\x00]*$")]
    source_sha256: Sha256
    publisher: Text | None = None
    title: Text | None = None
    reference: Text | None = None
    published_on: IsoDate | None = None
    source_url: Url | None = None
    rights: Text | None = None
    publication: Text | None = None
    copy_status: Text | None = None
    covers_from: IsoDate | None = None
    covers_to: IsoDate | None = None
    supersedes: Text | None = None
    redacted: bool = True
    redactions: Redactions = Field(default_factory=Redactions)
    caveats: list[Caveat] = Field(default_factory=list)
    accepted_differences: dict[Text, dict[Text, AcceptedDifference]] = Field(default_factory=dict)
    accepted_cells: dict[Text, dict[Text, AcceptedCells]] = Field(default_factory=dict)
    row_numbers: Annotated[
        dict[Text, RowNumbers] | None,
        BeforeValidator(lambda value: {THE_ONLY_TABLE: value} if isinstance(value, str) else value),
    ] = None
    withdrawn: list[Withdrawal] = Field(default_factory=list)
    same_wording: list[SameWording] = Field(default_factory=list)
    decisions: list[Decision] = Field(default_factory=list)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.covers_from and self.covers_to and self.covers_from > self.covers_to:
            raise ValueError("covers_from on the day of covers_to or before it")
        if self.supersedes == self.id:
            raise ValueError("another disclosure than itself in supersedes")
        return self

    def numbers_of(self, table: str) -> list[range] | None:
        """Return the ranges of numbers of a table's records, or None if they count from 1."""
        given = self.row_numbers or {}
        text = given.get(table) or given.get(THE_ONLY_TABLE)
        return parse_row_numbers(text) if text else None

    def forms(self, shape: Redactions) -> MarkerForms:
        """Return the forms of marker in the document: its own, those of its shape and the shared ones."""
        return self.redactions.forms(shape.forms(shared_forms()))


def names_a_shape(folder: Path) -> bool:
    """Return whether the disclosure in `folder` is one of any shape, and not in the Met's form."""
    return "shape" in top_level(folder / FILE_NAME)


def shape_named(folder: Path) -> str | None:
    """Return the shape that the manifest in `folder` names or proposes, whatever else is wrong with it."""
    return (top_level(folder / FILE_NAME).get("shape") or "").removeprefix(f"{MARK} ") or None


def load_tabular_manifest(folder: Path) -> tuple[TabularManifest | None, list[Finding]]:
    """Return the manifest of the disclosure of any shape in `folder`, or None and what is wrong with it."""
    return load(folder / FILE_NAME, TabularManifest)


def load_manifest(folder: Path) -> tuple[Manifest | None, list[Finding]]:
    """Return the manifest of the disclosure in `folder`, or None and what is wrong with it."""
    return load(folder / FILE_NAME, Manifest)


def record_copy_status(folder: Path, status: str) -> None:
    """Write `status` as the copy_status of the disclosure in `folder`, and change nothing else.

    Raise BuildError if copy_status does not appear exactly once in the file, or the file cannot be
    written.
    """
    path = folder / FILE_NAME
    try:
        changed = replace_value(path.read_text("utf-8"), "copy_status", status)
        draft = path.with_name(f".{path.name}.recording")
        draft.write_text(changed, "utf-8")
        draft.replace(path)
    except (OSError, ValueError) as error:
        found = (isinstance(error, OSError) and error.strerror) or str(error)
        fix = "run compare on the text file in its disclosure folder"
        raise BuildError([Finding(path, None, found, "one copy_status", fix)]) from error
