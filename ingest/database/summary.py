"""Summarise a build from its database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tabulate import tabulate

from ingest.database.inspect import content_hash, open_to_read
from ingest.text.phrases import pluralize

_YEARS = """
select year, published, found, finalised, under_investigation, missing
from reconciliation where disclosure_id = ?
"""
_MARKERS = """
select coalesce(sum(redaction_count), 0), count(redaction_band)
from officer_allegations where disclosure_id = ?
"""
_BANDS = """
select band, count(id)
from redaction_bands left join officer_allegations on redaction_band = band and disclosure_id = ?
group by band order by redaction_bands.position
"""
_ROWS = "select table_name, count(*) from records where disclosure_id = ? group by 1 order by 1"
_TOTALS = (
    "select outcome, count(*) from printed_totals where disclosure_id = ? group by 1 order by 1"
)


def summarise(path: Path) -> str:
    """Return rows, yearly totals and redaction for each disclosure, and the content hash."""
    with closing(open_to_read(path)) as connection:
        disclosures = connection.execute(
            "select id, coalesce(reference, id), coalesce(title, '') from disclosures"
            " where shape is null order by id"
        )
        paragraphs = [
            paragraph
            for id, reference, title in disclosures.fetchall()
            for paragraph in (f"{reference}  {title}", *_of_disclosure(connection, id))
        ]
        paragraphs += _of_other_shapes(connection)
    return "\n\n".join([*paragraphs, f"content hash: {content_hash(path)}"])


def _of_disclosure(connection: sqlite3.Connection, id: str) -> list[str]:
    cursor = connection.execute(_YEARS, [id])
    headers = [column[0].replace("_", " ") for column in cursor.description]
    years = cursor.fetchall()
    sums = [sum(column) for column in list(zip(*years, strict=True))[1:]]
    markers, summaries = connection.execute(_MARKERS, [id]).fetchone()
    bands = ", ".join(f"{band} {count}" for band, count in connection.execute(_BANDS, [id]))
    return [
        pluralize(sums[1], "row"),
        tabulate([*years, ["all", *sums]], headers=headers),
        f"{pluralize(markers, 'marker')} in {pluralize(summaries, 'summary', 'summaries')}; "
        f"by band: {bands}",
    ]


def _of_other_shapes(connection: sqlite3.Connection) -> list[str]:
    """Return a paragraph for each disclosure of another shape: its rows by table, and its printed totals."""
    found = connection.execute(
        "select id, title from disclosures where shape is not null order by id"
    )
    return [
        "\n".join(
            (
                f"{id}  {title or ''}".rstrip(),
                *(
                    f"{table}: {pluralize(rows, 'row')}"
                    for table, rows in connection.execute(_ROWS, [id])
                ),
                *(
                    f"{pluralize(totals, 'printed total')}: {outcome}"
                    for outcome, totals in connection.execute(_TOTALS, [id])
                ),
            )
        )
        for id, title in found.fetchall()
    ]
