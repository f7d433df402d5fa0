"""Every kind of page, and helpers to get its text."""

from __future__ import annotations

import html
import re
from typing import Any

import yaml
from datasette.app import Datasette

from tests.serving import ROOT, a_plugin

PAGES = (
    "/",
    "/about",
    "/dictionary",
    "/checks",
    "/corrections",
    "/rights",
    "/privacy",
    "/limits",
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
"""One address for each kind of page."""
BANNER = "text conversion, not compared with the published PDF"
METADATA_FILES = (
    ROOT / "metadata.yml",
    ROOT / "ingest" / "shapes" / "officer_allegations" / "metadata.yml",
)
"""What the site says about its data, and what it adds about the Met's."""
METADATA: dict[str, Any] = a_plugin("families").merged(
    *(yaml.safe_load(path.read_text("utf-8")) for path in METADATA_FILES)
)
"""Both as one, as the site serves them."""
del METADATA["plugins"]["families"]
TABLES: dict[str, dict[str, Any]] = {
    name: table
    for name, table in METADATA["databases"]["foi"]["tables"].items()
    if table.get("allow", True)
}


async def text_of(site: Datasette, path: str) -> str:
    """Return the text of a page, without markup."""
    response = await site.client.get(path)
    assert response.status_code == 200, f"{path}: {response.text}"
    words = re.sub(r"<(script|style).*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", words)).split())
