"""Let a later document take the place of the one that it supersedes, and withdraw rows.

Both change rows that are in the staging file already, by SQL.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from ingest.config.manifest import Withdrawal
from ingest.config.shape import Shape
from ingest.database.tables import SqlTable, quoted, sql_tables
from ingest.readers.folders import TabularFolder
from ingest.text.redaction import normalised_words


def in_order(folders: Iterable[TabularFolder]) -> list[TabularFolder]:
    """Return the disclosures so that each comes after the one that it supersedes."""
    by_id = {folder.manifest.id: folder for folder in folders}
    ordered: dict[str, TabularFolder] = {}
    for id in by_id:
        chain = [id]
        while (earlier := by_id[chain[-1]].manifest.supersedes) and earlier in by_id:
            chain.append(earlier)
        ordered |= {one: by_id[one] for one in reversed(chain) if one not in ordered}
    return list(ordered.values())


def supersede(connection: sqlite3.Connection, folder: TabularFolder) -> None:
    """Take the rows of the disclosure that this one replaces out of their tables.

    A row that says the same as one of the earlier document keeps that one's id; of rows that say the same as
    one another, the first keeps the first id. What was added, changed or dropped goes to `changes`: a row
    counts as changed if the table has a key and the earlier document had a row with the same one. Words of
    columns of text are left out there, because a publisher may have replaced a document to withhold them.
    """
    ids = {"new": folder.manifest.id, "old": folder.manifest.supersedes}
    for table in sql_tables(folder.shape):
        _match(connection, table, ids)
        _record_changes(connection, table, ids)
        for child in (one for one in table.made if one.endswith(("_redactions", "_mentions"))):
            connection.execute(
                f"delete from {quoted(child)} where record_id in"
                f" (select id from {quoted(table.name)} where disclosure_id = :old)",
                ids,
            )
        connection.execute(f"delete from {quoted(table.name)} where disclosure_id = :old", ids)
        connection.execute(
            f"update {quoted(table.name)} set id = (select old_id from matched where new_id = id)"
            " where id in (select new_id from matched where same)"
        )
    connection.execute("delete from printed_totals where disclosure_id = :old", ids)
    connection.execute("update disclosures set supersedes = :old where id = :new", ids)


def _match(connection: sqlite3.Connection, table: SqlTable, ids: dict[str, str | None]) -> None:
    """Make the temporary table `matched`: the ids of rows of both documents that say the same, or have
    the same key."""
    said = [name for name in table.columns if name in {"status", *table.table.names}]
    said += [name for name in table.columns if name.endswith("_status")]
    names = ", ".join(map(quoted, said))
    connection.execute("drop table if exists temp.matched")
    connection.execute(
        "create temp table matched (new_id text primary key, old_id text unique, same integer)"
    )
    numbered = (
        f"select id, {names}, row_number() over (partition by {names} order by position) as again"
        f" from {quoted(table.name)} where disclosure_id ="
    )
    equal = " and ".join(f"new.{quoted(name)} is old.{quoted(name)}" for name in [*said, "again"])
    connection.execute(
        f"insert into matched with new as ({numbered} :new), old as ({numbered} :old)"
        f" select new.id, old.id, 1 from new join old on {equal}",
        ids,
    )
    for column in table.table.columns:
        if column.role == "key":
            key = quoted(column.name)
            connection.execute(
                f"insert into matched select new.id, old.id, 0 from {quoted(table.name)} as new"
                f" join {quoted(table.name)} as old on new.{key} = old.{key}"
                " where new.disclosure_id = :new and old.disclosure_id = :old"
                " and new.id not in (select new_id from matched)",
                ids,
            )


def _record_changes(
    connection: sqlite3.Connection, table: SqlTable, ids: dict[str, str | None]
) -> None:
    """Write what differs between the rows of the two documents into `changes`."""
    name, shown = quoted(table.name), [one for one in table.table.names if one not in table.texts]
    insert = (
        "insert into changes (disclosure_id, table_name, change, record_id, earlier_id, column_name,"
        f" before, after) select :new, '{table.name}',"
    )
    connection.execute(
        f"{insert} 'added', id, null, null, null, null from {name} where disclosure_id = :new"
        " and id not in (select new_id from matched) order by position",
        ids,
    )
    for column in table.table.names:
        words = f"old.{quoted(column)}, new.{quoted(column)}" if column in shown else "null, null"
        connection.execute(
            f"{insert} 'changed', new.id, old.id, '{column}', {words} from matched"
            f" join {name} as new on new.id = new_id join {name} as old on old.id = old_id"
            f" where not same and new.{quoted(column)} is not old.{quoted(column)} order by new.position",
            ids,
        )
    for column in shown:
        connection.execute(
            f"{insert} 'dropped', null, id, '{column}', {quoted(column)}, null from {name}"
            " where disclosure_id = :old and id not in (select old_id from matched) order by position",
            ids,
        )


def withdraw(
    connection: sqlite3.Connection, table: SqlTable, withdrawal: Withdrawal, disclosure_id: str
) -> bool:
    """Take the words of a withdrawn row out of the staging file. Return whether there is such a row."""
    texts = "".join(f", {quoted(name)} = null" for name in table.texts)
    cursor = connection.execute(
        f"update {quoted(table.name)} set withdrawn_on = ?, withdrawn_reason = ?, source_text = null"
        f"{texts} where id = ? and disclosure_id = ?",
        [withdrawal.date.isoformat(), withdrawal.reason, withdrawal.id, disclosure_id],
    )
    return cursor.rowcount > 0


def repeats(connection: sqlite3.Connection, shape: Shape, withdrawn: Sequence[str]) -> list[str]:
    """Return the ids of the other rows of a family whose texts have the same words as withdrawn rows."""
    connection.create_function("folded_words", 1, _folded_words, deterministic=True)
    texts = [
        f"select id, folded_words({quoted(name)}) as words from {quoted(table.name)}"
        for table in sql_tables(shape)
        for name in table.texts
    ]
    if not texts or not withdrawn:
        return []
    said = " union all ".join(texts)
    found = connection.execute(
        f"with said as ({said}), listed as (select value as id from json_each(?)),"
        " gone as (select words from said where id in (select id from listed) and words <> '')"
        " select distinct id from said where words in (select words from gone)"
        " and id not in (select id from listed) order by id",
        [json.dumps([*withdrawn])],
    )
    return [id for (id,) in found]


def _folded_words(text: str | None) -> str | None:
    return " ".join(normalised_words(text)) if text else None
