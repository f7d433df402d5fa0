"""The database has the tables, views and keys that the contract names."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ingest.build import build
from ingest.database.finish import finish
from ingest.database.staging import SCHEMA
from tests.contract import COLUMNS, FOREIGN_KEYS, OF_THE_MET, VIEWS
from tests.parcels import put_parcels

Rows = Callable[..., list[tuple[object, ...]]]


def test_tables_have_the_columns_types_and_keys_of_the_contract(rows: Rows) -> None:
    tables = rows(
        "select name from pragma_table_list where schema = 'main' and type = 'table'"
        " and name not like 'sqlite_%'"
    )
    assert {str(table) for (table,) in tables} == set(COLUMNS)
    for table, stated in COLUMNS.items():
        expected = [
            (name.rstrip("*"), kind or "TEXT", name.endswith("*"))
            for name, _, kind in (column.partition(":") for column in stated.split())
        ]
        found = rows("select name, type, pk > 0 from pragma_table_info(?)", table)
        assert [(name, str(kind).upper(), bool(key)) for name, kind, key in found] == expected


def test_views_have_the_columns_of_the_contract(rows: Rows) -> None:
    views = {str(view) for (view,) in rows("select name from sqlite_master where type = 'view'")}
    assert views == set(VIEWS)
    for view, columns in VIEWS.items():
        found = rows("select name from pragma_table_info(?)", view)
        assert [name for (name,) in found] == columns.split()


def test_foreign_keys_are_those_of_the_contract_and_are_not_violated(rows: Rows) -> None:
    found = {
        (table, str(column), str(other))
        for table in COLUMNS
        for column, other in rows('select "from", "table" from pragma_foreign_key_list(?)', table)
    }
    assert found == FOREIGN_KEYS
    assert rows("select * from pragma_foreign_key_check") == []
    assert rows("select * from pragma_integrity_check") == [("ok",)]


def names_in(connection: sqlite3.Connection) -> set[str]:
    sql = "select name from pragma_table_list where schema = 'main' and type in ('table', 'view')"
    return {name for (name,) in connection.execute(sql) if not name.startswith("sqlite_")}


def test_a_database_of_another_form_has_the_tables_of_every_database_and_its_own(
    tmp_path: Path,
) -> None:
    put_parcels(tmp_path / "disclosures")
    build(tmp_path / "disclosures", tmp_path / "foi.db")
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        assert names_in(connection) == {*COLUMNS, *VIEWS} - OF_THE_MET | {
            "lost_parcels",
            "lost_parcels_redactions",
        }
        rows = connection.execute("select id, family, text, counts from records").fetchall()
        assert len(rows) == 5
        assert rows[2] == ("lost-parcels-2021-000003", "lost_parcels", "[REDACTED]", 1)


def test_without_any_table_of_records_the_view_over_all_is_empty() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA.read_text("utf-8"))
        finish(connection, [])
        cursor = connection.execute("select * from records")
        assert [column[0] for column in cursor.description] == VIEWS["records"].split()
        assert cursor.fetchall() == []
