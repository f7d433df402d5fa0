"""Read files within bounds: regular files only, and none larger than its kind may be."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MAX_DOCUMENT = 100_000_000
"""Bytes of a text document: far more than any disclosure has."""
MAX_YAML = 1_000_000
"""Bytes of a YAML file."""


class OutOfBounds(OSError):
    """The file is not one that is read; `strerror` says what it is."""

    def __init__(self, found: str) -> None:
        super().__init__(0, found)


@contextmanager
def open_regular(path: Path, limit: int) -> Iterator[BinaryIO]:
    """Open the file at `path` to read its bytes.

    Raise OutOfBounds if it is not a regular file (a pipe or a device might never end) or has more than
    `limit` bytes, and another OSError if it cannot be read.
    """
    # Opening a pipe waits for somebody to write into it, unless told not to.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OutOfBounds("not a regular file")
        if status.st_size > limit:
            raise OutOfBounds(f"a file of {status.st_size:,} bytes")
        yield file


def read_regular(path: Path, limit: int) -> bytes:
    """Return the contents of the file at `path`, with the errors of `open_regular`."""
    with open_regular(path, limit) as file:
        data = file.read(limit + 1)
        if len(data) > limit:
            raise OutOfBounds(f"a file of {len(data):,} bytes")
        return data
