"""The site describes every table, view and column."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import yaml
from datasette.app import Datasette

from tests.site.pages import METADATA, METADATA_FILES, TABLES


async def served_columns(site: Datasette) -> dict[str, list[str]]:
    """The columns of every table and view that a visitor is shown."""
    foi = site.get_database("foi")
    hidden = set(await foi.hidden_table_names())
    names = [name for name in await foi.table_names() if name not in hidden]
    names += await foi.view_names()
    return {name: await foi.table_columns(name) for name in names}


@pytest.mark.asyncio
async def test_every_table_view_and_column_is_described_and_nothing_else(site: Datasette) -> None:
    served = await served_columns(site)
    assert set(TABLES) == set(served)
    for name, columns in served.items():
        assert TABLES[name]["title"].strip()
        assert TABLES[name]["description"].strip()
        assert list(TABLES[name]["columns"]) == columns, name
        assert all(text.strip() for text in TABLES[name]["columns"].values())


@pytest.mark.asyncio
async def test_every_table_says_whose_figures_it_has(site: Datasette) -> None:
    for table, about in site.metadata("databases")["foi"]["tables"].items():
        if not about.get("title"):
            continue
        assert about["basis"], table
        if (await site.client.get(f"/foi/{table}.json")).json()["rows"]:
            assert about["basis"] in html.unescape((await site.client.get(f"/foi/{table}")).text)


@pytest.mark.asyncio
async def test_every_table_carries_caveats(site: Datasette) -> None:
    known = METADATA["databases"]["foi"]["caveats"].values()
    assert len(known) == 9
    assert all(set(caveat) == {"short", "text"} for caveat in known)
    for name in await served_columns(site):
        assert TABLES[name]["caveats"], name
        assert all(caveat in known for caveat in TABLES[name]["caveats"])


@pytest.mark.parametrize("file", METADATA_FILES, ids=lambda file: file.parent.name)
def test_a_meaning_is_written_once(file: Path) -> None:
    """A description that two columns share is one text in the file, referred to by name."""
    text = file.read_text("utf-8")
    written = [
        node.value
        for node in walk(yaml.compose(text, Loader=yaml.SafeLoader))
        if isinstance(node, yaml.ScalarNode) and len(node.value) > 40
    ]
    assert len(written) == len(set(written))


def walk(node: yaml.Node | None, seen: set[int] | None = None) -> list[yaml.Node]:
    """Yield every node of a YAML document once, even if it is referenced several times."""
    seen = set() if seen is None else seen
    if node is None or id(node) in seen:
        return []
    seen.add(id(node))
    below: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        below = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        below = node.value
    return [node, *(deeper for part in below for deeper in walk(part, seen))]


@pytest.mark.asyncio
async def test_no_page_says_that_the_open_government_licence_applies(site: Datasette) -> None:
    for path in ("/", "/foi", "/foi/officer_allegations", "/-/metadata.json"):
        page = (await site.client.get(path)).text
        assert not re.search(r"open government|\bOGL\b", page, re.IGNORECASE)


@pytest.mark.asyncio
async def test_settings_are_those_of_the_file_and_bound_what_a_query_may_take(
    site: Datasette,
) -> None:
    settings = (await site.client.get("/-/settings.json")).json()
    assert settings["max_returned_rows"] == 5000
    assert settings["sql_time_limit_ms"] == 1000
    assert site.setting("suggest_facets") is False
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    response = await site.client.get("/foi.json", params={"sql": endless})
    assert response.status_code == 400
    assert "took too long" in response.json()["error"]


@pytest.mark.asyncio
async def test_terms_are_shown_in_their_order_and_disclosures_by_reference(site: Datasette) -> None:
    ranks = (await site.client.get("/foi/ranks.json?_shape=array")).json()
    assert [rank["term"] for rank in ranks] == ["Constable", "Sergeant", "Inspector +", "Unknown"]
    results = (await site.client.get("/foi/results.json?_shape=array")).json()
    assert (results[0]["term"], results[-1]["term"]) == ("Case to Answer", "Discontinuance")
    assert "not a finding" in results[0]["meaning"]
    actions = (await site.client.get("/foi/actions.json?_shape=array")).json()
    assert (actions[0]["term"], actions[-1]["term"]) == ("Referral to Proceedings", "No Action")
    page = (await site.client.get("/foi/officer_allegations?_size=1")).text
    assert '<a href="/foi/disclosures/01-FOI-22-026570">01/FOI/22/026570</a>' in page
