"""What this project infers from a disclosure, kept apart from what was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

Regime = Literal["2012", "2020"]
"""The rules on police conduct and complaints, by the year that they date from."""
MentionKind = Literal["platform", "conduct"]

LOST_PROBABILITY = Fraction(999, 1000)
"""Markers count as lost if the probability that the block had one is above this."""


@dataclass(frozen=True)
class Block:
    """The counts of a block: officers, summaries, summaries with a marker, and markers.

    `probability` (0 to 1) is the probability that the block would have at least one marker, if its
    summaries had markers as often as those of the other blocks. It is None if no other block has a summary.
    """

    number: int
    officers: int
    summaries: int
    marked: int
    markers: int
    probability: Fraction | None

    @property
    def markers_lost(self) -> bool:
        """Whether the block has no marker although it almost certainly had one."""
        return (
            self.marked == 0
            and self.probability is not None
            and self.probability > LOST_PROBABILITY
        )


@dataclass(frozen=True)
class RegimeReading:
    """The rules that a row's wording points to, and the deciding words; both None if undecided."""

    regime: Regime | None
    basis: str | None


class Mention(NamedTuple):
    """A platform or a kind of conduct that a summary mentions."""

    mention: str
    kind: MentionKind


@dataclass(frozen=True)
class PublisherQuery:
    """A query for the publisher about a row, and the name of the rule that found it."""

    rule: str
    question: str


@dataclass(frozen=True)
class SharedWording:
    """A group of rows with the same wording: the ids of its rows, and the words of the first.

    `basis` is "equal" or "judged". `reason` says why people judged the rows to share a wording; it
    is None if the words are the same. `part_of` is the first id of the group that this one was
    judged to belong to.
    """

    year: int
    ids: tuple[str, ...]
    words: str
    basis: str
    reason: str | None = None
    part_of: str | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything inferred from a disclosure. Inferences about a single row are keyed by its id."""

    blocks: tuple[Block, ...]
    regimes: Mapping[str, RegimeReading]
    mentions: Mapping[str, list[Mention]]
    publisher_queries: Mapping[str, list[PublisherQuery]]
    wordings: tuple[SharedWording, ...]
