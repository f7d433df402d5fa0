"""Compute the content hash and row counts of a built database."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

INSPECT_FILE = "inspect-data.json"
"""Where Datasette finds the row counts and the hash of an immutable database."""


def content_hash(path: Path) -> str:
    """Return the SHA-256, in hexadecimal, of the data in the tables of the database at `path`.

    It covers table names, column names and rows, but not the full-text index, which repeats them. It
    is the same whichever version of SQLite wrote the file.
    """
    digest = hashlib.sha256()
    with closing(open_to_read(path)) as connection:
        for table in _tables(connection):
            cursor = connection.execute(f'select * from "{table}" order by rowid')
            digest.update(_line([table, [column[0] for column in cursor.description]]))
            for row in cursor:
                digest.update(_line(row))
    return digest.hexdigest()


def _line(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the database at `path` read-only, without creating it."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the ordinary tables, leaving out virtual tables and their shadow
    tables."""
    sql = "select name from pragma_table_list where schema = 'main' and type = 'table'"
    return sorted(name for (name,) in connection.execute(sql) if not name.startswith("sqlite_"))


def write_inspect_data(path: Path) -> None:
    """Write the row counts and the hash of the database at `path` beside it, in Datasette's format."""
    with closing(open_to_read(path)) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table'")
        counts = {
            name: {"count": connection.execute(f'select count(*) from "{name}"').fetchone()[0]}
            for (name,) in names.fetchall()
        }
    with path.open("rb") as database:
        digest = hashlib.file_digest(database, "sha256").hexdigest()
    facts = {"hash": digest, "size": path.stat().st_size, "file": path.name, "tables": counts}
    with path.with_name(INSPECT_FILE).open("w", encoding="utf-8") as out:
        json.dump({path.stem: facts}, out, indent=2)
        out.flush()
        os.fsync(out.fileno())
