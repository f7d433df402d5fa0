"""What templates of any page may say: of the site, where it is, how to cite it, what was corrected.

Problem: pages of Datasette's own and pages of the site are given different things to show. What
this does: every template gets, those of error pages included,

- `site()`, metadata.yml as it stands;
- `data_hash()`, the SHA-256 of the database that is served, None where it may change;
- `corrections()`, the entries of `corrections.yml` beside metadata.yml's folder, newest first;

and all but those of error pages `absolute(path)`, the whole address of a path of this site, for links
that are shared.

Limits: the whole address is that by which the visitor came, so a proxy must pass the host on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request
from jinja2 import Environment

CORRECTIONS = Path(__file__).resolve().parent.parent / "corrections.yml"


@cache
def read_corrections() -> list[dict[str, Any]]:
    """Every correction, newest first: `on`, a date, `what`, and `figures`, those that changed."""
    entries: list[dict[str, Any]] = yaml.safe_load(CORRECTIONS.read_text("utf-8"))["corrections"]
    return sorted(entries, key=lambda entry: str(entry["on"]), reverse=True)


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    def data_hash(database: str = "foi") -> str | None:
        found: str | None = datasette.get_database(database).hash
        return found

    env.globals.update(site=datasette.metadata, data_hash=data_hash, corrections=read_corrections)


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    def absolute(path: str) -> str:
        return str(datasette.absolute_url(request, path)) if request else path

    return {"absolute": absolute}
