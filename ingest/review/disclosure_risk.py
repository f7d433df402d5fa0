"""Report what in the disclosures might identify the person that a row is about, before publication.

Only the disclosures are used; they are not linked to other sources. The report names rows and words,
so show it only to those who decide on publication.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

from ingest.config.terms import TERM_TABLES
from ingest.config.yaml_model import Model, Regex, Text, load_bundled
from ingest.database.inspect import open_to_read
from ingest.database.tables import SqlTable, quoted, sql_tables
from ingest.readers.folders import DisclosureFolder, TabularFolder
from ingest.records.disclosure import NumberedRow
from ingest.text import redaction
from ingest.text.phrases import pluralize

RISK_FILE = Path(__file__).parent / "disclosure_risk.yml"
ATTRIBUTES = ("year", *TERM_TABLES)
"""The quasi-identifiers: what is published about every row besides its summary."""
K_THRESHOLD = 5
"""A combination of attributes shared by fewer rows is rare (k-anonymity with k = 5)."""
MIN_SHARED_WORDS = 5
"""Summaries with fewer visible words in common could be the same text by chance."""

GAP = ""
"""A redaction marker in a list of words."""

Tokens = tuple[str, ...]
"""The words and gaps of a summary."""
Combination = tuple[object, ...]
"""A row's values of ATTRIBUTES."""


class RiskPatterns(Model):
    """`disclosure_risk.yml`: patterns by what they may reveal, and capitalised words that are not names."""

    words: dict[Text, list[Regex]]
    capitals: list[Text]


@dataclass(frozen=True)
class IdentifyingWord:
    """A word in the summary of the row `id`, and the kind of thing that it may reveal."""

    id: str
    kind: str
    word: str


@dataclass(frozen=True)
class FilledGap:
    """The row `id`, and the row `other` of another disclosure, whose words fit into its gaps."""

    id: str
    other: str


@cache
def load_patterns() -> RiskPatterns:
    """Return the patterns in `disclosure_risk.yml`."""
    return load_bundled(RISK_FILE, RiskPatterns)


def equivalence_classes(rows: Sequence[NumberedRow]) -> Mapping[Combination, list[str]]:
    """Return the ids of the finalised rows by year, rank, result, action and sanction.

    Rows under investigation are left out: only their year is published.
    """
    by_attributes: defaultdict[Combination, list[str]] = defaultdict(list)
    for id, row in rows:
        if not row.under_investigation:
            by_attributes[tuple(getattr(row, name) for name in ATTRIBUTES)].append(id)
    return by_attributes


def find_identifying_words(rows: Sequence[NumberedRow]) -> Iterator[IdentifyingWord]:
    """Yield words of summaries that may identify someone, as `identifying_words` does."""
    return identifying_words([(id, row.summary or "") for id, row in rows])


def identifying_words(texts: Sequence[tuple[str, str]]) -> Iterator[IdentifyingWord]:
    """Yield words that may identify someone, and words that are always capitalised, as names are.

    `texts` are pairs of an id and a text.
    """
    parts = [(id, part) for id, text in texts for part in text.split(redaction.CANONICAL)]
    words = [(id, word.strip("-")) for id, part in parts for word in redaction.words(part)]
    lower_case = {word for _, word in words if word[0].islower()}
    patterns = load_patterns()
    for id, part in parts:
        for kind, expressions in patterns.words.items():
            for expression in expressions:
                for match in re.finditer(expression, part, re.IGNORECASE):
                    yield IdentifyingWord(id, kind, match.group())
    for id, word in words:
        stem = re.split("['’]", word)[0]
        if word[0].isupper() and stem.lower() not in lower_case and stem not in patterns.capitals:
            yield IdentifyingWord(id, "a name?", word)


def filled_gaps(folders: Sequence[DisclosureFolder]) -> Iterator[FilledGap]:
    """Yield pairs of rows of two disclosures where one shows words that the other redacts."""
    for one, other in combinations(folders, 2):
        pairs = [
            (id, tokens, other_id, other_tokens)
            for id, tokens in _tokens(one)
            for other_id, other_tokens in _tokens(other)
            if len({*tokens} & {*other_tokens} - {GAP}) >= MIN_SHARED_WORDS
        ]
        for id, tokens, other_id, other_tokens in pairs:
            if has_gap_filled(tokens, other_tokens):
                yield FilledGap(id, other_id)
            if has_gap_filled(other_tokens, tokens):
                yield FilledGap(other_id, id)


def has_gap_filled(tokens: Tokens, other: Tokens) -> bool:
    """Return whether `tokens` and `other` could be the same text, with words in `other` where
    `tokens` has a gap.

    A gap matches one or more words or gaps. Search the pairs of positions that both can reach,
    recording for each whether a gap has been filled.
    """
    reached = {(0, 0, False)}
    stack = [(0, 0, False)]
    while stack:
        i, j, filled = stack.pop()
        if i == len(tokens) or j == len(other):
            if (i, j) == (len(tokens), len(other)) and filled:
                return True
            continue
        steps = {(i + 1, j + 1, filled)} if tokens[i] == other[j] else set()
        if tokens[i] == GAP:
            now_filled = filled or other[j] != GAP
            steps |= {(i, j + 1, now_filled), (i + 1, j + 1, now_filled)}
        if other[j] == GAP:
            steps |= {(i + 1, j, filled), (i + 1, j + 1, filled)}
        stack += steps - reached
        reached |= steps
    return False


