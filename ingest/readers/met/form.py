"""Interpret the Metropolitan Police's form, in any file format: fields, totals, rows, disclosure.

A reader finds the parts in its document and passes them on; this module says what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from ingest.records.disclosure import Disclosure, Note, PublishedTotal, Row, SourceFormat
from ingest.records.findings import Finding
from ingest.text.phrases import truncated_repr

COLUMNS = ("Year", "Rank", "Summary", "Result", "Action", "Sanction")
FIELDS = {
    "Government Security Classification": "security_classification",
    "Suitable For Publication Scheme": "publication_scheme",
    "Reference Number": "reference",
    "Document Summary": "document_summary",
    "Creating Directorate / Branch": "creating_branch",
    "Date Created": "created_on",
    "Review Date": "review_on",
}
"""Names of the fields in a disclosure, by their published labels."""
MAY_BE_BLANK = {"publication_scheme"}
TABLES = "Table(s)"
REQUEST = re.compile(r"Question \d+")
"""The heading of a request that the document answers."""

_REFERENCE = re.compile(r"\w+(?:[/.]\w+)+")
_YEAR_CELL = re.compile(r"(\*?) ?([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")
_NUMBER = re.compile(r"[0-9]{1,6}")
_DATE = r"(\d{1,2})(?:st|nd|rd|th) of ([A-Z][a-z]+) (\d{4})"
_EXTRACTED = re.compile(rf"extracted .*?on the {_DATE}")
_COVERS = re.compile(rf"from the {_DATE} to the {_DATE}")

Passage = tuple[str, str]
"""The heading of a section, and a passage of its text."""


@dataclass
class MetForm:
    """The parts of one document, collected as they are read, and the findings about it.

    A place is a page if the document is `paged`, else a line. Both count from 1.
    """

    path: Path
    findings: list[Finding]
    paged: bool = False
    title: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    totals: list[PublishedTotal] = field(default_factory=list)
    total: int | None = None

    def report(self, place: int | None, found: str, expected: str, fix: str) -> None:
        """Add a finding."""
        line, page = (None, place) if self.paged else (place, None)
        self.findings.append(Finding(self.path, line, found, expected, fix, page))

    def set_field(self, place: int, label: str, value: str) -> bool:
        """Set a field by its published label. Return False if there is no such field, or it is
        already set."""
        name = FIELDS.get(label)
        if not name or name in self.fields:
            return False
        self.fields[name] = value
        if not value and name not in MAY_BE_BLANK:
            self.report(place, f"{label}, left blank", "a value", "check the document")
        elif name == "reference" and not _REFERENCE.fullmatch(value):
            self.report(
                place,
                truncated_repr(value),
                "a reference such as 01/FOI/22/026570",
                "check the document",
            )
        return True

    def report_missing(self, title_form: str, field_form: str, fix: str) -> None:
        """Report the title and each field that is missing.

        `title_form` describes what a title looks like; `field_form` what follows a field's label; `fix` how
        to restore either in a document of this format.
        """
        if self.title is None:
            self.report(None, "no title", title_form, fix)
        for label, name in FIELDS.items():
            if name not in self.fields:
                self.report(None, f"no {label}", f"{label}{field_form}", fix)

    def set_totals(self, place: int | None, heads: Sequence[str], figures: Sequence[str]) -> None:
        """Set the published totals from the column headings, which are years and TOTAL, and the
        figure below each."""
        *years, last = heads or ("",)
        if (
            last != "TOTAL"
            or len(heads) != len(figures)
            or not all(_YEAR.fullmatch(year) for year in years)
            or not all(_NUMBER.fullmatch(figure) for figure in figures)
        ):
            self.report(
                place,
                f"{truncated_repr(' | '.join(heads))} over {truncated_repr(' | '.join(figures))}",
                "a row of years ending in TOTAL, and below it a number for each",
                "check the document's table of totals",
            )
            return
        *officers, self.total = map(int, figures)
        line = None if self.paged else place
        self.totals = [
            PublishedTotal(int(year), count, line)
            for year, count in zip(years, officers, strict=True)
        ]

    def row(
        self, place: int, cells: Sequence[str], source_text: str, position: int, block: int
    ) -> Row | None:
        """Return the row made of these six cells. If its year is invalid, report a finding and
        return None."""
        year = _YEAR_CELL.fullmatch(cells[0])
        if not year:
            self.report(
                place,
                f"year {truncated_repr(cells[0])}",
                "a year such as 2019 or *2019",
                "check the document",
            )
            return None
        rank, summary, result, action, sanction = (cell or None for cell in cells[1:])
        return Row(
            position=position,
            block=block,
            line=None if self.paged else place,
            year=int(year[2]),
            under_investigation=bool(year[1]),
            rank=rank,
            summary=summary,
            result=result,
            action=action,
            sanction=sanction,
            source_text=source_text,
        )

    def disclosure(
        self,
        passages: Sequence[Passage],
        rows: Sequence[Row],
        source_format: SourceFormat,
        source_sha256: str,
    ) -> Disclosure | None:
        """Return the disclosure, or None if its title, total or a field is missing."""
        if self.title is None or self.total is None or set(self.fields) != set(FIELDS.values()):
            return None
        notes = _notes(passages)
        extracted = _date_in(notes, "System", _EXTRACTED)
        covers = _date_in(notes, "Date Range", _COVERS)
        return Disclosure(
            reference=self.fields["reference"],
            title=self.title,
            document_summary=self.fields["document_summary"],
            security_classification=self.fields["security_classification"],
            publication_scheme=self.fields["publication_scheme"] or None,
            creating_branch=self.fields["creating_branch"],
            created_on=_slashed_date(self.fields["created_on"]),
            review_on=_slashed_date(self.fields["review_on"]),
            extracted_on=extracted[0] if extracted else None,
            covers_from=covers[0] if covers else None,
            covers_to=covers[1] if covers else None,
            published_total=self.total,
            source_file=f"{self.path.parent.name}/{self.path.name}",
            source_format=source_format,
            source_sha256=source_sha256,
            notes=tuple(notes),
            totals=tuple(self.totals),
            rows=tuple(rows),
        )


def _notes(passages: Sequence[Passage]) -> list[Note]:
    """Return the passages as notes, numbered from 1 in each section."""
    counts: dict[str, int] = {}
    notes = []
    for section, text in passages:
        counts[section] = counts.get(section, 0) + 1
        notes.append(Note(section, counts[section], text))
    return notes


def _date_in(notes: list[Note], section: str, pattern: re.Pattern[str]) -> list[date] | None:
    """Return the dates that `pattern` captures in a section, or None if there are none or one is
    invalid."""
    for note in notes:
        if note.section == section and (match := pattern.search(note.text)):
            parts = match.groups()
            dates = [
                _date(" ".join(parts[start : start + 3]), "%d %B %Y")
                for start in range(0, len(parts), 3)
            ]
            return [day for day in dates if day] if all(dates) else None
    return None


def _slashed_date(text: str) -> date | None:
    return _date(text, "%d/%m/%Y")


def _date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None
