"""Accessibility: axe finds nothing on any kind of page, and nothing is lost in a narrow window."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.site.pages import OF_FAMILIES, PAGES
from tests.site.questions import header

pytestmark = pytest.mark.asyncio
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDE, NARROW = 1280, (768, 320)
CRITERIA = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules that a colour scheme can affect."""
SIZES = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}}
"""The rules whose outcome a width can change."""


async def seen(page: Page, width: int, scheme: Scheme, rules: dict[str, Any]) -> list[str]:
    """Return what is wrong with the page as shown: a page too wide, and what axe finds."""
    await page.set_viewport_size({"width": width, "height": 900})
    await page.emulate_media(color_scheme=scheme)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    results = await Axe().run(page, options={**rules, "resultTypes": ["violations"]})
    return [f"{width}: {wide} wide"] * (wide > width) + [
        f"{scheme} {width}: {violation['id']}: {node['html'][:120]}"
        for violation in results.response["violations"]
        for node in violation["nodes"][:3]
    ]


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing(page: Page, path: str) -> None:
    """Every rule in a wide window, and in other schemes and widths only the rules that they can
    affect."""
    await page.goto(path)
    found = await seen(page, WIDE, "light", CRITERIA)
    found += await seen(page, WIDE, "dark", COLOURS)
    for width in NARROW:
        found += await seen(page, width, "light", SIZES)
    assert found == []


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("path", OF_FAMILIES)
async def test_axe_finds_nothing_whatever_the_family(
    page: Page, several_address: str, path: str
) -> None:
    await page.goto(several_address + path)
    found = await seen(page, WIDE, "light", CRITERIA)
    found += await seen(page, WIDE, "dark", COLOURS)
    for width in NARROW:
        found += await seen(page, width, "light", SIZES)
    assert found == []


@pytest.mark.long
@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing_at_any_width_in_either_scheme(page: Page, path: str) -> None:
    await page.goto(path)
    found: list[str] = []
    for width in (WIDE, *NARROW):
        for scheme in SCHEMES:
            found += await seen(page, width, scheme, CRITERIA)
    assert found == []


async def test_by_keyboard_the_first_stop_skips_to_the_content(page: Page) -> None:
    await page.goto("/foi/officers-per-year")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_a_drawing_is_read_in_words(page: Page) -> None:
    """Its name is the question; its description gives the figures of each year."""
    await page.goto("/foi/officers-per-year")
    drawing = page.get_by_role("img", name=header("officers-per-year")["title"])
    said = await drawing.locator("desc").text_content()
    assert said
    figures = {
        year[:4]: re.findall(r"\d+", counted)
        for year, _, counted in (sentence.partition(":") for sentence in said.split(". "))
    }
    assert figures["2017"] == ["37"]
    assert figures["2022"] == ["25", "46", "3"]
