"""The canned queries, as their files state them."""

from __future__ import annotations

from typing import Any

import yaml

from tests.serving import ROOT

NAMES = sorted(path.stem for path in (ROOT / "canned_queries").glob("*.sql"))


def header(name: str) -> dict[str, Any]:
    """Return the header of a query: what stands as YAML above its SQL."""
    text = (ROOT / "canned_queries" / f"{name}.sql").read_text("utf-8")
    lines = [line[3:] for line in text.split("\n\n")[0].split("\n")]
    loaded: dict[str, Any] = yaml.safe_load("\n".join(lines))
    return loaded
