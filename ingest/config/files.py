"""Read files within bounds: regular files only, and none larger than its kind may be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_DOCUMENT = 100_000_000
"""Bytes of a text document: far more than any disclosure has."""
MAX_YAML = 1_000_000
"""Bytes of a YAML file."""


class OutOfBounds(OSError):
    """The file is not one that is read; `strerror` says what it is."""

    def __init__(self, found: str) -> None:
        super().__init__(0, found)


def read_regular(path: Path, limit: int) -> bytes:
    """Return the contents of the file at `path`.

    Raise OutOfBounds if it is not a regular file (a pipe or a device might never end) or has more than
    `limit` bytes, and another OSError if it cannot be read.
    """
    # Opening a pipe waits for somebody to write into it, unless told not to.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OutOfBounds("not a regular file")
        data = file.read(limit + 1) if status.st_size <= limit else b""
        if len(data) > limit or status.st_size > limit:
            raise OutOfBounds(f"a file of {max(len(data), status.st_size):,} bytes")
        return data
