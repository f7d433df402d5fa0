"""Read a text file: its checksum, its text, and any hidden characters in it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.config.files import MAX_DOCUMENT, read_regular
from ingest.records.findings import Finding
from ingest.text.characters import is_hidden
from ingest.text.phrases import pluralize

_ALLOWED = set("\t\n")


@dataclass(frozen=True)
class Source:
    """A document's text, and the SHA-256 of its bytes in hexadecimal."""

    text: str
    sha256: str


def read_source(path: Path) -> tuple[Source | None, list[Finding]]:
    """Return the text of the file at `path`, or None if it cannot be read, and every finding about it."""
    expected = f"a file of UTF-8 text, of at most {MAX_DOCUMENT:,} bytes"
    fix = "save the document's text there"
    try:
        if path.is_dir():
            return None, [Finding(path, None, "a folder", expected, fix)]
        data = read_regular(path, MAX_DOCUMENT)
    except OSError as error:
        return None, [Finding(path, None, error.strerror or str(error), expected, fix)]
    if not data.strip():
        return None, [Finding(path, None, "an empty file", expected, fix)]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{data[error.start]:02x}, which is not UTF-8"
        fix = "convert the file to UTF-8, and record the new checksum"
        return None, [Finding(path, line, found, expected, fix)]
    return Source(text, hashlib.sha256(data).hexdigest()), list(_hidden_characters(path, text))


def _hidden_characters(path: Path, text: str) -> Iterator[Finding]:
    """Yield a finding for each different hidden character in `text`."""
    for character in sorted(set(text) - _ALLOWED):
        if is_hidden(character):
            name = unicodedata.name(character, "a character without a name")
            times = pluralize(text.count(character), "time")
            yield Finding(
                path,
                text.count("\n", 0, text.index(character)) + 1,
                f"U+{ord(character):04X} ({name.lower()}), {times}, first on this line",
                "only visible characters, spaces, tabs and line feeds",
                "find out where it came from; correct the conversion, and record the new checksum",
            )
