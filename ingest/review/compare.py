"""Hold a text conversion against the PDF that it was made from, part by part and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from ingest.text.phrases import pluralize

from ingest.records.disclosure import DATES, Disclosure, Row
from ingest.text import redaction

_HEAD = (
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
    """One thing that the two do not have alike: where, what of it, and either's word, None for nothing.

    `line` is the text's and `page` the PDF's; both None outside the rows.
    """

    what: str
    text: str | None
    pdf: str | None
    line: int | None = None
    page: int | None = None

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


def compare(text: Disclosure, pdf: Disclosure) -> list[Difference]:
    """Every difference between the two, the head first, then notes, totals and rows."""
    return [*_heads(text, pdf), *_notes(text, pdf), *_totals(text, pdf), *_rows(text, pdf)]


def outcome(text: Disclosure, differences: Sequence[Difference]) -> str:
    """How the comparison came out, in a few words."""
    if not differences:
        return "no differences"
    rows = len({(one.line, one.page) for one in differences if one.line or one.page})
    found = pluralize(len(differences), "difference")
    if not rows:
        return f"{found}, none in the rows"
    elsewhere = any(not (one.line or one.page) for one in differences)
    in_rows = f"{found}, in {rows:,} of {pluralize(len(text.rows), 'row')}"
    return in_rows + (" and elsewhere" if elsewhere else "")


def _heads(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    for name in _HEAD:
        ours, theirs = getattr(text, name), getattr(pdf, name)
        if ours != theirs:
            yield Difference(name, _word(ours), _word(theirs))


def _notes(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    ours, theirs = (
        # A conversion to Markdown escapes what the document does not.
        {(note.section, note.position): note.text.replace("\\*", "*") for note in notes}
        for notes in (text.notes, pdf.notes)
    )
    for key in dict.fromkeys([*ours, *theirs]):
        if ours.get(key) != theirs.get(key):
            yield Difference(f"note {key[1]} of {key[0]}", ours.get(key), theirs.get(key))


def _totals(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    ours = {total.year: total.officers for total in text.totals}
    theirs = {total.year: total.officers for total in pdf.totals}
    for year in sorted({*ours, *theirs}):
        if ours.get(year) != theirs.get(year):
            yield Difference(
                f"published total for {year}", _word(ours.get(year)), _word(theirs.get(year))
            )


def _rows(text: Disclosure, pdf: Disclosure) -> Iterator[Difference]:
    """Rows in their order, those that have no like on the other side against their neighbours'."""
    ours, theirs = ([_cells(row) for row in rows] for rows in (text.rows, pdf.rows))
    for tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from _pairs(text.rows[a:b], pdf.rows[c:d])


def _pairs(ours: Sequence[Row], theirs: Sequence[Row]) -> Iterator[Difference]:
    """Rows that differ: paired where year, rank and outcome agree, then in their order."""
    likeness = SequenceMatcher(
        None, [_outline(row) for row in ours], [_outline(row) for row in theirs], autojunk=False
    )
    for tag, a, b, c, d in likeness.get_opcodes():
        for one, other in zip_longest(ours[a:b], theirs[c:d]):
            if tag == "equal" or (b - a == d - c):
                yield from _cells_apart(one, other)
            else:
                for row in (one,) if one else ():
                    yield Difference("a row of the text alone", _told(row), None, row.line)
                for row in (other,) if other else ():
                    yield Difference("a row of the PDF alone", None, _told(row), None, row.block)


def _cells_apart(ours: Row, theirs: Row) -> Iterator[Difference]:
    for name, mine, other in zip(_CELLS, _cells(ours), _cells(theirs), strict=True):
        if mine != other:
            what = f"{name} of row {ours.position}"
            yield Difference(what, _word(mine), _word(other), ours.line, theirs.block)


def _cells(row: Row) -> tuple[object, ...]:
    summary = None if row.summary is None else redaction.canonicalise(row.summary)
    return tuple(summary if name == "summary" else getattr(row, name) for name in _CELLS)


def _outline(row: Row) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _CELLS if name != "summary")


def _told(row: Row) -> str:
    return " | ".join(_word(cell) or "" for cell in _cells(row) if not isinstance(cell, bool))


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _describe_value(said: str | None) -> str:
    return "nothing" if said is None else repr(said)
