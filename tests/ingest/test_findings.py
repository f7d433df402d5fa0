"""Findings: their order, counts and wording."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ingest.build import build
from ingest.checks import check
from ingest.config.terms import load_terms
from ingest.pdf.pool import Document
from ingest.pdf.worker import FileAudit, PageResult
from ingest.readers.folders import DisclosureFolder, read_folders
from ingest.readers.gate import blocking_findings
from ingest.records.audit_findings import AuditFinding
from ingest.records.disclosure import PendingDecision
from ingest.records.findings import BuildError, Finding
from ingest.text.phrases import long_date, pluralize, truncated_repr
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put


def checked(folder: DisclosureFolder) -> list[tuple[str, int | None, int | None]]:
    """File, line and page of each finding on a folder."""
    terms, _ = load_terms()
    assert terms
    return [(finding.file.name, finding.line, finding.page) for finding in check(folder, terms)]


def a_folder(disclosures: Path, **manifest: object) -> DisclosureFolder:
    """A disclosure whose unknown terms are found column by column, and not row by row."""
    rows = [
        a_row(),
        a_row(sanction="Lines", summary="***"),
        a_row(result="Ended"),
        a_row(rank="Wizard"),
        a_row(rank="Wizard", action="Talk"),
    ]
    put(a_disclosure(arranged(rows)), disclosures, **manifest)
    (folder,), findings = read_folders(disclosures)
    assert findings == []
    return folder


def test_findings_go_by_file_and_then_by_line(disclosures: Path) -> None:
    folder = a_folder(disclosures, row_numbers="1-6", accepted_differences={1999: 1, 2000: 1})
    found = checked(folder)
    assert len(found) == len(set(found)) + 1 == 8
    assert found == sorted(found, key=lambda one: (one[0], one[1] or 0))
    assert [name for name, _, _ in found] == ["disclosure.yml"] * 3 + ["source.txt"] * 5
    lines = [row.line for row in folder.disclosure.rows]
    assert [line for _, line, _ in found[3:]] == [lines[1], lines[1], *lines[2:]]
    assert {page for _, _, page in found} == {None}


def test_findings_in_a_pdf_go_by_page(disclosures: Path) -> None:
    """A term used in two rows is reported with the page of the first."""
    folder = a_folder(disclosures)
    rows = [replace(row, line=None) for row in folder.disclosure.rows]
    paged = replace(
        folder.disclosure,
        rows=tuple(rows),
        source_format="pdf",
        source_file=f"{folder.path.name}/source.pdf",
    )
    pages = [row.block for row in rows]
    assert len(set(pages)) == 5
    expected = [None, pages[1], pages[1], *pages[2:]]
    found = checked(replace(folder, disclosure=paged))
    assert [(name, line) for name, line, _ in found] == [("source.pdf", None)] * len(found)
    assert [page for _, _, page in found] == [page for page in expected if page]


def test_a_document_without_totals_is_told_where_no_line_is_theirs(disclosures: Path) -> None:
    folder = a_folder(disclosures)
    found = checked(replace(folder, disclosure=replace(folder.disclosure, totals=())))
    assert ("source.txt", None, None) in found
    assert len(found) == len(checked(folder)) + 2


def test_a_decision_is_valid_only_for_the_count_that_the_audit_found(disclosures: Path) -> None:
    """A decision does not apply to another count or kind, or twice."""
    decisions = [
        {"kind": kind, "count": count, "reason": "r"}
        for kind, count in (
            ("author", 1),
            ("comment", 3),
            ("attachment", 2),
            ("script", 1),
            ("script", 1),
            ("outline", 1),
        )
    ]
    rows = arranged([a_row()])
    copy = put(a_disclosure(rows), disclosures, decisions=decisions)
    (folder,), _ = read_folders(disclosures)
    held = (
        PendingDecision("attachment", 3),
        PendingDecision("author", 1),
        PendingDecision("comment", 2),
        PendingDecision("script", 1),
        PendingDecision("thumbnail", 4),
    )
    found = checked(replace(folder, disclosure=replace(folder.disclosure, pending=held)))
    lines = [
        number
        for number, line in enumerate(copy.manifest.read_text("utf-8").split("\n"), 1)
        if line.startswith("- ")
    ]
    assert len(lines) == 6
    assert found == [
        *(("disclosure.yml", line, None) for line in lines[1:]),
        ("source.txt", None, None),
    ]
    at_once = replace(folder, disclosure=replace(folder.disclosure, pending=held[1:2]))
    assert len(checked(at_once)) == 5


def test_a_finding_on_a_decision_says_what_the_audit_found(disclosures: Path) -> None:
    decision = {"kind": "comment", "count": 3, "reason": "r"}
    put(a_disclosure(arranged([a_row()])), disclosures, decisions=[decision])
    (folder,), _ = read_folders(disclosures)
    held = (PendingDecision("comment", 1234), PendingDecision("author", 5))
    terms, _ = load_terms()
    assert terms
    stale, missing = check(
        replace(folder, disclosure=replace(folder.disclosure, pending=held)), terms
    )
    assert "comment, 3 " in stale.found
    assert "1,234" in stale.expected
    assert "author, 5 " in missing.found
    assert "disclosure.yml" in missing.expected
    assert missing.fix


def test_disclosures_are_reported_by_the_name_of_their_folders(
    disclosures: Path, tmp_path: Path
) -> None:
    names = []
    for number in (3, 1, 2):
        disclosure = a_disclosure([a_row(rank="Wizard")], reference=f"01/FOI/23/00000{number}")
        put(disclosure, disclosures)
        names.append(disclosure.id)
    (disclosures / ".left-over").mkdir()
    with pytest.raises(BuildError) as refused:
        build(disclosures, tmp_path / "foi.db")
    assert [finding.file.parent.name for finding in refused.value.findings] == sorted(names)


def test_hidden_content_is_reported_by_page_and_kind_with_its_count_and_places() -> None:
    """Findings about the whole file come first and have no page; pending findings are not
    refusals."""

    def refused(kind: str, page: int, count: int) -> AuditFinding:
        return AuditFinding(kind, "refuse", page, (0, 0, 1, 1), count)

    document = Document(
        FileAudit(
            "",
            12,
            (
                AuditFinding("redact-annotation", "refuse", 0, None, 7),
                AuditFinding("author", "pending"),
            ),
        ),
        (
            PageResult(12, findings=(refused("hidden-over-dark", 12, 5),)),
            PageResult(
                2,
                findings=(
                    refused("image-under-box", 2, 3),
                    refused("hidden-over-dark", 2, 1_000),
                    AuditFinding("hidden-over-dark", "pending", 2, None, 50),
                    refused("hidden-over-dark", 2, 234),
                    refused("dark-annotation", 2, 1),
                ),
            ),
        ),
    )
    path = Path("source.pdf")
    found = blocking_findings(path, document.findings)
    assert [(one.file, one.line, one.page) for one in found] == [
        (path, None, page) for page in (None, 2, 2, 2, 12)
    ]
    for one, figures in zip(
        found, [("7", "1 "), ("1", "1 "), ("1,234", "2 "), ("3", "1 "), ("5", "1 ")], strict=True
    ):
        count, places = figures
        assert f" {count}, " in one.found
        assert f" {places}" in one.found.rpartition(",")[2]
    assert blocking_findings(path, [AuditFinding("author", "pending")]) == []


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12_345, "12,345 rows")]
)
def test_a_count_has_its_noun_in_the_right_form(count: int, said: str) -> None:
    assert pluralize(count, "row") == said
    assert pluralize(count, "summary", "summaries").endswith("y" if count == 1 else "ies")


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2022-08-16", "16 August 2022"),
        (date(2022, 8, 1), "1 August 2022"),
        (None, "not stated"),
    ],
)
def test_a_date_is_written_in_full(day: date | str | None, said: str) -> None:
    assert long_date(day) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * 60, repr("a" * 60)),
        ("a" * 61, repr("a" * 60 + "…")),
        ("", "''"),
        ("\x1b[31m\n", r"'\x1b[31m\n'"),
    ],
)
def test_what_is_quoted_is_cut_after_sixty_characters_and_commands_no_terminal(
    text: str, said: str
) -> None:
    assert truncated_repr(text) == said


@pytest.mark.parametrize(
    ("line", "page", "place"),
    [(None, None, "a.txt"), (3, None, "a.txt, line 3"), (None, 4, "a.txt, page 4")],
)
def test_a_finding_begins_with_its_place(line: int | None, page: int | None, place: str) -> None:
    said = str(Finding(Path("a.txt"), line, "one", "other", "do it", page)).split("\n")
    assert said[0] == place
    assert [text.strip().split(":")[-1].strip() for text in said[1:]] == ["one", "other", "do it"]


def test_a_file_in_the_folder_that_one_works_in_is_named_from_there(
    copy: FolderCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = Finding(copy.source, None, "", "", "")
    assert str(finding).startswith(f"{copy.source}\n")
    monkeypatch.chdir(copy.path)
    assert str(finding).startswith("source.txt\n")
