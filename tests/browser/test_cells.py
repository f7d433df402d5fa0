"""Bars, badges and empty cells, as they are seen and as they are read aloud."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio


async def test_a_bar_is_seen_as_a_bar_and_read_as_redacted(page: Page) -> None:
    await page.goto("/foi/officer_allegations/22-026570-0002")
    summary = page.locator("blockquote.summary")
    read = await summary.aria_snapshot()
    assert "moderately redacted Harassed redacted with malicious comms" in read
    bar = summary.locator(".redacted")
    look = await bar.evaluate(
        "bar => [getComputedStyle(bar).backgroundColor, getComputedStyle(document.body).color,"
        " getComputedStyle(bar).color, getComputedStyle(bar).borderRadius]"
    )
    assert look == [look[1], look[1], "rgba(0, 0, 0, 0)", "0px"]
    box = await bar.bounding_box()
    assert box
    assert box["width"] > 2 * box["height"] > 0


async def test_every_bar_is_as_wide_as_every_other(page: Page) -> None:
    """A width would hint at what is hidden."""
    await page.goto("/foi/most-redacted")
    widths = await page.locator(".rows-and-columns .redacted").evaluate_all(
        "bars => [...new Set(bars.map(bar => bar.getBoundingClientRect().width.toFixed(2)))]"
    )
    assert len(widths) == 1


async def test_words_of_empty_cells_are_read_aloud(page: Page) -> None:
    await page.goto("/foi/officers-per-rank")
    read = await page.locator("table.rows-and-columns").aria_snapshot()
    assert 'cell "under investigation"' in read
    assert 'cell "missing"' in read


async def test_kinds_of_absence_differ_in_form_and_not_in_colour_alone(page: Page) -> None:
    await page.goto("/foi/officers-per-rank")
    drawn = await page.locator("#key > span").evaluate_all(
        """spans => spans.map(span => {
            const look = getComputedStyle(span);
            const hatched = look.backgroundImage.includes("repeating");
            return [hatched, look.borderTopStyle, look.borderBottomStyle].join(" ");
        })"""
    )
    assert drawn == [
        "false none none",
        "true solid solid",
        "false solid solid",
        "false dashed dashed",
        "false solid none",
        "false none dotted",
    ]


async def test_the_words_of_others_are_in_quotation_marks(page: Page) -> None:
    await page.goto("/foi/mentions-per-year")
    marks = await page.locator("q").evaluate_all(
        """quotes => quotes.map(quote => ["::before", "::after"].map(
            side => getComputedStyle(quote, side).content))"""
    )
    assert marks == [["open-quote", "close-quote"]] * 2
