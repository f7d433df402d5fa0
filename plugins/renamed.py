"""Redirect URLs that use an old name, and give the new name in SQL errors.

Problem: URLs are kept in bookmarks, papers and programs. After a column or a value is renamed,
Datasette answers an old URL with no rows, with every row or with an error, but never with the new
name. What this does: metadata.yml lists, for each database, what has been renamed:

    plugins:
      renamed:
        pages: {old_name: new_name}                     tables, views and canned queries
        columns: {a_table: {old_name: new_name}}        or the parameters of a canned query
        values: {a_table: {column: {old: new}}}         `column` by its new name

A URL that uses an old name, to filter, sort, select, facet or hide, is redirected (301) to the same
URL with the new name, in every format; every other argument is kept byte for byte, in order. So is
the URL of a row if a value of its primary key was renamed. If SQL names an old column or table, the
error adds "it is now new_name". (Where Datasette loses errors in SQL, as in a CSV, the plugin
client_errors keeps them.)

The server does not start if an old name is also a new one, because that could cause a redirect
loop, or if it is still in use, because the redirect would hide it.

Limitations: a server never sees the part of a URL after `#`, where datasette-vega keeps its chart,
so a chart of an old column has to be set up again. SQL that compares with an old value, or puts an
old column in double quotes (which SQLite treats as text), is valid, so its result is not changed.
Values are replaced in filters that compare with whole values, not in patterns (`__contains`,
`__like`), in ranges (`__gt`) or in `_next`.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from typing import Annotated, Any
from urllib.parse import quote_plus, unquote_plus

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import add_cors_headers, sqlite3, tilde_decode, tilde_encode
from datasette.utils.asgi import asgi_send
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

ADDRESS = re.compile(
    r"/(?P<database>[^/.]+)/(?P<page>[^/.]+)(?:/(?P<keys>[^/]+?))?(?P<format>\.\w+)?"
)
NOT_PRINTABLE = re.compile(r"[\x00-\x20\x7f]")

NAMES_A_COLUMN = re.compile(
    r"_(sort|sort_desc|col|nocol|label|json|blob_column|fts_pk|facet(_\w+)?|filter_column(_\d+)?)"
)
"""Arguments whose value is the name of a column."""

WHOLE_VALUES = {"", "exact", "not", "arraycontains", "arraynotcontains"}
LISTS = {"in", "notin"}
COMMA = re.compile(r"(,|%2C)", re.IGNORECASE)

MISSING = re.compile(r"no such (?P<kind>column|table): (?:.+\.)?(?P<name>.+)")

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def check_no_chains(names: dict[str, str]) -> dict[str, str]:
    """Return `names` (old to new) unchanged. Raise ValueError if a redirect could lead to another one."""
    if both := sorted(set(names) & set(names.values())):
        raise ValueError(f"{', '.join(both)} is both an old and a new name")
    return names


def lower(names: dict[str, str]) -> dict[str, str]:
    """Return `names` with old names in lower case, because SQL ignores the case of a column."""
    return {old.lower(): new for old, new in names.items()}


Names = Annotated[dict[str, str], AfterValidator(check_no_chains)]
Columns = Annotated[dict[str, str], AfterValidator(lower), AfterValidator(check_no_chains)]


class Renames(BaseModel):
    """What has been renamed in one database: pages, columns by page, values by page and column."""

    model_config = ConfigDict(extra="forbid")

    pages: Names = {}
    columns: dict[str, Columns] = {}
    values: dict[str, dict[str, Names]] = {}

    def column(self, page: str, name: str) -> str:
        """Return the name that column `name` of `page` has now."""
        return self.columns.get(page, {}).get(name.lower(), name)

    def values_of(self, page: str, column: str) -> dict[str, str]:
        """Return the renamed values of `column`, which is given by its new name."""
        return self.values.get(page, {}).get(column, {})


def renames_by_database(datasette: Datasette) -> dict[str, Renames]:
    """Return the renames that metadata.yml declares. Raise ClickException if they are not valid."""
    found = {}
    for database in datasette.metadata("databases") or {}:
        config = datasette.plugin_config("renamed", database=database, fallback=False)
        if not config:
            continue
        try:
            found[database] = Renames.model_validate(config)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
            )
            raise ClickException(
                f"metadata.yml, plugin renamed, database {database}: {wrong}"
            ) from error
    return found


def rename_value(value: str, names: Mapping[str, str]) -> str:
    """Return `value`, encoded as in a query string, or its new name if it is an old one."""
    new = names.get(unquote_plus(value))
    return value if new is None else quote_plus(new)


def parse_json(text: str) -> Any:
    """Return the JSON value in `text`, or None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def rename_list(value: str, names: Mapping[str, str]) -> str:
    """Return the list in a filter, `a,b` or `["a","b"]`, with old values replaced."""
    text = unquote_plus(value)
    if not text.startswith("["):
        parts = COMMA.split(value)
        return "".join(
            quote_plus(names[item]) if (item := unquote_plus(part).strip()) in names else part
            for part in parts
        )
    items = parse_json(text)
    if not isinstance(items, list):
        return value
    renamed = [names.get(item, item) if isinstance(item, str) else item for item in items]
    return value if renamed == items else quote_plus(json.dumps(renamed))


