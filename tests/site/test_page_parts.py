"""Parts of pages that can be right in only one way: order, direction, open or closed."""

from __future__ import annotations

import html
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm

from ingest.database.inspect import write_inspect_data
from tests.serving import PARTS, ROOT, furnish, furnish_database, serve
from tests.site.conftest import BOUNDS, MIXED, WITHDRAWN
from tests.site.pages import METADATA
from tests.site.questions import FIRST

TABLE = "/foi/officer_allegations"
FACETS = METADATA["databases"]["foi"]["tables"]["officer_allegations"]["facets"]


def words_of(fragment: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", fragment)).split())


async def ids_of(site: Datasette, disclosure: str) -> list[str]:
    """The ids of a disclosure's rows, in the document's order."""
    path = f"{TABLE}.json?_shape=array&_size=max&_nofacet=1&disclosure_id={disclosure}"
    rows = (await site.client.get(path)).json()
    return [row["id"] for row in sorted(rows, key=lambda row: row["position"])]


@pytest.mark.quick_cases(1)
@pytest.mark.asyncio
@pytest.mark.parametrize("disclosure", [FIRST, BOUNDS, MIXED])
async def test_a_row_links_to_the_one_before_and_the_one_after_in_its_document(
    mixed: Datasette, disclosure: str
) -> None:
    ids = await ids_of(mixed, disclosure)
    for place in (0, 1, len(ids) // 2, len(ids) - 2, len(ids) - 1):
        page = (await mixed.client.get(f"{TABLE}/{ids[place]}")).text
        nav = page.partition('<p class="neighbours">')[2].partition("</p>")[0]
        links = re.findall(r'<a href="/foi/officer_allegations/([^"]*)">(\w+)[^<]*</a>', nav)
        before = [(ids[place - 1], "Previous")] if place else []
        after = [(ids[place + 1], "Next")] if place + 1 < len(ids) else []
        assert links == before + after


def facets_of(page: str) -> str:
    """Return the opening tag of the facets."""
    (tag,) = re.findall(r'<details class="facets"[^>]*>', page)
    return str(tag)


@pytest.mark.quick_cases(2)
@pytest.mark.asyncio
@pytest.mark.parametrize("column", FACETS)
async def test_lists_to_choose_from_are_open_once_something_is_chosen(
    site: Datasette, column: str
) -> None:
    data = (await site.client.get(f"{TABLE}.json?_size=0")).json()
    value = data["facet_results"][column]["results"][0]["value"]
    page = (await site.client.get(f"{TABLE}?{urlencode({column: value})}")).text
    assert facets_of(page).endswith(" open>")


@pytest.mark.quick_cases(1)
@pytest.mark.asyncio
@pytest.mark.parametrize(
    "query", ["", "?_sort=line", "?_search=facebook", f"?disclosure_id={FIRST}"]
)
async def test_lists_to_choose_from_are_folded_before(site: Datasette, query: str) -> None:
    assert "open" not in facets_of((await site.client.get(f"{TABLE}{query}")).text)


@pytest.mark.asyncio
async def test_years_with_rows_missing_or_in_surplus_or_neither_differ(
    mixed: Datasette,
) -> None:
    years = (await mixed.client.get("/foi/reconciliation.json?_shape=array")).json()
    assert {year["missing"] for year in years} == {-2, 0, 1, 3, 4}
    page = (await mixed.client.get("/checks")).text
    told = [
        tuple(words_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line))
        for body in re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)
        for line in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]
    expected = [
        tuple(str(year[column]) for column in ("year", "published", "found")) for year in years
    ]
    assert [line[:3] for line in told] == expected
    for year, (*_, difference) in zip(years, told, strict=True):
        number = abs(year["missing"])
        assert re.findall(r"-?\d+", difference) == [str(number)] * bool(number)
        assert ("more" in difference) == (year["missing"] < 0)
        assert ("missing" in difference) == (year["missing"] > 0)


@pytest.mark.asyncio
async def test_the_banner_and_home_separate_a_surplus_from_missing_rows(mixed: Datasette) -> None:
    for path in ("/", "/about"):
        page = (await mixed.client.get(path)).text
        (banner,) = (
            words_of(text)
            for text in re.findall(r'<p class="copy-status".*?</p>', page, re.DOTALL)
            if MIXED[-6:] in text
        )
        assert re.search(r"\b2018\b.* 4 missing", banner)
        assert re.search(r"\b2022\b.* 2 more", banner)
        assert "-2" not in banner
    page = (await mixed.client.get("/")).text
    section = page[page.index(f'aria-labelledby="d-{MIXED}"') :]
    body = section.partition("<tbody>")[2].partition("</tbody>")[0]
    last = [words_of(line.rpartition("<td")[2].partition(">")[2]) for line in body.split("</tr>")]
    assert last[:5] == ["4", "0", "0", "0", "2 more"]


