"""A row's page shows what is inferred about it, with reasons, apart from what was published."""

from __future__ import annotations

import pytest
from datasette.app import Datasette

from ingest.evidence.publisher_queries import rules
from tests.site.pages import text_of

pytestmark = pytest.mark.asyncio


async def inferred(site: Datasette, number: str) -> str:
    words = await text_of(site, f"/foi/officer_allegations/22-026570-{number}")
    published, _, after = words.partition("What this project infers")
    assert "What was published" in published
    return after.partition(" Source Block ")[0]


async def test_the_rules_with_the_words_that_decided(site: Datasette) -> None:
    words = await inferred(site, "0003")
    assert "Handled under the 2012 rules" in words
    assert "action “Formal Action”" in words
    assert "Undecided: the wording of its outcome" in await inferred(site, "0001")
    assert "Not known: the officer was still under investigation" in await inferred(site, "0077")


async def test_the_rows_that_share_its_wording_with_the_reason(site: Datasette) -> None:
    for number in ("0129", "0139", "0165", "0216"):
        words = await inferred(site, number)
        assert "9 rows share this wording and are probably about one incident" in words
        assert "all say that officers made false claims regarding a search" in words
    words = await inferred(site, "0333")
    assert (
        "5 rows share this wording and are probably about one incident . Their visible words are the same."
        in words
    )
    assert "No other row for this year has the same visible words" in await inferred(site, "0001")


async def test_the_link_to_rows_that_share_a_wording_opens_them_all(site: Datasette) -> None:
    page = (await site.client.get("/foi/officer_allegations/22-026570-0139")).text
    address = page.partition("wording_id__in=")[2].partition('"')[0]
    found = await site.client.get(
        f"/foi/officer_allegations.json?_shape=array&wording_id__in={address}"
    )
    assert [row["line"] for row in found.json()] == [197, 208, 212, 236, 246, 254, 288, 291, 297]


async def test_mentions_are_at_least_and_no_findings(site: Datasette) -> None:
    words = await inferred(site, "0130")
    assert "Harassment, text message, and perhaps more : found in its visible words" in words
    assert "A word in an allegation doesn’t make it true." in words
    assert "Our word patterns find nothing" in await inferred(site, "0086")


async def test_lost_markers_with_their_ground(site: Datasette) -> None:
    words = await inferred(site, "0030")
    assert "our copy probably lost the markers" in words
    assert "None of the 13 summaries in block 4 has one" in words
    assert (
        "lost the markers" not in (await inferred(site, "0001")).partition("Disclosed in part")[0]
    )


async def test_a_publisher_query_with_its_rule(site: Datasette) -> None:
    words = await inferred(site, "0041")
    assert "§ Query for the publisher" in words
    (rule,) = (one for one in rules() if one.rule == "sanction without a case to answer")
    assert rule.question in words
    assert "shown as published (found by the rule “sanction without a case to answer”" in words
    assert "§" not in await inferred(site, "0001")
