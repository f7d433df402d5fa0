"""Readers: a document in, a `Disclosure` out. They know nothing of databases and mend nothing."""

from __future__ import annotations

from pathlib import Path

from ingest.disclosure import Disclosure
from ingest.findings import Finding
from ingest.readers import text

_READERS = {"source.txt": text.read}


def read(folder: Path) -> tuple[Disclosure | None, list[Finding]]:
    """The document in `folder`, or None where it cannot be made out, with all that is wrong."""
    names = " or ".join(_READERS)
    try:
        present = [name for name in _READERS if (folder / name).exists()]
    except OSError as error:
        found = error.strerror or str(error)
        return None, [Finding(folder, None, found, names, "see who may read the folder")]
    if len(present) != 1:
        found = "no document" if not present else " and ".join(present)
        return None, [Finding(folder, None, found, names, f"put the document there as {names}")]
    return _READERS[present[0]](folder / present[0])
