"""A report of an audit for people: each page with a finding, and the places framed and blacked out."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from html import escape
from pathlib import Path

from PIL import ImageDraw

from ingest.pdf.pool import Document, Pool, pictures
from ingest.records.audit_findings import KINDS, AuditFinding

_HEAD = """<!DOCTYPE html>
<html lang="en-GB">
<meta charset="utf-8">
<title>Audit of {name}</title>
<style>
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }}
img {{ max-width: 100%; border: 1px solid #888; }}
</style>
<h1>Audit of {name}</h1>
<p>SHA-256 {sha256}, {pages} pages. Each place is blacked out here and framed in red; what stands
there is neither shown nor kept.</p>
"""


def write_audit_report(path: Path, source: Path, document: Document, pool: Pool) -> None:
    """Write the report on `source` to `path`. Raises OSError where it cannot."""
    by_page: dict[int, list[AuditFinding]] = defaultdict(list)
    for finding in document.findings:
        by_page[finding.page].append(finding)
    parts = [
        _HEAD.format(
            name=escape(source.name), sha256=document.file.sha256, pages=document.file.pages
        )
    ]
    parts.append(_listed("The file as a whole", by_page.pop(0, [])))
    numbers = sorted(by_page)
    for number, picture in zip(numbers, pictures(source, numbers, pool), strict=True):
        scale, image = picture
        pen = ImageDraw.Draw(image)
        for finding in by_page[number]:
            if finding.box:
                left, top, right, bottom = (side * scale for side in finding.box)
                pen.rectangle((left, top, max(left, right), max(top, bottom)), fill="black")
                frame = (left - 4, top - 4, max(left, right) + 4, max(top, bottom) + 4)
                pen.rectangle(frame, outline="red", width=3)
        data = io.BytesIO()
        image.save(data, "PNG")
        parts.append(_listed(f"Page {number}", by_page[number]))
        parts.append(
            f'<p><img alt="Page {number}, its findings framed" '
            f'src="data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"></p>\n'
        )
    path.write_text("".join(parts), "utf-8")


def _listed(heading: str, findings: list[AuditFinding]) -> str:
    items = "".join(
        f"<li><strong>{'Refused' if one.verdict == 'refuse' else 'To be decided'}</strong>: "
        f"{escape(one.kind)}, {one.count:,} ({escape(KINDS[one.kind])})"
        + (f", at {', '.join(f'{side:.0f}' for side in one.box)} points" if one.box else "")
        + "</li>\n"
        for one in findings
    )
    return f"<h2>{heading}</h2>\n<ul>\n{items or '<li>Nothing</li>'}</ul>\n"
