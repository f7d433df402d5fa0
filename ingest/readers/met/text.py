"""Read a text conversion of a disclosure in the Metropolitan Police's form.

The form is a title between asterisks; fields with their labels in bold, a tab, and a value; notes under
headings; then "Table(s)", the request, the yearly totals, and the table of six columns, in blocks of rows
separated by blank lines. Every line that is not blank is read or becomes a finding; none is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ingest.readers.met.form import COLUMNS, FIELDS, REQUEST, TABLES, MetForm, Passage
from ingest.readers.source import read_source
from ingest.records.disclosure import Disclosure, Row
from ingest.records.findings import Finding
from ingest.text.phrases import truncated_repr

_TITLE = re.compile(r"\*\*\s*(\S.*?)\s*\*\*")
_FIELD = re.compile(r"<b>(.+?)</b>\t(.*)")

Line = tuple[int, str]
"""The number of a line, from 1, and its text."""


def read_text_disclosure(path: Path) -> tuple[Disclosure | None, list[Finding]]:
    """Return the disclosure in the text file at `path`, or None if a part is missing, and all findings."""
    source, findings = read_source(path)
    if source is None:
        return None, findings
    form = MetForm(path, findings)
    parts = _split(form, list(enumerate(source.text.split("\n"), 1)))
    if parts is None:
        return None, findings
    head, guidance, tables, table = parts
    _read_head(form, head)
    passages = _read_guidance(form, guidance)
    passages += _read_tables(form, tables)
    rows = _read_rows(form, table)
    return form.disclosure(passages, rows, "text", source.sha256), findings


def _split(form: MetForm, lines: list[Line]) -> tuple[list[Line], ...] | None:
    """Return the lines in four parts: up to the first heading, the notes, up to the table of rows,
    and that table."""
    landmarks: dict[str, Callable[[str], bool]] = {
        "heading that starts with #": lambda text: text.startswith("#"),
        f"line {TABLES!r}": lambda text: text.strip() == TABLES,
        f"table headed {', '.join(COLUMNS)}": lambda text: _cells(text) == COLUMNS,
    }
    parts: list[list[Line]] = []
    rest = lines
    for landmark, is_landmark in landmarks.items():
        start = next((index for index, (_, text) in enumerate(rest) if is_landmark(text)), None)
        if start is None:
            form.report(
                None,
                f"no {landmark}" + f" after line {rest[0][0] - 1}" * bool(parts),
                "the form described in ingest/readers/met/text.py",
                "check that the document is complete",
            )
            return None
        parts.append(rest[:start])
        rest = rest[start:]
    return *parts, rest


def _read_head(form: MetForm, lines: list[Line]) -> None:
    """Read the title and the fields."""
    for number, text in _not_blank(lines):
        if form.title is None and (match := _TITLE.fullmatch(text.strip())):
            form.title = match[1]
            continue
        match = _FIELD.fullmatch(text)
        if not match or not form.set_field(number, match[1], match[2].strip()):
            form.report(
                number,
                truncated_repr(text),
                f"the title between ** and **, or one of these labels, each once: {', '.join(FIELDS)}",
                "check the document; add a field with another label to ingest/readers/met/form.py",
            )
    form.report_missing(
        "a line between ** and **", " in bold, a tab, a value", "restore the line from the document"
    )


def _read_guidance(form: MetForm, lines: list[Line]) -> list[Passage]:
    """Return the passages under each heading, in order."""
    passages: list[Passage] = []
    section: str | None = None
    for number, text in _not_blank(lines):
        if text.startswith("#"):
            section = text.lstrip("#").strip() if text.startswith("### ") else None
        elif section is None:
            form.report(
                number,
                truncated_repr(text),
                "a heading that starts with ### before it",
                "check the document",
            )
        else:
            passages.append((section, text))
    return passages


def _read_tables(form: MetForm, lines: list[Line]) -> list[Passage]:
    """Set the totals, and return the request and the passages around them."""
    passages: list[Passage] = []
    requests = 0
    heads: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    place: int | None = None
    for number, text in _not_blank(lines):
        if text.strip() == TABLES:
            continue
        if REQUEST.fullmatch(text.strip()):
            requests += 1
            if requests > 1:
                form.report(number, truncated_repr(text), "one request", "split the document")
        elif not heads and text.startswith("\t"):
            heads, place = _cells(text)[1:], number
        elif heads and not figures:
            label, *rest = _cells(text)
            figures, place = tuple(rest), number
            passages.append(("Table", label))
        elif "\t" in text:
            form.report(
                number,
                truncated_repr(text),
                "one table of totals, and then the table of rows",
                "split the document, or check whether a line was broken",
            )
        else:
            passages.append(("Table" if heads else "Question", text))
    form.set_totals(place, heads, figures)
    return passages


def _read_rows(form: MetForm, lines: list[Line]) -> list[Row]:
    """Return the rows of the table, each with the number of its block. Any other line becomes a finding."""
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
            form.report(
                number,
                f"{len(cells)} cells: {truncated_repr(text)}",
                f"{len(COLUMNS)} cells separated by tabs: {', '.join(COLUMNS)}",
                "check whether the row was split over lines, or a cell was lost",
            )
        elif row := form.row(number, cells, text, len(rows) + 1, block):
            rows.append(row)
    return rows


def _cells(text: str) -> tuple[str, ...]:
    """Return the cells of a line, without the whitespace around them."""
    return tuple(cell.strip() for cell in text.split("\t"))


def _not_blank(lines: Iterable[Line]) -> list[Line]:
    return [(number, text) for number, text in lines if text.strip()]
