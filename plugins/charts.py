"""Load datasette-vega's charts only where a reader opens one.

Problem: datasette-vega puts a script of 0.9 MB on every page, the home page included, and asks for
every page of results a second time even where no chart is open. What this does: takes its hooks
away, so that no page names its files, but leaves it registered, so that Datasette serves them; and
gives templates `chart_files`, for a small script of the site to load on demand.

Limits: the one script draws on the page that it is loaded on, from the rows of that page.
"""

from __future__ import annotations

from types import ModuleType

import datasette_vega
from datasette import hookimpl
from datasette.plugins import pm

if pm.is_registered(datasette_vega):
    name = pm.get_name(datasette_vega)
    pm.unregister(datasette_vega)
    # Datasette serves the static files of every registered module, by the module's name.
    pm.register(ModuleType(datasette_vega.__name__), name=name)


@hookimpl
def extra_template_vars() -> dict[str, dict[str, list[str]]]:
    return {
        "chart_files": {
            kind: datasette_vega.cached_filepaths_for_extension(kind) for kind in ("css", "js")
        }
    }
