"""Find rows that share a wording, and so probably describe one incident.

Equal visible words are found here. Whether nearly equal words describe one incident is for a person to
judge: `propose` lists candidates, and `same_wording` in `disclosure.yml` records each judgement with its
reason. Rows of different years, and wholly redacted rows, never share a wording.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import combinations

from ingest.config.manifest import SameWording
from ingest.records.disclosure import NumberedRow, Row
from ingest.records.evidence import SharedWording
from ingest.text import redaction
from ingest.text.redaction import normalised_words

SIMILARITY_THRESHOLD = 0.7
"""The smallest share of words in common, in order, at which two wordings are proposed."""
MIN_WORDS = 4
"""The smallest number of words in a proposed wording: shorter ones are similar by chance."""


def equal_wordings(rows: Sequence[NumberedRow]) -> list[SharedWording]:
    """Return the groups of two or more rows from one year whose visible words are the same,
    ignoring case."""
    groups: defaultdict[tuple[int, tuple[str, ...]], list[NumberedRow]] = defaultdict(list)
    for id, row in rows:
        if words := normalised_words(row.summary or ""):
            groups[row.year, words].append((id, row))
    return [_group(members, "equal") for members in groups.values() if len(members) > 1]


def shared_wordings(
    rows: Sequence[NumberedRow], judged: Sequence[SameWording]
) -> list[SharedWording]:
    """Return the groups of identically worded rows, and those that people judged to belong
    together.

    Judged rows that are in no such group form a new one. When a judgement joins several groups, the
    later ones become part of the first. A judgement is skipped if `rows` lacks one of its rows,
    because its reason would describe words that were withdrawn.
    """
    groups = equal_wordings(rows)
    ids = {id for id, _ in rows}
    for judgement in judged:
        if ids.issuperset(judgement.rows):
            joined = _join(groups, rows, judgement)
            taken = {id for group in joined for id in group.ids}
            groups = [group for group in groups if not taken & set(group.ids)] + joined
    return sorted(groups, key=lambda group: group.ids[0])


def _join(
    groups: Sequence[SharedWording], rows: Sequence[NumberedRow], judgement: SameWording
) -> list[SharedWording]:
    """Return the groups that a judgement joins, with one further group for its ungrouped rows."""
    members = [group for group in groups if set(group.ids) <= set(judgement.rows)]
    taken = {id for group in members for id in group.ids}
    loose = [(id, row) for id, row in rows if id in judgement.rows and id not in taken]
    members += [_group(loose, "judged")] if loose else []
    first, *others = sorted(members, key=lambda group: group.ids[0])
    return [
        replace(first, reason=judgement.reason),
        *(replace(group, reason=judgement.reason, part_of=first.ids[0]) for group in others),
    ]


def propose(rows: Sequence[NumberedRow], judged: Sequence[SameWording]) -> list[list[NumberedRow]]:
    """Return groups of rows from one year whose words are nearly identical, for a person to review.

    Pairs that were judged before are left out.
    """
    known = [set(judgement.rows) for judgement in judged]
    pairs = [
        (one, other)
        for one, other in combinations(rows, 2)
        if _similar(one[1], other[1]) and not any({one[0], other[0]} <= ids for ids in known)
    ]
    groups: list[dict[str, Row]] = []
    for pair in pairs:
        touched = [group for group in groups if any(id in group for id, _ in pair)]
        groups = [group for group in groups if group not in touched]
        groups.append({id: row for group in (*touched, dict(pair)) for id, row in group.items()})
    return [sorted(group.items()) for group in groups]


def _similar(one: Row, other: Row) -> bool:
    if one.year != other.year or not one.summary or not other.summary:
        return False
    words, others = normalised_words(one.summary), normalised_words(other.summary)
    if min(len(words), len(others)) < MIN_WORDS or words == others:
        return False
    return SequenceMatcher(None, words, others, autojunk=False).ratio() >= SIMILARITY_THRESHOLD


def _group(members: Sequence[NumberedRow], basis: str) -> SharedWording:
    first = members[0][1]
    words = " ".join(redaction.words(first.summary or ""))
    return SharedWording(first.year, tuple(id for id, _ in members), words, basis)
