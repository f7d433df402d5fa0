"""Collect what is wrong with a document's cells, so that a fault in every row is one finding."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.records.findings import Finding
from ingest.records.place import Place
from ingest.text.phrases import pluralize

MAX_PROBLEMS = 200
"""Different problems of one document that are listed."""


@dataclass(slots=True)
class Problem:
    """A problem, with the place where it first occurs. `of` is what is counted: cell, row."""

    place: Place | None
    found: str
    expected: str
    fix: str
    of: str = "cell"
    count: int = 0
    lines: Callable[[int], tuple[str, ...]] | None = None
    """Given how often the problem occurs: lines to copy."""


class Problems:
    """What is wrong with a document, with a bound on how much is remembered."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._problems: dict[Hashable, Problem] = {}
        self._left_out = 0

    def add(self, key: Hashable, problem: Problem) -> None:
        """Count a problem. Those with the same `key` are reported once, with the place of the first."""
        if key in self._problems:
            self._problems[key].count += 1
        elif len(self._problems) < MAX_PROBLEMS:
            problem.count = 1
            self._problems[key] = problem
        else:
            self._left_out += 1

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each problem, in the order in which they were found."""
        for one in self._problems.values():
            times = f", {pluralize(one.count, one.of)}, first here" if one.count > 1 else ""
            yield Finding(
                self._file,
                one.place.line if one.place else None,
                one.found + times,
                one.expected,
                one.fix,
                page=one.place.page if one.place else None,
                lines=one.lines(one.count) if one.lines else (),
                place=one.place,
            )
        if self._left_out:
            yield Finding(
                self._file,
                None,
                f"{pluralize(self._left_out, 'other problem')} in cells and rows",
                "a document that fits its shape",
                "correct the shape first, and read the document again",
            )
