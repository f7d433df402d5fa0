"""Disclosures in, `foi.db` out: whole, or not at all.

The database is written in a workspace beside its place and moved there when it is complete, so
that a reader, a running server or a killed build never leaves or sees half of one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from ingest import redaction
from ingest.disclosure import Row
from ingest.evidence import Evidence
from ingest.findings import Finding, Refused
from ingest.folders import DATES, Folder
from ingest.particulars import Withheld
from ingest.terms import TERM_TABLES, Terms

SCHEMA = Path(__file__).parent / "schema.sql"
INSPECT_FILE = "inspect-data.json"
"""Where Datasette looks for row counts and the hash of a database that it may take as immutable."""

INDEXES = (
    ("officer_allegations", ("disclosure_id", "year", "status")),
    ("officer_allegations", ("rank",)),
    ("officer_allegations", ("result",)),
    ("officer_allegations", ("action",)),
    ("officer_allegations", ("sanction",)),
    ("officer_allegations", ("wording_id",)),
    ("shared_wordings", ("disclosure_id",)),
)

Publication = tuple[Folder, Evidence]
"""A disclosure with what was inferred from it: all that the database takes."""
Record = dict[str, Any]


def write(publications: Sequence[Publication], terms: Terms, path: Path) -> None:
    """Build the database at `path`, with its `inspect-data.json` beside it.

    What a killed build left is cleared away. Raises `Refused` where the place cannot be written,
    holds a file that is no database, or has another build at work; what stood there then stays.
    """
    workspace = path.parent / f".{path.name}.building"
    try:
        _refuse_to_replace_what_is_no_database(path)
        with _alone_in(path.parent):
            shutil.rmtree(workspace, ignore_errors=True)
            workspace.mkdir()
            try:
                _fill(workspace / path.name, publications, terms)
                _inspect(workspace / path.name)
                # Without its counts a database is served as mutable, which is slower and right;
                # with another one's counts it would be served wrong. So the old counts go first.
                path.with_name(INSPECT_FILE).unlink(missing_ok=True)
                (workspace / path.name).replace(path)
                (workspace / INSPECT_FILE).replace(path.with_name(INSPECT_FILE))
            finally:
                shutil.rmtree(workspace, ignore_errors=True)
    except (OSError, sqlite3.OperationalError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise Refused(
            [
                Finding(
                    path,
                    None,
                    f"the database cannot be written: {reason.lower()}",
                    "a folder to write in, with room for the database twice over",
                    "make room, or name another place with --database",
                )
            ]
        ) from error


def _refuse_to_replace_what_is_no_database(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError("it is a folder")
    if path.exists():
        with path.open("rb") as file:
            if file.read(6) != b"SQLite":
                raise FileExistsError("a file stands there that is no database")


def content_hash(path: Path) -> str:
    """The SHA-256, in hexadecimal, of what the tables of the database at `path` say.

    It covers table names, column names and rows, leaves out the full-text index, which only
    repeats them, and is the same whichever SQLite wrote the file.
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
    """A connection to the database at `path` that cannot change it, nor make one."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The tables that hold data of their own: neither virtual, nor in the service of such a one."""
    sql = "select name from pragma_table_list where schema = 'main' and type = 'table'"
    return sorted(name for (name,) in connection.execute(sql) if not name.startswith("sqlite_"))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold `folder` against other builds; the hold ends with the process, however that ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError("another build is writing there") from None
        yield
    finally:
        os.close(handle)


def _inspect(path: Path) -> None:
    """Write the counts and the hash of the database at `path` beside it, as Datasette reads them."""
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


def _fill(path: Path, publications: Sequence[Publication], terms: Terms) -> None:
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        db.executescript(SCHEMA.read_text("utf-8"))
        connection.execute("pragma foreign_keys = on")
        with connection:
            for table in TERM_TABLES.values():
                db.table(table).insert_all(
                    {**term.model_dump(), "position": position}
                    for position, term in enumerate(getattr(terms, table), 1)
                )
            for folder, evidence in publications:
                _insert(db, folder, evidence)
            _index_words(connection)
        for table, columns in INDEXES:
            db.table(table).create_index(columns)


