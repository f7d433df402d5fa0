"""Shapes and cells for tests: YAML and tables written in a line or two, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import TypeVar

from ingest.config.manifest import TabularManifest
from ingest.config.shape import Shape
from ingest.config.yaml_model import parse
from ingest.mapping import Item, map_cells
from ingest.mapping.rows import STEPS, Step
from ingest.records.cells import CellRow, Passage
from ingest.records.disclosure import Note
from ingest.records.findings import Finding
from ingest.records.place import Place
from ingest.records.tabular import PrintedTotal, Record

FILE = Path("source.csv")
T = TypeVar("T", Record, PrintedTotal, Note, Finding)


def a_shape(tables: str, **keys: str) -> Shape:
    """Return a shape with these tables, YAML that starts with `- name`."""
    head = {"family": "things", "one_row_is": "thing", "small_cells": "show"} | keys
    text = "".join(f"{key}: {value}\n" for key, value in head.items())
    shape, findings = parse(f"{text}tables:\n{dedent(tables)}", Shape, Path("shape.yml"))
    assert shape, "\n".join(map(str, findings))
    return shape


def a_manifest(**given: object) -> TabularManifest:
    """Return the contents of a `disclosure.yml`."""
    needed = {"id": "a", "shape": "a", "file": "source.csv", "source_sha256": "0" * 64}
    return TabularManifest.model_validate(needed | given)


def drawn(
    *tables: Sequence[str | Sequence[str | None]] | str,
    sheets: Sequence[str] = (),
    paged: bool = False,
) -> Iterator[CellRow | Passage]:
    """Yield tables as cells. A row is a list of cells, or a text with | between them; a table that is a
    text is a passage. They are on these sheets, on a page each, or else one after the other."""
    line = 0
    for number, rows in enumerate(tables, 1):
        if isinstance(rows, str):
            yield Passage(Place(page=number) if paged else Place(line=line), rows)
            continue
        for at, row in enumerate(rows, 1):
            line += 1
            texts = [one.strip() for one in row.split("|")] if isinstance(row, str) else row
            place = Place(line=line)
            if sheets:
                place = Place(sheet=sheets[number - 1], row=at)
            elif paged:
                place = Place(page=number, row=at)
            source = "\t".join(cell or "" for cell in texts)
            yield CellRow(place, number, tuple(texts), source)


def mapped(
    shape: Shape,
    cells: Iterable[CellRow | Passage | Finding],
    steps: Sequence[Step] = STEPS,
    **manifest: object,
) -> list[Item]:
    """Return what the cells become."""
    return list(map_cells(iter(cells), FILE, shape, a_manifest(**manifest), steps=steps))


def only(kind: type[T], items: Iterable[Item]) -> list[T]:
    """Return the items of one kind."""
    return [item for item in items if isinstance(item, kind)]


def records(items: Sequence[Item]) -> list[dict[str, object]]:
    """Return the values of all records, once it is certain that nothing is wrong."""
    assert not (findings := only(Finding, items)), "\n".join(map(str, findings))
    return [dict(record.values) for record in only(Record, items)]


def disagreements(items: Sequence[Item]) -> list[tuple[PrintedTotal, Decimal]]:
    """Return each printed total that the records do not add up to, with what they do add up to."""
    differ = []
    for total in only(PrintedTotal, items):
        rows = [
            record
            for record in only(Record, items)
            if record.table == total.table
            and all(record.values[name] == value for name, value in total.labels.items())
            and (
                total.period is None
                or (
                    record.period is not None
                    and (record.period.start, record.period.end)
                    == (total.period.start, total.period.end)
                )
            )
        ]
        figures = [record.values[total.column] for record in rows] if total.column else []
        found = sum((one for one in figures if isinstance(one, Decimal)), Decimal())
        found = found if total.column else Decimal(len(rows))
        if found != total.printed:
            differ.append((total, found))
    return differ
