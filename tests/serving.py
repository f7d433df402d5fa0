"""Serve a folder as `datasette .` does, inside the test's own process."""

from __future__ import annotations

from pathlib import Path

from datasette.app import Datasette
from datasette.plugins import pm

ROOT = Path(__file__).parent.parent
PARTS = ("metadata.yml", "settings.json", "plugins", "templates", "static")
"""What Datasette picks up in the folder it serves, beside the database."""


async def serve(folder: Path) -> Datasette:
    """A Datasette on `folder`. A process registers its plugins once, for all that it serves."""
    loaded = {getattr(plugin, "__name__", "") for plugin in pm.get_plugins()}
    if "own_api.py" in loaded and (folder / "plugins").is_symlink():
        (folder / "plugins").unlink()
    datasette = Datasette([], config_dir=folder)
    await datasette.invoke_startup()
    return datasette