def _tokens(folder: DisclosureFolder) -> list[tuple[str, Tokens]]:
    """Return the id and tokens of each readable summary, ignoring letter case and punctuation."""
    return [
        (
            id,
            tuple(
                token
                for part in (row.summary or "").split(redaction.CANONICAL)
                for token in (*redaction.normalised_words(part), GAP)
            )[:-1],
        )
        for id, row in folder.readable_rows
    ]


def describe_risk(folders: Sequence[DisclosureFolder]) -> str:
    """Return the whole report as text."""
    paragraphs = []
    for folder in folders:
        rows = folder.readable_rows
        classes = equivalence_classes(rows)
        unique = {ids[0] for ids in classes.values() if len(ids) == 1}
        paragraphs += [
            f"{folder.disclosure.reference}  {folder.disclosure.title}",
            _describe_classes(classes, len(unique)),
            _describe_words(list(find_identifying_words(rows)), unique),
        ]
    return "\n\n".join([*paragraphs, _describe_gaps(list(filled_gaps(folders)))])


def describe_table_risk(database: Path, folders: Sequence[TabularFolder]) -> str:
    """Return the report on disclosures of any shape as text, from a database that they are built into.

    It covers the words of every column of text, and how many records, or figures of a crosstab, stand for so
    few that they may single out a person.
    """
    with closing(open_to_read(database)) as connection:
        return "\n\n".join(
            paragraph
            for folder in folders
            for table in sql_tables(folder.shape)
            for paragraph in _describe_table(connection, folder, table)
        )


def _describe_table(
    connection: sqlite3.Connection, folder: TabularFolder, table: SqlTable
) -> Iterator[str]:
    name, of = quoted(table.name), [folder.manifest.id]
    yield f"{folder.manifest.id}  {table.name}"
    period = table.table.period_column
    labels = dict.fromkeys([*([period] if period else []), *table.table.categories])
    unique: set[str] = set()
    if table.value:
        figures = (
            f"select count(*) from {name} where disclosure_id = ? and {quoted(table.value)} > 0"
        )
        small = f"{figures} and {quoted(table.value)} < {K_THRESHOLD}"
        counts = [connection.execute(sql, of).fetchone()[0] for sql in (figures, small)]
        yield f"Figures above 0: {counts[0]:,}. {counts[1]:,} are below {K_THRESHOLD}."
    elif labels:
        found = connection.execute(
            f"select count(*), min(id) from {name} where disclosure_id = ?"
            f" group by {', '.join(map(quoted, labels))}",
            of,
        ).fetchall()
        unique = {id for records, id in found if records == 1}
        rare = sum(records < K_THRESHOLD for records, _ in found)
        yield (
            f"Combinations of {', '.join(labels)}: {len(found):,}. {len(unique):,} have one record; "
            f"{rare:,} have fewer than {K_THRESHOLD}."
        )
    for column in table.texts:
        texts = connection.execute(
            f"select id, {quoted(column)} from {name} where disclosure_id = ? and {quoted(column)} is not null"
            " order by position",
            of,
        ).fetchall()
        yield f"{column}: " + _describe_words(list(identifying_words(texts)), unique)


def _describe_classes(classes: Mapping[Combination, list[str]], unique: int) -> str:
    rare = sum(len(ids) < K_THRESHOLD for ids in classes.values())
    lines = [
        f"Combinations of {', '.join(ATTRIBUTES)} in finalised rows: {len(classes)}. "
        f"{unique} have one row; {rare}, listed here, have fewer than {K_THRESHOLD}:"
    ]
    for values, ids in sorted(classes.items(), key=lambda item: (len(item[1]), item[1])):
        if len(ids) < K_THRESHOLD:
            stated = " | ".join("–" if value is None else str(value) for value in values)
            lines.append(f"  {', '.join(ids)}  {stated}")
    return "\n".join(lines)


def _describe_words(found: Sequence[IdentifyingWord], unique: set[str]) -> str:
    by_row: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for one in found:
        by_row[one.id][f"{one.kind}: {one.word}"] = None
    lines = [
        f"Words that may identify someone: {len(found)}, in {pluralize(len(by_row), 'row')}. "
        "A * marks a row that is also the only one with its combination."
    ]
    for id, words in by_row.items():
        lines.append(f"{'*' if id in unique else ' '} {id}  {'; '.join(words)}")
    return "\n".join(lines)


def _describe_gaps(pairs: Sequence[FilledGap]) -> str:
    lines = [f"Summaries that fill each other's gaps, between disclosures: {len(pairs)}"]
    lines += [f"  {pair.other} may fill gaps in {pair.id}" for pair in pairs]
    return "\n".join(lines)
