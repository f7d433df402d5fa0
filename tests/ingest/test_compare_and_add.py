"""Comparing a text with its PDF, and adding a new document."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.config.manifest import record_copy_status
from ingest.config.markers import shared_forms
from ingest.readers.folders import read_disclosure
from ingest.readers.met.text import read_text_disclosure as read_text
from ingest.records.disclosure import Disclosure, PendingDecision, PublishedTotal
from ingest.records.findings import BuildError
from ingest.review.add import scaffold
from ingest.review.compare import Difference, compare, outcome
from ingest.text import redaction
from tests import pdfs
from tests.documents import FIRST, FolderCopy, a_disclosure, a_row, arranged, as_text, put, sha256
from tests.serving import ROOT

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


@pytest.mark.long
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
        "decision needed: author, 1 in total",
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
        declared.read_text("utf-8")
        .replace("reason: DECIDE", "reason: its own name")
        .replace("publication: DECIDE", "publication: the editor"),
        "utf-8",
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


def figures(words: str) -> list[int]:
    return [int(figure) for figure in re.findall(r"\d+", words)]


def test_the_outcome_separates_rows_that_differ_from_other_differences(text: Disclosure) -> None:
    rank = Difference("rank of row 1", "Constable", "Sergeant", 57, 2)
    result = Difference("result of row 1", "Resolved", None, 57, 2)
    lost = Difference("a row of the text alone", "words", None, 58, None)
    more = Difference("a row of the PDF alone", None, "words", None, 3)
    title = Difference("title", "One", "Another")
    in_rows = outcome(text, [rank, result])
    and_elsewhere = outcome(text, [rank, title])
    assert figures(in_rows) == figures(and_elsewhere) == [2, 1, 409]
    assert and_elsewhere.startswith(in_rows)
    assert and_elsewhere != in_rows
    assert outcome(text, [title, rank]) == and_elsewhere
    assert figures(outcome(text, [rank, result, lost, more])) == [4, 3, 409]
    assert figures(outcome(text, [more])) == [1, 1, 409]
    outside = outcome(text, [title])
    assert figures(outside) == [1]
    assert "rows" in outside
    assert outcome(text, [title, title]) != in_rows


@pytest.mark.parametrize(
    ("line", "page", "place"),
    [
        (None, None, ""),
        (3, None, " (line 3 of the text)"),
        (None, 4, " (page 4 of the PDF)"),
        (3, 4, " (line 3 of the text, page 4 of the PDF)"),
    ],
)
def test_a_difference_begins_with_what_differs_and_where(
    line: int | None, page: int | None, place: str
) -> None:
    for text, pdf, told in (
        ("A\nB", None, [r"'A\nB'", "nothing"]),
        (None, "A", ["nothing", "'A'"]),
    ):
        head, *values = str(Difference("rank", text, pdf, line, page)).split("\n")
        assert head == f"rank{place}"
        assert [value.split(":")[-1].strip() for value in values] == told


@pytest.mark.long
def test_a_difference_is_found_whichever_side_it_is_on(text: Disclosure) -> None:
    first = text.rows[0]
    parts: dict[str, object] = {
        "reference": "01/FOI/22/000000",
        "document_summary": "Another",
        "security_classification": "Secret",
        "publication_scheme": "Yes",
        "creating_branch": "Another",
        "created_on": None,
        "review_on": None,
        "extracted_on": None,
        "covers_from": None,
        "covers_to": None,
        "published_total": 413,
        "totals": text.totals[:-1],
        "notes": text.notes[:-1],
    }
    cells: dict[str, object] = {
        "year": 2016,
        "under_investigation": True,
        "rank": "Another",
        "summary": "Another",
        "result": "Another",
        "action": "Another",
        "sanction": "Another",
    }
    others = [replace(text, **{name: value}) for name, value in parts.items()]  # type: ignore[arg-type]
    for other in others:
        (missing,) = compare(text, other)
        (added,) = compare(other, text)
        assert (missing.text, missing.pdf) == (added.pdf, added.text)
        assert missing.text != missing.pdf
        assert (missing.line, missing.page) == (None, None)
    for name, value in cells.items():
        row = replace(first, block=9, **{name: value})  # type: ignore[arg-type]
        (cell,) = compare(text, replace(text, rows=(row, *text.rows[1:])))
        stated = getattr(first, name)
        if name == "summary":
            stated = shared_forms().canonicalise(stated)
        assert (cell.text, cell.pdf) == (None if stated is None else str(stated), str(value))
        assert (cell.line, cell.page) == (first.line, 9)
        assert name in cell.what


def test_a_row_in_only_one_of_the_two_is_quoted_with_its_place(text: Disclosure) -> None:
    rows = [
        *text.rows[:20],
        replace(text.rows[19], summary="Found later", block=5),
        *text.rows[20:],
    ]
    longer = replace(text, rows=tuple(rows))
    (more,) = compare(text, longer)
    assert (more.text, more.line, more.page) == (None, None, 5)
    assert more.pdf == (
        "2017 | Constable | Found later | Local Resolution - by BOCU | No Action | "
    )
    (less,) = compare(longer, text)
    assert (less.text, less.pdf, less.line, less.page) == (
        more.pdf, None, text.rows[19].line, None
    )  # fmt: skip
    assert figures(outcome(text, [more])) == [1, 1, 409]


def test_an_added_row_is_not_confused_with_a_changed_neighbour(text: Disclosure) -> None:
    """Rows are paired by every cell except the summary, not only by position."""
    ours = text.rows[19]
    new = replace(ours, year=1999, summary="Found later", block=5)
    theirs = replace(ours, summary="Other words", block=5)
    pdf = replace(text, rows=(*text.rows[:19], new, theirs, *text.rows[20:]))
    alone, apart = compare(text, pdf)
    assert (alone.text, alone.line, alone.page) == (None, None, 5)
    assert "Found later" in (alone.pdf or "")
    assert (apart.pdf, apart.line, apart.page) == ("Other words", ours.line, 5)


def test_rows_that_differ_side_by_side_are_told_one_by_one(text: Disclosure) -> None:
    rows = list(text.rows)
    for at in (30, 31, 32):
        rows[at] = replace(rows[at], summary="Other words")
    for at in (33, 34):
        rows[at] = replace(rows[at], rank="Another", summary="Other words")
    found = compare(text, replace(text, rows=tuple(rows)))
    assert [(one.what, one.line) for one in found] == [
        *((f"summary of row {at}", rows[at - 1].line) for at in (31, 32, 33)),
        *((f"{cell} of row {at}", rows[at - 1].line) for at in (34, 35) for cell in ("rank", "summary")),
    ]  # fmt: skip


def test_many_rows_of_the_same_cells_are_told_from_one_that_turned_up_before_them() -> None:
    ours = arranged([a_row(summary=f"words {number}") for number in range(250)])
    theirs = [replace(row, summary=f"{row.summary} [REDACTED]") for row in ours]
    theirs.insert(0, a_row(year=2021, summary="Found later", block=5))
    document = a_disclosure(ours)
    found = compare(document, replace(document, rows=tuple(theirs)))
    assert Counter(one.what.split(" of ")[0] for one in found) == {
        "summary": 250,
        "a row only in the PDF": 1,
    }


def test_markers_that_a_conversion_writes_otherwise_are_not_differences(text: Disclosure) -> None:
    """A box in place of a marker, missing tags, and an asterisk escaped by Markdown."""
    rows = [
        replace(row, summary=row.summary and shared_forms().canonicalise(row.summary).replace(redaction.CANONICAL, redaction.BOX))
        for row in text.rows
    ]  # fmt: skip
    notes = [replace(note, text=note.text.replace("\\*", "*")) for note in text.notes]
    assert notes != list(text.notes)
    assert compare(text, replace(text, rows=tuple(rows), notes=tuple(notes))) == []


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return everything in a folder, including hidden files, with the bytes of each file."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def new_text(tmp_path: Path) -> Path:
    path = tmp_path / "new.txt"
    path.write_text(as_text(a_disclosure(arranged([a_row(), a_row(year=2021)]))), "utf-8")
    return path


NEW = "01-FOI-23-000001"


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Limit the size of files to `size` bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("step", ["document", "manifest", "folder"])
def test_what_cannot_be_added_whole_leaves_nothing(
    disclosures: Path, new_text: Path, step: str
) -> None:
    """The disk fills up while the document or the manifest is written, or another process takes the
    folder name at the last moment."""
    put(a_disclosure([a_row()], reference="01/FOI/23/000002"), disclosures)
    if step == "folder":
        (disclosures / NEW).symlink_to(disclosures / "nowhere")
    room = {"document": 100, "manifest": 20_000, "folder": 10**9}[step]
    before = tree(disclosures)
    with no_room_beyond(room):
        result = run("add", new_text, "--disclosures", disclosures, "--rights", "r" * 30_000)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert NEW in result.output
    assert tree(disclosures) == before
    if step == "folder":
        (disclosures / NEW).unlink()
    again = run("add", new_text, "--disclosures", disclosures, "--rights", "r")
    assert again.exit_code == 0, again.output


@pytest.mark.parametrize("there", ["a full folder", "an empty folder", "a file"])
def test_what_has_the_name_of_the_new_folder_stays_as_it_is(
    disclosures: Path, new_text: Path, there: str
) -> None:
    if there == "a file":
        (disclosures / NEW).write_text("a letter")
    else:
        (disclosures / NEW).mkdir()
    if there == "a full folder":
        (disclosures / NEW / "source.txt").write_text("another document")
    before = tree(disclosures)
    result = run("add", new_text, "--disclosures", disclosures)
    assert result.exit_code == 1
    assert NEW in result.output
    assert tree(disclosures) == before


def test_what_a_killed_run_left_is_no_obstacle_and_does_not_get_into_the_new_folder(
    disclosures: Path, new_text: Path
) -> None:
    """The run is killed just before it renames the folder."""
    script = f"""
