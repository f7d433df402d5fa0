"""Write the report of an audit: an image of each page that has findings, with each finding blacked
out and outlined."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw

from ingest.pdf.pool import Document, Pool, render_pages
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
<p>SHA-256 {sha256}, {pages} pages. Each finding is blacked out and outlined in red. This report
neither shows nor stores the hidden content.</p>
"""


def write_audit_report(path: Path, source: Path, document: Document, pool: Pool) -> None:
    """Write an HTML report on the PDF `source` to `path`.

    Raise OSError if it cannot be written, or Unreadable if a page cannot be rendered.
    """
    by_page: dict[int, list[AuditFinding]] = defaultdict(list)
    for finding in document.findings:
        by_page[finding.page].append(finding)
    parts = [
        _HEAD.format(
            name=escape(source.name), sha256=document.file.sha256, pages=document.file.pages
        )
    ]
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
    return f"<h2>{heading}</h2>\n<ul>\n{items or '<li>No findings</li>'}</ul>\n"
