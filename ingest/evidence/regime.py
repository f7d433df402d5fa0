"""Under which rules a matter was handled, as far as the wording of its outcome tells.

The Police (Conduct) Regulations 2020 and the complaints rules of that year took effect on
1 February 2020. When a matter came to the appropriate authority's attention decides which rules
it is under (SI 2020/2, reg. 2), so the year of a row does not tell; but most outcomes have words that
only one set of rules knows, which `terms.yml` marks.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.disclosure import Row
from ingest.terms import OUTCOMES, TERM_TABLES, Outcome, Regime, Terms


@dataclass(frozen=True)
class Reading:
    """The rules that a row's wording points to, and the words that decided; else None and None."""

    regime: Regime | None
    basis: str | None


def regime(row: Row, terms: Terms) -> Reading:
    """What the outcome of `row` tells. Words of both rules together decide nothing."""
    deciding: dict[str, Regime] = {}
    for column in OUTCOMES:
        known: dict[str, Outcome] = {
            term.term: term for term in getattr(terms, TERM_TABLES[column])
        }
        term = known.get(getattr(row, column) or "")
        if term and term.regime:
            deciding[f"{column} “{term.term}”"] = term.regime
    if len(set(deciding.values())) != 1:
        return Reading(None, None)
    return Reading(next(iter(deciding.values())), ", ".join(deciding))
