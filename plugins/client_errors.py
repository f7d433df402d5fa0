"""Give the same mistake the same status in every format, and say what went wrong.

Problem: Datasette answers one mistake differently by format:

    SQL with a mistake                   400 as JSON, an empty file with 200 as CSV, 500 as Excel
    an unknown format                    a page with 200
    an argument that is not a number     500

and some error pages lose the SQL that the visitor typed. What this does:

    400  a malformed argument or URL, SQL that does not run, the time limit
    403  no permission
    404  no such database, table, row, question or format
    405  any method but GET, HEAD and OPTIONS, with `Allow`
    500  any unexpected error: logged, and described without internals

A JSON error has Datasette's keys `ok`, `error`, `status` and `title`, and also `type`, a code that
does not change (the keys of TITLES), and `detail`, in words. A page uses `error.html`; if SQL has a
mistake, the page keeps the SQL in a box, says where the mistake is, and lists the names that may be
meant. Every other format gets plain text. Also:

- HEAD is answered as GET, without a body; OPTIONS names the methods.
- An unreadable cookie is ignored.
- A CSV that fails after its first rows says so in its last line.

Datasette reads some arguments without checking them. An exception from the modules in READ_ARGUMENTS
is therefore taken for the visitor's mistake, and logged as well. If the library rich is installed,
Datasette would use it to log every error with all local variables, and fails if there is no traceback;
it is not used here.

Limitations: the status of a CSV can't change once its first rows are sent. Canned queries that write, and
forms to sign in, need POST and do not work with this plugin.
"""

from __future__ import annotations

import re
import sqlite3
import sysconfig
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from difflib import get_close_matches
from errno import ENAMETOOLONG
from functools import wraps
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import datasette as package
from datasette import Response, hookimpl
from datasette import handle_exception as errors
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.facets import load_facet_configs
from datasette.utils import InvalidSql, add_cors_headers, tilde_decode, urlsafe_components
from datasette.utils.asgi import AsgiStream, BadRequest, Base400, Forbidden, NotFound, Request
from datasette.views.base import DatasetteError, DataView
from datasette.views.database import DatabaseView
from datasette.views.row import RowView
from datasette.views.table import TableView
from jinja2 import ChoiceLoader, DictLoader, Environment

METHODS = ("GET", "HEAD", "OPTIONS")
SHAPES = ("arrays", "objects", "array", "arrayfirst", "object")
FORMAT = re.compile(r"\.(\w+)$")

