"""The pages on privacy and on limits say what is configured, and what is true of every page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasette.app import Datasette

from tests.serving import ROOT, furnish, furnish_database, serve
from tests.site.pages import METADATA, PAGES, text_of

pytestmark = pytest.mark.asyncio


async def other(folder: Path, database: Path, **metadata: Any) -> Datasette:
    """Return the site with other `metadata`."""
    furnish(folder, "templates", "static", "settings.json")
    furnish_database(folder, database)
    (folder / "metadata.yml").write_text(
        yaml.safe_dump({**METADATA, **metadata}, sort_keys=False), "utf-8"
    )
    return await serve(folder)


async def test_what_only_the_host_knows_is_said_or_said_to_be_missing(
    site: Datasette, database: Path, tmp_path: Path
) -> None:
    bare = await text_of(site, "/privacy")
    assert bare.count("This copy of the site does not yet") == 3
    assert "no contact address yet" in bare
    told = {"run_by": "a club", "others": "Hosts see it", "logs_kept": "A week"}
    full = await text_of(
        await other(tmp_path, database, privacy=told, contact="us@example.org"), "/privacy"
    )
    assert "not yet" not in full
    for words in (*told.values(), "us@example.org"):
        assert words in full
    assert "network address, and which browser" in bare


async def test_a_site_with_the_servers_own_log_says_so(
    site: Datasette, database: Path, tmp_path: Path
) -> None:
    plugins = {name: own for name, own in METADATA["plugins"].items() if name != "access_log"}
    text = await text_of(await other(tmp_path, database, plugins=plugins), "/privacy")
    assert "logs each visitor’s network address" in text
    assert "What is not logged" not in text


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("path", [*PAGES, "/-/metadata", "/-/settings", "/nowhere"])
async def test_no_page_sets_a_cookie(site: Datasette, path: str) -> None:
    assert "set-cookie" not in (await site.client.get(path)).headers


async def test_the_limits_are_those_in_force(
    site: Datasette, database: Path, tmp_path: Path
) -> None:
    settings = json.loads((ROOT / "settings.json").read_text("utf-8"))
    text = await text_of(site, "/limits")
    assert f"Rows in JSON {settings['max_returned_rows']:,} " in text
    assert "Time of a costly request 4 s" in text
    assert "Words in a search 200 " in text
    own = {
        "isolation": {"slots": 1, "queue": 11, "wall_seconds": 6.5, "answer_mb": 13},
        "limits": {"cells": 1234},
        "downloads": {"max_rows": 4321},
        "excel": {"max_rows": 3210},
        "arguments": {**METADATA["plugins"]["arguments"], "bounds": dict(BOUNDS)},
    }
    site = await other(tmp_path, database, plugins={**METADATA["plugins"], **own})
    text = await text_of(site, "/limits")
    for words in (
        *("share 1 slot ", "Another 11 wait", "costly request 6.5 s", "answer 13 MB"),
        *("page 1,234 ", "CSV 4,321 ", "Excel 3,210 "),
        *("an address 71 ", "an address 12 ", "__in 73 ", "a search 74 "),
    ):
        assert words in text, words


BOUNDS = {"arguments": 71, "facets": 12, "values": 73, "words": 74}
