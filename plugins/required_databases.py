"""Refuse to start without the databases that the site is about.

Problem: Datasette started before the first build serves an empty site whose every page fails. What
this does: where a database named in metadata.yml is not there, the server does not start and says
what to do.

    plugins:
      required_databases:
        names: [foi]
        remedy: run make build
"""

from __future__ import annotations

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette


@hookimpl
def startup(datasette: Datasette) -> None:
    config = datasette.plugin_config("required_databases") or {}
    missing = [name for name in config.get("names", []) if name not in datasette.databases]
    if missing:
        # Datasette's command is Click's, which shows this as one line and no traceback.
        raise ClickException(f"There is no {', '.join(missing)}.db here: {config['remedy']}.")
