"""What a build made, told in figures read back from the database it wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tabulate import tabulate

from ingest.database import content_hash, open_to_read
from ingest.findings import numbered

_REDACTION = """
select
    coalesce(sum(redaction_count), 0) as markers,
    count(redaction_band) as summaries,
    count(*) filter (where redaction_band = 'none') as none,
    count(*) filter (where redaction_band = 'light') as light,
    count(*) filter (where redaction_band = 'moderate') as moderate,
    count(*) filter (where redaction_band = 'heavy') as heavy,
    count(*) filter (where redaction_band = 'total') as total,
    count(*) filter (where redaction_band = 'unknown') as unknown
from officer_allegations where disclosure_id = ?
"""


def report(path: Path) -> str:
    """Rows, reconciliation by year and redaction of each disclosure, and the content hash."""
    with closing(open_to_read(path)) as connection:
        paragraphs = [
            paragraph
            for id, reference, title in connection.execute(
                "select id, reference, title from disclosures order by id"
            ).fetchall()
            for paragraph in _of_disclosure(connection, id, f"{reference}  {title}")
        ]
    return "\n\n".join([*paragraphs, f"content hash: {content_hash(path)}"])


def _of_disclosure(connection: sqlite3.Connection, id: str, heading: str) -> list[str]:
    cursor = connection.execute(
        "select year, published, found, finalised, under_investigation, missing"
        " from reconciliation where disclosure_id = ?",
        [id],
    )
    headers = [column[0].replace("_", " ") for column in cursor.description]
    years = cursor.fetchall()
    sums = [sum(column) for column in list(zip(*years, strict=True))[1:]]
    markers, summaries, *bands = connection.execute(_REDACTION, [id]).fetchone()
    names = ("none", "light", "moderate", "heavy", "total", "unknown")
    return [
        heading,
        numbered(sums[1], "row"),
        tabulate([*years, ["all", *sums]], headers=headers),
        f"{numbered(markers, 'marker')} in {numbered(summaries, 'summary', 'summaries')}; by band: "
        + ", ".join(f"{name} {count}" for name, count in zip(names, bands, strict=True)),
    ]
