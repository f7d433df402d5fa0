"""Programs get the same values as JSON, CSV and Excel, from the links that pages give them."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any
from urllib.parse import quote_plus

import pytest
from datasette.app import Datasette
from openpyxl import load_workbook

from tests.contract import OF_OTHER_SHAPES
from tests.site.pages import TABLES
from tests.site.questions import QUESTIONS, address

TABLE = "/foi/officer_allegations"
PAGES = {
    **{name: f"/foi/{name}" for name in TABLES},
    **{name: address(question) for name, question in QUESTIONS.items()},
    "filtered": f"{TABLE}?rank=Constable&_sort_desc=position",
    "a page of its own size": f"{TABLE}?_size=5&_facet=year&_labels=on&_next=22-026570-0007",
    "SQL": f"/foi?sql={quote_plus('select id, summary, null as n from officer_allegations')}",
}
"""What each kind of page shows; the first rows are those of tables and questions."""

Cells = list[dict[str, Any]]


async def links(site: Datasette, page: str) -> dict[str, set[str]]:
    """The addresses to which a page leads in each format."""
    found: dict[str, set[str]] = {"json": set(), "csv": set(), "xlsx": set()}
    response = await site.client.get(page)
    assert response.status_code == 200
    body = response.text.partition("<main")[2]
    for href in re.findall(r'<(?:a href|form action)="([^"]*)"', body):
        path = html.unescape(href).partition("?")[0]
        if path.rpartition(".")[2] in found:
            found[path.rpartition(".")[2]].add(html.unescape(href))
    return found


async def get(site: Datasette, url: str) -> Any:
    response = await site.client.get(url)
    assert response.status_code == 200, response.text
    assert "x-truncated" not in response.headers
    return response


def from_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def from_excel(content: bytes) -> Cells:
    heading, *rows = load_workbook(io.BytesIO(content)).worksheets[0].values
    return [dict(zip(heading, row, strict=True)) for row in rows]


def as_csv_has_it(rows: Cells) -> list[dict[str, str]]:
    """Values as a CSV writes them: an empty cell for NULL."""
    return [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in rows
    ]


EMPTY = {*OF_OTHER_SHAPES}
"""Tables that have rows only if there is a disclosure of another shape."""


@pytest.mark.quick_cases(12)
@pytest.mark.asyncio
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_links_to_equal_values_in_each_format(site: Datasette, name: str) -> None:
    found = await links(site, PAGES[name])
    if not found["json"]:
        assert (await site.client.get(PAGES[name])).text.count("zero-results") == 1
        return
    expected: Cells | None = None
    for url in found["json"]:
        rows = (await get(site, url)).json()
        assert isinstance(rows, list)
        expected = expected or rows
        assert rows == expected
    assert bool(expected) == (name not in EMPTY)
    expected = expected or []
    assert not any(isinstance(value, dict | list) for row in expected for value in row.values())
    assert len(found["csv"]) >= 1
    for url in found["csv"]:
        if url != f"{TABLE}.csv?_dl=1" or name == "officer_allegations":  # the whole table
            assert from_csv((await get(site, url)).text) == as_csv_has_it(expected)
    assert len(found["xlsx"]) == 1
    for url in found["xlsx"]:
        assert from_excel((await get(site, url)).content) == expected


@pytest.mark.asyncio
async def test_a_page_of_its_own_size_links_to_all_rows(site: Datasette) -> None:
    found = await links(site, PAGES["a page of its own size"])
    for url in found["json"]:
        rows = (await get(site, url)).json()
        assert len(rows) == 409
        assert sum(row["rank"] == "Constable" for row in rows) == 271
        assert {row["disclosure_id"] for row in rows} == {"01-FOI-22-026570"}


@pytest.mark.asyncio
async def test_a_filtered_page_links_to_its_rows_and_to_the_whole_table(site: Datasette) -> None:
    found = await links(site, PAGES["filtered"])
    lengths = {url: len(from_csv((await get(site, url)).text)) for url in found["csv"]}
    assert sorted(lengths.values()) == [271, 271, 409]
    assert lengths[f"{TABLE}.csv?_dl=1"] == 409


@pytest.mark.asyncio
async def test_a_row_is_one_object(site: Datasette) -> None:
    found = await links(site, f"{TABLE}/22-026570-0003")
    (url,) = found["json"]
    (row,) = (await get(site, url)).json()
    assert (row["id"], row["disclosure_id"]) == ("22-026570-0003", "01-FOI-22-026570")
    (url,) = found["xlsx"]
    assert from_excel((await get(site, url)).content) == [row]


@pytest.mark.asyncio
async def test_binary_values_and_null_are_the_same_in_each_format(site: Datasette) -> None:
    sql = quote_plus("select x'00ff' as b, null as n, 1.5 as r, 'a' as t, 3 as i")
    (row,) = from_csv((await get(site, f"/foi.csv?sql={sql}")).text)
    assert row == {"b": "AP8=", "n": "", "r": "1.5", "t": "a", "i": "3"}
    (cells,) = from_excel((await get(site, f"/foi.xlsx?sql={sql}")).content)
    assert cells == {"b": "AP8=", "n": None, "r": 1.5, "t": "a", "i": 3}
    (whole,) = (await get(site, f"/foi.json?sql={sql}&_shape=array")).json()
    assert whole == {**cells, "b": {"$base64": True, "encoded": "AP8="}}


@pytest.mark.asyncio
async def test_excel_has_values_even_where_labels_are_asked_for(site: Datasette) -> None:
    plain, labelled = [
        from_excel((await get(site, f"{TABLE}.xlsx?_size=max{more}")).content)
        for more in ("", "&_labels=on")
    ]
    assert labelled == plain
    (row, *_) = from_csv((await get(site, f"{TABLE}.csv?_labels=on")).text)
    assert row["disclosure_id"] == "01-FOI-22-026570"
    assert row["disclosure_id_label"] == "01/FOI/22/026570"


def number_or_text(value: Any) -> object:
    """A cell of a data frame, whichever type its column was given; None if it is empty.

    Numbers have nine decimal places, because pandas reads the last digits inexactly.
    """
    if value is None or value != value:
        return None
    try:
        return round(float(value), 9)
    except ValueError:
        return value


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.parametrize("name", [name for name in (*TABLES, *QUESTIONS) if name not in EMPTY])
async def test_pandas_reads_equal_values_from_each_format(site: Datasette, name: str) -> None:
    import pandas

    found = await links(site, PAGES[name])
    frames = [
        *[pandas.read_json(io.StringIO((await get(site, url)).text)) for url in found["json"]],
        *[pandas.read_csv(io.StringIO((await get(site, url)).text)) for url in found["csv"]],
        *[pandas.read_excel(io.BytesIO((await get(site, url)).content)) for url in found["xlsx"]],
    ]
    tables = [
        [list(frame.columns), [list(map(number_or_text, row)) for row in frame.to_numpy()]]
        for frame in (frame.astype(object) for frame in frames)
    ]
    assert all(table == tables[0] for table in tables)
    if name == "officer_allegations":
        assert {(frame["rank"] == "Constable").sum() for frame in frames} == {271}
