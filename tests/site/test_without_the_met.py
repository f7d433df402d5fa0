"""A site of a disclosure in another form only: it is whole, and says nothing of the Met's subject."""

from __future__ import annotations

import html
import re
from collections import deque
from pathlib import Path

import pytest
import pytest_asyncio
from datasette.app import Datasette

from ingest.build import build
from tests.contract import OF_THE_MET
from tests.deployment import furnish_checkout, run_module
from tests.documents import FolderCopy
from tests.parcels import put_parcels
from tests.serving import PARTS, furnish, serve
from tests.site.pages import PAGES, text_of

TABLE = "/foi/lost_parcels"
OWN = (
    *("/", "/about", "/dictionary", "/checks", "/corrections", "/rights", "/privacy", "/limits"),
    *("/accessibility", "/redaction", "/foi", TABLE, f"{TABLE}?_search=goat", "/foi/records"),
    *(f"{TABLE}/lost-parcels-2021-000003", "/foi/disclosures/lost-parcels-2021"),
    *("/foi/checks", "/foi/redaction_bands", "/foi/disclosures"),
    *("/foi/lost-parcels-per-cause", "/foi/lost-parcels-per-redaction-band"),
    *("/disclosures/lost-parcels-2021", "/search", "/search?q=goat"),
)
SUBJECT = re.compile(r"(?<![a-z])(officer|rank|sanction|constable|police)", re.IGNORECASE)
"""Words of the Met's disclosure, in names of tables too."""
MOST_PAGES = 400


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parcels(site: Datasette, tmp_path_factory: pytest.TempPathFactory) -> Datasette:
    """A site whose only disclosure is that of the parcels."""
    folder = tmp_path_factory.mktemp("parcels")
    put_parcels(folder / "disclosures")
    build(folder / "disclosures", folder / "foi.db")
    furnish(folder, *PARTS)
    return await serve(folder)


@pytest.mark.asyncio
async def test_its_pages_are_whole_and_do_not_speak_of_the_mets_subject(
    parcels: Datasette,
) -> None:
    for path in OWN:
        words = await text_of(parcels, path)
        assert not SUBJECT.search(words), f"{path}: {words}"


@pytest.mark.asyncio
async def test_the_mets_tables_and_questions_are_not_there(parcels: Datasette) -> None:
    listing = (await parcels.client.get("/foi.json")).json()
    assert not OF_THE_MET & {table["name"] for table in listing["tables"]}
    assert all(query["name"].startswith("lost-parcels-") for query in listing["queries"])
    for path in ("/foi/officer_allegations", "/foi/officers-per-year", "/foi/search", "/foi/ranks"):
        response = await parcels.client.get(path)
        assert response.status_code == 404
        assert "no page at this address" in response.text
        assert not SUBJECT.search(re.sub("<[^>]*>", " ", response.text))


@pytest.mark.asyncio
async def test_its_pages_say_what_they_say_of_any_disclosure(parcels: Datasette) -> None:
    about = await text_of(parcels, "/about")
    assert "Post of Ruritania" in about
    assert "One row per parcel" in about
    dictionary = await text_of(parcels, "/dictionary")
    assert "lost_parcels : Lost parcels" in dictionary
    assert "column “Weight”" in dictionary
    assert "re-use terms not stated" in await text_of(parcels, "/rights")
    checks = await text_of(parcels, "/checks")
    assert "The document prints no totals" in checks
    assert "fits its shape" in checks
    redaction = await text_of(parcels, "/redaction")
    assert "unmarked 1 light 0 moderate 2 heavy 0 total 1 unknown 0 no text 1" in redaction
    page = (await parcels.client.get("/redaction")).text
    assert f'href="{TABLE}?disclosure_id=lost-parcels-2021&amp;redaction_band=total">1<' in page


@pytest.mark.asyncio
async def test_only_pages_without_rows_may_be_found_in_a_web_search(parcels: Datasette) -> None:
    for path, shut in ((TABLE, True), ("/foi/records", True), ("/foi/disclosures", False)):
        response = await parcels.client.get(path)
        assert ("x-robots-tag" in response.headers) == shut, path


def links_on(page: str) -> list[str]:
    """Return the addresses on this site that a page links to, without fragments."""
    found = (html.unescape(address) for address in re.findall(r'href="(/[^"#]*)', page))
    return list(dict.fromkeys(found))


@pytest.mark.long
@pytest.mark.asyncio
async def test_every_link_on_it_leads_somewhere_and_no_page_has_those_words(
    parcels: Datasette,
) -> None:
    """Each page is visited once; of those of a table in another order, only some."""
    waiting, seen = deque(["/"]), {"/"}
    visited = 0
    while waiting and visited < MOST_PAGES:
        path = waiting.popleft()
        response = await parcels.client.get(path)
        visited += 1
        assert response.status_code == 200, path
        if not response.headers["content-type"].startswith("text/html"):
            continue
        text = html.unescape(re.sub(r"<[^>]+>", " ", response.text))
        assert not SUBJECT.search(text), path
        for address in links_on(response.text):
            if address not in seen:
                seen.add(address)
                waiting.append(address)
    assert {path for path in OWN if "search" not in path} <= seen
    assert visited > 100


@pytest.mark.long
def test_a_release_of_it_passes_the_check_of_every_page_table_and_question(tmp_path: Path) -> None:
    folder = furnish_checkout(tmp_path / "site")
    put_parcels(tmp_path / "disclosures")
    build(tmp_path / "disclosures", folder / "foi.db")
    done = run_module(folder, "deploy.release", "publish")
    assert not done.returncode, done.stderr


@pytest.mark.long
@pytest.mark.asyncio
async def test_with_both_each_is_described_and_the_mets_pages_are_there(
    site: Datasette, tmp_path: Path
) -> None:
    put_parcels(tmp_path / "disclosures")
    FolderCopy.of_the_first(tmp_path / "disclosures")
    build(tmp_path / "disclosures", tmp_path / "foi.db")
    furnish(tmp_path, *PARTS)
    both = await serve(tmp_path)
    for path in PAGES:
        expected = (await site.client.get(path)).status_code
        assert (await both.client.get(path)).status_code == expected, path
    for path in OWN:
        assert (await both.client.get(path)).status_code == 200, path
    about = await text_of(both, "/about")
    assert "One row per parcel" in about
    assert "One officer counted by the publisher" in about
    redaction = await text_of(both, "/redaction")
    assert "How much of the text is redacted Rows unmarked 1" in redaction
    assert "Each box is one row of 01/FOI/22/026570" in redaction
