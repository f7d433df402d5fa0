"""What this project infers from a disclosure, kept apart from what was published.

Nothing here changes a published value: inferences have columns and tables of their own. Rows whose
text is withdrawn are left out, so that no inference reveals their words.
"""

from __future__ import annotations

from ingest.config.terms import Terms
from ingest.evidence.lost_markers import count_blocks
from ingest.evidence.mentions import find_mentions
from ingest.evidence.publisher_queries import find_queries
from ingest.evidence.regime import infer_regime
from ingest.evidence.wordings import shared_wordings
from ingest.readers.folders import DisclosureFolder
from ingest.records.evidence import Evidence


def infer(folder: DisclosureFolder, terms: Terms) -> Evidence:
    """Return what can be inferred from the rows of one disclosure, singly and together."""
    rows = folder.numbered_rows
    readable = folder.readable_rows
    return Evidence(
        blocks=tuple(count_blocks(folder.disclosure.rows)),
        regimes={id: infer_regime(row, terms) for id, row in rows},
        mentions={id: find_mentions(row.summary or "") for id, row in readable},
        publisher_queries={id: find_queries(row) for id, row in rows},
        wordings=tuple(shared_wordings(readable, folder.manifest.same_wording)),
    )
