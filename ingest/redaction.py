"""The marker grammar: which characters of a summary stand for words that were withheld.

Pure functions over text. A marker hides at least one word and its length says nothing, so the
density computed here is a lower bound on the share of words withheld. These functions see the
text alone: that a conversion lost its markers altogether can be told only from the document
around it (`ingest.evidence.lost_markers`).
"""

from __future__ import annotations

import re
from typing import Literal

from ingest.disclosure import Marker, MarkerForm

Band = Literal["none", "light", "moderate", "heavy", "total"]

CANONICAL = "[REDACTED]"
BOX = "\ue000"
"""Stands in a PDF's text where a black box was drawn: a private-use character, so no text has it."""

_MARKER = re.compile(rf"(\[REDACTED\])|(\[redacted\])|(█+)|({BOX})")
_FORMS: tuple[MarkerForm, ...] = ("[REDACTED]", "[redacted]", "█", "box")
_PARAGRAPH_TAG = re.compile(r"</?p>")
_LETTERS = r"(?:[^\W_][\u0300-\u036f]*)+"
_WORD = re.compile(rf"{_LETTERS}(?:['’‐‑-]{_LETTERS})*")
_INSIDE = r"[^\[\](){}<>［］]{0,40}"
_NEAR_MISS = re.compile(
    rf"(?i:[\[({{<［]{_INSIDE}redact{_INSIDE}[\])}}>］])|\bREDACTED\b|[▀-▟■▬▮⬛]+|\*{{3,}}|_{{3,}}|X{{4,}}"
)


def find(text: str) -> tuple[Marker, ...]:
    """Every marker of `text`, in order. A run of `█` is one marker, each box is one."""
    return tuple(
        Marker(_FORMS[(match.lastindex or 0) - 1], match.start(), match.end())
        for match in _MARKER.finditer(text)
    )


def canonicalise(text: str) -> str:
    """`text` with every marker written `[REDACTED]`, paragraph tags out and white space folded.

    A paragraph tag gives way to a space, for it parts words as a paragraph does. Nothing else
    changes, and doing it twice is doing it once.
    """
    return " ".join(_PARAGRAPH_TAG.sub(" ", _MARKER.sub(CANONICAL, text)).split())


def unknown_forms(text: str) -> tuple[str, ...]:
    """What looks like a redaction in `text` and is no marker of the grammar: `(redacted)`, `■■`."""
    return tuple(match.group() for match in _NEAR_MISS.finditer(_MARKER.sub(" ", text)))


def words(text: str) -> list[str]:
    """The words of `text` that can be read: runs of letters or digits outside markers and tags.

    Inner apostrophes and hyphens belong to a word.
    """
    return _WORD.findall(_PARAGRAPH_TAG.sub(" ", _MARKER.sub(" ", text)))


def visible_words(text: str) -> int:
    """How many words of `text` can be read."""
    return len(words(text))


def count(text: str) -> int:
    """How many markers `text` holds."""
    return len(find(text))


def density(text: str) -> float:
    """Markers over markers and visible words, from 0, without any marker, to 1."""
    markers = count(text)
    return markers / (markers + visible_words(text)) if markers else 0.0


def band(density: float) -> Band:
    """The name of a density: none 0, light below 0.10, moderate below 0.25, heavy, total 1."""
    if density == 0:
        return "none"
    if density < 0.10:
        return "light"
    if density < 0.25:
        return "moderate"
    if density < 1:
        return "heavy"
    return "total"
