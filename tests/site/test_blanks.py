"""Lists to choose from count blanks by their status, and lead to exactly those rows."""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode

import pytest
from datasette.app import Datasette

from tests.site.pages import METADATA

pytestmark = pytest.mark.asyncio
TABLE = "/foi/officer_allegations"
FACETS = METADATA["databases"]["foi"]["tables"]["officer_allegations"]["facets"]
BY_STATUS = METADATA["plugins"]["missing_values"]["by_status"]


async def blanks(site: Datasette, page: str) -> dict[str, dict[str, tuple[int, str]]]:
    """The blanks that each list of a page counts, by reason, with the address of their rows."""
    response = await site.client.get(page)
    assert response.status_code == 200
    lists = re.findall(
        r'data-column="(\w+)">\s*<p class="facet-info(.*?)</ul>', response.text, re.DOTALL
    )
    return {
        column: {
            reason: (int(number), html.unescape(url))
            for url, reason, number in re.findall(
                r'<li><a href="([^"]*__isnull=1[^"]*)" rel="nofollow">([^<]*)</a> (\d+)</li>', items
            )
        }
        for column, items in lists
    }


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"year": "2021"},
        {"status": "finalised", "_sort_desc": "line"},
        {"_search": "search"},
        {"_col": "id"},
    ],
)
async def test_every_empty_cell_is_counted_by_its_status_and_links_to_its_rows(
    site: Datasette, filters: dict[str, str]
) -> None:
    chosen = {name: value for name, value in filters.items() if name != "_col"}
    asked = urlencode({**chosen, "_shape": "array", "_size": "max"})
    rows = (await site.client.get(f"{TABLE}.json?{asked}")).json()
    found = await blanks(site, f"{TABLE}?{urlencode(filters)}")
    assert set(found) == set(FACETS)
    for column, by_reason in found.items():
        expected: dict[str, int] = {}
        for row in rows:
            if row[column] is None:
                (reason,) = (
                    why for why, names in BY_STATUS[row["status"]].items() if column in names
                )
                expected[reason] = expected.get(reason, 0) + 1
        assert {reason: number for reason, (number, _) in by_reason.items()} == expected
        for number, url in by_reason.values():
            data = (await site.client.get(url.replace(TABLE, f"{TABLE}.json", 1))).json()
            assert data["filtered_table_rows_count"] == number


async def test_sanctions_not_stated_and_under_investigation_are_separate(
    site: Datasette,
) -> None:
    found = (await blanks(site, TABLE))["sanction"]
    assert found == {
        "not stated": (247, f"{TABLE}?sanction__isnull=1&status=finalised"),
        "under investigation": (97, f"{TABLE}?sanction__isnull=1&status=under+investigation"),
    }


async def test_a_choice_of_blanks_can_be_taken_back(site: Datasette) -> None:
    page = (await site.client.get(f"{TABLE}?sanction__isnull=1&status=finalised&year=2020")).text
    (url,) = re.findall(r'not stated · \d+ <a href="([^"]*)" class="cross"', page)
    assert html.unescape(url) == f"{TABLE}?status=finalised&year=2020"


async def test_the_second_page_counts_the_blanks_of_all_pages(site: Datasette) -> None:
    first = await blanks(site, f"{TABLE}?_size=20")
    second = await blanks(site, f"{TABLE}?_size=20&_next=22-026570-0300")
    assert second == first


async def test_missing_officers_are_counted_apart_and_tables_without_a_status_have_no_blanks(
    site: Datasette,
) -> None:
    found = (await blanks(site, "/foi/officers_counted"))["rank"]
    assert found["missing"] == (3, "/foi/officers_counted?rank__isnull=1&status=missing")
    page = (await site.client.get("/foi/mentions?_facet=mention")).text
    assert "Blank values are not listed." in page
    assert "Blank values are not listed." not in (await site.client.get(TABLE)).text