def rename_column(value: str, page: str, renames: Renames) -> str:
    """Return the argument `value` with the column that it names renamed: `a` or `{"column": "a"}`.

    `_through` names a table and a value of the column as well.
    """
    text = unquote_plus(value)
    if not text.startswith("{"):
        new = renames.column(page, text)
        return value if new == text else quote_plus(new)
    given = parse_json(text)
    if not isinstance(given, dict) or not isinstance(given.get("column"), str):
        return value
    renamed = dict(given)
    if isinstance(given.get("table"), str):
        renamed["table"] = page = renames.pages.get(given["table"]) or given["table"]
    column = renamed["column"] = renames.column(page, given["column"])
    if isinstance(given.get("value"), str):
        renamed["value"] = renames.values_of(page, column).get(given["value"], given["value"])
    return value if renamed == given else quote_plus(json.dumps(renamed))


def rename_filter(key: str, name: str, value: str, page: str, renames: Renames) -> tuple[str, str]:
    """Return the name and value of the filter `key`, with old names replaced. Datasette splits
    `key` at the last `__`."""
    old, _, lookup = key.rpartition("__") if "__" in key else (key, "", "")
    column = renames.column(page, old)
    if column != old:
        suffix = key[len(old) :]
        if not suffix and (column.startswith("_") or "__" in column):
            suffix = "__exact"  # without it, Datasette would not take such a name for a column
        name = quote_plus(column + suffix)
    if lookup in WHOLE_VALUES:
        value = rename_value(value, renames.values_of(page, column))
    elif lookup in LISTS:
        value = rename_list(value, renames.values_of(page, column))
    return name, value


def rename_argument(argument: str, page: str, renames: Renames) -> str:
    """Return `name=value` of a query string with old names replaced, unchanged if it has none."""
    name, equals, value = argument.partition("=")
    key = unquote_plus(name)
    if NAMES_A_COLUMN.fullmatch(key) or key == "_through":
        value = rename_column(value, page, renames)
    elif key.startswith("_search_"):
        searched = key.removeprefix("_search_")
        if (column := renames.column(page, searched)) != searched:
            name = quote_plus(f"_search_{column}")
    elif not key.startswith("_") or "__" in key:
        name, value = rename_filter(key, name, value, page, renames)
    return f"{name}{equals}{value}"


def rename_query(query: str, page: str, renames: Renames) -> str:
    """Return the query string of an address of `page` with old names replaced."""
    return "&".join(rename_argument(argument, page, renames) for argument in query.split("&"))


def rename_row(keys: str, primary_keys: Iterable[str], page: str, renames: Renames) -> str:
    """Return the `keys` of a row, as in its address, with old values of the primary key replaced."""
    renamed = keys.split(",")
    for place, (column, key) in enumerate(zip(primary_keys, renamed, strict=False)):
        new = renames.values_of(page, column).get(tilde_decode(key))
        if new is not None:
            renamed[place] = tilde_encode(new)
    return ",".join(renamed)


