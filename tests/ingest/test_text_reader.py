"""The reader of text conversions."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers.met.text import read_text_disclosure
from ingest.records.disclosure import Disclosure, Note, PublishedTotal, Row
from ingest.text.characters import is_hidden
from tests.documents import FIRST, a_disclosure, a_row, arranged, as_text

CELLS = st.none() | st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]).filter(
        lambda character: not is_hidden(character)
    )
    | st.just(" "),
    min_size=1,
).map(str.strip).filter(bool)
ROWS = st.builds(
    a_row,
    block=st.integers(0, 1),
    year=st.integers(2017, 2022),
    under_investigation=st.booleans(),
    rank=CELLS,
    summary=CELLS,
    result=CELLS,
    action=CELLS,
    sanction=CELLS,
)


def read_text(text: str) -> tuple[Disclosure | None, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source.txt"
        path.write_text(text, "utf-8", newline="")
        disclosure, findings = read_text_disclosure(path)
        return disclosure, len(findings)


def test_the_first_disclosure_says_what_it_is() -> None:
    disclosure, findings = read_text_disclosure(FIRST / "source.txt")
    assert findings == []
    assert disclosure is not None
    assert replace(disclosure, rows=()) == Disclosure(
        reference="01/FOI/22/026570",
        title="Inappropriate Officer Use Of Social Media From 2017",
        document_summary=(
            "Inappropriate officer use of social media from 2017, including whatsapp and rank and"
            " outcome of investigation."
        ),
        security_classification="Official - Suitable For Publication",
        publication_scheme=None,
        creating_branch="Strategy & Governance : The Data Office",
        created_on=date(2022, 9, 29),
        review_on=date(2023, 9, 29),
        extracted_on=date(2022, 8, 16),
        covers_from=date(2017, 1, 1),
        covers_to=date(2022, 8, 16),
        published_total=412,
        source_file="01-FOI-22-026570/source.txt",
        source_format="text",
        source_sha256="31db8143564c040fd009a25f23eb6de3a05180b5957306db3627671d069af8ad",
        notes=disclosure.notes,
        totals=tuple(
            PublishedTotal(year, officers, 52)
            for year, officers in (
                (2017, 37),
                (2018, 38),
                (2019, 50),
                (2020, 102),
                (2021, 111),
                (2022, 74),
            )
        ),
        rows=(),
    )
    assert disclosure.notes[0] == Note(
        "System",
        1,
        "This report uses live data extracted from Centurion via Crystal Reports on the 16th of"
        " August 2022",
    )
    assert disclosure.notes[-2:] == (
        Note("Table", 1, "Officer Allegations"),
        Note("Table", 2, r"\* Denotes - Still under investigation"),
    )
    assert [note.section for note in disclosure.notes] == [
        *["System"] * 2,
        "Date Range",
        *["Notes"] * 4,
        "Caveats",
        "Question",
        *["Table"] * 2,
    ]


def test_a_row_keeps_its_place_its_cells_and_its_own_words() -> None:
    disclosure, _ = read_text_disclosure(FIRST / "source.txt")
    assert disclosure is not None
    assert disclosure.rows[9] == Row(
        position=10,
        block=1,
        line=66,
        year=2017,
        under_investigation=False,
        rank="Constable",
        summary="Discreditable conduct - comments on Facebook",
        result="Substantiated",
        action="No Action",
        sanction="No Action",
        source_text=(
            "2017\tConstable\tDiscreditable conduct - comments on Facebook"
            "\tSubstantiated\tNo Action\tNo Action"
        ),
    )


@given(st.lists(ROWS, min_size=1, max_size=12).map(arranged))
def test_rows_written_out_as_a_document_and_read_back_are_equal(rows: list[Row]) -> None:
    written = a_disclosure(rows)
    disclosure, findings = read_text(as_text(written))
    assert findings == 0
    assert disclosure is not None
    assert [replace(row, line=None, source_text="") for row in disclosure.rows] == rows
    assert replace(
        disclosure,
        rows=written.rows,
        source_file=written.source_file,
        source_sha256="",
        totals=tuple(replace(total, line=None) for total in disclosure.totals),
    ) == replace(written, notes=disclosure.notes)
    assert disclosure.notes == written.notes


@given(st.lists(ROWS, min_size=1, max_size=5).map(arranged), st.data())
def test_a_document_with_a_stretch_cut_out_is_read_or_refused_and_never_breaks_the_reader(
    rows: list[Row], data: st.DataObject
) -> None:
    text = as_text(a_disclosure(rows))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    disclosure, findings = read_text(text[:start] + text[end:])
    assert disclosure is not None or findings


@given(st.text())
@settings(max_examples=50)
def test_any_other_text_is_refused(text: str) -> None:
    disclosure, findings = read_text(text)
    assert disclosure is None
    assert findings


@pytest.mark.parametrize("heading", ["Question", "Table"])
def test_notes_under_a_heading_of_any_name_are_counted_on(heading: str) -> None:
    text = as_text(a_disclosure([a_row()])).replace("### System", f"### {heading}")
    disclosure, _ = read_text(text)
    assert disclosure is not None
    keys = [(note.section, note.position) for note in disclosure.notes]
    assert len(keys) == len(set(keys)) == 5


@pytest.mark.parametrize(
    "character",
    "\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\ufe00\ufe0f\U000e0100\U000e01ef"
    "\u2028\u2029\u0085\x00\x7f\ufff0\u0378\ue000\u00ad\u200b\u2066\ud800",
)
def test_a_character_that_nobody_sees_is_hidden(character: str) -> None:
    assert is_hidden(character)


@pytest.mark.parametrize("character", "aÉ█’–\u0301字٣😀")
def test_a_character_that_can_be_seen_is_not(character: str) -> None:
    assert not is_hidden(character)


def test_a_repeated_header_row_is_skipped() -> None:
    rows = arranged([a_row(block=1), a_row(block=1)])
    text = as_text(a_disclosure(rows))
    head = "Year\tRank\tSummary\tResult\tAction\tSanction"
    again = text.replace(f"\n\n{rows[1].year}", f"\n\n{head}\n{rows[1].year}")
    assert again.count(head) == 2
    disclosure, findings = read_text(again)
    assert findings == 0
    assert disclosure is not None
    assert [row.block for row in disclosure.rows] == [1, 2]


def test_each_date_is_read_from_the_section_that_states_it() -> None:
    """Sections before or after it may mention other dates."""
    text = as_text(a_disclosure([a_row()]))
    other = (
        "Figures from the 1st of January 1999 to the 2nd of March 2001, extracted on the 3rd of"
        " April 2002"
    )
    for heading, kept in (("### System", "covers_from"), ("### Date Range", "extracted_on")):
        changed = text.replace(f"{heading}\n", f"{heading}\n\n{other}\n")
        before, _ = read_text(text)
        disclosure, findings = read_text(changed)
        assert findings == 0
        assert before
        assert disclosure
        assert getattr(disclosure, kept) == getattr(before, kept)
        assert disclosure.notes != before.notes


def test_a_field_keeps_its_first_value_and_blank_cells_are_not_stated() -> None:
    text = as_text(a_disclosure([a_row()]))
    again = text.replace(
        "<b>Review Date</b>", "<b>Date Created</b>\t30/09/2022\n<b>Review Date</b>"
    )
    disclosure, findings = read_text(again)
    assert findings == 1
    assert disclosure
    assert disclosure.created_on == date(2023, 3, 1)
    assert disclosure.publication_scheme is None
