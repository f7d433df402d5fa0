"""Show why a cell is empty: not stated, under investigation, or missing.

Problem: Datasette shows NULL as a blank, whatever the reason. What this does: if the row has a
status, a NULL in one of the columns listed in metadata.yml is styled according to that status,
and screen readers get the reason in words.

    plugins:
      missing_values:
        status: status
        empty:
          finalised: {not stated: [rank], undecided: [regime]}
          under investigation: {under investigation: [rank, regime]}
        withdrawn: {withdrawn_on: {withdrawn: [summary]}}     takes precedence if withdrawn_on is set

Templates get `absence_words()`, this whole configuration, for charts and anything else that shows
the data. Style `.absent`, and a class made from the words: `.absent-not-stated`,
`.absent-under-investigation` and so on.

Limits: a row without a status column is left unchanged. The data keep NULL.
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
    """Return the plugin's configuration, cached because every cell needs it."""
    if datasette not in _configs:
        config = datasette.plugin_config("missing_values") or {}
        _configs[datasette] = {"status": None, "empty": {}, "withdrawn": {}, **config}
    return _configs[datasette]


def render(words: str) -> Markup:
    """Return the HTML of an empty cell whose reason is `words`."""
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
