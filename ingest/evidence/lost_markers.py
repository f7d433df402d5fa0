"""Blocks of a document in which the redaction markers themselves were lost.

A conversion can drop black boxes without a trace. A block without any marker, where nearly every
summary elsewhere carries one, is then no block without redactions: how much it hides is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ingest import redaction
from ingest.disclosure import Row

CERTAIN = Fraction(999, 1000)
"""How improbable a block without markers must be before its markers count as lost."""


@dataclass(frozen=True)
class Block:
    """The counts of one block: officers, summaries, summaries that carry a marker, and markers.

    `chance` is the probability, from 0 to 1, that a block of as many summaries would carry at
    least one marker if each did as often as the summaries of the other blocks do; None where
    there are no others to learn from.
    """

    number: int
    officers: int
    summaries: int
    marked: int
    markers: int
    chance: Fraction | None

    @property
    def markers_lost(self) -> bool:
        """Whether the block carries no marker where it is all but certain to have had one."""
        return self.marked == 0 and self.chance is not None and self.chance > CERTAIN


def blocks(rows: Sequence[Row]) -> list[Block]:
    """Every block of `rows`, in order."""
    officers, summaries, marked, markers = (Counter[int]() for _ in range(4))
    for row in rows:
        summary = redaction.canonicalise(row.summary or "")
        count = redaction.count(summary)
        officers[row.block] += 1
        summaries[row.block] += bool(summary)
        marked[row.block] += bool(count)
        markers[row.block] += count
    return [
        Block(
            number=number,
            officers=officers[number],
            summaries=summaries[number],
            marked=marked[number],
            markers=markers[number],
            chance=_chance(
                summaries[number],
                marked.total() - marked[number],
                summaries.total() - summaries[number],
            ),
        )
        for number in officers
    ]


def _chance(summaries: int, marked_elsewhere: int, elsewhere: int) -> Fraction | None:
    """1 - (1 - p)^n, in exact fractions so that it is the same number on every machine."""
    if not elsewhere:
        return None
    return 1 - (1 - Fraction(marked_elsewhere, elsewhere)) ** summaries
