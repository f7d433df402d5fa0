"""Findings: problems with a document, with how to fix them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """A problem: where it is, what was found, what was expected, and how to fix it.

    `line` and `page` count from 1, and are None if the finding concerns a whole file.
    """

    file: Path
    line: int | None
    found: str
    expected: str
    fix: str
    page: int | None = None

    def __str__(self) -> str:
        here = Path.cwd()
        file = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return (
            f"{file}{'' if self.line is None else f', line {self.line}'}"
            f"{'' if self.page is None else f', page {self.page}'}\n"
            f"  found:    {self.found}\n"
            f"  expected: {self.expected}\n"
            f"  to fix:   {self.fix}"
        )


class BuildError(Exception):
    """Raised if a command cannot go on; nothing has been written. `findings` lists every reason."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
