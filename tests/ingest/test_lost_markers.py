"""Blocks that lost their markers."""

from __future__ import annotations

from fractions import Fraction

from ingest.evidence.lost_markers import count_blocks
from tests.documents import a_row

MARKED, PLAIN = "sent [REDACTED]", "sent a text"


def test_probability_of_a_marker_is_computed_from_the_other_blocks() -> None:
    rows = [a_row(block=1, summary=MARKED)] * 3 + [a_row(block=1, summary=PLAIN)]
    rows += [a_row(block=2, summary=PLAIN)] * 5
    first, second = count_blocks(rows)
    assert second.probability == 1 - (1 - Fraction(3, 4)) ** 5
    assert first.probability == 0
    assert (first.officers, first.summaries, first.marked, first.markers) == (4, 4, 3, 3)


def test_markers_are_lost_only_past_999_in_1000() -> None:
    elsewhere = [a_row(block=1, summary=MARKED), a_row(block=1, summary=PLAIN)]
    nine, ten = ([a_row(block=2, summary=PLAIN)] * n for n in (9, 10))
    assert not count_blocks(elsewhere + nine)[1].markers_lost
    assert count_blocks(elsewhere + ten)[1].markers_lost


def test_exactly_999_in_1000_is_not_past_it() -> None:
    elsewhere = [*[a_row(block=1, summary=MARKED)] * 9, a_row(block=1, summary=PLAIN)]
    three, four = (count_blocks(elsewhere + [a_row(block=2, summary=PLAIN)] * n)[1] for n in (3, 4))
    assert (three.probability, three.markers_lost) == (Fraction(999, 1000), False)
    assert four.markers_lost


def test_a_block_with_a_marker_has_not_lost_its_markers() -> None:
    rows = [a_row(block=1, summary=MARKED)] * 50 + [a_row(block=2, summary=PLAIN)] * 20
    assert count_blocks(rows)[1].markers_lost
    assert not count_blocks([*rows, a_row(block=2, summary=MARKED)])[1].markers_lost


def test_a_block_of_open_rows_is_not_suspect() -> None:
    rows = [a_row(block=1, summary=MARKED)] * 9
    rows += [a_row(block=2, summary=None, under_investigation=True)] * 9
    assert count_blocks(rows)[1].probability == 0
    assert not count_blocks(rows)[1].markers_lost


def test_a_single_block_has_nothing_to_be_measured_by() -> None:
    (only,) = count_blocks([a_row(summary=PLAIN)] * 40)
    assert only.probability is None
    assert not only.markers_lost
