"""Read `disclosure.yml`: what a document does not say about itself, and what people decided about it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from ingest.config.yaml_model import IsoDate, Model, Text, load, replace_value
from ingest.records.audit_findings import KINDS
from ingest.records.findings import BuildError, Finding

FILE_NAME = "disclosure.yml"
MAX_OFFICERS = 999_999
"""More officers than any document counts."""


def parse_row_numbers(text: str) -> list[int]:
    """Return the row numbers in a list of ranges, in its order: `1-3, 9` is 1, 2, 3, 9.

    Raises ValueError where the list has another form, a range runs backwards or a number is repeated.
    """
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*", part)
        if not match:
            raise ValueError(f"numbers and ranges such as 1-409, 410, not {part.strip()!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last:
            raise ValueError(f"ranges that start at 1 or later and run upwards, not {part.strip()}")
        numbers.extend(range(first, last + 1))
    number, times = Counter(numbers).most_common(1)[0]
    if times > 1:
        raise ValueError(f"each number once, but {number} appears {times} times")
    return numbers


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
    """Why one kind of audit finding is acceptable, and how many of it were found."""

    kind: Annotated[str, StringConstraints(pattern="^(" + "|".join(KINDS) + ")$")]
    count: Annotated[int, Field(ge=1)]
    reason: Text


class Manifest(Model):
    """What `disclosure.yml` states.

    `row_numbers` are the numbers in the rows' permanent ids, in the document's order, so that a
    published id keeps its row when other rows turn up. `accepted_differences` gives, by year, the
    printed total less the rows found, where people looked and found no more. The dates are for a
    document whose prose cannot be parsed for them. `redacted` is False for a document in which
    nothing is redacted.
    """

    publisher: Text
    source_url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    source_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    copy_status: Text
    rights: Text
    row_numbers: Annotated[str, AfterValidator(_checked_row_numbers)]
    redacted: bool = True
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


def load_manifest(folder: Path) -> tuple[Manifest | None, list[Finding]]:
    """Return the manifest of the disclosure in `folder`, or None and what is wrong with it."""
    return load(folder / FILE_NAME, Manifest)


def record_copy_status(folder: Path, status: str) -> None:
    """Write `status` as the copy_status of the disclosure in `folder`, and change nothing else.

    Raises BuildError where the file has no single copy_status or cannot be written.
    """
    path = folder / FILE_NAME
    try:
        changed = replace_value(path.read_text("utf-8"), "copy_status", status)
        draft = path.with_name(f".{path.name}.recording")
        draft.write_text(changed, "utf-8")
        draft.replace(path)
    except (OSError, ValueError) as error:
        found = (isinstance(error, OSError) and error.strerror) or str(error)
        fix = "compare the text in its disclosure's folder"
        raise BuildError([Finding(path, None, found, "one copy_status", fix)]) from error
