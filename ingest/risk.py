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

from ingest import redaction
from ingest.disclosure import Row
from ingest.findings import numbered
from ingest.folders import Folder
from ingest.terms import TERM_TABLES
from ingest.yaml_file import Model, Text, load_own

RISK_FILE = Path(__file__).parent / "risk.yml"
ATTRIBUTES = ("year", *TERM_TABLES)
"""What is published of every row beside its summary."""
SMALL = 5
"""A combination of attributes that fewer rows share is small."""
TELLING = 5
"""Summaries of fewer visible words fit too many others to say that one fills another's gaps."""

_SENTENCE_INNER = re.compile(r"(?<=[a-z,;] )[A-Z][\w'’-]*")

Numbered = tuple[str, Row]


class Words(Model):
    """`risk.yml`: patterns by what they may give away, and words with a capital that name nobody."""

    words: dict[Text, list[str]]
    capitals: list[Text]


@dataclass(frozen=True)
class Found:
    """Something in the summary of the row `id`: what it may give away, and the word."""

    id: str
    kind: str
    word: str


@dataclass(frozen=True)
class Filled:
    """The row `id`, and `other` of another disclosure whose words fit into its gaps."""

    id: str
    other: str


@cache
def known() -> Words:
    """What `risk.yml` says."""
    return load_own(RISK_FILE, Words)


def combinations_of_attributes(rows: Sequence[Numbered]) -> Mapping[tuple[object, ...], list[str]]:
    """The ids of the finalised rows by year, rank, result, action and sanction.

    An open row is published with a year alone, which it shares with the others of that year.
    """
    by_attributes: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for id, row in rows:
        if not row.under_investigation:
            by_attributes[tuple(getattr(row, name) for name in ATTRIBUTES)].append(id)
    return by_attributes


def telling_words(rows: Sequence[Numbered]) -> Iterator[Found]:
    """Words that may identify, and words with a capital that may be a name left standing."""
    for id, row in rows:
        for part in redaction.canonicalise(row.summary or "").split(redaction.CANONICAL):
            for kind, patterns in known().words.items():
                for pattern in patterns:
                    for match in re.finditer(pattern, part, re.IGNORECASE):
                        yield Found(id, kind, match.group())
            for match in _SENTENCE_INNER.finditer(part):
                if re.split("['’]", match.group())[0] not in known().capitals:
                    yield Found(id, "a name?", match.group())


def filled_gaps(folders: Sequence[Folder]) -> Iterator[Filled]:
    """Rows of two disclosures of which one shows words where the other has a marker."""
    for one, other in combinations(folders, 2):
        for these, those in ((one, other), (other, one)):
            for id, row in these.numbered_rows:
                gaps = _with_gaps(row.summary or "")
                if not gaps:
                    continue
                for other_id, other_row in those.numbered_rows:
                    text = " ".join(redaction.canonicalise(other_row.summary or "").split())
                    match = gaps.fullmatch(text)
                    if match and any(redaction.words(part) for part in match.groups()):
                        yield Filled(id, other_id)


def _with_gaps(summary: str) -> re.Pattern[str] | None:
    """A pattern of `summary` in which each marker is a gap; None where there is too little to fit."""
    text = redaction.canonicalise(summary)
    if redaction.CANONICAL not in text or redaction.visible_words(text) < TELLING:
        return None
    first, *inner, last = (re.escape(part.strip()) for part in text.split(redaction.CANONICAL))
    parts = [first, *filter(None, inner), last]  # markers side by side are one gap
    return re.compile(r"\s*(.{0,200}?)\s*".join(parts), re.IGNORECASE)


def report(folders: Sequence[Folder]) -> str:
    """All of it, for a person to read."""
    paragraphs = []
    for folder in folders:
        rows = folder.numbered_rows
        groups = combinations_of_attributes(rows)
        alone = {ids[0]: key for key, ids in groups.items() if len(ids) == 1}
        paragraphs += [
            f"{folder.disclosure.reference}  {folder.disclosure.title}",
            _told_combinations(groups, alone),
            _told_words(list(telling_words(rows)), alone),
        ]
    return "\n\n".join([*paragraphs, _told_gaps(list(filled_gaps(folders)))])


Combination = tuple[object, ...]


def _told_combinations(
    groups: Mapping[Combination, list[str]], alone: Mapping[str, Combination]
) -> str:
    small = sum(len(ids) < SMALL for ids in groups.values())
    lines = [
        f"Combinations of {', '.join(ATTRIBUTES)} in finalised rows: {len(groups)}, of which "
        f"{len(alone)} stand for one row and {small} for fewer than {SMALL}. Those of one row:"
    ]
    for id, key in sorted(alone.items()):
        lines.append(f"  {id}  {' | '.join('–' if value is None else str(value) for value in key)}")
    return "\n".join(lines)


def _told_words(found: Sequence[Found], alone: Mapping[str, Combination]) -> str:
    by_row: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for one in found:
        by_row[one.id][f"{one.kind}: {one.word}"] = None
    lines = [
        f"Words that may identify: {len(found)}, in {numbered(len(by_row), 'row')}. "
        "A * marks a row that is also the only one of its combination."
    ]
    for id, words in by_row.items():
        lines.append(f"{'*' if id in alone else ' '} {id}  {'; '.join(words)}")
    return "\n".join(lines)


def _told_gaps(pairs: Sequence[Filled]) -> str:
    lines = [f"Summaries that fill each other's gaps, between disclosures: {len(pairs)}"]
    lines += [f"  {pair.other} may fill gaps of {pair.id}" for pair in pairs]
    return "\n".join(lines)
