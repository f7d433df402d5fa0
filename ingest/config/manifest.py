"""Read `disclosure.yml`: what a document does not say about itself, and what people decided about it."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from ingest.config.markers import Redactions, shared_forms
from ingest.config.yaml_model import IsoDate, Model, Text, load, replace_value
from ingest.records.audit_findings import KINDS
from ingest.records.findings import BuildError, Finding
from ingest.text.phrases import truncated_repr
from ingest.text.redaction import MarkerForms

FILE_NAME = "disclosure.yml"
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


class Manifest(Model):
    """The contents of `disclosure.yml`.

    `row_numbers` are the numbers in the rows' permanent ids, in the document's order, so that
    published ids do not change when rows are added. `accepted_differences` maps a year to its
    printed total minus the rows found, once a person has checked that there are no other rows. The
    dates are needed only if they cannot be read from the document's text. `redacted` is False for a
    document in which nothing is redacted. `redactions` adds to the forms of marker in
    `ingest/config/markers.yml`, and says what only looks like a marker.
    """

    publisher: Text
    source_url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    source_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    copy_status: Text
    rights: Text
    row_numbers: Annotated[str, AfterValidator(_checked_row_numbers)]
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
