"""Refuse arguments that an address can't take, and clean addresses that were pasted or shared.

Problem: Datasette ignores what it doesn't know. `?yaer=2021` finds no rows, `?yaer__not=2021` and
`?_limit=5` give all of them, and `?branch=Nroth` looks like a branch that has nothing. What this does,
on tables, views, canned queries ("questions") and rows, in every format:

- An unknown argument, column or operator, an `_search` without an index, a column to sort by that isn't
  there, or a text where a number belongs is a 400 that names it, says what may be meant and lists what is
  valid. So is a value that is not among the known terms of its column; one that is known and unused finds
  no rows. A value that is in the column is never refused, and an empty one never is either.
- With free SQL, arguments that the SQL doesn't use are ignored: the header `X-Ignored-Arguments` and,
  in templates, `ignored_arguments` list them.
- Arguments that other sites add to track visitors are dropped, `&amp;` is read as `&`, and marks
  that cling to a pasted address (`.`, `)`, `’`, a space) go, where the address is not valid with them.
  Each is a redirect (301) in every format, so that there is one address to keep, cache and cite. If
  arguments were dropped silently, the long address would be what visitors see, copy and cite.
- More arguments, facets, values in lists or words in a search than the bounds are a 400 that names the
  bound. Within them, no number of them is an error.

    plugins:
      arguments:
        accept: [_version]             arguments that other plugins read, accepted everywhere
        tracking: [utm_*, fbclid]      patterns of arguments to drop, in place of TRACKING
        bounds:                        the most that one address may have:
          arguments: 100
          facets: 20
          values: 100                  in its lists, such as __in
          words: 200                   in each search: _search, _search_COLUMN, a parameter of a
                                       question, or of SQL that uses escape_fts
        paths:                         other addresses to check, with all their arguments,
          /chart/*: {branch: library.branches.name}       each with its known terms, or null
    databases:
      library:
        plugins:
          arguments:
            terms:                     known terms by column, or table.column, of tables and views:
              branch: branches.name    those in a column of a table,
              loans.state: [out, in]   or a list
            ids:                       parameters of questions that take the id of one row
              loan.number: loans.number

A foreign key needs no configuration: its terms are the values that it can refer to. Nor does a parameter
of a question with `choices` (query_files.py). A mistake in the configuration stops the server.

Limits: `_where`, `_through` and patterns such as `__like` are not checked. The final mark of a text to
search for belongs to the text. Only the end of an address is cleaned of marks.
"""

# No deferred annotations: pydantic looks them up in sys.modules, where Datasette puts no plugins.
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatch
from functools import cache, partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote_plus
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database, QueryInterrupted
from datasette.filters import Filters
from datasette.plugins import pm
from datasette.utils import (
    add_cors_headers,
    await_me_maybe,
    derive_named_parameters,
    detect_fts,
    detect_primary_keys,
    escape_sqlite,
    get_outbound_foreign_keys,
    resolve_routes,
    sqlite3,
    table_column_details,
    tilde_decode,
)
from datasette.utils.asgi import Request, asgi_send
from datasette.views.base import DatasetteError, DataView
from datasette.views.database import DatabaseView
from datasette.views.row import RowView
from datasette.views.table import TableView
from pydantic import Field, PositiveInt, ValidationError

from ingest.config.yaml_model import Model
from ingest.text.redaction import LETTERS

