"""A text held against its PDF, and the way of a new document into the project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.readers.folders import read_disclosure
from ingest.records.disclosure import Disclosure
from ingest.review.compare import compare, outcome
from tests import pdfs
from tests.documents import FIRST, FolderCopy, a_disclosure, a_row, arranged, as_text

pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture(scope="module")
def text() -> Disclosure:
    disclosure, _ = read_disclosure(FIRST)
    assert disclosure
    return disclosure


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_document_is_like_itself(text: Disclosure) -> None:
    assert compare(text, text) == []
    assert outcome(text, []) == "no differences"


def test_every_kind_of_difference_is_listed_where_it_is(text: Disclosure) -> None:
    rows = list(text.rows)
    rows[40] = replace(rows[40], summary="[REDACTED] " + (rows[40].summary or ""))
    rows[99] = replace(rows[99], sanction=None)
    extra = replace(rows[-1], summary="A row that the conversion lost", block=7)
    rows.insert(200, extra)
    del rows[300]
    pdf = replace(
        text,
        title="Another title",
        rows=tuple(rows),
        notes=text.notes[1:],
        totals=(replace(text.totals[0], officers=36), *text.totals[1:]),
    )
    found = compare(text, pdf)
    told = [(one.what, one.line, one.page) for one in found]
    assert ("title", None, None) in told
    assert ("published total for 2017", None, None) in told
    assert ("note 1 of System", None, None) in told
    assert ("summary of row 41", text.rows[40].line, rows[40].block) in told
    assert ("sanction of row 100", text.rows[99].line, rows[99].block) in told
    assert ("a row only in the PDF", None, 7) in told
    assert any(what == "a row only in the text" for what, _, _ in told)
    in_rows = [one for one in found if one.line or one.page]
    assert len(in_rows) == 4
    assert outcome(text, found).startswith(f"{len(found)} differences, in 4 of 409 rows")


def test_markers_that_the_conversion_lost_are_differences(text: Disclosure, tmp_path: Path) -> None:
    copy = FolderCopy.of_the_first(tmp_path / "disclosures")
    rows = [
        replace(row, summary=f"{row.summary} [REDACTED]") if 89 <= (row.line or 0) <= 101 and row.summary else row
        for row in text.rows
    ]  # fmt: skip
    pdfs.disclosure_pdf(tmp_path / "source.pdf", replace(text, rows=tuple(rows)))
    result = run("compare", copy.source, tmp_path / "source.pdf", "--record")
    assert result.exit_code == 0, result.output
    first = next(row.position for row in text.rows if row.line == 89)
    assert f"summary of row {first} (line 89 of the text, page " in result.output
    assert "13 differences, in 13 of 409 rows" in result.output
    stated = yaml.safe_load(copy.manifest.read_text("utf-8"))
    assert stated["copy_status"].startswith(
        "text conversion, compared with the published PDF (SHA-256"
    )
    assert stated["copy_status"].endswith("13 differences, in 13 of 409 rows")
    assert stated["row_numbers"] == "1-409"
    database = tmp_path / "foi.db"
    built = run("build", "--disclosures", copy.path.parent, "--database", database)
    assert built.exit_code == 0, built.output


def test_what_leaks_is_not_compared(tmp_path: Path) -> None:
    pdfs.leak(tmp_path / "a.pdf", "box before", "Kestrelmoor")
    result = run("compare", FIRST / "source.txt", tmp_path / "a.pdf")
    assert result.exit_code == 1
    assert "nothing was compared" in result.output


def test_a_document_is_shown_and_scaffolded_and_builds_when_it_is_filled_in(tmp_path: Path) -> None:
    rows = [a_row(), a_row(year=2021, rank="Wizard"), a_row(year=2021)]
    disclosure = a_disclosure(arranged(rows))
    pdfs.disclosure_pdf(tmp_path / "new.pdf", disclosure)
    disclosures = tmp_path / "disclosures"
    disclosures.mkdir()
    result = run("add", tmp_path / "new.pdf", "--disclosures", disclosures)
    assert result.exit_code == 0, result.output
    for words in (
        "01/FOI/23/000001: Officers and their telephones",
        "2021: 2 published, 2 rows read",
        "3 rows, 3 summaries, 3 redaction markers",
        "unknown rank, not in terms.yml: 'Wizard', in 1 row",
        "decision needed: author, 1 in all",
    ):
        assert words in result.output
    folder = disclosures / disclosure.id
    assert sorted(path.name for path in folder.iterdir()) == ["disclosure.yml", "source.pdf"]
    assert (folder / "source.pdf").read_bytes() == (tmp_path / "new.pdf").read_bytes()
    database = tmp_path / "foi.db"
    build = ("build", "--disclosures", disclosures, "--database", database)
    refused = run(*build)
    assert refused.exit_code == 1
    assert "publisher" in refused.output
    again = run("add", tmp_path / "new.pdf", "--disclosures", disclosures)
    assert again.exit_code == 1
    assert "it already exists" in again.output
    (folder / "disclosure.yml").unlink()
    (folder / "source.pdf").unlink()
    folder.rmdir()
    pdfs.disclosure_pdf(tmp_path / "new.pdf", a_disclosure(arranged([a_row(), a_row(year=2021)])))
    run("add", tmp_path / "new.pdf", "--disclosures", disclosures, "--publisher", "A force",
        "--source-url", "https://police.example/", "--rights", "not stated")  # fmt: skip
    declared = folder / "disclosure.yml"
    declared.write_text(
        declared.read_text("utf-8").replace('reason: ""', "reason: its own name"), "utf-8"
    )
    built = run(*build)
    assert built.exit_code == 0, built.output
    assert database.exists()


def test_a_text_is_added_as_well(tmp_path: Path) -> None:
    disclosure = a_disclosure(arranged([a_row(), a_row(year=2021)]))
    (tmp_path / "new.txt").write_text(as_text(disclosure), "utf-8")
    result = run("add", tmp_path / "new.txt", "--disclosures", tmp_path)
    assert result.exit_code == 0, result.output
    stated = (tmp_path / disclosure.id / "disclosure.yml").read_text("utf-8")
    assert "copy_status: text conversion, not compared with the published PDF" in stated
    assert "decisions" not in stated


@pytest.mark.parametrize("name", ["leak.pdf", "letter.doc", "spoilt.txt"])
def test_what_is_refused_is_not_copied(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    if name == "leak.pdf":
        pdfs.leak(file, "box after", "Kestrelmoor")
    else:
        file.write_text("Dear all", "utf-8")
    disclosures = tmp_path / "disclosures"
    disclosures.mkdir()
    result = run("add", file, "--disclosures", disclosures)
    assert result.exit_code == 1
    assert "nothing was copied" in result.output
    assert list(disclosures.iterdir()) == []
