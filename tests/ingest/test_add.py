"""Adding a file of tables: what fits it, what is asked, what is refused, and a preview that changes nothing."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result
from datasette.app import Datasette
from openpyxl.styles import Font, PatternFill
from reportlab import platypus

from ingest.cli import main
from ingest.config.shape import Shape
from ingest.config.yaml_model import parse, undecided_in
from ingest.review.preview import prepared
from tests import pdfs
from tests.documents import a_disclosure, a_row, arranged, put
from tests.serving import ROOT, serve

pytestmark = pytest.mark.usefixtures("warm")
each_type = pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".xlsx", ".pdf"])
LIST = (
    "No.|Tool|Lent on|Branch|Deposit",
    "1|Drill|25/12/2019|North|10",
    "2|Saw|01/02/2020|South|",
    "3|Drill|03/04/2020|North|n/a",
    "4|Ladder|13/04/2020|North|0",
    "5|Ladder|14/04/2020|South|20",
    "6|Drill|15/04/2020|South|7",
)


def write(path: Path, *rows: str) -> Path:
    """Write a table, with | between cells, in the format that the name says."""
    cells = [row.split("|") for row in rows or LIST]
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in cells:
            book.active.append(row)
        book.properties.creator = "Somebody"
        book.save(path)
    elif path.suffix == ".pdf":
        style = [("GRID", (0, 0), (-1, -1), 0.5, "black")]
        table = platypus.Table(cells, style=style)
        platypus.SimpleDocTemplate(str(path), author="Somebody", invariant=1).build([table])
    else:
        separator = "," if path.suffix == ".csv" else "\t"
        path.write_text("".join(separator.join(row) + "\n" for row in cells), "utf-8")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def add(file: Path, disclosures: Path) -> str:
    result = run("add", file, "--disclosures", disclosures)
    assert result.exit_code == 0, result.output
    return result.output


def build(disclosures: Path) -> Result:
    return run("build", "--disclosures", disclosures, "--database", disclosures.parent / "foi.db")


def decide(folder: Path) -> None:
    """Decide as a person would who agrees with every proposal."""
    for path in folder.glob("*.yml"):
        text = path.read_text("utf-8")
        for one in reversed(undecided_in(text)):
            stated = "https://library.example/" if one.keys[-1] == "source_url" else "Somebody"
            text = text[: one.start] + (one.proposal or stated) + text[one.end :]
        path.write_text(text, "utf-8")


def rows_of(database: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.quick_cases(2)
@each_type
def test_a_file_is_drafted_refused_until_it_is_decided_and_then_built(
    disclosures: Path, tmp_path: Path, suffix: str
) -> None:
    file = write(tmp_path / f"Tool loans{suffix}")
    told = add(file, disclosures)
    folder = disclosures / "tool-loans"
    names = {"disclosure.yml", "shape.yml", f"source{suffix}"}
    assert {path.name for path in folder.iterdir()} == names
    assert (folder / f"source{suffix}").read_bytes() == file.read_bytes()
    assert "It fits no known shape." in told

    refused = build(disclosures)
    assert refused.exit_code == 1
    assert not (tmp_path / "foi.db").exists()
    marked = {
        (path.name, number)
        for path in folder.glob("*.yml")
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1)
        if re.search(r"[:\[] DECIDE|\[DECIDE", line)
    }
    named = re.findall(r"^\S*/(\w+\.yml), line (\d+)$", refused.output, re.MULTILINE)
    assert {(name, int(line)) for name, line in named} == marked
    assert f"{len(named)} findings: nothing was built" in refused.output
    manifest = folder / "disclosure.yml"
    decide(folder)
    assert "kind: author" in manifest.read_text("utf-8") or suffix not in (".xlsx", ".pdf")
    built = build(disclosures)
    assert built.exit_code == 0, built.output
    assert rows_of(tmp_path / "foi.db", "select count(*), sum(deposit) from tool_loans") == [
        (6, 37)
    ]


@pytest.mark.quick_cases(2)
@each_type
def test_the_shape_of_a_disclosure_that_is_there_is_offered_with_its_records(
    disclosures: Path, tmp_path: Path, suffix: str
) -> None:
    add(write(tmp_path / "first.csv"), disclosures)
    decide(disclosures / "first")
    told = add(write(tmp_path / f"second{suffix}", *LIST[:4]), disclosures)
    assert "It fits the shape ../first/shape.yml: 3 records in first." in told
    folder = disclosures / "second"
    refused = build(disclosures)
    assert refused.exit_code == 1
    assert (
        "second/disclosure.yml, line 4\n  found:    shape: DECIDE ../first/shape.yml"
        in refused.output
    )
    assert refused.output.count("found:") == len(
        re.findall(": DECIDE", (folder / "disclosure.yml").read_text("utf-8"))
    )
    assert {path.name for path in folder.iterdir()} == {"disclosure.yml", f"source{suffix}"}
    decide(folder)
    built = build(disclosures)
    assert built.exit_code == 0, built.output
    sql = "select disclosure_id, count(*) from first group by 1 order by 1"
    assert rows_of(tmp_path / "foi.db", sql) == [("first", 6), ("second", 3)]


def test_a_shape_of_the_project_is_offered(
    disclosures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(write(tmp_path / "first.csv"), disclosures)
    decide(disclosures / "first")
    shapes = tmp_path / "shapes"
    shapes.mkdir()
    (disclosures / "first" / "shape.yml").rename(shapes / "loans.yml")
    for module in ("ingest.config.shape", "ingest.review.fit"):
        monkeypatch.setattr(f"{module}.SHAPES", shapes)
    told = add(write(tmp_path / "second.csv"), disclosures)
    assert "It fits the shape loans: 6 records in first." in told
    assert "shape: DECIDE loans\n" in (disclosures / "second" / "disclosure.yml").read_text("utf-8")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (("No.|Implement|Lent on|Branch|Deposit", *LIST[1:]), "no row holds No., tool"),
        ((LIST[0] + "|Colour", *(f"{row}|red" for row in LIST[1:])), "the head 'Colour'"),
        ((*LIST, "7|Saw|2020|North|1"), "'2020' in lent_on"),
        ((*LIST, "9|Saw|16/04/2020|North|1"), "no 9 after 6"),
    ],
)
def test_the_nearest_shape_is_named_with_what_does_not_fit(
    disclosures: Path, tmp_path: Path, rows: tuple[str, ...], found: str
) -> None:
    add(write(tmp_path / "first.csv"), disclosures)
    decide(disclosures / "first")
    told = add(write(tmp_path / "second.csv", *rows), disclosures)
    assert "It fits no known shape. The nearest is ../first/shape.yml" in told
    assert f"    found:    {found}" in told
    assert (disclosures / "second" / "shape.yml").exists()


def test_a_shape_of_other_heads_and_a_draft_are_not_near(disclosures: Path, tmp_path: Path) -> None:
    add(write(tmp_path / "first.csv"), disclosures)
    told = add(write(tmp_path / "second.csv"), disclosures)
    assert "It fits no known shape.\n" in told
    decide(disclosures / "first")
    told = add(write(tmp_path / "third.csv", "Colour|Size", "red|1", "blue|2"), disclosures)
    assert "It fits no known shape.\n" in told


def test_the_form_of_the_first_disclosure_keeps_its_own_reader(
    disclosures: Path, tmp_path: Path
) -> None:
    disclosure = a_disclosure(arranged([a_row(), a_row(year=2021)]))
    pdfs.disclosure_pdf(tmp_path / "new.pdf", disclosure)
    add(tmp_path / "new.pdf", disclosures)
    folder = disclosures / disclosure.id
    assert {path.name for path in folder.iterdir()} == {"disclosure.yml", "source.pdf"}
    refused = build(disclosures)
    assert refused.exit_code == 1
    assert "publication: DECIDE" in refused.output
    decide(folder)
    assert build(disclosures).exit_code == 0


def test_decisions_are_listed_by_weight_each_with_its_line(
    disclosures: Path, tmp_path: Path
) -> None:
    told = add(write(tmp_path / "loans.xlsx"), disclosures)
    asked = re.findall(r"^ *\d+\. .*\n +(\S+), line (\d+): (\w+)$", told, re.MULTILINE)
    assert [key for _, _, key in asked] == [
        *("family", "one_row_is", "decisions", "from", "codes", "year_starts", "small_cells"),
        *("publisher", "title", "source_url", "rights", "copy_status", "publication"),
    ]
    for name, number, key in asked:
        line = (disclosures / "loans" / name).read_text("utf-8").split("\n")[int(number) - 1]
        assert "DECIDE" in line
        assert f"{'reason' if key == 'decisions' else key}: " in line


def test_what_looks_like_a_redaction_is_proposed_as_a_marker(
    disclosures: Path, tmp_path: Path
) -> None:
    """In a column that would otherwise be a category too. Only texts are searched for markers."""
    rows = (
        "Tool|Remark",
        "Saw|says [name removed]",
        "Drill|****",
        "Saw|[age: 12]",
        "Drill|****** twice",
    )
    told = add(write(tmp_path / "loans.csv", *rows), disclosures)
    assert "Does each of these hide words: '[name removed]' (1)" in told
    path = disclosures / "loans" / "disclosure.yml"
    text = path.read_text("utf-8")
    assert "    - DECIDE '[name removed]'\n" in text
    assert "    - run: DECIDE '*'\n" in text
    decide(disclosures / "loans")
    kept = path.read_text("utf-8").replace("    # - '[age: 12]'\n", "")
    assert undecided_in(kept) == []
    assert build(disclosures).exit_code == 1
    path.write_text(kept.replace("not_markers: []", "not_markers: ['[age: 12]']"), "utf-8")
    built = build(disclosures)
    assert built.exit_code == 0, built.output
    assert rows_of(tmp_path / "foi.db", "select count(*) from loans_redactions") == [(3,)]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_the_encoding_of_a_text_that_is_not_utf_8_is_proposed(
    disclosures: Path, tmp_path: Path, encoding: str
) -> None:
    text = "Café,Dish\nÉtoile,Soup\nSoleil,Pâté\nLune,Tea\n"
    (tmp_path / "cafes.csv").write_bytes(text.encode(encoding))
    assert f"Is it {encoding}?" in add(tmp_path / "cafes.csv", disclosures)
    decide(disclosures / "cafes")
    assert build(disclosures).exit_code == 0
    assert rows_of(tmp_path / "foi.db", "select dish from cafes where caf = 'Étoile'") == [
        ("Soup",)
    ]


def spoilt(path: Path) -> Path:
    if path.suffix == ".pdf":
        pdfs.leak(path, "box after", "Kestrelmoor")
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in LIST:
            book.active.append(row.split("|"))
        book.active["B2"].font = Font(color="FF000000")
        book.active["B2"].fill = PatternFill("solid", fgColor="FF000000")
        book.save(path)
    elif path.suffix == ".doc":
        path.write_text("Dear all")
    else:
        path.write_text("1,2\n3,4\n" if path.suffix == ".csv" else "Dear all")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".xlsx", ".pdf", ".doc"])
def test_what_is_refused_leaves_nothing_and_says_why(
    disclosures: Path, tmp_path: Path, suffix: str
) -> None:
    result = run("add", spoilt(tmp_path / f"a{suffix}"), "--disclosures", disclosures)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "to fix:" in result.output
    assert "1 finding: nothing was copied." in result.output
    assert tree(disclosures) == {}
    assert "Kestrelmoor" not in result.output


def test_the_folder_of_disclosures_is_made_and_an_existing_one_kept(tmp_path: Path) -> None:
    file = write(tmp_path / "loans.csv")
    add(file, tmp_path / "new")
    before = tree(tmp_path / "new")
    again = run("add", file, "--disclosures", tmp_path / "new")
    assert again.exit_code == 1
    assert "it already exists" in again.output
    assert tree(tmp_path / "new") == before


SHAPE = """family: loans
one_row_is: loan
year_starts: 04-01
small_cells: show
tables:
  - name: loans
    columns:
      - {name: tool, role: category, codes: {'': not stated}}
      - {name: lent, role: date, format: "%d/%m/%Y"}
      - {name: year, from: lent, role: period}
      - {name: branch, role: category}
