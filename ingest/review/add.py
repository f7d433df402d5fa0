"""Make a folder for a new disclosure, with its document and a draft `disclosure.yml` to fill in."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from ingest.config.manifest import FILE_NAME
from ingest.config.markers import run_of, shared_forms, yaml_value
from ingest.config.terms import Terms
from ingest.config.yaml_model import MARK
from ingest.pdf.pool import Pool
from ingest.readers.markers import recognise
from ingest.readers.met import READERS
from ingest.records.audit_findings import KINDS
from ingest.records.disclosure import DATES, Disclosure
from ingest.records.findings import BuildError, Finding
from ingest.review.frequent import frequent_tokens
from ingest.text import redaction
from ingest.text.phrases import pluralize, truncated_repr

_COPY_STATUS = {
    "text": "text conversion, not compared with the published PDF",
    "pdf": "PDF as published",
}


def read_file(file: Path, pool: Pool) -> Disclosure:
    """Return the disclosure in `file`, with its markers recognised. Raise BuildError, with every finding, if it cannot be
    read or, for a PDF, does not pass its audit."""
    reader = READERS.get(file.suffix.lower())
    if not reader:
        expected = f"a file named {' or '.join(READERS)}"
        raise BuildError([Finding(file, None, f"a file named {file.name}", expected, "rename it")])
    disclosure, findings = reader(file, pool)
    if findings or not disclosure:
        raise BuildError(findings)
    return recognise(disclosure, shared_forms())


def describe(disclosure: Disclosure, terms: Terms) -> str:
    """Describe what was read: fields, rows per year, markers and what may be one, unknown terms and
    pending decisions."""
    summaries = [row.summary for row in disclosure.rows if row.summary]
    markers = sum(map(redaction.count, summaries))
    lines = [
        f"{disclosure.reference}: {disclosure.title}",
        f"  {disclosure.document_summary}",
        *(
            f"  {name}: {getattr(disclosure, name) or 'not found: add it to ' + FILE_NAME}"
            for name in DATES
        ),
        *_years(disclosure),
        f"  {pluralize(len(disclosure.rows), 'row')}, "
        f"{pluralize(len(summaries), 'summary', 'summaries')}, "
        f"{pluralize(markers, 'redaction marker')}",
    ]
    lines += [
        f"  decision needed: {truncated_repr(text)} looks like a redaction, "
        f"{pluralize(count, 'time')}: say under redactions in {FILE_NAME} whether it is"
        for text, count in _lookalikes(disclosure).items()
    ]
    if frequent := frequent_tokens(summaries):
        words = ", ".join(f"{truncated_repr(token)} ({count:,})" for token, count in frequent)
        lines.append(
            "  question: does one of these frequent words, each with the number of summaries that it is "
            f"in, stand for redacted words? {words}. If so, add it to markers under redactions in "
            f"{FILE_NAME}"
        )
    lines += [
        f"  unknown {column}, not in terms.yml: {term!r}, in {pluralize(len(rows), 'row')}"
        for (column, term), rows in terms.unknown_in(disclosure.rows).items()
    ]
    lines += [
        f"  decision needed: {pending.kind}, {pending.count:,} in total: {KINDS[pending.kind]}"
        for pending in disclosure.pending
    ]
    return "\n".join(lines)


def _lookalikes(disclosure: Disclosure) -> Counter[str]:
    """Return what looks like a redaction but has no known form, with the number of times."""
    return Counter(text for row in disclosure.rows for text in row.lookalikes)


def _years(disclosure: Disclosure) -> list[str]:
    """Return a line per year: officers published, rows read, and the difference."""
    read = Counter(row.year for row in disclosure.rows)
    published = {total.year: total.officers for total in disclosure.totals}
    lines = []
    for year in sorted({*read, *published}):
        missing = published.get(year, 0) - read[year]
        lines.append(
            f"  {year}: {published.get(year, 0)} published, {pluralize(read[year], 'row')} read"
            + (f", {missing} missing" if missing > 0 else "")
            + (f", {-missing} too many" if missing < 0 else "")
        )
    return lines


def scaffold(file: Path, disclosure: Disclosure, disclosures: Path, known: dict[str, str]) -> Path:
    """Make the folder of `disclosure` in `disclosures`, with a copy of `file` and a draft manifest.

    `known` has publisher, source_url and rights, as far as they are known. Raise BuildError, and
    leave nothing behind, if the folder exists or cannot be made.
    """
    source = f"source{file.suffix.lower()}"
    written = {FILE_NAME: _draft_manifest(disclosure, known)}
    return make_folder(disclosures / disclosure.id, file, source, written)


def make_folder(folder: Path, file: Path, source: str, written: dict[str, str]) -> Path:
    """Make `folder` with a copy of `file`, named `source`, and files with the texts in `written`.

    Raise BuildError, and leave nothing behind, if it exists or cannot be made.
    """
    tmp_dir = folder.with_name(f".{folder.name}.adding")
    try:
        if folder.exists():
            raise FileExistsError("it already exists")
        shutil.rmtree(tmp_dir, ignore_errors=True)
        folder.parent.mkdir(exist_ok=True)
        tmp_dir.mkdir()
        try:
            shutil.copyfile(file, tmp_dir / source)
            for name, text in written.items():
                (tmp_dir / name).write_text(text, "utf-8")
            tmp_dir.rename(folder)
        finally:
            shutil.rmtree(tmp_dir, ignore_errors=True)
    except OSError as error:
        found = error.strerror or str(error)
        fix = "choose another folder with --disclosures, remove the existing one, or free some disk space"
        raise BuildError([Finding(folder, None, found, "a new folder", fix)]) from error
    return folder


def _draft_manifest(disclosure: Disclosure, known: dict[str, str]) -> str:
    def line(key: str, value: str) -> str:
        return yaml.safe_dump({key: value}, allow_unicode=True, width=1_000).strip()

    def given(key: str) -> str:
        return line(key, known[key]) if key in known else f"{key}: {MARK}"

    parts = [
        "# What the document does not say about itself, and what was decided about it.",
        f"# A build refuses this file until nothing in it begins with {MARK}.",
        "",
        *map(given, ("publisher", "source_url")),
        line("source_sha256", disclosure.source_sha256),
        line("copy_status", _COPY_STATUS[disclosure.source_format]),
        given("rights"),
        "# Who decided to publish it, and when: complete docs/publication-decision.md first.",
        f"publication: {MARK}",
        "",
        "# The numbers in the rows' permanent ids, in the document's order.",
        line("row_numbers", f"1-{len(disclosure.rows)}"),
    ]
    if undecided := _lookalikes(disclosure):
        parts += draft_redactions(undecided)
    parts += draft_decisions({one.kind: one.count for one in disclosure.pending})
    return "\n".join([*parts, ""])


def draft_redactions(undecided: Iterable[str]) -> list[str]:
    """Return the lines of a manifest for what looks like a redaction: each as a marker, still to be decided on."""
    entries: dict[str, None] = {}
    for text in undecided:
        run = run_of(text)
        value = f"{MARK} {yaml_value(run or text)}"
        entry = f"run: {value}" if run else value
        # What YAML would not read as one text stays a comment, and stops a build as well.
        whole = yaml.safe_load(f"- {entry}") == [{"run": value} if run else value]
        entries[f"    - {entry}" if whole else f"    # - {yaml_value(text)}"] = None
    return [
        "",
        f"# Each of these looks like a redaction. If it hides words, delete {MARK}; if not, move it to not_markers.",
        "redactions:",
        "  markers:",
        *entries,
        "  not_markers: []",
    ]


def draft_decisions(pending: Mapping[str, int]) -> list[str]:
    """Return the lines of a manifest for the decisions on audit findings, whose counts are by kind; none if
    there are no findings."""
    lines = [
        line
        for kind, count in sorted(pending.items())
        for line in (
            f"  # {KINDS[kind]}",
            f"  - kind: {kind}",
            f"    count: {count}",
            f"    reason: {MARK}",
        )
    ]
    head = [
        "",
        "# Decisions needed: look at the document, and say why each finding is acceptable.",
        "decisions:",
    ]
    return [*head, *lines] if lines else []
