"""The commands of the ingest: arguments in, messages out, and nothing else."""

from __future__ import annotations

from pathlib import Path

import click

from ingest.build import build as build_database
from ingest.findings import Refused, numbered
from ingest.report import report

ROOT = Path(__file__).resolve().parent.parent
DISCLOSURES = Path(__file__).resolve().parent / "disclosures"


@click.group()
def main() -> None:
    """Turn disclosures into the public database."""


@main.command()
@click.option(
    "--disclosures",
    type=click.Path(path_type=Path),
    default=DISCLOSURES,
    help="The folder with one folder a disclosure.  [default: ingest/disclosures]",
)
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
        for finding in refusal.findings:
            click.echo(f"{finding}\n", err=True)
        reasons = numbered(len(refusal.findings), "finding")
        click.echo(
            f"{reasons}: nothing was built, and nothing that was there has changed.", err=True
        )
        raise SystemExit(1) from None
    click.echo(f"{report(path)}\n\n{path} is built.")
