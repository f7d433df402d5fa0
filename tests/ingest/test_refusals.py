"""Everything that stops a build is reported at once, with file and line, and nothing is lost."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.build import build
from ingest.config.terms import TERMS_FILE
from ingest.records.findings import BuildError, Finding
from tests.documents import FolderCopy, a_disclosure, a_row, put

Spoil = Callable[[FolderCopy], object]
LAST_GOOD = b"SQLite format 3\0, the last good one"
SHA = "31db8143564c040fd009a25f23eb6de3a05180b5957306db3627671d069af8ad"


def edit(old: str, new: str) -> Spoil:
    return lambda copy: copy.edit(old, new)


def edit_line(number: int, old: str, new: str) -> Spoil:
    """Change one line whose text also occurs on other lines."""

    def spoil(copy: FolderCopy) -> None:
        lines = copy.source.read_text("utf-8").split("\n")
        assert old in lines[number - 1]
        lines[number - 1] = lines[number - 1].replace(old, new)
        copy.write("\n".join(lines).encode())

    return spoil


def declare(old: str, new: str) -> Spoil:
    return lambda copy: copy.declare(old, new)


def write(data: bytes) -> Spoil:
    return lambda copy: copy.write(data)


def without_markers(copy: FolderCopy) -> None:
    text = copy.source.read_text("utf-8")
    for marker in ("[REDACTED]", "[redacted]", "█"):
        text = text.replace(marker, "")
    copy.write(text.encode())


def a_folder_for_a_source(copy: FolderCopy) -> None:
    copy.source.unlink()
    copy.source.mkdir()


def a_device_for_a_source(copy: FolderCopy) -> None:
    copy.source.unlink()
    copy.source.symlink_to("/dev/null")


BAD: dict[str, tuple[Spoil, list[tuple[str, int | None, str, str]]]] = {
    "checksum": (
        lambda copy: copy.source.write_bytes(copy.source.read_bytes() + b"\n"),
        [("source.txt", None, "SHA-256", SHA)],
    ),
    "a cell too few": (
        edit_line(57, "\tNo Action\t", "\tNo Action"),
        [
            ("source.txt", 52, "2017: 36 rows", "37 rows"),
            ("source.txt", 57, "5 cells", "6 cells"),
            ("disclosure.yml", 6, "409", "408"),
        ],
    ),
    "a cell too many": (
        edit_line(58, "e-mail", "e-\tmail"),
        [
            ("source.txt", 52, "2017: 36 rows", "37 rows"),
            ("source.txt", 58, "7 cells", "6 cells"),
            ("disclosure.yml", 6, "409", "408"),
        ],
    ),
    "no year": (
        edit_line(57, "2017\t", "20I7\t"),
        [
            ("source.txt", 52, "2017: 36 rows", "37 rows"),
            ("source.txt", 57, "'20I7'", "2019 or *2019"),
            ("disclosure.yml", 6, "409", "408"),
        ],
    ),
    "a year without a total": (
        edit_line(57, "2017\t", "2016\t"),
        [
            ("source.txt", 52, "2017: 36 rows", "37 rows"),
            ("source.txt", 57, "1 row for 2016", "2017, 2018, 2019, 2020, 2021, 2022"),
        ],
    ),
    "a row in the wrong year": (
        edit_line(57, "2017\t", "2018\t"),
        [
            ("source.txt", 52, "2017: 36 rows", "37 rows"),
            ("source.txt", 52, "2018: 39 rows", "38 rows"),
        ],
    ),
    "a difference nobody accepted": (
        declare("accepted_differences:\n  2022: 3", "accepted_differences: {}"),
        [("source.txt", 52, "2022: 71 rows", "74 rows")],
    ),
    "a difference that does not stand": (
        declare("  2022: 3", "  2022: 3\n  2021: 1"),
        [("source.txt", 52, "2021: 111 rows", "110 rows")],
    ),
    "a difference for no year": (
        declare("  2022: 3", "  2022: 3\n  1999: 1"),
        [("disclosure.yml", 9, "1999", "2017")],
    ),
    "a printed total that does not add up": (
        edit("\t74\t412", "\t74\t413"),
        [("source.txt", 52, "TOTAL of 413", "412")],
    ),
    "a total doubled": (
        edit("\t2021\t2022\tTOTAL", "\t2021\t2021\tTOTAL"),
        [
            ("source.txt", 52, "2021: 111 rows", "74 rows"),
            ("source.txt", 52, "2 totals for 2021", "one"),
            ("source.txt", 423, "71 rows for 2022", "2021"),
        ],
    ),
    "a total out of range": (
        edit("the 1st of January 2017", "the 1st of January 2018"),
        [("source.txt", 52, "a total for 2017", "2018 to 2022")],
    ),
    "totals that are no numbers": (
        edit("\t74\t412", "\tseventy\t412"),
        [("source.txt", 52, "seventy", "a number for each")],
    ),
    "unknown terms": (
        edit_line(61, "Sergeant", "Sargent"),
        [("source.txt", 61, "rank 'Sargent', in 1 row", "terms.yml")],
    ),
    "an unknown result on many rows": (
        lambda copy: copy.write(
            copy.source.read_bytes().replace(b"Not Upheld - by BOCU", b"Not Upheld - by BCU")
        ),
        [("source.txt", 112, "result 'Not Upheld - by BCU', in 18 rows", "terms.yml")],
    ),
    "control characters": (
        edit_line(57, "officer's", "officer\x1b's"),
        [("source.txt", 57, "U+001B", "visible characters")],
    ),
    "carriage returns": (
        lambda copy: copy.write(copy.source.read_bytes().replace(b"\n", b"\r\n")),
        [("source.txt", 1, "U+000D (a character without a name), 495 times", "visible characters")],
    ),
    "bidirectional characters": (
        edit_line(57, "officer's", "officer\u202e's"),
        [("source.txt", 57, "U+202E (right-to-left override), 1 time", "visible characters")],
    ),
    "zero-width characters": (
        edit_line(57, "officer's", "offi\u200bcer's"),
        [("source.txt", 57, "U+200B (zero width space), 1 time", "visible characters")],
    ),
    "a byte-order mark": (
        lambda copy: copy.write(b"\xef\xbb\xbf" + copy.source.read_bytes()),
        [
            ("source.txt", 1, "U+FEFF", "visible characters"),
            ("source.txt", 1, "\\ufeff", "the title"),
        ],
    ),
    "a private-use character, as a box would be": (
        edit_line(57, "officer's", "officer\ue000's"),
        [("source.txt", 57, "U+E000", "visible characters")],
    ),
    "not UTF-8": (
        lambda copy: copy.write(copy.source.read_bytes().replace("█".encode(), b"\xdb")),
        [("source.txt", 380, "0xdb", "UTF-8")],
    ),
    "empty": (write(b" \n"), [("source.txt", None, "an empty file", "UTF-8")]),
    "a folder": (a_folder_for_a_source, [("source.txt", None, "a folder", "UTF-8")]),
    "no source": (
        lambda copy: copy.source.unlink(),
        [("01-FOI-22-026570", None, "no document", "source.txt")],
    ),
    "no manifest": (
        lambda copy: copy.manifest.unlink(),
        [("disclosure.yml", None, "No such file", "YAML")],
    ),
    "a manifest that is not YAML": (
        declare("row_numbers: 1-409", "row_numbers: [1-409"),
        [("disclosure.yml", 7, "expected ',' or ']'", "YAML")],
    ),
    "a date that is none": (
        declare(
            "withdrawn: []",
            "withdrawn:\n  - {id: 22-026570-0001, date: 2023-02-30, reason: asked}",
        ),
        [("disclosure.yml", 10, "'2023-02-30'", "valid date")],
    ),
    "a date in another form": (
        declare(
            "withdrawn: []",
            "withdrawn:\n  - {id: 22-026570-0001, date: 20230405, reason: asked}",
        ),
        [("disclosure.yml", 10, "'20230405'", "YYYY-MM-DD")],
    ),
    "a key that is a list": (
        declare("withdrawn: []", "? [withdrawn]\n: []"),
        [("disclosure.yml", 9, "a key that is not text", "YAML")],
    ),
    "an empty manifest": (
        lambda copy: copy.manifest.write_text(""),
        [("disclosure.yml", None, "the file: nothing", "dictionary")],
    ),
    "a key misspelt and so another missing": (
        declare("rights: ", "right: "),
        [
            ("disclosure.yml", 1, "rights: nothing", "field required"),
            ("disclosure.yml", 5, "right", "rights, or another of"),
        ],
    ),
    "a key twice": (
        declare("withdrawn: []", "withdrawn: []\nwithdrawn: []"),
        [("disclosure.yml", 10, "'withdrawn' twice", "once")],
    ),
    "a value of another kind": (
        declare("  2022: 3", "  2022: three"),
        [("disclosure.yml", 8, "'three'", "integer")],
    ),
    "numbers that are none": (
        declare("row_numbers: 1-409", "row_numbers: 1-x"),
        [("disclosure.yml", 6, "'1-x'", "ranges such as 1-409")],
    ),
    "a number twice": (
        declare("row_numbers: 1-409", "row_numbers: 1-408, 7"),
        [("disclosure.yml", 6, "'1-408, 7'", "7 appears 2 times")],
    ),
    "another number of rows than was published": (
        declare("row_numbers: 1-409", "row_numbers: 1-410"),
        [("disclosure.yml", 6, "410 rows", "409 rows")],
    ),
    "a withdrawn id that does not exist": (
        declare(
            "withdrawn: []",
            "withdrawn:\n  - date: 2023-01-01\n    id: 22-026570-0410\n    reason: asked for",
        ),
        [("disclosure.yml", 11, "22-026570-0410", "22-026570-0001")],
    ),
    "a withdrawn id twice": (
        declare(
            "withdrawn: []",
            "withdrawn:\n" + "  - {id: 22-026570-0001, date: 2023-01-01, reason: asked}\n" * 2,
        ),
        [("disclosure.yml", 11, "'22-026570-0001', listed twice", "once")],
    ),
    "a withdrawn id past the last row": (
        declare(
            "row_numbers: 1-409\naccepted_differences:\n  2022: 3\nwithdrawn: []",
            "row_numbers: 1-410\naccepted_differences:\n  2022: 3\n"
            "withdrawn:\n  - {id: 22-026570-0410, date: 2023-01-01, reason: asked}",
        ),
        [("disclosure.yml", 6, "410 rows", "409 rows")],
    ),
    "words of a withdrawn row that stand on another": (
        declare(
            "withdrawn: []", "withdrawn:\n  - {id: 22-026570-0032, date: 2023-01-01, reason: asked}"
        ),
        [("disclosure.yml", 9, "repeated in 22-026570-0034", "all rows with")],
    ),
    "an invisible character in the manifest": (
        declare("rights: re-use", "rights: re-\u200buse"),
        [("disclosure.yml", 5, "rights", "not U+200B")],
    ),
    "a particular that names itself": (
        declare("withdrawn: []", "withdrawn: &a [*a]"),
        [("disclosure.yml", 9, "contains itself", "")],
    ),
    "a second table of totals": (
        edit("\n\\* Denotes", "\nQuestion 2\n\nStaff\t999\t1\n\\* Denotes"),
        [
            ("source.txt", 54, "'Question 2'", "one request"),
            ("source.txt", 56, "Staff", "one table"),
        ],
    ),
    "a total longer than any count": (
        edit("\t74\t412", "\t7400000\t412"),
        [("source.txt", 52, "7400000", "a number for each")],
    ),
    "a row of nothing but tabs": (
        edit_line(68, "2017\tSergeant", "\t\t\t\t\t\n2017\tSergeant"),
        [("source.txt", 68, "year ''", "2019 or *2019")],
    ),
    "a year in digits of another script": (
        edit_line(57, "2017\t", "２０１７\t"),
        [
            ("source.txt", 52, "2017: 36 rows", "37 rows"),
            ("source.txt", 57, "２０１７", "2019 or *2019"),
            ("disclosure.yml", 6, "409", "408"),
        ],
    ),
    "a title of nothing": (
        edit("**Inappropriate Officer Use Of Social Media From 2017**", "** **"),
        [("source.txt", 5, "** **", "the title"), ("source.txt", None, "no title", "between **")],
    ),
    "a total after the last day covered": (
        edit("2017 to the 16th of August 2022", "2017 to the 16th of August 2021"),
        [("source.txt", 52, "a total for 2022", "2017 to 2021")],
    ),
    "figures extracted before the period they cover ends": (
        edit("Reports on the 16th of August 2022", "Reports on the 16th of August 2012"),
        [("source.txt", None, "covers_to 2022-08-16 after extracted_on 2012-08-16", "extracted")],
    ),
    "no marker": (
        without_markers,
        [("source.txt", None, "no redaction marker in 298 summaries", "markers")],
    ),
    "markers where none should be": (
        declare("row_numbers:", "redacted: false\nrow_numbers:"),
        [("disclosure.yml", 6, "markers in 270 summaries", "without any marker")],
    ),
    "an unknown marker": (
        edit_line(66, "Facebook", "(name redacted)"),
        [("source.txt", 66, "(name redacted)", "a known form")],
    ),
    "an open row that states something": (
        edit_line(139, "* 2019\t", "* 2019\tConstable"),
        [("source.txt", 139, "'Constable'", "a year and nothing else")],
    ),
    "no title": (
        edit("**Inappropriate", "Inappropriate"),
        [
            ("source.txt", None, "no title", "between **"),
            ("source.txt", 5, "Inappropriate Officer Use", "the title"),
        ],
    ),
    "a field left out": (
        edit("<b>Review Date</b>\t29/09/2023\n", ""),
        [("source.txt", None, "no Review Date", "a value")],
    ),
    "a field left blank": (
        edit("<b>Reference Number</b>\t01/FOI/22/026570", "<b>Reference Number</b>\t"),
        [
            ("source.txt", 9, "Reference Number, left blank", "a value"),
            ("source.txt", None, "in a folder named", ""),
        ],
    ),
    "a field nobody knows": (
        edit("<b>Review Date</b>", "<b>Author</b>\tsomebody\n<b>Review Date</b>"),
        [("source.txt", 13, "Author", "Reference Number")],
    ),
    "words under no heading": (
        edit("## Guidance & Notes\n", "## Guidance & Notes\n\nA word before.\n"),
        [("source.txt", 19, "A word before.", "###")],
    ),
    "no table": (
        edit("Year\tRank\tSummary", "Year\tGrade\tSummary"),
        [("source.txt", None, "no table headed Year, Rank, Summary", "the form described")],
    ),
    "a date that cannot be read": (
        edit("<b>Date Created</b>\t29/09/2022", "<b>Date Created</b>\tlast autumn"),
        [("source.txt", None, "no readable created_on", "disclosure.yml")],
    ),
    "a date that contradicts the document": (
        declare("row_numbers:", "created_on: 2022-09-30\nrow_numbers:"),
        [("disclosure.yml", 6, "2022-09-30", "2022-09-29")],
    ),
    "a folder of another name": (
        lambda copy: copy.path.rename(copy.path.with_name("met-2022")),
        [("source.txt", None, "folder named met-2022", "01-FOI-22-026570")],
    ),
    "a stray file": (
        lambda copy: (copy.path.parent / "notes.txt").write_text("?"),
        [("notes.txt", None, "a file", "folders")],
    ),
    "a difference that no document could have": (
        declare("  2022: 3", "  2022: 1000000"),
        [("disclosure.yml", 8, "1000000", "")],
    ),
    "a difference below any that a document could have": (
        declare("  2022: 3", "  2021: -999999\n  2022: -1000000"),
        [("disclosure.yml", 9, "-1000000", "")],
    ),
    "a judgement on a single row": (
        declare(
            "  - rows: [22-026570-0176,",
            "  - rows: [22-026570-0185]\n    reason: r\n  - rows: [22-026570-0176,",
        ),
        [("disclosure.yml", 14, "22-026570-0185", "")],
    ),
    "a judgement on a row that is none, behind others": (
        declare(
            "redactions:",
            "  - reason: r\n    rows: [22-026570-0185, 22-026570-0410]\nredactions:",
        ),
        [("disclosure.yml", 17, "22-026570-0410", "")],
    ),
    "decisions on what no audit found": (
        declare(
            "withdrawn: []",
            "withdrawn: []\ndecisions:\n  - kind: author\n    count: 2\n    reason: r\n"
            "  - {kind: comment, count: 1, reason: r}",
        ),
        [("disclosure.yml", 11, "author, 2", ": 0"), ("disclosure.yml", 14, "comment, 1", ": 0")],
    ),
    "a decision on nothing, and one on a kind that is none": (
        declare(
            "withdrawn: []",
            "decisions:\n  - {kind: author, count: 0, reason: r}\n"
            "  - {kind: authors, count: 1, reason: r}\nwithdrawn: []",
        ),
        [("disclosure.yml", 10, "'0'", "1"), ("disclosure.yml", 11, "authors", "author")],
    ),
    "an address that only ends as one": (
        declare("source_url: ", "source_url: javascript:"),
        [("disclosure.yml", 2, "javascript", "http")],
    ),
    "a checksum too long": (
        declare('69af8ad"', '69af8ad0"'),
        [("disclosure.yml", 3, "31db81", "64")],
    ),
    "numbers from nought": (
        declare("row_numbers: 1-409", "row_numbers: 0-408"),
        [("disclosure.yml", 6, "0-408", "1")],
    ),
    "numbers that run backwards": (
        declare("row_numbers: 1-409", "row_numbers: 1-409, 5-4"),
        [("disclosure.yml", 6, "5-4", "")],
    ),
    "a number longer than any": (
        declare("row_numbers: 1-409", "row_numbers: 1-408, 1000000"),
        [("disclosure.yml", 6, "1000000", "1-409")],
    ),
    "an open row with words": (
        edit_line(139, "* 2019\t\t", "* 2019\t\tWords"),
        [("source.txt", 139, "'Words'", "a year")],
    ),
    "an open row with a sanction": (
        edit_line(139, "* 2019\t\t\t\t\t", "* 2019\t\t\t\t\tNo Action"),
        [("source.txt", 139, "'No Action'", "a year")],
    ),
    "two documents": (
        lambda copy: (copy.path / "source.pdf").write_bytes(b"%PDF-1.7"),
        [("01-FOI-22-026570", None, "source.txt and source.pdf", "source.txt or source.pdf")],
    ),
    "a field twice": (
        edit("<b>Review Date</b>", "<b>Date Created</b>\t30/09/2022\n<b>Review Date</b>"),
        [("source.txt", 13, "30/09/2022", "once")],
    ),
    "a title twice": (
        edit("<b>Review Date</b>", "**Another title**\n<b>Review Date</b>"),
        [("source.txt", 13, "Another title", "title")],
    ),
    "a reference with a word behind it": (
        edit(
            "<b>Reference Number</b>\t01/FOI/22/026570",
            "<b>Reference Number</b>\t01/FOI/22/026570 draft",
        ),
        [("source.txt", 9, "026570 draft", "01/FOI/22/026570"), ("source.txt", None, "folder", "")],
    ),
    "totals without their sum": (
        edit("\t2022\tTOTAL", "\t2022\tSUM"),
        [("source.txt", 52, "SUM", "TOTAL")],
    ),
    "a head of totals that is no year": (
        edit("\t2022\tTOTAL", "\tlate\tTOTAL"),
        [("source.txt", 52, "late", "TOTAL")],
    ),
    "a total too few": (
        edit("\t74\t412", "\t412"),
        [("source.txt", 52, "412", "number for each")],
    ),
    "a date range of which one day is none": (
        edit("from the 1st of January 2017", "from the 31st of February 2017"),
        [("source.txt", None, "covers_from", ""), ("source.txt", None, "covers_to", "")],
    ),
    "a time that ends before it begins": (
        edit("from the 1st of January 2017", "from the 17th of August 2022"),
        [
            ("source.txt", None, "covers_from 2022-08-17", ""),
            *(("source.txt", 52, f"{year}", "2022 to 2022") for year in range(2017, 2022)),
        ],
    ),
    "a second head of totals": (
        edit("\n\\* Denotes", "\n\t2011\t2012\t2013\t2014\t2015\t2016\tTOTAL\n\\* Denotes"),
        [("source.txt", 54, "2011", "one table")],
    ),
    "a device": (
        a_device_for_a_source,
        [("source.txt", None, "regular", "UTF-8")],
    ),
    "a heading of another rank, with words under it": (
        edit("### Caveats", "## Caveats"),
        [("source.txt", 41, "count the number of officers", "###")],
    ),
}


def refusal(disclosures: Path, database: Path, terms: Path = TERMS_FILE) -> tuple[Finding, ...]:
    with pytest.raises(BuildError) as refused:
        build(disclosures, database, terms)
    return refused.value.findings


@pytest.mark.quick_cases(20)
@pytest.mark.parametrize(("spoil", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_document_is_refused_with_every_finding_and_the_last_database_stays(
    copy: FolderCopy,
    tmp_path: Path,
    spoil: Spoil,
    expected: list[tuple[str, int | None, str, str]],
) -> None:
    database = tmp_path / "foi.db"
    database.write_bytes(LAST_GOOD)
    (tmp_path / "inspect-data.json").write_bytes(LAST_GOOD)
    spoil(copy)
    findings = refusal(copy.path.parent, database)
    assert sorted((f.file.name, f.line or 0) for f in findings) == sorted(
        (file, line or 0) for file, line, _, _ in expected
    ), "\n".join(map(str, findings))
    for file, line, found, wanted in expected:
        assert any(
            (f.file.name, f.line) == (file, line) and found in f.found and wanted in f.expected
            for f in findings
        ), f"{file}, {line}, {found}:\n" + "\n".join(map(str, findings))
    assert all(finding.fix for finding in findings)
    assert database.read_bytes() == LAST_GOOD
    assert (tmp_path / "inspect-data.json").read_bytes() == LAST_GOOD
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("disclosures", "foi.db", "inspect-data.json")
    ]


@pytest.mark.parametrize(("declared", "accepted"), [(": {}", 0), (":\n  2022: 1", 1)])
def test_a_year_that_does_not_add_up_is_told_with_the_difference_to_accept(
    copy: FolderCopy, tmp_path: Path, declared: str, accepted: int
) -> None:
    copy.declare(":\n  2022: 3", declared)
    (finding,) = refusal(copy.path.parent, tmp_path / "foi.db")
    assert re.findall(r"\d+", finding.found) == ["2022", "71", "74", str(accepted)]
    assert "2022: 3 " in finding.fix


def test_every_fault_of_a_document_is_reported_at_once(copy: FolderCopy, tmp_path: Path) -> None:
    for spoil, _ in (BAD["unknown terms"], BAD["a printed total that does not add up"]):
        spoil(copy)
    copy.declare("withdrawn: []", "withdrawn:\n  - {id: x, date: 2023-01-01, reason: y}")
    found = [(f.file.name, f.line) for f in refusal(copy.path.parent, tmp_path / "foi.db")]
    assert found == [("disclosure.yml", 10), ("source.txt", 52), ("source.txt", 61)]


def test_two_disclosures_of_one_reference_are_refused(disclosures: Path, tmp_path: Path) -> None:
    put(a_disclosure([a_row()]), disclosures)
    shutil.copytree(disclosures / "01-FOI-23-000001", disclosures / "again")
    found = [(f.file.parent.name, f.found) for f in refusal(disclosures, tmp_path / "foi.db")]
    assert [folder for folder, _ in found] == ["again", "again"]
    assert "as in" in found[0][1]
    assert "in a folder named again" in found[1][1]


def test_two_disclosures_whose_row_ids_would_collide_are_refused(
    disclosures: Path, tmp_path: Path
) -> None:
    put(a_disclosure([a_row()]), disclosures)
    put(a_disclosure([a_row()], reference="02/FOI/23/000001"), disclosures)
    (finding,) = refusal(disclosures, tmp_path / "foi.db")
    assert "whose last two parts are unique" in finding.expected
    assert finding.fix


def test_no_disclosures_are_a_refusal(disclosures: Path, tmp_path: Path) -> None:
    assert refusal(disclosures, tmp_path / "foi.db")[0].found == "an empty folder"
    assert refusal(tmp_path / "none", tmp_path / "foi.db")[0].found == "No such file or directory"


@pytest.mark.parametrize(
    ("terms", "line", "expected"),
    [
        ("ranks: [{term: A}, {term: A}]\nresults: []\nactions: []\nsanctions: []", 1, "once"),
        ("ranks: [{term: A, meaning: b}]\nresults: []\nactions: []\nsanctions: []", 1, "source"),
        ("ranks: []\nresults: []\nactions: []\nsanctions: [{term: A, severity: 6}]", 4, "5"),
        ("ranks: []\nresults: []\nactions: []\nsanctions:\n- {term: A, severity: 0}", 5, "1"),
        (
            "ranks: []\nresults:\n- term: A\n- term: B\n  source: b\nactions: []\nsanctions: []",
            4,
            "source",
        ),
        ("ranks: []\nresults: []\nactions: []", 1, "required"),
    ],
)
def test_bad_terms_are_refused(
    copy: FolderCopy, tmp_path: Path, terms: str, line: int, expected: str
) -> None:
    path = tmp_path / "terms.yml"
    path.write_text(terms)
    (finding,) = refusal(copy.path.parent, tmp_path / "foi.db", path)
    assert (finding.file, finding.line) == (path, line)
    assert expected in finding.expected


def test_a_document_that_redacts_nothing_is_taken_when_it_is_declared(
    disclosures: Path, tmp_path: Path
) -> None:
    put(a_disclosure([a_row(summary="Sent texts.")]), disclosures, redacted=False)
    build(disclosures, tmp_path / "foi.db")
    assert (tmp_path / "foi.db").exists()


@pytest.mark.parametrize(("summary", "redacted"), [("Sent it.", True), ("Sent █.", False)])
def test_a_single_summary_is_told_in_the_singular(
    disclosures: Path, tmp_path: Path, summary: str, redacted: bool
) -> None:
    put(a_disclosure([a_row(summary=summary)]), disclosures, redacted=redacted)
    (finding,) = refusal(disclosures, tmp_path / "foi.db")
    assert finding.found.endswith(" in 1 summary")


def test_a_date_that_the_document_does_not_give_is_taken_from_the_manifest(
    copy: FolderCopy, tmp_path: Path
) -> None:
    copy.edit("on the 16th of August 2022\n\nThe info", "in the summer\n\nThe info")
    copy.declare("row_numbers:", "extracted_on: 2022-08-16\nrow_numbers:")
    build(copy.path.parent, tmp_path / "foi.db")
    assert (tmp_path / "foi.db").exists()


def test_what_is_accepted_goes_as_far_as_any_document_could(
    copy: FolderCopy, tmp_path: Path
) -> None:
    copy.declare("  2022: 3", "  2021: -999999\n  2022: 999999")
    found = refusal(copy.path.parent, tmp_path / "foi.db")
    assert {finding.file.name for finding in found} == {"source.txt"}
    assert len(found) == 2


def test_a_document_of_one_row_has_one_number(disclosures: Path, tmp_path: Path) -> None:
    put(a_disclosure([a_row()]), disclosures, row_numbers=1)
    build(disclosures, tmp_path / "foi.db")
    assert (tmp_path / "foi.db").exists()


def test_a_document_of_open_rows_has_no_marker_to_lose(disclosures: Path, tmp_path: Path) -> None:
    cells = dict.fromkeys(("rank", "summary", "result", "action", "sanction"))
    put(a_disclosure([a_row(under_investigation=True, **cells)]), disclosures)
    build(disclosures, tmp_path / "foi.db")
    assert (tmp_path / "foi.db").exists()


def test_withdrawing_a_row_without_words_requires_no_other_withdrawal(
    copy: FolderCopy, tmp_path: Path
) -> None:
    """Wholly redacted rows and rows under investigation have no words that another row could
    reveal."""
    copy.declare(
        "withdrawn: []",
        "withdrawn:\n"
        "  - {id: 22-026570-0131, date: 2023-04-05, reason: r}\n"
        "  - {id: 22-026570-0077, date: 2023-04-05, reason: r}",
    )
    build(copy.path.parent, tmp_path / "foi.db")
    assert (tmp_path / "foi.db").exists()
