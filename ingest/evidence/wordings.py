"""Rows that share a wording, and so probably tell of one event.

Equal visible words are found here. Whether words that are nearly equal tell of one event is for a
person to judge: `propose` names candidates, and `same_wording` in `disclosure.yml` holds what was
decided, each with its reason. Rows of different years, and wholly redacted ones, never share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from ingest import redaction
from ingest.disclosure import Row
from ingest.particulars import SameWording

ALIKE = 0.7
"""The share of words in common, in order, from which two wordings are proposed for judgement."""
FEWEST = 4
"""Wordings of fewer words are not proposed: they are alike by chance."""

Numbered = tuple[str, Row]
"""A row behind its permanent id."""


@dataclass(frozen=True)
class Wording:
    """A group of rows with one wording: the ids of its rows, and the words of the first.

    `judged` is the reason why people took the rows for one wording, None where the words are
    equal. `part_of` is the id of the first row of the group that this one was judged to belong to.
    """

    year: int
    ids: tuple[str, ...]
    words: str
    basis: str
    reason: str | None = None
    part_of: str | None = None


def equal(rows: Sequence[Numbered]) -> list[Wording]:
    """The groups of two rows or more whose visible words are equal, letter case aside."""
    groups: defaultdict[tuple[int, tuple[str, ...]], list[Numbered]] = defaultdict(list)
    for id, row in rows:
        if words := _folded(row):
            groups[row.year, words].append((id, row))
    return [_group(members, "equal") for members in groups.values() if len(members) > 1]


def shared(rows: Sequence[Numbered], judged: Sequence[SameWording]) -> list[Wording]:
    """The groups of equal words, and what people judged to belong together with them.

    Rows of a judgement that are in no group make one of their own. The first of its groups is the
    one that the others are part of. A judgement of which a row is not among `rows` is passed over.
    """
    groups = equal(rows)
    ids = {id for id, _ in rows}
    for judgement in judged:
        if not ids.issuperset(judgement.rows):
            continue  # its reason would speak of words that were withdrawn
        members = [group for group in groups if set(group.ids) <= set(judgement.rows)]
        taken = {id for group in members for id in group.ids}
        loose = [(id, row) for id, row in rows if id in judgement.rows and id not in taken]
        groups = [group for group in groups if group not in members]
        members += [_group(loose, "judged")] if loose else []
        members.sort(key=lambda group: group.ids[0])
        head = members[0].ids[0] if members else None
        groups += [
            Wording(
                group.year,
                group.ids,
                group.words,
                group.basis,
                judgement.reason,
                None if group.ids[0] == head else head,
            )
            for group in members
        ]
    return sorted(groups, key=lambda group: group.ids[0])


def propose(rows: Sequence[Numbered], judged: Sequence[SameWording]) -> list[list[Numbered]]:
    """Groups of rows of one year whose words are nearly equal, for a person to judge.

    What was judged before is not proposed again.
    """
    known = [set(judgement.rows) for judgement in judged]
    pairs = [
        (one, other)
        for one, other in combinations(rows, 2)
        if _alike(one[1], other[1]) and not any({one[0], other[0]} <= ids for ids in known)
    ]
    groups: list[dict[str, Row]] = []
    for pair in pairs:
        touched = [group for group in groups if any(id in group for id, _ in pair)]
        groups = [group for group in groups if group not in touched]
        groups.append({id: row for group in (*touched, dict(pair)) for id, row in group.items()})
    return [sorted(group.items()) for group in groups]


def _alike(one: Row, other: Row) -> bool:
    if one.year != other.year or not one.summary or not other.summary:
        return False
    words, others = _folded(one), _folded(other)
    if min(len(words), len(others)) < FEWEST or words == others:
        return False
    return SequenceMatcher(None, words, others, autojunk=False).ratio() >= ALIKE


def _folded(row: Row) -> tuple[str, ...]:
    """The visible words of `row`, letter case aside."""
    return tuple(word.casefold() for word in redaction.words(row.summary or ""))


def _group(members: Sequence[Numbered], basis: str) -> Wording:
    first = members[0][1]
    words = " ".join(redaction.words(first.summary or ""))
    return Wording(first.year, tuple(id for id, _ in members), words, basis)
