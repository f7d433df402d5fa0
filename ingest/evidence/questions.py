"""Rows as published that call for a question to the publisher.

The publisher's words stand as they are; a question is put beside them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import model_validator

from ingest.disclosure import Row
from ingest.yaml_file import Model, Text, load_own

QUESTIONS_FILE = Path(__file__).parent / "questions.yml"


class Condition(Model):
    """What a cell must state: any of these terms, or one that is none of these."""

    any_of: list[Text] | None = None
    other_than: list[Text] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.any_of is None) == (self.other_than is None):
            raise ValueError("either any_of or other_than")
        return self

    def holds(self, term: str | None) -> bool:
        if self.any_of is not None:
            return term in self.any_of
        return term is not None and term not in (self.other_than or ())


class Conditions(Model):
    """A condition for each cell that a rule looks at."""

    result: Condition | None = None
    action: Condition | None = None
    sanction: Condition | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a condition for result, action or sanction")
        return self

    def hold(self, row: Row) -> bool:
        return all(
            condition.holds(getattr(row, column))
            for column in type(self).model_fields
            if (condition := getattr(self, column))
        )


class Rule(Model):
    """A rule: its name, when it holds, and the question that it puts."""

    rule: Text
    when: Conditions
    question: Text


class Rules(Model):
    rules: list[Rule]


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of `questions.yml`."""
    return tuple(load_own(QUESTIONS_FILE, Rules).rules)


def questions(row: Row) -> list[Rule]:
    """The rules that find `row`."""
    return [rule for rule in rules() if rule.when.hold(row)]
