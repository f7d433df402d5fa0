"""What this project infers from a disclosure, kept apart from what was published.

Nothing here changes a published value: it stands in columns and tables of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.disclosure import Row
from ingest.evidence import lost_markers


@dataclass(frozen=True)
class Evidence:
    """Everything inferred from one disclosure."""

    blocks: tuple[lost_markers.Block, ...]


def infer(rows: Sequence[Row]) -> Evidence:
    """What the rows of one disclosure give away, taken together."""
    return Evidence(blocks=tuple(lost_markers.blocks(rows)))
