"""How questions speak of a table made from a shape: its rows, its columns and its figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ingest.database.tables import SqlTable, quoted
from ingest.text.phrases import Noun


@dataclass(frozen=True)
class Asked:
    """A table that questions are asked of."""

    table: SqlTable

    @cached_property
    def noun(self) -> Noun:
        """What one row of the table is; in a crosstab, what its figures count."""
        return self.table.shape.noun(self.table.table)

    @property
    def slug(self) -> str:
        """The table's name, as the names of its questions begin."""
        return self.table.name.replace("_", "-")

    @cached_property
    def counted(self) -> str:
        """The column of an answer with what is counted: its name says what that is."""
        if self.table.value:
            return self.table.value
        name = re.sub(r"\W+", "_", self.noun.plural.lower()).strip("_")
        return "records" if name in self.table.columns or not name else name

    @property
    def has_figures(self) -> bool:
        """Whether figures are added up, instead of rows counted."""
        return self.table.value is not None

    def words(self, column: str) -> str:
        """Return what a sentence calls a column."""
        return column.replace("_", " ")

    def how_many(self, column: str) -> str:
        """Return the question how many there are for each value of a column."""
        if self.table.unit:
            return f"What is the total {self.noun.singular} for each {self.words(column)}?"
        phrase = self._phrase(column) or f"are there for each {self.words(column)}"
        return f"How many {self.noun.plural} {phrase}?"

    def break_down(self, *columns: str) -> str:
        """Return the question how the rows are divided between two columns."""
        subject = f"does the {self.noun.singular}" if self.table.unit else f"do {self.noun.plural}"
        return f"How {subject} break down by {' and '.join(map(self.words, columns))}?"

    @property
    def our_sums(self) -> str:
        """What to add where the labels are published and the sums are not."""
        return "; the sums are ours" if self.has_figures else ""

    def how(self, column: str) -> str:
        """Return where the values of a column come from."""
        own = self.table.column(column)
        if own and own.derived_from:
            return f"worked out from “{self.words(own.derived_from)}”"
        return "as published"

    def _phrase(self, column: str) -> str | None:
        own, spread = self.table.column(column), self.table.table.spread
        return own.phrase if own else spread.into_phrase if spread else None

    def status(self, column: str) -> list[str]:
        """Return the column that says why `column` has no value, in a list: empty if it always has one."""
        return [f"{column}_status"] if self.table.table.has_status(column) else []

    def in_order(self, column: str) -> str:
        """Return SQL for the order of a category: that of its terms, the largest first, blanks last."""
        terms = own.terms if (own := self.table.column(column)) else []
        if not terms:
            return f"{quoted(column)} is null"
        cases = " ".join(f"when {sql_text(one.term)} then {n}" for n, one in enumerate(terms))
        return f"case {quoted(column)} {cases} end nulls last"


def sql_text(text: str) -> str:
    """Return a text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
