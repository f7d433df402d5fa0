"""The first disclosure, laid out as a PDF in every way that PDFs are, reads as its text does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.build import build
from ingest.pdf.layout import Line, Table
from ingest.pdf.pool import Pool
from ingest.readers.folders import read_disclosure
from ingest.readers.met.form import COLUMNS, MetForm
from ingest.readers.met.pdf import PageInterpreter, read_pdf_disclosure
from ingest.records.disclosure import Disclosure, Row
from ingest.records.findings import BuildError
from ingest.text import redaction
from tests import pdfs
from tests.documents import FIRST

pytestmark = pytest.mark.usefixtures("warm")
VARIANTS: dict[str, dict[str, Any]] = {
    "rules as lines": {},
    "rules as thin rectangles, header on the first page": {"rules": "rects", "header": "first"},
    "rules as rectangles of cells": {"rules": "cells"},
    "no rule at a page break": {"cut_rule": False},
    "no rule at a page break, header on the first page": {"cut_rule": False, "header": "first"},
    "boxes that touch rules": {"touch": True},
    "round boxes": {"box": "round"},
    "boxes as pictures": {"box": "image"},
    "no spaces": {"spaces": False},
    "lines set tight": {"leading": 1.2},
    "upright pages": {"portrait": True},
    "pages that begin elsewhere": {"origin": (100, 50)},
    "pages turned once": {"rotate": 90},
    "pages turned twice": {"rotate": 180},
    "pages turned thrice that begin elsewhere": {"rotate": 270, "origin": (-30, 20)},
}
OF_ROWS = ("position", "year", "under_investigation", "rank", "result", "action", "sanction")
OF_HEAD = (
    "reference", "title", "document_summary", "security_classification", "publication_scheme",
    "creating_branch", "created_on", "review_on", "extracted_on", "covers_from", "covers_to",
    "published_total",
)  # fmt: skip


@pytest.fixture(scope="session")
def text() -> Disclosure:
    disclosure, findings = read_disclosure(FIRST)
    assert disclosure
    assert not findings
    return disclosure


def told(row: Row) -> dict[str, Any]:
    """What a row says, markers in one form."""
    summary = row.summary and redaction.canonicalise(row.summary)
    return {name: getattr(row, name) for name in OF_ROWS} | {"summary": summary}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_row_is_that_of_the_text(
    text: Disclosure, tmp_path: Path, variant: dict[str, Any]
) -> None:
    path = tmp_path / "source.pdf"
    drawn = pdfs.disclosure_pdf(path, text, **variant)
    assert drawn.cut
    found, findings = read_pdf_disclosure(path, Pool())
    assert findings == []
    assert found
    assert [told(row) for row in found.rows] == [told(row) for row in text.rows]
    assert sum(redaction.count(row.summary or "") for row in found.rows) == len(drawn.boxes) == 541
    for name in OF_HEAD:
        assert getattr(found, name) == getattr(text, name), name
    assert [replace(total, line=None) for total in text.totals] == list(found.totals)
    assert [
        (note.section, note.position, note.text.replace("\\*", "*")) for note in text.notes
    ] == [(note.section, note.position, note.text) for note in found.notes]
    assert (found.source_format, {row.line for row in found.rows}) == ("pdf", {None})
    blocks = [row.block for row in found.rows]
    assert blocks == sorted(blocks)
    assert 1 <= blocks[0] <= blocks[-1] == drawn.pages
    assert [held.kind for held in found.pending] == ["author"]


@pytest.mark.parametrize(
    ("variant", "held"),
    [({"merged": True}, {"author"}), ({"box": "glyphs"}, {"author"}),
     ({"reason": "s40(2)"}, {"author", "text-in-box"})],
    ids=["boxes drawn as one", "boxes of text", "reasons in boxes"],
)  # fmt: skip
def test_a_row_is_read_as_it_is_drawn(
    text: Disclosure, tmp_path: Path, variant: dict[str, Any], held: set[str]
) -> None:
    path = tmp_path / "source.pdf"
    drawn = pdfs.disclosure_pdf(path, text, **variant)
    found, findings = read_pdf_disclosure(path, Pool())
    assert found
    assert not findings
    cells = [
        (f"{'*' * row.under_investigation}{row.year}",
         *(cell or "" for cell in (row.rank, row.summary, row.result, row.action, row.sanction)))
        for row in found.rows
    ]  # fmt: skip
    assert cells == drawn.rows
    assert {one.kind for one in found.pending} == held
    if "reason" in variant:
        counts = {one.kind: one.count for one in found.pending}
        assert counts["text-in-box"] == 541 * len("s40(2)")


def test_a_row_keeps_its_cells_as_read_and_its_markers_as_boxes(
    text: Disclosure, tmp_path: Path
) -> None:
    path = tmp_path / "source.pdf"
    pdfs.disclosure_pdf(path, replace(text, rows=text.rows[:3], totals=text.totals))
    found, _ = read_pdf_disclosure(path, Pool(1))
    assert found
    assert found.rows[1].source_text == (
        "2017\tConstable\tHarassed █ with malicious comms via e-mail and text."
        "\tUnsubstantiated\tNo Action\t"
    )
    markers = [marker.form for row in found.rows for marker in redaction.find(row.summary or "")]
    assert set(markers) == {"box"}


def test_the_share_withheld_is_the_boxes_width_in_letters(text: Disclosure, tmp_path: Path) -> None:
    path = tmp_path / "source.pdf"
    drawn = pdfs.disclosure_pdf(path, text)
    found, _ = read_pdf_disclosure(path, Pool())
    assert found
    letters = [len(row[2].replace(redaction.BOX, "").replace(" ", "")) for row in drawn.rows]
    widths = sum(box.x1 - box.x0 for box in drawn.boxes)
    words = " ".join(row[2].replace(redaction.BOX, "") for row in drawn.rows)
    mean = stringWidth(words, pdfs.PLAIN, 9) / len(words)
    expected = widths / mean / (widths / mean + sum(letters))
    assert found.withheld_share_estimate == pytest.approx(expected, rel=0.05)
    assert text.withheld_share_estimate is None


def interpreted(*pages: list[Line | Table]) -> list[str]:
    """The findings on what these pages hold."""
    reading = MetForm(Path("source.pdf"), [], paged=True)
    interpreting = PageInterpreter(reading, 0.0, ())
    for number, parts in enumerate(pages, 1):
        interpreting.page(number, parts)
    interpreting.disclosure("")
    return [f"{finding.page}: {finding.found}" for finding in reading.findings]


def a_line(text: str, top: float) -> Line:
    return Line(top, top + 9, 9, tuple((word, 36.0, False) for word in text.split()))


ROW = ("2017", "Constable", "Words", "Case to Answer", "Formal Action", "")


def test_what_is_in_no_cell_or_outside_the_table_stops_the_build() -> None:
    table = Table(100, (COLUMNS, ROW))
    whole = interpreted([table])
    assert interpreted([replace(table, loose=3)]) == [
        "1: 3 characters in the table but in none of its cells", *whole
    ]  # fmt: skip
    assert interpreted([replace(table, joined=1)]) == [
        "1: 1 cell without rules of their own",
        *whole,
    ]
    assert interpreted([table, a_line("Words below", 500)]) == ["1: 'Words below'", *whole]
    assert interpreted([table, a_line("Page 1 of 2", 500)]) == whole
    second = Table(100, (("", "", "more words", "", "", ""), ROW))
    assert interpreted([table], [second]) == whole
    assert interpreted([table, replace(second, top=300)])[0] == "1: ' |  | more words |  |  | '"
    assert interpreted([Table(100, (COLUMNS, ROW[:5]))])[0].startswith("1: '2017 | Constable")
    assert "1: glyphs without a Unicode mapping" in interpreted(
        [Table(100, (COLUMNS, (*ROW[:2], "(cid:3)(cid:4)", *ROW[3:])))]
    )


def test_a_document_without_the_table_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "source.pdf"
    canvas = Canvas(str(path), invariant=1)
    canvas.drawString(72, 700, "A letter")
    canvas.save()
    found, findings = read_pdf_disclosure(path, Pool(1))
    assert found is None
    assert any("a ruled table headed Year, Rank" in finding.expected for finding in findings)


PARTICULARS = """\
publisher: Metropolitan Police Service
source_url: https://police.example/disclosure
source_sha256: "{sha256}"
copy_status: PDF as published
rights: re-use terms not stated
row_numbers: 1-409
accepted_differences:
  2022: 3
{decisions}
"""
DECISION = "decisions: [{kind: author, count: 1, reason: The author is the force itself}]"


def test_a_pdf_builds_the_rows_that_the_text_builds(
    text: Disclosure, disclosures: Path, tmp_path: Path, rows: Callable[..., list[tuple[Any, ...]]]
) -> None:
    folder = disclosures / FIRST.name
    folder.mkdir()
    pdfs.disclosure_pdf(folder / "source.pdf", text)
    found, _ = read_pdf_disclosure(folder / "source.pdf", Pool())
    assert found
    declared = folder / "disclosure.yml"
    declared.write_text(PARTICULARS.format(sha256=found.source_sha256, decisions=""), "utf-8")
    with pytest.raises(BuildError, match="author, 1 in all"):
        build(disclosures, tmp_path / "foi.db")
    declared.write_text(PARTICULARS.format(sha256=found.source_sha256, decisions=DECISION), "utf-8")
    build(disclosures, tmp_path / "foi.db")
    columns = (
        "id, position, year, status, rank, summary, result, action, sanction, visible_words, "
        "regime, regime_basis"
    )
    ours = database(tmp_path / "foi.db", f"select {columns} from officer_allegations order by id")
    theirs = rows(f"select {columns} from officer_allegations order by id")
    lost = {
        id for (id,) in rows("select id from officer_allegations where redaction_band='unknown'")
    }
    assert len(ours) == len(theirs) == 409
    for mine, other in zip(ours, theirs, strict=True):
        # Where the text lost its markers, the words around them are still the same.
        assert mine == other, mine[0] in lost
    assert database(tmp_path / "foi.db", "select distinct form from redactions") == [("box",)]
    (share,) = database(tmp_path / "foi.db", "select withheld_share_estimate from disclosures")[0]
    assert 0 < share < 1
    assert rows("select withheld_share_estimate from disclosures") == [(None,)]
    declared.write_text(declared.read_text("utf-8").replace("count: 1", "count: 2"), "utf-8")
    before = (tmp_path / "foi.db").read_bytes()
    with pytest.raises(BuildError, match="one decision, on as many as the audit finds: 1"):
        build(disclosures, tmp_path / "foi.db")
    assert (tmp_path / "foi.db").read_bytes() == before


def database(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_an_unknown_term_in_a_pdf_is_found_with_its_page(
    text: Disclosure, disclosures: Path, tmp_path: Path
) -> None:
    at = next(row.position for row in text.rows[299:] if not row.under_investigation)
    changed = tuple(replace(row, rank="Wizard") if row.position == at else row for row in text.rows)
    folder = disclosures / FIRST.name
    folder.mkdir()
    pdfs.disclosure_pdf(folder / "source.pdf", replace(text, rows=changed))
    found, _ = read_pdf_disclosure(folder / "source.pdf", Pool())
    assert found
    stated = PARTICULARS.format(sha256=found.source_sha256, decisions=DECISION)
    (folder / "disclosure.yml").write_text(stated, "utf-8")
    with pytest.raises(BuildError) as refusal:
        build(disclosures, tmp_path / "foi.db")
    (finding,) = refusal.value.findings
    assert json.dumps("Wizard").strip('"') in finding.found
    assert finding.page == found.rows[at - 1].block
    assert f"source.pdf, page {finding.page}" in str(finding)