"""


@pytest.mark.parametrize(
    ("old", "line"),
    [
        ("loan\n", 2),
        ("04-01", 3),
        ("show", 4),
        ("not stated", 8),
        ('"%d/%m/%Y"', 9),
        ("lent, role: period", 10),
        ("category}", 11),
    ],
)
@pytest.mark.parametrize("mark", ["DECIDE", "DECIDE something"])
def test_a_mark_is_one_finding_wherever_it_is(old: str, line: int, mark: str) -> None:
    assert parse(SHAPE, Shape, Path("shape.yml"))[1] == []
    tail = re.sub(r"^[^,}\n]*", "", old)
    shape, findings = parse(SHAPE.replace(old, mark + tail, 1), Shape, Path("shape.yml"))
    assert shape is None
    (finding,) = findings
    assert finding.line == line
    assert finding.found.endswith(f": {mark}")
    assert ("delete the word" in finding.fix) == (mark != "DECIDE")


@pytest.mark.parametrize("value", ["'DECIDE'", "DECIDED", "to DECIDE", "decide"])
def test_what_is_no_mark_is_a_value(value: str) -> None:
    text = SHAPE.replace("one_row_is: loan", f"one_row_is: {value}")
    assert parse(text, Shape, Path("shape.yml"))[1] == []


@pytest.fixture
def draft(disclosures: Path, tmp_path: Path) -> Path:
    add(write(tmp_path / "loans.csv"), disclosures)
    return disclosures / "loans"


def test_a_preview_changes_nothing_and_leaves_nothing(
    draft: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the disclosures that are decided on, and leaves out other drafts."""
    put(a_disclosure([a_row()], reference="01/FOI/23/000002"), draft.parent)
    add(write(tmp_path / "other.csv"), draft.parent)
    (tmp_path / "foi.db").write_bytes(b"the last good database")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    with prepared(draft) as preview:
        assert preview.left_out == ["other"]
        assert sum(map(len, preview.undecided.values())) == 13
        sql = "select id, publisher from disclosures order by 1"
        assert [row[0] for row in rows_of(preview.database, sql)] == ["01-FOI-23-000002", "loans"]
        assert rows_of(preview.database, sql)[1][1] == "not decided yet"
        assert rows_of(preview.database, "select count(*) from loans") == [(6,)]
    assert tree(tmp_path) == before


