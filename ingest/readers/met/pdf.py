"""Read a disclosure from the PDF that a force published, once its audit has let it through.

The form is that of the text (see text.py), as it is seen on pages: a title, fields behind bold names,
notes under bold headings, a ruled table of totals, and the ruled table of six columns over any number
of pages. A black box is a marker. A row that a page break cuts goes on in the first row of the next
page, whose year is empty. Every character of the table belongs to a cell of a row, and every line
outside it is taken for what it is; what is neither becomes a finding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from ingest.pdf.layout import SUMMARY, Line, Table
from ingest.pdf.limits import Unreadable
from ingest.pdf.pool import Document, Pool, read_document
from ingest.readers.met.form import COLUMNS, FIELDS, QUESTION, TABLES, MetForm, Passage
from ingest.records.audit_findings import KINDS
from ingest.records.disclosure import Disclosure, PendingDecision, Row
from ingest.records.findings import Finding
from ingest.text.phrases import pluralize, truncated_repr
from ingest.text.redaction import BOX, CANONICAL

_PAGE_NUMBER = re.compile(r"(?:page )?\d+(?: (?:of|/) ?\d+)?", re.IGNORECASE)
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_ENDS = (".", "!", "?", ":", ";")
_APART = 0.2
"""How much more than the least space between two lines parts paragraphs, in sizes of type."""


def read_pdf_disclosure(path: Path, pool: Pool) -> tuple[Disclosure | None, list[Finding]]:
    """The disclosure in the PDF at `path`, or None where it leaks or lacks a part that all need."""
    try:
        document = read_document(path, pool)
    except Unreadable as error:
        return None, [error.finding(path)]
    except OSError as error:
        found = error.strerror or str(error)
        return None, [Finding(path, None, found, "a PDF", "put the document there")]
    if refused := list(blocking_findings(path, document)):
        return None, refused
    form = MetForm(path, [], paged=True)
    pages = [(page.number, page.page.parts) for page in document.pages if page.page]
    interpreter = PageInterpreter(form, _least_gap(pages), _running_headers(pages))
    for number, parts in pages:
        interpreter.page(number, parts)
    disclosure = interpreter.disclosure(document.file.sha256)
    if disclosure:
        hidden = sum(page.page.hidden for page in document.pages if page.page)
        shown = sum(page.page.shown for page in document.pages if page.page)
        disclosure = replace(
            disclosure,
            withheld_share_estimate=hidden / (hidden + shown) if hidden + shown else None,
            pending=tuple(
                PendingDecision(kind, count) for kind, count in sorted(document.counts.items())
            ),
        )
    return disclosure, form.findings


def blocking_findings(path: Path, document: Document) -> list[Finding]:
    """Why the document may not be published, page by page, without a word of what it hides."""
    found: Counter[tuple[int, str]] = Counter()
    places: Counter[tuple[int, str]] = Counter()
    for one in document.findings:
        if one.verdict == "refuse":
            found[one.page, one.kind] += one.count
            places[one.page, one.kind] += 1
    return [
        Finding(
            path,
            None,
            f"{KINDS[kind]}: {count:,}, in {pluralize(places[page, kind], 'place')}",
            "a document that hides nothing which can be brought to light",
            "do not publish it or pass it on; tell the publisher; the places are shown by "
            "python -m ingest audit FILE --report audit.html",
            page or None,
        )
        for (page, kind), count in sorted(found.items())
    ]


Pages = Sequence[tuple[int, Sequence[Line | Table]]]
"""The parts of each page, with its number."""


def _least_gap(pages: Pages) -> float:
    """The least space between two lines of the document."""
    return min(
        (
            lower.top - upper.bottom
            for _, parts in pages
            for upper, lower in pairwise([part for part in parts if isinstance(part, Line)])
            if lower.top > upper.bottom
        ),
        default=0.0,
    )


def _running_headers(pages: Pages) -> set[str]:
    """What stands at one height of most pages, but for its figures: headers and footers."""
    found = Counter(
        (without_digits, height)
        for _, parts in pages
        for without_digits, height in {
            (_without_digits(part), round(part.top / 4)) for part in parts if isinstance(part, Line)
        }
    )
    return {
        without_digits
        for (without_digits, _), times in found.items()
        if times > max(2, len(pages) / 2)
    }


def _without_digits(line: Line) -> str:
    """A line without its figures."""
    return re.sub(r"\d+", "#", line.text)


class PageInterpreter:
    """What the parts of the pages mean, one after the other."""

    def __init__(self, form: MetForm, least: float, running_headers: Collection[str]) -> None:
        self.form, self.least, self.running_headers = form, least, running_headers
        self.passages: list[Passage] = []
        self.title: list[str] = []
        self.label: str | None = None
        self.value_left: float | None = None
        self.values: dict[str, list[str]] = {}
        self.section: str | None = None
        self.noted = False
        self.questions = 0
        self.totals_seen = False
        self.rows: list[tuple[int, list[str]]] = []
        self.in_rows = False
        self.last: Line | None = None

    def page(self, number: int, parts: Sequence[Line | Table]) -> None:
        fresh = True
        for part in parts:
            if isinstance(part, Table):
                self._table(number, part, fresh)
                fresh, self.last = False, None
            elif _without_digits(part) not in self.running_headers:
                self._line(number, part)
                self.last = part
        if self.last:
            # What follows on the next page is far from the end of this one.
            self.last = replace(self.last, bottom=float("-inf"))

    def disclosure(self, sha256: str) -> Disclosure | None:
        self._end_head()
        if not self.in_rows:
            self.form.report(
                None,
                "no such table",
                f"a ruled table headed {', '.join(COLUMNS)}",
                "see that the document is whole and of the form that ingest/readers/met/pdf.py describes",
            )
            return None
        rows: list[Row] = []
        for page, cells in self.rows:
            said = "\t".join(cells).replace(BOX, "█")
            # In a column of terms a box is a term of its own, for people to judge.
            cells = [
                cell if at == SUMMARY else cell.replace(BOX, CANONICAL)
                for at, cell in enumerate(cells)
            ]
            if row := self.form.row(page, cells, said, len(rows) + 1, page):
                rows.append(row)
        return self.form.disclosure(self.passages, rows, "pdf", sha256)

    # Lines

    def _line(self, page: int, line: Line) -> None:
        text = line.text
        if _UNMAPPED.search(text):
            self._unmapped(page)
        elif self.in_rows:
            if not _PAGE_NUMBER.fullmatch(text):
                self._report_unexpected(
                    page, text, "nothing but page numbers outside the table of rows"
                )
        elif text == TABLES:
            self._end_head()
            self.section, self.noted = "Question", True
        elif QUESTION.fullmatch(text) and line.bold:
            self.questions += 1
            if self.questions > 1:
                self.form.report(page, truncated_repr(text), "one question", "split the document")
        elif not self.noted and (label := self._label(line)):
            self._end_title()
            self.label = label
            self.values[label] = [text[len(label) :].strip()]
            value = line.words[len(label.split()) :]
            self.value_left = value[0][1] if value else line.left + 3 * line.size
        elif not self.noted and self.label and not line.bold and self._is_continuation(line):
            self.values[self.label].append(text)
        elif not self.noted and not self.values:
            self.title.append(text)
        elif line.bold:
            self._end_head()
            self.section, self.noted = text, True
        elif _PAGE_NUMBER.fullmatch(text):
            pass
        elif self.section is None:
            self._report_unexpected(page, text, "a bold heading before it")
        elif self._continues_paragraph(line):
            section, words = self.passages[-1]
            self.passages[-1] = (section, f"{words} {text}")
        else:
            self.passages.append((self.section, text))

    def _label(self, line: Line) -> str | None:
        """The field whose name stands at the start of a line, unless it has a value by now."""
        bold = " ".join(word for word, _, bold in line.words if bold)
        starts = [label for label in FIELDS if line.text.startswith(label)]
        known = [label for label in starts if label not in self.values]
        return max(
            (one for one in known if not bold or bold.startswith(one)), key=len, default=None
        )

    def _is_continuation(self, line: Line) -> bool:
        """Whether a line stands where the value before it began, as a value's second line does."""
        return self.value_left is not None and line.left >= self.value_left - line.size

    def _continues_paragraph(self, line: Line) -> bool:
        """Whether a line belongs to the paragraph of the one before."""
        if not self.last or self.last.bold or not self.passages:
            return False
        if self.passages[-1][0] != self.section:
            return False
        if self.last.bottom == float("-inf"):
            return not self.passages[-1][1].endswith(_ENDS)
        return line.top - self.last.bottom <= self.least + _APART * line.size

    def _end_title(self) -> None:
        if self.form.title is None and self.title:
            self.form.title = " ".join(self.title)

    def _end_head(self) -> None:
        if self.noted:
            return
        self._end_title()
        for label, values in self.values.items():
            self.form.set_field(1, label, " ".join(filter(None, values)))
        self.form.head_complete("a title above the fields", " before a value")
        self.noted = True

    # Tables

    def _table(self, page: int, table: Table, fresh: bool) -> None:
        rows = list(table.rows)
        if table.loose:
            self.form.report(
                page,
                f"{pluralize(table.loose, 'character')} within the table, in no cell",
                "every character of a table in a cell of its",
                "see whether a rule is missing there",
            )
        if table.joined and (COLUMNS in rows or self.in_rows):
            self.form.report(
                page,
                f"{pluralize(table.joined, 'cell')} without rules of their own",
                "a rule between every two rows and every two columns",
                "see which row the words belong to; the publisher's document must say",
            )
        if any(_UNMAPPED.search(cell) for row in rows for cell in row):
            self._unmapped(page)
        if COLUMNS in rows or (self.in_rows and len(rows[0]) == len(COLUMNS)):
            self.in_rows = True
            self._rows(page, rows, fresh)
        elif not self.totals_seen and rows[0][-1] == "TOTAL" and len(rows) == 2:
            self.totals_seen = True
            label, *figures = rows[1]
            self.passages.append(("Table", label))
            self.form.set_totals(page, rows[0][1:], figures)
            self.section = "Table"
        elif not self.noted and all(len(row) == 2 and row[0] in FIELDS for row in rows):
            self._end_title()
            self.values |= {label: [value] for label, value in rows}
        else:
            self._report_unexpected(
                page, " | ".join(rows[0]), "a table of totals, and then the table of rows"
            )

    def _rows(self, page: int, rows: Sequence[tuple[str, ...]], fresh: bool) -> None:
        first = fresh
        for row in rows:
            if row == COLUMNS or not any(row):
                continue
            if len(row) != len(COLUMNS):
                self._report_unexpected(
                    page, " | ".join(row), f"{len(COLUMNS)} cells: {', '.join(COLUMNS)}"
                )
            elif row[0]:
                self.rows.append((page, list(row)))
            elif first and self.rows:
                self.rows[-1] = (
                    self.rows[-1][0],
                    [
                        " ".join(filter(None, both))
                        for both in zip(self.rows[-1][1], row, strict=True)
                    ],
                )
            else:
                self._report_unexpected(
                    page, " | ".join(row), "a year in a row that no page break has cut"
                )
            first = False

    # Findings

    def _report_unexpected(self, page: int, text: str, expected: str) -> None:
        self.form.report(page, truncated_repr(text.replace(BOX, "█")), expected, "see the document")

    def _unmapped(self, page: int) -> None:
        self.form.report(
            page,
            "letters that the document does not say which they are",
            "text that can be copied from the document as it is seen",
            "ask the publisher for another export",
        )
