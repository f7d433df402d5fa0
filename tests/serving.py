"""Serve a folder as `datasette .` does, inside the test's own process."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from datasette.app import Datasette

from ingest.database.inspect import write_inspect_data

ROOT = Path(__file__).parent.parent
PARTS = ("metadata.yml", "settings.json", "templates", "static")
"""The files that Datasette loads from a folder, apart from the database and plugins."""


def furnish(folder: Path, *parts: str) -> None:
    """Put the project's own `parts` into `folder`."""
    for part in parts:
        (folder / part).symlink_to(ROOT / part)


def furnish_database(folder: Path, database: Path) -> None:
    """Put `database` into `folder` as `foi.db`, and its hash and counts beside it."""
    (folder / "foi.db").symlink_to(database)
    write_inspect_data(folder / "foi.db")


async def serve(folder: Path) -> Datasette:
    """Return a Datasette that serves `folder`. Plugins register once per process."""
    datasette = Datasette([], config_dir=folder)
    await datasette.invoke_startup()
    return datasette


def a_plugin(name: str) -> ModuleType:
    """Import one of the project's plugins as a separate module, to test its functions."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "plugins" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