def test_what_a_preview_cannot_propose_is_a_finding_in_the_draft_itself(
    disclosures: Path, tmp_path: Path
) -> None:
    rows = ("Tool|Lent on", "Saw|01/02/2020", "Drill|03/04/2020", "Saw|05/06/2020")
    add(write(tmp_path / "loans.csv", *rows), disclosures)
    result = run("preview", disclosures / "loans")
    assert result.exit_code == 1
    (line,) = re.findall(
        rf"^\S*{disclosures.name}/loans/shape.yml, line (\d+)$", result.output, re.MULTILINE
    )
    text = (disclosures / "loans" / "shape.yml").read_text("utf-8").split("\n")[int(line) - 1]
    assert "format: DECIDE" in text
    assert "nothing is served, and nothing was changed" in result.output


@pytest.mark.parametrize("spoil", ["rows", "no manifest"])
def test_a_preview_that_cannot_be_built_says_why(draft: Path, spoil: str) -> None:
    if spoil == "rows":
        (draft / "source.csv").write_text("No.,Tool\n1,Saw\n", "utf-8")
    else:
        (draft / "disclosure.yml").unlink()
    result = run("preview", draft)
    assert result.exit_code == 1
    assert f"{draft.parent.name}/loans" in result.output
    assert "preview-" not in result.output
    assert "to fix:" in result.output


