"""Read a text file, as a whole or line by line: its text, and any hidden characters in it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from ingest.config.files import MAX_DOCUMENT, open_regular, read_regular
from ingest.records.findings import Finding
from ingest.text.characters import is_hidden
from ingest.text.phrases import pluralize

MAX_LINE = 1_000_000
"""Characters in a line of a text that is read line by line."""
_UNDECODED = re.compile("[\udc80-\udcff]")


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
    hidden = HiddenCharacters(path)
    for number, line_text in enumerate(text.split("\n"), 1):
        hidden.look(number, line_text)
    return Source(text, hashlib.sha256(data).hexdigest()), list(hidden.findings())


class HiddenCharacters:
    """Collects the hidden characters of a file, line by line."""

    def __init__(self, path: Path, allowed: str = "\t\n") -> None:
        self._path = path
        self._visible = set(allowed)
        self._hidden: dict[str, tuple[int, int]] = {}
        """The line on which each appears first, and how often it appears."""

    def look(self, number: int, line: str) -> None:
        """Look through the line with this number."""
        for character in set(line) - self._visible:
            if is_hidden(character):
                first, times = self._hidden.get(character, (number, 0))
                self._hidden[character] = (first, times + line.count(character))
            else:
                self._visible.add(character)

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each different hidden character."""
        for character, (line, times) in sorted(self._hidden.items()):
            name = unicodedata.name(character, "a character without a name")
            yield Finding(
                self._path,
                line,
                f"U+{ord(character):04X} ({name.lower()}), {pluralize(times, 'time')}, first on this line",
                "only visible characters, spaces, tabs and line feeds",
                "find out where it came from; correct the conversion, and record the new checksum",
            )


def stream_lines(path: Path, encoding: str | None) -> Iterator[tuple[int, str] | Finding]:
    """Yield each line of a text with its number, from 1, and its line end; and what is wrong with the text.

    Lines end in LF, CRLF or CR. A byte order mark is taken off. Without an `encoding` the text must be
    UTF-8; with one, it must not be UTF-8 after all, which would turn £ into Â£. Reading stops at a byte
    that the encoding does not have.
    """
    expected = f"a text file of at most {MAX_DOCUMENT:,} bytes"
    try:
        with open_regular(path, MAX_DOCUMENT) as file:
            # A byte that cannot be decoded becomes a surrogate, so that the line it is on is known.
            text = TextIOWrapper(file, encoding or "utf-8-sig", "surrogateescape", newline="")
            yield from _lines_of(path, text, encoding)
    except OSError as error:
        fix = "save the document there"
        yield Finding(path, None, error.strerror or str(error), expected, fix)
    except UnicodeError:
        found = f"bytes that are not {encoding}"
        yield Finding(path, None, found, "a text in that encoding", "correct encoding in the shape")


def _lines_of(
    path: Path, text: TextIOWrapper, encoding: str | None
) -> Iterator[tuple[int, str] | Finding]:
    hidden = HiddenCharacters(path, "\t\n\r")
    number, could_be_utf8, blank = 0, None, True
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if undecoded := _UNDECODED.search(line):
            byte = (
                f"the byte 0x{ord(undecoded[0]) - 0xDC00:02x}, which is not {encoding or 'UTF-8'}"
            )
            fix = "find out the encoding, often cp1252, and write it as encoding into the shape"
            yield Finding(path, number, byte, "UTF-8, or the encoding in the shape", fix)
            return
        if len(line) > MAX_LINE:
            found, lines = (
                f"a line of more than {MAX_LINE:,} characters",
                "lines that a person can read",
            )
            yield Finding(path, number, found, lines, "check the file's line ends")
            return
        if encoding and not line.isascii() and could_be_utf8 is not False:
            could_be_utf8 = _is_utf8(line, encoding)
        blank = blank and not line.strip()
        hidden.look(number, line)
        yield number, line
    if blank:
        yield Finding(path, None, "an empty file", "a text file", "save the document's text there")
    if could_be_utf8 and (encoding or "").casefold().replace("_", "-") not in (
        "utf-8",
        "utf-8-sig",
    ):
        fix = "remove encoding, or correct it; or convert the file to the encoding of its family"
        yield Finding(
            path, None, "a file in UTF-8", f"a file in {encoding}, as the shape says", fix
        )
    yield from hidden.findings()


def _is_utf8(line: str, encoding: str) -> bool:
    try:
        line.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return True
