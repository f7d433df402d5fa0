"""Read the Metropolitan Police's form, from a text conversion or a PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.pdf.pool import Pool
from ingest.readers.met.pdf import read_pdf_disclosure
from ingest.readers.met.text import read_text_disclosure
from ingest.records.disclosure import Disclosure
from ingest.records.findings import Finding

Reader = Callable[[Path, Pool], tuple[Disclosure | None, list[Finding]]]
READERS: dict[str, Reader] = {
    ".txt": lambda path, _: read_text_disclosure(path),
    ".pdf": read_pdf_disclosure,
}
"""The reader for each file extension."""
