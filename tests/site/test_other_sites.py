"""Sites with other data: two disclosures, a contact for withdrawals, a mutable database, no
database."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Request

from ingest.build import build
from tests.documents import FolderCopy, a_disclosure, a_row, arranged, put
from tests.serving import PARTS, ROOT, furnish, furnish_database, serve
from tests.site.pages import text_of

pytestmark = pytest.mark.asyncio


async def test_two_disclosures_are_shown_side_by_side_and_never_added_up(
    site: Datasette, tmp_path: Path
) -> None:
    """The second is one folder more; it covers whole years, all after the rules changed."""
    FolderCopy.of_the_first(tmp_path / "disclosures")
    second = a_disclosure(arranged([a_row(year=2021)] * 120))
    assert second.covers_to == date(2021, 12, 31)
    put(second, tmp_path / "disclosures")
    build(tmp_path / "disclosures", tmp_path / "foi.db")
    furnish(tmp_path, *PARTS)
    both = await serve(tmp_path)
    words = await text_of(both, "/")
    for figure in ("412 officers counted", "409 of them", "120 officers counted", "120 of them"):
        assert figure in words
    assert "532" not in words
    assert "529" not in words
    assert "Our copy of A force 01/FOI/23/000001" in words
    page = (await both.client.get("/")).text
    first, other = re.findall(r'<section class="disclosure".*?</section>', page, re.DOTALL)
    for limit in ("is a part-year", "don’t compare years across the change"):
        assert limit in first
        assert limit not in other
    years = (await both.client.get("/foi/reconciliation.json?_shape=array&year=2021")).json()
    assert [year["published"] for year in years] == [111, 120]
    page = (await both.client.get("/foi/officer_allegations.json")).json()
    assert (page["filtered_table_rows_count"], len(page["rows"])) == (529, 500)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("null", "This site has no contact address yet"),
        ("removal@police.example", "Write to removal@police.example"),
        ("https://police.example/removal", "Write to https://police.example/removal"),
    ],
)
async def test_the_address_for_removal_is_shown_or_said_to_be_missing(
    site: Datasette, database: Path, tmp_path: Path, contact: str, shown: str
) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "metadata.yml"))
    lines = (ROOT / "metadata.yml").read_text("utf-8").split("\n")
    lines = [f"contact: {contact}" if line.startswith("contact:") else line for line in lines]
    (tmp_path / "metadata.yml").write_text("\n".join(lines), "utf-8")
    furnish_database(tmp_path, database)
    assert shown in await text_of(await serve(tmp_path), "/")


async def test_figures_of_a_database_that_changes_are_asked_for_anew(
    site: Datasette, database: Path, tmp_path: Path
) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "metadata.yml"))
    text = (ROOT / "metadata.yml").read_text("utf-8")
    assert text.count("required: [foi]") == 1
    text = text.replace("required: [foi]", "required: []")
    (tmp_path / "metadata.yml").write_text(text, "utf-8")
    (tmp_path / "foi.db").write_bytes(database.read_bytes())
    mutable = await serve(tmp_path)
    assert "97 officers were still under investigation" in await text_of(mutable, "/")
    await mutable.get_database("foi").execute_write(
        "update officer_allegations set status = 'finalised' where status <> 'finalised'"
    )
    assert "0 officers were still under investigation" in await text_of(mutable, "/")


async def test_figures_of_a_database_that_cannot_change_are_asked_for_once(
    site: Datasette,
) -> None:
    (site_api,) = (plugin for plugin in pm.get_plugins() if plugin.__name__ == "site_api.py")
    address = "/foi/reconciliation"
    assert await site_api.all_rows(site, address) is await site_api.all_rows(site, address)


@pytest.mark.parametrize(
    ("asked", "address", "kept"),
    [
        ("", "/foi/notes", True),
        ("q=facebook", "/foi/notes", True),
        ("", "/foi/notes?disclosure_id=01-FOI-22-026570", True),
        ("q=facebook", "/foi/notes?disclosure_id=01-FOI-22-026570", True),
        ("q=facebook", "/foi/search-terms?q=facebook", False),
        ("q=+FaceBook+&year=", "/foi/search-terms?q=facebook", False),
        ("q=a%26b", "/foi/search-terms?q=a%26b", False),
        ("q=book", "/foi/search-terms?q=facebook", False),
        ("status=finalised", "/foi/officers_counted?status__not=x&q=finalised", False),
    ],
)
async def test_what_has_a_visitors_input_is_not_kept(
    site: Datasette, asked: str, address: str, kept: bool
) -> None:
    (site_api,) = (plugin for plugin in pm.get_plugins() if plugin.__name__ == "site_api.py")
    assert site_api.has_input(address, Request.fake(f"/foi?{asked}")) is not kept


@pytest.mark.long
async def test_no_number_of_addresses_fills_the_cache(site: Datasette) -> None:
    (site_api,) = (plugin for plugin in pm.get_plugins() if plugin.__name__ == "site_api.py")
    table = "/foi/officer_allegations"
    questions = ("/foi/search?q={}", f"{table}?_search={{}}", f"{table}?line__gte={{}}")
    counts: list[int] = []
    for round in ("before", "after"):
        for number in range(7):
            for question in questions:
                word = f"{len(counts)}900{number}"
                assert (await site.client.get(question.format(word))).status_code == 200, round
        counts.append(len(site_api.kept_answers(site).kept))
    assert counts[0] == counts[1]


async def test_the_cache_keeps_within_its_bytes_and_what_was_used_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (site_api,) = (plugin for plugin in pm.get_plugins() if plugin.__name__ == "site_api.py")
    rows = [{"id": "a" * 100}]
    each = site_api.size_of("/1") + site_api.size_of(rows)
    monkeypatch.setattr(site_api, "MOST_BYTES", 3 * each)
    answers = site_api.Answers()
    for address in ("/1", "/2", "/3"):
        answers.put(address, rows)
    assert answers.bytes == 3 * each
    assert answers.get("/1") == rows
    answers.put("/4", rows)
    assert list(answers.kept) == ["/3", "/1", "/4"]
    assert answers.bytes == 3 * each
    answers.put("/4", [])
    answers.put("/5", rows * 100)
    assert answers.get("/5") is None
    assert answers.bytes == sum(size for _, size in answers.kept.values()) <= 3 * each


async def test_without_a_database_the_server_does_not_start_and_says_what_to_do(
    tmp_path: Path,
) -> None:
    furnish(tmp_path, "plugins", *PARTS)
    command = [sys.executable, "-m", "datasette", str(tmp_path), "--get", "/"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "Error: There is no foi.db here: run make build.\n"
