"""The page that lists what a build checks."""

from __future__ import annotations

import html
import re

import pytest
from datasette.app import Datasette

from ingest.checks import CHECKS


@pytest.mark.asyncio
async def test_it_lists_every_check_in_order(site: Datasette) -> None:
    page = html.unescape((await site.client.get("/checks")).text)
    listed = re.findall(r"<li>([^<]*\.)</li>", page)
    assert listed == [check.sentence for check in CHECKS]
