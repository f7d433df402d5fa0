"""Fixtures for Chromium and the site, served by the command in the README."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Playwright, async_playwright

from tests.serving import PARTS, furnish, furnish_database

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60
"""Seconds to wait for a server to answer."""


@pytest.fixture(scope="session")
def address(site_folder: Path) -> Iterator[str]:
    """Where the site is served."""
    with served(site_folder, site_folder / "server.log") as address:
        yield address


@pytest.fixture(scope="session")
def several_address(
    several_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where a site with disclosures of other families is served."""
    folder = tmp_path_factory.mktemp("several_served")
    furnish(folder, "plugins", *PARTS)
    furnish_database(folder, several_folder / "foi.db")
    with served(folder, folder / "server.log") as address:
        yield address


@contextmanager
def served(folder: Path, log_file: Path) -> Iterator[str]:
    """Serve `folder` as `datasette .` does, and yield the address. What the server says is logged."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datasette", str(folder), "--port", str(port)]
    log = log_file.open("w+")  # an unread pipe would block the server
    with log, subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + PATIENCE
            while not answers(address):
                assert server.poll() is None, log_file.read_text()
                assert time.monotonic() < deadline, f"{address} does not answer"
                time.sleep(0.1)
            yield address
        finally:
            server.terminate()
            server.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/-/versions.json"):
            return True
    except OSError:
        return False


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The installed Chromium, or the one named by CHROMIUM. Without one, the tests fail."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        yield browser
        await browser.close()


async def launched(playwright: Playwright) -> Browser:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"none of {', '.join(NAMES)} is installed; make test installs one"
    return await playwright.chromium.launch(executable_path=found, args=list(FLAGS))


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser, address: str) -> AsyncIterator[Page]:
    """A page in a fresh browser context, with the site as its base URL."""
    context = await chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    yield await context.new_page()
    await context.close()
