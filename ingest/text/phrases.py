"""Format counts, dates and quotations for messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from ingest.text.characters import is_hidden


def pluralize(count: int, noun: str, plural: str | None = None) -> str:
    """Return `count` with its noun, singular or plural: "1 row", "3 rows"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def truncated_repr(text: str, length: int = 60) -> str:
    """Return the first `length` characters of `text` in quotation marks, control characters escaped."""
    return escape_hidden(repr(text if len(text) <= length else text[:length] + "…"))


def escape_hidden(text: str) -> str:
    """Return `text` with its control, direction and other invisible characters as escapes such as
    `\\u202e`."""
    return "".join(
        character.encode("unicode_escape").decode() if is_hidden(character) else character
        for character in text
    )


def long_date(day: date | str | None) -> str:
    """Format a date or an ISO string: "2022-08-16" gives "16 August 2022", None "not stated".

    Raise ValueError if the text is not an ISO date.
    """
    if day is None:
        return "not stated"
    if isinstance(day, str):
        day = date.fromisoformat(day)
    return f"{day.day} {day:%B %Y}"


@dataclass(frozen=True)
class Noun:
    """What a row is: "crime", "crimes", "a crime"."""

    singular: str
    plural: str
    with_article: str


@cache
def noun(singular: str, plural: str | None = None, article: str | None = None) -> Noun:
    """Return a noun with its plural and its article, which are worked out where they are not given."""
    # Only a build needs it, and it is slow to import.
    from inflect import engine

    return Noun(
        singular,
        plural or engine().plural_noun(singular) or singular,
        f"{article} {singular}" if article else engine().a(singular),
    )
