"""Audit findings are sorted by page, and by kind within a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from reportlab.pdfgen.canvas import Canvas

from ingest.cli import main
from ingest.records.audit_findings import KINDS

pytestmark = pytest.mark.usefixtures("warm")


def a_pdf(path: Path, *, covered: tuple[int, ...] = ()) -> None:
    """Draw an eleven-page PDF with an outline, a white word on the second page, and covered words
    on some pages."""
    canvas = Canvas(str(path), invariant=1)
    for number in range(1, 12):
        canvas.drawString(72, 700, "A letter")
        if number == 2:
            canvas.setFillGray(1)
            canvas.drawString(72, 600, "white")
        if number in covered:
            canvas.setFillGray(0)
            canvas.drawString(72, 500, "covered")
            canvas.rect(70, 495, 60, 16, stroke=0, fill=1)
        canvas.bookmarkPage(str(number))
        canvas.addOutlineEntry("A letter", str(number))
        canvas.showPage()
    canvas.save()


def test_refused_places_are_listed_and_shown_page_by_page(tmp_path: Path) -> None:
    a_pdf(tmp_path / "a.pdf", covered=(11, 3, 2))
    page = tmp_path / "audit.html"
    done = CliRunner().invoke(main, ["audit", str(tmp_path / "a.pdf"), "--report", str(page)])
    assert done.exit_code == 1, done.output
    assert re.findall(r"a\.pdf, page (\d+)\n", done.output) == ["2", "3", "11"]
    assert re.findall(r"<h2>Page (\d+)</h2>", page.read_text("utf-8")) == ["2", "3", "11"]


def test_pending_decisions_are_listed_by_name(tmp_path: Path) -> None:
    """This is so for findings about the file, such as an outline, and about a page, such as white
    words."""
    a_pdf(tmp_path / "a.pdf")
    done = CliRunner().invoke(main, ["audit", str(tmp_path / "a.pdf")])
    assert done.exit_code == 0, done.output
    told = [
        (kind, int(re.findall(r"\d+", line)[0]))
        for line in done.output.splitlines()
        for kind in KINDS
        if f" {kind}, " in line
    ]
    assert [kind for kind, _ in told] == ["author", "hidden-over-light", "outline"]
    assert [count for _, count in told[1:]] == [5, 11]
