"""Put figures and quotations into messages."""

from __future__ import annotations


def pluralize(count: int, noun: str, plural: str | None = None) -> str:
    """Return `count` with its noun, singular or plural: "1 row", "3 rows"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def truncated_repr(text: str, length: int = 60) -> str:
    """Return the first `length` characters of `text` in quotation marks, control characters escaped."""
    return repr(text if len(text) <= length else text[:length] + "…")
