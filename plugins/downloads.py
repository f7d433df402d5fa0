"""Serve complete results with the same values in every format, and say where rows are left out.

Problem: Datasette's CSV has one page of a table, or the first `max_returned_rows` rows of SQL, and
doesn't say that there are more; an error halfway becomes text in the file. Its links to JSON, CSV
and Excel put labels in place of values and keep the page's own arguments, so their values
differ. What this does:

- CSV of a table, a view or SQL has all rows, up to `max_rows` and Datasette's setting `max_csv_mb`.
  `_size` asks for one page of a table. The CSV is sent only once it is complete, so that a failure
  gets an error response.
- A response that lacks rows has the header `X-Truncated: true`, and in `Link` the URL of the next
  rows (`rel="next"`) and of all rows (`rel="full"`) where there is one. JSON that is an object also
  has `"truncated": true`.
- Templates get `plain_links(renderers)`: the same formats, with the URLs of the whole result with
  plain values; JSON as one object per row. And `most_rows_in_csv`, which is `max_rows`.

    plugins:
      downloads:
        max_rows: 100000       rows in one CSV, rounded up to a whole page

A mistake in the configuration stops the server. Limitations: magic parameters of canned queries are not
filled in where SQL has more than `max_returned_rows` rows. Binary values are written as base64.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import base64
import csv
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Any
from urllib.parse import parse_qsl, urlencode

from click import ClickException
from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.renderer import json_renderer
from datasette.utils import InvalidSql, sqlite3, sqlite_timelimit
from datasette.utils.asgi import AsgiStream, Request
from datasette.views.base import DatasetteError
from datasette.views.database import DatabaseView
from datasette.views.table import TableView
from pydantic import PositiveInt, ValidationError

from ingest.config.yaml_model import Model

OF_ONE_PAGE = {
    *("_next", "_size", "_stream", "_shape", "_nl", "_json", "_json_infinity", "_labels", "_label"),
    *("_nofacet", "_nocount", "_nosuggest", "_extra", "_dl", "_header", "_trace", "_ttl"),
    *("_hide_sql", "_show_sql"),
}
"""Arguments that affect paging or display but not which rows match. (Those of facets are matched by
prefix.)"""
VISITORS_QUERY = "visitors-query"
"""The name of a file with the result of a visitor's own SQL."""
IN_MEMORY = 1_000_000
"""Bytes of a CSV to keep in memory; a longer one is written to a temporary file."""

Row = Iterable[Any]


class Config(Model):
    max_rows: PositiveInt = 100_000


def config_of(datasette: Datasette) -> Config:
    """Return the plugin's configuration. Raise ValidationError if it is not valid."""
    return Config.model_validate(datasette.plugin_config("downloads") or {})


def address(datasette: Datasette, request: Request, format: str, **added: str) -> str:
    """Return the path of the whole result that `request` asks for, in `format`."""
    shown_as = request.url_vars.get("format")
    path = request.path.removesuffix(f".{shown_as}") if shown_as else request.path
    kept = [
        (name, value)
        for name, value in parse_qsl(request.query_string, keep_blank_values=True)
        if name not in OF_ONE_PAGE and not name.startswith("_facet")
    ]
    query = urlencode([*kept, *added.items()])
    return str(datasette.urls.path(f"{path}.{format}{'?' if query else ''}{query}"))


def cut_headers(next_page: str | None, full: str | None) -> dict[str, str]:
    """Return the headers of a response that lacks rows, with the URLs where they are."""
    links = [f'<{url}>; rel="{rel}"' for rel, url in (("next", next_page), ("full", full)) if url]
    return {"X-Truncated": "true", **({"Link": ", ".join(links)} if links else {})}


