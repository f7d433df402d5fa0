"""Make a folder for a disclosure in the form of a table, with drafts of its shape and `disclosure.yml`."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import yaml

from ingest.config.manifest import FILE_NAME
from ingest.config.shape import SHAPES, Shape, fold, load_shape
from ingest.excel.audit import audit_workbook
from ingest.mapping.heads import Finder
from ingest.mapping.periods import Periods
from ingest.pdf.limits import Unreadable
from ingest.pdf.pool import Pool, read_document
from ingest.readers.cells import CELL_READERS
from ingest.readers.excel import read_workbook
from ingest.readers.gate import blocking_findings
from ingest.readers.pdf import read_pdf_cells
from ingest.records.cells import CellRow
from ingest.records.findings import BuildError, Finding
from ingest.review.add import draft_decisions, make_folder
from ingest.review.draft import MAX_ROWS, draft_shape
from ingest.text.phrases import pluralize

SUFFIXES = (".csv", ".tsv", ".xlsx")
"""The extensions of files that are always tables."""


@dataclass(frozen=True)
class TableFile:
    """A file of tables: its first rows, and what its audit found that a person must decide on."""

    path: Path
    sha256: str
    rows: Sequence[CellRow]
    pending: Counter[str]


def read_table_file(file: Path, pool: Pool | None = None) -> TableFile:
    """Return the first rows of a file. Raise BuildError, with every finding, if it cannot be read, or does not
    pass its audit."""
    pending: Counter[str] = Counter()
    if file.suffix.lower() == ".pdf":
        try:
            document = read_document(file, pool or Pool())
        except Unreadable as error:
            raise BuildError([error.finding(file)]) from None
        if refused := blocking_findings(file, document.findings):
            raise BuildError(refused)
        sha256, pending = document.file.sha256, document.counts
        cells = read_pdf_cells(file, document)
    elif file.suffix.lower() == ".xlsx":
        audit = audit_workbook(file)
        if refused := blocking_findings(file, audit.findings, [one.name for one in audit.sheets]):
            raise BuildError(refused)
        sha256, pending, cells = audit.sha256, audit.counts, read_workbook(file, audit)
    elif reader := CELL_READERS.get(file.suffix.lower()):
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        cells = reader(file, None)
    else:
        expected = f"a file named {', '.join((*CELL_READERS, '.xlsx'))} or .pdf"
        raise BuildError([Finding(file, None, f"a file named {file.name}", expected, "rename it")])
    read = list(islice(cells, MAX_ROWS))
    if findings := [one for one in read if isinstance(one, Finding)]:
        raise BuildError(findings)
    return TableFile(file, sha256, [one for one in read if isinstance(one, CellRow)], pending)


def fitting_shapes(table: TableFile) -> list[str]:
    """Return the names of the known shapes whose tables of records all have their heads in the file."""
    names = sorted(path.stem for path in SHAPES.glob("*.yml"))
    shapes = {name: load_shape(name, SHAPES)[0] for name in names}
    return [name for name, shape in shapes.items() if shape and _fits(shape, table.rows)]


def _fits(shape: Shape, rows: Sequence[CellRow]) -> bool:
    finder = Finder(shape, Periods(shape.year_starts, shape.periods))
    found = {
        header.table.name
        for at, row in enumerate(rows)
        if finder.may_be_header([fold(cell or "") for cell in row.cells])
        for header in finder.find(
            [one.cells for one in rows[at : at + finder.longest]], row.place.sheet
        )
        if header.fits
    }
    return {table.name for table in shape.records} <= found


def add_table(table: TableFile, disclosures: Path, known: dict[str, str]) -> tuple[Path, list[str]]:
    """Make the folder of a disclosure in `disclosures`, with a copy of the file and the drafts.

    Return the folder, and the questions for a person. The shape is a known one if one fits. Raise
    BuildError, and leave nothing behind, if the file has no table or the folder cannot be made.
    """
    id = re.sub(r"[^a-z0-9]+", "-", table.path.stem.lower()).strip("-")[:60] or "disclosure"
    source = f"source{table.path.suffix.lower()}"
    fitting = fitting_shapes(table)
    written: dict[str, str] = {}
    questions: list[str] = []
    if fitting:
        questions.append(f"It fits the shape {' or '.join(fitting)}. Is it of that family?")
    else:
        draft = draft_shape(table.rows, id.replace("-", "_") if id[0].isalpha() else f"n_{id}")
        if not draft.tables:
            found = f"{pluralize(len(table.rows), 'row')} without a header"
            expected = "a table with a head over each column"
            fix = "check that the file is a table; if its columns have no heads, add them to a copy as CSV"
            raise BuildError([Finding(table.path, None, found, expected, fix)])
        written["shape.yml"] = draft.shape
        questions += draft.questions
    shape = fitting[0] if fitting else "shape.yml"
    written[FILE_NAME] = _draft_manifest(table, id, source, shape, known)
    return make_folder(disclosures / id, table.path, source, written), questions


def _draft_manifest(
    table: TableFile, id: str, source: str, shape: str, known: dict[str, str]
) -> str:
    given = {
        "id": id,
        "shape": shape,
        "file": source,
        "source_sha256": table.sha256,
        **{key: known.get(key, "") for key in ("publisher", "title", "source_url", "rights")},
    }
    lines = [
        "# What the document does not say about itself, and what was decided about it.",
        "# Fill in every empty value, or remove its line: until then, a build refuses this file.",
        *(yaml.safe_dump({key: value}, width=1_000).strip() for key, value in given.items()),
        "# redacted: false    if nothing is redacted in it",
    ]
    return "\n".join([*lines, *draft_decisions(table.pending), ""])
