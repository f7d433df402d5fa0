"""Write what all disclosures share, and those in the Met's form with what was inferred from their rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from ingest.config import bands
from ingest.config.manifest import Withdrawal
from ingest.config.terms import TERM_TABLES, Terms
from ingest.database.staging import MET_SCHEMA
from ingest.readers.folders import DisclosureFolder
from ingest.records.disclosure import DATES, Row
from ingest.records.evidence import Evidence, Mention
from ingest.text import redaction

INDEXES = (
    ("officer_allegations", ("disclosure_id", "year", "status")),
    ("officer_allegations", ("rank",)),
    ("officer_allegations", ("result",)),
    ("officer_allegations", ("action",)),
    ("officer_allegations", ("sanction",)),
    ("officer_allegations", ("wording_id",)),
    ("shared_wordings", ("disclosure_id",)),
)

Publication = tuple[DisclosureFolder, Evidence]
"""A disclosure and what was inferred from it."""
Record = dict[str, Any]


def write_shared(connection: sqlite3.Connection, checks: Sequence[tuple[str, str]]) -> None:
    """Write what all disclosures share into a staging file.

    `checks` are the names and sentences of the checks that the disclosures passed.
    """
    db = Database(connection)
    with connection:
        db.table("redaction_bands").insert_all(
            {
                "band": band.band,
                "lower": lower,
                "upper": upper,
                "position": position,
                "meaning": band.meaning,
            }
            for position, (band, lower, upper) in enumerate(bands.ranges(), 1)
        )
        db.table("checks").insert_all(
            {"name": name, "sentence": sentence, "position": position}
            for position, (name, sentence) in enumerate(checks, 1)
        )


def write_met_form(
    connection: sqlite3.Connection,
    publications: Sequence[Publication],
    terms: Terms,
    patterns: Sequence[tuple[Mention, str]],
) -> None:
    """Make the tables of the Met's form in a staging file, and write the disclosures in that form.

    `patterns` are the regular expressions behind the mentions.
    """
    connection.executescript(MET_SCHEMA.read_text("utf-8"))
    db = Database(connection)
    with connection:
        for table in TERM_TABLES.values():
            db.table(table).insert_all(
                {**term.model_dump(), "position": position}
                for position, term in enumerate(getattr(terms, table), 1)
            )
        db.table("mention_patterns").insert_all(
            {**mention._asdict(), "pattern": pattern, "position": position}
            for position, (mention, pattern) in enumerate(patterns, 1)
        )
        for folder, evidence in publications:
            _insert(db, folder, evidence)
        _index_words(connection)
    for table, columns in INDEXES:
        db.table(table).create_index(columns)


def _insert(db: Database, folder: DisclosureFolder, evidence: Evidence) -> None:
    disclosure = folder.disclosure
    blocks = {block.number: block for block in evidence.blocks}
    withdrawn = {withdrawal.id: withdrawal for withdrawal in folder.manifest.withdrawn}
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
            "chance": None if block.probability is None else float(block.probability),
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
            **_officer(id, disclosure.id, row, blocks[row.block].markers_lost, withdrawn.get(id)),
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
        {"allegation_id": id, "rule": query.rule, "question": query.question}
        for id, found in evidence.publisher_queries.items()
        for query in found
    )
    db.table("redactions").insert_all(
        {
            "allegation_id": id,
            "position": position,
            "form": marker.form,
            "exemption": marker.exemption,
        }
        for id, row in rows
        for position, marker in enumerate(row.markers, 1)
    )


def _disclosure(folder: DisclosureFolder) -> Record:
    disclosure, manifest = folder.disclosure, folder.manifest
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
        "source_url": manifest.source_url,
        "source_file": disclosure.source_file,
        "source_format": disclosure.source_format,
        "source_sha256": disclosure.source_sha256,
        "copy_status": manifest.copy_status,
        "rights": manifest.rights,
        "publisher": manifest.publisher,
        "withheld_share_estimate": disclosure.withheld_share_estimate,
        "label": disclosure.reference,
    }


def _officer(
    id: str, disclosure_id: str, row: Row, markers_lost: bool, withdrawn: Withdrawal | None
) -> Record:
    """Return a row of officer_allegations: what was published, and how much of it is redacted."""
    summary = row.summary
    markers = words = density = band = None
    if summary:
        words = redaction.visible_words(summary)
        band = bands.UNKNOWN
        if not markers_lost:
            markers = redaction.count(summary)
            density = redaction.density(summary)
            band = bands.band(density)
    return {
        "id": id,
        "disclosure_id": disclosure_id,
        "position": row.position,
        "block": row.block,
        "line": row.line,
        "year": row.year,
        "status": "under investigation" if row.under_investigation else "finalised",
        "rank": row.rank,
        "summary": None if withdrawn else summary,
        "result": row.result,
        "action": row.action,
        "sanction": row.sanction,
        "visible_words": words,
        "redaction_count": markers,
        "redaction_density": density,
        "redaction_band": band,
        "withdrawn_on": withdrawn and withdrawn.date.isoformat(),
        "withdrawn_reason": withdrawn and withdrawn.reason,
        "source_text": None if withdrawn else row.source_text,
    }


def _index_words(connection: sqlite3.Connection) -> None:
    """Fill the full-text index, with a bar in place of each marker so that no search matches a
    marker."""
    connection.execute(
        """
        insert into officer_allegations_fts (rowid, summary)
        select rowid, replace(summary, :marker, :bars) from officer_allegations
        where summary is not null
        """,
        {"marker": redaction.CANONICAL, "bars": f" {redaction.BAR * 5} "},
    )
    connection.execute(
        "insert into officer_allegations_fts (officer_allegations_fts) values ('optimize')"
    )
