"""Check what disclosures and shapes declare, before any of their rows is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

from ingest.checks.places import in_manifest
from ingest.config.manifest import FILE_NAME, THE_ONLY_TABLE
from ingest.database.staging import MET_SCHEMA, SCHEMA
from ingest.database.tables import SqlTable, sql_tables
from ingest.readers.folders import DisclosureFolder, TabularFolder
from ingest.records.findings import Finding
from ingest.text.phrases import truncated_repr

INFERRED = ("mentions", "lost markers")
"""The kinds of evidence that are inferred for the tables of shapes."""


def check_declared(
    folders: Sequence[DisclosureFolder], tabular: Sequence[TabularFolder]
) -> Iterator[Finding]:
    """Yield everything wrong with the names, ids and references that disclosures and shapes declare."""
    yield from _names_once(tabular)
    for path in dict.fromkeys(folder.shape_path for folder in tabular):
        folder = next(folder for folder in tabular if folder.shape_path == path)
        for table in sql_tables(folder.shape):
            yield from _columns_once(folder, table)
            yield from _evidence(folder, table)
    yield from _ids_once(folders, tabular)
    for folder in tabular:
        yield from _row_numbers_name_tables(folder)
        yield from _supersedes(folder, tabular)
        yield from _caveats(folder)


def _names_once(folders: Sequence[TabularFolder]) -> Iterator[Finding]:
    """Yield a finding for each name in the database that a shape makes a second time."""
    taken: dict[str, str] = dict.fromkeys(_own_names(), "this project")
    families: dict[str, TabularFolder] = {}
    for path in dict.fromkeys(folder.shape_path for folder in folders):
        folder = next(folder for folder in folders if folder.shape_path == path)
        other = families.setdefault(folder.shape.family, folder)
        if other is not folder:
            yield _clash(folder, f"the family {folder.shape.family}", str(other.shape_path))
            continue
        for table in sql_tables(folder.shape):
            for name in table.made:
                owner = taken.setdefault(name, str(path))
                if owner != str(path):
                    yield _clash(folder, f"the table {name}", owner)
                elif name.startswith("sqlite_"):
                    yield _clash(folder, f"the table {name}", "SQLite")


def _clash(folder: TabularFolder, found: str, owner: str) -> Finding:
    return Finding(
        folder.shape_path,
        None,
        f"{found}, a name that {owner} has taken",
        "a name that nothing else in the database has",
        "give one of the two shapes another family, or the table another name",
    )


def _own_names() -> list[str]:
    """Return the names of the tables and views in the schemas. Those of the Met's form are taken even where there is
    no such disclosure, since one may be added."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for schema in (SCHEMA, MET_SCHEMA):
            connection.executescript(schema.read_text("utf-8"))
        names = connection.execute("select name from sqlite_master where type in ('table', 'view')")
        return [*(name for (name,) in names), "records"]


def _columns_once(folder: TabularFolder, table: SqlTable) -> Iterator[Finding]:
    """Yield a finding for each column that a table would have twice, or that SQLite does not allow."""
    names = [name for name, _ in table.definitions()]
    faults = {name for name in names if names.count(name) > 1}
    faults |= {name for name in table.texts if name == "rank" or name == table.index}
    for name in sorted(faults):
        yield Finding(
            folder.shape_path,
            None,
            f"the column {name} of {table.name}, a name that the database uses itself",
            "a name that no other column of the table has, and that the search allows",
            "give the column another name",
        )


def _evidence(folder: TabularFolder, table: SqlTable) -> Iterator[Finding]:
    for column in table.table.columns:
        for kind in column.evidence:
            if kind not in INFERRED:
                yield Finding(
                    folder.shape_path,
                    None,
                    f"evidence: {kind}, for {column.name} of {table.name}",
                    " or ".join(INFERRED),
                    "remove it: this project infers it for the Met’s form only",
                )


def _ids_once(
    folders: Sequence[DisclosureFolder], tabular: Sequence[TabularFolder]
) -> Iterator[Finding]:
    """Yield a finding for each disclosure whose id, or whose rows' ids, another one has."""
    taken = {folder.disclosure.id: folder.path for folder in folders}
    prefixes = {folder.disclosure.row_id(0).removesuffix("0000"): folder.path for folder in folders}
    for folder in tabular:
        others = [taken.setdefault(folder.manifest.id, folder.path)]
        others += [
            prefixes.setdefault(folder.id_prefix(table), folder.path)
            for table in folder.shape.records
        ]
        other = next((path for path in others if path != folder.path), None)
        if other:
            yield in_manifest(
                folder,
                ("id",),
                f"the id {folder.manifest.id}, which is, or whose rows’ ids begin, as that in {other}",
                "an id that no other disclosure has",
                "give one of the two another id, or remove one of the two folders",
            )


def _row_numbers_name_tables(folder: TabularFolder) -> Iterator[Finding]:
    names = [table.name for table in folder.shape.records]
    known = {*names, THE_ONLY_TABLE} if len(names) == 1 else {*names}
    for name in folder.manifest.row_numbers or {}:
        if name not in known:
            yield in_manifest(
                folder,
                ("row_numbers",),
                f"row_numbers for {'the only table' if name == THE_ONLY_TABLE else truncated_repr(name)}",
                f"row_numbers by table: {', '.join(names)}",
                f"correct the name in {FILE_NAME}",
            )


def _caveats(folder: TabularFolder) -> Iterator[Finding]:
    """Yield a finding if a caveat of the disclosure applies to what its shape does not have."""
    try:
        folder.shape.check_caveats(folder.manifest.caveats)
    except ValueError as error:
        yield in_manifest(
            folder,
            ("caveats",),
            "caveats that do not fit the shape",
            str(error),
            f"correct them in {FILE_NAME}",
        )


def _supersedes(folder: TabularFolder, folders: Sequence[TabularFolder]) -> Iterator[Finding]:
    """Yield a finding if the disclosure that this one replaces is not an earlier one of its kind."""
    id = folder.manifest.supersedes
    if not id:
        return
    earlier = next((one for one in folders if one.manifest.id == id), None)
    found = None
    if not earlier:
        found = f"supersedes {id}, which is not here"
    elif earlier.shape_path != folder.shape_path:
        found = f"supersedes {id}, which has another shape"
    elif earlier.manifest.publisher != folder.manifest.publisher:
        found = (
            f"supersedes {id}, of {earlier.manifest.publisher or 'a publisher that is not stated'}"
        )
    elif any(one is not folder and one.manifest.supersedes == id for one in folders):
        found = f"supersedes {id}, as another disclosure does"
    elif _published(folder) and _published(earlier) and _published(folder) < _published(earlier):
        found = f"supersedes {id}, published on {_published(earlier)}"
    elif _in_a_circle(folder, folders):
        found = f"supersedes {id}, which in the end supersedes this one"
    if found:
        yield in_manifest(
            folder,
            ("supersedes",),
            found,
            "an earlier disclosure of the same publisher and shape, which only one other supersedes",
            f"correct the id in {FILE_NAME}; keep the folder of the earlier document",
        )


def _published(folder: TabularFolder) -> str:
    return str(folder.manifest.published_on or "")


def _in_a_circle(folder: TabularFolder, folders: Sequence[TabularFolder]) -> bool:
    earlier = {one.manifest.id: one.manifest.supersedes for one in folders}
    id, seen = folder.manifest.id, set[str]()
    while id not in seen:
        seen.add(id)
        following = earlier.get(id)
        if following is None:
            return False
        id = following
    return True
