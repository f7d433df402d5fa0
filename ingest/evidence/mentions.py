"""Platforms and kinds of conduct that the visible words of a summary mention.

At least these: much was withheld, and patterns know only the words that they name. A mention is a
word in an allegation, and says nothing of whether it was so.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import Field

from ingest import redaction
from ingest.yaml_file import Model, Regex, Text, load_own

MENTIONS_FILE = Path(__file__).parent / "mentions.yml"
Kind = Literal["platform", "conduct"]


class Pattern(Model):
    """What is mentioned, the regular expressions that find it, and the id of a row that they find."""

    mention: Text
    patterns: Annotated[list[Regex], Field(min_length=1)]
    example: Text


class Patterns(Model):
    """Every pattern, by kind."""

    platform: list[Pattern]
    conduct: list[Pattern]


class Mention(NamedTuple):
    mention: str
    kind: Kind


@cache
def patterns() -> Patterns:
    """The patterns of `mentions.yml`."""
    return load_own(MENTIONS_FILE, Patterns)


@cache
def _compiled() -> list[tuple[Mention, re.Pattern[str]]]:
    return [
        (Mention(pattern.mention, kind), re.compile("|".join(pattern.patterns), re.IGNORECASE))
        for kind in get_args(Kind)
        for pattern in getattr(patterns(), kind)
    ]


def mentions(summary: str) -> list[Mention]:
    """What the visible words of `summary` mention, each once, in the order of `mentions.yml`."""
    visible = redaction.canonicalise(summary).split(redaction.CANONICAL)
    return [
        mention for mention, found in _compiled() if any(found.search(part) for part in visible)
    ]