TYPES = {400: "bad_argument", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
"""The type of an error by its status, if nothing more is known."""
TITLES = {
    "bad_argument": "There is a mistake in this address",
    "forbidden": "You don’t have access to this page",
    "method_not_allowed": "This site is read-only",
    "not_found": "Not found",
    "server_error": "Something went wrong on this site",
    "sql_error": "There is a mistake in this SQL",
    "time_limit": "This took too long",
}
"""The title of each type of error."""

TIMED_OUT = (
    "The SQL took too long and was stopped at the time limit. Ask for fewer rows or columns."
)

DATABASE_FAULTS = {
    "database disk image is malformed",
    "database is locked",
    "database table is locked",
    "disk I/O error",
    "file is not a database",
    "unable to open database file",
}
"""SQLite's messages for faults of the database file, not of the visitor's SQL."""

DATASETTE = Path(package.__file__).parent
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
READ_ARGUMENTS: Mapping[str, tuple[type[Exception], ...]] = {
    "filters.py": MALFORMED,
    "facets.py": MALFORMED,
    "renderer.py": MALFORMED,
    "blob_renderer.py": MALFORMED,
    "utils/__init__.py": (ValueError,),
    "views/base.py": (ValueError,),
    "views/database.py": (ValueError,),
    "views/table.py": (ValueError,),
}
"""Modules of Datasette that read arguments, and what they raise if one is malformed."""

SQL_TEMPLATE = "client-errors-sql.html"
# Jinja joins this to the site's own error.html, or to Datasette's.
SQL_PAGE = """
{% extends "error.html" %}
{% block title %}{% if by_visitor and visitors_title is defined %}{{ visitors_title(sql) }}{% else %}{{ super() }}{% endif %}{% endblock %}
{% block description %}{% if by_visitor and visitors_title is defined %}A visitor wrote this query: {{ visitors_title(sql) }}{% else %}{{ super() }}{% endif %}{% endblock %}
{% block content %}
<h1>{{ title }}</h1>
{% if by_visitor %}<p class="note" role="note"><strong>A visitor wrote this query.</strong></p>{% endif %}
<p class="error-message">{{ detail }}</p>
{% if error != detail %}<p>SQLite’s message: <code>{{ error }}</code></p>{% endif %}
{% if hints %}
<p>Did you mean:</p>
<ul class="sql-hints">{% for hint in hints %}<li>{{ hint }}</li>{% endfor %}</ul>
{% endif %}
<form class="sql" action="{{ action }}" method="get">
<p><label for="sql-editor">SQL</label><br>
<textarea id="sql-editor" name="sql" rows="{{ [sql.count("\\n") + 2, 6]|max }}" cols="80" spellcheck="false">
{{ sql }}</textarea></p>
{% for name, value in params.items() %}
<p><label for="qp{{ loop.index }}">{{ name }}</label> <input type="text" id="qp{{ loop.index }}" name="{{ name }}" value="{{ value }}"></p>
{% endfor %}
<p><button type="submit">Run SQL</button></p>
</form>
{% if schema %}
<details>
<summary>Tables and columns</summary>
<dl>{% for table, columns in schema.items() %}<dt><a href="{{ urls.table(database, table) }}">{{ table }}</a></dt><dd>{{ columns|join(", ") }}</dd>{% endfor %}</dl>
</details>
{% endif %}
{% endblock %}
"""

errors.rich = None

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
Schema = dict[str, list[str]]
"""The columns of each table and view."""


class SqlMistake(DatasetteError):  # type: ignore[misc]
    """SQL that was refused, or stopped at the time limit.

    `sql` is what the visitor can edit, None if the URL has no SQL; `params` are its parameters.
    """

    def __init__(
        self,
        message: str,
        database: str,
        sql: str | None,
        params: Mapping[str, Any],
        type: str = "sql_error",
    ) -> None:
        super().__init__(message, title=TITLES[type], status=400)
        self.database, self.sql, self.params, self.type = database, sql, params, type


class Problem(NamedTuple):
    """What an error response says: `error` as Datasette or SQLite puts it, `detail` in words."""

    status: int
    type: str
    title: str
    error: str
    detail: str
    hints: tuple[str, ...] = ()

    @classmethod
    def of(cls, status: int, error: str, title: str | None = None) -> Problem:
        """Make a problem from a status and a message."""
        kind = TYPES.get(status, "server_error" if status >= 500 else "bad_argument")
        return cls(
            status, kind, title or TITLES[kind], error or TITLES[kind], error or TITLES[kind]
        )


# What an exception means.


def comes_from_an_argument(exception: Exception) -> bool:
    """Return whether `exception` comes out of a module of Datasette that reads arguments."""
    frames = traceback.walk_tb(exception.__traceback__)
    files = [Path(frame.f_code.co_filename) for frame, _ in frames]
    files = [file for file in files if file.is_relative_to(DATASETTE) or not is_standard(file)]
    if not files or not files[-1].is_relative_to(DATASETTE):
        return False
    module = files[-1].relative_to(DATASETTE).as_posix()
    return isinstance(exception, READ_ARGUMENTS.get(module, ()))


def is_standard(file: Path) -> bool:
    """Return whether `file` belongs to Python itself."""
    frozen = str(file).startswith("<frozen")
    return frozen or (file.is_relative_to(STANDARD_LIBRARY) and "site-packages" not in file.parts)


def problem_of(exception: Exception) -> Problem:
    """Return what to say about `exception`; SQL is explained later, because that takes queries."""
    if isinstance(exception, SqlMistake):
        message = str(exception.message)
        return Problem(400, exception.type, TITLES[exception.type], message, message)
    if isinstance(exception, QueryInterrupted):
        return Problem(400, "time_limit", TITLES["time_limit"], TIMED_OUT, TIMED_OUT)
    if isinstance(exception, DatasetteError):
        # Errors that Datasette raises on purpose have status 500 by default.
        status = 400 if exception.status == 500 else exception.status
        problem = Problem.of(status, str(exception.message), exception.title)
        return problem._replace(type=getattr(exception, "type", problem.type))
    if isinstance(exception, Base400):
        said = str(exception.args[0]) if exception.args else ""
        return Problem.of(exception.status, "" if said == "404" else said)
    if comes_from_an_argument(exception):
        said = f": {exception}" if isinstance(exception, ValueError) else ""
        return Problem.of(400, f"An argument of this address is malformed{said}")
    if isinstance(exception, OSError) and exception.errno == ENAMETOOLONG:
        return Problem.of(404, "Not found: this address is too long")
    return Problem.of(500, "This is the site’s fault, not yours. It has been logged.")


# What is wrong with SQL.

KEYWORDS = re.findall(
    r"\w+",
    """select from where group by order having limit offset join left inner outer cross on using and or
    not union all except intersect with recursive distinct case when then else end between like glob
    in is null as asc desc exists cast over partition values collate explain query plan""",
)
EXPLANATIONS = {
    r'near "(?P<near>.*)": syntax error': "SQLite does not understand the SQL at “{}”{where}, or just before it.",
    r'unrecognized token: "(?P<token>.*)"': "SQLite can’t read the SQL from “{}”{where} on. A quotation mark may be open.",
    r"no such column: (?P<column>.*)": "None of the tables named in the SQL has a column “{}”{where}.",
    r"no such table: (?P<table>.*)": "There is no table “{}”{where}.",
    r"no such function: (?P<function>.*)": "There is no function “{}”{where}.",
    r"ambiguous column name: (?P<ambiguous>.*)": "More than one table has a column “{}”{where}. Put the table’s name and a dot before it.",
    r"wrong number of arguments to function (?P<call>.*)\(\)": "The function “{}”{where} takes a different number of arguments.",
    r"incomplete input": "The SQL ends too early: a bracket may be open, or a word missing at the end.",
    r"You can only execute one statement at a time": "The SQL has more than one statement, and only one can run at a time. Keep one, and delete the semicolon and the rest.",
    r"Statement must be a SELECT": "The SQL must begin with SELECT, WITH or EXPLAIN. The data can be read here, not changed.",
    r"Statement contained a disallowed PRAGMA": "The SQL uses a PRAGMA that is not allowed here.",
    r"attempt to write a readonly database|not authorized": "The SQL does more than read data, and nothing else is allowed here.",
    r"string or blob too big": "The SQL makes a value that is longer than this site allows.",
    r"the query contains a null character": "The SQL has a character that can’t be in SQL (NUL). Type it again rather than paste it.",
    r"Binding|You did not supply a value for binding": "The SQL has a parameter without a name. Write :name instead of ?",
    r"datatype mismatch": "The SQL has text where a whole number is needed, perhaps after LIMIT.",
}
"""SQLite's and Datasette's messages, and what they mean."""


def place_of(word: str, sql: str) -> str:
    """Return " in line 2" if `word` occurs exactly once in SQL of several lines, else ""."""
    found = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", sql)]
    if len(found) != 1 or "\n" not in sql.strip():
        return ""
    return f" in line {sql.count(chr(10), 0, found[0]) + 1}"


def similar(word: str, names: Iterable[str]) -> list[str]:
    """Return up to five of `names` that `word` may stand for, the likeliest first."""
    lower = {name.lower(): name for name in names}
    wanted = word.rpartition(".")[2].strip("\"'[]`").lower()
    return [lower[name] for name in get_close_matches(wanted, lower, n=5, cutoff=0.6)]


def misspelt_keywords(words: Iterable[str]) -> list[str]:
    """Return each of `words` that is nearly a keyword, with the keyword."""
    return [
        f"{keyword} instead of {word}"
        for word in words
        if word.lower() not in KEYWORDS
        for keyword in get_close_matches(word.lower(), KEYWORDS, n=1, cutoff=0.7)
    ]


def hints_for(
    kind: str, word: str, sql: str, schema: Schema, functions: Iterable[str]
) -> list[str]:
    """Return what may be meant by `word`, the part of a message that is of `kind`."""
    if kind == "table":
        return similar(word, schema)
    if kind == "function":
        return [f"{name}()" for name in similar(word, functions)]
    if kind == "column":
        names = similar(word, {column for columns in schema.values() for column in columns})
        return [
            f"{name}, a column of {', '.join(table for table in schema if name in schema[table])}"
            for name in names
        ]
    if kind == "ambiguous":
        return [f"{table}.{word}" for table in schema if word in schema[table] and table in sql]
    if kind == "near":
        return misspelt_keywords([*re.findall(r"\w+", sql.partition(word)[0])[-1:], word])
    return misspelt_keywords(re.findall(r"\w+", sql)[:1])


def explain(
    message: str, sql: str, schema: Schema, functions: Iterable[str]
) -> tuple[str, tuple[str, ...]]:
    """Return what SQLite's `message` about `sql` means in words, and what may be meant instead."""
    said, _, addition = message.partition("; ")
    for pattern, words in EXPLANATIONS.items():
        if found := re.match(pattern, said):
            kind, word = next(iter(found.groupdict().items()), ("", ""))
            detail = words.format(word, where=place_of(word, sql))
            more = f" {addition[0].upper()}{addition[1:]}." if addition else ""
            return detail + more, tuple(hints_for(kind, word, sql, schema, functions))
    return f"SQLite can’t run this SQL: {message}.", ()


async def visible_schema(datasette: Datasette, request: Request, database: str) -> Schema:
    """Return the columns of the tables and views of `database` that the visitor may see."""
    db = datasette.get_database(database)
    hidden = set(await db.hidden_table_names())
    schema = {}
    for table in [*await db.table_names(), *await db.view_names()]:
        needed = [("view-table", (database, table)), ("view-database", database), "view-instance"]
        visible, _ = await datasette.check_visibility(request.actor, permissions=needed)
        if visible and table not in hidden:
            schema[table] = await db.table_columns(table)
    return schema


async def function_names(datasette: Datasette, database: str) -> list[str]:
    """Return the names of the SQL functions of `database`."""
    rows = await datasette.get_database(database).execute("select name from pragma_function_list")
    return [row[0] for row in rows if row[0].isidentifier()]


# The response.


async def respond(datasette: Datasette, request: Request, exception: Exception) -> Response:
    """Return the response about `exception`, in the format of the URL."""
    problem = problem_of(exception)
    page: dict[str, Any] | None = None
    if hasattr(exception, "type") and request.args.get("sql"):
        exception = stopped_sql(datasette, request, exception)
    if isinstance(exception, SqlMistake):
        database, sql = exception.database, exception.sql
        schema = await visible_schema(datasette, request, database)
        if problem.type == "sql_error":
            asked = " ".join(request.args.getlist("_where")) if sql is None else sql
            functions = await function_names(datasette, database)
            detail, hints = explain(problem.error, asked, schema, functions)
            problem = problem._replace(detail=detail, hints=hints)
        may_ask = ("execute-sql", database)
        if sql is not None and await datasette.permission_allowed(
            request.actor, *may_ask, default=True
        ):
            page = {"sql": sql, "database": database, "schema": schema, "params": exception.params}
            page["action"] = datasette.urls.database(database)
            conditions = request.args.getlist("_where")
            of_table = "table" in request.url_vars
            page["by_visitor"] = not of_table or any(part in sql for part in conditions)
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
    return await rendered(datasette, asked_format(request), problem, page, headers)


def stopped_sql(datasette: Datasette, request: Request, exception: Exception) -> Exception:
    """Return `exception`, which stopped a visitor's SQL from outside, with that SQL to edit."""
    route = tilde_decode(request.path.rpartition("/")[2].partition(".")[0])
    names = [database.name for database in datasette.databases.values() if database.route == route]
    if isinstance(exception, SqlMistake) or not names:
        return exception
    sql, values = request.args["sql"], {name: request.args.get(name) for name in request.args}
    return SqlMistake(str(exception), names[0], sql, named(sql, values), "time_limit")


def asked_format(request: Request) -> str:
    """Return the format of the URL, "" for a page."""
    found = FORMAT.search(request.path)
    return found[1].lower() if found else ""


async def rendered(
    datasette: Datasette,
    format: str,
    problem: Problem,
    page: dict[str, Any] | None,
    headers: dict[str, str],
) -> Response:
    """Return `problem` as JSON, text or a page; `page` is what a page about SQL needs besides."""
    about = {"ok": False, "error": problem.error, "status": problem.status, "title": problem.title}
    if format in ("json", "jsono"):
        said = {"type": problem.type, "detail": as_text(problem)}
        return Response.json({**about, **said}, problem.status, headers)
    if format:
        return Response.text(f"{with_message(problem)}\n", problem.status, headers)
    names = [f"{problem.status}.html", "error.html"]
    template = datasette.jinja_env.select_template([SQL_TEMPLATE] if page else names)
    globals = {"urls": datasette.urls, "app_css_hash": datasette.app_css_hash(), "menu_links": list}
    own = {"type": problem.type, "detail": problem.detail, "hints": problem.hints}
    shown = page or {"error": with_message(problem)}
    body = await template.render_async({**about, **globals, **own, **shown})
    return Response.html(body, problem.status, headers)


def as_text(problem: Problem) -> str:
    """Return the detail and the hints as one text."""
    return (
        f"{problem.detail} Did you mean {'; '.join(problem.hints)}?"
        if problem.hints
        else problem.detail
    )


def with_message(problem: Problem) -> str:
    """Return the detail, the hints and, if it says something else, the message they come from."""
    text = as_text(problem)
    return text if problem.error in text else f"{text}\nMessage: {problem.error}"


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    own = DictLoader({SQL_TEMPLATE: SQL_PAGE})
    env.loader = ChoiceLoader([env.loader, own] if env.loader else [own])


@hookimpl(tryfirst=True)
def handle_exception(
    datasette: Datasette, request: Request, exception: Exception
) -> Callable[[], Awaitable[Response]]:
    """Respond before Datasette's own handler, which logs unexpected errors."""

    async def response() -> Response:
        return await respond(datasette, request, exception)

    return response


@hookimpl(tryfirst=True)
def forbidden(
    datasette: Datasette, request: Request, message: str
) -> Callable[[], Awaitable[Response]]:
    async def response() -> Response:
        return await respond(datasette, request, Forbidden(message))

    return response


# Mistakes that Datasette would answer with status 200.


async def check_address(view: DataView, request: Request, database: str) -> None:
    """Raise an error if the URL of a database, table or row is not valid."""
    format, shape = request.url_vars["format"], request.args.get("_shape")
    if format not in (None, "csv", "json", "jsono", *view.ds.renderers):
        raise NotFound(f"The format .{format} is not available here")
    if shape is not None and shape not in SHAPES:
        raise DatasetteError(f"Invalid _shape: {shape}", status=400)
    if isinstance(view, DatabaseView):
        sql = request.args.get("sql")
        if sql is not None and not sql.strip():
            raise SqlMistake("There is no SQL to run.", database, "", {}, "bad_argument")
        if sql is None and format not in (None, "json", "jsono"):
            message = f"To get a database as .{format}, add ?sql= and a SELECT statement"
            raise DatasetteError(message, status=400)
    if isinstance(view, TableView):
        await check_formatting(view, database, request)
    if isinstance(view, RowView):
        await check_row(view, database, request)


async def check_formatting(view: TableView, database: str, request: Request) -> None:
    """Raise an error if an argument that Datasette reads only for some formats is not valid."""
    table = tilde_decode(request.url_vars["table"])
    db = view.ds.get_database(database)
    known = await db.table_exists(table) or await db.get_view_definition(table)
    # Datasette does not quote every keyword, so a table that is only in the URL could be an error.
    columns = await db.table_columns(table) if known else []
    for kind, facets in load_facet_configs(request, {}).items():
        for facet in facets:
            column = facet["config"].get("column") or facet["config"].get("simple")
            if columns and kind in ("column", "date", "array") and column not in columns:
                raise DatasetteError(f"Cannot facet by {column}: no such column", status=400)
    for name in ("_ttl", "_facet_size"):
        # Datasette tests these with isdigit(), which lets a superscript through.
        value = request.args.get(name, "")
        if value.isdigit() and not value.isdecimal():
            raise DatasetteError(f"{name} must be a whole number", status=400)
    infinity = request.args.get("_json_infinity", "0")
    if infinity.lower() not in ("on", "off", "true", "false", "1", "0"):
        raise DatasetteError("_json_infinity must be on or off", status=400)


async def check_facets(view: TableView, request: Request) -> None:
    """Raise what is wrong with facets where Datasette leaves them out, as in a CSV."""
    left_out = request.url_vars["format"] == "csv" or request.args.get("_shape") in (
        "array",
        "object",
    )
    chosen = [name for name in request.args if name.startswith("_facet") and name != "_facet_size"]
    if left_out and chosen and not request.args.get("_nofacet"):
        arguments = parse_qsl(request.query_string, keep_blank_values=True)
        query = urlencode([(name, value) for name, value in arguments if name != "_shape"])
        asked = Request({**request.scope, "query_string": query.encode()}, None)
        await view.data(asked, _size="1")


async def check_row(view: RowView, database: str, request: Request) -> None:
    """Raise NotFound if the URL of a row does not fit its table, or if there is no such table."""
    db, table = view.ds.get_database(database), tilde_decode(request.url_vars["table"])
    if not await db.table_exists(table):
        raise NotFound("Table not found")
    if len(urlsafe_components(request.url_vars["pks"])) != len(await db.primary_keys(table) or "1"):
        raise NotFound("Record not found")


async def sql_of(view: DataView, request: Request, database: str) -> str | None:
    """Return the SQL that the URL asks for: the visitor's own or a canned query's."""
    if isinstance(view, DatabaseView):
        return str(request.args.get("sql") or "")
    if isinstance(view, RowView):
        return None
    table = tilde_decode(request.url_vars["table"])
    query = await view.ds.get_canned_query(database, table, request.actor)
    return query and str(query["sql"])


def named(sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `values` that are parameters of `sql`."""
    used = set(re.findall(r"[:@$](\w+)", sql))
    return {name: value for name, value in values.items() if name in used}


def mistake_of(error: Exception, database: str, sql: str | None, request: Request) -> SqlMistake:
    """Return the mistake behind `error`, which Datasette, SQLite or Python raised about SQL."""
    values: Mapping[str, Any] = {name: request.args.get(name) for name in request.args}
    if not isinstance(error, QueryInterrupted):
        return SqlMistake(str(error), database, sql, named(sql or "", values))
    if sql is None:
        sql, values = error.sql, error.params or {}
    return SqlMistake(TIMED_OUT, database, sql, named(sql or "", values), "time_limit")


def check_answer(
    view: DataView, request: Request, database: str, sql: str | None, data: Any
) -> None:
    """Raise an error if `data`, the response to `request`, hides one."""
    format = request.url_vars["format"]
    # The page of a canned query shows the error itself, among its parameters.
    if data.get("error") and not (data.get("query_name") and format is None):
        raise mistake_of(sqlite3.OperationalError(data["error"]), database, sql, request)
    if request.args.get("_blob_column") and format == "blob" and not data.get("rows"):
        raise NotFound("Record not found")
    if request.args.get("_shape") == "object" and "rows" in data and not data.get("primary_keys"):
        raise DatasetteError(
            "_shape=object is only available on tables with a primary key", status=400
        )


Data = Callable[..., Awaitable[Any]]


def checked_data(view: DataView, request: Request, database: str) -> Data:
    """Wrap `view.data` so that it raises errors that Datasette would only mention in the data."""
    data = view.data

    @wraps(data)
    async def checked(*args: Any, **options: Any) -> Any:
        try:
            answer = await data(*args, **options)
        except (QueryInterrupted, InvalidSql, sqlite3.Error, sqlite3.Warning) as error:
            if str(error) in DATABASE_FAULTS:
                raise RuntimeError(f"SQLite: {error}") from error
            sql = await sql_of(view, request, database)
            raise mistake_of(error, database, sql, request) from error
        if not isinstance(answer, Response):
            if answer[0].get("error") in DATABASE_FAULTS:
                raise RuntimeError(f"SQLite: {answer[0]['error']}")
            sql = await sql_of(view, request, database) if answer[0].get("error") else None
            check_answer(view, request, database, sql, answer[0])
        return answer

    return checked


class IncompleteMarker:
    """Pass a CSV on, and mark the text with which Datasette ends a CSV that failed."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.writer, name)

    async def write(self, chunk: str) -> None:
        # Every row ends in a line break; a message does not.
        if chunk and not chunk.endswith("\r\n"):
            chunk = f"THIS FILE IS INCOMPLETE: {chunk}\r\n"
        await self.writer.write(chunk)


def mark_if_incomplete(stream: AsgiStream) -> AsgiStream:
    """Wrap the CSV `stream` so that it says in its last line if it failed."""
    write = stream.stream_fn

    async def stream_fn(writer: Any) -> None:
        await write(IncompleteMarker(writer))

    stream.stream_fn = stream_fn
    return stream


def with_checks(get: Data) -> Data:
    """Wrap the method `get` of Datasette's views of data so that it makes the checks of this plugin."""

    @wraps(get)
    async def checked_get(view: DataView, request: Request) -> Any:
        try:
            db = view.ds.get_database(route=tilde_decode(request.url_vars["database"]))
        except KeyError:
            raise NotFound("Database not found") from None
        await check_address(view, request, db.name)
        view.data = checked_data(view, request, db.name)
        if isinstance(view, TableView):
            await check_facets(view, request)
        response = await get(view, request)
        if isinstance(response, AsgiStream) and not request.args.get("_trace"):
            return mark_if_incomplete(response)
        return response

    checked_get.checks = True  # type: ignore[attr-defined]
    return checked_get


@hookimpl
def startup() -> None:
    if not hasattr(DataView.get, "checks"):
        DataView.get = with_checks(DataView.get)


# Every request.


def without_unreadable_cookie(scope: dict[str, Any]) -> dict[str, Any]:
    """Return `scope` without its cookies if Datasette could not read them."""
    try:
        for name, value in scope["headers"]:
            if name.lower() == b"cookie":
                SimpleCookie().load(value.decode("utf-8"))
    except (CookieError, UnicodeDecodeError):
        headers = [pair for pair in scope["headers"] if pair[0].lower() != b"cookie"]
        return {**scope, "headers": headers}
    return scope


def check_path(scope: dict[str, Any]) -> None:
    """Raise BadRequest if Datasette could not read the path of `scope`."""
    if not (scope.get("raw_path") or b"").isascii():
        raise BadRequest("A character of this address is neither ASCII nor percent-encoded")


def options(datasette: Datasette) -> Response:
    """Return the answer to OPTIONS, which browsers send before a request from another site."""
    headers = {"Allow": ", ".join(METHODS)}
    if datasette.cors:
        add_cors_headers(headers)
        headers["Access-Control-Allow-Methods"] = headers["Allow"]
    return Response.text("ok", headers=headers)


async def method_not_allowed(datasette: Datasette, request: Request) -> Response:
    response = await respond(
        datasette, request, DatasetteError("This site is read-only", status=405)
    )
    response.headers["Allow"] = ", ".join(METHODS)
    return response


def is_missing_file(datasette: Datasette, scope: dict[str, Any], event: dict[str, Any]) -> bool:
    """Return whether `event` is Datasette's own bare answer about a static file or folder."""
    mounts = ["-/static", "-/static-plugins", *(mount for mount, _ in datasette.static_mounts)]
    path = scope["path"].removeprefix(datasette.setting("base_url")).removeprefix("/")
    return event.get("status") in (403, 404) and path.startswith(
        tuple(f"{mount.strip('/')}/" for mount in mounts)
    )


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
            """Pass the request on to Datasette, and respond to any exception that it does not handle."""
            started = missing = False

            async def send_on(event: dict[str, Any]) -> None:
                nonlocal started, missing
                if not missing and is_missing_file(datasette, scope, event):
                    missing = True
                    raise NotFound("There is no file at this address")
                started = True
                await send(event)

            try:
                check_path(scope)
                await app(without_unreadable_cookie(scope), receive, send_on)
            except Exception as exception:
                if started:
                    raise
                if problem_of(exception).status >= 500:
                    traceback.print_exc()
                response = await respond(datasette, Request(scope, receive), exception)
                await response.asgi_send(send)

        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
            elif scope["method"] == "HEAD":
                await answer({**scope, "method": "GET"}, receive, without_body(send))
            elif scope["method"] == "GET":
                await answer(scope, receive, send)
            elif scope["method"] == "OPTIONS":
                await options(datasette).asgi_send(send)
            else:
                response = await method_not_allowed(datasette, Request(scope, receive))
                await response.asgi_send(send)

        return wrapped

    return wrap


def without_body(send: Any) -> Any:
    """Wrap `send` so that it sends the status and headers of a response, and an empty body."""

    async def send_head(event: dict[str, Any]) -> None:
        await send({**event, "body": b""} if event["type"] == "http.response.body" else event)

    return send_head
