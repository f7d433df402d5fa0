"""Make a folder for a disclosure in the form of a table: with a known shape that fits it, or a draft of one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ingest.config.files import MAX_DOCUMENT, open_regular
from ingest.config.manifest import FILE_NAME
from ingest.config.markers import yaml_value
from ingest.config.shape import fold
from ingest.config.yaml_model import MARK
from ingest.pdf.pool import Pool
from ingest.readers.documents import Document, open_document
from ingest.readers.met.form import COLUMNS
from ingest.records.audit_findings import KINDS
from ingest.records.cells import CellRow
from ingest.records.disclosure import SourceFormat
from ingest.records.findings import BuildError, Finding
from ingest.review.add import draft_decisions, draft_redactions, make_folder
from ingest.review.draft import (
    MAX_ROWS,
    SHAPE_FILE,
    Draft,
    Question,
    Redacted,
    Weight,
    draft_shape,
)
from ingest.review.fit import Fit, known_shapes, try_shapes
from ingest.text.phrases import pluralize, truncated_repr

_TEXTS: tuple[SourceFormat, ...] = ("csv", "text")
_COPIES: dict[SourceFormat, str] = {
    "csv": "CSV file",
    "text": "text file",
    "excel": "workbook",
    "pdf": "PDF",
}
_TITLES = {
    "publisher": ("Who published it?", "such as: A council"),
    "title": ("What is it called?", "such as: Parking fines, 2019 to 2023"),
    "source_url": ("At which address is it published?", "https://…; or remove the line"),
    "rights": (
        "Who holds the rights, and on which terms may it be used?",
        "such as: re-use terms not stated",
    ),
}
"""What only a person can say of a document: the question, and a comment."""


@dataclass(frozen=True)
class TableFile:
    """A file of tables that passed its audit: the document, its encoding if it is a text that is not UTF-8, and its
    first rows."""

    path: Path
    document: Document
    encoding: str | None
    rows: Sequence[CellRow]

    @property
    def is_met_form(self) -> bool:
        """Whether it has the table of the Metropolitan Police's form, which has a reader of its own."""
        heads = tuple(map(fold, COLUMNS))
        return self.path.suffix.lower() in (".txt", ".pdf") and any(
            tuple(fold(cell or "") for cell in row.cells) == heads for row in self.rows
        )


@dataclass(frozen=True)
class Added:
    """A folder that was made, what was found out on the way, and the questions for a person, in order of weight."""

    folder: Path
    remarks: Sequence[str]
    questions: Sequence[Question]


def read_table_file(file: Path, pool: Pool | None = None) -> TableFile:
    """Return the first rows of a file. Raise BuildError, with every finding, if it cannot be read, or does not
    pass its audit."""
    encoding = _encoding(file) if file.suffix.lower() in (".csv", ".tsv", ".txt") else None
    document, findings = open_document(file, encoding, pool or Pool())
    if not document:
        raise BuildError(findings)
    read = list(islice(document.cells(), MAX_ROWS))
    if findings := [one for one in read if isinstance(one, Finding)]:
        raise BuildError(findings)
    return TableFile(file, document, encoding, [one for one in read if isinstance(one, CellRow)])


def _encoding(file: Path) -> str | None:
    """Return the encoding that a text probably has, or None if it is UTF-8."""
    try:
        with open_regular(file, MAX_DOCUMENT) as data:
            if data.read(2) in (b"\xff\xfe", b"\xfe\xff"):
                return "utf-16"
        with file.open(encoding="utf-8") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    except OSError:
        pass  # which is reported when it is read
    return None


def add_table(
    table: TableFile, disclosures: Path, known: dict[str, str], pool: Pool | None = None
) -> Added:
    """Make the folder of a disclosure in `disclosures`, with a copy of the file and the drafts.

    The shape is a known one if one fits. Raise BuildError, and leave nothing behind, if the file has no
    table or the folder cannot be made.
    """
    id = re.sub(r"[^a-z0-9]+", "-", table.path.stem.lower()).strip("-")[:60] or "disclosure"
    folder = disclosures / id
    source = f"source{table.path.suffix.lower()}"
    fits = _fits(table, disclosures, folder, id, pool)
    remarks = _describe_fits(fits)
    written: dict[str, str] = {}
    questions: list[Question] = []
    if fits and not fits[0].findings:
        shape, redacted, odd = f"{MARK} {fits[0].name}", fits[0].redacted, {}
    else:
        draft = _draft(table, id)
        written[SHAPE_FILE] = draft.shape
        shape, redacted, odd = SHAPE_FILE, draft.redacted, draft.odd
        remarks.append(f"Drafted a shape: {pluralize(draft.tables, 'table')}.")
        if len(table.rows) >= MAX_ROWS - 1:
            remarks.append(
                f"Only the first {MAX_ROWS:,} rows were looked at; a build looks at all."
            )
        questions += draft.questions
    manifest, more = _draft_manifest(table, id, source, shape, redacted, odd, known)
    written[FILE_NAME] = manifest
    questions += more
    made = make_folder(folder, table.path, source, written)
    return Added(made, remarks, sorted(questions, key=lambda question: question.weight))


def _fits(
    table: TableFile, disclosures: Path, folder: Path, id: str, pool: Pool | None
) -> list[Fit]:
    """Return how the file fits the shapes that are known and near."""

    def open_as(encoding: str | None) -> Document | None:
        if table.document.format in _TEXTS:
            return open_document(table.path, encoding, pool or Pool())[0]
        return table.document

    manifest: dict[str, object] = {
        "id": id,
        "file": table.path.name,
        "source_sha256": table.document.sha256,
    }
    return try_shapes(table.path, manifest, open_as, table.rows, known_shapes(disclosures, folder))


