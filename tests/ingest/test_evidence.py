"""What is inferred from the rows: rules, shared wordings, mentions, questions."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from pydantic import ValidationError

from ingest.build import build
from ingest.cli import main
from ingest.config.manifest import SameWording
from ingest.config.terms import load_terms
from ingest.evidence.mentions import find_mentions, patterns
from ingest.evidence.publisher_queries import Condition, Conditions, find_queries, rules
from ingest.evidence.regime import infer_regime
from ingest.evidence.wordings import equal_wordings, propose, shared_wordings
from ingest.readers.folders import read_folders
from ingest.records.findings import BuildError
from tests.documents import FIRST, FolderCopy, a_row, first_rows, numbered

Rows = Callable[..., list[tuple[Any, ...]]]
SAMPLE: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "mentions_sample.yml").read_text("utf-8")
)


# Rules


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("Unsubstantiated", "Management Action", None), "2012"),
        (("Case to Answer", "Formal Action", "Management Advice"), "2012"),
        (("Case to Answer", "Referral to Proceedings", "Written Warning"), "2020"),
        (("No Case to Answer", "No Action", "Management Advice"), "2012"),
        (("Case to Answer", "Retired/Resigned", None), None),
        (("No Case to Answer", "No Action", None), None),
        (("Substantiated", "Referral to RPRP", None), None),
        ((None, None, None), None),
    ],
)
def test_the_wording_of_an_outcome_points_to_the_rules(
    cells: tuple[str | None, ...], found: str | None
) -> None:
    terms, _ = load_terms()
    assert terms
    reading = infer_regime(
        a_row(**dict(zip(("result", "action", "sanction"), cells, strict=True))), terms
    )
    assert reading.regime == found
    assert (reading.basis is None) == (found is None)


def test_the_basis_names_every_word_that_decided(rows: Rows) -> None:
    ((basis,),) = rows("select regime_basis from officer_allegations where line = 59")
    assert basis == "action “Formal Action”"
    both = "result “Unsubstantiated”, action “Management Action”"
    assert rows("select count(*) from officer_allegations where regime_basis = ?", both) == [(5,)]


def test_the_rules_of_the_first_disclosure(rows: Rows) -> None:
    sql = "select regime, count(*) from officer_allegations where status = 'finalised' group by 1"
    assert rows(sql) == [(None, 59), ("2012", 94), ("2020", 159)]
    assert rows("select regime from officer_allegations where status <> 'finalised'") == [
        *[(None,)] * 97
    ]


# Shared wordings


def test_equal_visible_words_make_14_groups_of_40_rows() -> None:
    groups = equal_wordings(first_rows())
    assert (len(groups), sum(len(group.ids) for group in groups)) == (14, 40)
    assert {group.basis for group in groups} == {"equal"}


def test_markers_letter_case_and_points_do_not_part_equal_words() -> None:
    (group,) = equal_wordings(
        numbered("Sent [REDACTED] photos", "sent photos. [REDACTED] ██", "sent a photo")
    )
    assert group.ids == ("id-1", "id-2")
    assert group.words == "Sent photos"


def test_wholly_redacted_rows_and_rows_of_two_years_never_share() -> None:
    assert equal_wordings(numbered("[REDACTED]", "[REDACTED]")) == []
    assert (
        equal_wordings(
            [*numbered("sent photos"), ("id-2", a_row(summary="sent photos", year=2020))]
        )
        == []
    )


def test_a_judgement_joins_groups_and_loose_rows_with_its_reason() -> None:
    rows = numbered("false claims", "false claims", "claims false", "claims false", "a false claim")
    judged = [SameWording(rows=[id for id, _ in rows], reason="one event")]
    groups = shared_wordings(rows, judged)
    assert [(g.ids, g.basis, g.reason, g.part_of) for g in groups] == [
        (("id-1", "id-2"), "equal", "one event", None),
        (("id-3", "id-4"), "equal", "one event", "id-1"),
        (("id-5",), "judged", "one event", "id-1"),
    ]


def test_a_judgement_on_one_group_of_equal_rows_adds_its_reason_and_nothing_else() -> None:
    rows = numbered("false claims", "false claims", "other words")
    judged = [SameWording(rows=["id-1", "id-2"], reason="one event")]
    (group,) = shared_wordings(rows, judged)
    assert (group.ids, group.basis, group.reason, group.part_of) == (
        ("id-1", "id-2"), "equal", "one event", None
    )  # fmt: skip


def test_nearly_equal_words_are_proposed_until_they_are_judged() -> None:
    rows = numbered(
        "Officers have made false claims regarding the search",
        "Officers have made false claims regarding [REDACTED]",
        "Something else altogether that has nothing to do with it",
        "Officers have made false claims regarding the search",
    )
    ((one, other, third),) = propose(rows, [])
    assert [one[0], other[0], third[0]] == ["id-1", "id-2", "id-4"]
    assert propose(rows, [SameWording(rows=["id-1", "id-2", "id-4"], reason="r")]) == []


@pytest.mark.parametrize(
    ("one", "other", "proposed"),
    [
        ("a b c d e f g h i j", "a b c d e f g z y x", True),
        ("a b c d e f g h i j", "a b c d e f w z y x", False),
        ("a b c d e f g h i j k l m", "a b c d e f g h i w z y x", False),
        ("a b c d e f g h i j", "x y z a b c d e f g", True),
        ("a b c d e f g h i j", "g f e d c b a x y z", False),
        ("a b c d", "a b c x", True),
        ("a b c", "a b c d", False),
        ("a b c d", "a b c", False),
        ("a b c d", "A b, c [REDACTED] d", False),
        ("a b c d", "a [REDACTED] B c. x", True),
        (None, "a b c d", False),
    ],
)
def test_wordings_are_proposed_from_seven_words_in_ten_and_from_four_words(
    one: str | None, other: str, proposed: bool
) -> None:
    """Shared words count if they are in the same order; identical wordings need no judgement."""
    rows = [("id-1", a_row(summary=one)), ("id-2", a_row(summary=other))]
    assert [[id for id, _ in group] for group in propose(rows, [])] == [["id-1", "id-2"]] * proposed


def test_long_summaries_are_proposed_however_often_their_words_recur() -> None:
    words = "he sent it to her " * 50
    rows = numbered(f"today {words}", f"yesterday {words}")
    assert [[id for id, _ in group] for group in propose(rows, [])] == [["id-1", "id-2"]]


def test_rows_of_two_years_are_not_proposed_and_half_a_judgement_leaves_the_rest_to_judge() -> None:
    rows = numbered("a b c d", "a b c x")
    of_two_years = [rows[0], ("id-2", a_row(summary="a b c x", year=2020))]
    assert propose(of_two_years, []) == []
    judged = [SameWording(rows=["id-1", "id-3"], reason="r")]
    assert [[id for id, _ in group] for group in propose(rows, judged)] == [["id-1", "id-2"]]
    assert propose(rows, [SameWording(rows=["id-1", "id-2"], reason="r")]) == []


def test_groups_go_by_the_first_of_their_ids_whatever_the_order_of_the_rows() -> None:
    """A row added later has a higher number than the rows after it."""
    rows = [
        ("id-9", a_row(summary="late words", year=2021)),
        *numbered("a b c d", "late words", "some words", "a b c x", "some words"),
        ("id-8", a_row(summary="Late words", year=2021)),
    ]
    assert [group.ids for group in shared_wordings(rows, [])] == [
        ("id-3", "id-5"),
        ("id-9", "id-2", "id-8"),
    ]
    judged = [SameWording(rows=["id-9", "id-2", "id-8", "id-3", "id-5"], reason="r")]
    assert [(group.ids[0], group.part_of) for group in shared_wordings(rows, judged)] == [
        ("id-3", None),
        ("id-9", "id-3"),
    ]
    near = [("id-7", a_row(summary="a b c x")), ("id-6", a_row(summary="a b c d"))]
    assert [[id for id, _ in group] for group in propose(near, [])] == [["id-6", "id-7"]]


def test_what_was_judged_of_the_first_disclosure_is_in_its_folder() -> None:
    done = CliRunner().invoke(main, ["similar-wordings"])
    assert done.exit_code == 0
    assert "6 proposals" in done.output
    assert "false claims" not in done.output


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("[22-026570-0129, 22-026570-9999]", "'22-026570-9999', which is not a row"),
        ("[22-026570-0185, 22-026570-0185]", "22-026570-0185 listed twice"),
        ("[22-026570-0185, 22-026570-0176]", "22-026570-0176, which is also in another entry"),
        ("[22-026570-0185, 22-026570-0131]", "22-026570-0131, which has no readable word"),
        ("[22-026570-0185, 22-026570-0077]", "22-026570-0077, which has no readable word"),
        (
            "[22-026570-0137, 22-026570-0150]",
            "22-026570-0159 left out, although it has the same words",
        ),
        ("[22-026570-0185, 22-026570-0256]", "rows of different years"),
    ],
)
def test_an_invalid_judgement_is_refused(
    copy: FolderCopy, tmp_path: Path, entry: str, told: str
) -> None:
    copy.declare("same_wording:\n", f"same_wording:\n  - rows: {entry}\n    reason: r\n")
    with pytest.raises(BuildError) as refusal:
        build(copy.path.parent, tmp_path / "foi.db")
    assert told in str(refusal.value)
    assert not (tmp_path / "foi.db").exists()


@pytest.mark.parametrize(
    ("entry", "withdrawn"),
    [
        ("[22-026570-0185, 22-026570-0131]", "22-026570-0131"),
        ("[22-026570-0185, 22-026570-0028]", "22-026570-0028"),
    ],
    ids=["a row without words", "a row of another year"],
)
def test_a_judgement_on_a_withdrawn_row_is_ignored(
    copy: FolderCopy, tmp_path: Path, entry: str, withdrawn: str
) -> None:
    copy.declare("same_wording:\n", f"same_wording:\n  - rows: {entry}\n    reason: r\n")
    copy.declare(
        "withdrawn: []", f"withdrawn:\n  - {{id: {withdrawn}, date: 2023-04-05, reason: r}}"
    )
    build(copy.path.parent, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        assert (
            connection.execute("select 1 from shared_wordings where reason = 'r'").fetchall() == []
        )


# Mentions


@pytest.mark.parametrize(
    "pattern", [*patterns().platform, *patterns().conduct], ids=lambda pattern: pattern.mention
)
def test_each_pattern_finds_its_example(rows: Rows, pattern: Any) -> None:
    found = rows("select mention from mentions where allegation_id = ?", pattern.example)
    assert (pattern.mention,) in found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("whatapp messages", ["WhatsApp"]),
        ("a whats app group", ["WhatsApp"]),
        ("WHATSAPP", ["WhatsApp"]),
        ("Face[REDACTED]book", []),
        ("social [REDACTED] media", []),
        ("Sexual Offences act, the suspect in this offence", ["sexual conduct"]),
        ("caused some offence", ["offensive or derogatory words"]),
        ("abusing his status", []),
        ("a trace of brace", []),
        ("could call their reputations into question", []),
        ("account to post text that would likely damage", []),
    ],
)
def test_a_mention_is_of_adjacent_visible_words(text: str, found: list[str]) -> None:
    assert [mention.mention for mention in find_mentions(text)] == found


def test_against_a_sample_labelled_by_reading_few_mentions_are_wrong_and_few_are_missed(
    rows: Rows,
) -> None:
    """Sixty rows, drawn at random and labelled by a person who had not seen the patterns."""
    assert len(SAMPLE) == 60
    tally: Counter[str] = Counter()
    for id, labels in SAMPLE.items():
        ((summary,),) = rows("select summary from officer_allegations where id = ?", id)
        found = {mention.mention for mention in find_mentions(summary)}
        tally["right"] += len(found & set(labels))
        tally["wrong"] += len(found - set(labels))
        tally["missed"] += len(set(labels) - found)
    assert tally["right"] / (tally["right"] + tally["wrong"]) >= 0.95
    assert tally["right"] / (tally["right"] + tally["missed"]) >= 0.9


def test_every_label_of_the_sample_is_a_mention_that_is_looked_for() -> None:
    known = {pattern.mention for pattern in (*patterns().platform, *patterns().conduct)}
    assert {label for labels in SAMPLE.values() for label in labels} <= known


# Questions


def test_each_kind_of_question_is_put_to_its_rows_and_none_to_anothers(rows: Rows) -> None:
    sql = """select rule, json_group_array(line) from publisher_questions
        join officer_allegations on id = allegation_id group by rule order by min(line)"""
    assert rows(sql) == [
        ("sanction without a case to answer", "[100,114,127,155]"),
        ("unexplained term", "[148,151,158]"),
        ("truncated term", "[209]"),
        ("warning after reflective practice", "[281]"),
    ]
    assert {rule.rule for rule in rules()} == {rule for rule, _ in rows(sql)}


@pytest.mark.parametrize(
    "cells",
    [
        {"result": "Case to Answer", "action": "No Action", "sanction": None},
        {"result": "No Case to Answer", "action": "No Action", "sanction": "No Action"},
        {"result": "No Case to Answer", "action": "Referral to RPRP", "sanction": None},
        {"result": "Substantiated", "action": "Formal Action", "sanction": "No Action"},
    ],
)
def test_what_is_lawful_raises_no_question(cells: dict[str, str | None]) -> None:
    assert find_queries(a_row(**cells)) == []


# Withdrawn rows


@pytest.fixture
def withdrawn(copy: FolderCopy, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The first disclosure with three rows of equal words withdrawn, and one with a question."""
    ids = ["22-026570-0110", "22-026570-0113", "22-026570-0124", "22-026570-0041"]
    entries = "".join(f"  - {{id: {id}, date: 2023-04-05, reason: r}}\n" for id in ids)
    copy.declare("withdrawn: []\n", f"withdrawn:\n{entries}")
    build(copy.path.parent, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        yield connection


def test_a_withdrawn_row_gives_no_words_away(withdrawn: sqlite3.Connection) -> None:
    row = withdrawn.execute(
        "select wording_id, regime, regime_basis from officer_allegations where line = 100"
    ).fetchone()
    assert row == (None, "2012", "sanction “Management Advice”")
    ids = "('22-026570-0110', '22-026570-0113', '22-026570-0124', '22-026570-0041')"
    for sql in (
        f"select 1 from mentions where allegation_id in {ids}",
        "select 1 from shared_wordings where wording like '%Metropolitan%'",
        f"select 1 from officer_allegations where id in {ids} and wording_id is not null",
    ):
        assert withdrawn.execute(sql).fetchall() == []


def test_a_judgement_is_passed_over_where_a_row_of_it_is_withdrawn() -> None:
    rows = numbered("false claims", "claims false", "a false claim")
    judged = [SameWording(rows=[id for id, _ in rows], reason="of the third, withdrawn")]
    assert shared_wordings(rows[:2], judged) == []


def test_a_row_whose_words_differ_by_a_point_alone_must_be_withdrawn_too(
    copy: FolderCopy, tmp_path: Path
) -> None:
    copy.declare(
        "withdrawn: []", "withdrawn:\n  - {id: 22-026570-0129, date: 2023-04-05, reason: r}"
    )
    with pytest.raises(BuildError, match="repeated in 22-026570-0213"):
        build(copy.path.parent, tmp_path / "foi.db")


def test_the_projects_own_judgements_are_valid() -> None:
    folders, findings = read_folders(FIRST.parent)
    assert findings == []
    (folder,) = folders
    groups = shared_wordings(folder.numbered_rows, folder.manifest.same_wording)
    together: Counter[str] = Counter()
    for group in groups:
        together[group.part_of or group.ids[0]] += len(group.ids)
    assert [size for _, size in together.most_common(3)] == [9, 5, 5]
    assert sum(len(group.ids) for group in groups if group.basis == "equal") == 40


@pytest.mark.parametrize(
    "action", ["Referral to RPRP", "Reflective Practice", "Learning from Reflection"]
)
@pytest.mark.parametrize("sanction", ["Written Warning", "Final Written Warning"])
def test_a_warning_after_any_reflective_route_raises_its_question(
    action: str, sanction: str
) -> None:
    (rule,) = find_queries(a_row(result="Case to Answer", action=action, sanction=sanction))
    assert rule.rule == "warning after reflective practice"


@pytest.mark.parametrize(
    ("condition", "term", "holds"),
    [
        ({"any_of": ["A", "B"]}, "B", True),
        ({"any_of": ["A", "B"]}, "C", False),
        ({"any_of": ["A", "B"]}, None, False),
        ({"other_than": ["A", "B"]}, "B", False),
        ({"other_than": ["A", "B"]}, "C", True),
        ({"other_than": ["A", "B"]}, None, False),
    ],
)
def test_a_condition_is_met_by_a_term_and_never_by_an_empty_cell(
    condition: dict[str, list[str]], term: str | None, holds: bool
) -> None:
    assert Condition.model_validate(condition).is_met(term) == holds


@pytest.mark.parametrize(
    "conditions",
    [{}, {"action": {}}, {"action": {"any_of": ["A"], "other_than": ["B"]}}, {"rank": {"any_of": ["A"]}}],
)  # fmt: skip
def test_a_rule_without_a_condition_is_rejected(conditions: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Conditions.model_validate(conditions)


def test_a_rule_applies_if_all_its_conditions_are_met() -> None:
    conditions = Conditions.model_validate(
        {"result": {"any_of": ["Resolved"]}, "sanction": {"other_than": ["No Action"]}}
    )
    assert conditions.are_met(a_row(result="Resolved", sanction="Dismissal"))
    assert not conditions.are_met(a_row(result="Withdrawn", sanction="Dismissal"))
    assert not conditions.are_met(a_row(result="Resolved", sanction="No Action"))
    assert not conditions.are_met(a_row(result="Resolved", sanction=None))


def test_a_withdrawn_row_keeps_its_publisher_queries(withdrawn: sqlite3.Connection) -> None:
    """The query is about the outcome, which is still published."""
    (line,) = withdrawn.execute(
        "select line from officer_allegations where id = '22-026570-0041'"
    ).fetchone()
    assert line == 100
    assert withdrawn.execute(
        "select rule from publisher_questions where allegation_id = '22-026570-0041'"
    ).fetchall() == [("sanction without a case to answer",)]