def render_json(
    datasette: Datasette, request: Request, args: Any, data: dict[str, Any], view_name: str
) -> Response:
    """Return Datasette's JSON, which says in every shape whether it lacks rows."""
    cut = bool(data.get("truncated") or data.get("next"))
    headers: dict[str, str] = {}
    if cut:
        data["truncated"] = True
        full = datasette.absolute_url(request, address(datasette, request, "csv"))
        headers = cut_headers(data.get("next_url"), full)
    data.pop("query_ms", None)  # answers to one question are equal
    response = json_renderer(args, data, view_name)
    # Datasette's own Link, to the next page, is in `headers` too.
    response.headers = {
        **{name: value for name, value in response.headers.items() if name.lower() != "link"},
        **headers,
    }
    return response


class CsvFile:
    """A CSV that is written to a temporary file, up to a number of rows or bytes."""

    def __init__(
        self, columns: list[str], expanded: set[str], most_rows: int, most_bytes: int
    ) -> None:
        self.columns, self.expanded = columns, expanded
        self.most_rows, self.most_bytes = most_rows, most_bytes
        self.rows = self.bytes = 0
        self.file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when sent
        self.writer = csv.writer(self)

    @property
    def full(self) -> bool:
        return self.rows >= self.most_rows or self.bytes >= self.most_bytes

    def write(self, text: str) -> None:
        """Write what `csv.writer` makes of a row."""
        self.bytes += self.file.write(text.encode())

    def add_heading(self) -> None:
        self.writer.writerow(
            heading
            for column in self.columns
            for heading in ([column, f"{column}_label"] if column in self.expanded else [column])
        )

    def add(self, row: Row) -> None:
        self.writer.writerow(self._cells(row))
        self.rows += 1

    def _cells(self, row: Row) -> Iterator[Any]:
        for column, value in zip(self.columns, row, strict=True):
            labelled = value if isinstance(value, dict) else {"value": value, "label": None}
            plain = labelled["value"]
            yield base64.b64encode(plain).decode() if isinstance(plain, bytes) else plain
            if column in self.expanded:
                yield labelled["label"]

    def response(self, headers: dict[str, str], name: str | None) -> AsgiStream:
        """Return the file as a response, for download under `name` if there is one."""

        async def send(writer: Any) -> None:
            with self.file:
                self.file.seek(0)
                while part := self.file.read(IN_MEMORY):
                    # AsgiWriter.write takes text, and a part may end inside a character.
                    await writer.send(
                        {"type": "http.response.body", "body": part, "more_body": True}
                    )

        if name:
            headers = {**headers, "Content-Disposition": f'attachment; filename="{name}.csv"'}
        kind = "csv" if name else "plain"
        return AsgiStream(send, headers=headers, content_type=f"text/{kind}; charset=utf-8")


async def page(view: Any, request: Request, **arguments: str) -> Any:
    """Return one page of a view's data, or the response that the view gives instead.

    Raise DatasetteError with status 400 if the SQL is wrong or takes too long.
    """
    try:
        answer = await view.data(request, **arguments)
    except QueryInterrupted as error:
        raise took_too_long() from error
    except (sqlite3.OperationalError, InvalidSql) as error:
        raise DatasetteError(str(error), title="Invalid SQL", status=400) from error
    if isinstance(answer, Response):
        return answer
    data = answer[0]
    if data.get("error"):
        raise DatasetteError(data["error"], title="Invalid SQL", status=400)
    if "columns" not in data:
        raise DatasetteError("A database as CSV needs a query: ?sql=select …", status=400)
    return data


def took_too_long() -> DatasetteError:
    return DatasetteError("The SQL query took too long.", title="SQL Interrupted", status=400)


async def add_all_of_sql(datasette: Datasette, data: dict[str, Any], file: CsvFile) -> bool:
    """Run the query of `data` again without Datasette's row limit. Return whether rows are left out.

    Raise DatasetteError with status 400 if that takes too long.
    """

    def run(connection: Any) -> bool:
        with sqlite_timelimit(connection, datasette.sql_time_limit_ms):
            for row in connection.execute(data["query"]["sql"], data["query"]["params"]):
                if file.full:
                    return True
                file.add(row)
        return False

    try:
        cut: bool = await datasette.get_database(data["database"]).execute_fn(run)
    except sqlite3.OperationalError as error:
        if error.args == ("interrupted",):
            raise took_too_long() from error
        raise
    return cut