def _insert(db: Database, folder: Folder, evidence: Evidence) -> None:
    disclosure = folder.disclosure
    blocks = {block.number: block for block in evidence.blocks}
    withheld = {withheld.id: withheld for withheld in folder.particulars.withheld}
    db.table("disclosures").insert(_disclosure(folder))
    db.table("notes").insert_all(
        {
            "disclosure_id": disclosure.id,
            "section": note.section,
            "position": note.position,
            "text": note.text,
        }
        for note in disclosure.notes
    )
    db.table("published_totals").insert_all(
        {"disclosure_id": disclosure.id, "year": total.year, "officers": total.officers}
        for total in disclosure.totals
    )
    db.table("source_blocks").insert_all(
        {
            "disclosure_id": disclosure.id,
            "block": block.number,
            "officers": block.officers,
            "summaries": block.summaries,
            "marked": block.marked,
            "markers": block.markers,
            "chance": None if block.chance is None else float(block.chance),
            "markers_lost": block.markers_lost,
        }
        for block in blocks.values()
    )
    rows = folder.numbered_rows
    wordings = {id: wording for wording in evidence.wordings for id in wording.ids}
    db.table("shared_wordings").insert_all(
        {
            "id": f"w-{wording.ids[0]}",
            "disclosure_id": disclosure.id,
            "year": wording.year,
            "officers": len(wording.ids),
            "wording": wording.words,
            "basis": wording.basis,
            "reason": wording.reason,
            "part_of": wording.part_of and f"w-{wording.part_of}",
        }
        for wording in evidence.wordings
    )
    db.table("officer_allegations").insert_all(
        {
            **_officer(id, disclosure.id, row, blocks[row.block].markers_lost, withheld.get(id)),
            "regime": evidence.regimes[id].regime,
            "regime_basis": evidence.regimes[id].basis,
            "wording_id": f"w-{wordings[id].ids[0]}" if id in wordings else None,
        }
        for id, row in rows
    )
    db.table("mentions").insert_all(
        {"allegation_id": id, "mention": mention.mention, "kind": mention.kind}
        for id, found in evidence.mentions.items()
        for mention in found
    )
    db.table("publisher_questions").insert_all(
        {"allegation_id": id, "rule": rule.rule, "question": rule.question}
        for id, found in evidence.questions.items()
        for rule in found
    )
    db.table("redactions").insert_all(
        {"allegation_id": id, "position": position, "form": marker.form}
        for id, row in rows
        for position, marker in enumerate(redaction.find(row.summary or ""), 1)
    )


def _disclosure(folder: Folder) -> Record:
    disclosure, particulars = folder.disclosure, folder.particulars
    return {
        "id": disclosure.id,
        "reference": disclosure.reference,
        "title": disclosure.title,
        "document_summary": disclosure.document_summary,
        "security_classification": disclosure.security_classification,
        "publication_scheme": disclosure.publication_scheme,
        "creating_branch": disclosure.creating_branch,
        **{name: str(folder.date(name)) for name in DATES},
        "published_total": disclosure.published_total,
        "source_url": particulars.source_url,
        "source_file": disclosure.source_file,
        "source_format": disclosure.source_format,
        "source_sha256": disclosure.source_sha256,
        "copy_status": particulars.copy_status,
        "rights": particulars.rights,
        "publisher": particulars.publisher,
        "withheld_share_estimate": disclosure.withheld_share_estimate,
    }


def _officer(
    id: str, disclosure_id: str, row: Row, markers_lost: bool, withheld: Withheld | None
) -> Record:
    """The row as the table has it: what was published, and how much of its summary is redacted."""
    summary = redaction.canonicalise(row.summary or "") or None
    markers = words = density = band = None
    if summary:
        words = redaction.visible_words(summary)
        band = "unknown"
        if not markers_lost:
            markers = redaction.count(summary)
            density = redaction.density(summary)
            band = redaction.band(density)
    return {
        "id": id,
        "disclosure_id": disclosure_id,
        "position": row.position,
        "block": row.block,
        "line": row.line,
        "year": row.year,
        "status": "under investigation" if row.under_investigation else "finalised",
        "rank": row.rank,
        "summary": None if withheld else summary,
        "result": row.result,
        "action": row.action,
        "sanction": row.sanction,
        "visible_words": words,
        "redaction_count": markers,
        "redaction_density": density,
        "redaction_band": band,
        "withheld_on": withheld and withheld.date.isoformat(),
        "withheld_reason": withheld and withheld.reason,
        "source_text": None if withheld else row.source_text,
    }


def _index_words(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        insert into officer_allegations_fts (rowid, summary)
        select rowid, replace(summary, :marker, ' █████ ') from officer_allegations
        where summary is not null
        """,
        {"marker": redaction.CANONICAL},
    )
    connection.execute(
        "insert into officer_allegations_fts (officer_allegations_fts) values ('optimize')"
    )
