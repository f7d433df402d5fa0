"""Tell apart why a cell is empty: not stated, not known yet, or not there at all.

Problem: NULL is drawn as a blank, whatever the reason. What this does: where the row carries a
status, a NULL in one of the columns named in metadata.yml is drawn as the status says, and read
aloud in words.

    plugins:
      absence:
        status: status
        columns: [rank, result]
        words: {finalised: not stated, under investigation: under investigation}

Style `.absent` and `.absent-not-stated`, `.absent-under-investigation` and so on, after the words.
Limits: a row that does not carry its status is left alone; the data keep NULL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup

_configs: WeakKeyDictionary[Datasette, dict[str, Any]] = WeakKeyDictionary()


def drawn(words: str) -> Markup:
    """An empty cell for which there are `words`."""
    return Markup('<span class="absent absent-{}" title="{}"><span>{}</span></span>').format(
        words.replace(" ", "-"), words, words
    )


@hookimpl
def render_cell(
    row: Mapping[str, Any], value: object, column: str, datasette: Datasette
) -> Markup | None:
    if value is not None:
        return None
    config = _configs.get(datasette)
    if config is None:
        config = _configs[datasette] = datasette.plugin_config("absence") or {"columns": ()}
    if column not in config["columns"] or config["status"] not in row.keys():  # noqa: SIM118
        return None
    words = config["words"].get(row[config["status"]])
    return drawn(words) if words else None
