"""Read the folders of disclosures. Each contains a document and its `disclosure.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from pathlib import Path

from ingest.config.manifest import (
    FILE_NAME,
    Manifest,
    TabularManifest,
    load_manifest,
    load_tabular_manifest,
    names_a_shape,
    parse_row_numbers,
    shape_named,
)
from ingest.config.shape import Shape, Table, load_shape, shape_file
from ingest.pdf.pool import Pool
from ingest.readers.documents import Document, open_document
from ingest.readers.markers import recognise
from ingest.readers.met import READERS
from ingest.records.disclosure import Disclosure, NumberedRow, PendingDecision
from ingest.records.findings import Finding


@dataclass(frozen=True)
class DisclosureFolder:
    """A disclosure's folder: its path, the document with its markers recognised, and its manifest."""

    path: Path
    disclosure: Disclosure
    manifest: Manifest

    @property
    def source(self) -> Path:
        """The path of the document."""
        return self.path / Path(self.disclosure.source_file).name

    @property
    def manifest_file(self) -> Path:
        """The path of `disclosure.yml`."""
        return self.path / FILE_NAME

    @property
    def source_sha256(self) -> str:
        """The SHA-256 of the document, in hexadecimal."""
        return self.disclosure.source_sha256

    @property
    def pending(self) -> tuple[PendingDecision, ...]:
        """The kinds of audit finding that need a decision."""
        return self.disclosure.pending

    def date(self, name: str) -> date | None:
        """Return the date `name` from the document or, failing that, from the manifest."""
        read: date | None = getattr(self.disclosure, name)
        given: date | None = getattr(self.manifest, name)
        return read or given

    @property
    def row_ids(self) -> list[str]:
        """The permanent ids of the rows, in the document's order; no more than it has rows."""
        numbers = islice(chain.from_iterable(self.row_ranges), len(self.disclosure.rows))
        return [self.disclosure.row_id(number) for number in numbers]

    @property
    def row_ranges(self) -> list[range]:
        """The ranges of numbers in the rows' permanent ids."""
        return parse_row_numbers(self.manifest.row_numbers)

    def has_row_id(self, id: str) -> bool:
        """Return whether `id` is one of those that the manifest gives, even if there are more than rows."""
        number = id.rpartition("-")[2]
        return (
            number.isdecimal()
            and self.disclosure.row_id(int(number[:9])) == id
            and any(int(number[:9]) in numbers for numbers in self.row_ranges)
        )

    @property
    def numbered_rows(self) -> list[NumberedRow]:
        """(id, row) pairs, in the document's order."""
        return list(zip(self.row_ids, self.disclosure.rows, strict=True))

    @property
    def readable_rows(self) -> list[NumberedRow]:
        """(id, row) pairs without the withdrawn rows."""
        withdrawn = {withdrawn.id for withdrawn in self.manifest.withdrawn}
        return [(id, row) for id, row in self.numbered_rows if id not in withdrawn]


@dataclass(frozen=True)
class TabularFolder:
    """The folder of a disclosure of any shape: its path, the document and where it is, and what its manifest
    and its shape say. `shape_path` tells one shape from another."""

    path: Path
    source: Path
    manifest: TabularManifest
    shape: Shape
    shape_path: Path
    document: Document

    @property
    def manifest_file(self) -> Path:
        """The path of `disclosure.yml`."""
        return self.path / FILE_NAME

    @property
    def source_sha256(self) -> str:
        """The SHA-256 of the document, in hexadecimal."""
        return self.document.sha256

    @property
    def pending(self) -> tuple[PendingDecision, ...]:
        """The kinds of audit finding that need a decision."""
        return self.document.pending

    def id_prefix(self, table: Table) -> str:
        """Return what the ids of a table's records begin with."""
        several = len(self.shape.records) > 1
        return f"{self.manifest.id}-{table.name}-" if several else f"{self.manifest.id}-"

    def row_id(self, table: Table, number: int) -> str:
        """Return the permanent id of a record, such as `requests-2017-000001`."""
        return f"{self.id_prefix(table)}{number:06d}"


