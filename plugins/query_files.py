"""Serve a folder of canned queries, one file per question.

Problem: a canned query in metadata.yml separates the SQL from the files where SQL is written, read
and tested, and has no place for notes about its figures. What this does: each `.sql` file of
`canned_queries/`, the folder beside that of this plugin, is a query named after its file. Here a
question is a canned query with a header, which is YAML with `-- ` before each line:

    -- title: How many loans has each branch?
    -- group: Which branches?                 one of the groups listed in metadata.yml
    -- position: 1                            its place in the group
    -- indexed: true                          search engines may index its page (response_headers.py)
    -- description: Loans by branch.
    -- basis: counted                         one of the bases in metadata.yml: where figures come from
    -- caveats: [renewals]                    keys of the database's caveats
    -- columns:                               every column in order with its meaning, which may be
    --   branch:                              left out where a table of `describe_from` gives it
    --   loans: Loans counted.
    -- drilldown:                             which rows each figure links to
    --   loans: branch, state=returned        (the rows with the same branch and state "returned")
    -- chart: {mark: bar, x: branch, y: loans, color: state}      `of: NAME` charts another question
    -- drawing: {by: branch, count: loans, state: state}          see svg_charts.py
    -- chart_note: Blanks are left out.       what the chart cannot show
    -- parameters: {q: {label: Words, example: poetry}}    form fields; `choices: branches.name`
    -- highlight: [snippet]                   columns that put ⟦ and ⟧ around each match
    -- answer: "{{ rows|length }} branches."  a Jinja template for one sentence about the rows;
    --                                        the filter `long_date` writes 16 August 2022
    -- empty_message: Nothing was found.      the text to show if there are no rows,
    -- prompt: Type a word.                   and before the reader has entered anything

metadata.yml says, for each database that has such queries:

    plugins:
      query_files:
        folder: canned_queries               beside the folder of this plugin
        table: questions                     or a table of the database (name, header, sql), or both
        groups: [Which branches?]            in display order
        bases: {counted: Our count.}         text that says where figures come from
        rows: loans                          the table that drilldowns open,
        noun: loans                          what its rows are,
        row_id: id                           and the column that opens one row of it
        exclude_when: {state: lost}          rows without links, because that table lacks them
        separate_by: year                    answer and count each value separately
        columns: {share: From 0 to 1.}       meanings that several questions use,
        describe_from: [loans]               and the tables whose column meanings they share
        parameters: {year: {label: Year, choices: years.year}}

A header in a table is JSON with the same keys, except that `basis` and `caveats` (short, text) are in words, and
`rows_in` names the table that drilldowns open. A question in a file precedes one of the same name in the table.
One with `listed: false` has a page, and is in no list.

Files and tables are read once, when the server starts; a mistake in one, or in metadata.yml, stops it.
Templates get `questions(database)`, `question(database, name)`, `answers(query, rows)`,
`separate(query, rows)` and `rows_behind(...)`. Limitations: a header is checked against itself and
metadata.yml; only a test can check that the SQL returns the columns it names.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import escape_sqlite, tilde_encode
from jinja2 import Environment, StrictUndefined
from pydantic import Field, ValidationError

from ingest.config.yaml_model import Model, line_in, parse
from ingest.text.phrases import long_date

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTIONS = "descriptions"
"""The table that says what the columns of a stored question's table mean (plugins/descriptions.py)."""
HEADER = re.compile(r"(?:--.*\n)+")
PARAMETER = re.compile(r":([a-z_]+)")


