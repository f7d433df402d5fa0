"""A visitor's SQL, and what is made from it, is never shown or sent as the site's own words."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import html5lib
import pytest
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from openpyxl import load_workbook

from tests.serving import a_plugin
from tests.site.pages import METADATA
from tests.site.test_errors import MISTAKES
from tests.site.test_renamed import Answer, ask

visitors_sql = a_plugin("visitors_sql")

SITE = METADATA["title"]
BANNER = "A visitor wrote this query"
NO_TITLE = visitors_sql.NO_TITLE
SELECT = "select 'answer' as reply"
TABLE = "/foi/officer_allegations"

TITLES = {
    SELECT: NO_TITLE,
    f"-- Who was dismissed?\n{SELECT}": "Who was dismissed?",
    f"--Who?\r\n-- Second line\r\n{SELECT}": "Who?",
    f"{SELECT} -- At the end": "At the end",
    "select 1 --\tIn   the\tmiddle \n, 'answer' as reply": "In the middle",
    f"--\n--  \n-- Title in a frame\n--\n{SELECT}": "Title in a frame",
    f"--\n{SELECT}": NO_TITLE,
    f"--\u202e\u200b\n{SELECT}": NO_TITLE,
    f"/* block */ {SELECT}": NO_TITLE,
    f"/* a -- block */ {SELECT} -- line": "line",
    f"-- /* line\n{SELECT} /* */": "/* line",
    "select 'answer' as reply, 'it''s -- text'": NO_TITLE,
    """select 'answer' as reply, '' as "a -- name", 1 as [-- b], 2 as `-- c` -- real""": "real",
    f"-- </title><script>alert(1)</script>\n{SELECT}": "</title><script>alert(1)</script>",
    f"""-- "><b>x</b> &lt;i&gt; '\n{SELECT}""": """"><b>x</b> &lt;i&gt; '""",
    f"-- a\u202eb\u2066c\u2069\u200f\u0007d\u2028e\n{SELECT}": "abcd e",
    f"-- {'long ' * 400}\n{SELECT}": f"{'long ' * 19}long…",
}
"""Titles of SQL that gives an answer."""
MISTAKEN = [
    dict(parse_qsl(mistake.query, keep_blank_values=True))["sql"]
    for mistake in MISTAKES
    if mistake.path == "/library" and mistake.query.startswith("sql=") and "&" not in mistake.query
]
"""SQL with each kind of mistake, the time limit included."""


def address(sql: str, form: str = "", **arguments: str) -> str:
    return f"/foi{form}?{urlencode({'sql': sql, **arguments})}"


class Page:
    """What a browser and a chat's preview make of a page."""

    def __init__(self, answer: Answer) -> None:
        self.tree: Any = html5lib.parse(answer.text, namespaceHTMLElements=False)
        self.title = self.tree.findtext(".//title")
        self.card = {
            meta.get("property") or meta.get("name"): meta.get("content")
            for meta in self.tree.iter("meta")
        }
        main = self.tree.find(".//main")
        self.tags = [element.tag for element in self.tree.iter() if isinstance(element.tag, str)]
        self.text = " ".join("".join(main.itertext()).split())
        (self.box,) = (box.text or "" for box in main.iter("textarea") if box.get("name") == "sql")


def says_that_it_is_the_visitors(page: Page, title: str) -> None:
    assert page.title == title
    assert page.card["og:title"] == title
    assert page.card["og:description"] == page.card["description"]
    assert page.card["description"].startswith(BANNER)
    assert page.card["description"].endswith(title)
    assert not {"og:site_name", "og:image"} & set(page.card)
    assert SITE not in json.dumps([page.title, page.card])


@pytest.mark.asyncio
@pytest.mark.parametrize("sql", TITLES)
async def test_a_page_shows_the_banner_then_the_sql_then_its_rows(
    site: Datasette, sql: str
) -> None:
    plain = Page(await ask(site, address(SELECT)))
    page = Page(await ask(site, address(sql)))
    says_that_it_is_the_visitors(page, TITLES[sql])
    assert page.box == sql.replace("\r\n", "\n")
    main = page.tree.find(".//main")
    order = [element for element in main.iter() if element.tag in ("h1", "textarea", "td", "table")]
    assert [element.tag for element in order][:3] == ["h1", "textarea", "table"]
    assert "".join(order[0].itertext()) == BANNER
    assert "answer" in ["".join(cell.itertext()) for cell in order if cell.tag == "td"]
    assert page.tags.count("script") == plain.tags.count("script")
    assert page.tags.count("b") == plain.tags.count("b")


@pytest.mark.quick_cases(8)
@pytest.mark.asyncio
@pytest.mark.parametrize("sql", [*MISTAKEN, "select 1 as [a", f"{SELECT} limit 'a'"])
@pytest.mark.parametrize("comment", ["-- <b>Mine</b>\n", ""])
async def test_a_mistake_in_sql_is_marked_as_the_visitors_too(
    site: Datasette, sql: str, comment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "sql_time_limit_ms", 50)
    asked = comment + sql if sql.strip() else sql
    answer = await ask(site, address(asked))
    assert answer.status == 400
    page = Page(answer)
    says_that_it_is_the_visitors(page, "<b>Mine</b>" if asked != sql else NO_TITLE)
    assert page.box == (asked.replace("\0", "\ufffd") if asked.strip() else "")
    assert "b" not in page.tags
    assert BANNER in page.text.partition(page.box.split("\n")[0] or "Run SQL")[0]


