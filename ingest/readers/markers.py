"""Recognise the redaction markers in a document that was read."""

from __future__ import annotations

from dataclasses import replace

from ingest.records.disclosure import Disclosure, Row
from ingest.text.lookalikes import lookalikes
from ingest.text.redaction import MarkerForms, collapse


def recognise(disclosure: Disclosure, forms: MarkerForms) -> Disclosure:
    """Return the disclosure with every marker in its summaries recognised, and written `[REDACTED]`.

    Anything else that looks like one is listed with its row, so that no step after this needs the
    forms.
    """
    return replace(disclosure, rows=tuple(_recognise(row, forms) for row in disclosure.rows))


def _recognise(row: Row, forms: MarkerForms) -> Row:
    # As it is published, so that no form is missed because of how many spaces it has.
    summary = collapse(row.summary or "")
    return replace(
        row,
        summary=forms.canonicalise(summary) or None,
        markers=forms.find(summary),
        lookalikes=lookalikes(summary, forms),
    )
