"""Open a document of any shape: audit it, if it is of a kind that can hide something, and read it as cells."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest.config.files import MAX_DOCUMENT, open_regular
from ingest.excel.audit import WorkbookAudit, audit_workbook
from ingest.pdf.limits import Unreadable
from ingest.pdf.pool import Pool, read_document
from ingest.readers.cells import CELL_READERS
from ingest.readers.excel import read_workbook
from ingest.readers.gate import blocking_findings
from ingest.readers.pdf import read_pdf_cells
from ingest.records.cells import Cells
from ingest.records.disclosure import PendingDecision, SourceFormat
from ingest.records.findings import BuildError, Finding

FORMATS: dict[str, SourceFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "text",
    ".xlsx": "excel",
    ".pdf": "pdf",
}
"""What a file is, by its extension."""


@dataclass(frozen=True)
class Document:
    """A document that has passed its audit: its format and SHA-256, the kinds of audit finding that need a
    decision, and a function that reads it from the top."""

    format: SourceFormat
    sha256: str
    pending: tuple[PendingDecision, ...]
    cells: Callable[[], Cells]


def open_document(
    path: Path, encoding: str | None, pool: Pool
) -> tuple[Document | None, list[Finding]]:
    """Return the document at `path`, or None and why it cannot be read or must not be published. The pages
    of a PDF are read with `pool`."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        return None, [
            Finding(
                path,
                None,
                f"a file of the kind {suffix or 'without an extension'}",
                ", ".join(FORMATS),
                "convert it to CSV, and say so in copy_status",
            )
        ]
    if path.is_symlink():
        # It may lead to a file that nobody meant to publish, and to another one tomorrow.
        return None, [
            Finding(path, None, "a symbolic link", "a file", "replace it with a copy of the file")
        ]
    try:
        if suffix == ".xlsx":
            return _open_workbook(path)
        if suffix == ".pdf":
            return _open_pdf(path, pool)
        with open_regular(path, MAX_DOCUMENT) as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except BuildError as error:
        return None, list(error.findings)
    except Unreadable as error:
        return None, [error.finding(path)]
    except OSError as error:
        expected = f"a file of at most {MAX_DOCUMENT:,} bytes"
        fix = "save the document there"
        return None, [Finding(path, None, error.strerror or str(error), expected, fix)]
    read = CELL_READERS[suffix]
    return Document(FORMATS[suffix], sha256, (), partial(read, path, encoding)), []


def _open_workbook(path: Path) -> tuple[Document | None, list[Finding]]:
    audit = audit_workbook(path)
    findings = blocking_findings(path, audit.findings, [sheet.name for sheet in audit.sheets])
    cells = partial(_sheets, path, audit)
    document = Document("excel", audit.sha256, _pending(audit.counts), cells)
    return (None if findings else document), findings


def _open_pdf(path: Path, pool: Pool) -> tuple[Document | None, list[Finding]]:
    pdf = read_document(path, pool)
    findings = blocking_findings(path, pdf.findings)
    cells = partial(read_pdf_cells, path, pdf)
    return (
        None if findings else Document("pdf", pdf.file.sha256, _pending(pdf.counts), cells)
    ), findings


def _pending(counts: Mapping[str, int]) -> tuple[PendingDecision, ...]:
    """Return the kinds of audit finding that need a decision."""
    return tuple(PendingDecision(*one) for one in sorted(counts.items()))


def _sheets(path: Path, audit: WorkbookAudit) -> Cells:
    """Yield the cells of a workbook, and the findings with which its reader stops."""
    try:
        yield from read_workbook(path, audit)
    except BuildError as error:
        yield from error.findings
