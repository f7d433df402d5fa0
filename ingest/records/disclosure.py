"""A disclosure as read: what the document says, and nothing that this project infers from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.text.redaction import Marker

SourceFormat = Literal["text", "pdf", "csv", "excel"]

DATES = ("created_on", "review_on", "extracted_on", "covers_from", "covers_to")
"""The names of the dates that a document, or failing that its `disclosure.yml`, gives."""


@dataclass(frozen=True)
class Note:
    """A passage in the document's own words, verbatim. `position` counts from 1 in its section."""

    section: str
    position: int
    text: str


@dataclass(frozen=True)
class PublishedTotal:
    """The number of officers that the publisher printed for a year, and the line it is printed on."""

    year: int
    officers: int
    line: int | None


@dataclass(frozen=True)
class Row:
    """A row of the table: one officer counted.

    `position` counts from 1 through the document. `block` and `line` say where the row is: in a text,
    its block of rows and its line; in a PDF, its page and None. A cell is None where the document
    leaves it blank. `source_text` is the row as it appears in the source.

    In a disclosure's folder every marker in `summary` is written `[REDACTED]`; `markers` has them as
    they were written, and `lookalikes` what looks like a marker and has no known form.
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
    markers: tuple[Marker, ...] = ()
    lookalikes: tuple[str, ...] = ()


NumberedRow = tuple[str, Row]
"""A row and its permanent id, id first."""


@dataclass(frozen=True)
class PendingDecision:
    """A kind of audit finding that a person must decide on, and how often it was found."""

    kind: str
    count: int


@dataclass(frozen=True)
class Disclosure:
    """A document, as read. A date is None if it could not be read from the document's text.

    `withheld_share_estimate` is, for a PDF, the share (0 to 1) of the summaries' characters that its
    boxes may cover, judged by their width. It is kept for the document as a whole only, because the
    width of a single box would help to guess what it covers.
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
    pending: tuple[PendingDecision, ...] = ()

    @property
    def id(self) -> str:
        """The reference with hyphens as separators: `01-FOI-22-026570`."""
        return "-".join(self._parts)

    def row_id(self, number: int) -> str:
        """Return the permanent id of row `number`, such as `22-026570-0001`."""
        return "-".join((*self._parts[-2:], f"{number:04d}"))

    @property
    def _parts(self) -> list[str]:
        return self.reference.replace(".", "/").split("/")
