"""Test documents: copies of a real one to modify, and others generated from records."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path

import yaml

from ingest.config.markers import shared_forms
from ingest.readers.folders import read_disclosure
from ingest.readers.markers import recognise
from ingest.readers.met.form import COLUMNS, FIELDS
from ingest.records.disclosure import Disclosure, Note, PublishedTotal, Row
from tests.serving import ROOT

FIRST = ROOT / "ingest" / "disclosures" / "01-FOI-22-026570"
PARTICULARS = """\
publisher: Metropolitan Police Service
source_url: https://www.met.police.uk/foi-ai/
source_sha256: "31db8143564c040fd009a25f23eb6de3a05180b5957306db3627671d069af8ad"
copy_status: text conversion, not compared with the published PDF
rights: re-use terms not stated
row_numbers: 1-409
accepted_differences:
  2022: 3
withdrawn: []
same_wording:
  - rows: [22-026570-0129, 22-026570-0139, 22-026570-0143, 22-026570-0165, 22-026570-0175,
      22-026570-0182, 22-026570-0213, 22-026570-0216, 22-026570-0222]
    reason: all say that officers made false claims regarding a search
  - rows: [22-026570-0176, 22-026570-0187, 22-026570-0194]
    reason: one sentence about COVID-19 regulations
redactions: {not_markers: ["[Facebook]"]}
"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class FolderCopy:
    """A disclosure's folder that a test may change."""

    path: Path

    @classmethod
    def of_the_first(cls, disclosures: Path) -> FolderCopy:
        """Return a copy of the first disclosure's source, with a manifest in which no row is
        withdrawn."""
        folder = disclosures / FIRST.name
        folder.mkdir(parents=True)
        shutil.copy(FIRST / "source.txt", folder)
        (folder / "disclosure.yml").write_text(PARTICULARS, "utf-8")
        return cls(folder)

    @property
    def source(self) -> Path:
        return self.path / "source.txt"

    @property
    def manifest(self) -> Path:
        return self.path / "disclosure.yml"

    def write(self, data: bytes) -> None:
        """Replace the document with `data` and record its checksum."""
        before = sha256(self.source)
        self.source.write_bytes(data)
        self.declare(before, sha256(self.source))

    def edit(self, old: str, new: str) -> None:
        """Change the document in one place and record its checksum."""
        text = self.source.read_bytes()
        assert text.count(old.encode()) == 1, f"{text.count(old.encode())} times {old!r}"
        self.write(text.replace(old.encode(), new.encode()))

    def declare(self, old: str, new: str) -> None:
        """Change `disclosure.yml` in one place."""
        text = self.manifest.read_text("utf-8")
        assert text.count(old) == 1, f"{text.count(old)} times {old!r}"
        self.manifest.write_text(text.replace(old, new), "utf-8")

    def line(self, number: int) -> str:
        return self.source.read_text("utf-8").split("\n")[number - 1]


def a_row(**cells: object) -> Row:
    """Return a finalised row with the values in `cells`."""
    given: dict[str, object] = {
        "position": 1,
        "block": 1,
        "line": None,
        "year": 2020,
        "under_investigation": False,
        "rank": "Constable",
        "summary": "Officer posted [REDACTED] online",
        "result": "Case to Answer",
        "action": "Formal Action",
        "sanction": "Written Warning",
        "source_text": "",
    }
    return Row(**{**given, **cells})  # type: ignore[arg-type]


def first_rows() -> list[tuple[str, Row]]:
    """Return the (id, row) pairs of the first disclosure."""
    disclosure, _ = read_disclosure(FIRST)
    assert disclosure
    rows = recognise(disclosure, shared_forms()).rows
    return [(disclosure.row_id(row.position), row) for row in rows]


def numbered(*summaries: str, year: int = 2021) -> list[tuple[str, Row]]:
    """Return (id, row) pairs of one year, one for each summary."""
    return [
        (f"id-{number}", a_row(summary=summary, year=year))
        for number, summary in enumerate(summaries, 1)
    ]


