"""Show the tables that the build makes from shapes, by the roles of their columns.

Problem: such a table has names of its own, so neither metadata.yml nor a template can name its facets, its headings or
its texts. What this does: the table `descriptions` says which family a table belongs to, what its rows are, and which
role each column has. From that come, for each table,

- its metadata: `facets`, the columns to filter by; `headings`, names for people; `left_out`, the columns that its
  page leaves out; the columns with redaction bars (redaction_density.py), and where it says why a cell is empty
  (missing_values.py); its basis; and its caveats, with those in the table `caveats`, if there is one;
- what templates get: `record_table(name)`, None for any other table, `record_tables()`, and `has_table(name)`, whether
  the database has a table or a view of that name.

    databases:
      letters:
        plugins:
          record_tables:
            basis: Our count.                    where the figures come from

Metadata of the configuration takes precedence. A mistake in the configuration stops the server. Limitations: the database is read once, when the server
starts, so it must not change while it is served.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import re
import sqlite3
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import escape_sqlite
from pydantic import ValidationError

from ingest.config.bands import all_bands
from ingest.config.yaml_model import Model

TABLE = "descriptions"
CAVEATS = "caveats"
DATABASE = "foi"
"""The database whose tables templates ask for."""
MOST_VALUES = 100
"""The most values of a column to filter by: among more, a reader searches."""
UNMARKED = all_bands()[0].band
BAND = "redaction_band"
MEASURES = ("visible_words", "redaction_count", "redaction_density", BAND)
AS_PRINTED = "as printed"
"""The status of a cell that does not fit its column."""
PROVENANCE = (
    *("position", "place", "status", "source_text", "withdrawn_on", "withdrawn_reason"),
    *("period_from", "period_to", "period_partial"),
)
"""Columns that every table has, which are shown on the page of a row."""
FINANCIAL_YEAR = re.compile(r"\b(\d{4}) (\d\d)\b")
HEADINGS = {"id": "Row", "disclosure_id": "Disclosure", BAND: "How much is redacted"}


class Config(Model):
    basis: str | None = None


class RecordTable(NamedTuple):
    """A table made from a shape.

    `roles` has the columns that the shape names, in its order; `facets` those to filter by; `marked` the texts with a
    redaction marker, or whose markers were lost. `disclosures` are the ids of those that have rows in it. `caveats` are
    what a reader must know: `short`, `text`, and `disclosure_id`, None where they hold for every disclosure.
    """

    name: str
    family: str
    title: str
    one_row_is: str
    rows_are: str
    columns: list[str]
    roles: dict[str, str]
    facets: list[str]
    marked: list[str]
    disclosures: list[str]
    has_marks: bool
    caveats: list[dict[str, str | None]]

    def with_role(self, *roles: str) -> list[str]:
        """Return the columns with these roles."""
        return [column for column, role in self.roles.items() if role in roles]

    def first(self, *roles: str) -> str | None:
        return next(iter(self.with_role(*roles)), None)

    @property
    def period(self) -> str | None:
        return self.first("period")

    @property
    def figure(self) -> str | None:
        """The column with the figures of a table of figures, which are added up; None where rows are counted."""
        return self.first("figure")

    @property
    def unit(self) -> str | None:
        return self.first("unit")

    @property
    def categories(self) -> list[str]:
        return self.with_role("category")

    @property
    def texts(self) -> list[str]:
        return self.with_role("text")

    @property
    def statuses(self) -> list[str]:
        """The columns that say why another is empty."""
        return [f"{column}_status" for column in self.roles if f"{column}_status" in self.columns]

    @property
    def left_out(self) -> list[str]:
        """The columns that its page leaves out."""
        measures = [self.measure(text, what) for text in self.texts for what in MEASURES]
        kept = {"status"} if self.has_marks else set()
        one = ["disclosure_id"] if len(self.disclosures) < 2 else []
        return [*(name for name in PROVENANCE if name not in kept), *self.statuses, *measures, *one]

    def measure(self, text: str, what: str) -> str:
        """Return the column that says how much of a text is redacted."""
        return what if len(self.texts) == 1 else f"{text}_{what}"

    def heading(self, column: str) -> str:
        """Return the name of a column for people."""
        if column.endswith(f"_{BAND}"):
            return f"How much of {column.removesuffix(f'_{BAND}').replace('_', ' ')} is redacted"
        words = HEADINGS.get(column) or FINANCIAL_YEAR.sub(r"\1-\2", column.replace("_", " "))
        return words[:1].upper() + words[1:]

    def name_of(self, row: Mapping[str, Any]) -> str:
        """Return what a row is: “Crime 12”, or of a figure what it counts."""
        if self.figure:
            labels = [
                row[column] for column in self.roles if column not in (self.figure, self.unit)
            ]
            return f"{capitalised(self.rows_are)}: {', '.join(str(one) for one in labels if one)}"
        return f"{capitalised(self.one_row_is)} {row[self.first('key', 'sequence') or 'position']}"

    def caveats_of(self, *disclosures: str) -> list[dict[str, str | None]]:
        """Return the caveats that hold for every disclosure, and those of these."""
        return [one for one in self.caveats if one["disclosure_id"] in (None, *disclosures)]

    def metadata(self, config: Config) -> dict[str, Any]:
        """Return what Datasette and the site's templates are told about the table."""
        bars = [
            {
                "columns": [text],
                "measures": [self.measure(text, what) for what in MEASURES[1:3]],
                "band": self.measure(text, BAND),
            }
            for text in self.marked
        ]
        only = self.disclosures if len(self.disclosures) == 1 else []
        about: dict[str, Any] = {
            "facets": self.facets,
            "headings": {column: self.heading(column) for column in self.columns},
            "left_out": self.left_out,
            "plugins": {
                "redaction_density": bars,
                "missing_values": {
                    "reason_column": "{}_status",
                    "words": {AS_PRINTED: "see source"},
                    "when_set": {"withdrawn_on": {"withdrawn": ["source_text", *self.texts]}},
                },
            },
            "caveats": self.caveats_of(*only),
        }
        return about | ({"basis": config.basis} if config.basis else {})


