"""Let templates take their figures from the site's own JSON API.

Problem: a figure written into a template, or computed by separate SQL, can differ from what readers
find when they follow its link. What this does: templates get two functions that request the same
addresses that they link to.

    {% for year in api_rows("/foi/reconciliation") %} … {% endfor %}
    <a href="/foi/redactions">{{ api_count("/foi/redactions") }}</a>

`api_rows` also takes a database address with `?sql=` and its parameters.

If every database is immutable, answers are cached while the process runs; otherwise each one is
requested again. Limits: `api_rows` returns at most `max_returned_rows` rows (a Datasette setting);
`api_count` returns None if Datasette's count timed out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from datasette.views.base import DatasetteError

MOST_KEPT = 5000
"""Answers cached at a time. The cache needs a limit because some addresses contain what a visitor typed."""

_answers: WeakKeyDictionary[Datasette, dict[str, Any]] = WeakKeyDictionary()


async def fetch(datasette: Datasette, address: str) -> Any:
    """Return the JSON at `address`.

    Raises DatasetteError if that took too long, RuntimeError if the response is another error.
    """
    kept = _answers.setdefault(datasette, {})
    if address in kept:
        return kept[address]
    response = await datasette.client.get(address)
    if response.status_code != 200:
        about = response.json() if response.status_code == 400 else {}
        if about.get("type") == "time_limit":  # see the plugin client_errors
            raise DatasetteError(about["error"], about["title"], status=400)
        raise RuntimeError(f"{address} answered {response.status_code}: {response.text[:200]}")
    answer = response.json()
    public = (db for name, db in datasette.databases.items() if not name.startswith("_"))
    complete = not isinstance(answer, dict) or answer.get("filtered_table_rows_count") is not None
    if complete and not any(db.is_mutable for db in public):
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[address] = answer
    return answer


def as_json(address: str, **arguments: str) -> str:
    """Return the JSON address of the table or view at `address`, with `arguments` added to its query."""
    path, _, query = address.partition("?")
    added = "&".join(f"{name}={value}" for name, value in arguments.items())
    return f"{path}.json?{query}{'&' if query else ''}{added}"


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Callable[[str], Awaitable[Any]]]:
    async def api_rows(address: str) -> Any:
        return await fetch(datasette, as_json(address, _shape="array", _size="max"))

    async def api_count(address: str) -> Any:
        answer = await fetch(datasette, as_json(address, _size="0"))
        return answer["filtered_table_rows_count"]

    return {"api_rows": api_rows, "api_count": api_count}
