"""Read the forms of redaction markers: those in `markers.yml`, and those that a disclosure adds."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BeforeValidator, Field, model_validator

from ingest.config.yaml_model import Model, Text, load_bundled
from ingest.text import redaction
from ingest.text.characters import is_hidden
from ingest.text.phrases import truncated_repr
from ingest.text.redaction import CANONICAL, MarkerForm, MarkerForms

MARKERS_FILE = Path(__file__).parent / "markers.yml"
_MAX_ENTRIES = 1_000
_MAX_LENGTH = 1_000
_RUN_CHARACTERS = "*_█■▓▒░▬▮⬛#~"
"""Characters that stand for words only in runs of any length."""


def _named(entry: object) -> object:
    return {"text": entry} if isinstance(entry, str) else entry


class Entry(Model):
    """What is found: a text, or a run of one character."""

    text: Text | None = None
    run: Text | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.text is None) == (self.run is None):
            raise ValueError("either text or run")
        if len(self.text or "") > _MAX_LENGTH:
            raise ValueError(f"a text of at most {_MAX_LENGTH:,} characters")
        if len(self.run or "-") != 1:
            raise ValueError("one character after run")
        return self

    @property
    def pattern(self) -> str:
        """A regular expression for the entry. It takes linear time, and never matches an empty text."""
        return redaction.literal(self.text) if self.text else redaction.run(self.run or "")


class MarkerEntry(Entry):
    """A form of marker."""

    form: Text | None = None
    exemption: Text | None = None


class NotMarkerEntry(Entry):
    """What looks like a marker and is not."""

    @model_validator(mode="after")
    def _leaves_the_canonical_form(self) -> Self:
        if re.search(self.pattern, CANONICAL) or CANONICAL in (self.text or ""):
            raise ValueError(f"not {CANONICAL} or a part of it, which is always a marker")
        return self


Markers = Annotated[
    list[Annotated[MarkerEntry, BeforeValidator(_named)]], Field(max_length=_MAX_ENTRIES)
]
NotMarkers = Annotated[
    list[Annotated[NotMarkerEntry, BeforeValidator(_named)]], Field(max_length=_MAX_ENTRIES)
]


class Redactions(Model):
    """Forms of marker, and what only looks like one, which takes precedence."""

    markers: Markers = Field(default_factory=list)
    not_markers: NotMarkers = Field(default_factory=list)

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        both = {one.pattern for one in self.markers} & {one.pattern for one in self.not_markers}
        for one in self.markers:
            if one.pattern in both:
                quoted = truncated_repr(one.text or one.run or "")
                raise ValueError(f"each text once, but {quoted} is under markers and not_markers")
        return self

    def forms(self, others: MarkerForms | None = None) -> MarkerForms:
        """Return these forms and `others`."""
        others = others or MarkerForms()
        return MarkerForms(
            (
                *(
                    MarkerForm(one.form or one.text or one.run or "", one.pattern, one.exemption)
                    for one in self.markers
                ),
                *others.forms,
            ),
            (*(one.pattern for one in self.not_markers), *others.not_markers),
        )


@cache
def shared_forms() -> MarkerForms:
    """Return the forms that every document may use."""
    return load_bundled(MARKERS_FILE, Redactions).forms()


def deciding_lines(text: str) -> tuple[str, str]:
    """Return two lines of YAML for `disclosure.yml`: one says that `text` is a marker, the other that
    it is not."""
    run = run_of(text)
    marker = yaml_value({"run": run} if run else text)
    return (
        f"redactions: {{markers: [{marker}]}}",
        f"redactions: {{not_markers: [{yaml_value(text)}]}}",
    )


def run_of(text: str) -> str | None:
    """Return the character that a run of one that stands for words only in runs consists of; None if `text` is none."""
    return text[0] if len(set(text)) == 1 and text[0] in _RUN_CHARACTERS else None


def yaml_value(value: object) -> str:
    """Return a text, or a mapping with one, as YAML on one line that is safe within a list."""
    written = yaml.safe_dump(
        [value],
        default_flow_style=True,
        allow_unicode=not any(map(is_hidden, str(value))),
        width=float("inf"),
    )
    return written.strip()[1:-1]
