"""What the site says about its data: of every table, view and column, with no gap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from datasette.app import Datasette

from tests.serving import ROOT

METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))
TABLES: dict[str, dict[str, Any]] = {
    name: table
    for name, table in METADATA["databases"]["foi"]["tables"].items()
    if table.get("allow", True)
}


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
async def test_every_table_carries_caveats(site: Datasette) -> None:
    known = METADATA["databases"]["foi"]["caveats"]
    assert len(known) == len(set(known)) == 8
    for name in await served_columns(site):
        assert TABLES[name]["caveats"], name
        assert set(TABLES[name]["caveats"]) <= set(known)


def test_a_meaning_is_written_once(site_folder: Path) -> None:
    """A description that two columns share is one text in the file, referred to by name."""
    text = (site_folder / "metadata.yml").read_text("utf-8")
    written = [
        node.value
        for node in walk(yaml.compose(text, Loader=yaml.SafeLoader))
        if isinstance(node, yaml.ScalarNode) and len(node.value) > 40
    ]
    assert len(written) == len(set(written))


def walk(node: yaml.Node | None, seen: set[int] | None = None) -> list[yaml.Node]:
    """Every node of a YAML document, those that are referred to more than once only once."""
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
async def test_nobody_is_told_that_the_open_government_licence_applies(site: Datasette) -> None:
    for path in ("/", "/foi", "/foi/officer_allegations", "/-/metadata.json"):
        assert "open government" not in (await site.client.get(path)).text.lower()
