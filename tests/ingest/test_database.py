"""The database: built whole or not at all, the same each time, and without what was withdrawn."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.build import build
from ingest.database.inspect import content_hash
from ingest.database.summary import summarise
from ingest.records.disclosure import Row
from ingest.records.findings import BuildError
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, as_text, put, sha256
from tests.serving import ROOT

LEFT_BEHIND = ".foi.db.building"
LAST_GOOD = b"SQLite format 3\0, the last good one"


def run_build(disclosures: Path, database: Path, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ingest", "build"]
    command += ["--disclosures", str(disclosures), "--database", str(database)]
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


@pytest.fixture(scope="module")
def long_disclosures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disclosure with enough rows for its build to be interrupted."""
    folder = tmp_path_factory.mktemp("long")
    rows = [a_row(block=n // 20, summary=f"Sent [REDACTED] to {n} people") for n in range(1, 12001)]
    put(a_disclosure(arranged(rows)), folder, row_numbers="1-12000")
    return folder


def consistent(folder: Path) -> bool:
    """Return whether the inspect data beside the database, if any, describe that database."""
    inspect = folder / "inspect-data.json"
    if not inspect.exists():
        return True
    stated = json.loads(inspect.read_text())["foi"]["hash"]
    return bool(stated == sha256(folder / "foi.db"))


def test_two_builds_are_byte_identical(copy: FolderCopy, tmp_path: Path) -> None:
    results = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        build(copy.path.parent, tmp_path / name / "foi.db")
        results.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert results[0] == results[1]
    assert sorted(results[0]) == ["foi.db", "inspect-data.json"]


def test_inspect_data_says_what_datasette_itself_would_find(database: Path) -> None:
    found = json.loads(
        subprocess.run(
            [sys.executable, "-m", "datasette", "inspect", str(database)],
            check=True,
            capture_output=True,
        ).stdout
    )
    stated = json.loads((database.parent / "inspect-data.json").read_text())
    assert stated == {"foi": {**found["foi"], "file": "foi.db"}}


def test_the_content_hash_covers_what_tables_say_and_not_how_they_are_stored(
    database: Path, tmp_path: Path
) -> None:
    stored_otherwise = tmp_path / "foi.db"
    stored_otherwise.write_bytes(database.read_bytes())
    with closing(sqlite3.connect(stored_otherwise)) as connection:
        connection.execute("drop table officer_allegations_fts")
        connection.execute("pragma page_size = 16384")
        connection.execute("vacuum")
    assert stored_otherwise.read_bytes() != database.read_bytes()
    assert content_hash(stored_otherwise) == content_hash(database)
    for change in (
        "update officer_allegations set year = 2021 where position = 409",
        "alter table notes rename column text to words",
        "delete from redactions where allegation_id = '22-026570-0001'",
    ):
        before = content_hash(stored_otherwise)
        with closing(sqlite3.connect(stored_otherwise)) as connection, connection:
            connection.execute(change)
        assert content_hash(stored_otherwise) != before


def test_the_content_hash_of_the_first_disclosure_is_known(database: Path) -> None:
    """It changes only if the data or the schema changes."""
    assert content_hash(database) == (
        "2caebe45fe278b4d8457ffeaf901726505147dcc8a9007f97d696b3633d6cb5c"
    )


def test_sqlite_utils_made_the_indexes(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(
            "select tbl_name, group_concat(c.name, ' ') from sqlite_master m,"
            " pragma_index_info(m.name) c where type = 'index' and m.name like 'idx_%' group by m.name"
        ).fetchall()
    assert sorted(found) == [
        ("officer_allegations", "action"),
        ("officer_allegations", "disclosure_id year status"),
        ("officer_allegations", "rank"),
        ("officer_allegations", "result"),
        ("officer_allegations", "sanction"),
        ("officer_allegations", "wording_id"),
        ("shared_wordings", "disclosure_id"),
    ]


def test_every_committed_disclosure_builds_with_its_own_manifest(tmp_path: Path) -> None:
    build(ROOT / "ingest" / "disclosures", tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        ids = {id for (id,) in connection.execute("select id from disclosures")}
    assert ids == {path.name for path in (ROOT / "ingest" / "disclosures").iterdir()}


@pytest.mark.long
def test_the_console_command_is_the_same_as_the_module() -> None:
    helps = [
        subprocess.run([*command, "--help"], cwd=ROOT, check=True, capture_output=True).stdout
        for command in (
            [str(Path(sys.executable).with_name("foi-ingest"))],
            [sys.executable, "-m", "ingest"],
        )
    ]
    assert all(b"build" in text for text in helps)


@pytest.mark.long
def test_a_killed_build_leaves_the_old_database_or_the_new_one_and_the_next_clears_up(
    long_disclosures: Path, disclosures: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    put(a_disclosure([a_row()]), disclosures)
    build(disclosures, site / "foi.db")
    old = (site / "foi.db").read_bytes()
    caught = 0
    for attempt in range(6):
        process = run_build(long_disclosures, site / "foi.db", start_new_session=True)
        while process.poll() is None and not (site / LEFT_BEHIND / "foi.db").exists():
            time.sleep(0.001)
        time.sleep(attempt * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        caught += (site / LEFT_BEHIND).exists()
        assert consistent(site)
        if (site / "foi.db").read_bytes() != old:
            with closing(sqlite3.connect(site / "foi.db")) as connection:
                assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
                rows = connection.execute("select count(*) from officer_allegations").fetchone()
            assert rows == (12000,)
    assert caught
    build(disclosures, site / "foi.db")
    assert (site / "foi.db").read_bytes() == old
    assert sorted(path.name for path in site.iterdir()) == ["foi.db", "inspect-data.json"]


@pytest.mark.long
@pytest.mark.parametrize("step", range(1, 5))
def test_a_build_killed_at_any_step_of_the_change_leaves_no_database_with_anothers_counts(
    copy: FolderCopy, disclosures: Path, tmp_path: Path, step: int
) -> None:
    """The build is killed just before the nth time it deletes or renames a file that a server
    reads."""
    site = tmp_path / "site"
    site.mkdir()
    build(copy.path.parent, site / "foi.db")
    old = (site / "foi.db").read_bytes()
    put(a_disclosure([a_row()]), disclosures)
    script = f"""
import os, signal, sys
from ingest.cli import main
steps = []
def watch(event, arguments):
    moved = event in ("os.remove", "os.rename")
    if moved and os.path.basename(os.fspath(arguments[0])) in ("foi.db", "inspect-data.json"):
        steps.append(event)
        if len(steps) == {step}:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
main(["build", "--disclosures", {str(disclosures)!r}, "--database", {str(site / "foi.db")!r}])
"""
    code = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True).returncode
    assert code == (-signal.SIGKILL if step < 4 else 0)
    assert consistent(site)
    assert ((site / "foi.db").read_bytes() == old) == (step < 3)
    assert (site / "inspect-data.json").exists() == (step in (1, 4))


@pytest.mark.long
@pytest.mark.parametrize("room", [0, 40_000, 300_000])
def test_a_full_disk_is_reported_and_the_last_database_kept(
    long_disclosures: Path, tmp_path: Path, room: int
) -> None:
    (tmp_path / "foi.db").write_bytes(LAST_GOOD)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    process = run_build(long_disclosures, tmp_path / "foi.db", preexec_fn=little_room)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "the database cannot be written" in errors
    assert "Traceback" not in errors
    assert (tmp_path / "foi.db").read_bytes() == LAST_GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["foi.db"]


def unwritable_places(folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / "none" / "foi.db", "no such file"
    (folder / "taken").mkdir()
    yield folder / "taken", "it is a folder"
    (folder / "file").touch()
    yield folder / "file" / "foi.db", "not a directory"
    (folder / "notes.md").write_text("SQLite, but not a database")
    yield folder / "notes.md", "it is a file, but not a database"
    (folder / "query.sql").write_text("SQL to keep")
    yield folder / "query.sql", "it is a file, but not a database"
    yield Path("/proc/foi.db"), "no such file"


def test_a_folder_that_cannot_be_written_is_reported(copy: FolderCopy, tmp_path: Path) -> None:
    for place, reason in unwritable_places(tmp_path):
        with pytest.raises(BuildError) as refused:
            build(copy.path.parent, place)
        (finding,) = refused.value.findings
        assert finding.file == place
        assert finding.found.startswith("the database cannot be written: ")
        assert reason in finding.found
        assert "--database" in finding.fix
    assert (tmp_path / "notes.md").read_text() == "SQLite, but not a database"
    assert (tmp_path / "query.sql").read_text() == "SQL to keep"


def test_a_second_build_in_the_same_folder_is_refused(copy: FolderCopy, tmp_path: Path) -> None:
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BuildError, match="another build is running there"):
            build(copy.path.parent, tmp_path / "foi.db")
    finally:
        os.close(held)
    build(copy.path.parent, tmp_path / "foi.db")


def test_the_command_prints_rows_years_redaction_and_hash(copy: FolderCopy, tmp_path: Path) -> None:
    process = run_build(copy.path.parent, tmp_path / "foi.db")
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert "409 rows" in output
    assert re.search(r"2022 +74 +71 +25 +46 +3\n", output)
    assert re.search(r"all +412 +409 +312 +97 +3\n", output)
    assert (
        "541 markers in 312 summaries; by band: unmarked 21, light 49, moderate 150, heavy 57,"
        " total 14, unknown 21" in output
    )
    assert f"content hash: {content_hash(tmp_path / 'foi.db')}" in output


@pytest.mark.long
def test_the_command_exits_with_1_and_lists_every_finding(copy: FolderCopy, tmp_path: Path) -> None:
    copy.edit("\t74\t412", "\t74\t413")
    copy.declare("row_numbers: 1-409", "row_numbers: 1-408")
    process = run_build(copy.path.parent, tmp_path / "foi.db")
    output, errors = process.communicate()
    assert (process.returncode, output) == (1, "")
    assert errors.count("found: ") == errors.count("to fix: ") == 2
    assert errors.endswith("2 findings: nothing was built, and nothing was changed.\n")


def test_late_rows_take_the_next_free_numbers_in_their_position(
    disclosures: Path, tmp_path: Path
) -> None:
    rows = arranged([a_row(summary=f"[REDACTED] {word}") for word in ("one", "late", "two")])
    put(a_disclosure(rows), disclosures, row_numbers="1, 3, 2")
    build(disclosures, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        found = connection.execute(
            "select position, id, summary from officer_allegations order by 1"
        )
        assert found.fetchall() == [
            (1, "23-000001-0001", "[REDACTED] one"),
            (2, "23-000001-0003", "[REDACTED] late"),
            (3, "23-000001-0002", "[REDACTED] two"),
        ]


@pytest.mark.parametrize("summary", [None, "<p></p>", "<p> </p>"])
def test_a_summary_left_blank_is_not_stated_and_has_no_redaction_to_count(
    disclosures: Path, tmp_path: Path, summary: str | None
) -> None:
    rows = arranged([a_row(), a_row(summary=summary)])
    put(a_disclosure(rows), disclosures)
    build(disclosures, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        found = connection.execute(
            "select status, summary, visible_words, redaction_count, redaction_density,"
            " redaction_band from officer_allegations where position = 2"
        )
        assert found.fetchall() == [("finalised", None, None, None, None, None)]


def test_a_summary_without_a_word_hides_nothing_that_is_marked(
    disclosures: Path, tmp_path: Path
) -> None:
    put(a_disclosure(arranged([a_row(), a_row(block=0, summary="-")])), disclosures)
    build(disclosures, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        found = connection.execute(
            "select summary, visible_words, redaction_count, redaction_density, redaction_band"
            " from officer_allegations where position = 2"
        )
        assert found.fetchall() == [("-", 0, 0, 0.0, "unmarked")]


def test_a_word_that_a_marker_touches_is_found_by_itself(disclosures: Path, tmp_path: Path) -> None:
    put(a_disclosure([a_row(summary="a swaddling[REDACTED]coat")]), disclosures)
    build(disclosures, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        for word, found in (("swaddling", 1), ("coat", 1), ('"swaddling coat"', 0)):
            assert connection.execute(
                "select count(*) from officer_allegations_fts where summary match ?", [word]
            ).fetchone() == (found,)


def test_the_words_of_a_withdrawn_row_are_not_in_the_file_and_its_figures_are(
    disclosures: Path, tmp_path: Path
) -> None:
    rows = arranged(
        [
            a_row(summary="sent [REDACTED] a swaddling coat"),
            a_row(block=0),
            a_row(block=0, summary="a"),
        ]
    )
    withdrawn = [
        {"id": "23-000001-0001", "date": date(2023, 4, 5), "reason": "asked for"},
        {"id": "23-000001-0003", "date": date(2024, 1, 2), "reason": "another"},
    ]
    put(a_disclosure(rows), disclosures, withdrawn=withdrawn)
    build(disclosures, tmp_path / "foi.db")
    assert b"swaddling" not in (tmp_path / "foi.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        found = connection.execute(
            "select id, summary is null, source_text is null, withdrawn_on, withdrawn_reason,"
            " visible_words, redaction_count, rank from officer_allegations order by id"
        )
        assert found.fetchall() == [
            ("23-000001-0001", 1, 1, "2023-04-05", "asked for", 4, 1, "Constable"),
            ("23-000001-0002", 0, 0, None, None, 3, 1, "Constable"),
            ("23-000001-0003", 1, 1, "2024-01-02", "another", 1, 0, "Constable"),
        ]
        indexed = connection.execute(
            "select count(*) from officer_allegations_fts where summary match 'coat OR officer'"
        )
        assert indexed.fetchone() == (1,)


def test_the_database_has_what_the_manifest_states(disclosures: Path, tmp_path: Path) -> None:
    """Dates that the document does not give come from the manifest."""
    disclosure = replace(a_disclosure([a_row()]), created_on=None)
    text = as_text(disclosure).replace("<b>Date Created</b>\t", "<b>Date Created</b>\tlast spring")
    copy = put(disclosure, disclosures, created_on=date(2023, 3, 2))
    copy.write(text.encode())
    build(disclosures, tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        found = connection.execute(
            "select created_on, review_on, publisher, source_url, copy_status, rights,"
            " source_format, withheld_share_estimate from disclosures"
        )
        assert found.fetchall() == [
            (
                "2023-03-02",
                "2024-03-01",
                "A force",
                "https://police.example/disclosure",
                "made up for a test",
                "none",
                "text",
                None,
            )
        ]


def test_the_report_describes_each_disclosure_in_order_of_id(
    disclosures: Path, tmp_path: Path
) -> None:
    for number in (2, 1):
        rows = arranged([a_row()] * number)
        put(a_disclosure(rows, reference=f"01/FOI/23/00000{number}"), disclosures)
    build(disclosures, tmp_path / "foi.db")
    said = summarise(tmp_path / "foi.db")
    assert said.index("01/FOI/23/000001") < said.index("01/FOI/23/000002")
    assert re.findall(r"^all +(\d+) +(\d+)", said, re.MULTILINE) == [("1", "1"), ("2", "2")]


TERMS = st.sampled_from([None, "No Action"])
PUBLISHED = st.builds(
    a_row,
    block=st.integers(0, 1),
    year=st.integers(2017, 2022),
    rank=st.sampled_from([None, "Constable", "Unknown"]),
    summary=st.sampled_from(
        [None, "[REDACTED]", "sent [redacted] ██", "sent <p>texts</p>", "-", "<p></p>"]
    ),
    result=st.sampled_from([None, "Resolved"]),
    action=TERMS,
    sanction=TERMS,
) | st.builds(
    a_row,
    block=st.integers(0, 1),
    year=st.integers(2017, 2022),
    under_investigation=st.just(True),
    **dict.fromkeys(("rank", "summary", "result", "action", "sanction"), st.none()),
)


def states_something(row: Row) -> bool:
    return row.summary not in (None, "<p></p>")


@pytest.mark.long
@given(st.lists(PUBLISHED, min_size=1, max_size=30).map(arranged))
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_counts_add_up_whatever_the_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("counts")
    (folder / "disclosures").mkdir()
    marked = any(row.summary and ("[" in row.summary) for row in rows)
    put(a_disclosure(rows), folder / "disclosures", redacted=marked)
    build(folder / "disclosures", folder / "foi.db")
    with closing(sqlite3.connect(folder / "foi.db")) as connection:
        published, found, finalised, open_rows, missing = connection.execute(
            "select sum(published), sum(found), sum(finalised), sum(under_investigation),"
            " sum(missing) from reconciliation"
        ).fetchone()
        assert published == found == finalised + open_rows == len(rows)
        assert missing == 0
        blocks = connection.execute(
            "select sum(officers), sum(summaries), sum(markers) from source_blocks"
        ).fetchone()
        markers = connection.execute("select count(*) from redactions").fetchone()[0]
        assert blocks == (len(rows), sum(states_something(row) for row in rows), markers)
        bands = dict(
            connection.execute(
                "select redaction_band, count(*) from officer_allegations group by 1"
            ).fetchall()
        )
        assert sum(bands.values()) == len(rows)
        assert bands.get(None, 0) == sum(not states_something(row) for row in rows)
        assert connection.execute("select * from pragma_foreign_key_check").fetchall() == []
