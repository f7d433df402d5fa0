"""Check what the rows state: terms, rows under investigation, and redaction markers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ingest.checks.places import at_row, in_document, in_manifest
from ingest.config.manifest import FILE_NAME
from ingest.config.markers import MARKERS_FILE, deciding_lines
from ingest.config.terms import TERM_TABLES, TERMS_FILE, Terms
from ingest.readers.folders import DisclosureFolder
from ingest.records.disclosure import Row
from ingest.records.findings import Finding
from ingest.text import redaction
from ingest.text.phrases import pluralize, truncated_repr


def known_terms(folder: DisclosureFolder, terms: Terms) -> Iterator[Finding]:
    """Yield a finding for each rank, result, action or sanction that `terms` does not list."""
    for (column, term), rows in terms.unknown_in(folder.disclosure.rows).items():
        yield at_row(
            folder,
            rows[0],
            f"the {column} {truncated_repr(term)}, in {pluralize(len(rows), 'row')}",
            f"a term in {TERMS_FILE.name}",
            f"check the document; if the term is new, add it under {TERM_TABLES[column]} in {TERMS_FILE.name}",
        )


def open_rows(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each row under investigation that states more than its year."""
    for row in folder.disclosure.rows:
        stated = [cell for name in ("summary", *TERM_TABLES) if (cell := getattr(row, name))]
        if row.under_investigation and stated:
            yield at_row(
                folder,
                row,
                f"a row under investigation that states {truncated_repr(stated[0])}",
                "a year and nothing else",
                "check the document: a row under investigation is published without its details",
            )


def redaction_declared(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding if the document has no markers but the manifest does not say so, or the
    reverse."""
    summaries = [row.summary for row in folder.disclosure.rows if row.summary]
    marked = [summary for summary in summaries if redaction.count(summary)]
    if folder.manifest.redacted and summaries and not marked:
        yield in_document(
            folder,
            f"no redaction marker in {pluralize(len(summaries), 'summary', 'summaries')}",
            "markers: almost every document has redactions, and a conversion can lose every marker",
            f"compare it with the published document; if nothing is redacted there, write redacted: false in {FILE_NAME}",
        )
    if not folder.manifest.redacted and marked:
        yield in_manifest(
            folder,
            ("redacted",),
            f"redacted: false, but markers in {pluralize(len(marked), 'summary', 'summaries')}",
            "a document without any marker",
            "remove redacted: false",
        )


def known_markers(folder: DisclosureFolder) -> Iterator[Finding]:
    """Yield a finding for each text that looks like a redaction but is not a known marker."""
    rows: dict[str, list[Row]] = {}
    for row in folder.disclosure.rows:
        for text in row.lookalikes:
            rows.setdefault(text, []).append(row)
    for text, found in rows.items():
        times = f", {pluralize(len(found), 'time')}" if len(found) > 1 else ""
        finding = at_row(
            folder,
            found[0],
            f"{truncated_repr(text)}{times}, which looks like a redaction",
            f"a marker of a known form, as in {MARKERS_FILE.name} or {FILE_NAME}",
            f"check the document; then write into {FILE_NAME} the first of these lines if this hides "
            "words, or the second if it does not (or add it to the list that is there)",
        )
        yield replace(finding, lines=deciding_lines(text))
