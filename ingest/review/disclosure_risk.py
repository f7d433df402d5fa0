"""What a publisher looks at before publication: what might tell somebody who a row is about.

It reads the disclosures alone and joins them to nothing from outside. Its report names rows and
words, so it is for those who decide, and not for the site.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from ingest.config.terms import TERM_TABLES
from ingest.config.yaml_model import Model, Regex, Text, load_bundled
from ingest.readers.folders import DisclosureFolder
from ingest.records.disclosure import Row
from ingest.text import redaction
from ingest.text.phrases import pluralize

RISK_FILE = Path(__file__).parent / "disclosure_risk.yml"
ATTRIBUTES = ("year", *TERM_TABLES)
"""What is published of every row beside its summary."""
K_THRESHOLD = 5
"""A combination of attributes that fewer rows share is small."""
MIN_SHARED_WORDS = 5
"""Summaries of fewer visible words fit too many others to say that one fills another's gaps."""

GAP = ""
"""A marker among words."""

Tokens = tuple[str, ...]
NumberedRow = tuple[str, Row]


class Words(Model):
    """`risk.yml`: patterns by what they may give away, and words with a capital that name nobody."""

    words: dict[Text, list[Regex]]
    capitals: list[Text]


@dataclass(frozen=True)
class IdentifyingWord:
    """Something in the summary of the row `id`: what it may give away, and the word."""

    id: str
    kind: str
    word: str


@dataclass(frozen=True)
class FilledGap:
    """The row `id`, and `other` of another disclosure whose words fit into its gaps."""

    id: str
    other: str


@cache
def known() -> Words:
    """What `risk.yml` says."""
    return load_bundled(RISK_FILE, Words)


def equivalence_classes(rows: Sequence[NumberedRow]) -> Mapping[tuple[object, ...], list[str]]:
    """The ids of the finalised rows by year, rank, result, action and sanction.

    An open row is published with a year alone, which it shares with the others of that year.
    """
    by_attributes: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for id, row in rows:
        if not row.under_investigation:
            by_attributes[tuple(getattr(row, name) for name in ATTRIBUTES)].append(id)
    return by_attributes


def find_identifying_words(rows: Sequence[NumberedRow]) -> Iterator[IdentifyingWord]:
    """Words that may identify, and words that only ever stand with a capital, as names do."""
    parts = [
        (id, part)
        for id, row in rows
        for part in redaction.canonicalise(row.summary or "").split(redaction.CANONICAL)
    ]
    words = [(id, word.strip("-")) for id, part in parts for word in redaction.words(part)]
    small = {word for _, word in words if word[0].islower()}
    for id, part in parts:
        for kind, patterns in known().words.items():
            for pattern in patterns:
                for match in re.finditer(pattern, part, re.IGNORECASE):
                    yield IdentifyingWord(id, kind, match.group())
    for id, word in words:
        bare = re.split("['’]", word)[0]
        if word[0].isupper() and bare.lower() not in small and bare not in known().capitals:
            yield IdentifyingWord(id, "a name?", word)


def filled_gaps(folders: Sequence[DisclosureFolder]) -> Iterator[FilledGap]:
    """Rows of two disclosures of which one shows words where the other has a marker."""
    for one, other in combinations(folders, 2):
        pairs = [
            (id, tokens, other_id, other_tokens)
            for id, tokens in _tokens(one)
            for other_id, other_tokens in _tokens(other)
            if len({*tokens} & {*other_tokens} - {GAP}) >= MIN_SHARED_WORDS
        ]
        for id, tokens, other_id, other_tokens in pairs:
            if fills(tokens, other_tokens):
                yield FilledGap(id, other_id)
            if fills(other_tokens, tokens):
                yield FilledGap(other_id, id)


def fills(tokens: Tokens, others: Tokens) -> bool:
    """Whether both may be one text, in which words of `others` stand at a gap of `tokens`.

    A gap stands for one word or gap of the other, or for several.
    """
    reached = {(0, 0, False)}
    waiting = [(0, 0, False)]
    while waiting:
        here, there, filled = waiting.pop()
        if here == len(tokens) or there == len(others):
            if (here, there) == (len(tokens), len(others)) and filled:
                return True
            continue
        one, other = tokens[here], others[there]
        steps = {(here + 1, there + 1, filled)} if one == other else set()
        if one == GAP:
            now = filled or other != GAP
            steps |= {(here, there + 1, now), (here + 1, there + 1, now)}
        if other == GAP:
            steps |= {(here + 1, there, filled), (here + 1, there + 1, filled)}
        waiting += steps - reached
        reached |= steps
    return False


def _tokens(folder: DisclosureFolder) -> list[tuple[str, Tokens]]:
    """The words and gaps of each summary, letter case and punctuation aside."""
    return [
        (
            id,
            tuple(
                token
                for part in redaction.canonicalise(row.summary or "").split(redaction.CANONICAL)
                for token in (*(word.casefold() for word in redaction.words(part)), GAP)
            )[:-1],
        )
        for id, row in folder.readable_rows
    ]


def describe_risk(folders: Sequence[DisclosureFolder]) -> str:
    """All of it, for a person to read."""
    paragraphs = []
    for folder in folders:
        rows = folder.readable_rows
        groups = equivalence_classes(rows)
        alone = {ids[0]: key for key, ids in groups.items() if len(ids) == 1}
        paragraphs += [
            f"{folder.disclosure.reference}  {folder.disclosure.title}",
            _describe_classes(groups, alone),
            _describe_words(list(find_identifying_words(rows)), alone),
        ]
    return "\n\n".join([*paragraphs, _describe_gaps(list(filled_gaps(folders)))])


Combination = tuple[object, ...]


def _describe_classes(
    groups: Mapping[Combination, list[str]], alone: Mapping[str, Combination]
) -> str:
    small = sum(len(ids) < K_THRESHOLD for ids in groups.values())
    lines = [
        f"Combinations of {', '.join(ATTRIBUTES)} in finalised rows: {len(groups)}, of which "
        f"{len(alone)} stand for one row and {small} for fewer than {K_THRESHOLD}. These are:"
    ]
    for key, ids in sorted(groups.items(), key=lambda item: (len(item[1]), item[1])):
        if len(ids) < K_THRESHOLD:
            stated = " | ".join("–" if value is None else str(value) for value in key)
            lines.append(f"  {', '.join(ids)}  {stated}")
    return "\n".join(lines)


def _describe_words(found: Sequence[IdentifyingWord], alone: Mapping[str, Combination]) -> str:
    by_row: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for one in found:
        by_row[one.id][f"{one.kind}: {one.word}"] = None
    lines = [
        f"Words that may identify: {len(found)}, in {pluralize(len(by_row), 'row')}. "
        "A * marks a row that is also the only one of its combination."
    ]
    for id, words in by_row.items():
        lines.append(f"{'*' if id in alone else ' '} {id}  {'; '.join(words)}")
    return "\n".join(lines)


def _describe_gaps(pairs: Sequence[FilledGap]) -> str:
    lines = [f"Summaries that fill each other's gaps, between disclosures: {len(pairs)}"]
    lines += [f"  {pair.other} may fill gaps of {pair.id}" for pair in pairs]
    return "\n".join(lines)