Folder = DisclosureFolder | TabularFolder


def read_disclosure(
    folder: Path, pool: Pool | None = None
) -> tuple[Disclosure | None, list[Finding]]:
    """Return the document in `folder`, or None if it cannot be read, and every finding about it."""
    names = [f"source{suffix}" for suffix in READERS]
    expected = " or ".join(names)
    try:
        links = [one for one in sorted(folder.iterdir()) if one.is_symlink() and one.is_file()]
        present = [folder / name for name in names if (folder / name).exists()]
    except OSError as error:
        found = error.strerror or str(error)
        return None, [Finding(folder, None, found, expected, "check the folder's permissions")]
    if links:
        # It may lead to a file that nobody meant to publish, and to another one tomorrow.
        fix = "replace it with a copy of the file"
        return None, [Finding(path, None, "a symbolic link", "a file", fix) for path in links]
    if len(present) != 1:
        found = " and ".join(path.name for path in present) or "no document"
        return None, [
            Finding(
                folder, None, found, expected, f"save the document in this folder as {expected}"
            )
        ]
    return READERS[present[0].suffix](present[0], pool or Pool())


def read_folders(
    path: Path, pool: Pool | None = None
) -> tuple[list[DisclosureFolder], list[Finding]]:
    """Return the disclosures that can be read from the folders in `path`, sorted by name, and all findings.

    Skips names that start with a dot, and disclosures of any shape. PDFs are read with `pool`.
    """
    try:
        paths = sorted(below for below in path.iterdir() if not below.name.startswith("."))
    except OSError as error:
        return [], [_missing_disclosures(path, error.strerror or str(error))]
    folders: list[DisclosureFolder] = []
    findings = [] if paths else [_missing_disclosures(path, "an empty folder")]
    for below in paths:
        if not below.is_dir():
            fix = "remove it, or move it into a folder of its own, as source.txt or source.pdf"
            findings.append(Finding(below, None, "a file", "folders of disclosures", fix))
            continue
        if names_a_shape(below):
            continue
        disclosure, problems = read_disclosure(below, pool)
        manifest, more = load_manifest(below)
        findings += problems + more
        if disclosure and manifest:
            marked = recognise(disclosure, manifest.forms)
            folders.append(DisclosureFolder(below, marked, manifest))
    return folders, findings


def read_tabular_folders(
    path: Path, pool: Pool | None = None
) -> tuple[list[TabularFolder], list[Finding]]:
    """Return the disclosures of any shape whose documents can be read from the folders in `path`, sorted by
    name, and all findings. The rows are not read yet."""
    folders: list[TabularFolder] = []
    findings: list[Finding] = []
    for below in sorted(path.iterdir()) if path.is_dir() else []:
        if not below.name.startswith(".") and below.is_dir() and names_a_shape(below):
            folder, problems = read_tabular_folder(below, pool=pool)
            folders += [folder] if folder else []
            findings += problems
    return folders, findings


def read_tabular_folder(
    folder: Path, source: Path | None = None, pool: Pool | None = None
) -> tuple[TabularFolder | None, list[Finding]]:
    """Return the disclosure of any shape in `folder`, or None and why it cannot be read.

    `source` is the document, if it is not the one in the folder.
    """
    manifest, findings = load_tabular_manifest(folder)
    name = manifest.shape if manifest else shape_named(folder)
    shape, more = load_shape(name, folder) if name else (None, [])
    findings += more
    if not manifest or not shape:
        return None, findings
    source = source or folder / manifest.file
    document, findings = open_document(source, shape.encoding, pool or Pool())
    if not document:
        return None, findings
    path = shape_file(manifest.shape, folder).resolve()
    return TabularFolder(folder, source, manifest, shape, path, document), findings


def _missing_disclosures(path: Path, found: str) -> Finding:
    return Finding(path, None, found, "a folder of disclosures", "give its path with --disclosures")
