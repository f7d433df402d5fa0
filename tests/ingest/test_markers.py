"""Markers from the document to the database: forms of a disclosure, exemptions, and what stops a build."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from ingest.build import build
from ingest.cli import main
from ingest.pdf.pool import Pool
from ingest.readers.met.pdf import read_pdf_disclosure
from ingest.records.findings import BuildError
from ingest.text.redaction import BOX
from tests import pdfs
from tests.documents import FolderCopy, a_disclosure, a_row, put


def findings(disclosures: Path, tmp_path: Path) -> list[str]:
    with pytest.raises(BuildError) as error:
        build(disclosures, tmp_path / "refused.db")
    assert not (tmp_path / "refused.db").exists()
    return [str(finding) for finding in error.value.findings]


def query(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def half_in_another_form(copy: FolderCopy, form: str) -> None:
    """Write every other marker of the document as `form`."""
    parts = copy.source.read_text("utf-8").split("[REDACTED]")
    text = "".join(part + (form if at % 2 else "[REDACTED]") for at, part in enumerate(parts[:-1]))
    copy.write((text + parts[-1]).encode())


@pytest.mark.parametrize("form", ["S40(2) applies", "(b)(6)", "XXXXX", "name withheld"])
def test_a_document_with_half_its_markers_in_an_unknown_form_is_not_published(
    copy: FolderCopy, tmp_path: Path, form: str
) -> None:
    half_in_another_form(copy, form)
    found = findings(copy.path.parent, tmp_path)
    assert len(found) <= 3
    assert any(repr(form) in one and "225 times" in one for one in found), found


def test_a_declared_form_counts_as_any_other(
    copy: FolderCopy, database: Path, tmp_path: Path
) -> None:
    """Every figure is that of the document as it was; only the forms and exemptions differ."""
    half_in_another_form(copy, "S40(2) applies")
    (line,) = (
        line.strip()
        for finding in findings(copy.path.parent, tmp_path)
        for line in finding.split("\n")
        if "{markers:" in line
    )
    stated = yaml.safe_load(line)["redactions"]["markers"]
    copy.declare("{not_markers:", f"{{markers: {stated}, not_markers:")
    build(copy.path.parent, tmp_path / "foi.db")
    for sql in (
        "select id, summary, visible_words, redaction_count, redaction_density, redaction_band"
        " from officer_allegations",
        "select * from source_blocks",
        "select * from mentions",
        "select * from shared_wordings",
        "select allegation_id, position from redactions",
        "select summary from officer_allegations_fts",
    ):
        assert query(tmp_path / "foi.db", sql) == query(database, sql)
    assert query(
        tmp_path / "foi.db",
        "select form, exemption, count(*) from redactions group by 1, 2 order by 3",
    ) == [
        ("█", None, 30),
        ("[redacted]", None, 61),
        ("S40(2) applies", "S40(2)", 225),
        ("[REDACTED]", None, 225),
    ]


def test_markers_of_a_pdf_keep_the_exemption_printed_on_the_box(tmp_path: Path) -> None:
    rows = [a_row(position=1, summary="Sent [REDACTED] texts to [REDACTED]")]
    path = tmp_path / "source.pdf"
    pdfs.disclosure_pdf(path, a_disclosure(rows), reason="s40(2)")
    read, problems = read_pdf_disclosure(path, Pool(1))
    assert problems == []
    assert read
    assert read.rows[0].source_text.count("█s40(2)") == 2
    folder = tmp_path / "disclosures" / read.id
    folder.mkdir(parents=True)
    path.rename(folder / "source.pdf")
    kinds = [{"kind": one.kind, "count": one.count, "reason": "x"} for one in read.pending]
    stated = {
        "publisher": "A force",
        "source_url": "https://police.example/",
        "source_sha256": read.source_sha256,
        "copy_status": "made up",
        "rights": "none",
        "row_numbers": "1-1",
        "decisions": kinds,
    }
    (folder / "disclosure.yml").write_text(yaml.safe_dump(stated), "utf-8")
    build(folder.parent, tmp_path / "foi.db")
    assert (
        query(tmp_path / "foi.db", "select form, exemption from redactions")
        == [("box", "s40(2)")] * 2
    )
    assert query(tmp_path / "foi.db", "select summary, visible_words from officer_allegations") == [
        ("Sent [REDACTED] texts to [REDACTED]", 3)
    ]


def test_other_words_on_a_box_are_no_exemption(tmp_path: Path) -> None:
    rows = [a_row(position=1, summary="Sent [REDACTED] texts")]
    path = tmp_path / "source.pdf"
    pdfs.disclosure_pdf(path, a_disclosure(rows), reason="his wife")
    read, _ = read_pdf_disclosure(path, Pool(1))
    assert read
    assert read.rows[0].summary == f"Sent {BOX} texts"


def test_add_asks_about_a_frequent_word_and_stops_for_nothing(tmp_path: Path) -> None:
    rows = [
        a_row(position=at, summary=f"Sent {word} pictures BLANKED to {word}")
        for at, word in enumerate(("texts", "letters", "photographs", "[Facebook]"), 1)
    ]
    (tmp_path / "disclosures").mkdir()
    copy = put(a_disclosure(rows), tmp_path / "disclosures")
    file = tmp_path / "new.txt"
    copy.source.rename(file)
    copy.manifest.unlink()
    copy.path.rmdir()
    arguments = ["add", str(file), "--disclosures", str(tmp_path / "disclosures")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "'BLANKED' (4)" in result.output
    assert "'[Facebook]' looks like a redaction, 2 times" in result.output
    assert "    - DECIDE '[Facebook]'" in copy.manifest.read_text("utf-8")


# What is not read


def as_pipe(path: Path) -> None:
    import os

    path.unlink()
    os.mkfifo(path)


def as_link(path: Path) -> None:
    outside = path.parent.parent.parent / path.name
    path.rename(outside)
    path.symlink_to(outside)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_large(path: Path) -> None:
    """A sparse file: it has many bytes and takes no space."""
    with path.open("ab") as file:
        file.truncate(200_000_000)


@pytest.mark.parametrize("name", ["source.txt", "disclosure.yml"])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        (as_pipe, "not a regular file"),
        (as_link, "a symbolic link"),
        (as_folder, "folder"),
        (as_large, "a file of 200,000,000 bytes"),
    ],
)
def test_only_regular_files_of_a_sane_size_are_read(
    copy: FolderCopy, tmp_path: Path, name: str, change: Callable[[Path], None], found: str
) -> None:
    change(copy.path / name)
    (said,) = findings(copy.path.parent, tmp_path)
    assert name in said
    if change is not as_folder or name != "disclosure.yml":
        assert found in said


@pytest.mark.parametrize("change", [as_pipe, as_large])
def test_a_pdf_too_must_be_a_regular_file_of_a_sane_size(
    copy: FolderCopy, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    copy.source.rename(copy.path / "source.pdf")
    change(copy.path / "source.pdf")
    (said,) = findings(copy.path.parent, tmp_path)
    assert "source.pdf" in said
    assert "at most 100,000,000 bytes" in said


def test_aliases_that_multiply_values_are_refused(copy: FolderCopy, tmp_path: Path) -> None:
    levels = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    levels += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 12)]
    copy.manifest.write_text("\n".join(levels), "utf-8")
    assert "more than 100,000 values" in findings(copy.path.parent, tmp_path)[0]


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ("1-999999", "numbers for 999,999 rows"),
        (", ".join(f"{n}001-{n}999" for n in range(1, 900)), "numbers for 898,101 rows"),
        ("1-408", "numbers for 408 rows"),
    ],
)
def test_row_numbers_are_compared_by_their_length(
    copy: FolderCopy, tmp_path: Path, stated: str, found: str
) -> None:
    copy.declare("row_numbers: 1-409", f"row_numbers: {stated}")
    said = findings(copy.path.parent, tmp_path)
    assert any(found in one for one in said)
    assert max(map(len, "\n".join(said).split("\n"))) < 1_000


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\u202eb", "a\nb", "a\u200bb"])
def test_a_name_commands_no_terminal(tmp_path: Path, name: str) -> None:
    (tmp_path / "disclosures" / name).mkdir(parents=True)
    result = CliRunner().invoke(main, ["build", "--disclosures", str(tmp_path / "disclosures")])
    assert result.exit_code == 1
    assert name not in result.output
    assert f"disclosures/{name.encode('unicode_escape').decode()}" in result.output


def test_a_finding_is_short_whatever_it_quotes(copy: FolderCopy, tmp_path: Path) -> None:
    copy.edit("01/FOI/22/026570", "/".join(["01"] * 5_000))
    copy.declare("publisher:", "p" * 50_000 + ": x\npublisher:")
    for said in findings(copy.path.parent, tmp_path):
        assert len(said) < 3_000
