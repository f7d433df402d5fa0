"""Which modules may import which. The order of the ingest packages is checked by import-linter
(make lint)."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from tests.serving import ROOT

SHARED = {"ingest.text", "ingest.config"}
"""The ingest packages that plugins may import."""
PLUGINS = sorted((ROOT / "plugins").glob("*.py"))


def imported(module: Path) -> set[str]:
    """Return the full names that a module imports anywhere: `from a import b` gives a.b."""
    nodes = list(ast.walk(ast.parse(module.read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {
        f"{node.module}.{alias.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.stem)
def test_a_plugin_shares_words_and_configuration_with_the_ingest_and_nothing_else(
    plugin: Path,
) -> None:
    ours = {name for name in imported(plugin) if name.split(".")[0] in {"ingest", "tests"}}
    assert {".".join(name.split(".")[:2]) for name in ours} <= SHARED


def test_plugins_do_share_them() -> None:
    assert "ingest.config.markers.shared_forms" in {
        name for plugin in PLUGINS for name in imported(plugin)
    }


def test_make_lint_checks_the_order_of_the_packages() -> None:
    recipe = subprocess.run(
        ["make", "-n", "lint"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert "/lint-imports" in recipe