async def new_address(
    datasette: Datasette, declared: Mapping[str, Renames], path: str, query: str
) -> str | None:
    """Return the current URL for one that uses old names, or None if it uses none.

    `path` and `query` are as the visitor sent them. The result is a path on this site, because it
    begins with `base_url` and the name of one of its databases.
    """
    base_url = datasette.setting("base_url")
    if base_url != "/" and path.startswith(base_url):
        path = "/" + path[len(base_url) :]
    address = ADDRESS.fullmatch(path)
    if not address:
        return None
    try:
        database = datasette.get_database(route=tilde_decode(address["database"]))
    except KeyError:
        return None
    renames = declared.get(database.name)
    if not renames:
        return None
    old_page, keys = tilde_decode(address["page"]), address["keys"]
    page = renames.pages.get(old_page, old_page)
    if keys and page in renames.values:
        keys = rename_row(keys, await database.primary_keys(page), page, renames)
    shown = address["page"] if page == old_page else tilde_encode(page)
    row = f"/{keys}" if keys else ""
    new_path = f"/{address['database']}/{shown}{row}{address['format'] or ''}"
    new_query = rename_query(query, page, renames)
    if (new_path, new_query) == (path, query):
        return None
    return f"{datasette.urls.path(new_path)}{'?' if new_query else ''}{new_query}"


# The innermost wrapper, so that redirects get the headers that other plugins add.
@hookimpl(tryfirst=True)
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    declared = cache(lambda: renames_by_database(datasette))  # which other plugins add to at start

    async def redirect(scope: dict[str, Any]) -> str | None:
        if scope["method"] not in ("GET", "HEAD"):
            return None
        query = scope["query_string"].decode("latin-1")
        location = await new_address(datasette, declared(), path_of(scope), query)
        # Never redirect to a URL with a control character, because it could split the header.
        return None if location and NOT_PRINTABLE.search(location) else location

    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            location = await redirect(scope) if scope["type"] == "http" else None
            if location:
                headers = {"location": location}
                if datasette.cors:
                    add_cors_headers(headers)
                await asgi_send(send, "", status=301, headers=headers)
            else:
                await app(scope, receive, send)

        return wrapped

    return wrap


def path_of(scope: Mapping[str, Any]) -> str:
    """Return the path as the visitor sent it, decoded as Latin-1."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    return raw.decode("latin-1").partition("?")[0]


def explain(message: str, sql: str, renames: Renames) -> str:
    """Return SQLite's error `message` with the new name if `sql` uses an old column or table."""
    missing = MISSING.fullmatch(message)
    if not missing:
        return message
    old = missing["name"].lower()
    if missing["kind"] == "table":
        new = [renames.pages[page] for page in renames.pages if page.lower() == old]
    else:
        new = [
            names[old]
            for page, names in renames.columns.items()
            if old in names and re.search(rf"(?i)(?<!\w){re.escape(page)}(?!\w)", sql)
        ]
    return f"{message}; it is now {' or '.join(dict.fromkeys(new))}" if new else message


def explain_errors(database: Database, renames: Renames) -> None:
    """Make `database` add new names to the errors of SQL that uses old ones.

    All of Datasette's SQL goes through this method, and no hook sees the error before it is shown.
    """
    execute = database.execute

    async def explained(sql: str, *args: Any, **options: Any) -> Any:
        try:
            return await execute(sql, *args, **options)
        except sqlite3.OperationalError as error:
            error.args = (explain(str(error), sql, renames),)
            raise

    database.execute = explained


async def old_names_in_use(datasette: Datasette, name: str, renames: Renames) -> list[str]:
    """Return the old pages and columns that database `name` still has."""
    database = datasette.get_database(name)
    pages = {*await database.table_names(), *await database.view_names()}
    pages |= set(await datasette.get_canned_queries(name, None))
    used = sorted(pages & set(renames.pages))
    for page, names in renames.columns.items():
        columns = await database.table_columns(page)
        used += [f"{page}.{column}" for column in columns if column.lower() in names]
    return used


@hookimpl
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        for name, renames in renames_by_database(datasette).items():
            if name not in datasette.databases:
                continue
            if used := await old_names_in_use(datasette, name, renames):
                raise ClickException(
                    f"metadata.yml, plugin renamed, database {name}: still in use: {', '.join(used)}; "
                    "build the database again, or delete the rename"
                )
            explain_errors(datasette.get_database(name), renames)

    return check
