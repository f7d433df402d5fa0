"""Say where a finding is: at a row of the document, at its totals, or in its manifest."""

from __future__ import annotations

from ingest.config.yaml_model import line_of
from ingest.readers.folders import DisclosureFolder, Folder
from ingest.records.disclosure import Row
from ingest.records.findings import Finding


def in_document(folder: Folder, found: str, expected: str, fix: str) -> Finding:
    """Return a finding about the document as a whole."""
    return Finding(folder.source, None, found, expected, fix)


def at_row(folder: DisclosureFolder, row: Row, found: str, expected: str, fix: str) -> Finding:
    """Return a finding about a row, with its line in a text or its page in a PDF."""
    page = row.block if folder.disclosure.source_format == "pdf" else None
    return Finding(folder.source, row.line, found, expected, fix, page)


def at_totals(folder: DisclosureFolder, found: str, expected: str, fix: str) -> Finding:
    """Return a finding about the printed totals, with their line in a text."""
    line = next((total.line for total in folder.disclosure.totals), None)
    return Finding(folder.source, line, found, expected, fix)


def in_manifest(
    folder: Folder, keys: tuple[int | str, ...], found: str, expected: str, fix: str
) -> Finding:
    """Return a finding about the value under `keys` in `disclosure.yml`, with its line."""
    path = folder.manifest_file
    return Finding(path, line_of(path, *keys), found, expected, fix)
