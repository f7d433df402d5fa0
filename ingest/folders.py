"""The folders of disclosures: each a document and the `disclosure.yml` beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest import readers
from ingest.disclosure import Disclosure, Row
from ingest.findings import Finding
from ingest.particulars import FILE_NAME, Particulars, read_particulars, row_numbers
from ingest.pdf.pool import Pool

DATES = ("created_on", "review_on", "extracted_on", "covers_from", "covers_to")
"""The dates that a document states of itself, or `disclosure.yml` of it."""


@dataclass(frozen=True)
class Folder:
    """A disclosure's folder: the document as read, and what `disclosure.yml` adds to it."""

    path: Path
    disclosure: Disclosure
    particulars: Particulars

    @property
    def source(self) -> Path:
        """The document's file."""
        return self.path / Path(self.disclosure.source_file).name

    @property
    def declared(self) -> Path:
        """The file of the particulars."""
        return self.path / FILE_NAME

    def date(self, name: str) -> date | None:
        """The date of that name: by the document's word, or else by that of `disclosure.yml`."""
        read: date | None = getattr(self.disclosure, name)
        given: date | None = getattr(self.particulars, name)
        return read or given

    @property
    def row_ids(self) -> list[str]:
        """The permanent ids of the rows, in the document's order."""
        numbers = row_numbers(self.particulars.numbers)
        return [self.disclosure.row_id(number) for number in numbers]

    @property
    def numbered_rows(self) -> list[tuple[str, Row]]:
        """The rows behind their ids, in the document's order."""
        return list(zip(self.row_ids, self.disclosure.rows, strict=True))

    @property
    def readable_rows(self) -> list[tuple[str, Row]]:
        """The same, less the rows whose words are withheld."""
        withheld = {withheld.id for withheld in self.particulars.withheld}
        return [(id, row) for id, row in self.numbered_rows if id not in withheld]


def read_folders(path: Path, pool: Pool | None = None) -> tuple[list[Folder], list[Finding]]:
    """Every disclosure that can be made out in the folders below `path`, by name, and all findings.

    Names that start with a dot are passed over. `pool` says who reads the pages of PDFs.
    """
    try:
        paths = sorted(below for below in path.iterdir() if not below.name.startswith("."))
    except OSError as error:
        return [], [_no_disclosures(path, error.strerror or str(error))]
    folders: list[Folder] = []
    findings = [] if paths else [_no_disclosures(path, "an empty folder")]
    for below in paths:
        if not below.is_dir():
            remedy = "remove it, or give it a folder of its own as source.txt"
            findings.append(Finding(below, None, "a file", "folders of disclosures", remedy))
            continue
        disclosure, problems = readers.read(below, pool)
        particulars, more = read_particulars(below)
        findings += problems + more
        if disclosure and particulars:
            folders.append(Folder(below, disclosure, particulars))
    return folders, findings


def _no_disclosures(path: Path, found: str) -> Finding:
    return Finding(path, None, found, "a folder of disclosures", "name it with --disclosures")
