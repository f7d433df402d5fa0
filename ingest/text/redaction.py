"""Find redaction markers in text, and count the words that can still be read.

Pure functions on text. A marker hides at least one word, and its length does not show how many, so
the density
computed here is a lower bound on the share of words withheld. Markers that a conversion lost cannot
be found in the text itself: `ingest.evidence.lost_markers` infers them from the rest of the document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

MarkerForm = Literal["[REDACTED]", "[redacted]", "█", "box"]

CANONICAL = "[REDACTED]"
BAR = "█"
"""The bar character. In the search index it replaces every form of marker."""
BOX = "\ue000"
"""The character for a black box in text read from a PDF: a private-use character, so it never
occurs in the document itself."""

_MARKER = re.compile(rf"(\[REDACTED\])|(\[redacted\])|({BAR}+)|({BOX})")
_FORMS: tuple[MarkerForm, ...] = ("[REDACTED]", "[redacted]", "█", "box")
_PARAGRAPH_TAG = re.compile(r"</?p>")
_LETTERS = r"(?:[^\W_][\u0300-\u036f]*)+"
_WORD = re.compile(rf"{_LETTERS}(?:['’‐‑-]{_LETTERS})*")
_INSIDE = r"[^\[\](){}<>［］]{0,40}"
_NEAR_MISS = re.compile(
    rf"(?i:[\[({{<［]{_INSIDE}redact{_INSIDE}[\])}}>］])|\bREDACTED\b|[▀-▟■▬▮⬛]+|\*{{3,}}|_{{3,}}|X{{4,}}"
)


@dataclass(frozen=True)
class Marker:
    """A redaction marker: its form, and the half-open range of characters that it occupies."""

    form: MarkerForm
    start: int
    end: int


def find(text: str) -> tuple[Marker, ...]:
    """Return every marker in `text`, in order. A run of `█` is one marker, and so is each box."""
    return tuple(
        Marker(_FORMS[(match.lastindex or 0) - 1], match.start(), match.end())
        for match in _MARKER.finditer(text)
    )


def canonicalise(text: str) -> str:
    """Return `text` with every marker written `[REDACTED]`, paragraph tags removed and whitespace
    collapsed.

    A paragraph tag becomes a space, because it separates words. Nothing else changes. Idempotent.
    """
    return " ".join(_PARAGRAPH_TAG.sub(" ", _MARKER.sub(CANONICAL, text)).split())


def unknown_forms(text: str) -> tuple[str, ...]:
    """Return what looks like a redaction in `text` but is not a known marker: `(redacted)`, `■■`."""
    return tuple(match.group() for match in _NEAR_MISS.finditer(_MARKER.sub(" ", text)))


def words(text: str) -> list[str]:
    """Return the words of `text` that can be read: runs of letters or digits outside markers and tags.

    Inner apostrophes and hyphens belong to a word.
    """
    return _WORD.findall(_PARAGRAPH_TAG.sub(" ", _MARKER.sub(" ", text)))


def normalised_words(text: str) -> tuple[str, ...]:
    """Return the words of `text` that can be read, ignoring letter case and punctuation."""
    return tuple(word.casefold() for word in words(text))


def visible_words(text: str) -> int:
    """Count the words of `text` that can be read."""
    return len(words(text))


def count(text: str) -> int:
    """Count the markers in `text`."""
    return len(find(text))


def density(text: str) -> float:
    """Return markers / (markers + visible words): 0 without a marker, 1 with nothing else."""
    markers = count(text)
    return markers / (markers + visible_words(text)) if markers else 0.0
