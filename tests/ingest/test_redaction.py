"""The marker grammar."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.config import bands
from ingest.config.markers import shared_forms
from ingest.text.redaction import Marker

FORMS = shared_forms()

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
    assert [marker.form for marker in FORMS.find(text)] == forms


def test_a_marker_knows_its_place() -> None:
    assert FORMS.find("to [redacted].") == (Marker("[redacted]", 3, 13),)


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
    assert FORMS.canonicalise(text) == canonical


@given(TEXTS)
@example("<<p>p>")
@example("[red<p>acted]")
@example("[REDA█CTED]")
def test_canonicalising_twice_changes_nothing(text: str) -> None:
    once = FORMS.canonicalise(text)
    assert FORMS.canonicalise(once) == once


@given(TEXTS)
def test_canonicalising_keeps_markers_words_and_density(text: str) -> None:
    canonical = FORMS.canonicalise(text)
    assert FORMS.count(canonical) == FORMS.count(text)
    assert FORMS.visible_words(canonical) == FORMS.visible_words(text)
    assert FORMS.density(canonical) == FORMS.density(text)


@given(TEXTS)
def test_density_lies_within_0_and_1_and_has_a_band(text: str) -> None:
    density = FORMS.density(text)
    assert 0 <= density <= 1
    assert (bands.band(density) == "unmarked") == (FORMS.count(text) == 0)
    assert (bands.band(density) == "total") == (
        FORMS.count(text) > 0 and FORMS.visible_words(text) == 0
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
    assert FORMS.visible_words(text) == words


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
