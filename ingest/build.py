"""Build the database from the folders of disclosures, one step after the other."""

from __future__ import annotations

from pathlib import Path

from ingest.checks import CHECKS, check, check_across
from ingest.config.terms import TERMS_FILE, Terms, load_terms
from ingest.database.write import write_database
from ingest.evidence import infer
from ingest.evidence.mentions import listed_patterns
from ingest.pdf.pool import Pool
from ingest.readers.folders import DisclosureFolder, read_folders
from ingest.records.findings import BuildError


def build(
    disclosures: Path, path: Path, terms_file: Path = TERMS_FILE, pool: Pool | None = None
) -> None:
    """Build the database at `path` from the folders in `disclosures`.

    If anything is wrong, raise BuildError with every finding and leave the last good database in place.
    """
    folders, terms = read_checked(disclosures, terms_file, pool)
    publications = [(folder, infer(folder, terms)) for folder in folders]
    checks = [(one.name, one.sentence) for one in CHECKS]
    write_database(publications, terms, checks, listed_patterns(), path)


def read_checked(
    disclosures: Path, terms_file: Path = TERMS_FILE, pool: Pool | None = None
) -> tuple[list[DisclosureFolder], Terms]:
    """Return the disclosures and terms. Raise BuildError, with every finding, if any check fails."""
    terms, findings = load_terms(terms_file)
    folders, problems = read_folders(disclosures, pool)
    findings += problems + check_across(folders)
    if terms:
        findings += [finding for folder in folders for finding in check(folder, terms)]
    if findings or not terms:
        raise BuildError(findings)
    return folders, terms
