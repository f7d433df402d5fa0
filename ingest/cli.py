"""The commands of the ingest: arguments in, messages out, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from ingest import redaction
from ingest.build import build as build_database
from ingest.checks import check
from ingest.evidence.wordings import propose
from ingest.findings import Finding, Refused, numbered
from ingest.folders import Folder, read_folders
from ingest.report import report
from ingest.risk import report as report_risk
from ingest.terms import read_terms

ROOT = Path(__file__).resolve().parent.parent
DISCLOSURES = Path(__file__).resolve().parent / "disclosures"


@click.group()
def main() -> None:
    """Turn disclosures into the public database."""


disclosures_option = click.option(
    "--disclosures",
    type=click.Path(path_type=Path),
    default=DISCLOSURES,
    help="The folder with one folder a disclosure.  [default: ingest/disclosures]",
)


@main.command()
@disclosures_option
@click.option(
    "--database",
    "path",
    type=click.Path(path_type=Path),
    default=ROOT / "foi.db",
    help="Where to write the database.  [default: foi.db at the project's root]",
)
def build(disclosures: Path, path: Path) -> None:
    """Read and check every disclosure, and build the database anew.

    If anything is wrong with any of them, all of it is told, nothing is built, the last good
    database stays as it is, and the exit code is 1.
    """
    try:
        build_database(disclosures, path)
    except Refused as refusal:
        _refuse(refusal.findings, "nothing was built, and nothing that was there has changed")
    click.echo(f"{report(path)}\n\n{path} is built.")


@main.command()
@disclosures_option
def wordings(disclosures: Path) -> None:
    """Propose rows whose wordings are nearly equal, for a person to judge.

    What you take for one event goes under same_wording in the disclosure's disclosure.yml, with
    the reason; what is doubtful stays out. Nothing is written.
    """
    for folder in _read(disclosures):
        groups = propose(folder.readable_rows, folder.particulars.same_wording)
        click.echo(f"{folder.disclosure.reference}: {numbered(len(groups), 'proposal')}\n")
        for group in groups:
            for id, row in group:
                click.echo(f"  {id}  {row.year}  {redaction.canonicalise(row.summary or '')}")
            click.echo()


@main.command()
@disclosures_option
def risk(disclosures: Path) -> None:
    """Tell what might identify people, before anything is published.

    Rare combinations of what is published, words in summaries, and summaries of two disclosures that
    fill each other's gaps. The report names rows and words: keep it among those who decide
    (docs/publication-decision.md). Nothing is written.
    """
    click.echo(report_risk(_read(disclosures)))


def _read(disclosures: Path) -> list[Folder]:
    """The folders of `disclosures`, or an exit with everything that is wrong with them."""
    terms, findings = read_terms()
    folders, problems = read_folders(disclosures)
    findings += problems
    if terms:
        findings += [finding for folder in folders for finding in check(folder, terms)]
    if findings:
        _refuse(findings, "nothing was looked at")
    return folders


def _refuse(findings: Sequence[Finding], consequence: str) -> NoReturn:
    for finding in findings:
        click.echo(f"{finding}\n", err=True)
    click.echo(f"{numbered(len(findings), 'finding')}: {consequence}.", err=True)
    raise SystemExit(1) from None
