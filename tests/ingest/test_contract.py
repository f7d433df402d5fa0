"""The database has the tables, views and keys that the contract names."""

from __future__ import annotations

from collections.abc import Callable

from tests.contract import COLUMNS, FOREIGN_KEYS, VIEWS

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
