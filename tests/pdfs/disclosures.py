"""Whole disclosures as PDFs: real ones, and synthetic ones of any length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from ingest.readers.met.form import COLUMNS, FIELDS
from ingest.records.disclosure import Disclosure, Row
from tests.documents import a_disclosure
from tests.pdfs.drawing import Pages
from tests.pdfs.style import BOLD, SHARES, Drawn, Style, cells


def draw(pages: Pages, head: Disclosure) -> None:
    """Draw the whole of a disclosure."""
    pages.canvas.setTitle(head.title)
    pages.canvas.setAuthor("A force")
    pages.canvas.setSubject("")
    pages.paragraph(head.title, BOLD, after=6)
    for label, name in FIELDS.items():
        value = getattr(head, name)
        pages.labelled(label, f"{value:%d/%m/%Y}" if isinstance(value, date) else value or "")
    pages.y -= 8
    pages.paragraph("Guidance & Notes", BOLD)
    notes = {
        section: [note.text.replace("\\*", "*") for note in found]
        for section, found in groupby(head.notes, key=lambda note: note.section)
    }
    question, (label, *words) = notes.pop("Question"), notes.pop("Table")
    for section, texts in notes.items():
        pages.paragraph(section, BOLD)
        for text in texts:
            pages.paragraph(text)
    for text in ("Table(s)", "Question 1"):
        pages.paragraph(text, BOLD)
    for text in question:
        pages.paragraph(text)
    figures = [str(total.officers) for total in head.totals]
    years = [str(total.year) for total in head.totals]
    pages.table(
        (2.0, *(1.0 for _ in years), 1.0),
        ("", *years, "TOTAL"),
        [(label, *figures, str(head.published_total))],
        cuts=0,
        repeat=True,
    )
    pages.y -= 4
    for text in words:
        pages.paragraph(text)

    def drawn_rows() -> Iterator[tuple[str, ...]]:
        for row in head.rows:
            pages.drawn.rows.append(cells(row, pages.style))
            yield pages.drawn.rows[-1]

    repeat = pages.style.header == "all"
    pages.drawn.cut = pages.table(SHARES, COLUMNS, drawn_rows(), pages.style.cuts, repeat)


def disclosure_pdf(path: Path, disclosure: Disclosure, **variant: Any) -> Drawn:
    """Draw `disclosure` in the style `variant`."""
    pages = Pages(path, Style(**variant))
    draw(pages, disclosure)
    return pages.save()


_WORDS = (
    "Officer alleged to have posted {0} on social media, and {0} {0} was sent to a colleague.",
    "Complainant states that {0} made remarks online while off duty.",
    "It is alleged that the officer shared a picture of {0}-year-old {0} in a group chat with other "
    "officers, and that none of those who saw it there reported it to a supervisor until {0} did so.",
    "Officer has commented under a news story.",
    None,
)


def made_up_rows(number: int) -> Iterator[Row]:
    """Return `number` rows over six years, each with its position in its summary."""
    for position in range(1, number + 1):
        words = _WORDS[position % len(_WORDS)]
        summary = words and f"{words.format('[REDACTED]')} Record {position}."
        known = bool(words)
        yield Row(
            position=position,
            block=1,
            line=None,
            year=2017 + (position - 1) * 6 // number,
            under_investigation=not known,
            rank=("Constable", "Sergeant", "Inspector +")[position % 3] if known else None,
            summary=summary,
            result="Case to Answer" if known else None,
            action="Formal Action" if known else None,
            sanction="Written Warning" if known and position % 2 else None,
            source_text="",
        )


def made_up(number: int) -> Disclosure:
    """Return a synthetic disclosure with `number` rows."""
    return a_disclosure(list(made_up_rows(number)))


def long_pdf(path: Path, pages: int, **variant: Any) -> Drawn:
    """Draw a synthetic disclosure of about `pages` pages."""
    return disclosure_pdf(path, made_up(round(pages * ROWS_A_PAGE)), **variant)


ROWS_A_PAGE = 17.46


def sheet(path: Path, prepare: Callable[[Pages], None], **variant: Any) -> Drawn:
    """Draw one page of four rows with one special feature."""
    pages = Pages(path, replace(Style(compress=False), **variant))
    prepare(pages)
    draw(pages, made_up(4))
    return pages.save()
