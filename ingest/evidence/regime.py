"""Infer the rules that a matter was handled under from the wording of its outcome.

The Police (Conduct) Regulations 2020 and the 2020 complaints rules took effect on 1 February 2020.
Which rules apply depends on when the matter came to the appropriate authority's attention (SI
2020/2, reg. 2), so a row's year doesn't show them. But most outcomes use words that belong to only
one set of rules, which `terms.yml` marks.
"""

from __future__ import annotations

from ingest.config.terms import OUTCOMES, TERM_TABLES, Outcome, Terms
from ingest.records.disclosure import Row
from ingest.records.evidence import Regime, RegimeReading


def infer_regime(row: Row, terms: Terms) -> RegimeReading:
    """Return the rules that the outcome of `row` points to. If it uses words from both sets of
    rules, the result is None."""
    deciding: dict[str, Regime] = {}
    for column in OUTCOMES:
        known: dict[str, Outcome] = {
            term.term: term for term in getattr(terms, TERM_TABLES[column])
        }
        term = known.get(getattr(row, column) or "")
        if term and term.regime:
            deciding[f"{column} “{term.term}”"] = term.regime
    if len(set(deciding.values())) != 1:
        return RegimeReading(None, None)
    return RegimeReading(next(iter(deciding.values())), ", ".join(deciding))
