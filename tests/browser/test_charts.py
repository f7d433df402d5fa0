"""Charts are drawn for every breakdown, and their scripts are requested only when one is opened."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, Request, expect

from tests.site.questions import QUESTIONS

pytestmark = pytest.mark.asyncio
CHARTED = [name for name, question in QUESTIONS.items() if question.header.chart]
DRAW = re.compile("^Draw a chart of|as a chart$")
MARKS = """() => {
    const canvas = document.querySelector(".table-wrapper canvas");
    if (!canvas) return 0;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    for (let i = 0; i < data.length; i += 4) {
        const [r, g, b] = data.slice(i, i + 3);
        if (Math.max(r, g, b) - Math.min(r, g, b) > 40) coloured++;
    }
    return coloured;
}"""
"""The number of coloured pixels in the chart. Only the marks have a colour; everything else is
grey."""


def asked_for(page: Page) -> list[str]:
    """Return a list that collects the URLs that the page requests from now on."""
    addresses: list[str] = []

    def note(request: Request) -> None:
        addresses.append(request.url)

    page.on("request", note)
    return addresses


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("name", CHARTED)
async def test_a_chart_of_the_right_columns_is_drawn_on_a_click(page: Page, name: str) -> None:
    await page.goto(f"/foi/{name}")
    await page.get_by_role("link", name=DRAW).click()
    await page.wait_for_function(f"({MARKS})() > 100")
    chart = QUESTIONS[name].header.chart
    chosen = await page.locator(".table-wrapper form select").evaluate_all(
        "selects => selects.map(select => select.value)"
    )
    await expect(page).to_have_url(re.compile(f"/{chart.of or name}#g"))
    assert [chart.x, "ordinal", chart.y, "quantitative"] == chosen[:4]
    assert chosen[4] == (chart.color or "")


@pytest.mark.long
async def test_a_shared_address_draws_its_chart_at_once(page: Page, address: str) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto("/foi/officers-per-rank")
    shared = await page.get_by_role("link", name=DRAW).evaluate("link => link.href")
    await page.goto("about:blank")
    addresses = asked_for(page)
    await page.goto(shared)
    await page.wait_for_function(f"({MARKS})() > 100")
    assert await page.locator(".table-wrapper canvas").count() == 1
    assert all(asked.startswith(address) for asked in addresses if not asked.startswith("data:"))
    assert errors == []


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    "path", ["/", "/foi", "/foi/officers-per-rank", "/foi/officer_allegations", "/foi?sql=select+1"]
)
async def test_no_page_asks_for_charts_that_nobody_opened(page: Page, path: str) -> None:
    addresses = asked_for(page)
    await page.goto(path, wait_until="networkidle")
    assert addresses
    assert not [asked for asked in addresses if "vega" in asked or ".json" in asked]
    on_page = await page.locator("script[src*='charts.js']").count()
    assert on_page == (path not in ("/", "/foi"))


@pytest.mark.long
@pytest.mark.parametrize(
    "path",
    [
        "/foi/officer_allegations",
        "/foi?sql=select+rank,count(*)+from+officer_allegations+group+by+1",
    ],
)
async def test_tables_and_sql_of_ones_own_are_drawn_too(page: Page, path: str) -> None:
    await page.goto(path)
    await page.get_by_role("link", name="Draw these rows as a chart").click()
    await page.wait_for_function(f"({MARKS})() > 100")


async def test_a_chart_names_what_is_empty_and_never_says_null(page: Page) -> None:
    """The test checks the data given to the chart, because a canvas cannot be read."""
    await page.add_init_script(
        """
        const draw = CanvasRenderingContext2D.prototype.fillText;
        window.drawn = new Set();
        CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
            window.drawn.add(text);
            return draw.call(this, text, ...place);
        };
        """
    )
    await page.goto("/foi/rank-by-sanction")
    await page.get_by_role("link", name=DRAW).click()
    await page.wait_for_function(f"({MARKS})() > 100")
    drawn = set(await page.evaluate("[...window.drawn]"))
    assert {"not stated", "under investigation", "missing", "Constable"} <= drawn
    assert not [text for text in drawn if "null" in text.lower()]


async def test_a_chart_comes_into_view(page: Page) -> None:
    await page.set_viewport_size({"width": 1280, "height": 700})
    await page.goto("/foi/officers-per-rank")
    await page.get_by_role("link", name=DRAW).click()
    await page.wait_for_function(f"({MARKS})() > 100")
    await expect(page.locator(".table-wrapper form")).to_be_in_viewport()


async def test_an_address_from_when_charts_were_drawn_beside_the_rows_leads_to_the_chart(
    page: Page,
) -> None:
    chart = QUESTIONS["officers-per-rank"].header.chart
    await page.goto("/foi/officers-per-rank")
    await page.goto(f"/foi/officers-per-rank?disclosure_id=01-FOI-22-026570#{chart.fragment}")
    await page.wait_for_function(f"({MARKS})() > 100")
    await expect(page).to_have_url(
        re.compile("/chart/foi/officers-per-rank[?]disclosure_id=01-FOI-22-026570#g")
    )


async def test_a_chart_that_cannot_be_drawn_says_why(page: Page) -> None:
    await page.goto("/chart/foi?sql=select+nothing")
    await expect(page.get_by_role("alert")).to_contain_text("nothing")
    await expect(page.get_by_text("A visitor wrote this query").first).to_be_visible()


@pytest.mark.long
async def test_rows_and_chart_lead_to_each_other_with_their_filters(page: Page) -> None:
    await page.goto("/foi/officer_allegations?year=2020&_facet=wording_id")
    await page.get_by_role("link", name="Draw these rows as a chart").click()
    await page.wait_for_function(f"({MARKS})() > 100")
    await expect(page).to_have_url(re.compile("/chart/foi/officer_allegations[?]year=2020&.*#g"))
    await page.get_by_role("link", name="a page").click()
    await expect(page).to_have_url(re.compile("/foi/officer_allegations[?]year=2020&"))
    await expect(page.get_by_role("heading", level=2, name=re.compile("^102 rows"))).to_be_visible()
