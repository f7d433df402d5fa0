"""Search: it finds words and phrases, never redactions, and no input is an error."""

from __future__ import annotations

import html
import re
import sqlite3
import timeit
import unicodedata
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from datasette.app import Datasette

from ingest.evidence.mentions import patterns
from tests.serving import a_plugin

pytestmark = pytest.mark.asyncio
TABLE = "/foi/officer_allegations"
WORDS = 200
"""The most words in a search."""


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
        ("face*", 38),
        ("FACE*", 38),
        ("racis*", 13),
        ("*", 0),
        ("nosuchword", 0),
        ("nosuchword OR facebook", 38),
        ("facebook OR nosuchword", 38),
        ("OR facebook", 38),
        ("facebook OR", 38),
        ("OR", 0),
        ("police officer", 15),
        ('"police officer"', 11),
        ("“police officer”", 11),
        ("„police officer“", 11),
        ("«police officer»", 11),
        ('"police officer', 11),
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


@pytest.mark.quick_cases(5)
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
        "a " * WORDS,
        " ".join(f"w{number}" for number in range(WORDS)),
        " OR ".join(f"w{number}" for number in range(WORDS // 2)),
        '"' + "a " * WORDS,
        "!".join("a" * WORDS),
        " ".join(f"a{mark}" for mark in "!$%&/()=?.,:;-_" * (WORDS // 15)),
        '"a" ' * WORDS,
        "█" * 1_000,
        "e" + "\u0301\u0323" * 5_000,
        "\u0f73" * 5_000,
        "?!.,",
        " ".join(f"{t}{h}{e}" for t in "tţťțṫṭṯ" for h in "hĥȟ" for e in "eèéêëēĕ"),
        "?! facebook",
    ],
)
async def test_no_input_is_an_error(site: Datasette, query: str) -> None:
    for address in (
        f"{TABLE}?_search=",
        f"{TABLE}.json?_search_summary=",
        f"{TABLE}.csv?_search=",
        "/foi/search?q=",
        "/foi/search.json?q=",
        "/foi/search.csv?q=",
    ):
        response = await site.client.get(address + quote_plus(query))
        assert response.status_code == 200, response.text[:300]
    for parameter in ("year", "rank", "result"):
        # A list of known terms, or of years: anything else is refused, and marks alone are dropped.
        address = f"/foi/search?q=facebook&{parameter}={quote_plus(query)}"
        response = await site.client.get(address)
        assert response.status_code in (200, 301, 400), response.text[:300]
    sql = "select rowid from officer_allegations_fts where summary match escape_fts(:q)"
    response = await site.client.get("/foi.json", params={"sql": sql, "q": query})
    assert response.status_code == 200, response.text[:300]


BEYOND = (
    "a " * (WORDS + 1),
    " ".join(f"w{number}" for number in range(9_000)),
    "!".join("a" * (WORDS + 1)),
    '"' + "a " * (WORDS + 1),
)


@pytest.mark.parametrize("form", ["", ".json", ".csv", ".xlsx"])
@pytest.mark.parametrize("query", BEYOND, ids=len)
async def test_more_words_than_the_bound_are_a_400_that_names_it(
    site: Datasette, query: str, form: str
) -> None:
    sql = "select rowid from officer_allegations_fts where summary match escape_fts(:q)"
    for path, arguments in (
        (TABLE, {"_search": query}),
        (TABLE, {"_search_summary": query}),
        ("/foi/search", {"q": query}),
        ("/foi", {"sql": sql, "q": query}),
    ):
        response = await site.client.get(path + form, params=arguments)
        assert response.status_code == 400
        assert f"at most {WORDS} words" in response.text


# Datasette logs the traceback of an error in a function, and pytest takes that for a fault.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_sql_that_makes_a_longer_search_is_told_so(site: Datasette) -> None:
    sql = "select escape_fts(replace(hex(zeroblob({})), '00', 'a '))"
    most = a_plugin("search").MOST_WORDS
    for words, status in ((most, 200), (most + 1, 400), (100_000, 400)):
        response = await site.client.get("/foi.json", params={"sql": sql.format(words)})
        assert response.status_code == status
    assert "longer than this site allows" in response.json()["detail"]


ADVERSE = ("e\u0301", "\u0301", "\u0323\u0301", "\u0f73", "ﷺ", "a", '"', "*", "█ ")
"""Texts without words, or of one long word: the number of words has a bound."""


@pytest.mark.parametrize("text", ADVERSE)
async def test_work_grows_with_the_length_of_a_search(text: str) -> None:
    escape = a_plugin("search").escape_fts
    short, long = (text * (length // len(text)) for length in (1_500, 24_000))

    def seconds(typed: str) -> float:
        return min(timeit.repeat(lambda: escape(typed), number=1, repeat=5))

    # 16 times the length: in square time 256 times as long.
    assert seconds(long) < 80 * seconds(short) + 0.001


@pytest.mark.parametrize(
    "text", ["Crème Brûlée", "ﬁn Ⅷ", "\u0344a\u0f73\u0323\u0301ệ", "가나", "İıΣς"]
)
async def test_folding_letter_by_letter_is_folding_the_whole(text: str) -> None:
    whole = unicodedata.normalize("NFD", text.lower())
    expected = "".join(letter for letter in whole if not unicodedata.combining(letter))
    assert a_plugin("search").folded(text) == expected


@pytest.mark.parametrize("blank", ["", "%20", "+%09", "%0A"])
@pytest.mark.parametrize("name", ["_search", "_search_summary"])
async def test_an_empty_search_does_not_filter(site: Datasette, name: str, blank: str) -> None:
    response = await site.client.get(f"{TABLE}.json?_size=0&year=2020&{name}={blank}")
    assert response.json()["filtered_table_rows_count"] == 102
    page = await site.client.get(f"{TABLE}?year=2020&{name}={blank}")
    assert "102 rows" in page.text
    assert "search matches" not in page.text


async def test_an_empty_query_in_sql_finds_nothing(site: Datasette) -> None:
    sql = "select count(*) from officer_allegations_fts where summary match escape_fts(:q)"
    response = await site.client.get("/foi.json", params={"sql": sql, "_shape": "arrayfirst"})
    assert response.json() == [0]


async def test_the_index_has_bars_for_markers_and_otherwise_the_summaries(
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


async def asked(site: Datasette, **arguments: str) -> list[dict[str, Any]]:
    """Return the answer of the question `search`."""
    response = await site.client.get("/foi/search.json", params={"_shape": "array", **arguments})
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()
    return rows


@pytest.mark.parametrize("query", ["harass", "facebook", "redacted", '"sent photos"', "█", ""])
async def test_the_question_finds_what_the_table_finds_and_nothing_for_nothing(
    site: Datasette, query: str
) -> None:
    rows = await asked(site, q=query)
    assert len(rows) == (await found(site, query) if query else 0)
    assert len({row["id"] for row in rows}) == len(rows)


async def test_matches_are_marked_in_the_data_and_on_the_page(site: Datasette) -> None:
    rows = await asked(site, q="harass")
    for row in rows:
        assert re.findall("⟦(.*?)⟧", row["snippet"])
        assert all(
            match.lower().startswith("harass") for match in re.findall("⟦(.*?)⟧", row["snippet"])
        )
        assert "redacted" not in row["snippet"].lower()
    page = (await site.client.get("/foi/search?q=harass")).text
    table = page[page.index("<tbody>") :]
    assert table.count("<mark>") == table.count("</mark>") == str(rows).count("⟦") > 20
    assert "⟦" not in table[: table.index("</tbody>")]
    assert table.count('<span class="redacted">') == sum(
        len(re.findall("█+", row["snippet"])) for row in rows
    )


async def test_the_most_relevant_rows_come_first(site: Datasette, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        ranked = connection.execute(
            "select id, bm25(officer_allegations_fts) from officer_allegations_fts"
            " join officer_allegations on officer_allegations.rowid = officer_allegations_fts.rowid"
            " where officer_allegations_fts match 'messages'"
        ).fetchall()
    relevance = dict(ranked)
    ids = [row["id"] for row in await asked(site, q="messages")]
    assert set(ids) == set(relevance)
    assert [relevance[id] for id in ids] == sorted(relevance.values())
    assert ids != sorted(ids)


async def test_year_rank_and_result_narrow_a_search(site: Datasette) -> None:
    rows = await asked(site, q="facebook")
    for column in ("year", "rank", "result"):
        value = rows[0][column]
        alike = [row for row in rows if row[column] == value]
        assert 0 < len(alike) < len(rows)
        assert await asked(site, q="facebook", **{column: str(value)}) == alike
        unknown = await site.client.get(f"/foi/search.json?q=facebook&{column}=7")
        assert unknown.status_code == 400
    both = await asked(site, q="facebook", year="2017", rank="Sergeant")
    assert both == [row for row in rows if row["year"] == 2017 and row["rank"] == "Sergeant"]


async def test_the_form_offers_the_choices_and_keeps_what_was_asked(site: Datasette) -> None:
    page = (await site.client.get("/foi/search?q=%22a%22&rank=Sergeant&year=2017")).text
    assert 'name="q" value="&#34;a&#34;"' in page
    assert "<option selected>Sergeant</option>" in page
    assert "<option>Inspector +</option>" in page
    assert "<option>Case to Answer</option>" in page
    years = re.findall(r"<option( selected)?>(20\d\d)</option>", page)
    assert [int(year) for _, year in years] == [*range(2017, 2023)]
    assert [year for selected, year in years if selected] == ["2017"]
    assert "the words may be redacted" in page


MENTIONS = [
    entry.mention for kind in ("platform", "conduct") for entry in getattr(patterns(), kind)
]


@pytest.mark.parametrize("either", ["sent OR photos", "photos OR sent", "sent OR photos OR sent"])
async def test_or_finds_what_either_word_finds(site: Datasette, either: str) -> None:
    apart, both = [await found(site, one) for one in ("sent", "photos")], "sent photos"
    assert await found(site, either) == sum(apart) - await found(site, both)
    # It joins the two words beside it, not everything before it with everything after it.
    assert await found(site, f"officer {either}") < await found(site, either)
    assert await found(site, f"{either} officer") == await found(site, f"officer {either}")


async def page_of(site: Datasette, address: str, **arguments: str) -> tuple[str, str]:
    """Return a page, and its text."""
    response = await site.client.get(address, params=arguments or None)
    assert response.status_code == 200, response.text[:300]
    text = html.unescape(re.sub(r"<[^>]+>", "", response.text))
    return response.text, " ".join(text.split())


@pytest.mark.quick_cases(9)
@pytest.mark.parametrize("mention", MENTIONS)
@pytest.mark.parametrize(("address", "name"), [("/foi/search", "q"), (TABLE, "_search")])
async def test_a_search_for_a_mention_shows_both_counts(
    site: Datasette, mention: str, address: str, name: str
) -> None:
    rows = (await site.client.get("/foi/mentions.json", params={"mention": mention})).json()
    count = rows["filtered_table_rows_count"]
    markup, text = await page_of(site, address, **{name: mention})
    assert re.search(
        rf"at least {count} officer\S+ summar\w+ mentions? {re.escape(mention)},", text
    )
    (widened,) = set(re.findall(rf'href="([^"]*or_mention={quote(mention)}[^"]*)"', markup))
    wide = await site.client.get(html.unescape(widened).replace("?", ".json?_shape=array&"))
    ids = {row["id"] for row in wide.json()}
    assert ids >= {row[0] for row in rows["rows"]}
    narrow = await site.client.get("/foi/search.json", params={"q": mention, "_shape": "array"})
    assert {row["id"] for row in narrow.json()} <= ids
    assert len(ids) == len(wide.json())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("whats app", ["WhatsApp"]),
        ("racist*", ["racism"]),
        ("“Racism”", ["racism"]),
        ("tweets about racial abuse", ["Twitter", "racism"]),
        ("embrace", []),
        ("", []),
        ("a" * 10_000, []),
    ],
)
async def test_the_mentions_that_a_search_names(
    site: Datasette, words: str, named: list[str]
) -> None:
    rows = (await site.client.get("/foi/mention_patterns.json?_shape=array&_size=max")).json()
    assert a_plugin("mentions").mentions_named(words, rows) == named


async def test_a_search_says_how_much_it_could_read(
    site: Datasette, rows: Callable[..., list[tuple[int, int, int]]]
) -> None:
    for year, given in (("", {}), ("where year = 2020", {"year": "2020"})):
        ((readable, redacted, without),) = rows(
            "select sum(visible_words > 0), sum(visible_words = 0), sum(visible_words is null)"
            f" from officer_allegations {year}"
        )
        expected = (
            f"the words that can be read in {readable} summaries. {redacted} more are wholly"
            f" redacted, and {without} rows have no summary."
        )
        for address, name in (("/foi/search", "q"), (TABLE, "_search")):
            _, text = await page_of(site, address, **{name: "facebook"}, **given)
            assert expected in text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/foi/mentions", True),
        ("/foi/mentions-per-year", True),
        ("/foi/mention-by-outcome", True),
        ("/foi/search?q=whats+app", True),
        (f"{TABLE}?_search=WhatsApp", True),
        ("/foi/search?q=facebook", False),
        ("/foi/search?q=inappropriate", False),
        (TABLE, False),
    ],
)
async def test_pages_say_which_platform_was_not_searched_for(
    site: Datasette, rows: Callable[..., list[tuple[str]]], address: str, said: bool
) -> None:
    markup, text = await page_of(site, address)
    assert text.count("The request named WhatsApp") == said
    assert text.count("The request named") == said
    if said:
        quoted = [html.unescape(words) for words in re.findall("<q>(.*?)</q>", markup)]
        published = [words for (words,) in rows("select text from notes")]
        assert len(quoted) == 2
        assert set(quoted) <= set(published)
