"""The command-line interface: arguments and messages only."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import click

from ingest.build import build as build_database
from ingest.build import build_one, read_checked
from ingest.config.manifest import load_manifest, record_copy_status
from ingest.config.markers import shared_forms
from ingest.config.terms import load_terms
from ingest.database.summary import summarise
from ingest.evidence.wordings import propose
from ingest.excel.audit import audit_workbook
from ingest.pdf.limits import Unreadable
from ingest.pdf.pool import Pool, read_document
from ingest.readers.folders import DisclosureFolder, read_tabular_folders
from ingest.readers.gate import blocking_findings
from ingest.readers.met.pdf import read_pdf_disclosure
from ingest.readers.met.text import read_text_disclosure
from ingest.records.audit_findings import KINDS
from ingest.records.findings import BuildError, Finding
from ingest.review.add import describe, read_file, scaffold
from ingest.review.add_table import add_table, read_table_file
from ingest.review.audit_report import write_audit_report, write_workbook_report
from ingest.review.compare import compare as differences_between
from ingest.review.compare import outcome
from ingest.review.disclosure_risk import describe_risk, describe_table_risk
from ingest.review.preview import HOST, prepared, serve
from ingest.text.phrases import escape_hidden, pluralize


@click.group()
@click.version_option(package_name="disclosed-in-part")
def main() -> None:
    """Turn disclosures into a public database."""


disclosures_option = click.option(
    "--disclosures",
    type=click.Path(path_type=Path),
    default="ingest/disclosures",
    show_default=True,
    help="The folder with a subfolder for each disclosure.",
)


def pool_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--workers` and `--scheduler` to a command, which gets them as `pool`."""

    @click.option(
        "--workers",
        type=click.IntRange(1, 64),
        default=2,
        show_default=True,
        help="The number of local processes that read the pages of a PDF.",
    )
    @click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Read the pages with all workers of this Dask scheduler, for example tcp://127.0.0.1:8786.",
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
    default="foi.db",
    show_default=True,
    help="Where to write the database.",
)
@pool_options
def build(disclosures: Path, path: Path, pool: Pool) -> None:
    """Read and check every disclosure, and build the database.

    If anything is wrong, list every problem, build nothing, leave the last good database in place
    and exit with code 1.
    """
    try:
        build_database(disclosures, path, pool=pool)
    except BuildError as error:
        _refuse(error.findings, "nothing was built, and nothing was changed")
    _echo(f"{summarise(path)}\n\nBuilt {path}.")


@main.command(name="try")
@click.argument("example", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--database",
    "path",
    type=click.Path(path_type=Path),
    default="example.db",
    show_default=True,
    help="Where to write the database.",
)
@pool_options
def try_example(example: Path, file: Path, path: Path, pool: Pool) -> None:
    """Build a database of one document of any shape.

    EXAMPLE is a folder with a shape.yml and a disclosure.yml, such as those in examples, and FILE the
    document that they describe. If anything is wrong, list every problem and exit with code 1.
    """
    try:
        build_one(example, file, path, pool)
    except BuildError as error:
        _refuse(error.findings, "nothing was built")
    _echo(f"{summarise(path)}\n\nBuilt {path}.")


@main.command()
@disclosures_option
@pool_options
def similar_wordings(disclosures: Path, pool: Pool) -> None:
    """List rows with nearly the same wording, for a person to judge.

    Record rows that you judge to describe one incident under same_wording in disclosure.yml, with a
    reason. Leave out doubtful cases. Writes nothing.
    """
    for folder in _read(disclosures, pool):
        groups = propose(folder.readable_rows, folder.manifest.same_wording)
        _echo(f"{folder.disclosure.reference}: {pluralize(len(groups), 'proposal')}\n")
        for group in groups:
            for id, row in group:
                _echo(f"  {id}  {row.year}  {row.summary or ''}")
            _echo()


