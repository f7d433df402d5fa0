"""Load datasette-vega's charts only where a reader opens one.

Problem: datasette-vega adds 0.9 MB of JavaScript to every page, including the home page, and
requests each page of results again even if no chart is open. What this does: removes the plugin's
hooks, so that no page loads its files, but keeps the plugin registered, so that Datasette still
serves them. Templates get `chart_files`, which `static/charts.js` loads on demand.

Limitations: a chart shows at most `max_returned_rows` rows of the result.
"""

from __future__ import annotations

from types import ModuleType

import datasette_vega
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm

if pm.is_registered(datasette_vega):
    name = pm.get_name(datasette_vega)
    pm.unregister(datasette_vega)
    # Datasette serves the static files of every registered module under the module's name.
    pm.register(ModuleType(datasette_vega.__name__), name=name)


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, dict[str, list[str]]]:
    return {
        "chart_files": {
            kind: [
                str(datasette.urls.path(path))
                for path in datasette_vega.cached_filepaths_for_extension(kind)
            ]
            for kind in ("css", "js")
        }
    }
