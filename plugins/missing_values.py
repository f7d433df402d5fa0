"""Tell apart why a cell is empty: not stated, not known yet, or not there at all.

Problem: NULL is drawn as a blank, whatever the reason. What this does: where the row carries a
status, a NULL in one of the columns named in metadata.yml is drawn as the status says, and read
aloud in words.

    plugins:
      missing_values:
        status: status
        empty:
          finalised: {not stated: [rank], undecided: [regime]}
          under investigation: {under investigation: [rank, regime]}
        withdrawn: {withdrawn_on: {withdrawn: [summary]}}     where that column is filled, this holds first

Templates get `absence_words()`, all of this, for what draws the data elsewhere.

Style `.absent` and `.absent-not-stated`, `.absent-under-investigation` and so on, after the words.
Limits: a row that does not carry its status is left alone; the data keep NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup

_configs: WeakKeyDictionary[Datasette, dict[str, Any]] = WeakKeyDictionary()


def config_of(datasette: Datasette) -> dict[str, Any]:
    """What metadata.yml says, read once: every cell asks."""
    if datasette not in _configs:
        config = datasette.plugin_config("missing_values") or {}
        _configs[datasette] = {"status": None, "empty": {}, "withdrawn": {}, **config}
    return _configs[datasette]


def render(words: str) -> Markup:
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
    config = config_of(datasette)
    names = row.keys()
    reasons = [
        reason
        for name, reason in config["withdrawn"].items()
        if name in names and row[name] is not None
    ]
    if config["status"] in names and isinstance(row[config["status"]], str):
        reasons.append(config["empty"].get(row[config["status"]], {}))
    for reason in reasons:
        for words, columns in reason.items():
            if column in columns:
                return render(words)
    return None


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Callable[[], dict[str, Any]]]:
    return {"absence_words": lambda: config_of(datasette)}
