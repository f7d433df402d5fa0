"""A server serves one release, whole, from start to stop, whatever happens to the file beneath it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, cycle
from pathlib import Path

import pytest

from ingest.build import build
from ingest.database.inspect import write_inspect_data
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put
from tests.servers import DATASETTE, Server, running
from tests.serving import PARTS, ROOT, furnish

READERS = 8


def a_library(folder: Path, *letters: str) -> Path:
    """A folder with a required database of letters, and only the plugin `release`."""
    (folder / "plugins").mkdir(parents=True)
    shutil.copy(ROOT / "plugins" / "release.py", folder / "plugins")
    (folder / "metadata.yml").write_text(
        "plugins: {release: {required: [library], fix: ask the librarian}}\n"
        "databases: {library: {tables: {letters: {}, short_letters: {}}}}\n",
        "utf-8",
    )
    fill(folder / "library.db", *letters)
    write_inspect_data(folder / "library.db")
    return folder


def fill(database: Path, *letters: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(
            "create table letters (body text); create view short_letters as"
            " select * from letters where length(body) < 9;"
        )
        connection.executemany("insert into letters values (?)", zip(letters, strict=True))


def of_json(*keys: str | int) -> Callable[[bytes], list[str]]:
    """Find the value behind `keys` in a JSON body."""

    def find(body: bytes) -> list[str]:
        value = json.loads(body)
        for key in keys:
            value = value[key]
        return [str(value)]

    return find


def of_page(*patterns: str) -> Callable[[bytes], list[str]]:
    """Find what every pattern matches in a page."""

    def find(body: bytes) -> list[str]:
        found = [re.findall(pattern, body.decode()) for pattern in patterns]
        assert all(found), patterns
        return list(chain(*found))

    return find


ROWS = "select+count(*)+as+n+from+officer_allegations"
STATEMENTS: dict[str, Callable[[bytes], list[str]]] = {
    "/foi/officer_allegations.json?_size=0": of_json("filtered_table_rows_count"),
    "/foi/officer_allegations?_size=1": of_page(r"(\d+) rows\b", "SHA-256 ([0-9a-f]{12})"),
    f"/foi.json?sql={ROWS}": of_json("rows", 0, 0),
    f"/foi.json?sql={ROWS}_fts&_shape=array": of_json(0, "n"),
    "/foi/officers-per-year": of_page("SHA-256 ([0-9a-f]{12})"),
    "/checks": of_page('served here: <code class="hash">([0-9a-f]{64})'),
    "/-/databases.json": of_json(0, "hash"),
    "/foi.db": lambda body: [hashlib.sha256(body).hexdigest()],
    "/foi/nowhere": lambda body: [],
}
"""Addresses, and how to find the hashes and numbers of rows that each one's answer states."""


class Release:
    """A build, and how its answers name it: by its hash, its rows and its searchable rows."""

    def __init__(self, database: Path) -> None:
        self.digits = hashlib.sha256(database.read_bytes()).hexdigest()[:12]
        with closing(sqlite3.connect(database)) as connection:
            self.counts = {
                str(
                    connection.execute(
                        f"select count(*) from officer_allegations{table}"
                    ).fetchone()[0]
                )
                for table in ("", "_fts")
            }

    def named_by(self, headers: dict[str, str], stated: list[str]) -> bool:
        """Whether all that an answer states is of this release."""
        hashes = [headers.get("x-release", ""), *(text for text in stated if len(text) >= 12)]
        counts = {text for text in stated if len(text) < 12}
        return {text[:12] for text in hashes} == {self.digits} and counts <= self.counts


def read(server: Server, answers: int, release: Release) -> None:
    """Request every URL with eight clients at once, and check that each response is of `release`."""

    def ask(path: str) -> tuple[str, dict[str, str], list[str]]:
        headers, body = server.get(path)
        while b'"type": "busy"' in body:  # only so many costly requests run at once
            time.sleep(0.1)
            headers, body = server.get(path)
        return path, headers, STATEMENTS[path](body)

    addresses = (path for _, path in zip(range(answers), cycle(STATEMENTS), strict=False))
    with ThreadPoolExecutor(READERS) as readers:
        for path, headers, stated in readers.map(ask, addresses):
            assert release.named_by(headers, stated), (path, headers, stated, release.digits)


