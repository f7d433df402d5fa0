"""Refuse to start if a required database is missing.

Problem: if Datasette starts before the first build, it serves an empty site on which every page
fails. What this does: if a database listed in metadata.yml is missing, the server does not start
and prints what to do.

    plugins:
      required_databases:
        names: [foi]
        fix: run make build
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
        # Datasette's command uses Click, which prints this as one line without a traceback.
        raise ClickException(f"There is no {', '.join(missing)}.db here: {config['fix']}.")
