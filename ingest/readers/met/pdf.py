"""Read a disclosure from a PDF in the Metropolitan Police's form, once it has passed its audit.

The form is that of the text (see text.py) as laid out on pages: a title, fields with bold labels, notes
under bold headings, a ruled table of totals, and the ruled table of six columns over any number of pages.
A black box is a redaction marker. A row cut by a page break continues in the first row of the next page,
whose year is empty. Every character of the table belongs to a cell, and every line outside it is read;
anything else becomes a finding.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.pdf.layout import Line, Table
from ingest.pdf.limits import Unreadable
from ingest.pdf.pool import Document, Pool, read_document
from ingest.readers.gate import blocking_findings
from ingest.readers.met.form import COLUMNS, FIELDS, REQUEST, TABLES, MetForm, Passage
from ingest.readers.pdf import (
    PAGE_NUMBER,
    UNMAPPED,
    goes_on,
    pages_of,
    running_headers,
    smallest_gap,
    without_digits,
)
from ingest.records.disclosure import Disclosure, PendingDecision, Row
from ingest.records.findings import Finding
from ingest.text.phrases import pluralize, truncated_repr
from ingest.text.redaction import canonicalise, show_boxes

SUMMARY = COLUMNS.index("Summary")
"""The column in which a box is a marker of words left out."""
_SENTENCE_ENDS = (".", "!", "?", ":", ";")


def read_pdf_disclosure(path: Path, pool: Pool) -> tuple[Disclosure | None, list[Finding]]:
    """Return the disclosure in the PDF at `path`, and all findings.

    The disclosure is None if the PDF is unreadable, is refused by its audit, or lacks a part.
    """
    try:
        document = read_document(path, pool)
    except Unreadable as error:
        return None, [error.finding(path)]
    except OSError as error:
        found = error.strerror or str(error)
        return None, [Finding(path, None, found, "a PDF", "save the document there")]
    if blocking := blocking_findings(path, document.findings):
        return None, blocking
    form = MetForm(path, [], paged=True)
    pages = pages_of(document)
    interpreter = PageInterpreter(form, smallest_gap(pages), running_headers(pages))
    for number, parts in pages:
        interpreter.page(number, parts)
    disclosure = interpreter.disclosure(document.file.sha256)
    if disclosure:
        disclosure = replace(
            disclosure,
            withheld_share_estimate=_withheld_share(document),
            pending=tuple(
                PendingDecision(kind, count) for kind, count in sorted(document.counts.items())
            ),
        )
    return disclosure, form.findings


def _withheld_share(document: Document) -> float | None:
    """Return the estimated share of the summaries' characters that boxes cover, or None if there are none."""
    hidden, shown = 0.0, 0
    for page in document.pages:
        for table in page.page.parts if page.page else ():
            if not isinstance(table, Table) or "TOTAL" in table.rows[0]:
                continue
            for row, of_hidden, of_shown in zip(table.rows, table.hidden, table.shown, strict=True):
                if len(row) == len(COLUMNS) and not _is_head(row):
                    hidden, shown = hidden + of_hidden[SUMMARY], shown + of_shown[SUMMARY]
    return hidden / (hidden + shown) if hidden + shown else None


def _is_head(row: Sequence[str | None]) -> bool:
    """Return whether a row is a header row: its first cell has text, but no year."""
    return bool(row[0]) and not any(character.isdigit() for character in row[0] or "")


