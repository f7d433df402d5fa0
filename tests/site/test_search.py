"""Search: it finds words and phrases, never redactions, and no input is an error."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from datasette.app import Datasette

pytestmark = pytest.mark.asyncio
TABLE = "/foi/officer_allegations"


async def found(site: Datasette, query: str) -> int:
    response = await site.client.get(f"{TABLE}.json?_size=0&_search={quote_plus(query)}")
    assert response.status_code == 200, response.text
    return int(response.json()["filtered_table_rows_count"])


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("harass", 20),
        ("facebook", 38),
        ("Facebook", 38),
        ("fácebook", 38),
        ("[Facebook]", 38),
        ("redacted", 0),
        ("[REDACTED]", 0),
        ('"sent photos"', 0),
        ("█", 0),
        ("█████", 0),
        ('"sent █████ photos"', 0),
        ("face*", 0),
        ("nosuchword", 0),
    ],
)
async def test_a_search_finds_as_many_rows_as_say_it(
    site: Datasette, query: str, rows: int
) -> None:
    assert await found(site, query) == rows


async def test_words_are_found_in_any_order_and_phrases_only_in_theirs(
    site: Datasette, rows: Callable[..., list[tuple[str]]]
) -> None:
    summaries = [text for (text,) in rows("select summary from officer_allegations") if text]
    sent = [text for text in summaries if re.search(r"\bsent\b", text, re.IGNORECASE)]
    both = [text for text in sent if re.search(r"\bmessag(es?|ed|ing)\b", text, re.IGNORECASE)]
    phrase = [text for text in both if re.search(r"\bsent messages?\b", text, re.IGNORECASE)]
    assert len(both) > len(phrase) > 0
    assert await found(site, "sent messages") == len(both)
    assert await found(site, "messages sent") == len(both)
    assert await found(site, '"sent messages"') == len(phrase)
    assert await found(site, '"messages sent"') == 0


async def test_bars_typed_between_words_are_passed_over(site: Datasette) -> None:
    assert await found(site, "sent █████ photos") == await found(site, "sent photos") > 0


@pytest.mark.parametrize(
    "query",
    [
        '"',
        '""',
        '"""',
        "'",
        "AND",
        "NOT",
        "NEAR(",
        "a NEAR/2 b",
        "*",
        "^",
        "-",
        ":",
        "summary:",
        "{a b}",
        "(",
        ")",
        "\\",
        "%",
        ";--",
        "\0",
        "a\0b",
        '"a\nb"',
        '"un\tclosed',
        "\U0001f600",
        "\ufffd",
        "ﷺ",
        "a" * 10_000,
        "a " * 5_000,
        '"a" ' * 2_000,
        "█" * 1_000,
        "?!.,",
        "?! facebook",
    ],
)
async def test_no_input_is_an_error(site: Datasette, query: str) -> None:
    for address in (f"{TABLE}?_search=", f"{TABLE}.json?_search_summary=", f"{TABLE}.csv?_search="):
        response = await site.client.get(address + quote_plus(query))
        assert response.status_code == 200, response.text[:300]
    sql = "select rowid from officer_allegations_fts where summary match escape_fts(:q)"
    response = await site.client.get("/foi.json", params={"sql": sql, "q": query})
    assert response.status_code == 200, response.text[:300]


@pytest.mark.parametrize("blank", ["", "%20", "+%09", "%0A"])
@pytest.mark.parametrize("name", ["_search", "_search_summary"])
async def test_an_empty_search_is_no_filter(site: Datasette, name: str, blank: str) -> None:
    response = await site.client.get(f"{TABLE}.json?_size=0&year=2020&{name}={blank}")
    assert response.json()["filtered_table_rows_count"] == 102
    page = await site.client.get(f"{TABLE}?year=2020&{name}={blank}")
    assert "102 rows" in page.text
    assert "search matches" not in page.text


async def test_an_empty_query_in_sql_finds_nothing(site: Datasette) -> None:
    sql = "select count(*) from officer_allegations_fts where summary match escape_fts(:q)"
    response = await site.client.get("/foi.json", params={"sql": sql, "_shape": "arrayfirst"})
    assert response.json() == [0]


async def test_the_index_holds_bars_for_markers_and_otherwise_the_summaries(
    database: Path,
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute(
            "select count(*) from officer_allegations join officer_allegations_fts f"
            " on f.rowid = officer_allegations.rowid"
            " where replace(officer_allegations.summary, '[REDACTED]', ' █████ ') = f.summary"
        ).fetchone() == (312,)
        connection.execute(
            "insert into officer_allegations_fts (officer_allegations_fts)"
            " values ('integrity-check')"
        )
        snippet = connection.execute(
            "select snippet(officer_allegations_fts, 0, '<', '>', '…', 8)"
            " from officer_allegations_fts where summary match 'bailed'"
        ).fetchone()[0]
        assert "<bailed>" in snippet