def figure(number: float) -> str:
    """Return a number with commas between thousands, and no more decimals than it has."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.10g}"


SENTENCES = Environment(undefined=StrictUndefined)
SENTENCES.filters["long_date"] = long_date
SENTENCES.filters["figure"] = figure


class Chart(Model):
    """The columns that datasette-vega plots, from this question or another."""

    mark: Literal["bar", "line", "point"]
    x: str
    y: str
    color: str | None = None
    of: str | None = None

    @property
    def columns(self) -> set[str]:
        return {column for column in (self.x, self.y, self.color) if column}

    @property
    def fragment(self) -> str:
        """Return what datasette-vega reads after the `#` of a URL."""
        settings = {
            "mark": self.mark,
            "x_column": self.x,
            "x_type": "ordinal",
            "y_column": self.y,
            "y_type": "quantitative",
        }
        if self.color:
            settings["color_column"] = self.color
        return urlencode({f"g.{name}": value for name, value in settings.items()})


class Drawing(Model):
    """How the server draws the answer (svg_charts.py): one bar per `by`, one panel per `panel`."""

    by: str
    parts: dict[str, str] = Field(default_factory=dict)
    count: str | None = None
    state: str | None = None
    share: str | None = None
    lower: str | None = None
    upper: str | None = None
    partial: str | None = None
    partial_until: str | None = None
    upright: bool = False
    at_least: bool = False
    own_scale: bool = False
    solid: str | None = None  # what to call the solid part, if not by default
    panel: str | None = None
    panel_title: str = "{}"

    @property
    def columns(self) -> set[str]:
        named = self.model_dump(
            exclude={"parts", "panel_title", "solid", "upright", "at_least", "own_scale"}
        ).values()
        return {column for column in (*named, *self.parts.values()) if column}


class Parameter(Model):
    """A form field: its label, the source of its choices (table.column, and the filters of its rows) and an
    example."""

    label: str
    choices: str | None = None
    chosen_from: str = ""
    example: str | None = None


class AnyHeader(Model):
    """What a question is, and what its page shows beside the figures."""

    title: str
    group: str
    position: int
    listed: bool = True
    indexed: bool = False
    description: str
    basis: str
    columns: dict[str, str | None]
    drilldown: dict[str, str] = Field(default_factory=dict)
    chart: Chart | None = None
    chart_note: str = ""
    drawing: Drawing | None = None
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    highlight: tuple[str, ...] = ()
    answer: str | None = None
    empty_message: str = "No rows."
    prompt: str | None = None

    @property
    def columns_used(self) -> set[str]:
        """Return every column that another key of the header names."""
        used = {*self.drilldown, *self.highlight}
        for condition in self.drilldown.values():
            used |= {column for column, value in parse_drilldown(condition) if value is None}
        if self.chart and not self.chart.of:
            used |= self.chart.columns
        if self.drawing:
            used |= self.drawing.columns
        return used


class Header(AnyHeader):
    """The header of a query file, which refers to bases and caveats in metadata.yml."""

    caveats: list[str]


class Caveat(Model):
    """A caveat: the sentence beside the figures, and what there is more to say."""

    short: str
    text: str


class StoredHeader(AnyHeader):
    """The header of a question in the database: its basis and caveats are in words. `rows_in` is the table
    that its drilldowns open, and that says what its columns mean."""

    caveats: list[Caveat]
    rows_in: str


class Config(Model):
    """The plugin's configuration for one database."""

    folder: str | None = None
    table: str | None = None
    groups: list[str] = Field(default_factory=list)
    bases: dict[str, str] = Field(default_factory=dict)
    rows: str | None = None
    noun: str = "rows"
    row_id: str = "id"
    exclude_when: dict[str, str] = Field(default_factory=dict)
    separate_by: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    describe_from: tuple[str, ...] = ()
    parameters: dict[str, Parameter] = Field(default_factory=dict)


class Question(NamedTuple):
    """A query file: its path, its header as YAML and as parsed, and its SQL."""

    path: Path
    yaml: str
    header: Header
    sql: str

    @property
    def name(self) -> str:
        return self.path.stem

    def fault(self, words: str, *keys: int | str) -> str:
        """Return `words` with the file and the line that has the value under `keys`."""
        return f"{place(self.path, line_in(self.yaml, *keys))}: {words}"


class InvalidQueryFile(ValueError):
    """Raised if a query file, or its entry in metadata.yml, is wrong. The message says where."""


def place(path: Path, line: int | None = None) -> str:
    """Return the location of a mistake, such as "canned_queries/loans.sql, line 3"."""
    return f"{path.parent.name}/{path.name}{'' if line is None else f', line {line}'}"


