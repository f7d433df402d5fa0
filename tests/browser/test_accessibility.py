"""Accessibility: axe finds nothing on any kind of page, in both schemes and at three widths."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

pytestmark = pytest.mark.asyncio
PAGES = (
    "/",
    "/about",
    "/dictionary",
    "/checks",
    "/corrections",
    "/rights",
    "/accessibility",
    "/redaction",
    "/foi",
    "/foi/officers-per-year",
    "/foi/officers-per-sanction",
    "/foi/sanctioned-per-rank",
    "/foi/year-by-rank",
    "/foi/result-by-sanction",
    "/foi/dismissals",
    "/foi/search?q=facebook",
    "/foi/search?q=nosuchword",
    "/foi/officer_allegations?_size=20",
    "/foi/officer_allegations?_size=20&year=2020&_search=search",
    "/foi/officer_allegations?_search=nosuchword",
    "/foi/officer_allegations/22-026570-0041",
    "/foi/officer_allegations/22-026570-0077",
    "/foi/disclosures/01-FOI-22-026570",
    "/foi/reconciliation",
    "/foi?sql=select+rank,count(*)+from+officer_allegations+group+by+1",
    "/foi/none",
    "/embed/officers-per-year",
)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CRITERIA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing(chromium: Browser, address: str, path: str) -> None:
    found = []
    context = await chromium.new_context(base_url=address)
    page = await context.new_page()
    await page.goto(path)
    for width in (1280, 768, 320):
        await page.set_viewport_size({"width": width, "height": 900})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found += [f"{width}: {wide} wide"] if wide > width else []
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            # What is dark or light changes colours and nothing else.
            results = await Axe().run(page, options=CRITERIA if scheme == "light" else COLOURS)
            found += [
                f"{scheme} {width}: {violation['id']}: {node['html'][:120]}"
                for violation in results.response["violations"]
                for node in violation["nodes"][:3]
            ]
    await context.close()
    assert found == []


async def test_by_keyboard_the_first_stop_skips_to_the_content(page: Page) -> None:
    await page.goto("/foi/officers-per-year")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to main content"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_a_drawing_is_read_in_words(page: Page) -> None:
    await page.goto("/foi/officers-per-year")
    drawing = page.get_by_role("img", name="How many officers were counted each year?")
    said = await drawing.locator("desc").text_content()
    assert said
    assert "2022 to 16 August 2022: 25 finalised, 46 under investigation, 3 missing." in said
    assert "2017: 37 finalised." in said
