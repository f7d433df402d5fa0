"""Give Excel files the same values as JSON and CSV, and say in them what was left out.

Problem: datasette-xlsx writes a row's label in place of its value if the URL has `_labels=on`,
describes binary values in place of writing them, and reports in Swedish. A program cannot tell that
rows are missing, and SQL may run for 30 seconds. What this does: writes values (binary ones as
base64) and an English sheet "About this file", and adds the header `X-Truncated: true` to a file
that lacks rows or has a shortened cell. SQL has Datasette's own time limit, and beyond it the
answer is a 400. Templates get `most_rows_in_excel`, which is `max_rows`.

    plugins:
      excel:
        max_rows: 20000        rows in one file

A mistake in the configuration stops the server. The configuration of datasette-xlsx is ignored.
Limitations: Excel allows 32,767 characters in a cell and no control characters, and has numbers of 15
digits; longer whole numbers are written as text. Infinity is an empty cell, as it is null in
JSON. Programs may read an empty string as an empty cell.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import base64
import json
import math
import re
import tempfile
from contextvars import ContextVar
from typing import Any

import datasette_xlsx
from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import sqlite3, sqlite_timelimit
from datasette.utils.asgi import Request
from datasette.views.base import DatasetteError
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pydantic import PositiveInt, ValidationError

from ingest.config.yaml_model import Model

MESSAGE = r'"error": ("(?:[^"\\]|\\.)*")'
SHORTENED = " … [shortened: Excel allows {:,} characters in a cell]"
ABOUT = {
    "Databas": "Database",
    "Tabell/vy": "Table or view",
    "Sparad fråga": "Question",
    "SQL": "SQL",
    "URL": "Address",
    "Exporterad": "Exported on",
    "Datasette-version": "Datasette version",
}
"""The English label for each Swedish one of datasette-xlsx; other facts are left out."""

VISITORS_QUERY = "visitors-query"
"""The name of a file and a sheet with the result of a visitor's own SQL."""

_most_rows: ContextVar[int] = ContextVar("most_rows")
_title: ContextVar[str] = ContextVar("title")
_address: ContextVar[str] = ContextVar("address")
_cut: ContextVar[bool] = ContextVar("cut")


class Config(Model):
    max_rows: PositiveInt = 20_000


def config_of(datasette: Datasette) -> Config:
    """Return the plugin's configuration. Raise ValidationError if it is not valid."""
    return Config.model_validate(datasette.plugin_config("excel") or {})


class Writer(datasette_xlsx._Writer):  # type: ignore[misc]
    """The writer of datasette-xlsx, with plain values, and names and a report in English."""

    def __init__(self, columns: Any, *_: Any) -> None:
        named = [
            column if ILLEGAL_CHARACTERS_RE.sub("", column).strip() else f"Column{number}"
            for number, column in enumerate(columns, 1)
        ]
        super().__init__(named, _title.get(), _most_rows.get())

    def _cell(self, value: Any) -> Any:
        if isinstance(value, dict) and "value" in value:
            value = value["value"]
        if isinstance(value, dict) and value.get("$base64"):
            value = value["encoded"]
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        if isinstance(value, float):
            return self._number(value)
        longest = datasette_xlsx.EXCEL_MAX_CELL
        if isinstance(value, str) and len(value) > longest:
            words = SHORTENED.format(longest)
            value = value[: longest - len(words)] + words
            self.truncated_cells += 1
        return super()._cell(value)

    def _number(self, value: float) -> Any:
        """Return a cell with every digit of `value`, because openpyxl drops the 17th."""
        if not math.isfinite(value):
            return None
        cell = WriteOnlyCell(self.ws, value=repr(value))
        cell.data_type = "n"
        return cell

    def finish(self, info: dict[str, Any]) -> bytes:
        """Add the sheet "About this file", and return the workbook."""
        self._flush()
        self._close_table()
        if self.base_title == VISITORS_QUERY:
            info["Sparad fråga"] = "A visitor wrote this query"
        info = {**info, "URL": _address.get()}
        about = [(name, info[key]) for key, name in ABOUT.items() if info.get(key)]
        about.append(("Rows", self.rows))
        if self.hit_limit:
            about.append(("Incomplete", f"There are more rows than the {self.rows:,} here."))
        if self.truncated_cells:
            about.append(("Shortened cells", self.truncated_cells))
        sheet = self.wb.create_sheet("About this file")
        datasette_xlsx._set_widths(
            sheet, datasette_xlsx._column_widths(["", ""], about, max_width=100)
        )
        for name, value in about:
            sheet.append([name, self._cell(value)])
        _cut.set(bool(self.hit_limit or self.truncated_cells))
        with tempfile.TemporaryFile() as file:
            self.wb.save(file)
            file.seek(0)
            return file.read()


