"""How much a document may ask of the machine, and what it is told when it asks for more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.records.findings import Finding


@dataclass(frozen=True)
class Limits:
    """`seconds` are for a page and, once, for the file as a whole; `memory` for each worker.

    Bytes are meant for `file` and `memory`, points for `side`, the longer side of a page.
    """

    pages: int = 5_000
    seconds: float = 30
    memory: int = 2 << 30
    file: int = 500_000_000
    side: float = 5_000
    characters: int = 200_000
    objects: int = 200_000


class Unreadable(Exception):
    """The document cannot be read: what was found, what was expected, what to do, and the page.

    The words are ours throughout. What a parser says may quote the document, and is never passed on.
    """

    def __init__(self, found: str, expected: str, fix: str, page: int | None = None) -> None:
        super().__init__(found, expected, fix, page)
        self.found, self.expected, self.fix, self.page = found, expected, fix, page

    def finding(self, file: Path) -> Finding:
        """The same, of that file."""
        return Finding(file, None, self.found, self.expected, self.fix, self.page)
