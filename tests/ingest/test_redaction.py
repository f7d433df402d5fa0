"""The marker grammar."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.config import bands
from ingest.text import redaction
from ingest.text.redaction import Marker

MARKS = ("[REDACTED]", "[redacted]", "█", "██████", "\ue000", "<p>", "</p>", "[", "]", "<", "p>")
WORDS = ("word", "ex-wife", "officer's", "[Facebook]", "é", "e\u0301", "_", "7", " ", "\t", "\n")
PIECES = st.lists(st.sampled_from(MARKS) | st.sampled_from(WORDS)).map("".join)
TEXTS = PIECES | st.text()


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("a [REDACTED] b [redacted]", ["[REDACTED]", "[redacted]"]),
        ("██████ ██████████", ["█", "█"]),
        ("a\ue000\ue000b", ["box", "box"]),
        ("[Facebook] (redacted) [Redacted]", []),
        ("", []),
    ],
)
def test_every_marker_is_found_with_its_form(text: str, forms: list[str]) -> None:
    assert [marker.form for marker in redaction.find(text)] == forms


def test_a_marker_knows_its_place() -> None:
    assert redaction.find("to [redacted].") == (Marker("[redacted]", 3, 13),)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (
            "<p>made comments on a platform</p> <p>made enquiries</p>",
            "made comments on a platform made enquiries",
        ),
        ("<p>one</p><p>two</p>", "one two"),
        (" a  [redacted]\tb ██████ ", "a [REDACTED] b [REDACTED]"),
        ("[Facebook] <b>", "[Facebook] <b>"),
    ],
)
def test_markers_tags_and_white_space_take_one_form(text: str, canonical: str) -> None:
    assert redaction.canonicalise(text) == canonical


@given(TEXTS)
@example("<<p>p>")
@example("[red<p>acted]")
@example("[REDA█CTED]")
def test_canonicalising_twice_changes_nothing(text: str) -> None:
    once = redaction.canonicalise(text)
    assert redaction.canonicalise(once) == once


@given(TEXTS)
def test_canonicalising_keeps_markers_words_and_density(text: str) -> None:
    canonical = redaction.canonicalise(text)
    assert redaction.count(canonical) == redaction.count(text)
    assert redaction.visible_words(canonical) == redaction.visible_words(text)
    assert redaction.density(canonical) == redaction.density(text)


@given(TEXTS)
def test_density_lies_within_0_and_1_and_has_a_band(text: str) -> None:
    density = redaction.density(text)
    assert 0 <= density <= 1
    assert (bands.band(density) == "unmarked") == (redaction.count(text) == 0)
    assert (bands.band(density) == "total") == (
        redaction.count(text) > 0 and redaction.visible_words(text) == 0
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the officer's ex-partner", 3),
        ("a [REDACTED]-year-old", 2),
        ("Rock 'n' roll - e-mail/text", 5),
        ("don’t café cafe\u0301s", 3),
        ("snake_case 4 COVID-19", 4),
        ("a co\u2010worker’s e\u2011mail", 3),
        ("[REDACTED] <p></p> - .", 0),
    ],
)
def test_visible_words_are_runs_of_letters_or_digits(text: str, words: int) -> None:
    assert redaction.visible_words(text) == words


@pytest.mark.parametrize(
    ("density", "band"),
    [
        (0.0, "unmarked"),
        (0.0999, "light"),
        (0.1, "moderate"),
        (0.2499, "moderate"),
        (0.25, "heavy"),
        (0.9999, "heavy"),
        (1.0, "total"),
    ],
)
def test_bands_begin_where_the_contract_says(density: float, band: str) -> None:
    assert bands.band(density) == band


def test_the_ranges_of_the_bands_leave_no_density_out() -> None:
    assert [(band.band, lower, upper) for band, lower, upper in bands.ranges()] == [
        ("unmarked", 0, 0),
        ("light", 0, 0.1),
        ("moderate", 0.1, 0.25),
        ("heavy", 0.25, 1),
        ("total", 1, 1),
        ("unknown", None, None),
    ]


@pytest.mark.parametrize(
    "form",
    [
        *("(redacted)", "[Redacted]", "[ REDACTED ]", "[name redacted]", "<redaction>", "■■■"),
        *("［REDACTED］", "REDACTED", "*****", "____", "XXXX", "***", "___", "▀", "▟▓", "⬛", "▮"),
        *("{redacted}", "[name of the officer's former wife redacted]"),
    ],
)
def test_near_misses_are_reported(form: str) -> None:
    assert redaction.unknown_forms(f"sent [REDACTED] to {form} today") == (form,)


@pytest.mark.parametrize(
    "text",
    [
        "[REDACTED] [redacted] ██████ \ue000",
        "[REDACTED][redacted]█\ue000",
        "[Facebook] and the redacted form, with a kiss: xxxx",
        "** _note__ XXX",
        "(a form that he had sent to us, of which a copy, redacted, came back in the spring)",
    ],
)
def test_known_markers_and_plain_words_do_not_look_like_unknown_ones(text: str) -> None:
    assert redaction.unknown_forms(text) == ()
