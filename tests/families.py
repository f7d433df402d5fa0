"""Small disclosures of three families, for tests of pages: two of one family and a re-issue, a table of figures, and
letters, which have two texts each and no period.

Every number that a test expects was counted by hand in the texts below.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

INCIDENTS: dict[str, Any] = {
    "family": "library_incidents",
    "one_row_is": "incident",
    "year_starts": "01-01",
    "small_cells": "show",
    "tables": [
        {"name": "by_year", "kind": "totals", "columns": [
            {"name": "year", "head": "Year", "role": "period"},
            {"name": "total", "head": "Incidents", "role": "number"},
        ]},
        {"name": "incidents", "adds_up_to": "by_year", "columns": [
            {"name": "number", "head": "No.", "role": "key"},
            {"name": "year", "head": "Year of it", "role": "period"},
            {"name": "branch", "head": "Branch", "role": "category"},
            {"name": "kind", "head": "Kind", "role": "category", "codes": {"": "not stated", "?": "not known"}},
            {"name": "cost", "head": "Cost", "role": "number", "codes": {"": "not stated", "<5": "suppressed", "-": "nought"}},
            {"name": "seen", "head": "Seen", "role": "date", "codes": {"": "not stated"}},
            {"name": "detail", "head": "Detail", "role": "text", "codes": {"": "not stated"}},
        ]},
    ],
}  # fmt: skip
HEAD = "No.,Year of it,Branch,Kind,Cost,Seen,Detail"
LEITH = (
    'L1,2020,Harbour,noise,12.5,2020-01-02,"A reader sang to [REDACTED], ""loudly"", for an hour"',
    "L2,2020,Harbour,,<5,spring,Somebody left a dog in the reading room",
    "L3,2020,Shore,noise,-,,",
    "L4,JAN-JUN 2021,Shore,flood,300,2021-02-03,█ rang about water on the floor",
    "L5,JAN-JUN 2021,Harbour,?,,2021-03-04,[redacted]",
)
"""The first document: noise twice, flood once, one kind not stated and one not known."""
PERTH = (
    "P1,2020,Tay,noise,1,2020-02-02,Readers danced on a table",
    "P2,2020,Tay,noise,2,2020-02-03,Readers sang in the reading room",
    "P3,2020,Tay,theft,3,2020-02-04,A dog ate a book",
    "P4,2021,Tay,theft,4,2021-02-05,A newspaper is gone",
)
"""Another publisher's document of the same family: noise twice, theft twice, and no redaction."""
EARLIER = (
    LEITH[0].replace("12.5", "12"),
    *LEITH[1:4],
    "L9,JAN-JUN 2021,Shore,fire,1,,A bin smoked",
)
"""What the first document replaced: L1 cost 12, L5 was not there, and L9 was."""

LOANS: dict[str, Any] = {
    "family": "library_loans",
    "one_row_is": "loan",
    "year_starts": "01-01",
    "small_cells": "show",
    "tables": [
        {"name": "loans", "columns": [
            {"name": "branch", "head": "Branch", "role": "category", "fill_down": True},
            {"name": "measure", "head": "Measured in", "role": "unit"},
        ], "spread": {"into": "year", "value": "lent", "total": "All", "codes": {"": "nought", "c": "suppressed"}}},
    ],
}  # fmt: skip
LENT = """\
Branch,Measured in,2020,JAN-JUN 2021,All
Tay,books,30,12,42
,hours,2.5,1,3.5
Almond,books,c,5,9
,hours,,4,4
"""
"""Loans in books and in hours. One figure is withheld."""


LETTERS: dict[str, Any] = {
    "family": "library_letters",
    "one_row_is": "letter",
    "tables": [
        {"name": "letters", "columns": [
            {"name": "number", "head": "Letter", "role": "sequence"},
            {"name": "question", "head": "Question", "role": "text"},
            {"name": "answer", "head": "Answer", "role": "text", "codes": {"": "not stated"}},
        ]},
    ],
}  # fmt: skip
WRITTEN = """\
Letter,Question,Answer
1,May I bring a dog?,No dog but █ may come in
2,When do you open to [REDACTED]?,At nine
3,[REDACTED],
"""


def incidents(rows: tuple[str, ...], *totals: str) -> str:
    """Return a document of incidents with its printed totals."""
    return "\n".join(("Year,Incidents", *totals, "", HEAD, *rows, ""))


def put(disclosures: Path, id: str, text: str, shape: dict[str, Any], **manifest: object) -> None:
    """Write the folder of a disclosure; the first of a family has the shape too."""
    folder = disclosures / id
    folder.mkdir(parents=True)
    (folder / "source.csv").write_text(text, "utf-8")
    shapes = sorted(disclosures.glob(f"*/{shape['family']}.yml")) or [
        folder / f"{shape['family']}.yml"
    ]
    shapes[0].write_text(yaml.safe_dump(shape, sort_keys=False), "utf-8")
    given = {
        "id": id,
        "shape": f"../{shapes[0].parent.name}/{shapes[0].name}",
        "file": "source.csv",
        "source_sha256": hashlib.sha256(text.encode()).hexdigest(),
        **manifest,
    }
    (folder / "disclosure.yml").write_text(yaml.safe_dump(given, sort_keys=False), "utf-8")


def put_families(disclosures: Path) -> None:
    """Write the folders of five disclosures of three families, one of which replaces another."""
    accepted = {"seen": {"spring": {"count": 1, "reason": "A season and not a date."}}}
    leith = {
        "publisher": "Leith Libraries",
        "title": "Incidents in Leith",
        "accepted_cells": accepted,
    }
    put(disclosures, "leith-1", incidents(EARLIER, "2020,3", "JAN-JUN 2021,2"), INCIDENTS, **leith)
    put(
        disclosures,
        "leith-2",
        incidents(LEITH, "2020,3", "JAN-JUN 2021,2", "Grand Total,6"),
        INCIDENTS,
        **leith,
        supersedes="leith-1",
        reference="LL/2",
        published_on="2021-09-01",
        copy_status="spreadsheet as published",
        rights="© Leith Libraries",
        accepted_differences={
            "incidents": {"grand": {"difference": 1, "reason": "A slip of the pen."}}
        },
    )
    put(
        disclosures,
        "perth-1",
        incidents(PERTH, "2020,3", "2021,1"),
        INCIDENTS,
        publisher="Perth Libraries",
        title="Incidents in Perth",
        redacted="false",
        withdrawn=[{"id": "perth-1-000004", "date": "2022-03-04", "reason": "on request"}],
    )
    put(disclosures, "letters-1", WRITTEN, LETTERS, title="Loans in Perth")
    put(disclosures, "loans-1", LENT, LOANS, publisher="Perth Libraries", title="Loans in Perth")
