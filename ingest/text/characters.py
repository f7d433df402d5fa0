"""Recognise invisible characters."""

from __future__ import annotations

import unicodedata

_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Control, format (bidirectional, zero-width), unassigned, private use, surrogates, separators."""
_HIDDEN = {
    "\u034f",  # combining grapheme joiner
    *"\u115f\u1160\u3164\uffa0",  # Hangul fillers
    *"\u17b4\u17b5",  # Khmer inherent vowels
    "\u2800",  # Braille blank
    *map(chr, range(0xFE00, 0xFE10)),  # variation selectors
    *map(chr, range(0xE0100, 0xE01F0)),
}


def is_hidden(character: str) -> bool:
    """Return whether `character` is invisible."""
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _HIDDEN
