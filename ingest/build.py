"""The whole way from the folders of disclosures to the database, one room after the other."""

from __future__ import annotations

from pathlib import Path

from ingest import database
from ingest.checks import check, check_together
from ingest.evidence import infer
from ingest.findings import Refused
from ingest.folders import read_folders
from ingest.pdf.pool import Pool
from ingest.terms import TERMS_FILE, read_terms


def build(
    disclosures: Path, path: Path, terms_file: Path = TERMS_FILE, pool: Pool | None = None
) -> None:
    """Build the database at `path` from the folders in `disclosures`.

    Raises `Refused`, with every finding, and leaves the last good database where anything is wrong.
    """
    terms, findings = read_terms(terms_file)
    folders, problems = read_folders(disclosures, pool)
    findings += problems + check_together(folders)
    if terms:
        findings += [finding for folder in folders for finding in check(folder, terms)]
    if findings or not terms:
        raise Refused(findings)
    publications = [(folder, infer(folder, terms)) for folder in folders]
    database.write(publications, terms, path)
