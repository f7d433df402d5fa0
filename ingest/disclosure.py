"""The records that flow from a reader to everything after it.

They say what a document says. What this project infers from them lives in `ingest.evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

SourceFormat = Literal["text", "pdf"]
MarkerForm = Literal["[REDACTED]", "[redacted]", "█", "box"]


@dataclass(frozen=True)
class Marker:
    """One redaction marker: its form, and the half-open range of characters it takes in the text."""

    form: MarkerForm
    start: int
    end: int


@dataclass(frozen=True)
class Note:
    """A passage of the document's own words, verbatim; `position` counts from 1 in its section."""

    section: str
    position: int
    text: str


@dataclass(frozen=True)
class PublishedTotal:
    """The number of officers that the publisher printed for one year, and the line it stands on."""

    year: int
    officers: int
    line: int | None


@dataclass(frozen=True)
class Row:
    """One row of the table: one officer counted.

    `position` counts from 1 through the document; `block` and `line` (None in a PDF) are where it
    stands. A cell is None where the document leaves it blank. `source_text` is the row as it
    stands in the source.
    """

    position: int
    block: int
    line: int | None
    year: int
    under_investigation: bool
    rank: str | None
    summary: str | None
    result: str | None
    action: str | None
    sanction: str | None
    source_text: str


@dataclass(frozen=True)
class Held:
    """A kind of finding that the audit of a PDF leaves to people, and how often it was found."""

    kind: str
    count: int


@dataclass(frozen=True)
class Disclosure:
    """One document, as read. A date is None where the document's prose could not be read for it.

    `withheld_share_estimate` is, for a PDF, the characters that its boxes may stand over, by their
    width, over all characters of the summaries; for the whole document only, since one box's width
    would help to guess what is under it.
    """

    reference: str
    title: str
    document_summary: str
    security_classification: str
    publication_scheme: str | None
    creating_branch: str
    created_on: date | None
    review_on: date | None
    extracted_on: date | None
    covers_from: date | None
    covers_to: date | None
    published_total: int
    source_file: str
    source_format: SourceFormat
    source_sha256: str
    notes: tuple[Note, ...]
    totals: tuple[PublishedTotal, ...]
    rows: tuple[Row, ...]
    withheld_share_estimate: float | None = None
    held: tuple[Held, ...] = ()

    @property
    def id(self) -> str:
        """The reference with its separators written as hyphens: `01-FOI-22-026570`."""
        return "-".join(self._parts)

    def row_id(self, number: int) -> str:
        """The permanent id of the row with that number: `22-026570-0001`."""
        return "-".join((*self._parts[-2:], f"{number:04d}"))

    @property
    def _parts(self) -> list[str]:
        return self.reference.replace(".", "/").split("/")
