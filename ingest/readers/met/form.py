"""The form of a disclosure, whatever it is written in: its fields, its tables, and how they make one.

A reader finds the parts in its document and hands them over; what they mean is settled here.
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
MAY_BE_BLANK = {"publication_scheme"}
TABLES = "Table(s)"
QUESTION = re.compile(r"Question \d+")

_REFERENCE = re.compile(r"\w+(?:[/.]\w+)+")
_YEAR_CELL = re.compile(r"(\*?) ?([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")
_FIGURE = re.compile(r"[0-9]{1,6}")
_DATE = r"(\d{1,2})(?:st|nd|rd|th) of ([A-Z][a-z]+) (\d{4})"
_EXTRACTED = re.compile(rf"extracted .*?on the {_DATE}")
_COVERS = re.compile(rf"from the {_DATE} to the {_DATE}")

Passage = tuple[str, str]
"""The heading of a section, and some of its words."""


@dataclass
class MetForm:
    """One reading of a document: the findings collected, the fields and totals that were made out.

    A place is a line of a text or, where the document is `paged`, a page; both count from 1.
    """

    path: Path
    findings: list[Finding]
    paged: bool = False
    title: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    totals: list[PublishedTotal] = field(default_factory=list)
    total: int | None = None

    def report(self, place: int | None, found: str, expected: str, fix: str) -> None:
        line, page = (None, place) if self.paged else (place, None)
        self.findings.append(Finding(self.path, line, found, expected, fix, page))

    def set_field(self, place: int, label: str, value: str) -> bool:
        """Take a field by its published label; False where there is no such field, or it is there."""
        name = FIELDS.get(label)
        if not name or name in self.fields:
            return False
        self.fields[name] = value
        if not value and name not in MAY_BE_BLANK:
            self.report(place, f"{label}, left blank", "a value", "see the document")
        elif name == "reference" and not _REFERENCE.fullmatch(value):
            self.report(
                place,
                truncated_repr(value),
                "a reference such as 01/FOI/22/026570",
                "see the document",
            )
        return True

    def head_complete(self, title: str, how: str) -> None:
        """Report each part of the head that is not there; `title` and `how` tell how it is written."""
        if self.title is None:
            self.report(None, "no title", title, "see the document")
        for label, name in FIELDS.items():
            if name not in self.fields:
                self.report(None, f"no {label}", f"{label}{how}", "add the line")

    def set_totals(self, place: int | None, heads: Sequence[str], figures: Sequence[str]) -> None:
        """Take the years and TOTAL, and the number under each."""
        *years, last = heads or ("",)
        if (
            last != "TOTAL"
            or len(heads) != len(figures)
            or not all(_YEAR.fullmatch(year) for year in years)
            or not all(_FIGURE.fullmatch(figure) for figure in figures)
        ):
            self.report(
                place,
                f"{truncated_repr(' | '.join(heads))} over {truncated_repr(' | '.join(figures))}",
                "a line of years and TOTAL, and under it a number for each",
                "see the document's table of totals",
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
        """The row of these six cells, or None and a finding where its year is none."""
        year = _YEAR_CELL.fullmatch(cells[0])
        if not year:
            self.report(
                place,
                f"year {truncated_repr(cells[0])}",
                "a year such as 2019 or *2019",
                "see the document",
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
        """All of it, or None where it lacks a part that all need."""
        if self.title is None or self.total is None or set(self.fields) != set(FIELDS.values()):
            return None
        notes = _positioned(passages)
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


def _positioned(passages: Sequence[Passage]) -> list[Note]:
    """The passages as notes, counted from 1 in each section."""
    counted: dict[str, int] = {}
    notes = []
    for section, text in passages:
        counted[section] = counted.get(section, 0) + 1
        notes.append(Note(section, counted[section], text))
    return notes


def _date_in(notes: list[Note], section: str, pattern: re.Pattern[str]) -> list[date] | None:
    """The dates that `pattern` captures in a section's prose, or None where it does not match."""
    for note in notes:
        if note.section == section and (match := pattern.search(note.text)):
            words = match.groups()
            dates = [
                _date(" ".join(words[at : at + 3]), "%d %B %Y") for at in range(0, len(words), 3)
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