def _describe_fits(fits: Sequence[Fit]) -> list[str]:
    fitting = [fit for fit in fits if not fit.findings]
    if fitting:
        others = [f"It also fits {fit}." for fit in fitting[1:]]
        return [f"It fits the shape {fitting[0]}.", *others]
    if not fits:
        return ["It fits no known shape."]
    nearest = fits[0]
    listed = [
        re.sub(r"^", "  ", str(finding), flags=re.MULTILINE) for finding in nearest.findings[:3]
    ]
    more = len(nearest.findings) - len(listed)
    return [
        f"It fits no known shape. The nearest is {nearest}; this does not fit:",
        *listed,
        *([f"  … and {pluralize(more, 'other finding')}"] if more else []),
        f"If it is a document of that family, extend the shape first ({nearest.name}), remove the folder made "
        "now, and add the file again.",
    ]


def _draft(table: TableFile, id: str) -> Draft:
    family = re.sub(r"(-\d+)+$", "", id).replace("-", "_")
    draft = draft_shape(
        table.rows, family if family[0].isalpha() else f"n_{family}", table.encoding
    )
    if not draft.tables:
        found = f"{pluralize(len(table.rows), 'row')} without a header"
        expected = "a table with a head over each column"
        fix = "check that the file is a table; if its columns have no heads, add them to a copy as CSV"
        raise BuildError([Finding(table.path, None, found, expected, fix)])
    return draft


def _draft_manifest(
    table: TableFile,
    id: str,
    source: str,
    shape: str,
    redacted: Redacted,
    odd: dict[str, Counter[str]],
    known: dict[str, str],
) -> tuple[str, list[Question]]:
    """Return the draft of disclosure.yml, and the questions about it."""
    lines = [
        "# What the document does not say about itself, and what was decided about it.",
        f"# A build refuses this file until nothing in it begins with {MARK}.",
    ]
    questions: list[Question] = []

    def add(key: str, value: str, comment: str = "") -> None:
        lines.append(f"{key}: {value}" + f"  # {comment}" * bool(comment))

    def ask(weight: Weight, text: str, key: str, line: int | None = None) -> None:
        questions.append(Question(weight, text, FILE_NAME, key, line or len(lines)))

    given: dict[str, Any] = {"id": id, "shape": shape, "file": source}
    for key, value in (given | {"source_sha256": table.document.sha256}).items():
        add(key, yaml_value(value))
        if value.startswith(MARK):
            text = (
                "It fits this shape. Is it a document of that family? If it replaces an earlier one, also write "
                "supersedes: and the id of that."
            )
            ask(Weight.ROW, text, key)
    for key, (text, comment) in _TITLES.items():
        if value := known.get(key):
            add(key, yaml_value(value))
        else:
            add(key, MARK, comment)
            ask(Weight.PUBLICATION, text, key)
    copy = f"{MARK} {_COPIES[table.document.format]} as published"
    add("copy_status", copy, "our copy is a …; or such as: CSV file, converted from …")
    ask(Weight.PUBLICATION, "Is this the file as published, or was it converted?", "copy_status")
    add("publication", MARK, "such as: the editor, on 1 March 2026")
    text = "Who decided to publish it, and when? Complete docs/publication-decision.md first."
    ask(Weight.PUBLICATION, text, "publication")
    texts = pluralize(redacted.texts, "text")
    if redacted.lookalikes:
        lines += draft_redactions(redacted.lookalikes)
        first = lines.index("redactions:") + 1
        ask(Weight.REDACTION, _lookalikes(redacted.lookalikes), "redactions", first)
    elif redacted.texts and not redacted.markers:
        add("redacted", f"{MARK} false", "or remove the line, and add the marker under redactions")
        text = f"No redaction marker was found in {texts}. Does the document redact nothing?"
        ask(Weight.REDACTION, text, "redacted")
    pending = {one.kind: one.count for one in table.document.pending}
    for line in draft_decisions(pending):
        lines.append(line)
        if line.startswith("    reason:"):
            kind = lines[-3].rpartition(" ")[2]
            text = f"The audit found {KINDS[kind]} ({pending[kind]:,}). Why may it be published?"
            ask(Weight.REDACTION, text, "decisions")
    if odd:
        lines += [
            "",
            "# Published as printed, without a value. To say what a text means, move it to codes in the shape.",
        ]
        lines.append("accepted_cells:")
    for column, counts in odd.items():
        lines.append(f"  {column}:")
        told = ", ".join(f"{truncated_repr(text)} ({count:,})" for text, count in counts.items())
        asked = f"Column {column}: may these, which do not fit it, be published as printed, and why: {told}?"
        ask(Weight.CODES, asked, "accepted_cells")
        lines += [
            f"    {yaml_value(text)}: {{count: {count}, reason: {MARK}}}"
            for text, count in counts.items()
        ]
    return "\n".join([*lines, ""]), questions


def _lookalikes(found: Counter[str]) -> str:
    listed = ", ".join(
        f"{truncated_repr(text)} ({count:,})" for text, count in found.most_common(6)
    )
    more = f" and {len(found) - 6} others" if len(found) > 6 else ""
    return f"Does each of these hide words: {listed}{more}? It looks like a redaction, and is in no list yet."
