"""Try which known shape a document fits: map the whole of it with each, as a build does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.checks.tables import check_tables
from ingest.config.manifest import FILE_NAME, TabularManifest, load_tabular_manifest
from ingest.config.shape import SHAPES, Shape, fold, load_shape, shape_file
from ingest.database.load import create_tables, load
from ingest.database.staging import SCHEMA
from ingest.database.tables import quoted, sql_tables
from ingest.mapping.heads import Finder
from ingest.mapping.periods import Periods
from ingest.readers.documents import Document
from ingest.readers.folders import TabularFolder
from ingest.records.cells import CellRow
from ingest.records.findings import Finding
from ingest.records.tabular import Record
from ingest.review.draft import Redacted
from ingest.text.phrases import pluralize

_NEAR = 0.5
"""The share of a table's heads that a document must have for its shape to be tried."""


@dataclass(frozen=True)
class Fit:
    """How a document fits a shape: the shape's name, as disclosure.yml gives it; the number of records by table; and
    what does not fit."""

    name: str
    records: dict[str, int]
    findings: tuple[Finding, ...]
    redacted: Redacted

    @property
    def total(self) -> int:
        """The number of records."""
        return sum(self.records.values())

    def __str__(self) -> str:
        tables = ", ".join(
            f"{pluralize(count, 'record')} in {name}" for name, count in self.records.items()
        )
        return f"{self.name}: {tables}"


def known_shapes(disclosures: Path, folder: Path) -> Iterator[tuple[str, Shape, Path]]:
    """Yield the shapes in `ingest/shapes` and those of the folders in `disclosures`: the name by which a
    disclosure.yml in `folder` can give each, the shape, and its path. Drafts are left out."""
    shapes: dict[Path, tuple[str, Shape]] = {}
    for path in sorted(SHAPES.glob("*.yml")):
        if shape := load_shape(path.stem, SHAPES)[0]:
            shapes[path.resolve()] = path.stem, shape
    for below in sorted(disclosures.iterdir()) if disclosures.is_dir() else ():
        manifest = load_tabular_manifest(below)[0] if (below / FILE_NAME).is_file() else None
        if not manifest or not manifest.shape.endswith(".yml"):
            continue
        path = shape_file(manifest.shape, below).resolve()
        if path not in shapes and (shape := load_shape(manifest.shape, below)[0]):
            shapes[path] = os.path.relpath(path, folder.resolve()), shape
    for path, (name, shape) in shapes.items():
        yield name, shape, path


def try_shapes(
    source: Path,
    manifest: dict[str, object],
    open_as: Callable[[str | None], Document | None],
    rows: Sequence[CellRow],
    shapes: Iterator[tuple[str, Shape, Path]],
) -> list[Fit]:
    """Return how the document at `source` fits each shape that is near; best first.

    `manifest` is what a disclosure.yml must have, apart from the shape; `open_as` opens the document in an
    encoding, and `rows` are its first rows.
    """
    fits = []
    for name, shape, path in shapes:
        if _nearness(shape, rows) >= _NEAR and (document := open_as(shape.encoding)):
            given = TabularManifest.model_validate(manifest | {"shape": name})
            folder = TabularFolder(source.parent, source, given, shape, path, document)
            fits.append(_try(folder))
    return sorted(fits, key=lambda fit: (bool(fit.findings), -fit.total, len(fit.findings)))


def _nearness(shape: Shape, rows: Sequence[CellRow]) -> float:
    """Return the share of its heads that the table of records whose heads are best found has in one row."""
    finder = Finder(shape, Periods(shape.year_starts, shape.periods))
    best = 0.0
    for at, row in enumerate(rows):
        folded = [fold(cell or "") for cell in row.cells]
        if not finder.may_be_header(folded):
            continue
        following = [one.cells for one in rows[at : at + finder.longest]]
        if any(one.fits for one in finder.find(following, row.place.sheet)):
            return 1.0
        for one in finder.tables:
            if one.table.kind == "records" and one.required:
                best = max(best, len(one.names_in(folded)) / len(one.required))
    return best


def _try(folder: TabularFolder) -> Fit:
    """Load the document into a temporary database, and check it there."""
    redacted = Redacted()

    def look(record: Record) -> None:
        for name, markers in record.markers.items():
            redacted.texts += record.values.get(name) is not None
            redacted.markers += len(markers)
        for texts in record.lookalikes.values():
            redacted.lookalikes.update(texts)

    with closing(sqlite3.connect("")) as connection:
        connection.executescript(SCHEMA.read_text("utf-8"))
        create_tables(connection, [folder])
        findings = list(load(connection, folder, look))
        declared = folder.manifest.model_copy(update={"redacted": redacted.markers > 0})
        folder = replace(folder, manifest=declared)
        whole = [] if findings else list(check_tables(connection, folder))
        records = {
            table.name: connection.execute(f"select count(*) from {quoted(table.name)}").fetchone()[
                0
            ]
            for table in sql_tables(folder.shape)
        }
    return Fit(folder.manifest.shape, records, (*findings, *whole), redacted)
