"""Build the database from the folders of disclosures, one step after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.checks import (
    check,
    check_across,
    check_tabular,
    check_withdrawn,
    passed,
)
from ingest.checks.shapes import check_declared
from ingest.config.terms import TERMS_FILE, Terms, load_terms
from ingest.database.finish import finish
from ingest.database.load import create_tables
from ingest.database.replace import in_order, supersede
from ingest.database.staging import staging
from ingest.database.write import write_met_form, write_shared
from ingest.evidence import infer
from ingest.evidence.mentions import listed_patterns
from ingest.evidence.tables import infer_tables
from ingest.pdf.pool import Pool
from ingest.questions import check_questions, write_questions
from ingest.readers.folders import (
    DisclosureFolder,
    TabularFolder,
    read_folders,
    read_tabular_folder,
    read_tabular_folders,
)
from ingest.records.findings import BuildError, Finding


def build(
    disclosures: Path, path: Path, terms_file: Path = TERMS_FILE, pool: Pool | None = None
) -> None:
    """Build the database at `path` from the folders in `disclosures`.

    If anything is wrong, raise BuildError with every finding and leave the last good database in place.
    """
    folders, terms, findings = _read_met_form(disclosures, terms_file, pool)
    tabular, problems = read_tabular_folders(disclosures, pool)
    _build(folders, tabular, terms, findings + problems, path)


def build_one(folder: Path, source: Path, path: Path, pool: Pool | None = None) -> None:
    """Build a database at `path` from one document of any shape, with the manifest in `folder`."""
    terms, findings = load_terms()
    tabular, problems = read_tabular_folder(folder, source, pool)
    _build([], [tabular] if tabular else [], terms, findings + problems, path)


def _build(
    folders: Sequence[DisclosureFolder],
    tabular: Iterable[TabularFolder],
    terms: Terms | None,
    findings: list[Finding],
    path: Path,
) -> None:
    tabular = in_order(tabular)
    declared = list(check_declared(folders, tabular))
    with staging(path) as connection:
        if not declared:  # otherwise two shapes may make one table
            create_tables(connection, tabular)
            declared = [*check_questions(connection, tabular)]
            findings += [one for folder in tabular for one in check_tabular(connection, folder)]
        if findings or declared or not terms:
            raise BuildError(findings + declared)
        checks = passed(bool(folders), bool(tabular))
        write_shared(connection, [(one.name, one.sentence) for one in checks])
        if folders:
            publications = [(folder, infer(folder, terms)) for folder in folders]
            write_met_form(connection, publications, terms, listed_patterns())
        for folder in tabular:
            if folder.manifest.supersedes:
                supersede(connection, folder)
        if findings := list(check_withdrawn(connection, tabular)):
            raise BuildError(findings)
        infer_tables(connection, tabular)
        finish(connection, {folder.shape_path: folder.shape for folder in tabular}.values())
        write_questions(connection, tabular)


def read_checked(
    disclosures: Path, terms_file: Path = TERMS_FILE, pool: Pool | None = None
) -> tuple[list[DisclosureFolder], Terms]:
    """Return the disclosures in the Met's form, and the terms. Raise BuildError, with every finding, if any
    check fails."""
    folders, terms, findings = _read_met_form(disclosures, terms_file, pool)
    if findings or not terms:
        raise BuildError(findings)
    return folders, terms


def _read_met_form(
    disclosures: Path, terms_file: Path, pool: Pool | None
) -> tuple[list[DisclosureFolder], Terms | None, list[Finding]]:
    terms, findings = load_terms(terms_file)
    folders, problems = read_folders(disclosures, pool)
    findings += problems + check_across(folders)
    if terms:
        findings += [finding for folder in folders for finding in check(folder, terms)]
    return folders, terms, findings
