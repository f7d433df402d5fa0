"""A journalist's journey: the home page, a question, its rows, and a link that shows a colleague
the same figures."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.site.pages import BANNER
from tests.site.questions import header

pytestmark = pytest.mark.asyncio


@pytest.mark.long
@pytest.mark.parametrize("width", [1280, 375])
async def test_from_home_to_a_link_that_shows_others_the_same_figures(
    chromium: Browser, address: str, width: int
) -> None:
    context = await chromium.new_context(
        base_url=address,
        viewport={"width": width, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/")
    question = header("officers-per-result")["title"]
    await page.get_by_role("link", name=question).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(question)
    row = page.locator("table.rows-and-columns tbody tr").filter(
        has_text=re.compile("Case to Answer")
    )
    figure = await row.get_by_role("link").first.text_content()
    table = await page.locator("table.rows-and-columns").text_content()
    await page.get_by_role("button", name="Copy link").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    shared = await page.evaluate("navigator.clipboard.readText()")
    assert shared.startswith(f"{address}/foi/officers-per-result?")
    await expect(page.locator(".cite")).to_contain_text(shared)
    await row.get_by_role("link").first.click()
    await expect(
        page.get_by_role("heading", level=2, name=re.compile(f"^{figure} rows"))
    ).to_be_visible()
    heading = page.get_by_role("heading", level=2, name=re.compile(" rows? "))
    await page.get_by_label("Column to filter by").last.select_option("year")
    await page.get_by_label("Value to compare with").last.fill("2020")
    await page.get_by_role("button", name="Apply").click()
    await expect(heading).to_contain_text("year = 2020")
    filtered = await heading.text_content()
    chosen = page.url
    await page.get_by_role("link", name="Draw these rows as a chart").click()
    await expect(page.locator("canvas, svg.marks").first).to_be_visible(timeout=30_000)
    await context.close()
    colleague = await (await chromium.new_context()).new_page()
    await colleague.goto(shared)
    assert await colleague.locator("table.rows-and-columns").text_content() == table
    await colleague.goto(chosen)
    again = colleague.get_by_role("heading", level=2, name=re.compile(" rows? "))
    assert await again.text_content() == filtered
    await colleague.context.close()
    assert errors == []
    assert all(url.startswith(address) for url in asked)


async def test_a_row_can_be_found_by_keyboard_alone(page: Page) -> None:
    await page.goto("/")
    await page.get_by_label('Words, or a "phrase"').focus()
    await page.keyboard.type("harass")
    await page.keyboard.press("Enter")
    await expect(page.locator("mark").first).to_be_visible()
    first = page.locator("td.col-id a").first
    id = await first.text_content()
    await first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(str(id))


async def test_without_a_script_everything_but_free_charts_works(
    chromium: Browser, address: str
) -> None:
    context = await chromium.new_context(base_url=address, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/foi/officers-per-rank")
    drawing = page.get_by_role("img", name=header("officers-per-rank")["title"])
    await expect(drawing).to_be_visible()
    link = page.get_by_label("Link", exact=True)
    # The script makes it a full address, where the site does not know its own.
    cited = re.escape("/foi/officers-per-rank?_release=")
    await expect(link).to_have_value(re.compile(rf"{cited}[0-9a-f]{{12}}&_count=\d+$"))
    await expect(page.get_by_role("button", name="Copy link")).to_be_hidden()
    await page.goto("/")
    assert await page.locator("script").count() == 0
    await context.close()


async def test_home_is_light_and_does_not_move(page: Page) -> None:
    sizes: list[int] = []
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    await page.goto("/", wait_until="networkidle")
    assert len(sizes) >= 3
    assert sum(sizes) < 40_000
    moved = await page.evaluate(
        """() => new Promise(done => {
            let moved = 0;
            new PerformanceObserver(list => {
                for (const entry of list.getEntries()) moved += entry.value;
            }).observe({ type: "layout-shift", buffered: true });
            setTimeout(() => done(moved), 300);
        })"""
    )
    assert moved == 0


@pytest.mark.long
async def test_only_the_pages_made_for_it_may_be_framed(page: Page, address: str) -> None:
    for path, framed in (
        ("/embed/officers-per-year", True),
        ("/foi/officers-per-year", False),
        ("/", False),
    ):
        await page.goto("/accessibility")
        await page.evaluate(
            """path => new Promise(loaded => {
                const frame = Object.assign(document.createElement("iframe"), {src: path});
                frame.addEventListener("load", loaded);
                document.body.replaceChildren(frame);
            })""",
            path,
        )
        heading = page.frame_locator("iframe").get_by_role("heading", level=1)
        await expect(heading).to_have_count(int(framed))


async def test_on_paper_figures_keep_their_caveats_and_lose_the_forms(page: Page) -> None:
    await page.goto("/foi/officers-per-sanction")
    await page.emulate_media(media="print")
    caveats = page.locator(".caveats li")
    assert await caveats.count() == len(header("officers-per-sanction")["caveats"])
    for caveat in await caveats.all():
        await expect(caveat).to_be_visible()
    await expect(page.get_by_text(BANNER).first).to_be_visible()
    await expect(page.locator(".cite")).to_be_visible()
    for gone in ("header.site", ".chart-links", ".export-links", "footer nav"):
        await expect(page.locator(gone).first).to_be_hidden()
