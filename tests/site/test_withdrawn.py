"""A withdrawn row still counts, and its words do not appear anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import quote_plus

import pytest
import pytest_asyncio
from datasette.app import Datasette

from ingest.build import build
from tests.documents import FolderCopy
from tests.serving import PARTS, furnish, serve

pytestmark = pytest.mark.asyncio
ID = "22-026570-0003"
WORDS = ["Causing or inciting a child", "arrested and bailed", "[REDACTED]-year-old"]


@pytest.fixture(scope="session")
def withdrawn_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("withdrawn")
    furnish(folder, *PARTS)
    copy = FolderCopy.of_the_first(folder / "disclosures")
    copy.declare(
        "withdrawn: []",
        f"withdrawn:\n  - id: {ID}\n    date: 2023-04-05\n    reason: on request of a person concerned",
    )
    build(folder / "disclosures", folder / "foi.db")
    shutil.rmtree(folder / "disclosures")
    return folder


@pytest_asyncio.fixture(scope="session")
async def withdrawn(site: Datasette, withdrawn_folder: Path) -> Datasette:
    return await serve(withdrawn_folder)


async def test_its_words_are_not_in_the_file(withdrawn_folder: Path, database: Path) -> None:
    for word in WORDS:
        assert word.encode() in database.read_bytes()
        assert word.encode() not in (withdrawn_folder / "foi.db").read_bytes()


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    "path",
    [
        "/foi/officer_allegations?_size=max",
        "/foi/officer_allegations.json?_size=max",
        "/foi/officer_allegations.csv?_size=max",
        "/foi/officer_allegations.csv?_stream=on",
        f"/foi/officer_allegations/{ID}",
        f"/foi/officer_allegations/{ID}.json",
        "/foi.json?sql=select+*+from+officer_allegations_fts_content",
        "/foi.csv?sql=select+summary,source_text+from+officer_allegations",
        "/foi.db",
    ],
)
async def test_its_words_are_in_no_download(
    site: Datasette, withdrawn: Datasette, path: str
) -> None:
    words = b"arrested and bailed"
    assert words in (await site.client.get(path)).content
    assert words not in (await withdrawn.client.get(path)).content


@pytest.mark.parametrize("query", ["inciting", '"serving metropolitan police officer who"'])
async def test_search_does_not_find_it(site: Datasette, withdrawn: Datasette, query: str) -> None:
    path = f"/foi/officer_allegations.json?_shape=array&_col=id&_search={quote_plus(query)}"
    assert ID in [row["id"] for row in (await site.client.get(path)).json()]
    assert ID not in [row["id"] for row in (await withdrawn.client.get(path)).json()]


async def test_it_still_counts_and_says_why_it_is_gone(withdrawn: Datasette) -> None:
    path = f"/foi/officer_allegations.json?_shape=array&id={ID}"
    (row,) = (await withdrawn.client.get(path)).json()
    assert (row["summary"], row["source_text"]) == (None, None)
    assert (row["withdrawn_on"], row["withdrawn_reason"]) == (
        "2023-04-05",
        "on request of a person concerned",
    )
    assert (row["year"], row["rank"], row["result"]) == (2017, "Constable", "Case to Answer")
    assert row["redaction_count"] == 9
    found = (await withdrawn.client.get("/foi/reconciliation.json?_shape=array")).json()
    assert sum(year["found"] for year in found) == 409
    page = (await withdrawn.client.get(f"/foi/officer_allegations/{ID}")).text
    assert "on request of a person concerned" in page


@pytest.mark.parametrize(
    "path",
    [
        f"/foi/officer_allegations?id={ID}",
        f"/foi/officer_allegations/{ID}",
        f"/foi/officer?id={ID}",
        "/foi/dismissals",
    ],
)
async def test_its_cell_says_that_it_was_withdrawn_and_not_that_nothing_was_stated(
    withdrawn: Datasette, path: str
) -> None:
    page = (await withdrawn.client.get(path)).text
    assert (
        '<span class="absent absent-withdrawn" title="withdrawn"><span>withdrawn</span></span>'
        in page
    )


async def test_nothing_is_inferred_from_words_that_were_withdrawn(withdrawn: Datasette) -> None:
    page = (await withdrawn.client.get(f"/foi/officer_allegations/{ID}")).text
    assert page.count("Not shown, because the words of this row were withdrawn.") == 2
    assert "The words of this row were withdrawn from this site on 5 April 2023" in page
