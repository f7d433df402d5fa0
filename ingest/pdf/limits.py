"""Resource limits for one PDF, and the error raised when it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.config.files import MAX_DOCUMENT
from ingest.records.findings import Finding


@dataclass(frozen=True)
class Limits:
    """Resource limits for one PDF.

    `seconds`, of processor time, applies to each page, and once to the file as a whole; so does `wall`, in
    seconds by the clock, which only ends what waits for something; `memory` (bytes) to each worker;
    `file` (bytes) to the file; `side` (points) to the longer side of a page; `characters` to each page;
    `objects` to each page and to the file.
    """

    pages: int = 5_000
    seconds: float = 30
    wall: float = 900
    memory: int = 2 << 30
    file: int = MAX_DOCUMENT
    side: float = 5_000
    characters: int = 200_000
    objects: int = 200_000


class Unreadable(Exception):
    """The document cannot be read: what was found, what was expected, how to fix it, and the page.

    Every message is written in this package. A parser's own message could quote the document, so it is
    never shown.
    """

    def __init__(self, found: str, expected: str, fix: str, page: int | None = None) -> None:
        super().__init__(found, expected, fix, page)
        self.found, self.expected, self.fix, self.page = found, expected, fix, page

    def finding(self, file: Path) -> Finding:
        """Return the error as a finding about `file`."""
        return Finding(file, None, self.found, self.expected, self.fix, self.page)
