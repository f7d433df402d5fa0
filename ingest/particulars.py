"""`disclosure.yml`: what a document does not say of itself, and what people decided about it."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from ingest.findings import Finding, Refused
from ingest.pdf.audited import KINDS
from ingest.yaml_file import Model, Text, load

FILE_NAME = "disclosure.yml"
MOST = 999_999
"""More officers than any document counts."""


def row_numbers(text: str) -> list[int]:
    """The row numbers that a list of ranges names, in its order: `1-3, 9` is 1, 2, 3, 9.

    Raises ValueError where the list is not of that form, runs backwards or names a number twice.
    """
    numbers: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*", part)
        if not match:
            raise ValueError(f"numbers and ranges such as 1-409, 410, and not {part.strip()!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last:
            raise ValueError(f"ranges that start at 1 or later and run upwards, not {part.strip()}")
        numbers.extend(range(first, last + 1))
    number, times = Counter(numbers).most_common(1)[0]
    if times > 1:
        raise ValueError(f"each number once, and {number} stands {times} times")
    return numbers


def _checked_numbers(text: str) -> str:
    row_numbers(text)
    return text


def _as_text(numbers: object) -> object:
    """A single number, which YAML takes for one."""
    return str(numbers) if type(numbers) is int else numbers


class Withheld(Model):
    """A row whose words this site has withdrawn. The row still counts."""

    id: Text
    date: datetime.date
    reason: Text


class SameWording(Model):
    """Rows, by id, that people took to share a wording though their words are not equal, and why."""

    rows: Annotated[list[Text], Field(min_length=2)]
    reason: Text


class Decision(Model):
    """That a finding of a PDF's audit, so many times found, may stand, and why."""

    finding: Annotated[str, StringConstraints(pattern="^(" + "|".join(KINDS) + ")$")]
    count: Annotated[int, Field(ge=1)]
    reason: Text


class Particulars(Model):
    """What `disclosure.yml` states.

    `numbers` are the numbers in the rows' permanent ids, in the document's order, so that an id
    once published keeps its row when others turn up between. `accepted_differences` are, by year,
    the printed total less the rows found, where people looked and could not find more. The dates
    are for a document whose prose cannot be read for them. `redacted` is False for a document that
    by its publisher's word carries no redaction.
    """

    publisher: Text
    source_url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    source_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    copy_status: Text
    rights: Text
    numbers: Annotated[str, BeforeValidator(_as_text), AfterValidator(_checked_numbers)]
    redacted: bool = True
    accepted_differences: dict[int, Annotated[int, Field(ge=-MOST, le=MOST)]] = Field(
        default_factory=dict
    )
    withheld: list[Withheld] = Field(default_factory=list)
    same_wording: list[SameWording] = Field(default_factory=list)
    decisions: list[Decision] = Field(default_factory=list)
    created_on: datetime.date | None = None
    review_on: datetime.date | None = None
    extracted_on: datetime.date | None = None
    covers_from: datetime.date | None = None
    covers_to: datetime.date | None = None


def read_particulars(folder: Path) -> tuple[Particulars | None, list[Finding]]:
    """The particulars of the disclosure in `folder`, or None and what is wrong with them."""
    return load(folder / FILE_NAME, Particulars)


def record_status(folder: Path, status: str) -> None:
    """Write `status` as the copy_status of the disclosure in `folder`, and change nothing else.

    Raises Refused where there is no such line to change.
    """
    path = folder / FILE_NAME
    line = yaml.safe_dump({"copy_status": status}, allow_unicode=True, width=1_000)
    try:
        before = path.read_text("utf-8")
        after, times = re.subn(r"(?m)^copy_status: .*\n(?:[ \t]+.*\n)*", lambda _: line, before)
        if times != 1:
            raise ValueError(f"copy_status {times} times")
        making = path.with_name(f".{path.name}.recording")
        making.write_text(after, "utf-8")
        making.replace(path)
    except (OSError, ValueError) as error:
        found = (isinstance(error, OSError) and error.strerror) or str(error)
        remedy = "compare the text in its disclosure's folder"
        raise Refused([Finding(path, None, found, "one line copy_status", remedy)]) from error