def capitalised(words: str) -> str:
    """Return `words` with a capital at the beginning."""
    return words[:1].upper() + words[1:]


def read_tables(connection: sqlite3.Connection) -> list[RecordTable]:
    """Return the tables made from shapes, in the order of `descriptions`."""
    exists = "select 1 from sqlite_master where type = 'table' and name = ?"
    if not connection.execute(exists, [TABLE]).fetchone():
        return []
    about = connection.execute(
        f"select table_name, column_name, title, family, one_row_is, rows_are, role from {TABLE} order by rowid"
    ).fetchall()
    roles: dict[str, dict[str, str]] = {}
    columns: dict[str, list[str]] = {}
    for table, column, *_, role in about:
        if column is not None:
            columns.setdefault(table, []).append(column)
            if role:
                roles.setdefault(table, {})[column] = role
    return [
        look_at(connection, table, title, family, one, several, columns[table], roles[table])
        for table, column, title, family, one, several, _ in about
        if column is None and table in roles
    ]


def look_at(
    connection: sqlite3.Connection,
    name: str,
    title: str,
    family: str,
    one_row_is: str,
    rows_are: str,
    columns: list[str],
    roles: dict[str, str],
) -> RecordTable:
    """Return a table, with what its rows have."""

    def values(column: str, most: int) -> list[Any]:
        sql = f"select distinct {escape_sqlite(column)} from {escape_sqlite(name)}"
        found = connection.execute(f"{sql} where {escape_sqlite(column)} is not null limit {most}")
        return [value for (value,) in found]

    about = (name, family, title, one_row_is, rows_are, columns, roles)
    table = RecordTable(
        *about,
        [],
        [],
        sorted(values("disclosure_id", -1)),
        bool(values("status", 1)),
        caveats_in(connection, name),
    )
    marked = [text for text in table.texts if {*values(table.measure(text, BAND), -1)} - {UNMARKED}]
    chosen = [
        *("disclosure_id", *table.with_role("period", "category", "unit"), "status"),
        *(table.measure(text, BAND) for text in marked),
    ]
    facets = [one for one in chosen if 1 < len(values(one, MOST_VALUES + 1)) <= MOST_VALUES]
    return table._replace(facets=facets, marked=marked)


def caveats_in(connection: sqlite3.Connection, table: str) -> list[dict[str, str | None]]:
    """Return what a reader must know before using a table, each once; none if the database has no caveats."""
    if not connection.execute("select 1 from sqlite_master where name = ?", [CAVEATS]).fetchone():
        return []
    found = connection.execute(
        f"select disclosure_id, id, sentence, text from {CAVEATS} where table_name = ? order by rowid",
        [table],
    )
    once = {
        (disclosure_id, id): {"disclosure_id": disclosure_id, "short": sentence, "text": text}
        for disclosure_id, id, sentence, text in found
    }
    return list(once.values())


_configs: WeakKeyDictionary[Datasette, dict[str, Config]] = WeakKeyDictionary()
_names: WeakKeyDictionary[Datasette, set[str]] = WeakKeyDictionary()
"""The names of all tables and views in DATABASE."""
_tables: WeakKeyDictionary[Datasette, dict[str, dict[str, RecordTable]]] = WeakKeyDictionary()
"""The tables made from shapes, by database and name."""


def tables_of(datasette: Datasette, database: str = DATABASE) -> dict[str, RecordTable]:
    return _tables.get(datasette, {}).get(database, {})


@hookimpl
def startup(datasette: Datasette) -> Any:
    async def read() -> None:
        try:
            _configs[datasette] = {
                name: Config.model_validate(
                    datasette.plugin_config("record_tables", database=name) or {}
                )
                for name in datasette.databases
            }
        except ValidationError as error:
            raise ClickException(f"metadata.yml, plugin record_tables: {error}") from error
        if DATABASE in datasette.databases:
            database = datasette.get_database(DATABASE)
            names = {*await database.table_names(), *await database.view_names()}
            _names[datasette] = names
        _tables[datasette] = {
            name: {table.name: table for table in await database.execute_fn(read_tables)}
            for name, database in datasette.databases.items()
        }

    return read


@hookimpl
def get_metadata(
    datasette: Datasette, key: str | None, database: str | None, table: str | None
) -> dict[str, Any]:
    asked = [database] if database else list(_tables.get(datasette, {}))
    found: dict[str, dict[str, Any]] = {}
    for name in asked:
        config = _configs.get(datasette, {}).get(name, Config())
        for each in tables_of(datasette, name).values():
            if table in (None, each.name):
                # Datasette asks for "tables" when it checks one permission or facet, and copies all that it gets.
                about = {"facets": each.facets} if key == "tables" else each.metadata(config)
                found.setdefault(name, {})[each.name] = deepcopy(about)
    return {"databases": {name: {"tables": tables} for name, tables in found.items()}}


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Callable[..., Any]]:
    return {
        "record_table": lambda name: tables_of(datasette).get(name),
        "has_table": lambda name: name in _names.get(datasette, ()),
        "record_tables": lambda: list(tables_of(datasette).values()),
    }
