"""A disclosure of another form than the Met's, and of another subject: the parcels that a post office lost."""

from __future__ import annotations

from pathlib import Path

from tests.documents import sha256

SHAPE = """\
family: lost_parcels
one_row_is: parcel
small_cells: show
year_starts: 01-01
tables:
  - name: parcels
    columns:
      - {name: number, head: No., role: sequence}
      - {name: district, head: District, role: category}
      - {name: cause, head: Cause, role: category, codes: {"": not stated}}
      - {name: year, head: Year, role: period}
      - {name: weight, head: Weight, role: number, codes: {"<5": suppressed, "": not stated}}
      - {name: account, head: Account, role: text, codes: {"": not stated}}
"""
MANIFEST = """\
id: lost-parcels-2021
shape: shape.yml
file: source.csv
source_sha256: {sha256}
publisher: Post of Ruritania
title: Parcels lost in the post
published_on: 2022-03-01
copy_status: CSV file as published
rights: re-use terms not stated
"""
SOURCE = """\
No.,District,Cause,Year,Weight,Account
1,North,Rain,2020,12,The parcel [REDACTED] fell into the river
2,North,,2020,<5,
3,South,Theft,2021,7,[REDACTED]
4,South,Rain,2021,,The cart of [REDACTED] and [REDACTED] broke on the way to the station
5,East,Goat,2021,30,A goat ate the label
"""


def put_parcels(disclosures: Path) -> Path:
    """Put the folder of this disclosure into `disclosures`, and return it."""
    folder = disclosures / "lost-parcels-2021"
    folder.mkdir(parents=True)
    (folder / "source.csv").write_text(SOURCE, "utf-8")
    (folder / "shape.yml").write_text(SHAPE, "utf-8")
    (folder / "disclosure.yml").write_text(
        MANIFEST.format(sha256=sha256(folder / "source.csv")), "utf-8"
    )
    return folder
