"""Find the platforms and kinds of conduct that the visible words of a summary mention.

There may be more mentions than are found, because words were withheld and only those in
`mentions.yml` are searched for. A mention is a word in an allegation; it doesn't make the
allegation true.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field

from ingest.config.yaml_model import Model, Regex, Text, load_bundled
from ingest.records.evidence import Mention, MentionKind
from ingest.text import redaction

MENTIONS_FILE = Path(__file__).parent / "mentions.yml"


class Pattern(Model):
    """A mention, the regular expressions that find it, and the id of an example row."""

    mention: Text
    patterns: Annotated[list[Regex], Field(min_length=1)]
    example: Text


class Patterns(Model):
    """Every pattern, by kind."""

    platform: list[Pattern]
    conduct: list[Pattern]


@cache
def patterns() -> Patterns:
    """Return the patterns in `mentions.yml`."""
    return load_bundled(MENTIONS_FILE, Patterns)


def listed_patterns() -> list[tuple[Mention, str]]:
    """Return each mention with each of its patterns, in the order of `mentions.yml`."""
    return [
        (Mention(entry.mention, kind), pattern)
        for kind in get_args(MentionKind)
        for entry in getattr(patterns(), kind)
        for pattern in entry.patterns
    ]


class Finder:
    """Finds what a text mentions, by the patterns of one file."""

    def __init__(self, patterns: Patterns) -> None:
        self._compiled = [
            (Mention(pattern.mention, kind), re.compile("|".join(pattern.patterns), re.IGNORECASE))
            for kind in get_args(MentionKind)
            for pattern in getattr(patterns, kind)
        ]

    @classmethod
    def beside(cls, shape: Path) -> Finder:
        """Return the finder for a family: by the patterns in `NAME-mentions.yml` beside its shape
        `NAME.yml`, if there is such a file, or else by those of this project."""
        own = shape.with_name(f"{shape.stem}-{MENTIONS_FILE.name}")
        return cls(load_bundled(own, Patterns)) if own.exists() else _finder()

    def find(self, text: str) -> list[Mention]:
        """Return what the visible words of `text` mention, each once, in the order of the patterns."""
        visible = text.split(redaction.CANONICAL)
        return [
            mention
            for mention, found in self._compiled
            if any(found.search(part) for part in visible)
        ]


@cache
def _finder() -> Finder:
    return Finder(patterns())


def find_mentions(summary: str) -> list[Mention]:
    """Return what the visible words of `summary` mention, each once, in the order of `mentions.yml`."""
    return _finder().find(summary)
