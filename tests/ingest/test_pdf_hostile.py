"""Files made to exhaust a parser, or that are not PDFs: a clear error, and nothing lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from ingest.pdf.limits import Limits, Unreadable
from ingest.pdf.pool import Pool, read_document
from tests import pdfs

LIMITS = Limits(memory=1 << 30, pages=2_000, seconds=600)
"""A limit long enough for the slowest machine; the time limit has its own test."""
TOLD = {
    "empty": "an empty file",
    "not a PDF": "not a PDF",
    "only a header": "a truncated file",
    "truncated": "a truncated file",
    "no pages": "pages cannot be found",
    "no catalog": "pages cannot be found",
    "image only": "pages without any text",
    "bomb": "pages without any text",
    "page tree in a ring": "a page that cannot be loaded",
    "deep page tree": "nested too deeply",
    "deep forms": "nested too deeply",
    "looping xref": "contain each other",
    "one page many times": "100,000 pages",
    "giant page": "a page of",
    "large page": "a page of 14,400 by 14,400 points",
    "needs a password": "an encrypted document",
    "restricted": "an encrypted document",
}
HARMLESS = {
    "deep arrays", "deep arrays in content", "form calls itself", "annotations in a ring",
    "annotations doubled", "claims many pages", "crowded page", "empty MediaBox",
}  # fmt: skip
"""Unusual files that can still be read, each with one page, and their text."""


def test_every_kind_is_tried() -> None:
    assert {*TOLD, *HARMLESS, "slow page"} == {*pdfs.HOSTILE, *pdfs.SPOILT}


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("kind", TOLD)
def test_an_unreadable_pdf_is_reported_plainly(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pdf"
    pdfs.hostile(path, kind)
    with pytest.raises(Unreadable) as told:
        read_document(path, Pool(1, limits=LIMITS))
    assert TOLD[kind] in told.value.found
    assert told.value.expected
    assert told.value.fix


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("kind", sorted(HARMLESS))
def test_what_is_only_odd_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pdf"
    pdfs.hostile(path, kind)
    document = read_document(path, Pool(1, limits=LIMITS))
    assert document.file.pages == 1
    assert sum(page.characters for page in document.pages) >= 4


def slow_among_others(path: Path) -> int:
    """Draw a document with one page that takes hundreds of times as long as the others, and return
    its number."""
    pdfs.hostile(path.with_name("slow.pdf"), "slow page")
    pdfs.long_pdf(path.with_name("long.pdf"), 5)
    document = PdfDocument.new()
    for name, pages in (("long.pdf", [0, 1]), ("slow.pdf", [0]), ("long.pdf", [2])):
        other = PdfDocument(path.with_name(name))
        document.import_pages(other, pages)
    document.save(path)
    return 3


@pytest.mark.long
def test_a_page_that_takes_too_long_is_named(tmp_path: Path) -> None:
    """On a busy machine any page may break a short limit, and only the slow one a long limit."""
    path = tmp_path / "a.pdf"
    number = slow_among_others(path)
    named = []
    for seconds in (1.5, 12, 96):
        with pytest.raises(Unreadable, match=f"more than {seconds:g} seconds") as told:
            read_document(path, Pool(2, limits=Limits(seconds=seconds)))
        named.append(told.value.page)
        if named[-1] == number:
            break
    assert named[-1] == number


@pytest.mark.long
def test_a_document_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pdfs.hostile(path, "bomb")
    with pytest.raises(Unreadable, match=r"memory|0\.375 GB"):
        read_document(path, Pool(1, limits=Limits(memory=3 << 27)))


@pytest.mark.long
def test_limits_on_pages_and_bytes_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pdfs.long_pdf(path, 5)
    pages = read_document(path, Pool(1)).file.pages
    with pytest.raises(Unreadable, match=f"{pages} pages"):
        read_document(path, Pool(1, limits=Limits(pages=pages - 1)))
    with pytest.raises(Unreadable, match=f"a file of {path.stat().st_size:,} bytes"):
        read_document(path, Pool(1, limits=Limits(file=1_000)))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["needs a password", "truncated", "deep forms", "image only"])
def test_commands_name_the_file_and_the_fix_and_exit_with_1(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pdf"
    pdfs.hostile(path, kind)
    for command in ("audit", "add"):
        result = subprocess.run(
            [sys.executable, "-m", "ingest", command, str(path), "--workers", "1"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert "a.pdf" in result.stderr
        for label in ("found:", "expected:", "to fix:"):
            assert label in result.stderr
