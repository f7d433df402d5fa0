"""The first disclosure, drawn as a PDF in many layouts, gives the same rows as its text."""

from __future__ import annotations

import json
import re
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
from ingest.config.markers import shared_forms
from ingest.pdf.pool import Pool
from ingest.readers.folders import read_disclosure
from ingest.readers.met.form import COLUMNS
from ingest.readers.met.pdf import read_pdf_disclosure
from ingest.records.disclosure import Disclosure, Row
from ingest.records.findings import BuildError
from ingest.text import redaction
from tests import pdfs
from tests.documents import FIRST, a_disclosure, a_row, excerpt, put, sha256
from tests.pdfs.disclosures import draw, made_up
from tests.pdfs.drawing import Pages
from tests.pdfs.marks import unmapped
from tests.pdfs.style import MARGIN, PAD, SHARES, Style

pytestmark = pytest.mark.usefixtures("warm")
LAYOUTS: dict[str, dict[str, Any]] = {
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
OTHERWISE: dict[str, dict[str, Any]] = {
    "boxes drawn as one": {"merged": True},
    "boxes of text": {"box": "glyphs"},
    "reasons in boxes": {"reason": "s40(2)"},
}
"""Layouts that show something different from the text."""
SOME, ALL = 66, 409
"""Enough rows for several pages, so that a page break cuts one in every layout."""
MARKERS = {SOME: 83, ALL: 541}
OF_ROWS = ("position", "year", "under_investigation", "rank", "result", "action", "sanction")
OF_HEAD = (
    "reference", "title", "document_summary", "security_classification", "publication_scheme",
    "creating_branch", "created_on", "review_on", "extracted_on", "covers_from", "covers_to",
    "published_total",
)  # fmt: skip


@pytest.fixture(scope="session")
def texts() -> dict[int, Disclosure]:
    """Return the first disclosure, read from its text: an excerpt and the whole, keyed by number of
    rows."""
    disclosure, findings = read_disclosure(FIRST)
    assert disclosure
    assert not findings
    return {SOME: excerpt(disclosure, SOME), ALL: disclosure}


@pytest.fixture
def text(texts: dict[int, Disclosure]) -> Disclosure:
    return texts[SOME]


def told(row: Row) -> dict[str, Any]:
    """Return the content of a row, with all markers in the same form."""
    summary = row.summary and shared_forms().canonicalise(row.summary)
    return {name: getattr(row, name) for name in OF_ROWS} | {"summary": summary}


def in_part_and_whole(layouts: dict[str, dict[str, Any]], quick: str = "") -> list[Any]:
    """Yield each layout with an excerpt and with all rows. All but `quick` with all rows are
    slow."""
    return [
        *(pytest.param(layout, SOME, id=name) for name, layout in layouts.items()),
        *(
            pytest.param(
                layout, ALL, id=f"{name}, all rows", marks=[pytest.mark.long] * (name != quick)
            )
            for name, layout in layouts.items()
        ),
    ]


def test_some_rows_show_all_that_the_others_do(texts: dict[int, Disclosure]) -> None:
    def shown(text: Disclosure) -> tuple[object, ...]:
        summaries = [row.summary or "" for row in text.rows]
        return (
            {marker.form for summary in summaries for marker in shared_forms().find(summary)},
            {tuple(value is None for value in vars(row).values()) for row in text.rows},
            {(row.year, row.under_investigation) for row in text.rows},
            {shared_forms().density(summary) in (0, 1) for summary in summaries},
            any(shared_forms().density(summary) == 1 for summary in summaries),
            max(map(len, summaries)),
            any("]-" in summary for summary in summaries),
        )

    assert shown(texts[SOME]) == shown(texts[ALL])


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(("layout", "number"), in_part_and_whole(LAYOUTS, quick="rules as lines"))
def test_every_row_is_that_of_the_text(
    texts: dict[int, Disclosure], tmp_path: Path, layout: dict[str, Any], number: int
) -> None:
    text = texts[number]
    path = tmp_path / "source.pdf"
    drawn = pdfs.disclosure_pdf(path, text, **layout)
    assert drawn.cut
    assert drawn.pages >= 3
    found, findings = read_pdf_disclosure(path, Pool())
    assert findings == []
    assert found
    assert [told(row) for row in found.rows] == [told(row) for row in text.rows]
    markers = sum(shared_forms().count(row.summary or "") for row in found.rows)
    assert markers == len(drawn.boxes) == MARKERS[number]
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


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(("layout", "number"), in_part_and_whole(OTHERWISE))
def test_a_row_is_read_as_it_is_drawn(
    texts: dict[int, Disclosure], tmp_path: Path, layout: dict[str, Any], number: int
) -> None:
    path = tmp_path / "source.pdf"
    drawn = pdfs.disclosure_pdf(path, texts[number], **layout)
    assert drawn.cut
    found, findings = read_pdf_disclosure(path, Pool())
    assert found
    assert not findings
    cells = [
        (f"{'*' * row.under_investigation}{row.year}",
         *(cell or "" for cell in (row.rank, row.summary, row.result, row.action, row.sanction)))
        for row in found.rows
    ]  # fmt: skip
    printed = f"{layout['reason']}{redaction.BOX_END}" if "reason" in layout else ""
    boxes = redaction.BOX + printed
    assert cells == [
        tuple(
            cell.replace(redaction.BOX, boxes) if column == 2 else cell
            for column, cell in enumerate(row)
        )
        for row in drawn.rows
    ]
    within = {"text-in-box": len(drawn.boxes) * len("s40(2)")} if "reason" in layout else {}
    assert {one.kind: one.count for one in found.pending if one.kind != "author"} == within


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
    markers = [
        marker.form for row in found.rows for marker in shared_forms().find(row.summary or "")
    ]
    assert set(markers) == {"box"}


@pytest.mark.long
def test_the_withheld_share_is_the_width_of_boxes_in_letters(
    text: Disclosure, tmp_path: Path
) -> None:
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


def test_the_head_of_the_table_is_not_a_summary(tmp_path: Path) -> None:
    """A document with only rows under investigation has no summaries, so there is no share."""
    path = tmp_path / "source.pdf"
    open_row = a_row(under_investigation=True, summary=None, rank=None, result=None, action=None)
    pdfs.disclosure_pdf(path, a_disclosure([replace(open_row, sanction=None)]))
    found, _ = read_pdf_disclosure(path, Pool(1))
    assert found
    assert found.withheld_share_estimate is None


ROW = ("2017", "Constable", "Words", "Case to Answer", "Formal Action", "")


def findings_on(path: Path, after: Callable[[Pages], None], **layout: Any) -> list[str]:
    """Return the findings on a disclosure of three rows with something drawn below them."""
    pages = Pages(path, Style(**layout))
    draw(pages, made_up(3))
    after(pages)
    pages.save()
    _, findings = read_pdf_disclosure(path, Pool(1))
    return [f"{finding.page}: {finding.found}" for finding in findings]


def continued(pages: Pages) -> None:
    """A table that begins within a row."""
    pages.y -= 20
    pages.table(SHARES, COLUMNS, [("", "", "more words", "", "", ""), ROW], 0, True)


def continued_overleaf(pages: Pages) -> None:
    pages.turn()
    continued(pages)


def unmapped_below(pages: Pages) -> None:
    """Draw letters without a Unicode mapping over others; only one parser sees them."""
    pages.paragraph("1", after=0)
    unmapped(pages, MARGIN, pages.y)


def narrower(pages: Pages) -> None:
    pages.turn()
    pages.table(SHARES[:5], COLUMNS[:5], [ROW[:5]], 0, True)


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("after", "layout", "found"),
    [
        (lambda pages: None, {"rules": "cells", "unruled": (3, 5)}, r"1: 14\b"),
        (lambda pages: None, {"rules": "cells", "spanned": (3, 3)}, r"1: 1\b"),
        (lambda pages: pages.paragraph("Words below"), {}, "1: 'Words below'"),
        (continued, {}, re.escape("1: ' |  | more words |  |  | '")),
        (unmapped_below, {}, r"1: (?!.*\(cid)"),
        (lambda pages: unmapped(pages, MARGIN + PAD, pages.y + 7), {}, r"1: (?!.*\(cid)"),
        (narrower, {}, re.escape("2: 'Year | Rank | Summary | Result | Action'")),
    ],
    ids=[
        "in no cell",
        "two cells in one",
        "below the table",
        "cut by no page break",
        "unmapped below",
        "unmapped in a cell",
        "narrower",
    ],
)
def test_what_is_in_no_cell_or_outside_the_table_stops_the_build(
    tmp_path: Path, after: Callable[[Pages], None], layout: dict[str, Any], found: str
) -> None:
    findings = findings_on(tmp_path / "source.pdf", after, **layout)
    assert any(re.match(found, finding) for finding in findings), findings


