"""Take the README's pictures of the site, as on a wide screen and on a phone.

    .venv/bin/python -m docs.pictures.take

It serves the database in this folder, so build that first; `make pictures` does both.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import async_playwright

from tests.browser.conftest import launched, served
from tests.serving import ROOT

PICTURES = {
    "home": "/",
    "question": "/foi/officers-per-year",
    "row": "/foi/officer_allegations/22-026570-0041",
    "search": "/foi/search?q=facebook",
    "redaction": "/redaction",
}
SIZES = {"": (1280, 900), "-phone": (375, 1200)}
"""The width and height of a picture, by the end of its name."""


async def take(address: str, folder: Path) -> None:
    """Write each picture of the site at `address` into `folder`."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        for suffix, (width, height) in SIZES.items():
            page = await browser.new_page(
                base_url=address,
                viewport={"width": width, "height": height},
                color_scheme="light",
            )
            for name, path in PICTURES.items():
                answer = await page.goto(path, wait_until="networkidle")
                if not answer or not answer.ok:
                    raise SystemExit(f"{path} is not served: run make build, then look at it")
                await page.screenshot(path=folder / f"{name}{suffix}.png", animations="disabled")
        await browser.close()


if __name__ == "__main__":
    with TemporaryDirectory() as logs, served(ROOT, Path(logs) / "server.log") as address:
        asyncio.run(take(address, Path(__file__).parent))
