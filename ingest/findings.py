"""What is wrong with a document, said so that a person can act on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One reason not to publish: where it is, what stands there, what should, and what to do.

    `line` and `page` count from 1 and are None where the finding concerns a whole file.
    """

    file: Path
    line: int | None
    found: str
    expected: str
    remedy: str
    page: int | None = None

    def __str__(self) -> str:
        here = Path.cwd()
        file = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return (
            f"{file}{'' if self.line is None else f', line {self.line}'}"
            f"{'' if self.page is None else f', page {self.page}'}\n"
            f"  found:    {self.found}\n"
            f"  expected: {self.expected}\n"
            f"  to do:    {self.remedy}"
        )


class Refused(Exception):
    """Nothing was built. `findings` holds every reason, never only the first."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def numbered(count: int, noun: str, plural: str | None = None) -> str:
    """`count` with its noun, in the singular or the plural: "1 row", "3 rows"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def quoted(text: str, length: int = 60) -> str:
    """The start of `text` between quotes, with nothing in it that a terminal would obey."""
    return repr(text if len(text) <= length else text[:length] + "…")
