"""Find redaction markers in text, and count the words that can still be read.

Pure functions on text. Which forms a marker takes is data: `ingest/config/markers.yml` lists those of
every document, and a `disclosure.yml` adds its own. A reader rewrites each marker as `[REDACTED]` once
it knows them; the functions of this module, as opposed to the methods of `MarkerForms`, are for such text.

A marker hides at least one word, and its length does not show how many, so the density computed here is
a lower bound on the share of words withheld. Markers that a conversion lost cannot be found in the text
itself: `ingest.evidence.lost_markers` infers them from the rest of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ingest.text.exemptions import NAMED, named_in

CANONICAL = "[REDACTED]"
BAR = "█"
"""The bar character. In the search index it replaces every form of marker."""
BOX = "\ue000"
"""The character for a black box in text read from a PDF: a private-use character, so it never
occurs in the document itself."""
BOX_END = "\ue001"
"""Follows the exemption printed on a box, which follows BOX."""
MASK, KEPT = "\ue003", "\ue002"
"""In masked text: a character of a marker, and of what only looks like one."""
EXEMPTION = "{exemption}"
"""In a form: any reference to an exemption."""
MAX_EXEMPTION = 100
"""Characters of an exemption printed on a box."""

_BOX = rf"{BOX}(?:[^{BOX}{BOX_END}]{{1,{MAX_EXEMPTION}}}{BOX_END})?"
_PARAGRAPH_TAG = re.compile(r"</?p>")
LETTERS = r"(?:[^\W_][\u0300-\u036f]*)+"
"""A regular expression for letters and digits in a row, as SQLite's index divides text into words."""
_WORD = re.compile(rf"{LETTERS}(?:['’‐‑-]{LETTERS})*")


@dataclass(frozen=True)
class Marker:
    """A redaction marker: its form, the half-open range of characters that it occupies, and the
    exemption that it names, or None."""

    form: str
    start: int
    end: int
    exemption: str | None = None


@dataclass(frozen=True)
class MarkerForm:
    """A form of marker: its name, a regular expression that finds it, and the exemption that it stands
    for. If `exemption` is None, it is the one that the marker names, if any."""

    name: str
    pattern: str
    exemption: str | None = None


def collapse(text: str) -> str:
    """Return `text` without paragraph tags, which separate words, and with white space collapsed."""
    return " ".join(_PARAGRAPH_TAG.sub(" ", text).split())


def show_boxes(text: str) -> str:
    """Return text read from a PDF with `█` for each box, and after it the exemption printed on it."""
    return text.replace(BOX_END, "").replace(BOX, BAR)


def literal(text: str) -> str:
    """Return a regular expression for `text` as it is, on its own: not as a part of a word or of a
    longer run of one character. White space matches any white space."""
    exemption = f"(?:{NAMED.pattern})"
    written = r"\s+".join(
        exemption.join(map(re.escape, part.split(EXEMPTION))) for part in text.split()
    )
    first, last = text[:1], text[-1:]
    before = rf"(?<!{_alike(first, text)})" if _alike(first, text) else ""
    after = rf"(?!{_alike(last, text)})" if _alike(last, text) else ""
    return f"{before}{written}{after}"


def run(character: str) -> str:
    """Return a regular expression for a run of one character: of two or more if it is a letter or
    a digit, which must be on their own."""
    one = re.escape(character)
    return rf"(?<![^\W_]){one}{{2,}}(?![^\W_])" if character.isalnum() else f"{one}+"


def _alike(character: str, text: str) -> str:
    """Return a regular expression for what must not be beside `character` at an end of `text`."""
    if re.match(r"[^\W_]", character):
        return r"[^\W_]"
    return re.escape(character) if set(text) == {character} else ""


@dataclass(frozen=True)
class MarkerForms:
    """The forms of marker in a document, and what only looks like one, which takes precedence."""

    forms: tuple[MarkerForm, ...] = ()
    not_markers: tuple[str, ...] = ()
    """Regular expressions."""

    @cached_property
    def _all(self) -> list[MarkerForm]:
        """The forms, longest first, so that no form hides a longer one."""
        built_in = (MarkerForm(CANONICAL, re.escape(CANONICAL)), MarkerForm("box", _BOX))
        return sorted((*self.forms, *built_in), key=lambda form: -len(form.pattern))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?P<f{at}>{one.pattern})" for at, one in enumerate(self._all)))

    @cached_property
    def _not_markers(self) -> re.Pattern[str]:
        return re.compile("|".join(self.not_markers) or r"(?!)")

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        return self._pattern.finditer(self._keep(text))

    def _keep(self, text: str) -> str:
        return self._not_markers.sub(lambda match: KEPT * len(match.group()), text)

    def find(self, text: str) -> tuple[Marker, ...]:
        """Return every marker in `text`, in order. A run of `█` is one marker, and so is each box."""
        markers = []
        for match in self._matches(text):
            form = self._all[int((match.lastgroup or "f0")[1:])]
            written = match.group().strip(BOX + BOX_END)
            named = form.exemption or (written if form.name == "box" else named_in(written))
            markers.append(Marker(form.name, match.start(), match.end(), named or None))
        return tuple(markers)

    def canonicalise(self, text: str) -> str:
        """Return `text` with every marker written `[REDACTED]`, paragraph tags removed and whitespace
        collapsed.

        A paragraph tag becomes a space, because it separates words. Nothing else changes. Idempotent.
        """
        return collapse(self._replace(text, CANONICAL))

    def _replace(self, text: str, marker: str) -> str:
        parts, end = [], 0
        for match in self._matches(text):
            parts += [text[end : match.start()], marker]
            end = match.end()
        return "".join([*parts, text[end:]])

    def mask(self, text: str) -> str:
        """Return `text` with MASK for each character of a marker and KEPT for each that is known not
        to belong to one."""
        return self._pattern.sub(lambda match: MASK * len(match.group()), self._keep(text))

    def words(self, text: str) -> list[str]:
        """Return the words of `text` that can be read: runs of letters or digits outside markers and
        tags.

        Inner apostrophes and hyphens belong to a word.
        """
        return _WORD.findall(_PARAGRAPH_TAG.sub(" ", self._replace(text, " ")))

    def visible_words(self, text: str) -> int:
        """Count the words of `text` that can be read."""
        return len(self.words(text))

    def count(self, text: str) -> int:
        """Count the markers in `text`."""
        return sum(1 for _ in self._matches(text))

    def density(self, text: str) -> float:
        """Return markers / (markers + visible words): 0 without a marker, 1 with nothing else."""
        markers = self.count(text)
        return markers / (markers + self.visible_words(text)) if markers else 0.0


_CANONICAL_FORMS = MarkerForms()
canonicalise = _CANONICAL_FORMS.canonicalise
words = _CANONICAL_FORMS.words
visible_words = _CANONICAL_FORMS.visible_words
count = _CANONICAL_FORMS.count
density = _CANONICAL_FORMS.density


def normalised_words(text: str) -> tuple[str, ...]:
    """Return the words of `text` that can be read, ignoring letter case and punctuation."""
    return tuple(word.casefold() for word in words(text))
