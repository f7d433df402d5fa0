"""Read the folders of disclosures. Each contains a document and its `disclosure.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from pathlib import Path

from ingest.config.manifest import FILE_NAME, Manifest, load_manifest, parse_row_numbers
from ingest.pdf.pool import Pool
from ingest.readers.markers import recognise
from ingest.readers.met import READERS
from ingest.records.disclosure import Disclosure, NumberedRow
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

    Skips names that start with a dot. PDFs are read with `pool`.
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
        disclosure, problems = read_disclosure(below, pool)
        manifest, more = load_manifest(below)
        findings += problems + more
        if disclosure and manifest:
            marked = recognise(disclosure, manifest.forms)
            folders.append(DisclosureFolder(below, marked, manifest))
    return folders, findings


def _missing_disclosures(path: Path, found: str) -> Finding:
    return Finding(path, None, found, "a folder of disclosures", "give its path with --disclosures")
