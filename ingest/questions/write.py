"""Write the questions and the caveats of the tables made from shapes into the staging file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingest.config.caveats import Caveat
from ingest.database.descriptions import title_of
from ingest.database.tables import SqlTable, quoted, sql_tables
from ingest.questions.generate import Question, generate
from ingest.readers.folders import TabularFolder
from ingest.records.findings import Finding
from ingest.text.phrases import pluralize


class Applied(NamedTuple):
    """A caveat, and a table that it applies to, or one of its columns; a row of the table `caveats`."""

    disclosure_id: str | None
    family: str
    table_name: str
    column_name: str | None
    id: str
    sentence: str
    text: str | None


def check_questions(
    connection: sqlite3.Connection, folders: Sequence[TabularFolder]
) -> Iterator[Finding]:
    """Yield a finding for each question that has the name of a table, a view or another question."""
    taken = {
        name: "a table or view of the database"
        for (name,) in connection.execute("select name from sqlite_master")
    }
    for folder in _one_each(folders):
        for table in sql_tables(folder.shape):
            for question in generate(table, "", True, bool(table.texts)):
                owner = taken.setdefault(question.name, f"the table {table.name}")
                if owner != f"the table {table.name}":
                    yield Finding(
                        folder.shape_path,
                        None,
                        f"the question {question.name}, a name that {owner} has taken",
                        "a name that nothing else in the database has",
                        "give the table, or its column, another name",
                    )


def write_questions(connection: sqlite3.Connection, folders: Sequence[TabularFolder]) -> None:
    """Write the questions and caveats of all tables made from shapes, once their rows are final."""
    position = 0
    for folder in _one_each(folders):
        of_family = [one for one in folders if one.shape_path == folder.shape_path]
        tables = sql_tables(folder.shape)
        redacted = {table.name for table in tables if _is_redacted(connection, table)}
        caveats = [*_caveats_of(folder, of_family, tables, redacted)]
        connection.executemany(f"insert into caveats values ({', '.join('?' * 7)})", caveats)
        asked: set[tuple[str, frozenset[str]]] = set()
        for table in tables:
            totals = _printed(connection, table.name)
            for question in generate(
                table, _basis(table, totals), bool(totals), table.name in redacted
            ):
                position += 1
                header = {**question.header, "position": position}
                header["caveats"] = [*_shown(caveats, table, question)]
                if question.about:
                    same = (_adds_up_to(table), question.about)
                    header["listed"] = same not in asked
                    asked.add(same)
                    if not header["listed"]:
                        header["title"] += f" (from {title_of(table)})"
                connection.execute(
                    "insert into questions values (?, ?, ?, ?, ?, ?)",
                    (
                        question.name,
                        folder.shape.family,
                        table.name,
                        header["title"],
                        json.dumps(header, ensure_ascii=False),
                        question.sql,
                    ),
                )


def _adds_up_to(table: SqlTable) -> str:
    """Return the name of the table in which everything that this one counts is counted too."""
    name, shape = table.table.name, table.shape
    while (of := shape.table(name)) and of.adds_up_to in [one.name for one in shape.records]:
        name = of.adds_up_to or name
    return name


def _one_each(folders: Sequence[TabularFolder]) -> Iterator[TabularFolder]:
    """Yield one folder for each shape."""
    seen = set()
    for folder in folders:
        if folder.shape_path not in seen:
            seen.add(folder.shape_path)
            yield folder


def _printed(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """Return the number of totals that are printed about a table, by the outcome of the check."""
    counted = "select outcome, count(*) from printed_totals where table_name = ? group by outcome"
    return dict(connection.execute(counted, (table,)))


def _is_redacted(connection: sqlite3.Connection, table: SqlTable) -> bool:
    """Return whether there is a text with markers, or one that lost them."""
    bands = [quoted(table.measure(text, "redaction_band")) for text in table.texts]
    some = " or ".join(f"{band} <> 'unmarked'" for band in bands)
    found = f"select 1 from {quoted(table.name)} where {some} limit 1"
    return bool(bands) and connection.execute(found).fetchone() is not None


def _basis(table: SqlTable, found: dict[str, int]) -> str:
    """Return where the figures of a table come from, and how far they were checked: `found` has the number of
    printed totals by outcome."""
    ours = "Our sums of the publisher’s figures." if table.value else "Our count."
    if not found:
        return f"{ours} The document prints no totals to check the table against."
    printed, agrees = sum(found.values()), found.get("agrees", 0)
    what = "figures" if table.value else "rows"
    if agrees == printed:
        agree = "the one printed total" if printed == 1 else f"all {printed:,} printed totals"
        return f"{ours} Checked: the {what} of this table agree with {agree}."
    agree = f"{agrees:,} of {pluralize(printed, 'printed total')}"
    others = [
        f"{number:,} {words}"
        for outcome, words in (
            ("accepted", "can’t be made to agree, for a reason that is given"),
            ("cannot be checked", "can’t be checked, because figures are withheld"),
        )
        if (number := found.get(outcome))
    ]
    return (
        f"{ours} Checked in part: the {what} of this table agree with {agree}; {'; '.join(others)}."
    )


def _caveats_of(
    folder: TabularFolder,
    folders: Sequence[TabularFolder],
    tables: Sequence[SqlTable],
    redacted: set[str],
) -> Iterator[Applied]:
    """Yield the caveats of a family's tables: the shape's, those of each disclosure, and those that hold for
    tables of its kind."""
    shape = folder.shape
    for caveat in shape.caveats:
        yield from _applied(None, shape.family, caveat, tables)
    for one in folders:
        for caveat in one.manifest.caveats:
            yield from _applied(one.manifest.id, shape.family, caveat, tables)
    for table in tables:
        for caveat in _of_its_kind(table, tables, table.name in redacted):
            yield from _applied(None, shape.family, caveat, [table])


def _applied(
    disclosure: str | None, family: str, caveat: Caveat, tables: Sequence[SqlTable]
) -> Iterator[Applied]:
    for table in tables:
        wanted = caveat.applies_to
        columns = [name for name in table.table.names if name in wanted]
        for column in [None] if not wanted or table.table.name in wanted else columns:
            yield Applied(
                disclosure, family, table.name, column, caveat.id, caveat.sentence, caveat.text
            )


def _of_its_kind(
    table: SqlTable, tables: Sequence[SqlTable], is_redacted: bool
) -> Iterator[Caveat]:
    """Yield what must be said of every table of this kind."""
    yield Caveat(
        id="own_criteria",
        sentence="Never add up figures from different disclosures.",
        text="Publishers decide what to include, and two documents may count the same case.",
    )
    if len(tables) > 1 and table.value:
        yield Caveat(
            id="counted_more_than_once",
            sentence="Don’t add up figures from different tables of one document.",
            text="They may count the same things in different ways.",
        )
    if table.table.has_period:
        yield Caveat(
            id="part_periods",
            sentence="A figure for part of a year can’t be compared with those for whole years.",
            text="Such periods are marked in the column partial, and charts say when their figures end.",
            applies_to=[table.table.period_column or ""],
        )
    codes = table.table.spread.codes.values() if table.table.spread else ()
    if any(code.status == "suppressed" for code in codes):
        yield Caveat(
            id="suppressed",
            sentence="Some figures are withheld, so the true totals may be higher.",
            text=f"{table.value}_status says where a figure is suppressed.",
        )
    if is_redacted:
        yield Caveat(
            id="redacted",
            sentence="We can give only a minimum for the amount redacted, and no figure where our copy lost the markers.",
            text="A marker can hide one word or many. Where the markers were lost, we can’t tell how much was redacted; "
            "that doesn’t mean nothing was.",
            applies_to=[*table.texts],
        )


def _shown(
    caveats: Sequence[Applied], table: SqlTable, question: Question
) -> Iterator[dict[str, str]]:
    """Yield the caveats of the table, and of the columns that a question is about."""
    columns = question.header["columns"]
    measured = [text for text in table.texts if table.measure(text, "redaction_band") in columns]
    names = {*columns, *measured, *(table.texts if "redaction_density" in columns else ())}
    for caveat in caveats:
        if caveat.table_name == table.name and caveat.column_name in {None, *names}:
            of = f"{caveat.disclosure_id}: " if caveat.disclosure_id else ""
            yield {"short": of + caveat.sentence, "text": caveat.text or ""}
