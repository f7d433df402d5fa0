"""Every kind of page is valid HTML, describes itself and can be shared."""

from __future__ import annotations

import html
import re
from datetime import date

import html5lib
import pytest
from datasette.app import Datasette

from ingest.text import phrases
from tests.site.pages import OF_FAMILIES, PAGES

pytestmark = pytest.mark.asyncio


CHARTS = (
    *("/chart/foi/officers-per-year", "/chart/foi/officer_allegations?year=2020"),
    "/chart/foi?sql=select+1+as+a,+2+as+b",
)


@pytest.mark.parametrize("path", [*PAGES, *CHARTS])
async def test_it_is_html_without_a_fault(site: Datasette, path: str) -> None:
    page = (await site.client.get(path)).text
    parser = html5lib.HTMLParser()
    parser.parse(page)
    faults = {fault for _, fault, _ in parser.errors}
    # Datasette does not escape the ampersands in one link to the SQL of filtered rows.
    assert faults <= ({"expected-named-entity"} if "&" in path else set())


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("path", OF_FAMILIES)
async def test_it_is_html_without_a_fault_whatever_the_family(
    several: Datasette, path: str
) -> None:
    page = (await several.client.get(path)).text
    parser = html5lib.HTMLParser()
    parser.parse(page)
    faults = {fault for _, fault, _ in parser.errors}
    assert faults <= ({"expected-named-entity"} if "&" in path else set())
    assert INLINE.findall(page) == []
    assert len(re.findall("<h1", page)) == 1
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert re.search(r"<title>[^<]+</title>", page)
    assert re.search(r'<meta name="description" content="[^"]+">', page)


INLINE = re.compile(
    r"<style|<script(?![^>]*\ssrc=)[^>]*>|<[a-z][^<>]*\s(?:style|on\w+)\s*=|=\s*[\"']?\s*javascript:",
    re.IGNORECASE,
)
MORE = (
    *CHARTS,
    *("/foi?sql=select+none", "/foi/officer_allegations?year__in=[", "/-/settings", "/-/metadata"),
    *("/-/versions", "/-/threads", "/-/patterns", "/-/permissions", "/-/logout", "/-/auth-token"),
    *(
        "/foi/officer_allegations?_where=year<2018",
        "/drawing/redaction-per-band.svg",
        "/.json?_x=1",
    ),
    *("/drawing/officers-per-year.svg", "/foi/officer_allegations_fts", "/static/none"),
)


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("path", [*PAGES, *MORE])
async def test_it_has_no_inline_script_or_style(site: Datasette, path: str) -> None:
    """Not even where browsers would refuse it: a refusal fills the console and changes how pages look."""
    assert INLINE.findall((await site.client.get(path)).text) == []


@pytest.mark.parametrize(
    "text",
    [
        *("<style>a{}</style>", "<script>x</script>", "<SCRIPT defer>x</SCRIPT>"),
        *('<p style="x">', "<p class='a'\nstyle=x>", '<b onclick="x">', '<a href=" JavaScript:x">'),
    ],
)
async def test_an_inline_script_or_style_would_be_found(text: str) -> None:
    assert INLINE.search(text)


@pytest.mark.parametrize(
    "path", [*CHARTS, *(path for path in PAGES if not path.startswith("/embed"))]
)
async def test_it_says_what_it_is_to_those_it_is_shared_with(site: Datasette, path: str) -> None:
    page = (await site.client.get(path)).text
    assert '<html lang="en-GB">' in page
    for name in ('name="description"', 'property="og:title"', 'property="og:description"'):
        match = re.search(rf'<meta {name} content="([^"]*)">', page)
        assert match
        assert match[1].strip(), name
    assert re.search(r"<title>[^<]+</title>", page)
    assert len(re.findall("<h1", page)) == 1
    assert len(re.findall("<main", page)) == 1


async def test_every_file_that_pages_name_is_there(site: Datasette) -> None:
    page = (await site.client.get("/foi/officers-per-year")).text
    files = set(re.findall(r'(?:href|src)="(/static/[^"?]*)', page))
    assert {"/static/site.css", "/static/favicon.svg", "/static/copy.js"} <= files
    for file in (*files, "/static/og.png"):
        assert (await site.client.get(file)).status_code == 200


async def test_answers_are_sentences_made_from_the_data(site: Datasette) -> None:
    page = (await site.client.get("/foi/officers-per-year")).text
    assert re.findall(r"\d+", answer(page)) == ["412", "2017", "2022", "409", "97", "3"]
    page = (await site.client.get("/foi/sanctioned-per-year")).text
    figures = re.findall(r"[\d.]*\d", answer(page))
    assert {"52", "312", "16.7", "12.6", "36.9"} <= set(figures)
    page = (await site.client.get("/foi/dismissals")).text
    assert re.findall(r"\d+", answer(page))[:2] == ["9", "6"]


