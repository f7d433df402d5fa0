"""What this project infers from a disclosure, kept apart from what was published.

Nothing here changes a published value: it stands in columns and tables of its own. Rows whose words
are withheld give no words away: they share no wording and mention nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.evidence import lost_markers
from ingest.evidence.mentions import Mention, mentions
from ingest.evidence.questions import Rule, questions
from ingest.evidence.regime import Reading, regime
from ingest.evidence.wordings import Wording, shared
from ingest.folders import Folder
from ingest.terms import Terms


@dataclass(frozen=True)
class Evidence:
    """Everything inferred from one disclosure; what concerns a row, by the row's id."""

    blocks: tuple[lost_markers.Block, ...]
    regimes: Mapping[str, Reading]
    mentions: Mapping[str, list[Mention]]
    questions: Mapping[str, list[Rule]]
    wordings: tuple[Wording, ...]


def infer(folder: Folder, terms: Terms) -> Evidence:
    """What the rows of one disclosure give away, one by one and taken together."""
    rows = folder.numbered_rows
    readable = folder.readable_rows
    return Evidence(
        blocks=tuple(lost_markers.blocks(folder.disclosure.rows)),
        regimes={id: regime(row, terms) for id, row in rows},
        mentions={id: mentions(row.summary or "") for id, row in readable},
        questions={id: questions(row) for id, row in rows},
        wordings=tuple(shared(readable, folder.particulars.same_wording)),
    )
