"""`terms.yml`: the words that publishers use, with the meanings we found and where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ingest.findings import Finding
from ingest.yaml_file import Model, Text, load

TERM_TABLES = {"rank": "ranks", "result": "results", "action": "actions", "sanction": "sanctions"}
"""The columns of a row that hold terms, each with the list, and the table, of what they mean."""
OUTCOMES = ("result", "action", "sanction")
"""The columns whose terms tell what came of a matter."""
Regime = Literal["2012", "2020"]
"""The rules on conduct and complaints of one year, by that year."""
TERMS_FILE = Path(__file__).parent / "terms.yml"


class Term(Model):
    """A published term. `meaning` is None where no definition was found; then so is `source`."""

    term: Text
    meaning: Text | None = None
    source: Text | None = None

    @model_validator(mode="after")
    def _meaning_with_source(self) -> Self:
        if (self.source is None) != (self.meaning is None):
            raise ValueError("a meaning with its source, or neither")
        return self


class Outcome(Term):
    """A result, an action or a sanction; `regime` is None for what the rules of both years know."""

    regime: Regime | None = None


class Sanction(Outcome):
    """A sanction; `severity` runs from 1 (lightest) to 5 (dismissal), None off the scale."""

    severity: Annotated[int, Field(ge=1, le=5)] | None = None


class Terms(Model):
    """Every known term, each list in the order to show it in."""

    ranks: list[Term]
    results: list[Outcome]
    actions: list[Outcome]
    sanctions: list[Sanction]

    @field_validator("*")
    @classmethod
    def _each_once(cls, terms: list[Term]) -> list[Term]:
        names = [term.term for term in terms]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"each term once, and {name!r} stands twice")
        return terms


def read_terms(path: Path = TERMS_FILE) -> tuple[Terms | None, list[Finding]]:
    """The terms in the file at `path`, or None and what is wrong with them."""
    return load(path, Terms)