async def add_all_pages(
    view: Any, request: Request, data: dict[str, Any], file: CsvFile, whole: bool
) -> str | None:
    """Add the rows of `data`, and if `whole` those of the pages after it.

    Return the token of the page that follows the rows added, None if there are no more.
    """
    while True:
        for row in data["rows"]:
            file.add(row)
        token: str | None = data.get("next")
        if not token or not whole or file.full:
            return token
        data = await page(view, request, _next=token, _size="max")


async def as_csv(view: Any, request: Request) -> Any:
    """Return the rows that `request` asks for as CSV: all of them, or one page if it has `_size`."""
    datasette: Datasette = view.ds
    whole = bool(request.args.get("_stream")) or "_size" not in request.args
    query_string = "&".join(filter(None, [request.query_string, "_nofacet=1&_nocount=1"]))
    asked = Request({**request.scope, "query_string": query_string.encode("latin-1")}, None)
    data = await page(view, asked, **({"_size": "max"} if whole else {}))
    if isinstance(data, Response):
        return data
    file = CsvFile(
        data["columns"],
        set(data.get("expanded_columns") or ()),
        config_of(datasette).max_rows,
        datasette.setting("max_csv_mb") * 1024 * 1024 or 2**63,
    )
    if request.args.get("_header") != "off":
        file.add_heading()
    try:
        if data.get("truncated"):
            token, cut = None, await add_all_of_sql(datasette, data, file)
        else:
            token = await add_all_pages(view, asked, data, file, whole)
            cut = token is not None
    except BaseException:
        file.file.close()
        raise
    headers = {}
    if cut:
        full = address(datasette, request, "csv")
        rest = token and f"{full}{'&' if '?' in full else '?'}{urlencode({'_next': token})}"
        headers = cut_headers(
            rest and datasette.absolute_url(request, rest),
            None if whole else datasette.absolute_url(request, full),
        )
    name = request.url_vars.get("table", VISITORS_QUERY) if request.args.get("_dl") else None
    ttl = request.args.get("_ttl") or ""
    return view.set_response_headers(
        file.response(headers, name),
        ttl if ttl.isdigit() else datasette.setting("default_cache_ttl"),
    )


class TableCsv(TableView):  # type: ignore[misc]
    """The CSV of a table, a view or a canned query."""

    async def as_csv(self, request: Request, database: str) -> Any:
        return await as_csv(self, request)


class SqlCsv(DatabaseView):  # type: ignore[misc]
    """The CSV of SQL."""

    async def as_csv(self, request: Request, database: str) -> Any:
        return await as_csv(self, request)


@hookimpl
def register_routes(datasette: Datasette) -> list[tuple[str, Any]]:
    return [
        (r"/(?P<database>[^\/\.]+)\.(?P<format>csv)$", SqlCsv.as_view(datasette)),
        (
            r"/(?P<database>[^\/\.]+)/(?P<table>[^\/\.]+)\.(?P<format>csv)$",
            TableCsv.as_view(datasette),
        ),
    ]


@hookimpl
def register_output_renderer() -> dict[str, Any]:
    return {"extension": "json", "render": render_json}


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        config_of(datasette)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin downloads: {error}") from error


@hookimpl
def extra_template_vars(
    datasette: Datasette, request: Request | None, table: str | None, view_name: str | None
) -> dict[str, Any]:
    size = {"_size": "max"} if table and view_name == "table" else {}
    added = {"json": {"_shape": "array", **size}}

    def plain_links(renderers: dict[str, str]) -> dict[str, str]:
        """Return the URLs of the whole result in the formats of `renderers`."""
        return {
            format: address(datasette, request, format, **added.get(format, {}))
            for format in renderers
        }

    return {"plain_links": plain_links, "most_rows_in_csv": config_of(datasette).max_rows}