TRACKING = (
    *("utm_*", "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "twclid"),
    *(
        "ttclid",
        "li_fat_id",
        "igsh",
        "igshid",
        "yclid",
        "mc_cid",
        "mc_eid",
        "mkt_tok",
        "_ga",
        "_gl",
    ),
    *("_hsenc", "_hsmi", "vero_id", "oly_enc_id", "oly_anon_id", "ref_src", "ref_url"),
)
"""What other sites and programs for newsletters add to a link."""

MARKS = ".,;:!?)]}>\"'’”»…\u00a0 \t\r\n"
"""Marks that cling to an address in a text."""
CLINGING = re.compile(
    "(?:{}|%20|\\+)+$".format(
        "|".join(
            re.escape(form)
            for mark in MARKS
            for form in (
                mark.encode().decode("latin-1"),
                "".join(f"%{byte:02X}" for byte in mark.encode()),
            )
        )
    ),
    re.IGNORECASE,
)
"""The same at the end of an address, as they are or percent-encoded."""

SHOWN = (
    *("_shape", "_size", "_labels", "_nl", "_json", "_json_infinity", "_stream", "_header", "_dl"),
    *("_ttl", "_timelimit", "_trace", "_blob_column", "_blob_hash"),
)
"""Datasette's arguments for how rows are shown, on every page that has any."""
OF_TABLES = (
    *("_next", "_sort", "_sort_desc", "_sort_by_desc", "_search", "_searchmode", "_where"),
    *("_through", "_facet", "_facet_size", "_col", "_nocol", "_label", "_nocount", "_nofacet"),
    *("_nosuggest", "_fts_table", "_fts_pk"),
)
OF_SQL = ("sql", "_hide_sql", "_show_sql", "_success")
OF_DATABASES = ("sql", "_show_hidden")
OF_ROWS = ("_extras",)
"""Datasette's other arguments, by kind of page."""

NAMES_A_COLUMN = re.compile(
    r"_(sort|sort_desc|col|nocol|label|json|blob_column|facet(_(?!size$)\w+)?|filter_column(_\d+)?)"
)
"""Arguments whose value is the name of a column."""
OF_THE_FORM = re.compile(r"_filter_(column|op|value)(_\d+)?")
"""Arguments of the form above a table, which Datasette turns into filters."""

WHOLE = r"\d{1,18}"
VALUES = {
    "_size": (rf"{WHOLE}|max", "a whole number, or max"),
    "_facet_size": (rf"{WHOLE}|max", "a whole number, or max"),
    "_timelimit": (WHOLE, "a whole number of milliseconds"),
    "_ttl": (WHOLE, "a whole number of seconds"),
    "_next": (r"[\w~,$+ -]*", "what the page before gives as next"),
    "_shape": ("arrays|objects|array|arrayfirst|object", "arrays, objects, array, arrayfirst or object"),
    "_searchmode": ("raw|escaped", "raw or escaped"),
}  # fmt: skip
"""The values that arguments of Datasette can have, and how to say so."""

PAGES = {"limit", "offset", "page", "per_page", "perpage", "page_size", "pagesize", "skip", "start"}
PAGING = (
    "_size sets the number of rows on a page, and _next, which each page gives, leads to the next."
)
AT_ONCE = "All rows come at once: _size and _next are for tables and views."
MEANT = {
    **dict.fromkeys(PAGES, PAGING),
    **dict.fromkeys(("order", "order_by", "orderby", "sort_by", "sortby"), "_sort sorts rows."),
    **dict.fromkeys(("columns", "cols", "fields", "select"), "_col selects a column."),
    **dict.fromkeys(("q", "query", "search"), "_search searches."),
}
"""Names that other sites give to what Datasette does, without the first underscore."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
NUMERIC = re.compile("INT|REAL|FLOA|DOUB", re.IGNORECASE)
"""Declared types of columns for which SQLite takes a text for a number."""
COMPARES = {"exact", "not", "gt", "gte", "lt", "lte", "in", "notin"}
WHOLE_VALUES = {"exact", "not", "in", "notin"}
LISTS = ("in", "notin")
"""Operators that compare with a number, those that compare with whole values, and with many."""
WORD = re.compile(LETTERS)
"""A word of a search."""

MOST_LISTED = 50
"""The most terms that a message lists."""
MOST_COMPARED = 1000
"""The most terms among which to look for a similar one."""

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
Pairs = list[tuple[str, str]]
Sees = Callable[[str, str], Awaitable[bool]]
Source = tuple[str, str] | list[str]
"""Where known terms are: a table and its column, or a list of them."""
Given = str | list[str]
"""A source as the configuration gives it, `table.column` or a list."""


class Bounds(Model):
    """The most that one address may have, as described above."""

    arguments: PositiveInt = 100
    facets: PositiveInt = 20
    values: PositiveInt = 100
    words: PositiveInt = 200


class Config(Model):
    accept: list[str] = Field(default_factory=list)
    tracking: list[str] = Field(default_factory=lambda: list(TRACKING))
    paths: dict[str, dict[str, str | None]] = Field(default_factory=dict)
    bounds: Bounds = Field(default_factory=Bounds)


class DatabaseConfig(Model):
    terms: dict[str, Given] = Field(default_factory=dict)
    ids: dict[str, str] = Field(default_factory=dict)


class Configs(NamedTuple):
    """The plugin's configuration, and that of each database."""

    site: Config
    databases: dict[str, DatabaseConfig]

    def of(self, database: str) -> DatabaseConfig:
        return self.databases.get(database) or DatabaseConfig()


_configs: WeakKeyDictionary[Datasette, Configs] = WeakKeyDictionary()
_for_a_visitor: ContextVar[bool] = ContextVar("for_a_visitor", default=False)
"""Whether a request is made by the site itself, for one that is being answered: to the arguments that the
visitor gave it adds some of its own, and no bound must stop that."""


def configs_of(datasette: Datasette) -> Configs:
    """Return the plugin's configuration. Raise ValidationError if it is wrong."""
    if datasette not in _configs:
        databases = {
            name: datasette.plugin_config("arguments", database=name, fallback=False) or {}
            for name in datasette.metadata("databases") or {}
        }
        _configs[datasette] = Configs(
            Config.model_validate(datasette.plugin_config("arguments") or {}),
            {name: DatabaseConfig.model_validate(given) for name, given in databases.items()},
        )
    return _configs[datasette]


def accepted(datasette: Datasette) -> list[str]:
    """Return the arguments that every page takes."""
    debug = ["_context"] if datasette.setting("template_debug") else []
    return [*configs_of(datasette).site.accept, *debug]


class Mistake(NamedTuple):
    """What is wrong with an argument. One that is not `refused` may be right after all."""

    words: str
    refused: bool = True


# Words.


def shown(text: str) -> str:
    """Return what a visitor typed as a message shows it."""
    return f"“{text if len(text) <= 80 else text[:80] + '…'}”"


def similar(word: str, names: Iterable[str]) -> str:
    """Return the question whether one of `names` was meant, with a space before it, or ""."""
    lower = {name.lower(): name for name in names}
    close = [lower[name] for name in get_close_matches(word.lower(), lower, n=1)]
    return f" Did you mean {close[0]}?" if close else ""


def listed(what: str, names: Iterable[str]) -> str:
    """Return a sentence with all `names`, with a space before it, or "" if there are none."""
    words = ", ".join(names)
    return f" {what}: {words}." if words else ""


def not_a_number(name: str, value: str) -> Mistake:
    return Mistake(f"{name} must be a number, not {shown(value)}.")


def not_json(name: str, value: str) -> Mistake:
    return Mistake(f"{name} is not valid JSON: {shown(value)}.")


# What is known.


def parsed(given: Given) -> Source:
    """Return the source that the configuration, or a question's `choices`, gives."""
    if isinstance(given, list):
        return given
    table, _, column = given.rpartition(".")
    return table, column


def source_in(given: Given | None) -> Source | None:
    return parsed(given) if given else None


async def is_term(db: Database, source: Source, value: str, as_text: bool = False) -> bool:
    """Return whether `value` is one of the terms, compared `as_text` or as SQLite compares.

    Return True too if that can't be told: the table may be missing, or the search takes too long.
    """
    if isinstance(source, list):
        return value in source
    table, name = source
    column = f"cast({escape_sqlite(name)} as text)" if as_text else escape_sqlite(name)
    sql = f"select 1 from {escape_sqlite(table)} where {column} = ? limit 1"
    try:
        return bool((await db.execute(sql, [value], log_sql_errors=False)).rows)
    except (sqlite3.Error, QueryInterrupted):
        return True


async def terms_of(db: Database, source: Source) -> list[str]:
    """Return the terms, in the order of their table, or none if there are too many to compare."""
    if isinstance(source, list):
        return source
    table, column = source
    name = escape_sqlite(column)
    sql = (
        f"select distinct cast({name} as text) from {escape_sqlite(table)} where {name} is not null"
    )
    rows = (await db.execute(f"{sql} limit {MOST_COMPARED + 1}")).rows
    return [str(row[0]) for row in rows] if len(rows) <= MOST_COMPARED else []


async def unknown_term(db: Database, name: str, value: str, source: Source) -> Mistake:
    """Return the mistake of a `value` that is not among the terms of the argument `name`."""
    what = name.removesuffix("_id").replace("_", " ")
    terms = await terms_of(db, source)
    those = terms if len(terms) <= MOST_LISTED else []
    hint = similar(value, terms) + listed("Known", those)
    return Mistake(f"There is no such {what}: {shown(value)}.{hint}")


def values_in(operator: str, value: str) -> list[str]:
    """Return the values that a filter compares with, as Datasette's own filter reads them.

    Raise ValueError if they are JSON with a mistake.
    """
    if operator not in LISTS:
        return [value]
    if not value.startswith("["):
        return [part.strip() for part in value.split(",")]
    return [str(item) for item in json.loads(value)]


# How much an address asks for.


def values_in_list(name: str, value: str) -> int:
    """Return how many values an argument adds to the lists of an address."""
    operator = name.rpartition("__")[2]
    try:
        return len(values_in(operator, value)) if operator in LISTS else 0
    except (ValueError, TypeError, RecursionError):
        return 0  # `Page.check` says that it is malformed


def beyond_bounds(bounds: Bounds, pairs: Pairs) -> str | None:
    """Return what to say about an address that asks for more than its bounds, else None."""
    facets = [name for name, _ in pairs if re.fullmatch(r"_facet(_(?!size$)\w+)?", name)]
    # The arguments first, so that what follows has few of them to look at.
    if len(pairs) > bounds.arguments:
        return f"An address can have at most {bounds.arguments} arguments, not {len(pairs)}."
    if len(facets) > bounds.facets:
        return f"A page can have at most {bounds.facets} facets, not {len(facets)}."
    values = sum(values_in_list(*pair) for pair in pairs)
    if values > bounds.values:
        return (
            f"The lists in an address (__in, __notin) can have at most {bounds.values} values,"
            f" not {values}."
        )
    return None


def beyond_words(bounds: Bounds, page: "Page", pairs: Pairs) -> str | None:
    """Return what to say about a search for more words than the bound, else None."""
    for name, value in pairs:
        if name == "_search" or name.startswith("_search_") or page.searches_by(name):
            words = len(WORD.findall(value))
            if words > bounds.words:
                return f"{name} can have at most {bounds.words} words, not {words}."
    return None


# What an address asks for.


@dataclass
class Page:
    """A page, the arguments that it takes, and the terms of those that it compares with.

    `parameters` are its own arguments, each with the source of its terms; `known` are Datasette's.
    `sees` says whether the visitor may see a table or question; it is slow, so it is asked last.
    `searches` says whether a parameter may be a search.
    """

    db: Database | None = None
    known: list[str] = field(default_factory=list)
    parameters: dict[str, Source | None] = field(default_factory=dict)
    ids: dict[str, Source] = field(default_factory=dict)
    ignores: bool = False
    subject: tuple[str, str] | None = None
    sees: Sees | None = None
    searches: bool = False

    def searches_by(self, name: str) -> bool:
        return self.searches and name in self.parameters

    def takes(self, name: str) -> bool:
        """Return whether `name` is one of the page's arguments."""
        return name in self.known or name in self.parameters

    async def check(self, name: str, value: str) -> Mistake | None:
        """Return what is wrong with one argument."""
        if name in self.parameters:
            return await self.check_parameter(name, value) if value else None
        if name in self.known:
            if name == "_size" and value not in ("", "max"):
                return Mistake(f"_size can only be max here. {AT_ONCE}")
            return check_value(name, value)
        every = [*self.parameters, *self.known]
        own = self.parameters and not name.startswith("_")
        hint = f" {AT_ONCE}" if name.lstrip("_").lower() in PAGES else similar(name, every)
        return Mistake(
            f"There is no argument {shown(name)} here.{hint}"
            f"{listed('Arguments', self.parameters if own else every)}"
        )

    async def check_parameter(self, name: str, value: str) -> Mistake | None:
        source = self.parameters[name]
        if source and self.db:
            if await is_numeric(self.db, source) and not NUMBER.fullmatch(value):
                return not_a_number(name, value)
            if not await is_term(self.db, source, value, as_text=True):
                return await unknown_term(self.db, name, value, source)
        if name in self.ids and self.db and not await is_term(self.db, self.ids[name], value):
            return Mistake("There is no such row", refused=False)
        return None

    async def first_mistake(self, pairs: Pairs) -> Mistake | None:
        """Return the first mistake of an address that is refused, else the first that may be one.

        There is none on a page that the visitor may not see: Datasette says so.
        """
        found = [mistake for pair in pairs if (mistake := await self.check(*pair))]
        if not found or (self.sees and self.subject and not await self.sees(*self.subject)):
            return None
        return next((mistake for mistake in found if mistake.refused), found[0])


def check_value(name: str, value: str) -> Mistake | None:
    """Return what is wrong with the value of one of Datasette's arguments."""
    pattern, expected = VALUES.get(name, ("", ""))
    if not value or not pattern or re.fullmatch(pattern, value, re.ASCII):
        return None
    return Mistake(f"{name} must be {expected}, not {shown(value)}.")


async def is_numeric(db: Database, source: Source) -> bool:
    if isinstance(source, list):
        return False
    table, column = source
    return any(
        found.name == column and NUMERIC.search(found.type)
        for found in await db.table_column_details(table)
    )


@dataclass
class TablePage(Page):
    """The page of a table or a view; the types of its columns, and where their terms are."""

    table: str = ""
    types: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    sortable: set[str] = field(default_factory=set)
    has_rowid: bool = False
    searched: list[str] | None = None
    terms: dict[str, Source] = field(default_factory=dict)
    units: Mapping[str, Any] = field(default_factory=dict)

    def takes(self, name: str) -> bool:
        return super().takes(name) or name.partition("__")[0].lower() in map(str.lower, self.types)

    async def check(self, name: str, value: str) -> Mistake | None:
        if OF_THE_FORM.fullmatch(name) or name in self.known:
            return self.check_known(name, value)
        if name.startswith("_search_"):
            return self.check_search(name.removeprefix("_search_"), value)
        if name.startswith("_") and "__" not in name:
            return self.unknown(name)
        return await self.check_filter(name, value)

    def check_known(self, name: str, value: str) -> Mistake | None:
        """Return what is wrong with one of Datasette's arguments."""
        if name == "_search":
            return self.check_search(None, value)
        if not value or not NAMES_A_COLUMN.fullmatch(name):
            return check_value(name, value)
        column = value
        if value.startswith("{"):
            try:
                given = json.loads(value)
                column = given.get("column") or given.get("simple")
            except (ValueError, AttributeError, RecursionError):
                return not_json(name, value)
        names = (
            self.sortable
            if name in ("_sort", "_sort_desc")
            else {*self.types, *({"rowid"} & self.sortable)}
        )
        return None if column in names else self.no_column(str(column), names)

    def check_search(self, column: str | None, value: str) -> Mistake | None:
        if not value:
            return None
        if self.searched is None:
            return Mistake(
                f"{self.table} can’t be searched: it has no index for _search. Filter by a column"
                " instead, with an operator such as __contains."
            )
        if column is None or column in self.searched:
            return None
        return Mistake(
            f"There is no column {shown(column)} to search.{similar(column, self.searched)}"
            f"{listed('Columns that can be searched', self.searched)}"
        )

    def no_column(self, name: str, names: Iterable[str]) -> Mistake:
        own = [column for column in self.types if column in names]
        return Mistake(
            f"There is no column {shown(name)} in {self.table}.{similar(name, own)}"
            f"{listed('Columns', own)}"
        )

    def unknown(self, name: str) -> Mistake:
        """Return the mistake of an argument that is not one of Datasette's."""
        if name in self.types:
            return Mistake(
                f"There is no argument {shown(name)}. To filter by this column, use {name}__exact."
            )
        hint = MEANT.get(name[1:].lower())
        hint = f" {hint}" if hint else similar(name, self.known)
        return Mistake(
            f"There is no argument {shown(name)}.{hint}{listed('Arguments', self.known)}"
        )

    async def check_filter(self, name: str, value: str) -> Mistake | None:
        column, _, operator = name.rpartition("__") if "__" in name else (name, "", "exact")
        found = next((known for known in self.types if known.lower() == column.lower()), None)
        if column.lower() in ("rowid", "oid") and self.has_rowid:
            found = column
        if found is None and name not in self.types:
            hint = MEANT.get(name.lower())
            return Mistake(
                f"{self.no_column(column, self.types).words}{f' {hint}' if hint else ''}"
            )
        if found is None or operator not in Filters._filters_by_key:
            close = get_close_matches(operator, Filters._filters_by_key, n=1)
            meant = [f"{column}__{key}" for key in close]
            meant = [f"{name}__exact"] if name in self.types else meant
            return Mistake(
                f"There is no operator {shown(operator)}."
                f"{f' Did you mean {meant[0]}?' if meant else ''}"
                f"{listed('Operators', Filters._filters_by_key)}"
            )
        try:
            values = values_in(operator, value)
        except (ValueError, RecursionError):
            return not_json(name, value)
        for each in values:
            if each and (mistake := await self.check_compared(found, operator, each)):
                return mistake
        return None

    async def check_compared(self, column: str, operator: str, value: str) -> Mistake | None:
        """Return what is wrong with one value that `column` is compared with."""
        assert self.db
        number = NUMERIC.search(self.types.get(column, "integer")) and column not in self.units
        mistake: Mistake | None = None
        if number and operator in COMPARES and not NUMBER.fullmatch(value):
            mistake = not_a_number(column, value)
        elif column in self.terms and operator in WHOLE_VALUES:
            source = self.terms[column]
            if not await is_term(self.db, source, value) and await self.may_list(source):
                mistake = await unknown_term(self.db, column, value, source)
        elif (
            column in self.keys
            and operator == "exact"
            and not await is_term(self.db, (self.table, column), value)
        ):
            mistake = Mistake("There is no such row", refused=False)
        if (
            mistake
            and mistake.refused
            and operator in WHOLE_VALUES
            and await self.has(column, value)
        ):
            return None
        return mistake

    async def may_list(self, source: Source) -> bool:
        """Return whether the visitor may know the terms."""
        return isinstance(source, list) or not self.sees or await self.sees("view-table", source[0])

    async def has(self, column: str, value: str) -> bool:
        """Return whether `value` is in the column, even if it is not what belongs there."""
        assert self.db
        return await is_term(self.db, (self.table, column), value, as_text=True)


async def visible(datasette: Datasette, actor: Any, database: str, kind: str, name: str) -> bool:
    """Return whether the visitor may see a table or a question."""
    needed = [(kind, (database, name)), ("view-database", database), "view-instance"]
    found: bool = (await datasette.check_visibility(actor, permissions=needed))[0]
    return found


class Schema(NamedTuple):
    """What a database says about a table or a view."""

    is_view: bool
    types: dict[str, str]
    keys: list[str]
    references: dict[str, tuple[str, str]]
    fts_table: str | None


async def schema_of(db: Database, table: str) -> Schema | None:
    """Return what the database says about a table or a view, None if there is none of that name."""

    def read(connection: Any) -> Schema | None:
        sql = "select type from sqlite_master where type in ('table', 'view') and name = ?"
        found = connection.execute(sql, [table]).fetchone()
        if not found:
            return None
        # Datasette can't follow a key that names no column.
        references = {
            key["column"]: (key["other_table"], key["other_column"])
            for key in get_outbound_foreign_keys(connection, table)
            if key["other_column"]
        }
        return Schema(
            found[0] == "view",
            {column.name: column.type for column in table_column_details(connection, table)},
            detect_primary_keys(connection, table),
            references,
            detect_fts(connection, table),
        )

    try:
        schema: Schema | None = await db.execute_fn(read)
    except sqlite3.Error:
        return None  # Datasette says so.
    return schema


async def table_page(
    datasette: Datasette,
    db: Database,
    table: str,
    schema: Schema,
    sees: Sees,
    arguments: Mapping[str, str],
) -> TablePage:
    """Return what a table or a view takes; `arguments` are those of the address."""
    about, own = datasette.table_metadata(db.name, table), configs_of(datasette).of(db.name).terms
    terms: dict[str, Source] = {**schema.references}
    for column in schema.types:
        source = own.get(f"{table}.{column}") or own.get(column)
        # A column that lists terms is not compared with itself.
        if source and source != f"{table}.{column}":
            terms[column] = parsed(source)
    rowid = [] if schema.is_view or schema.keys else ["rowid"]
    searched = None
    if any(name.startswith("_search") for name in arguments):
        index = arguments.get("_fts_table") or about.get("fts_table") or schema.fts_table
        searched = await db.table_columns(index) if index else None
    facets = [kind.type for hook in pm.hook.register_facet_classes() for kind in hook]
    facets = [f"_facet_{kind}" for kind in facets if kind != "column"]
    return TablePage(
        db=db,
        known=[*OF_TABLES, *facets, *SHOWN, *accepted(datasette)],
        subject=("view-table", table),
        sees=sees,
        table=table,
        types=schema.types,
        keys=schema.keys,
        sortable={*about.get("sortable_columns", schema.types), *rowid},
        has_rowid=not schema.is_view,
        searched=searched,
        terms=terms,
        units=about.get("units") or {},
    )


async def question_page(
    datasette: Datasette, db: Database, query: Mapping[str, Any], name: str, sees: Sees
) -> Page:
    """Return what a question takes."""
    config, fields = configs_of(datasette), query.get("parameters") or {}
    named = query.get("params") or await derive_named_parameters(db, query["sql"])
    own = [parameter for parameter in dict.fromkeys(named) if not parameter.startswith("_")]
    ids = {each: config.of(db.name).ids.get(f"{name}.{each}") for each in own}
    return Page(
        db,
        [*SHOWN, *OF_SQL[1:], *accepted(datasette)],
        {each: source_in((fields.get(each) or {}).get("choices")) for each in own},
        {each: parsed(source) for each, source in ids.items() if source},
        subject=("view-query", name),
        sees=sees,
        searches=True,
    )


async def sql_page(datasette: Datasette, db: Database, sql: str) -> Page:
    named = await derive_named_parameters(db, sql)
    accept = accepted(datasette)
    return Page(
        db,
        [*OF_SQL, *SHOWN, *accept],
        dict.fromkeys(named),
        ignores=True,
        searches="escape_fts" in sql.lower(),
    )


def other_page(datasette: Datasette, path: str) -> Page | None:
    """Return what an address that the configuration names takes."""
    config = configs_of(datasette).site
    for pattern, arguments in config.paths.items():
        if fnmatch(path, pattern):
            sources = [source for source in arguments.values() if source]
            db = datasette.get_database(sources[0].partition(".")[0]) if sources else None
            own = {
                name: source_in(source and source.partition(".")[2])
                for name, source in arguments.items()
            }
            return Page(db, ["_ttl", "_trace", *accepted(datasette)], own)
    return None


async def page_of(
    datasette: Datasette, routes: Any, request: Request, path: str, pairs: Pairs
) -> Page | None:
    """Return what the page at `path` takes, or None if it takes anything, or isn't there."""
    if page := other_page(datasette, path):
        return page
    match, view = resolve_routes(routes, path)
    kind = getattr(view, "view_class", None)
    if not match or not kind or not issubclass(kind, DataView):
        return None
    asked = match.groupdict()
    if asked.get("format") not in (None, "csv", "json", "jsono", *datasette.renderers):
        return None
    try:
        db = datasette.get_database(route=tilde_decode(asked["database"]))
    except KeyError:
        return None
    accept = accepted(datasette)
    if issubclass(kind, DatabaseView):
        sql = dict(reversed(pairs)).get("sql")
        if sql is not None:
            return await sql_page(datasette, db, sql)
        return Page(db, [*OF_DATABASES, *SHOWN, *accept])
    name, actor = tilde_decode(asked["table"]), await actor_of(datasette, request)
    sees = partial(visible, datasette, actor, db.name)
    if issubclass(kind, TableView) and (
        query := await datasette.get_canned_query(db.name, name, actor)
    ):
        return await question_page(datasette, db, query, name, sees)
    schema = await schema_of(db, name)
    if not schema:
        return None
    if issubclass(kind, RowView):
        known = [*SHOWN, *OF_ROWS, *accept]
        return Page(db, known, subject=("view-table", name), sees=sees)
    return await table_page(datasette, db, name, schema, sees, dict(reversed(pairs)))


async def actor_of(datasette: Datasette, request: Request) -> Any:
    """Return who asks, as Datasette's router finds out later."""
    for found in pm.hook.actor_from_request(datasette=datasette, request=request):
        if actor := await await_me_maybe(found):
            return actor
    return request.scope.get("actor")


# The clean address.


def pairs_in(query: str) -> Pairs:
    return parse_qsl(query, keep_blank_values=True)


def without_entities(query: str) -> str:
    """Return `query` with `&` for each `&amp;`, as a page's source writes it."""
    return re.sub(r"(?i)(^|&)(?:amp;)+", r"\1", query)


def without_tracking(query: str, page: Page | None, patterns: Iterable[str]) -> str:
    """Return `query` without the arguments that match `patterns` and that the page doesn't take."""

    def tracks(argument: str) -> bool:
        name = unquote_plus(argument.partition("=")[0])
        matches = any(fnmatch(name.lower(), pattern) for pattern in patterns)
        return matches and not (page and page.takes(name))

    return "&".join(part for part in query.split("&") if not tracks(part))


def without_marks(text: str) -> str:
    """Return the end of an address without the marks that cling to it."""
    return CLINGING.sub("", text).rstrip("&?") if CLINGING.search(text) else text


# Every request.


async def refuse(datasette: Datasette, request: Request, send: Any, words: str) -> None:
    """Answer with a 400, as Datasette answers about its own errors."""
    try:
        # Datasette's own handler needs the traceback of an error that was raised.
        raise DatasetteError(words, status=400)
    except DatasetteError as error:
        asked = {"datasette": datasette, "request": request, "exception": error}
        for found in pm.hook.handle_exception(**asked):
            response = await await_me_maybe(found)
            if response:
                await response.asgi_send(send)
                return


async def redirect(datasette: Datasette, send: Any, path: str, query: str) -> None:
    location = f"{datasette.urls.path(path)}{'?' if query else ''}{query}"
    # A server that lets a line break through must not let it into a header.
    headers = {"location": quote(location, safe="%/?#[]@!$&'()*+,;=:~", encoding="latin-1")}
    if datasette.cors:
        add_cors_headers(headers)
    await asgi_send(send, "", status=301, headers=headers)


async def is_missing(app: Asgi, scope: dict[str, Any], receive: Any, path: str) -> bool:
    """Return whether there is nothing at `path`, also if its last marks are tilde-encoded."""
    statuses = []

    async def note(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    kept = CLINGING.sub("", path)
    path = kept + path[len(kept) :].replace("%", "~")
    await app({**scope, "path": path, "raw_path": path.encode("latin-1")}, receive, note)
    return statuses == [404]


def noting_ignored(send: Any, names: list[str]) -> Any:
    """Return `send`, which then adds the header that lists ignored arguments."""
    value = ", ".join(quote(name[:80]) for name in names[:20]).encode()

    async def send_noting(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            headers = [*event.get("headers", []), (b"x-ignored-arguments", value)]
            event = {**event, "headers": headers}
        await send(event)

    return send_noting


def path_of(datasette: Datasette, scope: Mapping[str, Any]) -> str:
    """Return the path as the visitor sent it, without `base_url`, decoded as Latin-1."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    path, base_url = raw.decode("latin-1").partition("?")[0], datasette.setting("base_url")
    return "/" + path[len(base_url) :] if base_url != "/" and path.startswith(base_url) else path


async def answer(
    datasette: Datasette,
    routes: Callable[[], Any],
    app: Asgi,
    scope: dict[str, Any],
    receive: Any,
    send: Any,
) -> None:
    """Answer a request with a redirect, a 400 or what Datasette answers."""
    path, query = path_of(datasette, scope), scope["query_string"].decode("latin-1")
    # Only such a path is on this site, and stays on it in a redirect.
    if not re.match(r"/(?![/\\])", path):
        return await app(scope, receive, send)
    if not query:
        clean = without_marks(path) or "/"
        if clean != path and await is_missing(app, scope, receive, path):
            return await redirect(datasette, send, clean, "")
        return await app(scope, receive, send)
    request = Request(scope, receive)
    clean, bounds = without_entities(query), configs_of(datasette).site.bounds
    if not _for_a_visitor.get() and (beyond := beyond_bounds(bounds, pairs_in(clean))):
        return await refuse(datasette, request, send, beyond)
    page = await page_of(datasette, routes(), request, path, pairs_in(clean))
    clean = without_tracking(clean, page, configs_of(datasette).site.tracking)
    if clean != query:
        return await redirect(datasette, send, path, clean)
    if page and (beyond := beyond_words(bounds, page, pairs_in(query))):
        return await refuse(datasette, request, send, beyond)
    if page and page.ignores:
        ignored = [name for name, _ in pairs_in(query) if not page.takes(name)]
        scope = {**scope, "ignored_arguments": ignored}
        send = noting_ignored(send, ignored) if ignored else send
    elif page and (mistake := await page.first_mistake(pairs_in(query))):
        clean = without_marks(query)
        if clean != query and not await page.first_mistake(pairs_in(clean)):
            return await redirect(datasette, send, path, clean)
        if mistake.refused:
            return await refuse(datasette, request, send, mistake.words)
    return await app(scope, receive, send)


# Innermost, also of those that come first, so that redirects of old names precede the checks and
# every answer gets the headers that other plugins add.
@hookimpl(hookwrapper=True)
def asgi_wrapper(datasette: Datasette) -> Any:
    outcome = yield

    @cache
    def routes() -> Any:
        return datasette._routes()

    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
                await app(scope, receive, send)
                return

            async def inside(*given: Any) -> None:
                token = _for_a_visitor.set(True)
                try:
                    await app(*given)
                finally:
                    _for_a_visitor.reset(token)

            await answer(datasette, routes, inside, scope, receive, send)

        return wrapped

    outcome.force_result([wrap, *outcome.get_result()])


@hookimpl
def extra_template_vars(request: Request | None) -> dict[str, Any]:
    return {"ignored_arguments": request.scope.get("ignored_arguments", []) if request else []}


async def faults(datasette: Datasette) -> AsyncIterator[str]:
    """Yield every source of terms in the configuration that is not there."""
    configs = configs_of(datasette)
    sources = [
        (name, source)
        for name, config in configs.databases.items()
        for source in (*config.terms.values(), *config.ids.values())
        if isinstance(source, str)
    ]
    for arguments in configs.site.paths.values():
        for source in filter(None, arguments.values()):
            database, _, column = source.partition(".")
            sources.append((database, column))
    for database, source in sources:
        table, _, column = source.rpartition(".")
        known = datasette.databases.get(database)
        schema = await schema_of(known, table) if known else None
        if not schema or column not in schema.types:
            yield f"{database}.{source}"


@hookimpl
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        try:
            missing = [fault async for fault in faults(datasette)]
        except ValidationError as error:
            raise ClickException(f"metadata.yml, plugin arguments: {error}") from error
        if missing:
            raise ClickException(
                f"metadata.yml, plugin arguments: no such column: {', '.join(missing)}"
            )

    return check
