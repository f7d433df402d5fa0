"""Read `terms.yml`: the terms that publishers use, with their meanings and sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from ingest.config.yaml_model import Model, Text, load
from ingest.records.disclosure import Row
from ingest.records.evidence import Regime
from ingest.records.findings import Finding

TERM_TABLES = {"rank": "ranks", "result": "results", "action": "actions", "sanction": "sanctions"}
"""The columns of a row that hold terms, and the table that defines the terms of each."""
OUTCOMES = ("result", "action", "sanction")
"""The columns whose terms say how a matter ended."""
TERMS_FILE = Path(__file__).parent / "terms.yml"


class Term(Model):
    """A published term. Where no definition was found, `meaning` and `source` are None."""

    term: Text
    meaning: Text | None = None
    source: Text | None = None

    @model_validator(mode="after")
    def _meaning_with_source(self) -> Self:
        if (self.source is None) != (self.meaning is None):
            raise ValueError("a meaning with its source, or neither")
        return self


class Outcome(Term):
    """A result, an action or a sanction. `regime` is None for a term that both sets of rules use."""

    regime: Regime | None = None


class Sanction(Outcome):
    """A sanction. `severity` runs from 1 (lightest) to 5 (dismissal); None means that it is not on
    the scale."""

    severity: Annotated[int, Field(ge=1, le=5)] | None = None


class Terms(Model):
    """Every known term, in display order."""

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
                raise ValueError(f"each term once, but {name!r} appears twice")
        return terms

    def unknown_in(self, rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
        """Return, by column and term, the rows whose term is not known."""
        unknown: dict[tuple[str, str], list[Row]] = {}
        for column, name in TERM_TABLES.items():
            known = {term.term for term in getattr(self, name)}
            for row in rows:
                term = getattr(row, column)
                if term is not None and term not in known:
                    unknown.setdefault((column, term), []).append(row)
        return unknown


def load_terms(path: Path = TERMS_FILE) -> tuple[Terms | None, list[Finding]]:
    """Return the terms in the file at `path`, or None and what is wrong with the file."""
    return load(path, Terms)
