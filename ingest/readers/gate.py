"""Refuse a document whose audit found content that can be recovered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.records.audit_findings import KINDS, AuditFinding
from ingest.records.findings import Finding
from ingest.records.place import Place
from ingest.text.phrases import pluralize


def blocking_findings(
    path: Path, findings: Iterable[AuditFinding], sheets: Sequence[str] = ()
) -> list[Finding]:
    """Return why the document must not be published, by page or sheet, without any of what it hides.

    `sheets` are the names of a workbook's sheets; a PDF has none.
    """
    counts: Counter[tuple[int, str]] = Counter()
    places: Counter[tuple[int, str]] = Counter()
    for one in findings:
        if one.verdict == "refuse":
            counts[one.page, one.kind] += one.count
            places[one.page, one.kind] += 1
    return [
        Finding(
            path,
            None,
            f"{KINDS[kind]}: {count:,}"
            + ("" if sheets else f", in {pluralize(places[page, kind], 'place')}"),
            "a document that hides nothing that can be recovered",
            "do not publish it or pass it on; tell the publisher; to see the places, run "
            "python -m ingest audit FILE --report audit.html",
            None if sheets else page or None,
            place=Place(sheet=sheets[page - 1]) if sheets and page else None,
        )
        for (page, kind), count in sorted(counts.items())
    ]
