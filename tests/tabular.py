"""Small disclosures of other shapes: parcels, one row each, and letters, counted in crosstabs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

PARCELS: dict[str, Any] = {
    "family": "lost_parcels",
    "one_row_is": "parcel",
    "year_starts": "01-01",
    "tables": [
        {"name": "by_year", "kind": "totals", "columns": [
            {"name": "year", "head": "Year", "role": "period"},
            {"name": "total", "head": "Parcels", "role": "number"},
        ]},
        {"name": "parcels", "adds_up_to": "by_year", "columns": [
            {"name": "number", "head": "No.", "role": "key"},
            {"name": "district", "head": "District", "role": "category"},
            {"name": "sent", "head": "Sent", "role": "date", "codes": {"?": "not known"}},
            {"name": "year", "from": "sent", "role": "period"},
            {"name": "weight", "head": "Weight", "role": "number", "codes": {"<5": "suppressed", "-": "nought"}},
            {"name": "remark", "head": "Remark", "role": "text", "codes": {"": "not stated"}},
        ]},
    ],
}  # fmt: skip
ROWS = (
    "P1,North,2019-03-04,1.5,Left at [REDACTED] by a postman",
    "P2,North,2019-04-05,<5,",
    'P3,South,2020-05-06,2.25,"█ said, harassed on WhatsApp"',
    "P4,South,2020-07-06,-,Found again",
)
TOTALS = ("2019,2", "2020,2", "Grand Total,4")
CROSSTAB: dict[str, Any] = {
    "family": "lost_letters",
    "one_row_is": "letter",
    "year_starts": "01-01",
    "small_cells": "show",
    "tables": [
        {"name": "by_office", "columns": [
            {"name": "office", "head": "Office", "role": "category", "fill_down": True},
            {"name": "kind", "head": "Kind", "role": "category"},
        ], "spread": {"into": "year", "value": "letters", "total": "All", "codes": {"": "nought", "c": "suppressed"}}},
        {"name": "by_kind", "adds_up_to": "by_office", "columns": [
            {"name": "kind", "head": "Sort of letter", "role": "category"},
        ], "spread": {"into": "year", "value": "letters", "codes": {"": "nought", "c": "suppressed"}}},
    ],
}  # fmt: skip
LETTERS = """\
Office,Kind,2019,JAN-SEP 2020,All
Leith,card,3,4,7
,bill,,1,1
Leith total,,3,5,8
Perth,card,c,2,9
Grand Total,,5,7,16

Sort of letter,2019,JAN-SEP 2020
card,4,6
bill,,1
"""


def parcels(rows: tuple[str, ...] = ROWS, totals: tuple[str, ...] = TOTALS) -> str:
    return "\n".join(("Year,Parcels", *totals, "", "No.,District,Sent,Weight,Remark", *rows, ""))


def put(
    disclosures: Path,
    id: str,
    text: str,
    shape: dict[str, Any] | None = PARCELS,
    name: str = "shape.yml",
    **manifest: object,
) -> Path:
    """Write a disclosure's folder; `shape` is None if another folder has it, at the path `name`."""
    folder = disclosures / id
    folder.mkdir(parents=True)
    (folder / "source.csv").write_text(text, "utf-8")
    if shape:
        (folder / name).write_text(yaml.safe_dump(shape, sort_keys=False), "utf-8")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    given = {"id": id, "shape": name, "file": "source.csv", "source_sha256": sha256, **manifest}
    (folder / "disclosure.yml").write_text(yaml.safe_dump(given), "utf-8")
    return folder
