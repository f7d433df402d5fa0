"""Map the cells of a document to the records of its shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.config.manifest import TabularManifest
from ingest.config.shape import Shape
from ingest.mapping.rows import STEPS, Document, Step
from ingest.mapping.tables import Item, Mapper
from ingest.records.cells import Cells

__all__ = ["Item", "map_cells"]


def map_cells(
    cells: Cells,
    file: Path,
    shape: Shape,
    manifest: TabularManifest,
    manifest_file: Path | None = None,
    steps: Sequence[Step] = STEPS,
) -> Iterator[Item]:
    """Yield the records, printed totals and notes of a document, and everything wrong with it.

    The stream needs no more memory for a long document than for a short one. A row that is wrong in any
    cell is no record, so the totals can only be checked if there are no findings. Left to SQL on the
    staging file, because they need the whole table: that a key is unique, that two rows of a crosstab
    do not have the same labels, that totals agree, that markers are not lost.
    """
    document = Document(
        file, shape, manifest.forms(shape.redactions), manifest.accepted_cells, manifest_file
    )
    yield from Mapper(document, steps).read(cells)