async def write_query_rows(
    db: Any, sql: str, params: dict[str, Any] | None, writer: Writer, _: int
) -> None:
    """Write the rows of an SQL query. Datasette's time limit covers the query, not the writing."""

    def run(connection: Any) -> None:
        with sqlite_timelimit(connection, db.ds.sql_time_limit_ms):
            rows = connection.execute(sql, params or {}).fetchmany(writer.max_rows + 1)
        all(writer.write(row) for row in rows)

    await db.execute_fn(run)


_write_all_pages = datasette_xlsx._table_rows


async def write_all_pages(datasette: Datasette, request: Any, columns: Any, writer: Writer) -> None:
    """Write the rows of a table. Raise DatasetteError if a page of it is answered with a mistake."""
    try:
        await _write_all_pages(datasette, request, columns, writer)
    except RuntimeError as error:
        # It has the status and the first 200 characters of the page's JSON.
        status, said = re.match(r"4\d\d\b", str(error)), re.search(MESSAGE, str(error))
        if not status:
            raise
        message = json.loads(said[1]) if said else "A page of this table has a mistake"
        raise DatasetteError(message, status=int(status[0])) from error


# The functions of datasette-xlsx look these up by name.
datasette_xlsx._table_rows = write_all_pages
datasette_xlsx._Writer = Writer
datasette_xlsx._query_rows = write_query_rows


async def render(
    datasette: Datasette, request: Any, database: str, table: str | None, sql: str | None,
    query_name: str | None, columns: Any, rows: Any, view_name: str, data: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Return the file as datasette-xlsx makes it, with a header if something is left out."""
    if data.get("error"):
        raise DatasetteError(data["error"], title="Invalid SQL", status=400)
    _most_rows.set(config_of(datasette).max_rows)
    name = query_name or (None if table else VISITORS_QUERY)
    _title.set(table or query_name or VISITORS_QUERY)
    page = datasette.urls.path(request.full_path.replace(".xlsx", "", 1))
    _address.set(datasette.absolute_url(request, page))
    # datasette-xlsx expects the path as the visitor sent it (see the plugin links).
    request = Request({**request.scope, "route_path": None}, request.receive)
    try:
        answer: dict[str, Any] = await datasette_xlsx.render_xlsx(
            datasette, request, database, table, sql, name, columns, rows, view_name, data
        )
    except sqlite3.OperationalError as error:
        if error.args == ("interrupted",):
            raise DatasetteError(
                "The SQL query took too long.", title="SQL Interrupted", status=400
            ) from error
        raise
    if answer.get("status_code") == 400:
        raise DatasetteError("A query that writes has no Excel file", status=400)
    answer["headers"]["content-disposition"] = datasette_xlsx._filename_header(_title.get())
    if _cut.get(False):
        answer["headers"]["X-Truncated"] = "true"
    return answer


# Last, because Datasette takes the last renderer that is registered for an extension.
@hookimpl(trylast=True)
def register_output_renderer() -> dict[str, Any]:
    return {"extension": "xlsx", "render": render, "can_render": datasette_xlsx.can_render}


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, int]:
    return {"most_rows_in_excel": config_of(datasette).max_rows}


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        config_of(datasette)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin excel: {error}") from error
