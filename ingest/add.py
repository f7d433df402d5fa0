"""Make a folder for a new disclosure: its document, and a disclosure.yml with what is left to decide."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import yaml

from ingest import redaction
from ingest.checks import unknown_terms
from ingest.disclosure import Disclosure
from ingest.findings import Finding, Refused, numbered
from ingest.folders import DATES
from ingest.particulars import FILE_NAME
from ingest.pdf.audited import KINDS
from ingest.pdf.pool import Pool
from ingest.readers import pdf, text
from ingest.terms import Terms

_SOURCES = {".txt": "source.txt", ".pdf": "source.pdf"}
_COPY_STATUS = {
    "text": "text conversion, not compared with the published PDF",
    "pdf": "PDF as published",
}


def read(file: Path, pool: Pool) -> Disclosure:
    """The disclosure in `file`, a PDF audited before anything else. Raises Refused with every finding."""
    if file.suffix.lower() not in _SOURCES:
        expected = "a file named .txt or .pdf"
        raise Refused([Finding(file, None, f"a file named {file.name}", expected, "rename it")])
    disclosure, findings = (
        pdf.read(file, pool) if file.suffix.lower() == ".pdf" else text.read(file)
    )
    if findings or not disclosure:
        raise Refused(findings)
    return disclosure


def told(disclosure: Disclosure, terms: Terms) -> str:
    """What was read: fields, totals against rows, markers, and terms that are not known yet."""
    lines = [
        f"{disclosure.reference}: {disclosure.title}",
        f"  {disclosure.document_summary}",
        *(
            f"  {name}: {getattr(disclosure, name) or 'not to be read: give it in ' + FILE_NAME}"
            for name in DATES
        ),
    ]
    found = Counter(row.year for row in disclosure.rows)
    published = {total.year: total.officers for total in disclosure.totals}
    for year in sorted({*found, *published}):
        less = published.get(year, 0) - found[year]
        lines.append(
            f"  {year}: {published.get(year, 0)} published, {numbered(found[year], 'row')} read"
            + (f", {less} missing" if less > 0 else f", {-less} too many" if less else "")
        )
    summaries = [row.summary for row in disclosure.rows if row.summary]
    markers = sum(map(redaction.count, summaries))
    lines.append(
        f"  {numbered(len(disclosure.rows), 'row')}, {numbered(len(summaries), 'summary', 'summaries')}, "
        f"{numbered(markers, 'redaction marker')}"
    )
    lines += [
        f"  a {column} that terms.yml does not know: {term!r}, {len(rows):,} times"
        for (column, term), rows in unknown_terms(disclosure.rows, terms).items()
    ]
    lines += [
        f"  to be decided: {held.kind}, {held.count:,} in all: {KINDS[held.kind]}"
        for held in disclosure.held
    ]
    return "\n".join(lines)


def scaffold(file: Path, disclosure: Disclosure, disclosures: Path, given: dict[str, str]) -> Path:
    """Make the folder of `disclosure` below `disclosures`, with a copy of `file`.

    `given` are publisher, source_url and rights, as far as they are known. Raises Refused where the
    folder is there already or cannot be made; nothing of it stays then.
    """
    folder = disclosures / disclosure.id
    making = disclosures / f".{disclosure.id}.adding"
    try:
        if folder.exists():
            raise FileExistsError("it is there already")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        try:
            shutil.copyfile(file, making / _SOURCES[file.suffix.lower()])
            (making / FILE_NAME).write_text(_particulars(disclosure, given), "utf-8")
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        found = error.strerror or str(error)
        remedy = "name another place with --disclosures, or remove what is there"
        raise Refused(
            [Finding(folder, None, found, "a folder that can be made", remedy)]
        ) from error
    return folder


def _particulars(disclosure: Disclosure, given: dict[str, str]) -> str:
    def line(key: str, value: object) -> str:
        return yaml.safe_dump({key: value}, allow_unicode=True, width=1_000).strip()

    parts = [
        "# What the document does not say of itself, and what was decided about it.",
        "# What is left empty is to be filled in: a build refuses it.",
        "",
        *(line(key, given.get(key, "")) for key in ("publisher", "source_url")),
        line("source_sha256", disclosure.source_sha256),
        line("copy_status", _COPY_STATUS[disclosure.source_format]),
        line("rights", given.get("rights", "")),
        "",
        "# The numbers in the rows' permanent ids, in the document's order.",
        line("numbers", f"1-{len(disclosure.rows)}"),
    ]
    if disclosure.held:
        parts += [
            "",
            "# What the audit left to people: look at the document, and say why each may stand.",
            "decisions:",
        ]
        for held in disclosure.held:
            parts += [
                f"  # {KINDS[held.kind]}",
                f"  - finding: {held.kind}",
                f"    count: {held.count}",
                '    reason: ""',
            ]
    return "\n".join([*parts, ""])