class PageInterpreter:
    """Read the parts of the pages in order, and fill in the form.

    `smallest_gap` is the smallest space between two lines, in points.
    """

    def __init__(
        self, form: MetForm, smallest_gap: float, running_headers: Collection[str]
    ) -> None:
        self.form, self.smallest_gap, self.running_headers = form, smallest_gap, running_headers
        self.passages: list[Passage] = []
        self.title: list[str] = []
        self.label: str | None = None
        self.value_left: float | None = None
        self.values: dict[str, list[str]] = {}
        self.section: str | None = None
        self.head_done = False
        self.requests = 0
        self.totals_seen = False
        self.rows: list[tuple[int, list[str]]] = []
        self.in_rows = False
        self.last: Line | None = None

    def page(self, number: int, parts: Sequence[Line | Table]) -> None:
        """Interpret one page."""
        first_table = True
        for part in parts:
            if isinstance(part, Table):
                self._table(number, part, first_table)
                first_table, self.last = False, None
            elif without_digits(part) not in self.running_headers:
                self._line(number, part)
                self.last = part
        if self.last:
            # Positions on the next page cannot be compared with those on this one.
            self.last = replace(self.last, bottom=float("-inf"))

    def disclosure(self, sha256: str) -> Disclosure | None:
        """Return the disclosure, or None, with a finding, if a part is missing."""
        self._end_head()
        if not self.in_rows:
            self.form.report(
                None,
                f"no ruled table headed {', '.join(COLUMNS)}",
                "the form described in ingest/readers/met/pdf.py",
                "check that the document is complete",
            )
            return None
        rows: list[Row] = []
        for page, cells in self.rows:
            source_text = show_boxes("\t".join(cells))
            # In a column of terms, a box becomes an unknown term, which a person must check.
            cells = [
                cell if column == SUMMARY else canonicalise(cell)
                for column, cell in enumerate(cells)
            ]
            if row := self.form.row(page, cells, source_text, len(rows) + 1, page):
                rows.append(row)
        return self.form.disclosure(self.passages, rows, "pdf", sha256)

    # Lines

    def _line(self, page: int, line: Line) -> None:
        text = line.text
        if UNMAPPED.search(text):
            self._report_unmapped(page)
        elif self.in_rows:
            if not PAGE_NUMBER.fullmatch(text):
                self._report_unexpected(page, text, "only page numbers outside the table of rows")
        elif text == TABLES:
            self._end_head()
            self.section = "Question"
        elif REQUEST.fullmatch(text) and line.bold:
            self.requests += 1
            if self.requests > 1:
                self.form.report(page, truncated_repr(text), "one request", "split the document")
        elif self.head_done or not self._head_line(line):
            self._notes_line(page, line)

    def _head_line(self, line: Line) -> bool:
        """Read a line as part of the title or a field. Return False if it is neither."""
        if label := self._label(line):
            self._end_title()
            self.label = label
            self.values[label] = [line.text[len(label) :].strip()]
            value = line.words[len(label.split()) :]
            self.value_left = value[0][1] if value else line.left + 3 * line.size
        elif self.label and not line.bold and self._is_continuation(line):
            self.values[self.label].append(line.text)
        elif not self.values:
            self.title.append(line.text)
        else:
            return False
        return True

    def _notes_line(self, page: int, line: Line) -> None:
        """Read a line as a heading, the start of a passage, or its continuation."""
        if line.bold:
            self._end_head()
            self.section = line.text
        elif PAGE_NUMBER.fullmatch(line.text):
            pass
        elif self.section is None:
            self._report_unexpected(page, line.text, "a bold heading before it")
        elif self._continues_paragraph(line):
            section, passage = self.passages[-1]
            self.passages[-1] = (section, f"{passage} {line.text}")
        else:
            self.passages.append((self.section, line.text))

    def _label(self, line: Line) -> str | None:
        """Return the label at the start of a line, unless its field already has a value."""
        bold = " ".join(word for word, _, bold in line.words if bold)
        labels = [label for label in FIELDS if line.text.startswith(label)]
        unset = [label for label in labels if label not in self.values]
        return max(
            (label for label in unset if not bold or bold.startswith(label)), key=len, default=None
        )

    def _is_continuation(self, line: Line) -> bool:
        """Return whether a line is indented like the value before it, and so continues it."""
        return self.value_left is not None and line.left >= self.value_left - line.size

    def _continues_paragraph(self, line: Line) -> bool:
        """Return whether a line belongs to the same paragraph as the one before."""
        if not self.last or self.last.bold or not self.passages:
            return False
        if self.passages[-1][0] != self.section:
            return False
        if self.last.bottom == float("-inf"):
            return not self.passages[-1][1].endswith(_SENTENCE_ENDS)
        return goes_on(self.last, line, self.smallest_gap)

    def _end_title(self) -> None:
        if self.form.title is None and self.title:
            self.form.title = " ".join(self.title)

    def _end_head(self) -> None:
        """Pass the title and the fields to the form, once."""
        if self.head_done:
            return
        self._end_title()
        for label, values in self.values.items():
            self.form.set_field(1, label, " ".join(filter(None, values)))
        self.form.report_missing(
            "a title above the fields",
            ", followed by a value",
            "check the document; ask the publisher if it does not have this",
        )
        self.head_done = True

    # Tables

    def _table(self, page: int, table: Table, first_table: bool) -> None:
        rows = [tuple(cell or "" for cell in row) for row in table.rows]
        self._report_faults(page, table)
        if COLUMNS in rows or (self.in_rows and len(rows[0]) == len(COLUMNS)):
            self.in_rows = True
            self._rows(page, rows, first_table)
        elif not self.totals_seen and rows[0][-1] == "TOTAL" and len(rows) == 2:
            self.totals_seen = True
            label, *figures = rows[1]
            self.passages.append(("Table", label))
            self.form.set_totals(page, rows[0][1:], figures)
            self.section = "Table"
        elif not self.head_done and all(len(row) == 2 and row[0] in FIELDS for row in rows):
            self._end_title()
            self.values |= {label: [value] for label, value in rows}
        else:
            self._report_unexpected(
                page, " | ".join(rows[0]), "a table of totals, and then the table of rows"
            )

    def _rows(self, page: int, rows: Sequence[tuple[str, ...]], first_table: bool) -> None:
        may_continue = first_table
        for row in rows:
            if row == COLUMNS or not any(row):
                continue
            if len(row) != len(COLUMNS):
                self._report_unexpected(
                    page, " | ".join(row), f"{len(COLUMNS)} cells: {', '.join(COLUMNS)}"
                )
            elif row[0]:
                self.rows.append((page, list(row)))
            elif may_continue and self.rows:
                start, cells = self.rows[-1]
                joined = [" ".join(filter(None, both)) for both in zip(cells, row, strict=True)]
                self.rows[-1] = (start, joined)
            else:
                self._report_unexpected(
                    page,
                    " | ".join(row),
                    "a year: only a row cut by a page break may start without one",
                )
            may_continue = False

    # Findings

    def _report_faults(self, page: int, table: Table) -> None:
        """Report characters and cells of a table that could not be placed, and unmapped glyphs."""
        if table.loose:
            self.form.report(
                page,
                f"{pluralize(table.loose, 'character')} in the table but in none of its cells",
                "every character of a table in one of its cells",
                "check whether a rule is missing there",
            )
        if places := [*table.across, *table.turned]:
            named = ", ".join(f"row {row + 1}, column {column + 1}" for row, column in places[:10])
            self.form.report(
                page,
                f"text that runs on over a rule, or in several directions: {named} of the table",
                "the words of each cell within its rules, in one direction",
                "find out which cell the words belong to; ask the publisher for another export if the "
                "document does not show it",
            )
        if table.joined and (COLUMNS in table.rows or self.in_rows):
            self.form.report(
                page,
                f"{pluralize(table.joined, 'cell')} without rules of their own",
                "a rule between every two rows and every two columns",
                "find out which row the words belong to; ask the publisher if the document "
                "does not show it",
            )
        if any(UNMAPPED.search(cell or "") for row in table.rows for cell in row):
            self._report_unmapped(page)

    def _report_unexpected(self, page: int, text: str, expected: str) -> None:
        self.form.report(page, truncated_repr(show_boxes(text)), expected, "check the document")

    def _report_unmapped(self, page: int) -> None:
        self.form.report(
            page,
            "glyphs without a Unicode mapping",
            "text that can be copied from the document as it is displayed",
            "ask the publisher for another export",
        )
