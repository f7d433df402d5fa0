"""Findings: problems with a document, with how to fix them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingest.records.place import Place
from ingest.text.phrases import escape_hidden

_LONGEST = 600


@dataclass(frozen=True)
class Finding:
    """A problem: where it is, what was found, what was expected, and how to fix it.

    `line` and `page` count from 1, and are None if the finding concerns a whole file; `place` is given
    instead of them where a reader knows more, such as the sheet. `lines` are lines to copy, shown as
    they are.
    """

    file: Path
    line: int | None
    found: str
    expected: str
    fix: str
    page: int | None = None
    lines: tuple[str, ...] = ()
    place: Place | None = None

    def __str__(self) -> str:
        here = Path.cwd()
        file = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        place = str(self.place or Place(line=self.line, page=self.page))
        return "\n".join(
            (
                escape_hidden(f"{file}, {place}" if place else str(file)),
                f"  found:    {_readable(self.found)}",
                f"  expected: {_readable(self.expected)}",
                f"  to fix:   {_readable(self.fix)}",
                *(f"      {line}" for line in self.lines),
            )
        )


def _readable(text: str) -> str:
    """Return `text`, which may quote a document or a name, on one line and no longer than a person reads."""
    return escape_hidden(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


class BuildError(Exception):
    """Raised if a command cannot go on; nothing has been written. `findings` lists every reason."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))
