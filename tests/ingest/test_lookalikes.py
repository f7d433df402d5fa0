"""Nothing that looks like a redaction is counted as words, and ordinary prose stops no build."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.config.manifest import FILE_NAME
from ingest.config.markers import Redactions, deciding_lines, shared_forms
from ingest.config.yaml_model import parse
from ingest.text.exemptions import only_exemption
from ingest.text.lookalikes import lookalikes
from ingest.text.redaction import MarkerForms, collapse

HERE = Path(__file__).parent
FORMS = yaml.safe_load((HERE / "marker_lookalikes.yml").read_text("utf-8"))
PROSE = yaml.safe_load((HERE / "ordinary_prose.yml").read_text("utf-8"))
SHARED = shared_forms()
PLACES = ("{}", "Officer sent {} to a colleague", "Told {}.", "Sent [redacted] to {}, and {}.")
JOINED = ("Officer{}made comments", "the{} said", "to {}-year-old")


def decided(key: str, text: str) -> MarkerForms:
    """Return the forms of a disclosure in whose manifest the line that a finding shows was pasted."""
    line = deciding_lines(text)[key == "not_markers"]
    (redactions,) = (yaml.safe_load(line)["redactions"],)
    assert list(redactions) == [key]
    stated, findings = parse(yaml.safe_dump(redactions), Redactions, Path(FILE_NAME))
    assert stated, findings
    return stated.forms(SHARED)


def test_the_lists_are_long_enough_to_say_something() -> None:
    assert len(FORMS["words"]) + len(FORMS["marks"]) >= 60
    assert sum(map(len, PROSE.values())) >= 40


@pytest.mark.parametrize("form", [*FORMS["words"], *FORMS["marks"]])
def test_each_form_is_a_marker_or_stops_the_build(form: str) -> None:
    places = PLACES if form in FORMS["words"] else (*PLACES, *JOINED)
    for place in places:
        text = place.replace("{}", form)
        expected = place.replace("{}", "[REDACTED]")
        known = SHARED.count(text) == SHARED.count(expected)
        assert known or lookalikes(text, SHARED), text


@pytest.mark.parametrize("text", [text for texts in PROSE.values() for text in texts])
def test_ordinary_prose_stops_no_build(text: str) -> None:
    assert lookalikes(text, SHARED) == ()
    assert lookalikes(f"{text} [REDACTED] {text}", SHARED) == ()


@pytest.mark.parametrize(
    "text",
    [
        "removed",
        "Withheld.",
        "Officer sent texts - withheld - to a colleague",
        "Names and addresses redacted",
        "This information has been withheld",
        "Surname withheld",
        "Sent texts (details removed) twice",
        "texts; exempt; more texts",
    ],
)
def test_a_word_for_redaction_outside_a_sentence_is_found(text: str) -> None:
    assert lookalikes(text, SHARED)


# A grammar of markers: opening, what is said, an exemption, and closing; or a run.
SAID = st.sampled_from(
    ["redacted", "REDACTED", "Redacted", "name redacted", "withheld", "WITHHELD", "name withheld",
     "removed", "exempt", "personal data", "name", "N/K", "officer’s wife"]
)  # fmt: skip
EXEMPTIONS = st.builds(
    lambda section, space, number, part: f"{section}{space}{number}{part}",
    st.sampled_from(["s", "S", "s.", "S.", "section ", "Section ", "sec. "]),
    st.sampled_from(["", " "]),
    st.sampled_from(["24", "30", "31", "38", "40", "41", "42", "43"]),
    st.sampled_from(["", "(1)", "(2)", "(1)(a)", " (2)", "(3)(a)(i)"]),
) | st.sampled_from(["(b)(6)", "(b)(7)(C)", "b(5)", "b6", "(k)(2)", "(b) (3)", "reg. 12(5)(e)"])
OPEN = st.sampled_from([("[", "]"), ("［", "］"), ("【", "】"), ("{", "}"), ("[ ", " ]")])
JOIN = st.sampled_from([" ", " - ", ": ", " under ", ", "])
BRACKETED = st.builds(
    lambda around, said: f"{around[0]}{said}{around[1]}",
    OPEN,
    SAID | EXEMPTIONS | st.builds("{}{}{}".format, SAID, JOIN, EXEMPTIONS),
)
REFERRED = st.builds(
    lambda before, exemption, after: f"{before}{exemption}{after}",
    st.sampled_from(["", "redacted ", "withheld under ", "Exempt: ", "FOIA "]),
    EXEMPTIONS,
    st.sampled_from(["", " applies", " FOIA", " exempt", " applied"]),
)
RUNS = st.builds(
    lambda character, length: character * length,
    st.sampled_from("*_■▓▒░▬▮⬛◼□X#~"),
    st.integers(3, 12),
)
MARKERS = BRACKETED | REFERRED | RUNS
WORDS = st.lists(
    st.sampled_from(["officer", "sent", "texts", "to", "his", "wife", "and", "made", "comments"]),
    min_size=1,
    max_size=5,
).map(" ".join)


@pytest.mark.long
@given(st.lists(st.tuples(WORDS, MARKERS), min_size=1, max_size=4), WORDS)
def test_no_marker_of_the_grammar_is_lost(pieces: list[tuple[str, str]], end: str) -> None:
    """Each marker is counted or reported; the prose around it stays readable."""
    for words, marker in pieces:
        text = collapse(f"{words} {marker} {end}")
        if SHARED.count(text) != 1:
            found = lookalikes(text, SHARED)
            assert found, text
            assert len(" ".join(found)) >= len(marker) - 2, (text, found)
    whole = collapse(" ".join([*(f"{words} {marker}" for words, marker in pieces), end]))
    found = lookalikes(whole, SHARED)
    forms = Redactions.model_validate({"markers": sorted(set(found))}).forms(SHARED)
    prose = " ".join([*(words for words, _ in pieces), end])
    assert forms.visible_words(whole) <= len(prose.split())


@pytest.mark.long
@given(WORDS, MARKERS, WORDS)
def test_a_line_pasted_from_a_finding_decides_it(before: str, marker: str, after: str) -> None:
    text = collapse(f"{before} {marker} {after}")
    found = lookalikes(text, SHARED)
    for one in found:
        forms = decided("markers", one)
        assert one not in lookalikes(text, forms)
        assert forms.count(text) >= SHARED.count(text) + 1
        forms = decided("not_markers", one)
        assert one not in lookalikes(text, forms)
        assert forms.words(text) == SHARED.words(text)


@pytest.mark.long
@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_any_text_is_quoted_so_that_yaml_gives_it_back(text: str) -> None:
    for line in deciding_lines(text):
        ((value,),) = yaml.load(line, Loader=yaml.BaseLoader)["redactions"].values()
        assert value in (text, {"run": text[0]})


@given(st.text() | WORDS)
def test_looking_ends_and_quotes_the_text(text: str) -> None:
    collapsed = " ".join(text.replace("<p>", " ").replace("</p>", " ").split())
    for found in lookalikes(text, SHARED):
        assert found in collapsed


def test_what_a_disclosure_says_is_not_a_marker_takes_precedence() -> None:
    forms = Redactions.model_validate(
        {"markers": [{"run": "*"}], "not_markers": ["f*ck", "[Facebook]"]}
    ).forms(SHARED)
    text = "said f*ck to ***, on [Facebook]"
    assert [marker.form for marker in forms.find(text)] == ["*"]
    assert forms.canonicalise(text) == "said f*ck to [REDACTED], on [Facebook]"
    assert forms.words(text) == ["said", "f", "ck", "to", "on", "Facebook"]
    assert lookalikes(text, forms) == ()


@pytest.mark.parametrize(
    ("form", "text", "exemption"),
    [
        ("S40(2) applies", "sent S40(2) applies a text", "S40(2)"),
        ("[{exemption}]", "[s.31(1)(g)]", "s.31(1)(g)"),
        ("[REDACTED - {exemption}]", "[REDACTED  -  (b)(7)(C)]", "(b)(7)(C)"),
        ("[personal]", "[personal]", None),
        ({"text": "[personal]", "exemption": "s.40(2)"}, "[personal]", "s.40(2)"),
        ("[s40(2), s31(1)]", "[s40(2), s31(1)]", "s40(2), s31(1)"),
    ],
)
def test_a_marker_keeps_the_exemption_that_it_names(
    form: object, text: str, exemption: str | None
) -> None:
    forms = Redactions.model_validate({"markers": [form]}).forms()
    assert [marker.exemption for marker in forms.find(text)] == [exemption]


@pytest.mark.parametrize(
    ("text", "exemption"),
    [
        ("s40(2)", "s40(2)"),
        ("S.40 (2) FOIA", "S.40 (2)"),
        ("(b)(6)", "(b)(6)"),
        ("B6", "B6"),
        ("Exempt under section 31", "section 31"),
        ("s40(2) the wife", None),
        ("John", None),
        ("", None),
    ],
)
def test_text_on_a_box_is_an_exemption_only_if_it_says_nothing_else(
    text: str, exemption: str | None
) -> None:
    assert only_exemption(text) == exemption


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ({"markers": [""]}, "1 character"),
        ({"markers": [{"run": "ab"}]}, "one character"),
        ({"markers": [{"text": "a", "run": "b"}]}, "either text or run"),
        ({"markers": [{"form": "a"}]}, "either text or run"),
        ({"markers": ["a" * 1_001]}, "1,000 characters"),
        ({"not_markers": ["[REDACTED]"]}, "always a marker"),
        ({"not_markers": ["REDACTED"]}, "always a marker"),
        ({"markers": ["[a]"], "not_markers": ["[a]"]}, "each text once"),
    ],
)
def test_forms_that_cannot_work_are_refused(stated: dict[str, object], problem: str) -> None:
    record, findings = parse(yaml.safe_dump(stated), Redactions, Path(FILE_NAME))
    assert record is None
    assert problem in findings[0].expected


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    "text",
    [
        "█" * 200_000,
        "[" * 100_000,
        "a " * 100_000,
        "[a" * 50_000 + "]",
        "s.40(2) " * 20_000,
        "*x" * 50_000,
        "(" * 50_000 + "redacted",
    ],
)
def test_looking_through_a_long_text_takes_no_more_than_its_length(text: str) -> None:
    """A pattern that took the square of the length would not end before the suite does."""
    forms = Redactions.model_validate(
        {"markers": ["a" * 1_000, {"run": "x"}, "[REDACTED {exemption}]"]}
    ).forms(SHARED)
    assert forms.count(text) >= 0
    lookalikes(text, forms)
