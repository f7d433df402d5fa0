"""Draw datasette-vega's charts on a page of their own.

Problem: datasette-vega adds 0.9 MB of JavaScript to every page, including the home page, and
requests each page of results again even if no chart is open. It also makes functions from text, so a
`Content-Security-Policy` would have to let scripts do so on every page. What this does: no page loads
the plugin's files but `/chart/DATABASE` and `/chart/DATABASE/TABLE`, which take the query string of a
page of rows and draw those rows. Their template, `chart.html`, gets the metadata of the rows,
`chart_files`, and the addresses of the rows as a page and as JSON. Every template gets
`chart_page(database, table)`, the path of that page.

The page runs no SQL: the browser asks for the JSON, and shows what is wrong if that is an error.
Limitations: a chart shows at most `max_returned_rows` rows of the result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlencode

import datasette_vega
from datasette import NotFound, Response, hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils import tilde_decode
from datasette.utils.asgi import Request

if pm.is_registered(datasette_vega):
    name = pm.get_name(datasette_vega)
    pm.unregister(datasette_vega)
    # Datasette serves the static files of every registered module under the module's name.
    pm.register(ModuleType(datasette_vega.__name__), name=name)


OF_ONE_PAGE = ("_next", "_size", "_shape")
"""Arguments that are not about which rows there are."""


def page_of(datasette: Datasette, database: str, table: str | None) -> str:
    """Return the path of the page of rows."""
    urls = datasette.urls
    return str(urls.table(database, table) if table else urls.database(database))


def chart_page(datasette: Datasette, database: str, table: str | None) -> str:
    """Return the path of the page that draws the rows of another."""
    page = page_of(datasette, database, table).removeprefix(datasette.setting("base_url"))
    return str(datasette.urls.path(f"chart/{page.removeprefix('/')}"))


def chart_files(datasette: Datasette) -> dict[str, list[str]]:
    """Return the paths of the chart library's files by kind."""
    return {
        kind: [
            str(datasette.urls.path(path))
            for path in datasette_vega.cached_filepaths_for_extension(kind)
        ]
        for kind in ("css", "js")
    }


async def chart(datasette: Datasette, request: Request) -> Response:
    """Serve the page that draws the rows of SQL, a canned query, a table or a view."""
    try:
        database = datasette.get_database(route=tilde_decode(request.url_vars["database"]))
    except KeyError:
        raise NotFound("Database not found") from None
    table = request.url_vars["table"] and tilde_decode(request.url_vars["table"])
    query = table and await datasette.get_canned_query(database.name, table, request.actor)
    needed: tuple[str, Any]
    if query:
        needed, metadata = ("view-query", (database.name, table)), query
    elif table is None and request.args.get("sql"):
        needed, metadata = ("execute-sql", database.name), {}
    elif table and (
        await database.table_exists(table) or await database.get_view_definition(table)
    ):
        needed = ("view-table", (database.name, table))
        metadata = datasette.table_metadata(database.name, table)
    else:
        raise NotFound("There are no rows to draw at this address")
    permissions = [needed, ("view-database", database.name), "view-instance"]
    await datasette.ensure_permissions(request.actor, permissions)
    page = page_of(datasette, database.name, table)
    shape = {"_shape": "array", **({} if query or not table else {"_size": "max"})}
    kept = [
        (name, value)
        for name, value in parse_qsl(request.query_string, keep_blank_values=True)
        if name not in OF_ONE_PAGE and not name.startswith("_facet")
    ]
    context = {
        "metadata": metadata,
        "database": database.name,
        "table": table,
        "by_visitor": not table,
        "visitors_sql": request.args.get("sql") or "",
        "rows_page": f"{page}?{request.query_string}" if request.query_string else page,
        "rows_json": f"{page}.json?{urlencode([*kept, *shape.items()])}",
        "chart_files": chart_files(datasette),
    }
    return Response.html(await datasette.render_template("chart.html", context, request=request))


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    return [(r"^/chart/(?P<database>[^/.]+)(?:/(?P<table>[^/.]+))?$", chart)]


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    def to_chart(database: str, table: str | None = None) -> str:
        return chart_page(datasette, database, table)

    return {"chart_page": to_chart}