@pytest.mark.long
@pytest.mark.parametrize(
    "answers", [4 * len(STATEMENTS), pytest.param(600, marks=pytest.mark.long)]
)
def test_a_build_beneath_a_running_server_is_served_whole_after_a_restart_and_not_before(
    answers: int, tmp_path: Path
) -> None:
    folder, disclosures = tmp_path / "site", tmp_path / "disclosures"
    folder.mkdir()
    furnish(folder, "plugins", *PARTS)
    FolderCopy.of_the_first(disclosures)
    build(disclosures, folder / "foi.db")
    old = Release(folder / "foi.db")
    put(a_disclosure(arranged([a_row(year=2021)] * 120)), disclosures)
    with running(folder, tmp_path / "temporary") as server, ThreadPoolExecutor(1) as visitors:
        # A thread of the server opens the database when it is first needed: some before the build,
        # some after.
        visits = visitors.submit(read, server, answers, old)
        build(disclosures, folder / "foi.db")
        visits.result()
        read(server, answers, old)
        new = Release(folder / "foi.db")
        assert new.digits != old.digits
        assert new.counts.isdisjoint(old.counts)
        server.stop()
    with running(folder, tmp_path / "temporary") as server:
        read(server, answers, new)


@pytest.mark.long
def test_overwriting_the_file_in_place_changes_nothing_either(tmp_path: Path) -> None:
    folder = a_library(tmp_path / "site", "Dear Ann")
    whole = (folder / "library.db").read_bytes()
    with running(folder, tmp_path / "temporary") as server:
        (folder / "library.db").write_bytes(b"neither old nor new")
        headers, body = server.get("/library/letters.json?_shape=array")
        assert json.loads(body) == [{"rowid": 1, "body": "Dear Ann"}]
        headers, body = server.get("/library.db")
        assert body == whole
        assert headers["etag"] == f'"{hashlib.sha256(whole).hexdigest()}"'
        assert headers["content-disposition"] == 'attachment; filename="library.db"'


@pytest.mark.long
def test_a_server_removes_its_copy_or_the_next_one_does_but_only_from_the_dead(
    tmp_path: Path,
) -> None:
    temporary = tmp_path / "temporary"
    (temporary / "datasette-of-others").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (temporary / "datasette-release-link").symlink_to(outside)
    others = set(temporary.iterdir())

    def copies() -> set[Path]:
        return set(temporary.iterdir()) - others

    folder = a_library(tmp_path / "site", "Dear Ann")
    with running(folder, temporary) as first:
        (of_first,) = copies()
        assert of_first.stat().st_mode & 0o777 == 0o700
        with running(folder, temporary) as second:
            (of_second,) = copies() - {of_first}
            second.stop(signal.SIGKILL)
        assert copies() == {of_first, of_second}
        with running(folder, temporary) as third:
            assert of_first in copies()
            assert of_second not in copies()
            assert len(copies()) == 2
            third.stop(signal.SIGINT)
        assert copies() == {of_first}
        assert b"Dear Ann" in first.get("/library/letters.json")[1]
        first.stop()
    assert copies() == set()
    assert set(temporary.iterdir()) == others
    assert (outside / "kept").exists()


def start(
    folder: Path, temporary: Path, command: tuple[str, ...] = DATASETTE
) -> subprocess.CompletedProcess[str]:
    """Start a server that answers one address and stops."""
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        [*command, ".", "--get", "/library/letters.json?_shape=array"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    )