def excerpt(disclosure: Disclosure, number: int) -> Disclosure:
    """Return `number` rows of `disclosure` as a separate disclosure, with matching totals.

    The first row of every kind is in it: with markers of each form, side by side or joined to a
    word, wholly redacted, without any, the longest, and with each combination of empty cells. The
    others are spaced evenly over the rest.
    """
    first: dict[object, Row] = {}
    for row in disclosure.rows:
        for kind in _kinds(row):
            first.setdefault(kind, row)
    longest = max(disclosure.rows, key=lambda row: len(row.summary or ""))
    chosen = {row.position for row in (*first.values(), longest)}
    rest = [row.position for row in disclosure.rows if row.position not in chosen]
    needed = number - len(chosen)
    chosen |= {rest[at * len(rest) // needed] for at in range(needed)}
    rows = [row for row in disclosure.rows if row.position in chosen]
    years = Counter(row.year for row in rows)
    return replace(
        disclosure,
        rows=tuple(replace(row, position=at) for at, row in enumerate(rows, 1)),
        totals=tuple(PublishedTotal(year, years[year], None) for year in sorted(years)),
        published_total=number,
    )


def _kinds(row: Row) -> Iterator[object]:
    """Yield the features of a row that a reader might misread."""
    cells = (row.rank, row.summary, row.result, row.action, row.sanction)
    yield row.under_investigation, tuple(map(bool, cells))
    yield row.year
    text = row.summary or ""
    markers = shared_forms().find(text)
    yield from (marker.form for marker in markers)
    yield "wholly redacted", bool(markers) and not shared_forms().words(text)
    yield "side by side", any(not text[a.end : b.start].strip() for a, b in pairwise(markers))
    yield (
        "joined",
        bool(re.search(r"\w(\[redacted\]|█)|(\[redacted\]|█)[\w-]", text, re.IGNORECASE)),
    )


def arranged(rows: Sequence[Row]) -> list[Row]:
    """Return the rows in order, with positions numbered and each `block` interpreted as an
    increment."""
    placed: list[Row] = []
    block = 1
    for position, row in enumerate(rows, 1):
        block += row.block if placed else 0
        placed.append(replace(row, position=position, block=block))
    return placed


def a_disclosure(rows: Sequence[Row], *, reference: str = "01/FOI/23/000001") -> Disclosure:
    """Return a disclosure with these rows and matching totals."""
    years = sorted({row.year for row in rows})
    first, last = years[0], years[-1]
    return Disclosure(
        reference=reference,
        title="Officers and their telephones",
        document_summary="Officers, their telephones, and what came of it.",
        security_classification="Official",
        publication_scheme=None,
        creating_branch="The Data Office",
        created_on=date(2023, 3, 1),
        review_on=date(2024, 3, 1),
        extracted_on=date(2023, 2, 2),
        covers_from=date(first, 1, 1),
        covers_to=date(last, 12, 31),
        published_total=len(rows),
        source_file=f"{reference.replace('/', '-')}/source.txt",
        source_format="text",
        source_sha256="",
        notes=(
            Note(
                "System", 1, "This report was extracted from a system on the 2nd of February 2023"
            ),
            Note(
                "Date Range",
                1,
                f"Data from the 1st of January {first} to the 31st of December {last}",
            ),
            Note("Question", 1, "How many officers?"),
            Note("Table", 1, "Officers"),
            Note("Table", 2, r"\* Denotes - Still under investigation"),
        ),
        totals=tuple(
            PublishedTotal(year, sum(row.year == year for row in rows), None) for year in years
        ),
        rows=tuple(rows),
    )


def as_text(disclosure: Disclosure) -> str:
    """Return `disclosure` in the format of a text conversion."""
    lines = [f"**{disclosure.title}**", ""]
    for label, name in FIELDS.items():
        value = getattr(disclosure, name)
        shown = value.strftime("%d/%m/%Y") if isinstance(value, date) else value or ""
        lines.append(f"<b>{label}</b>\t{shown}")
    lines += ["", "## Guidance & Notes", ""]
    sections = groupby(disclosure.notes, key=lambda note: note.section)
    passages = {section: [note.text for note in notes] for section, notes in sections}
    for section, texts in passages.items():
        if section not in ("Question", "Table"):
            lines += [f"### {section}", "", *(line for text in texts for line in (text, ""))]
    lines += ["Table(s)", "", "Question 1", "", *passages["Question"], ""]
    label, *words = passages["Table"]
    figures = [total.officers for total in disclosure.totals]
    lines.append("\t".join(["", *(str(total.year) for total in disclosure.totals), "TOTAL"]))
    lines.append("\t".join([label, *map(str, figures), str(disclosure.published_total)]))
    lines += ["", *words, "", "\t".join(COLUMNS)]
    for block, rows in groupby(disclosure.rows, key=lambda row: row.block):
        if block > 1:
            lines.append("")
        lines += [_cells(row) for row in rows]
    return "\n".join(lines)


def _cells(row: Row) -> str:
    year = f"*{row.year}" if row.under_investigation else str(row.year)
    cells = (row.rank, row.summary, row.result, row.action, row.sanction)
    return "\t".join([year, *(cell or "" for cell in cells)])


def put(disclosure: Disclosure, disclosures: Path, **manifest: object) -> FolderCopy:
    """Write `disclosure` into a folder of its own below `disclosures`."""
    folder = disclosures / disclosure.id
    folder.mkdir()
    source = folder / "source.txt"
    source.write_bytes(as_text(disclosure).encode())
    stated = {
        "publisher": "A force",
        "source_url": "https://police.example/disclosure",
        "source_sha256": sha256(source),
        "copy_status": "made up for a test",
        "rights": "none",
        "row_numbers": f"1-{len(disclosure.rows)}",
        **manifest,
    }
    (folder / "disclosure.yml").write_text(yaml.safe_dump(stated), "utf-8")
    return FolderCopy(folder)
