"""The commands of the ingest: arguments in, messages out, and nothing else."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from ingest import redaction
from ingest.add import read as read_new
from ingest.add import scaffold, told
from ingest.build import build as build_database
from ingest.checks import check
from ingest.compare import compare as differences_between
from ingest.compare import outcome
from ingest.evidence.wordings import propose
from ingest.findings import Finding, Refused, numbered
from ingest.folders import Folder, read_folders
from ingest.particulars import FILE_NAME, record_status
from ingest.pdf.audited import KINDS
from ingest.pdf.limits import Unreadable
from ingest.pdf.pool import Pool
from ingest.pdf.pool import read as read_document
from ingest.pdf.report import write as write_report
from ingest.readers.pdf import read as read_pdf
from ingest.readers.pdf import refusals
from ingest.readers.text import read as read_text
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


def pool_options(command: Callable[..., None]) -> Callable[..., None]:
    """Who reads the pages of PDFs: `--workers` and `--scheduler`, given to the command as `pool`."""

    @click.option(
        "--workers",
        type=click.IntRange(1, 64),
        default=2,
        show_default=True,
        help="Processes that read the pages of a PDF.",
    )
    @click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="A Dask scheduler whose workers read them instead, such as tcp://127.0.0.1:8786.",
    )
    @functools.wraps(command)
    def with_pool(*, workers: int, scheduler: str | None, **given: Any) -> None:
        command(pool=Pool(workers, scheduler), **given)

    return with_pool


@main.command()
@disclosures_option
@click.option(
    "--database",
    "path",
    type=click.Path(path_type=Path),
    default=ROOT / "foi.db",
    help="Where to write the database.  [default: foi.db at the project's root]",
)
@pool_options
def build(disclosures: Path, path: Path, pool: Pool) -> None:
    """Read and check every disclosure, and build the database anew.

    If anything is wrong with any of them, all of it is told, nothing is built, the last good
    database stays as it is, and the exit code is 1.
    """
    try:
        build_database(disclosures, path, pool=pool)
    except Refused as refusal:
        _refuse(refusal.findings, "nothing was built, and nothing that was there has changed")
    click.echo(f"{report(path)}\n\n{path} is built.")


@main.command()
@disclosures_option
@pool_options
def wordings(disclosures: Path, pool: Pool) -> None:
    """Propose rows whose wordings are nearly equal, for a person to judge.

    What you take for one event goes under same_wording in the disclosure's disclosure.yml, with
    the reason; what is doubtful stays out. Nothing is written.
    """
    for folder in _read(disclosures, pool):
        groups = propose(folder.readable_rows, folder.particulars.same_wording)
        click.echo(f"{folder.disclosure.reference}: {numbered(len(groups), 'proposal')}\n")
        for group in groups:
            for id, row in group:
                click.echo(f"  {id}  {row.year}  {redaction.canonicalise(row.summary or '')}")
            click.echo()


@main.command()
@disclosures_option
@pool_options
def risk(disclosures: Path, pool: Pool) -> None:
    """Tell what might identify people, before anything is published.

    Rare combinations of what is published, words in summaries, and summaries of two disclosures that
    fill each other's gaps. The report names rows and words: keep it among those who decide
    (docs/publication-decision.md). Nothing is written.
    """
    click.echo(report_risk(_read(disclosures, pool)))


file_argument = click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
)


@main.command()
@file_argument
@click.option(
    "--report",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with a picture of each place, blacked out and framed.",
)
@pool_options
def audit(file: Path, page: Path | None, pool: Pool) -> None:
    """Prove that a PDF hides nothing that can be brought to light, or refuse it.

    Told are kinds, pages, places and counts, never what is hidden. What is refused ends with exit
    code 1; what is left to people is listed as disclosure.yml wants it decided.
    """
    try:
        document = read_document(file, pool)
        if page:
            write_report(page, file, document, pool)
    except Unreadable as error:
        _refuse([error.finding(file)], "not to be published")
    except OSError as error:
        found = error.strerror or str(error)
        _refuse(
            [Finding(page or file, None, found, "a place to write", "name another")], "no report"
        )
    if page:
        click.echo(f"{page} shows the places.")
    if refused := list(refusals(file, document)):
        _refuse(refused, "not to be published")
    click.echo(f"{numbered(document.file.pages, 'page')}: nothing that is refused.")
    for kind, count in sorted(document.counts.items()):
        click.echo(f"To be decided: {kind}, {count:,} in all: {KINDS[kind]}.")


@main.command()
@click.argument("text", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("pdf", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--record", is_flag=True, help="Write the outcome as copy_status beside the text.")
@pool_options
def compare(text: Path, pdf: Path, record: bool, pool: Pool) -> None:
    """List every difference between a text conversion and its PDF, row by row.

    The PDF is audited first. With --record, copy_status in the disclosure.yml beside the text says
    that they were compared, and how it came out.
    """
    ours, findings = read_text(text)
    theirs, more = read_pdf(pdf, pool)
    if not ours or not theirs or findings or more:
        _refuse([*findings, *more], "nothing was compared")
    differences = differences_between(ours, theirs)
    for difference in differences:
        click.echo(f"{difference}\n")
    status = (
        f"text conversion, compared with the published PDF (SHA-256 {theirs.source_sha256[:12]}) "
        f"on {datetime.date.today()}: {outcome(ours, differences)}"
    )
    click.echo(f"copy_status: {status}")
    if record:
        try:
            record_status(text.parent, status)
        except Refused as refusal:
            _refuse(refusal.findings, "nothing was recorded")
        click.echo("Recorded.")


@main.command()
@file_argument
@disclosures_option
@click.option("--publisher", help="The force that published it.")
@click.option("--source-url", help="The address at which it was published.")
@click.option("--rights", help="Who holds the rights, and what is known of re-use.")
@pool_options
def add(file: Path, disclosures: Path, pool: Pool, **given: str | None) -> None:
    """Audit and read a document, show what it says, and make a folder for it.

    Nothing of it is copied before its audit has let it through. What is left to fill in or to decide
    stands empty in the new disclosure.yml, and a build refuses it until it is done.
    """
    try:
        disclosure = read_new(file, pool)
        terms, findings = read_terms()
        if not terms:
            raise Refused(findings)
        click.echo(told(disclosure, terms))
        known = {key: value for key, value in given.items() if value}
        folder = scaffold(file, disclosure, disclosures, known)
    except Refused as refusal:
        _refuse(refusal.findings, "nothing was copied")
    click.echo(f"\n{folder} is made. Fill in {folder / FILE_NAME}, and build.")


def _read(disclosures: Path, pool: Pool) -> list[Folder]:
    """The folders of `disclosures`, or an exit with everything that is wrong with them."""
    terms, findings = read_terms()
    folders, problems = read_folders(disclosures, pool)
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