@main.command()
@disclosures_option
@pool_options
def disclosure_risk(disclosures: Path, pool: Pool) -> None:
    """List what might identify people, before anything is published.

    Lists rare combinations of published values, identifying words in summaries and other texts, and
    summaries of two disclosures that fill each other's gaps. The report quotes rows: show it only to those who decide
    on publication (docs/publication-decision.md). Writes nothing.
    """
    report = describe_risk(_read(disclosures, pool))
    tabular, _ = read_tabular_folders(disclosures, pool)
    if tabular:
        with TemporaryDirectory() as folder:
            database = Path(folder) / "foi.db"
            try:
                build_database(disclosures, database, pool=pool)
            except BuildError as error:
                _refuse(error.findings, "nothing was examined")
            report += f"\n\n{describe_table_risk(database, tabular)}"
    _echo(report)


file_argument = click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)
)


@main.command()
@file_argument
@click.option(
    "--report",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an HTML report: an image of each page of a PDF that has findings, with each blacked out and outlined, or a list for each sheet.",
)
@pool_options
def audit(file: Path, page: Path | None, pool: Pool) -> None:
    """Check whether a PDF or an Excel workbook hides anything that can be recovered.

    Report the kind, place and number of findings, but never the hidden content. Exit with code 1 if the
    file is refused; otherwise list the decisions to record in disclosure.yml.
    """
    try:
        if file.suffix.lower() == ".xlsx":
            workbook = audit_workbook(file)
            if page:
                write_workbook_report(page, file, workbook)
            names = [sheet.name for sheet in workbook.sheets]
            refused = blocking_findings(file, workbook.findings, names)
            extent, counts = pluralize(len(names), "sheet"), workbook.counts
        else:
            document = read_document(file, pool)
            if page:
                write_audit_report(page, file, document, pool)
            refused = blocking_findings(file, document.findings)
            extent, counts = pluralize(document.file.pages, "page"), document.counts
    except BuildError as error:
        _refuse(error.findings, "do not publish this document")
    except Unreadable as error:
        _refuse([error.finding(file)], "do not publish this document")
    except OSError as error:
        found = error.strerror or str(error)
        _refuse(
            [Finding(page or file, None, found, "a writable file", "choose another path")],
            "no report was written",
        )
    if page:
        _echo(f"Wrote {page}.")
    if refused:
        _refuse(refused, "do not publish this document")
    _echo(f"{extent}: nothing was refused.")
    for kind, count in sorted(counts.items()):
        _echo(f"Decision needed: {kind}, {count:,} in total: {KINDS[kind]}.")