PAGES = (
    *(f"/{page.stem}" for page in sorted((ROOT / "templates" / "pages").glob("*.html"))),
    *("/", "/disclosures/loans", "/foi", "/foi/search?q=a", "/foi/disclosures/loans"),
    *("/foi/loans", "/foi/loans/loans-000001", "/foi/loans?_search=saw", "/foi?sql=select+1"),
    *("/foi/loans-per-branch", "/foi/officers-per-year", "/foi/none", "/none"),
    *("/embed/loans-per-branch", "/chart/loans-per-branch"),
)
"""One address for each kind of page."""
OTHERS = ("/foi.json", "/foi/loans.csv", "/foi/loans.json", "/static/site.css", "/robots.txt")


@pytest.mark.long
@pytest.mark.asyncio
async def test_every_page_of_a_preview_says_that_it_is_a_draft(
    draft: Path, site: Datasette
) -> None:
    """`site` has registered the plugins. Search engines are kept away from everything."""
    put(a_disclosure([a_row()], reference="01/FOI/23/000002"), draft.parent)
    banner = "Draft: loans is not published. 13 decisions are still to be made"
    with prepared(draft) as preview:
        served = await serve(preview.folder)
        for path in PAGES:
            response = await served.client.get(path)
            assert response.text.count(banner) == 1, path
            assert response.headers["x-robots-tag"] == "noindex, nofollow", path
        for path in OTHERS:
            response = await served.client.get(path)
            assert response.status_code == 200
            assert response.headers["x-robots-tag"] == "noindex, nofollow", path
    assert "Draft: " not in (await site.client.get("/")).text


@pytest.mark.parametrize(
    "template", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name
)
def test_a_template_of_a_whole_page_shows_that_it_is_a_draft(template: Path) -> None:
    text = template.read_text("utf-8")
    assert text.count("<body") == text.count('<aside class="draft" aria-label="Draft">')


def listening(port: int) -> set[str]:
    """Return the addresses at which this machine listens on a port, as Linux writes them."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [line.split() for table in tables for line in table.read_text().split("\n")[1:] if line]
    addresses = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {address for address, at in addresses if int(at, 16) == port}


@pytest.mark.long
def test_a_preview_is_served_to_this_machine_only_and_removed_afterwards(
    draft: Path, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port = free_port()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "ingest", "preview", str(draft), "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        said: list[str] = []
        while "Uvicorn running on" not in "".join(said[-1:]):
            line = process.stdout.readline()
            assert line, "".join(said)
            said.append(line)
        assert f"http://127.0.0.1:{port}/" in "".join(said)
        assert listening(port) == {"0100007F"}
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/foi/loans") as answer:
            assert "Draft: loans is not published" in answer.read().decode()
        again = run("preview", draft, "--port", port)
        assert again.exit_code == 1
        assert f"port {port} is taken" in again.output
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert list(temporary.iterdir()) == []
    assert listening(port) == set()


@pytest.fixture
def free_port() -> Callable[[], int]:
    import socket

    def find() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return int(free.getsockname()[1])

    return find
