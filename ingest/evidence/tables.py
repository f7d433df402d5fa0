"""Infer from the rows of tables made from shapes what their shapes ask for: mentions and lost markers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ingest.config.bands import UNKNOWN
from ingest.config.shape import Shape
from ingest.database.tables import SqlTable, quoted, sql_tables
from ingest.evidence.lost_markers import Counts, judge_blocks
from ingest.evidence.mentions import Finder
from ingest.readers.folders import TabularFolder


def infer_tables(connection: sqlite3.Connection, folders: list[TabularFolder]) -> None:
    """Write what can be inferred from the rows of these disclosures into the staging file."""
    shapes: dict[str, tuple[TabularFolder, Shape]] = {
        str(folder.shape_path): (folder, folder.shape) for folder in folders
    }
    for folder, shape in shapes.values():
        finder = Finder.beside(folder.shape_path)
        for table in sql_tables(shape):
            if columns := table.with_evidence("mentions"):
                sql = f"insert into {quoted(table.child('mentions'))} (record_id, mention, kind) values (?, ?, ?)"
                connection.executemany(sql, _mentions(connection, table, columns, finder))
    for folder in folders:
        for table in sql_tables(folder.shape):
            for column in table.with_evidence("lost markers"):
                _judge_markers(connection, folder.manifest.id, table, column)


def _mentions(
    connection: sqlite3.Connection, table: SqlTable, columns: list[str], finder: Finder
) -> Iterator[tuple[str, str, str]]:
    names = ", ".join(map(quoted, columns))
    rows = connection.execute(f"select id, {names} from {quoted(table.name)} order by rowid")
    for id, *texts in rows:
        found = dict.fromkeys(one for text in texts if text for one in finder.find(text))
        yield from ((id, mention.mention, mention.kind) for mention in found)


def _judge_markers(
    connection: sqlite3.Connection, disclosure_id: str, table: SqlTable, column: str
) -> None:
    """Count markers by page or sheet, and make the number in a text unknown where they were lost."""
    connection.create_function("block_of", 1, block_of, deterministic=True)
    count, words = (
        quoted(table.measure(column, what)) for what in ("redaction_count", "visible_words")
    )
    rows = connection.execute(
        f"select block_of(place), count(*), count({words}), count(*) filter (where {count} > 0),"
        f" coalesce(sum({count}), 0) from {quoted(table.name)} where disclosure_id = ?"
        " group by 1 order by min(position)",
        [disclosure_id],
    ).fetchall()
    counts = {block: Counts(*numbers) for block, *numbers in rows}
    density, band = (
        quoted(table.measure(column, what)) for what in ("redaction_density", "redaction_band")
    )
    for block, judged in zip(counts, judge_blocks(counts.values()), strict=True):
        connection.execute(
            f"insert into {quoted(table.child('source_blocks'))} values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(disclosure_id, column, block),
                *(judged.officers, judged.summaries, judged.marked, judged.markers),
                None if judged.probability is None else float(judged.probability),
                judged.markers_lost,
            ),
        )
        if judged.markers_lost:
            connection.execute(
                f"update {quoted(table.name)} set {count} = null, {density} = null, {band} = ?"
                f" where disclosure_id = ? and block_of(place) = ? and {words} is not null",
                [UNKNOWN, disclosure_id, block],
            )


def block_of(place: str) -> str:
    """Return the page or sheet of a place; all lines of a text are one block."""
    if place.startswith("page "):
        return place.partition(",")[0]
    return place.rpartition("!")[0] or "the whole file"