@pytest.mark.parametrize(
    "after",
    [lambda pages: None, lambda pages: pages.paragraph("Page 1 of 2"),
     continued_overleaf],
    ids=["nothing", "a page number", "the rest of a row on the next page"],
)  # fmt: skip
def test_what_belongs_on_a_page_does_not_stop_the_build(
    tmp_path: Path, after: Callable[[Pages], None]
) -> None:
    assert findings_on(tmp_path / "source.pdf", after) == []


def test_a_document_without_the_table_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "source.pdf"
    canvas = Canvas(str(path), invariant=1)
    canvas.drawString(72, 700, "A letter")
    canvas.save()
    found, findings = read_pdf_disclosure(path, Pool(1))
    assert found is None
    assert any("no ruled table headed Year, Rank" in finding.found for finding in findings)
    missing = [finding for finding in findings if finding.found.startswith("no ")]
    assert len(missing) > 5  # the title, the fields and the table
    assert not [finding for finding in missing if re.search("add|restore|write", finding.fix)]


MANIFEST = """\
publisher: Metropolitan Police Service
source_url: https://police.example/disclosure
source_sha256: "{sha256}"
copy_status: PDF as published
rights: re-use terms not stated
row_numbers: 1-{rows}
{decisions}
"""
DECISION = "decisions: [{kind: author, count: 1, reason: The author is the force itself}]"


