"""A site with three disclosures: the first, one with groups just below and at the minimum size, and
one generated at random."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio
from datasette.app import Datasette

from ingest.build import build
from ingest.records.disclosure import Row
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put
from tests.serving import PARTS, furnish, serve

BOUNDS = "01-FOI-23-000003"
MIXED = "01-FOI-23-000004"
WITHDRAWN = "23-000004-0181"
RESULTS = ("Case to Answer", "No Case to Answer", "Substantiated", "Withdrawn", None)
ACTIONS = ("Formal Action", "Management Action", "Referral to RPRP", "No Action", None)
SANCTIONS = (
    *("Management Advice", "Written Warning", "Dismissal", "Would Have Been Dismissed"),
    *("Refer to AA for RPRP", "No Action", None, None),
)
SUMMARIES = (
    "Officer sent [REDACTED] to a colleague on WhatsApp and on Facebook after a long shift",
    "Officer posted [REDACTED] about the public on Twitter",
    "Officer shared [REDACTED] and [REDACTED] in a group",
    "Officer filmed [REDACTED] [REDACTED]",
    "[REDACTED]",
    "Officer was rude in an e-mail to a member of the public",
)
OPEN = {
    "under_investigation": True,
    **dict.fromkeys(("rank", "summary", "result", "action", "sanction")),
}


def groups_of_three_four_and_five() -> list[Row]:
    """Return groups of 3, 4 and 5 rows that share a wording, and whose other cells differ between
    groups."""
    kinds = (
        (3, 2018, "Sergeant", "Substantiated", "Management Action", "Management Advice", "Twitter"),
        (4, 2019, "Constable", "Case to Answer", "Formal Action", "Dismissal", "Facebook"),
        (5, 2021, "Unknown", "Withdrawn", "No Action", "Written Warning", "WhatsApp"),
    )
    return [
        a_row(year=year, rank=rank, result=result, action=action, sanction=sanction, summary=words)
        for number, year, rank, result, action, sanction, platform in kinds
        for words in [f"Officer wrote [REDACTED] on {platform}"] * number
    ]


def rows_at_random() -> list[Row]:
    """Return random rows from five years with every status and some shared wordings; one block has
    no markers."""
    chance = random.Random(7)
    rows: list[Row] = []
    for number in range(180):
        year = chance.choice((2018, 2019, 2020, 2021, 2022))
        lost = number // 15 == 4
        words = chance.choices(SUMMARIES, (6, 6, 4, 2, 1, 1))[0]
        cells: dict[str, object] = {
            "rank": chance.choice(("Constable", "Constable", "Sergeant", "Inspector +", None)),
            "summary": SUMMARIES[-1] if lost else chance.choice((words,) * 15 + (None,)),
            "result": chance.choice(RESULTS),
            "action": chance.choice(ACTIONS),
            "sanction": chance.choice(SANCTIONS),
        }
        if number % 15 in (0, 14) if lost else chance.random() < 0.15:
            cells = OPEN
        # A row's `block` is the increment from the previous row.
        rows.append(a_row(**{"year": year, "block": int(number % 15 == 0), **cells}))
    alone = a_row(year=2019, block=0, summary="Officer told [REDACTED] a secret", sanction=None)
    return [*rows, alone]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mixed(site: Datasette, tmp_path_factory: pytest.TempPathFactory) -> Datasette:
    """The second disclosure lacks one officer from 2019 and the third four from 2018; the third has
    two rows too many for 2022."""
    folder = tmp_path_factory.mktemp("mixed")
    FolderCopy.of_the_first(folder / "disclosures")
    for rows, reference, missing, more in (
        (groups_of_three_four_and_five(), "01/FOI/23/000003", {2019: 1}, {}),
        (
            rows_at_random(),
            "01/FOI/23/000004",
            {2018: 4, 2022: -2},
            {"withdrawn": [{"id": WITHDRAWN, "date": date(2023, 4, 5), "reason": "on request"}]},
        ),
    ):
        disclosure = a_disclosure(arranged(rows), reference=reference)
        totals = tuple(
            replace(total, officers=total.officers + missing.get(total.year, 0))
            for total in disclosure.totals
        )
        published = sum(total.officers for total in totals)
        put(
            replace(disclosure, totals=totals, published_total=published),
            folder / "disclosures",
            accepted_differences=missing,
            **more,
        )
    build(folder / "disclosures", folder / "foi.db")
    furnish(folder, *PARTS)
    return await serve(folder)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def several(site: Datasette, several_folder: Path) -> Datasette:
    """The first disclosure beside those of other families."""
    return await serve(several_folder)