@main.command()
@click.argument("text", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("pdf", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--record",
    is_flag=True,
    help="Write the outcome to copy_status in the text's disclosure.yml.",
)
@pool_options
def compare(text: Path, pdf: Path, record: bool, pool: Pool) -> None:
    """List every difference between a text conversion and its PDF, row by row.

    Audits the PDF first. With --record, write the outcome to copy_status in the text's
    disclosure.yml.
    """
    ours, findings = read_text_disclosure(text)
    theirs, more = read_pdf_disclosure(pdf, pool)
    if not ours or not theirs or findings or more:
        _refuse([*findings, *more], "nothing was compared")
    manifest, _ = load_manifest(text.parent)
    forms = manifest.forms if manifest else shared_forms()
    differences = differences_between(ours, theirs, forms)
    for difference in differences:
        _echo(f"{difference}\n")
    status = (
        f"text conversion, compared with the published PDF (SHA-256 {theirs.source_sha256[:12]}) "
        f"on {datetime.date.today()}: {outcome(ours, differences)}"
    )
    _echo(f"copy_status: {status}")
    if record:
        try:
            record_copy_status(text.parent, status)
        except BuildError as error:
            _refuse(error.findings, "nothing was recorded")
        _echo("Recorded.")


@main.command()
@file_argument
@disclosures_option
@click.option("--publisher", help="Who published the document.")
@click.option("--source-url", help="The URL of the published document.")
@click.option("--rights", help="Who holds the rights, and the terms of re-use if known.")
@pool_options
def add(file: Path, disclosures: Path, pool: Pool, **given: str | None) -> None:
    """Audit and read a document, describe it, and make a folder for it.

    FILE is a table: CSV, Excel, a PDF or a text with tabs. If a known shape fits it, the new folder uses that;
    otherwise a shape, which says what the columns mean, is drafted from the file.

    Then list what a person must decide, most consequential first, and where to write it. In the
    drafts, each such value begins with DECIDE; a build refuses them until every one is decided.

    Nothing is copied until the document passes its audit.
    """
    known = {key: value for key, value in given.items() if value}
    try:
        _echo(f"Auditing and reading {file}.")
        table = read_table_file(file, pool)
        if not table.is_met_form:
            added = add_table(table, disclosures, known, pool)
            folder = added.folder
            _echo("\n".join(added.remarks))
            _echo(
                f"\n{pluralize(len(added.questions), 'decision')} for a person, most consequential first:\n"
            )
            for number, question in enumerate(added.questions, 1):
                _echo(f"{number:2}. " + str(question).replace("\n", "\n  "))
        else:
            disclosure = read_file(file, pool)
            terms, findings = load_terms()
            if not terms:
                raise BuildError(findings)
            _echo(describe(disclosure, terms))
            folder = scaffold(file, disclosure, disclosures, known)
    except BuildError as error:
        _refuse(error.findings, "nothing was copied")
    _echo(
        f"\nMade {folder}. Next: look at it with foi-ingest preview {folder}, replace each DECIDE in "
        f"{' and '.join(path.name for path in sorted(folder.glob('*.yml')))}, then build."
    )


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", type=click.IntRange(1, 65_535), default=8002, show_default=True)
@pool_options
def preview(folder: Path, port: int, pool: Pool) -> None:
    """Look at the site with a draft, before anything is published.

    FOLDER is a disclosure's folder, as made by add. The site is built in a temporary folder and served to
    this machine only, with a banner on every page, until Ctrl+C. Where something is not decided yet, the
    site shows what is proposed. foi.db and what is served from it stay as they are.
    """
    try:
        with prepared(folder, pool) as ready:
            _echo(summarise(ready.database))
            for name in ready.left_out:
                _echo(f"Left out: {name}, which is a draft too.")
            for name, undecided in ready.undecided.items():
                for one in undecided:
                    proposed = f"proposed: {one.proposal}" if one.proposal else "nothing proposed"
                    _echo(f"Not decided: {name}, line {one.line}: {one.name}, {proposed}")
            _echo(f"\nOn this machine only: http://{HOST}:{port}/ (stop it with Ctrl+C)")
            serve(ready, port)
    except BuildError as error:
        _refuse(error.findings, "nothing is served, and nothing was changed")
    except OSError as error:
        _refuse(
            [
                Finding(
                    folder,
                    None,
                    error.strerror or str(error),
                    "a folder that can be copied, and room in the temporary folder",
                    "free some disk space, or name another temporary folder with TMPDIR",
                )
            ],
            "nothing is served, and nothing was changed",
        )


def _read(disclosures: Path, pool: Pool) -> list[DisclosureFolder]:
    """Return the disclosures, or list everything wrong with them and exit."""
    try:
        return read_checked(disclosures, pool=pool)[0]
    except BuildError as error:
        _refuse(error.findings, "nothing was examined")


def _echo(text: str = "", err: bool = False) -> None:
    """Print `text`. Names and quotations in it cannot command a terminal."""
    click.echo("\n".join(map(escape_hidden, text.split("\n"))), err=err)


def _refuse(findings: Sequence[Finding], consequence: str) -> NoReturn:
    for finding in findings:
        _echo(f"{finding}\n", err=True)
    _echo(f"{pluralize(len(findings), 'finding')}: {consequence}.", err=True)
    raise SystemExit(1) from None
