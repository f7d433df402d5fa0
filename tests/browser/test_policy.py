"""The Content-Security-Policy: what it blocks, and that no page of the site needs what it blocks."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Page, Route, expect

from tests.site.pages import PAGES
from tests.site.questions import QUESTIONS

pytestmark = pytest.mark.asyncio

TABLE = "/foi/officer_allegations"
SAMPLE = (
    *("/", "/foi", "/foi/officers-per-year", f"{TABLE}?_size=20", f"{TABLE}/22-026570-0041"),
    *("/foi?sql=select+1+as+a,+2+as+b", "/foi/search?q=facebook", "/embed/officers-per-year"),
    *("/chart/foi/officers-per-year", "/foi/none"),
)
"""One address for each kind of page that has scripts or styles of its own."""
EVERY = (
    *PAGES,
    *(f"/foi/{name}" for name in QUESTIONS),
    *(f"/{kind}/{name}" for name, question in QUESTIONS.items() if question.header.drawing
      for kind in ("embed", "chart/foi")),
    *(f"/drawing/{name}.svg" for name in ("officers-per-year", "redaction-per-band")),
    *(f"{TABLE}?_where=year<2018", f"{TABLE}?_facet=wording_id", f"{TABLE}?year__in=["),
    *(f"{TABLE}.json", f"{TABLE}/22-026570-0041.json", f"{TABLE}_fts", "/foi/notes", "/foi/checks"),
    *("/foi?sql=select+none", "/foi?sql=select+1+where+0", "/foi?_show_hidden=1", "/static/none"),
    *("/chart/foi?sql=select+1", f"/chart{TABLE}#g.mark=bar&g.x_column=year&g.y_column=line"),
    *(f"/-/{name}" for name in ("actor", "databases", "metadata", "settings", "versions", "health")),
    *(f"/-/{name}" for name in ("plugins", "threads", "patterns", "messages", "permissions")),
    *("/-/allow-debug", "/-/logout", "/-/auth-token", "/_memory", "/.json", "/robots.txt"),
)  # fmt: skip
REPORT = """
    window.refused = [];
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, lineNumber }) =>
        window.refused.push(`${violatedDirective} ${blockedURI} in line ${lineNumber}`));
"""


def complaints_of(page: Page) -> list[str]:
    """Return a list that collects what the console says and what scripts throw from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


async def faults(page: Page, path: str) -> list[str]:
    """Return what the browser refuses on a page, and anything else that it complains about."""
    said = complaints_of(page)
    await page.add_init_script(REPORT)
    await page.goto(path)
    if path.startswith("/chart/"):
        await page.wait_for_load_state("networkidle")
    menus = page.locator("th svg.dropdown-menu-icon:visible")
    if await menus.count():
        await menus.first.click()
        await expect(page.locator(".dropdown-menu").first).to_be_visible()
    refused: list[str] = await page.evaluate("window.refused")
    # Pages of errors; a server that is busy with other tests; and a remark of the chart library.
    expected = ("with a status of 4", "with a status of 503", "The compiled spec uses Vega")
    return refused + [one for one in said if not any(part in one for part in expected)]


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("path", SAMPLE)
async def test_the_policy_refuses_nothing_on_a_page(page: Page, path: str) -> None:
    assert await faults(page, path) == []


@pytest.mark.long
@pytest.mark.parametrize("path", sorted(set(EVERY) - set(SAMPLE)))
async def test_the_policy_refuses_nothing_on_any_page(page: Page, path: str) -> None:
    assert await faults(page, path) == []


PLANTED = """
    <script>document.documentElement.dataset.script = "ran"</script>
    <script src="data:text/javascript,document.documentElement.dataset.file = 'ran'"></script>
    <img src="/static/none" onerror="document.documentElement.dataset.handler = 'ran'">
    <style>main { visibility: hidden }</style>
    <p id="planted" style="visibility: hidden">planted</p>
"""
RAN = """() => {
    const shown = place => getComputedStyle(document.querySelector(place)).visibility === "visible";
    const { script, file, handler } = document.documentElement.dataset;
    return [script, file, handler, !shown("main"), !shown("#planted")].map(Boolean);
}"""


@pytest.mark.parametrize(
    "path",
    [
        f"{TABLE}?_size=1",
        *(
            pytest.param(path, marks=pytest.mark.long)
            for path in ("/foi?sql=select+1", "/foi/search")
        ),
    ],
)
@pytest.mark.parametrize("with_policy", [True, False])
async def test_what_is_planted_in_a_page_does_not_run(
    page: Page, path: str, with_policy: bool
) -> None:
    """Without the policy all of it does, so this is the policy's work."""

    async def plant(route: Route) -> None:
        response = await route.fetch()
        headers = dict(response.headers)
        if not with_policy:
            del headers["content-security-policy"]
        body = (await response.text()).replace("</main>", f"{PLANTED}</main>")
        await route.fulfill(response=response, body=body, headers=headers)

    await page.route("**/foi*", plant)
    await page.route("**/foi/*", plant)
    await page.goto(path)
    assert await page.evaluate(RAN) == [not with_policy] * 5


@pytest.mark.parametrize(
    "alias",
    [
        "a\fb",
        'x"; } main { display: none } {',
        *(
            pytest.param(alias, marks=pytest.mark.long)
            for alias in ("</style><script>1</script>", "a\\", "é 2")
        ),
    ],
)
async def test_the_name_of_a_column_labels_its_cells_and_hides_nothing(
    page: Page, alias: str
) -> None:
    await page.set_viewport_size({"width": 375, "height": 800})
    quoted = '"' + alias.replace('"', '""') + '"'
    assert await faults(page, f"/foi?sql={quote(f'select 1 as {quoted}, 2 as other')}") == []
    labels = await page.locator(".rows-and-columns td").evaluate_all(
        """cells => cells.map(cell => [cell.dataset.label, getComputedStyle(cell, "::before").content])"""
    )
    assert [label for label, _ in labels] == [alias, "other"]
    # In a style sheet, a quotation mark and a backslash come after a backslash.
    assert [re.sub(r'\\(["\\])', r"\1", shown)[1:-1] for _, shown in labels][1] == "other"
    assert all(shown not in ("none", '""') for _, shown in labels)
    for part in ("h1", ".copy-status", ".caveats", "footer"):
        await expect(page.locator(part).first).to_be_visible()


async def test_the_policy_lets_only_the_page_of_charts_make_functions_from_text(page: Page) -> None:
    for path, allowed in (
        ("/chart/foi/officers-per-year", True),
        ("/foi/officers-per-year", False),
    ):
        await page.goto(path)
        made = await page.evaluate(
            """() => new Promise(done => setTimeout(() => {
                try { done(new Function("return true")()) } catch { done(false) }
            }))"""
        )
        assert made == allowed, path
