"""Write the report of an audit: for a PDF, an image of each page that has findings, with each finding
blacked out and outlined; for a workbook, a list for each sheet."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Iterable
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw

from ingest.excel.audit import WorkbookAudit
from ingest.pdf.pool import Document, Pool, render_pages
from ingest.records.audit_findings import KINDS, AuditFinding
from ingest.text.phrases import pluralize

_HEAD = """<!DOCTYPE html>
<html lang="en-GB">
<meta charset="utf-8">
<title>Audit of {name}</title>
<style>
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }}
img {{ max-width: 100%; border: 1px solid #888; }}
</style>
<h1>Audit of {name}</h1>
<p>SHA-256 {sha256}, {extent}. This report neither shows nor stores the hidden content.</p>
"""


def write_audit_report(path: Path, source: Path, document: Document, pool: Pool) -> None:
    """Write an HTML report on the PDF `source` to `path`.

    Raise OSError if it cannot be written, or Unreadable if a page cannot be rendered.
    """
    by_page = _by_page(document.findings)
    extent = (
        f"{pluralize(document.file.pages, 'page')}. Each finding is blacked out and outlined in red"
    )
    parts = [_head(source, document.file.sha256, extent)]
    parts.append(_section("The file as a whole", by_page.pop(0, [])))
    numbers = sorted(by_page)
    for number, (scale, image) in zip(numbers, render_pages(source, numbers, pool), strict=True):
        _black_out(image, scale, by_page[number])
        data = io.BytesIO()
        image.save(data, "PNG")
        parts.append(_section(f"Page {number}", by_page[number]))
        parts.append(
            f'<p><img alt="Page {number}, with its findings outlined" '
            f'src="data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"></p>\n'
        )
    path.write_text("".join(parts), "utf-8")


def write_workbook_report(path: Path, source: Path, audit: WorkbookAudit) -> None:
    """Write an HTML report on the workbook `source` to `path`. Raise OSError if it cannot be written."""
    by_sheet = _by_page(audit.findings)
    parts = [_head(source, audit.sha256, pluralize(len(audit.sheets), "sheet"))]
    parts.append(_section("The file as a whole", by_sheet.pop(0, [])))
    for number, findings in sorted(by_sheet.items()):
        parts.append(_section(f"Sheet {number}: {audit.sheets[number - 1].name}", findings))
    path.write_text("".join(parts), "utf-8")


def _by_page(findings: Iterable[AuditFinding]) -> dict[int, list[AuditFinding]]:
    by_page: dict[int, list[AuditFinding]] = defaultdict(list)
    for finding in findings:
        by_page[finding.page].append(finding)
    return by_page


def _head(source: Path, sha256: str, extent: str) -> str:
    return _HEAD.format(name=escape(source.name), sha256=sha256, extent=extent)


def _black_out(image: Image.Image, scale: float, findings: list[AuditFinding]) -> None:
    """Black out and outline each finding. `scale` is in pixels per point."""
    draw = ImageDraw.Draw(image)
    for finding in findings:
        if finding.box:
            left, top, right, bottom = (side * scale for side in finding.box)
            right, bottom = max(left, right), max(top, bottom)
            draw.rectangle((left, top, right, bottom), fill="black")
            draw.rectangle((left - 4, top - 4, right + 4, bottom + 4), outline="red", width=3)


def _section(heading: str, findings: list[AuditFinding]) -> str:
    items = "".join(
        f"<li><strong>{'Refused' if one.verdict == 'refuse' else 'Decision needed'}</strong>: "
        f"{escape(one.kind)}, {one.count:,} ({escape(KINDS[one.kind])})"
        + (f", at {', '.join(f'{side:.0f}' for side in one.box)} points" if one.box else "")
        + "</li>\n"
        for one in findings
    )
    return f"<h2>{escape(heading)}</h2>\n<ul>\n{items or '<li>No findings</li>'}</ul>\n"
