"""The readers that yield a document as cells, by the extension of its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.readers.csv import read_csv_cells
from ingest.readers.text import read_text_cells
from ingest.records.cells import Cells

CELL_READERS: dict[str, Callable[[Path, str | None], Cells]] = {
    ".csv": read_csv_cells,
    ".tsv": read_csv_cells,
    ".txt": read_text_cells,
}
"""The reader for each file extension: given a path and the encoding in the shape, it yields cells."""
