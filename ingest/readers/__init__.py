"""Readers: a document in, a `Disclosure` out. They know nothing of databases and mend nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.disclosure import Disclosure
from ingest.findings import Finding
from ingest.pdf.pool import Pool
from ingest.readers import pdf, text

Reader = Callable[[Path, Pool], tuple[Disclosure | None, list[Finding]]]
_READERS: dict[str, Reader] = {
    "source.txt": lambda path, _: text.read(path),
    "source.pdf": pdf.read,
}


def read(folder: Path, pool: Pool | None = None) -> tuple[Disclosure | None, list[Finding]]:
    """The document in `folder`, or None where it cannot be made out, with all that is wrong.

    `pool` says who reads the pages of a PDF.
    """
    names = " or ".join(_READERS)
    try:
        present = [name for name in _READERS if (folder / name).exists()]
    except OSError as error:
        found = error.strerror or str(error)
        return None, [Finding(folder, None, found, names, "see who may read the folder")]
    if len(present) != 1:
        found = "no document" if not present else " and ".join(present)
        return None, [Finding(folder, None, found, names, f"put the document there as {names}")]
    return _READERS[present[0]](folder / present[0], pool or Pool())
