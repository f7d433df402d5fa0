"""Find blocks of a document in which the redaction markers themselves were lost.

A conversion can drop black boxes without a trace. Where nearly every summary has a marker, a block
with no markers was probably redacted too: we cannot know how much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from ingest.records.disclosure import Row
from ingest.records.evidence import Block
from ingest.text import redaction


def count_blocks(rows: Sequence[Row]) -> list[Block]:
    """Return the counts of every block of `rows`, in order."""
    officers, summaries, marked, markers = (Counter[int]() for _ in range(4))
    for row in rows:
        summary = row.summary or ""
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
            probability=_probability(
                summaries[number],
                marked.total() - marked[number],
                summaries.total() - summaries[number],
            ),
        )
        for number in officers
    ]


def _probability(summaries: int, marked_elsewhere: int, elsewhere: int) -> Fraction | None:
    """Return 1 - (1 - p)^n as an exact fraction, so that it is the same on every machine."""
    if not elsewhere:
        return None
    return 1 - (1 - Fraction(marked_elsewhere, elsewhere)) ** summaries