@pytest.mark.long
def test_a_pdf_builds_the_rows_that_the_text_builds(
    text: Disclosure, disclosures: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    put(text, texts)
    build(texts, tmp_path / "of_text.db")
    folder = disclosures / text.id
    folder.mkdir()
    pdfs.disclosure_pdf(folder / "source.pdf", text)
    checksum, number = sha256(folder / "source.pdf"), len(text.rows)
    declared, path = folder / "disclosure.yml", tmp_path / "foi.db"
    declared.write_text(MANIFEST.format(sha256=checksum, rows=number, decisions=""), "utf-8")
    with pytest.raises(BuildError, match="author, 1 in total"):
        build(disclosures, path)
    stated = MANIFEST.format(sha256=checksum, rows=number, decisions=DECISION)
    declared.write_text(stated, "utf-8")
    build(disclosures, path)
    columns = (
        "id, position, year, status, rank, summary, result, action, sanction, visible_words, "
        "regime, regime_basis"
    )
    sql = f"select {columns} from officer_allegations order by id"
    assert database(path, sql) == database(tmp_path / "of_text.db", sql)
    assert database(path, "select count(*) from officer_allegations") == [(number,)]
    assert database(path, "select distinct form from redactions") == [("box",)]
    share = "select withheld_share_estimate from disclosures"
    assert 0 < database(path, share)[0][0] < 1
    assert database(tmp_path / "of_text.db", share) == [(None,)]
    before = path.read_bytes()
    declared.write_text(stated.replace("count: 1", "count: 2"), "utf-8")
    with pytest.raises(BuildError, match="one decision, with the count that the audit finds: 1"):
        build(disclosures, path)
    assert path.read_bytes() == before


def database(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.long
def test_an_unknown_term_in_a_pdf_is_found_with_its_page(
    text: Disclosure, disclosures: Path, tmp_path: Path
) -> None:
    at = next(row.position for row in text.rows[50:] if not row.under_investigation)
    changed = tuple(replace(row, rank="Wizard") if row.position == at else row for row in text.rows)
    folder = disclosures / text.id
    folder.mkdir()
    path = folder / "source.pdf"
    pdfs.disclosure_pdf(path, replace(text, rows=changed))
    found, _ = read_pdf_disclosure(path, Pool())
    assert found
    stated = MANIFEST.format(sha256=sha256(path), rows=len(changed), decisions=DECISION)
    (folder / "disclosure.yml").write_text(stated, "utf-8")
    with pytest.raises(BuildError) as refusal:
        build(disclosures, tmp_path / "foi.db")
    (finding,) = refusal.value.findings
    assert json.dumps("Wizard").strip('"') in finding.found
    assert finding.page == found.rows[at - 1].block
    assert f"source.pdf, page {finding.page}" in str(finding)
