"""Write a database atomically: a failed build leaves the last one in place.

It is written in a folder beside its destination, the staging file, and moved there when it is complete and
every check has passed. So neither readers nor a running server ever see a partial database, even if the
build is killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.config.shape import SHAPES
from ingest.database.inspect import INSPECT_FILE, write_inspect_data
from ingest.records.findings import BuildError, Finding

_SQLITE_MAGIC = b"SQLite format 3\0"
"""The first bytes of every SQLite database."""
SCHEMA = Path(__file__).parent / "schema.sql"
"""What is in every database."""
MET_SCHEMA = SHAPES / "officer_allegations" / "schema.sql"
"""What is only in a database with a disclosure in the Met's form."""


@contextmanager
def staging(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a staging file with the schema in it, and move it to `path` if the block ends without an
    exception, with its `inspect-data.json` beside it.

    Files left behind by a killed build are removed. Raise BuildError, and change nothing, if `path` cannot
    be written or is not a database, or if another build is running.
    """
    workspace = path.parent / f".{path.name}.building"
    try:
        _refuse_to_replace_other_files(path)
        with _exclusive_lock(path.parent):
            shutil.rmtree(workspace, ignore_errors=True)
            workspace.mkdir()
            try:
                with closing(sqlite3.connect(workspace / path.name)) as connection:
                    # What is withdrawn or replaced on the way must not be left in unused parts of the file.
                    connection.execute("pragma secure_delete = on")
                    connection.executescript(SCHEMA.read_text("utf-8"))
                    connection.execute("pragma foreign_keys = on")
                    yield connection
                    connection.commit()
                write_inspect_data(workspace / path.name)
                # The two renames are not atomic. If the build is killed between them, the counts
                # must be missing, which the server reports, rather than stale.
                path.with_name(INSPECT_FILE).unlink(missing_ok=True)
                (workspace / path.name).replace(path)
                (workspace / INSPECT_FILE).replace(path.with_name(INSPECT_FILE))
            finally:
                shutil.rmtree(workspace, ignore_errors=True)
    except (OSError, sqlite3.OperationalError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise BuildError(
            [
                Finding(
                    path,
                    None,
                    f"the database cannot be written: {reason.lower()}",
                    "a writable folder with space for two copies of the database",
                    "free some disk space, or choose another path with --database",
                )
            ]
        ) from error


def _refuse_to_replace_other_files(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError("it is a folder")
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(_SQLITE_MAGIC)) != _SQLITE_MAGIC:
                raise FileExistsError("it is a file, but not a database")


@contextmanager
def _exclusive_lock(folder: Path) -> Iterator[None]:
    """Lock `folder` against other builds. The lock is released when this process ends, even if it
    is killed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError("another build is running there") from None
        yield
    finally:
        os.close(handle)
