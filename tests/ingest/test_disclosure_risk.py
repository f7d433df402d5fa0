"""The report on what might identify people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.readers.folders import read_folders
from ingest.review.disclosure_risk import (
    equivalence_classes,
    filled_gaps,
    find_identifying_words,
    has_gap_filled,
)
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, first_rows, numbered, put
from tests.serving import ROOT


def test_of_128_combinations_of_the_first_disclosure_81_have_only_one_row() -> None:
    groups = equivalence_classes(first_rows())
    assert len(groups) == 128
    assert sum(len(ids) == 1 for ids in groups.values()) == 81
    assert sum(len(ids) < 5 for ids in groups.values()) == 111
    decision = (ROOT / "docs" / "publication-decision.md").read_text("utf-8")
    assert "81 of the 128 combinations" in decision
    assert "111 to fewer than five" in decision


def test_words_that_may_identify_are_found_between_markers_only() -> None:
    rows = numbered("Sent to his ex [REDACTED] at the school in May 2019", "a sch[REDACTED]ool")
    found = {(one.id, one.kind, one.word) for one in find_identifying_words(rows)}
    assert found == {
        ("id-1", "relationship", "ex"),
        ("id-1", "place", "school"),
        ("id-1", "date or event", "2019"),
        ("id-1", "a name?", "May"),
        ("id-1", "a name?", "Sent"),
    }


def test_a_name_is_listed_and_known_words_are_not() -> None:
    rows = numbered(
        "[REDACTED] Xanthe wrote via Facebook. The officer replied", "He said the MPS, he"
    )
    assert [one.word for one in find_identifying_words(rows) if one.kind == "a name?"] == ["Xanthe"]


@pytest.mark.parametrize("word", ["Kestrel", "Kestrel's", "Kestrel’s"])
def test_a_word_that_is_also_in_lower_case_is_no_name_in_the_possessive_either(word: str) -> None:
    rows = numbered(f"his {word} words", "a kestrel")
    assert list(find_identifying_words(rows)) == []
    assert [one.word for one in find_identifying_words(rows[:1])] == [word]


def test_summaries_of_two_disclosures_that_fill_each_others_gaps_are_found(
    disclosures: Path,
) -> None:
    between = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    texts = {
        "01/FOI/23/000001": "The officer sent [REDACTED] messages to [REDACTED] in the park",
        "01/FOI/23/000002": f"The officer sent {between} messages to [REDACTED] in the park.",
        "01/FOI/23/000003": "The officer sent nothing at all to anybody [REDACTED]",
    }
    for reference, text in texts.items():
        rows = arranged([a_row(summary=text), a_row(summary="An officer wrote [REDACTED]")])
        put(a_disclosure(rows, reference=reference), disclosures)
    folders, findings = read_folders(disclosures)
    assert findings == []
    found = {(pair.id, pair.other) for pair in filled_gaps(folders)}
    assert ("23-000001-0001", "23-000002-0001") in found
    assert {id for pair in found for id in pair} == {"23-000001-0001", "23-000002-0001"}


@pytest.mark.parametrize(
    ("one", "other", "fill"),
    [
        ("a b c [R] d", "a b c x d", True),
        ("a b c x d", "a b c [R] d", False),
        ("a [R] b c [R]", "a x b c [R]", True),
        ("a [R] b y", "a x b [R]", True),
        ("a [R] b", "a [R] b", False),
        ("a [R] b", "a b", False),
        ("a [R] b", "a x y z b", True),
        ("a b [R] c", "[R] x c", True),
        ("[R] c", "[R] x c", True),
        ("[R] the a " * 30 + "z", "officer " + "the a " * 60, False),
    ],
)
def test_a_gap_is_filled_by_the_words_in_its_place(one: str, other: str, fill: bool) -> None:
    tokens = [
        tuple("" if word == "[R]" else word for word in text.split()) for text in (one, other)
    ]
    assert has_gap_filled(*tokens) == fill


def test_the_report_names_rows_words_and_gaps(copy: FolderCopy) -> None:
    done = CliRunner().invoke(main, ["disclosure-risk", "--disclosures", str(copy.path.parent)])
    assert done.exit_code == 0
    assert re.search(r"128\D+81 \D+111\D+ 5:", done.output)
    assert "22-026570-0028  place: Town Centre" in done.output
    assert "fill each other's gaps, between disclosures: 0" in done.output


def test_the_report_is_on_every_disclosure_and_states_what_is_rare(disclosures: Path) -> None:
    for number in (1, 2):
        rows = arranged([a_row(year=2020 + number, sanction=None)])
        put(a_disclosure(rows, reference=f"01/FOI/23/00000{number}"), disclosures)
    report = told(disclosures)
    for number in (1, 2):
        assert f"01/FOI/23/00000{number}" in report
        cells = f"{2020 + number} | Constable | Case to Answer | Formal Action | –"
        assert f"  23-00000{number}-0001  {cells}\n" in report


def test_a_folder_that_cannot_be_read_is_refused(disclosures: Path) -> None:
    for command in ("disclosure-risk", "similar-wordings"):
        done = CliRunner().invoke(main, [command, "--disclosures", str(disclosures)])
        assert done.exit_code == 1
        assert "1 finding: nothing was examined." in done.output


def test_rows_that_are_withdrawn_are_left_out_of_both_reports(copy: FolderCopy) -> None:
    copy.declare(
        "withdrawn: []", "withdrawn:\n  - {id: 22-026570-0028, date: 2023-04-05, reason: r}"
    )
    for command in ("disclosure-risk", "similar-wordings"):
        done = CliRunner().invoke(main, [command, "--disclosures", str(copy.path.parent)])
        assert done.exit_code == 0
        assert "Town Centre" not in done.output


def test_a_document_that_does_not_add_up_is_refused_by_both(copy: FolderCopy) -> None:
    copy.declare("row_numbers: 1-409", "row_numbers: 1-408")
    for command in ("disclosure-risk", "similar-wordings"):
        done = CliRunner().invoke(main, [command, "--disclosures", str(copy.path.parent)])
        assert done.exit_code == 1
        assert "numbers for 408 rows" in done.output


def lines_of_ids(report: str) -> list[list[str]]:
    """Return the ids on each line of a report that has any."""
    found = [re.findall(r"\b\d\d-\d{6}-\d{4}\b", line) for line in report.splitlines()]
    return [ids for ids in found if ids]


def told(disclosures: Path) -> str:
    done = CliRunner().invoke(main, ["disclosure-risk", "--disclosures", str(disclosures)])
    assert done.exit_code == 0, done.output
    return done.output


def test_combinations_that_fewer_than_five_share_are_listed_the_smallest_first(
    disclosures: Path,
) -> None:
    """Each kind of row differs from the first in one cell; ids do not follow the order of rows."""
    kinds: dict[str, dict[str, object]] = {
        "shared by five": {},
        "by four": {"year": 2021},
        "by one": {"rank": "Sergeant"},
        "by two": {"result": "No Case to Answer"},
        "by another": {"action": "No Action"},
        "by a third": {"sanction": None},
    }
    five, four, one, two, other, third = (
        a_row(summary="sent [REDACTED]", **cells) for cells in kinds.values()
    )
    still_open = a_row(
        under_investigation=True,
        **dict.fromkeys(("rank", "summary", "result", "action", "sanction")),
    )
    rows = [five, four, one, two, other, third, five, four, two, five, four, five, four, five]
    put(
        a_disclosure(arranged([*rows, still_open])),
        disclosures,
        row_numbers="9, 2, 5, 6, 4, 3, 7, 8, 1, 10-15",
    )
    report = told(disclosures)
    expected = [(3,), (4,), (5,), (6, 1), (2, 8, 11, 13)]
    assert lines_of_ids(report) == [
        [f"23-000001-{number:04d}" for number in group] for group in expected
    ]
    heading = next(line for line in report.splitlines() if "rank, result" in line)
    assert [int(figure) for figure in re.findall(r"\d+", heading)][:3] == [6, 3, 5]


def test_a_row_that_is_alone_in_its_combination_is_marked_where_its_words_are_listed(
    disclosures: Path,
) -> None:
    words = a_row(summary="sent [REDACTED] to his wife")
    rows = [words, words, a_row(summary="his sister [REDACTED]", rank="Sergeant")]
    put(a_disclosure(arranged(rows)), disclosures)
    marks = {
        lines_of_ids(line)[0][0][-4:]: "*" in line
        for line in told(disclosures).splitlines()
        if "wife" in line or "sister" in line
    }
    assert marks == {"0001": False, "0002": False, "0003": True}


def filled(disclosures: Path, one: str, other: str) -> set[tuple[str, str]]:
    """Return the ids of each pair of rows: the one with gaps, and the one that may fill them."""
    for number, summary in enumerate((one, other), 1):
        rows = [a_row(summary=summary), a_row(summary="[REDACTED]")]
        put(a_disclosure(arranged(rows), reference=f"01/FOI/23/00000{number}"), disclosures)
    folders, findings = read_folders(disclosures)
    assert findings == []
    return {(pair.id, pair.other) for pair in filled_gaps(folders)}


FIRST_ROW, SECOND_ROW = "23-000001-0001", "23-000002-0001"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("sent a b c d [REDACTED]", "Sent, a b c D e", {(FIRST_ROW, SECOND_ROW)}),
        ("sent a b c d e", "sent a b c d [REDACTED]", {(SECOND_ROW, FIRST_ROW)}),
        (
            "sent [REDACTED] b c d e f",
            "sent a b c d e [REDACTED]",
            {(FIRST_ROW, SECOND_ROW), (SECOND_ROW, FIRST_ROW)},
        ),
        ("sent a b c [REDACTED]", "sent a b c e", set()),
        ("sent a b c [REDACTED] [REDACTED]", "sent a b c e [REDACTED]", set()),
        ("sent a a a a [REDACTED]", "sent a a a a e", set()),
        ("sent [REDACTED] a b c d", "sent e a b c d f", set()),
    ],
    ids=[
        "five words shared",
        "the other way round",
        "each fills the other's",
        "four words shared",
        "four words and a gap shared",
        "two words shared, one of them four times",
        "more words behind the last that both have",
    ],
)
def test_a_gap_counts_where_five_different_words_are_shared(
    disclosures: Path, one: str, other: str, expected: set[tuple[str, str]]
) -> None:
    assert filled(disclosures, one, other) == expected


def test_the_report_names_what_fills_a_gap_beside_the_gap(disclosures: Path) -> None:
    assert filled(disclosures, "sent a b c d [REDACTED]", "sent a b c d e") == {
        (FIRST_ROW, SECOND_ROW)
    }
    assert [SECOND_ROW, FIRST_ROW] in lines_of_ids(told(disclosures))
