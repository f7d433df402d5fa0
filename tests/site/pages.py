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
    "/disclosures/01-FOI-22-026570",
    "/search?q=facebook",
    "/compare",
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
OF_FAMILIES = (
    "/disclosures/leith-2",
    "/disclosures/leith-1",
    "/disclosures/loans-1",
    "/disclosures/letters-1",
    "/search",
    "/search?q=dog",
    "/search?q=nosuchword",
    "/compare",
    "/compare?table=library_incidents&column=kind&first=perth-1&second=leith-2",
    "/foi/library_incidents",
    "/foi/library_incidents?_search=dog",
    "/foi/library_incidents?kind__isnull=1&kind_status=not+known",
    "/foi/library_incidents/leith-1-000002",
    "/foi/library_incidents/perth-1-000004",
    "/foi/library_loans",
    "/foi/library_loans/loans-1-000005",
    "/foi/library_letters",
    "/foi/library_letters/letters-1-000001",
    "/foi/disclosures/leith-2",
    "/foi/record_counts",
    "/",
)
"""The same of a site that has disclosures of other families too (tests/families.py)."""
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