def answer(page: str) -> str:
    """Return the sentence in which a page answers its question."""
    match = re.search(r'<p class="answer">(.*?)</p>', page, re.DOTALL)
    assert match
    return html.unescape(match[1])


async def test_a_drawing_can_be_had_as_a_file_and_framed_and_nothing_else_can(
    site: Datasette,
) -> None:
    picture = await site.client.get("/drawing/officers-per-rank.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    framed = await site.client.get("/embed/officers-per-rank")
    assert "frame-ancestors" not in framed.headers["content-security-policy"]
    for path in ("/", "/foi/officers-per-rank", "/drawing/officers-per-rank.svg"):
        answer = await site.client.get(path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    for path in ("/drawing/search.svg", "/embed/none"):
        assert (await site.client.get(path)).status_code == 404


async def test_a_drawing_says_every_figure_of_its_answer(site: Datasette) -> None:
    queries = await site.get_canned_queries("foi", None)
    drawn = {name: query["drawing"] for name, query in queries.items() if query.get("drawing")}
    counted = {name: drawing for name, drawing in drawn.items() if drawing["count"]}
    assert len(counted) > 10
    for name, drawing in counted.items():
        rows = (await site.client.get(f"/foi/{name}.json?_shape=array")).json()
        picture = (await site.client.get(f"/drawing/{name}.svg")).text
        said = html.unescape(re.findall(r"<desc[^>]*>(.*?)</desc>", picture)[0])
        figures = re.findall(
            r"(\d+)(?= (?:finalised|summaries|under investigation|missing|unknown|not stated|or more)|\.)",
            said,
        )
        assert sum(map(int, figures)) == sum(row[drawing["count"]] for row in rows), name
        for row in rows:
            if drawing["panel"] and row[drawing["panel"]] is not None:
                assert f"{drawing['panel_title'].format(row[drawing['panel']])}. " in said, name


async def test_panels_have_one_scale_and_say_why_a_value_is_missing(
    site: Datasette,
) -> None:
    picture = (await site.client.get("/drawing/years-by-regime.svg")).text
    headings = re.findall(r'class="heading"[^>]*>([^<]*)<', picture)
    assert headings == [
        "2020 rules",
        "2012 rules",
        "undecided",
        "under investigation",
        "missing",
    ]
    said = re.findall(r"<desc[^>]*>(.*?)</desc>", picture)[0]
    assert "missing. 2017: 0. 2018: 0." in said
    heights = [
        float(height)
        for height in re.findall(r'class="(?:finalised)"[^>]*height="([\d.]+)"', picture)
    ]
    assert max(heights) / min(heights) == pytest.approx(69 / 1, rel=0.02)


async def test_ids_in_drawings_are_not_shared(site: Datasette) -> None:
    for page in ("/", "/redaction"):
        ids = re.findall(r'\bid="([^"]+)"', (await site.client.get(page)).text)
        assert len(ids) == len(set(ids))


async def test_a_question_is_there_as_a_workbook(site: Datasette) -> None:
    answer = await site.client.get("/foi/officers-per-rank.xlsx")
    assert answer.status_code == 200
    assert answer.content.startswith(b"PK")


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2022-08-16", "16 August 2022"),
        (date(2020, 2, 1), "1 February 2020"),
        (None, "not stated"),
    ],
)
async def test_a_date_is_written_as_people_write_it(
    site: Datasette, day: date | str | None, words: str
) -> None:
    template = site.jinja_env.from_string("{{ day|long_date }}")
    assert await template.render_async(day=day) == words


async def test_an_invalid_date_is_an_error() -> None:
    with pytest.raises(ValueError, match="16/08/2022"):
        phrases.long_date("16/08/2022")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/about",
        "/redaction",
        "/foi/officers-per-year",
        "/foi/officer_allegations/22-026570-0077",
        "/embed/officers-per-year",
    ],
)
async def test_pages_show_dates_in_words(site: Datasette, path: str) -> None:
    """ISO dates are for data, so none is left outside tables of data and BibTeX."""
    page = (await site.client.get(path)).text
    for block in ("tbody", "pre", 'dl class="record"'):
        name = block.split()[0]
        page = re.sub(rf"<{block}.*?</{name}>", " ", page, flags=re.DOTALL)
    words = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert not re.findall(r"\b20\d\d-\d\d-\d\d\b", words)
    assert "16 August 2022" in words