@pytest.mark.asyncio
async def test_a_link_cannot_hide_the_sql(site: Datasette) -> None:
    answer = await ask(site, address(SELECT, _hide_sql="1"))
    assert Page(answer).box == SELECT
    assert "_hide_sql" not in answer.text.partition("<main")[2].partition("</form>")[0]


@pytest.mark.asyncio
async def test_names_of_columns_in_sql_are_no_markup(site: Datasette) -> None:
    sql = """select 1 as "</style><b>x</b>", 2 as ":\\"}</style>" """
    assert "b" not in Page(await ask(site, address(sql))).tags


@pytest.mark.asyncio
async def test_a_question_and_its_mistakes_are_the_sites_own(site: Datasette) -> None:
    for path in ("/foi/officers-per-year", f"{TABLE}?_size=1", "/foi", f"{TABLE}?_size=x"):
        answer = await ask(site, path)
        assert BANNER not in answer.text
        assert f'<meta property="og:site_name" content="{SITE}">' in answer.text
        assert SITE in re.findall("<title>(.*?)</title>", answer.text)[0]


@pytest.mark.asyncio
async def test_a_table_that_took_too_long_is_marked_only_with_a_visitors_condition(
    site: Datasette, monkeypatch: pytest.MonkeyPatch
) -> None:
    foi = site.get_database("foi")
    execute = foi.execute

    async def slow(sql: str, params: object = None, **options: object) -> object:
        if sql.startswith("select id, disclosure_id"):
            raise QueryInterrupted(Exception("interrupted"), sql, params)
        return await execute(sql, params, **options)

    monkeypatch.setattr(foi, "execute", slow)
    plain = await ask(site, TABLE)
    assert plain.status == 400
    assert BANNER not in plain.text
    assert "og:site_name" in plain.text
    condition = await ask(site, f"{TABLE}?_where=1+--+Mine%0A")
    assert condition.status == 400
    says_that_it_is_the_visitors(Page(condition), "Mine")
    assert BANNER in Page(condition).text


@pytest.mark.asyncio
async def test_files_of_a_visitors_sql_do_not_name_the_site_as_their_author(
    site: Datasette,
) -> None:
    for form in (".csv", ".xlsx"):
        visitors = await site.client.get(address(SELECT, form, _dl="1"))
        question = await site.client.get(f"/foi/officers-per-year{form}?_dl=1")
        table = await site.client.get(f"/foi/ranks{form}?_dl=1")
        for response, name in (
            (visitors, "visitors-query"),
            (question, "officers-per-year"),
            (table, "ranks"),
        ):
            assert f'filename="{name}{form}"' in response.headers["content-disposition"]
    about = {}
    for path in (address(SELECT, ".xlsx"), "/foi/officers-per-year.xlsx", "/foi/ranks.xlsx"):
        workbook = load_workbook(io.BytesIO((await site.client.get(path)).content))
        rows, sheet = workbook.worksheets
        about[rows.title] = [str(cell.value) for row in sheet.iter_rows() for cell in row]
        assert SITE not in (workbook.properties.title or "", workbook.properties.creator or "")
    assert list(about) == ["visitors-query", "officers-per-year", "ranks"]
    assert [BANNER in cells for cells in about.values()] == [True, False, False]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("conditions", "shown"),
    [
        (["year = 2020"], ["year = 2020"]),
        (["year = 2020", "rank is null"], ["year = 2020", "rank is null"]),
        (["year = 2020 /* <b>Mine</b>\u202e */"], ["year = 2020 /* <b>Mine</b> */"]),
        ([f"year = 2020 /* {'long ' * 99}*/"], [f"year = 2020 /* {'long ' * 16}long…"]),
        (["1 = 2"], ["1 = 2"]),
    ],
)
async def test_rows_are_described_with_the_visitors_condition_as_the_visitors(
    site: Datasette, conditions: list[str], shown: list[str]
) -> None:
    asked = urlencode({"_where": conditions, "rank": "Sergeant", "_size": 1}, doseq=True)
    answer = await ask(site, f"{TABLE}?{asked}")
    assert answer.status == 200
    tree: Any = html5lib.parse(answer.text, namespaceHTMLElements=False)
    said = json.loads((await ask(site, f"{TABLE}.json?{asked}")).text)["human_description_en"]
    for text in (said, tree.findtext(".//title"), "".join(tree.find(".//main").itertext())):
        for condition in shown:
            assert f"the visitor’s condition: “{condition}”" in text
    assert 'rank = "Sergeant"' in said
    assert tree.find(".//b") is None
    plain = json.loads((await ask(site, f"{TABLE}.json?rank=Sergeant&_size=1")).text)
    assert "visitor" not in plain["human_description_en"]
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069]", said)
