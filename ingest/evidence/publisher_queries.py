"""Find rows that raise a query for the publisher.

The rows are shown as published; the query is shown beside them. Its words are called `question` here,
after the public column that shows them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import model_validator

from ingest.config.yaml_model import Model, Text, load_bundled
from ingest.records.disclosure import Row
from ingest.records.evidence import PublisherQuery

QUERIES_FILE = Path(__file__).parent / "publisher_queries.yml"


class Condition(Model):
    """A condition on a cell: one of these terms, or any term except these."""

    any_of: list[Text] | None = None
    other_than: list[Text] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.any_of is None) == (self.other_than is None):
            raise ValueError("either any_of or other_than")
        return self

    def is_met(self, term: str | None) -> bool:
        if self.any_of is not None:
            return term in self.any_of
        return term is not None and term not in (self.other_than or ())


class Conditions(Model):
    """A condition for each cell that a rule examines."""

    result: Condition | None = None
    action: Condition | None = None
    sanction: Condition | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a condition for result, action or sanction")
        return self

    def are_met(self, row: Row) -> bool:
        return all(
            condition.is_met(getattr(row, column))
            for column in type(self).model_fields
            if (condition := getattr(self, column))
        )


class Rule(Model):
    """A rule: its name, the conditions under which it applies, and the query that it raises."""

    rule: Text
    when: Conditions
    question: Text


class Rules(Model):
    rules: list[Rule]


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules in `publisher_queries.yml`."""
    return tuple(load_bundled(QUERIES_FILE, Rules).rules)


def find_queries(row: Row) -> list[PublisherQuery]:
    """Return a query for each rule that applies to `row`."""
    return [PublisherQuery(rule.rule, rule.question) for rule in rules() if rule.when.are_met(row)]