BOUNDED = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
runpy.run_module("datasette", run_name="__main__")
"""
"""A server that cannot write files of more than 4096 bytes."""


@pytest.mark.long
def test_without_room_for_a_copy_the_file_itself_is_served_with_a_warning(tmp_path: Path) -> None:
    folder, temporary = a_library(tmp_path / "site", "Dear Ann"), tmp_path / "temporary"
    bounded = (sys.executable, "-c", BOUNDED)
    done = start(folder, temporary, bounded)
    assert json.loads(done.stdout) == [{"rowid": 1, "body": "Dear Ann"}]
    assert done.stderr == (
        "Warning: library.db is served where it is, because it cannot be copied to a temporary"
        " folder (File too large). Stop the server before you replace it.\n"
    )
    with running(folder, temporary, bounded) as server:
        headers, body = server.get("/library/letters.json?_shape=array")
        assert json.loads(body) == [{"rowid": 1, "body": "Dear Ann"}]
        assert "x-release" not in headers
        assert list(temporary.iterdir()) == []


def missing(folder: Path) -> None:
    (folder / "library.db").unlink()


def empty(folder: Path) -> None:
    (folder / "library.db").write_bytes(b"")


def text(folder: Path) -> None:
    (folder / "library.db").write_text("Dear Ann, this is not a database")


def of_another_build(folder: Path) -> None:
    size = (folder / "library.db").stat().st_size
    (folder / "library.db").unlink()
    fill(folder / "library.db", "Dear Bob")
    assert (folder / "library.db").stat().st_size == size


def cut_short(folder: Path) -> None:
    os.truncate(folder / "library.db", 5000)


def uncounted(folder: Path) -> None:
    (folder / "inspect-data.json").unlink()


def described_by_another_name(folder: Path) -> None:
    facts = json.loads((folder / "inspect-data.json").read_text())
    facts["library"]["file"] = "letters.db"
    (folder / "inspect-data.json").write_text(json.dumps(facts))


def damaged(folder: Path) -> None:
    """Counted and hashed, as if it had been built so."""
    content = (folder / "library.db").read_bytes()
    (folder / "library.db").write_bytes(content[:100] + bytes(len(content) - 100))
    facts = json.loads((folder / "inspect-data.json").read_text())
    facts["library"]["hash"] = hashlib.sha256((folder / "library.db").read_bytes()).hexdigest()
    (folder / "inspect-data.json").write_text(json.dumps(facts))


def without_its_tables(folder: Path) -> None:
    (folder / "library.db").unlink()
    with closing(sqlite3.connect(folder / "library.db")) as connection:
        connection.execute("create table books (title text)")
    about = (folder / "metadata.yml").read_text("utf-8")
    (folder / "metadata.yml").write_text(
        about.replace("letters: {}", "letters: {}, a: {}, b: {}", 1)
    )
    write_inspect_data(folder / "library.db")


HASH = "[0-9a-f]{64}"
AS_SAID = "as inspect-data.json says"


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (missing, "There is no library.db here"),
        (empty, "library.db: found an empty file, expected a database"),
        (text, "library.db: found a file of another kind, expected an SQLite database"),
        (of_another_build, f"library.db: found SHA-256 {HASH}, expected {HASH} {AS_SAID}"),
        (cut_short, f"library.db: found size in bytes 5000, expected 8192 {AS_SAID}"),
        (
            uncounted,
            "library.db: found no inspect-data.json that describes it, expected the one made with it",
        ),
        (
            described_by_another_name,
            f"library.db: found file name library.db, expected letters.db {AS_SAID}",
        ),
        (damaged, r"library.db: found a damaged database \(.*\), expected a whole one"),
        (
            without_its_tables,
            "library.db: found no table a, b, letters and 1 more, expected all that metadata.yml describes",
        ),
    ],
)
def test_a_database_that_is_not_whole_stops_the_server_with_one_line(
    spoil: Callable[[Path], None], told: str, tmp_path: Path
) -> None:
    folder, temporary = a_library(tmp_path / "site", "Dear Ann"), tmp_path / "temporary"
    spoil(folder)
    done = start(folder, temporary)
    assert re.fullmatch(f"Error: {told}: ask the librarian\\.\n", done.stderr), done.stderr
    assert done.returncode == 1
    assert done.stdout == ""
    assert list(temporary.iterdir()) == []


@pytest.mark.long
def test_a_database_that_is_not_required_needs_no_counts_but_must_not_differ_from_them(
    tmp_path: Path,
) -> None:
    folder = a_library(tmp_path / "site", "Dear Ann")
    (folder / "metadata.yml").unlink()
    assert start(folder, tmp_path / "temporary").returncode == 0
    of_another_build(folder)
    assert start(folder, tmp_path / "temporary").stderr.startswith(
        "Error: library.db: found SHA-256 "
    )
    uncounted(folder)
    assert json.loads(start(folder, tmp_path / "temporary").stdout) == [
        {"rowid": 1, "body": "Dear Bob"}
    ]
