"""Read a text conversion of a disclosure.

The form is that of the Metropolitan Police's disclosures: a title between asterisks, fields in
bold with a tab behind, notes under headings, then "Table(s)", the question, the yearly totals and
the table of six columns, whose rows stand in blocks parted by blank lines. Every line that is not
blank is taken for what it is or becomes a finding: none is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from ingest.disclosure import Disclosure, Note, PublishedTotal, Row
from ingest.findings import Finding, quoted
from ingest.readers.source import read_source

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

_TITLE = re.compile(r"\*\*\s*(\S.*?)\s*\*\*")
_FIELD = re.compile(r"<b>(.+?)</b>\t(.*)")
_REFERENCE = re.compile(r"\w+(?:[/.]\w+)+")
_YEAR_CELL = re.compile(r"(\*?) ?([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")
_FIGURE = re.compile(r"[0-9]{1,6}")
_TABLES = "Table(s)"
_DATE = r"(\d{1,2})(?:st|nd|rd|th) of ([A-Z][a-z]+) (\d{4})"
_EXTRACTED = re.compile(rf"extracted .*?on the {_DATE}")
_COVERS = re.compile(rf"from the {_DATE} to the {_DATE}")

Line = tuple[int, str]
"""A line of the document with its number, from 1."""
Passage = tuple[str, str]
"""The heading of a section, and some of its words."""


@dataclass
class _Reading:
    """The findings of one reading, collected while it goes on."""

    path: Path
    findings: list[Finding] = field(default_factory=list)

    def report(self, line: int | None, found: str, expected: str, remedy: str) -> None:
        self.findings.append(Finding(self.path, line, found, expected, remedy))


def read(path: Path) -> tuple[Disclosure | None, list[Finding]]:
    """The disclosure in the text file at `path`, or None where it lacks a part that all need."""
    source, findings = read_source(path)
    if source is None:
        return None, findings
    reading = _Reading(path, findings)
    parts = _part(reading, list(enumerate(source.text.split("\n"), 1)))
    if parts is None:
        return None, findings
    head, guidance, tables, table = parts
    title, fields = _read_head(reading, head)
    passages = _read_guidance(reading, guidance)
    more, totals, total = _read_tables(reading, tables)
    notes = _positioned(passages + more)
    rows = _read_rows(reading, table)
    if title is None or total is None or set(fields) != set(FIELDS.values()):
        return None, findings
    extracted = _date_in(notes, "System", _EXTRACTED)
    covers = _date_in(notes, "Date Range", _COVERS)
    return (
        Disclosure(
            reference=fields["reference"],
            title=title,
            document_summary=fields["document_summary"],
            security_classification=fields["security_classification"],
            publication_scheme=fields["publication_scheme"] or None,
            creating_branch=fields["creating_branch"],
            created_on=_slashed_date(fields["created_on"]),
            review_on=_slashed_date(fields["review_on"]),
            extracted_on=extracted[0] if extracted else None,
            covers_from=covers[0] if covers else None,
            covers_to=covers[1] if covers else None,
            published_total=total,
            source_file=f"{path.parent.name}/{path.name}",
            source_format="text",
            source_sha256=source.sha256,
            notes=tuple(notes),
            totals=tuple(totals),
            rows=tuple(rows),
        ),
        findings,
    )


def _part(reading: _Reading, lines: list[Line]) -> tuple[list[Line], ...] | None:
    """The lines before the first heading, of the notes, before the table, and of the table."""
    landmarks: dict[str, Callable[[str], bool]] = {
        "a heading that starts with #": lambda text: text.startswith("#"),
        f"the line {_TABLES!r}": lambda text: text.strip() == _TABLES,
        f"a table headed {', '.join(COLUMNS)}": lambda text: _cells(text) == COLUMNS,
    }
    parts: list[list[Line]] = []
    rest = lines
    for landmark, is_it in landmarks.items():
        at = next((index for index, (_, text) in enumerate(rest) if is_it(text)), None)
        if at is None:
            reading.report(
                None,
                f"no such line after line {rest[0][0] - 1}" if parts else "no such line",
                landmark,
                "see that the document is whole and of the form that ingest/readers/text.py tells",
            )
            return None
        parts.append(rest[:at])
        rest = rest[at:]
    return *parts, rest


def _read_head(reading: _Reading, lines: list[Line]) -> tuple[str | None, dict[str, str]]:
    """The title, and the fields by the names of `Disclosure`."""
    title: str | None = None
    fields: dict[str, str] = {}
    for number, text in _not_blank(lines):
        if title is None and (match := _TITLE.fullmatch(text.strip())):
            title = match[1]
            continue
        match = _FIELD.fullmatch(text)
        name = FIELDS.get(match[1]) if match else None
        if match and name and name not in fields:
            fields[name] = value = match[2].strip()
            if not value and name not in MAY_BE_BLANK:
                reading.report(number, f"{match[1]}, left blank", "a value", "see the document")
            elif name == "reference" and not _REFERENCE.fullmatch(value):
                reading.report(
                    number,
                    quoted(value),
                    "a reference such as 01/FOI/22/026570",
                    "see the document",
                )
        else:
            reading.report(
                number,
                quoted(text),
                f"the title between ** and **, or one of {', '.join(FIELDS)}, each once",
                "see the document; a field of another name wants a line in ingest/readers/text.py",
            )
    if title is None:
        reading.report(None, "no title", "a line between ** and **", "see the document")
    for label, name in FIELDS.items():
        if name not in fields:
            reading.report(None, f"no {label}", f"<b>{label}</b>, a tab, a value", "add the line")
    return title, fields


def _read_guidance(reading: _Reading, lines: list[Line]) -> list[Passage]:
    """The passages under each heading, in order."""
    passages: list[Passage] = []
    section: str | None = None
    for number, text in _not_blank(lines):
        if text.startswith("#"):
            section = text.lstrip("#").strip() if text.startswith("### ") else None
        elif section is None:
            reading.report(
                number, quoted(text), "a heading that starts with ### before it", "see the document"
            )
        else:
            passages.append((section, text))
    return passages


def _read_tables(
    reading: _Reading, lines: list[Line]
) -> tuple[list[Passage], list[PublishedTotal], int | None]:
    """The question and the words around the totals; the totals by year; the printed TOTAL."""
    passages: list[Passage] = []
    questions = 0
    heads: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    place: int | None = None
    for number, text in _not_blank(lines):
        if text.strip() == _TABLES:
            continue
        if re.fullmatch(r"Question \d+", text.strip()):
            questions += 1
            if questions > 1:
                reading.report(number, quoted(text), "one question", "split the document")
        elif not heads and text.startswith("\t"):
            heads, place = _cells(text)[1:], number
        elif heads and not figures:
            label, *rest = _cells(text)
            figures, place = tuple(rest), number
            passages.append(("Table", label))
        elif "\t" in text:
            reading.report(
                number,
                quoted(text),
                "one table of totals, and then the table of rows",
                "split the document, or see whether a line was broken",
            )
        else:
            passages.append(("Table" if heads else "Question", text))
    *years, last = heads or ("",)
    if (
        last != "TOTAL"
        or len(heads) != len(figures)
        or not all(_YEAR.fullmatch(year) for year in years)
        or not all(_FIGURE.fullmatch(figure) for figure in figures)
    ):
        reading.report(
            place,
            f"{quoted(' | '.join(heads))} over {quoted(' | '.join(figures))}",
            "a line of years and TOTAL, each behind a tab, and under it a number for each",
            "see the document's table of totals",
        )
        return passages, [], None
    *officers, total = map(int, figures)
    totals = [
        PublishedTotal(int(year), count, place) for year, count in zip(years, officers, strict=True)
    ]
    return passages, totals, total


def _read_rows(reading: _Reading, lines: list[Line]) -> list[Row]:
    """The rows of the table with the block each stands in; a line that is none is a finding."""
    rows: list[Row] = []
    block = 0
    between_blocks = True
    for number, text in lines:
        if not text.strip() and "\t" not in text:
            between_blocks = True
            continue
        cells = _cells(text)
        if cells == COLUMNS:
            continue
        if between_blocks:
            block, between_blocks = block + 1, False
        if len(cells) != len(COLUMNS):
            reading.report(
                number,
                f"{len(cells)} cells: {quoted(text)}",
                f"{len(COLUMNS)} cells parted by tabs: {', '.join(COLUMNS)}",
                "see whether the row was broken over lines or a cell was lost",
            )
            continue
        year = _YEAR_CELL.fullmatch(cells[0])
        if not year:
            reading.report(
                number,
                f"year {quoted(cells[0])}",
                "a year such as 2019 or *2019",
                "see the document",
            )
            continue
        rank, summary, result, action, sanction = (cell or None for cell in cells[1:])
        rows.append(
            Row(
                position=len(rows) + 1,
                block=block,
                line=number,
                year=int(year[2]),
                under_investigation=bool(year[1]),
                rank=rank,
                summary=summary,
                result=result,
                action=action,
                sanction=sanction,
                source_text=text,
            )
        )
    return rows


def _cells(text: str) -> tuple[str, ...]:
    """The cells of a line, without the white space around them."""
    return tuple(cell.strip() for cell in text.split("\t"))


def _not_blank(lines: Iterable[Line]) -> list[Line]:
    return [(number, text) for number, text in lines if text.strip()]


def _positioned(passages: list[Passage]) -> list[Note]:
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