import os, signal, sys
from ingest.cli import main
def watch(event, arguments):
    if event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
main(["add", {str(new_text)!r}, "--disclosures", {str(disclosures)!r}])
"""
    code = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True).returncode
    assert code == -signal.SIGKILL
    (left,) = disclosures.iterdir()
    assert left.name.startswith(".")
    (left / "half of a document").write_text("?")
    put(a_disclosure([a_row()], reference="01/FOI/23/000002"), disclosures)
    built = run("build", "--disclosures", disclosures, "--database", disclosures.parent / "foi.db")
    assert built.exit_code == 0, built.output
    result = run("add", new_text, "--disclosures", disclosures)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in disclosures.iterdir()) == [NEW, "01-FOI-23-000002"]
    assert sorted(tree(disclosures / NEW)) == ["disclosure.yml", "source.txt"]
    assert (disclosures / NEW / "source.txt").read_bytes() == new_text.read_bytes()


def test_what_add_shows_and_writes_is_what_the_document_says(
    disclosures: Path, tmp_path: Path
) -> None:
    years_of_rows = (2020, 2021, 2021, 2019, 2018)
    rows = [a_row(year=year) for year in years_of_rows[:-1]]
    rows.append(a_row(year=years_of_rows[-1], summary="sent nothing"))
    published = {2017: 2, 2019: 1, 2020: 4, 2021: 1}
    whole = replace(
        a_disclosure(arranged(rows)),
        totals=tuple(PublishedTotal(year, officers, None) for year, officers in published.items()),
        published_total=8,
    )
    path = tmp_path / "NEW.TXT"
    path.write_text(as_text(whole), "utf-8")
    result = run("add", path, "--disclosures", disclosures, "--rights", "théirs: all",
                 "--source-url", "https://police.example/a")  # fmt: skip
    assert result.exit_code == 0, result.output
    years = {
        figures(line)[0]: (figures(line)[1:], len(line.split(",")))
        for line in result.output.splitlines()
        if re.match(r" +20\d\d:", line)
    }
    in_2020, in_2021 = (
        next(line for line in result.output.splitlines() if f" {year}:" in line)
        for year in (2020, 2021)
    )
    assert "missing" in in_2020
    assert "missing" not in in_2021
    assert years == {
        2017: ([2, 0, 2], 3),
        2018: ([0, 1, 1], 3),
        2019: ([1, 1], 2),
        2020: ([4, 1, 3], 3),
        2021: ([1, 2, 1], 3),
    }
    assert [5, 5, 4] in [figures(line) for line in result.output.splitlines()]
    stated = yaml.safe_load((disclosures / NEW / "disclosure.yml").read_text("utf-8"))
    assert stated["row_numbers"] == "1-5"
    assert (stated["rights"], stated["source_url"]) == ("théirs: all", "https://police.example/a")
    assert stated["publisher"] == stated["publication"] == "DECIDE"
    assert stated["source_sha256"] == sha256(path)


def test_a_pdf_is_one_whatever_the_letters_of_its_name(disclosures: Path, tmp_path: Path) -> None:
    path = tmp_path / "NEW.PDF"
    pdfs.disclosure_pdf(path, a_disclosure(arranged([a_row(), a_row(year=2021)])))
    result = run("add", path, "--disclosures", disclosures)
    assert result.exit_code == 0, result.output
    assert (disclosures / NEW / "source.pdf").read_bytes() == path.read_bytes()


def test_a_document_with_a_finding_is_not_copied_though_it_can_be_read(
    disclosures: Path, new_text: Path
) -> None:
    new_text.write_text(new_text.read_text("utf-8") + "\n2021\ttoo few cells", "utf-8")
    result = run("add", new_text, "--disclosures", disclosures)
    assert result.exit_code == 1
    assert tree(disclosures) == {}


def test_each_decision_that_is_left_to_people_is_written_with_its_count(
    disclosures: Path, new_text: Path
) -> None:
    disclosure, _ = read_text(new_text)
    assert disclosure
    held = (PendingDecision("author", 1), PendingDecision("comment", 12))
    folder = scaffold(new_text, replace(disclosure, pending=held), disclosures, {})
    stated = yaml.safe_load((folder / "disclosure.yml").read_text("utf-8"))
    assert [(one["kind"], one["count"], one["reason"]) for one in stated["decisions"]] == [
        ("author", 1, "DECIDE"),
        ("comment", 12, "DECIDE"),
    ]


@pytest.mark.parametrize(
    "before", ["of old", "of old,\n  over two lines", "|\n  of old,\n  over two lines"]
)
@pytest.mark.parametrize(
    "status", ["compared", r"compared: \1 of “all” \g<0>", "compared, " * 30 + "row by row"]
)
def test_recording_the_outcome_changes_copy_status_alone(
    tmp_path: Path, before: str, status: str
) -> None:
    """It takes one line that a person can read, whatever was there before."""
    path = tmp_path / "disclosure.yml"
    path.write_text(f"a: “1”\ncopy_status: {before}\nrights: none  # as yet\n", "utf-8")
    record_copy_status(tmp_path, status)
    lines = path.read_text("utf-8").split("\n")
    assert [lines[0], *lines[2:]] == ["a: “1”", "rights: none  # as yet", ""]
    assert yaml.safe_load(lines[1]) == {"copy_status": status}
    assert ("“all”" in lines[1]) == ("“all”" in status)
    assert [path.name for path in tmp_path.iterdir()] == ["disclosure.yml"]


@pytest.mark.parametrize(
    "text",
    ["a: 1\n", "copy_status: a\ncopy_status: b\n", "a: {copy_status: a}\n", "- copy_status: a\n"],
)
def test_an_outcome_that_has_no_place_of_its_own_is_not_recorded(tmp_path: Path, text: str) -> None:
    path = tmp_path / "disclosure.yml"
    path.write_text(text)
    with pytest.raises(BuildError) as refused:
        record_copy_status(tmp_path, "compared")
    (finding,) = refused.value.findings
    assert (finding.file, finding.line) == (path, None)
    assert "copy_status" in finding.found
    assert finding.expected
    assert finding.fix
    assert path.read_text() == text


def test_an_outcome_that_cannot_be_written_is_told_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as refused:
        record_copy_status(tmp_path, "compared")
    (finding,) = refused.value.findings
    assert finding.found == "No such file or directory"
