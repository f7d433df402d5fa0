"""Compare a text conversion with the PDF that it was made from, part by part and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from ingest.config.markers import shared_forms
from ingest.readers.markers import recognise
from ingest.records.disclosure import DATES, Disclosure, Row
from ingest.text.phrases import pluralize
from ingest.text.redaction import MarkerForms

_FIELDS = (
    "reference",
    "title",
    "document_summary",
    "security_classification",
    "publication_scheme",
    "creating_branch",
    *DATES,
    "published_total",
)
_CELLS = ("year", "under_investigation", "rank", "summary", "result", "action", "sanction")


@dataclass(frozen=True)
class Difference:
    """One difference: what differs, and its value in the text and in the PDF, None if it is missing.

    `line` is a line of the text and `page` a page of the PDF. Both are None outside the rows.
    """

    what: str
    text: str | None
    pdf: str | None
    line: int | None = None
    page: int | None = None

    @property
    def in_row(self) -> bool:
        return bool(self.line or self.page)

    def __str__(self) -> str:
        places = [
            *([f"line {self.line} of the text"] if self.line else []),
            *([f"page {self.page} of the PDF"] if self.page else []),
        ]
        return (
            f"{self.what}{' (' + ', '.join(places) + ')' if places else ''}\n"
            f"  text: {_describe_value(self.text)}\n"
            f"  PDF:  {_describe_value(self.pdf)}"
        )


def compare(
    text: Disclosure, pdf: Disclosure, forms: MarkerForms | None = None
) -> list[Difference]:
    """Return every difference: in the fields, then the notes, the totals and the rows.

    Markers are those of `forms`, by default the shared ones, whatever form each has.
    """
    text, pdf = (recognise(one, forms or shared_forms()) for one in (text, pdf))
    return [
        *_compare_fields(text, pdf),
        *_compare_notes(text, pdf),
        *_compare_totals(text, pdf),
        *_compare_rows(text, pdf),
    ]


def outcome(text: Disclosure, differences: Sequence[Difference]) -> str:
    """Summarise a comparison in a few words."""
    if not differences:
        return "no differences"
    rows = len({(one.line, one.page) for one in differences if one.in_row})
    count = pluralize(len(differences), "difference")
    if not rows:
        return f"{count}, none in the rows"
    elsewhere = any(not one.in_row for one in differences)
    in_rows = f"{count}, in {rows:,} of {pluralize(len(text.rows), 'row')}"
    return in_rows + (" and elsewhere" if elsewhere else "")


def _compare_fields(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    for name in _FIELDS:
        ours, theirs = getattr(text, name), getattr(pdf, name)
        if ours != theirs:
            yield Difference(name, _as_text(ours), _as_text(theirs))


def _compare_notes(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    ours, theirs = (
        # A conversion to Markdown escapes asterisks that are plain in the document.
        {(note.section, note.position): note.text.replace("\\*", "*") for note in notes}
        for notes in (text.notes, pdf.notes)
    )
    for key in dict.fromkeys([*ours, *theirs]):
        if ours.get(key) != theirs.get(key):
            yield Difference(f"note {key[1]} of {key[0]}", ours.get(key), theirs.get(key))


def _compare_totals(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    ours = {total.year: total.officers for total in text.totals}
    theirs = {total.year: total.officers for total in pdf.totals}
    for year in sorted({*ours, *theirs}):
        if ours.get(year) != theirs.get(year):
            yield Difference(
                f"published total for {year}", _as_text(ours.get(year)), _as_text(theirs.get(year))
            )


def _compare_rows(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    """Align the rows in order, and compare each stretch of rows that differ."""
    ours, theirs = ([_cells(row) for row in rows] for rows in (text.rows, pdf.rows))
    for tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from _compare_stretch(text.rows[a:b], pdf.rows[c:d])


def _compare_stretch(ours: Sequence[Row], theirs: Sequence[Row]) -> Iterator[Difference]:
    """Pair rows whose cells other than the summary agree, then rows in order; report rows without a pair."""
    alignment = SequenceMatcher(
        None,
        [_cells_but_summary(row) for row in ours],
        [_cells_but_summary(row) for row in theirs],
        autojunk=False,
    )
    for tag, a, b, c, d in alignment.get_opcodes():
        for one, other in zip_longest(ours[a:b], theirs[c:d]):
            if tag == "equal" or (b - a == d - c):
                yield from _compare_cells(one, other)
                continue
            if one:
                yield Difference("a row only in the text", _describe_row(one), None, one.line)
            if other:
                description = _describe_row(other)
                yield Difference("a row only in the PDF", None, description, None, other.block)


def _compare_cells(ours: Row, theirs: Row) -> Iterator[Difference]:
    for name, our_cell, their_cell in zip(_CELLS, _cells(ours), _cells(theirs), strict=True):
        if our_cell != their_cell:
            what = f"{name} of row {ours.position}"
            yield Difference(
                what, _as_text(our_cell), _as_text(their_cell), ours.line, theirs.block
            )


def _cells(row: Row) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _CELLS)


def _cells_but_summary(row: Row) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _CELLS if name != "summary")


def _describe_row(row: Row) -> str:
    return " | ".join(_as_text(cell) or "" for cell in _cells(row) if not isinstance(cell, bool))


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _describe_value(value: str | None) -> str:
    return "nothing" if value is None else repr(value)