def read_query_file(path: Path) -> Question:
    """Return the question in the file at `path`. Raise InvalidQueryFile if its header is not valid."""
    try:
        found = HEADER.match(text := path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidQueryFile(f"{place(path)}: not UTF-8: {error}") from error
    if not found:
        raise InvalidQueryFile(f"{place(path, 1)}: no header (lines that begin with --)")
    yaml = re.sub(r"^-- ?", "", found.group(), flags=re.MULTILINE)
    header, findings = parse(yaml, Header, path)
    if not header:
        raise InvalidQueryFile(
            "\n".join(
                f"{place(path, finding.line)}: {finding.found} ({finding.expected})"
                for finding in findings
            )
        )
    question = Question(path, yaml, header, text[found.end() :].strip())
    if unlisted := sorted(header.columns_used - set(header.columns)):
        faults = f"{', '.join(unlisted)} used, but not listed under columns"
        raise InvalidQueryFile(question.fault(faults, "columns"))
    return question


def parse_drilldown(condition: str) -> list[tuple[str, str | None]]:
    """Return the columns in a condition with their values; None stands for the value in the row.

    `branch, state=returned` gives `[("branch", None), ("state", "returned")]`.
    """
    parts = [part.strip().partition("=") for part in condition.split(",")]
    return [(column, value if equals else None) for column, equals, value in parts]


def _find_undefined(
    question: Question,
    config: Config,
    caveats: Mapping[str, Any],
    columns: Mapping[str, str | None],
    parameters: Mapping[str, Parameter],
) -> Iterator[str]:
    """Yield a message for everything that the header refers to but metadata.yml does not define."""
    header = question.header
    if header.group not in config.groups:
        yield question.fault(f"group {header.group!r} is not in metadata.yml", "group")
    if header.basis not in config.bases:
        yield question.fault(f"basis {header.basis!r} is not in metadata.yml", "basis")
    for index, key in enumerate(header.caveats):
        if key not in caveats:
            yield question.fault(f"caveat {key!r} is not in metadata.yml", "caveats", index)
    for column, meaning in columns.items():
        if not meaning:
            yield question.fault(
                f"column {column!r} has no meaning, here or in metadata.yml", "columns", column
            )
    for name in PARAMETER.findall(question.sql):
        if name not in parameters:
            yield question.fault(
                f"parameter {name!r} has no label, here or in metadata.yml", "parameters"
            )


def check_positions(questions: Iterable[Question]) -> None:
    """Raise InvalidQueryFile if two of `questions` have the same position in one group."""
    first: dict[tuple[str, int], Question] = {}
    for question in questions:
        header = question.header
        other = first.setdefault((header.group, header.position), question)
        if other is not question:
            taken = f"position {header.position} in this group is that of {place(other.path)}"
            raise InvalidQueryFile(question.fault(taken, "position"))


def as_metadata(question: Question, config: Config, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return `question` as canned-query metadata for Datasette, with the values that templates
    show.

    `about` is the database's metadata. Raise InvalidQueryFile if it lacks what the header refers to.
    """
    header, caveats = question.header, about.get("caveats", {})
    parameters = {**config.parameters, **header.parameters}
    tables = [about["tables"][table].get("columns", {}) for table in config.describe_from]
    meanings = ChainMap(config.columns, *tables)
    columns = {column: own or meanings.get(column) for column, own in header.columns.items()}
    if faults := list(_find_undefined(question, config, caveats, columns, parameters)):
        raise InvalidQueryFile("\n".join(faults))
    return {
        **header.model_dump(exclude={"chart"}),
        "sql": question.sql,
        "name": question.name,
        "basis": config.bases[header.basis],
        "caveats": [caveats[key] for key in header.caveats],
        "columns": columns,
        "parameters": {name: field.model_dump() for name, field in parameters.items()},
        "noun": config.noun,
        "separate_by": config.separate_by,
        "rows_in": config.rows,
        "chart": _chart(question.name, header),
    }


def _chart(name: str, header: AnyHeader) -> dict[str, str] | None:
    chart = header.chart
    return {"of": chart.of or name, "fragment": chart.fragment} if chart else None


def stored_questions(database: Database, table: str, config: Config) -> Iterator[dict[str, Any]]:
    """Yield the questions in a table (name, header, sql) as canned-query metadata, as `as_metadata` returns it.

    Raise ValidationError if a header is not valid.
    """
    with closing(database.connect()) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
        if table not in tables:
            return
        meanings: dict[tuple[str, str], str] = {}
        if DESCRIPTIONS in tables:
            described = f"select table_name, column_name, description from {DESCRIPTIONS}"
            meanings = {(of, column): about for of, column, about in connection.execute(described)}
        found = f"select name, header, sql from {escape_sqlite(table)} order by rowid"
        for name, text, sql in connection.execute(found):
            header = StoredHeader.model_validate_json(text)
            yield {
                **header.model_dump(),
                "sql": sql,
                "name": name,
                "columns": {
                    column: own or meanings.get((header.rows_in, column), "")
                    for column, own in header.columns.items()
                },
                "separate_by": config.separate_by,
                "chart": _chart(name, header),
            }


Queries = dict[str, dict[str, Any]]


class Loaded(NamedTuple):
    """A database's configuration for this plugin, or None, and its queries."""

    config: Config | None
    queries: Queries


_loaded: WeakKeyDictionary[Datasette, dict[str, Loaded]] = WeakKeyDictionary()


def load_queries(about: Mapping[str, Any], database: Database) -> Loaded:
    """Return the queries of a database, whose metadata is `about`, in order of group and position.

    Raise InvalidQueryFile if a file is wrong, ValidationError if the configuration is.
    """
    given = about.get("plugins", {}).get("query_files")
    if not given:
        return Loaded(None, {})
    config = Config.model_validate(given)
    queries = files_of(config, about) if config.folder else []
    queries.sort(key=lambda q: (config.groups.index(q["group"]), q["position"]))
    by_name = {query["name"]: query for query in queries}
    for query in stored_questions(database, config.table, config) if config.table else ():
        by_name.setdefault(query["name"], query)
    return Loaded(config, by_name)


def files_of(config: Config, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the queries in the folder. Raise InvalidQueryFile if one is wrong."""
    if unknown := sorted(set(config.describe_from) - set(about.get("tables", {}))):
        raise InvalidQueryFile(
            f"metadata.yml, plugin query_files: describe_from: no table {', '.join(unknown)}"
        )
    folder = ROOT / str(config.folder)
    if not folder.is_dir():
        raise InvalidQueryFile(f"metadata.yml, plugin query_files: no folder {config.folder}")
    found = [read_query_file(path) for path in sorted(folder.glob("*.sql"))]
    check_positions(found)
    return [as_metadata(question, config, about) for question in found]


def loaded(datasette: Datasette, database: str) -> Loaded:
    """Return the configuration and queries of `database`, reading its files on the first call."""
    kept = _loaded.setdefault(datasette, {})
    if database not in kept:
        about = (datasette.metadata("databases") or {}).get(database, {})
        kept[database] = load_queries(about, datasette.get_database(database))
    return kept[database]


def queries_of(datasette: Datasette, database: str) -> Queries:
    """Return the queries of `database` by name, in order."""
    return loaded(datasette, database).queries


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        for database in datasette.databases:
            loaded(datasette, database)
    except InvalidQueryFile as error:
        raise ClickException(str(error)) from error
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin query_files: {error}") from error


@hookimpl
def canned_queries(datasette: Datasette, database: str) -> Queries:
    return queries_of(datasette, database)


def filters(condition: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the filters of a table page that select the rows counted in `row`."""
    selected: dict[str, str] = {}
    for column, value in parse_drilldown(condition):
        if value is not None:
            selected[column] = value
        elif row[column] is None:
            selected[f"{column}__isnull"] = "1"
        else:
            selected[column] = str(row[column])
    return selected


def separate(
    query: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> dict[str, list[Mapping[str, Any]]]:
    """Return `rows` grouped by the `separate_by` column. Rows without a value, or all rows if there
    is no such column, are under ""."""
    column = query["separate_by"]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        key = row[column] if column in row.keys() else None  # noqa: SIM118 - no dict
        groups.setdefault("" if key is None else str(key), []).append(row)
    return groups


def answers(query: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return one answer sentence for each group of `rows`, or an empty dict if `query` has no
    answer."""
    if not query["answer"]:
        return {}
    sentence = SENTENCES.from_string(query["answer"])
    return {key: sentence.render(rows=group) for key, group in separate(query, rows).items()}


def url_of_rows(
    datasette: Datasette,
    database: str,
    query: Mapping[str, Any],
    column: str,
    row: Mapping[str, Any],
) -> str | None:
    """Return the URL of the rows that a figure counts, or of the row that an id identifies."""
    config = loaded(datasette, database).config
    if not config or not query["rows_in"] or not row[column]:
        return None
    names = row.keys()
    if any(name in names and row[name] == value for name, value in config.exclude_when.items()):
        return None
    table = datasette.urls.table(database, query["rows_in"])
    if column == config.row_id:
        return f"{table}/{tilde_encode(str(row[column]))}"
    if condition := query["drilldown"].get(column):
        return f"{table}?{urlencode(filters(condition, row))}"
    return None


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    def questions(database: str) -> dict[str, list[dict[str, Any]]]:
        """Return the queries of `database` by group, in order."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for query in queries_of(datasette, database).values():
            if not query["listed"]:
                continue
            groups.setdefault(query["group"], []).append(query)
        return groups

    def question(database: str, name: str) -> dict[str, Any]:
        """Return one query of `database`."""
        return queries_of(datasette, database)[name]

    def rows_behind(
        database: str, query: Mapping[str, Any], column: str, row: Mapping[str, Any]
    ) -> str | None:
        return url_of_rows(datasette, database, query, column, row)

    return {
        "answers": answers,
        "question": question,
        "questions": questions,
        "rows_behind": rows_behind,
        "separate": separate,
    }
