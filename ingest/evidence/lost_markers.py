"""Find blocks of a document in which the redaction markers themselves were lost.

A conversion can drop black boxes without a trace. Where nearly every summary has a marker, a block
with no markers was probably redacted too: we cannot know how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from ingest.records.disclosure import Row
from ingest.records.evidence import Block
from ingest.text import redaction


class Counts(NamedTuple):
    """The numbers of a block: officers or records, those with a summary, summaries with a marker, markers."""

    officers: int
    summaries: int
    marked: int
    markers: int


def count_blocks(rows: Sequence[Row]) -> list[Block]:
    """Return the counts of every block of `rows`, in order."""
    counts: dict[int, Counts] = {}
    for row in rows:
        summary = row.summary or ""
        markers = redaction.count(summary)
        one = (1, bool(summary), bool(markers), markers)
        before = counts.get(row.block, Counts(0, 0, 0, 0))
        counts[row.block] = Counts(*map(sum, zip(before, one, strict=True)))
    judged = zip(counts, judge_blocks(counts.values()), strict=True)
    return [replace(block, number=number) for number, block in judged]


def judge_blocks(counts: Iterable[Counts]) -> list[Block]:
    """Return each block, numbered from 1, with the probability that it would have a marker."""
    blocks = list(counts)
    summaries, marked = (sum(block[at] for block in blocks) for at in (1, 2))
    return [
        Block(
            number,
            *block,
            probability=_probability(
                block.summaries, marked - block.marked, summaries - block.summaries
            ),
        )
        for number, block in enumerate(blocks, 1)
    ]


def _probability(summaries: int, marked_elsewhere: int, elsewhere: int) -> Fraction | None:
    """Return 1 - (1 - p)^n as an exact fraction, so that it is the same on every machine."""
    if not elsewhere:
        return None
    return 1 - (1 - Fraction(marked_elsewhere, elsewhere)) ** summaries