@pytest.mark.asyncio
@pytest.mark.parametrize("column", ["summary", "source_text", "wording_id"])
async def test_a_withdrawn_cell_is_called_withdrawn_before_it_is_called_not_stated(
    mixed: Datasette, column: str
) -> None:
    """The row's other empty cell, a sanction, is not stated."""
    why = r'<span class="absent absent-([\w-]+)"'
    for query in (
        f"?id={WITHDRAWN}",
        f"?id={WITHDRAWN}&_col=status&_col={column}&_col=withdrawn_on",
    ):
        page = (await mixed.client.get(TABLE + query)).text
        (cell,) = re.findall(rf'<td class="col-{column} [^>]*>(.*?)</td>', page)
        assert re.findall(why, cell) == ["withdrawn"]
    page = (await mixed.client.get(f"{TABLE}/{WITHDRAWN}")).text
    record = dict(re.findall(r"<dt>(\w+)</dt>\s*<dd>\s*(.*?)\s*<small>", page, re.DOTALL))
    assert re.findall(why, record[column]) == ["withdrawn"]
    assert re.findall(why, record["sanction"]) == ["not-stated"]
    if column == "summary":
        quote = page.partition("<blockquote")[2].partition("</blockquote>")[0]
        assert re.findall(why, quote) == ["withdrawn"]


@pytest.mark.long
def test_corrections_are_shown_newest_first_in_whatever_order_they_were_written(
    tmp_path: Path, database: Path
) -> None:
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    furnish(tmp_path, "canned_queries", "ingest", *PARTS)
    furnish_database(tmp_path, database)
    (tmp_path / "corrections.yml").write_text(
        """corrections:
- {date: 2023-05-06, what: second, figures: "1 and not 2"}
- {date: 2022-12-31, what: oldest}
- {date: 2024-01-02, what: newest}
""",
        "utf-8",
    )
    command = [sys.executable, "-m", "datasette", str(tmp_path), "--get", "/corrections"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    article = done.stdout.partition("<article")[2].partition("</article>")[0]
    assert re.findall(r"<h2>([\w ]+)</h2>\s*<p>(\w+)</p>", article) == [
        ("2 January 2024", "newest"),
        ("6 May 2023", "second"),
        ("31 December 2022", "oldest"),
    ]
    entries = article.split("<h2>")[1:]
    assert ["1 and not 2" in entry for entry in entries] == [False, True, False]
    assert 'class="note"' not in article


class Brake:
    """A plugin with an SQL function `braked()`, which makes a view slow to count while the brake is
    on."""

    __name__ = "brake"

    def __init__(self) -> None:
        self.holds = True

    @hookimpl
    def prepare_connection(self, conn: object) -> None:
        conn.create_function("braked", 0, lambda: self.holds)  # type: ignore[attr-defined]


@pytest.fixture
def brake() -> Iterator[Brake]:
    plugin = Brake()
    pm.register(plugin)
    yield plugin
    pm.unregister(plugin)


@pytest.mark.long
@pytest.mark.asyncio
async def test_a_count_that_took_too_long_is_not_shown_and_not_kept(
    site: Datasette, brake: Brake, site_folder: Path, tmp_path: Path
) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "settings.json"))
    settings = json.loads((ROOT / "settings.json").read_text("utf-8"))
    limits = settings | {"sql_time_limit_ms": 200, "facet_time_limit_ms": 5}
    (tmp_path / "settings.json").write_text(json.dumps(limits), "utf-8")
    shutil.copy(site_folder / "foi.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        # The first row of a facet is found at once; the brake must be released to continue.
        connection.executescript(
            """alter table officer_allegations rename to kept;
            create table reached as select max(first) as position from
                (select min(position) as first from kept group by status, redaction_band);
            create view officer_allegations as
            with recursive numbers (number) as (select 1 union all select number + 1 from numbers)
            select * from kept
            where position <= (select position from reached) or not braked()
                or (select max(number) from numbers);"""
        )
    write_inspect_data(tmp_path / "foi.db")
    slow = await serve(tmp_path)
    assert not slow.get_database("foi").is_mutable
    assert set(await figures_of_rows(slow)) == {None}
    brake.holds = False
    assert await figures_of_rows(slow) == await figures_of_rows(site)


async def figures_of_rows(site: Datasette) -> list[int | None]:
    """Return the row counts on the home page, with None for those left out."""
    response = await site.client.get("/")
    assert response.status_code == 200
    found = re.findall(rf'<dt><a href="{TABLE}\?[^"]*">([^<]*)</a></dt>', response.text)
    assert len(found) == 5
    return [int(figure) if figure.isdecimal() else None for figure in found]
