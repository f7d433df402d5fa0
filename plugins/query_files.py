"""Serve a folder of canned queries, one file per question.

Problem: a canned query in metadata.yml separates the SQL from the files where SQL is written, read
and tested, and has no room for what belongs beside its figures. What this does: each `.sql` file of
`canned_queries/`, the folder beside that of this plugin, is a query named after its file. It begins
with a header, YAML behind `-- `:

    -- title: How many officers are there of each rank?
    -- group: Which ranks?                    one of the groups listed in metadata.yml
    -- position: 1                            its place in the group
    -- indexed: true                          search engines may index its page (noindex.py)
    -- description: Officers by rank.
    -- basis: counted                         one of BASES: where the figures come from
    -- caveats: [officers, open]              keys of the database's caveats
    -- columns:                               every column in order with its meaning, which may be
    --   rank:                                left out where a table of `describe_from` gives it
    --   officers: Officers counted.
    -- drilldown:                             figures that open the rows they count, and which:
    --   officers: rank, status=finalised     those of the same rank that are finalised
    -- chart: {mark: bar, x: rank, y: officers, color: status}    `of: NAME` charts another question
    -- drawing: {by: rank, count: officers, state: status}        see svg_charts.py
    -- chart_note: Blanks are left out.       what the chart cannot show
    -- parameters: {q: {label: Words, example: harass}}    form fields; `choices: ranks.term`
    -- highlight: [snippet]                   columns that put ⟦ and ⟧ around each match
    -- answer: "{{ rows|length }} ranks."     one sentence, made from the rows of one disclosure;
                                              the filter `long_date` writes 16 August 2022
    -- empty_message: Nothing was found.      what to say when there are no rows,
    -- prompt: Type a word.                   and when the reader has not asked yet

metadata.yml says, for each database that has such queries:

    plugins:
      query_files:
        folder: canned_queries               beside the folder of this plugin; this is the default
        groups: [Which ranks?]               in the order to show them in
        rows: officer_allegations            the table that ids and drilldowns open
        exclude_when: {status: missing}      results that count no rows of that table
        columns: {share: From 0 to 1.}       meanings that several questions use,
        describe_from: [officers_counted]    and the tables whose column meanings they share
        parameters: {disclosure_id: {label: Disclosure, choices: disclosures.id}}

Files are read once, when the server starts; a mistake in one stops it. Templates get
`questions(database)`, `question(database, name)`, `answers(query, rows)`, `per_disclosure(rows)` and
`rows_behind(...)`. Limits: a header is checked against itself and metadata.yml; only a test can
check that the SQL returns the columns it names.
"""

# No deferred annotations: pydantic looks them up in sys.modules, where Datasette puts no plugin.
import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import yaml
from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from jinja2 import Environment, StrictUndefined
from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.text.phrases import long_date

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "canned_queries"
HEADER = re.compile(r"(?:--.*\n)+")
PARAMETER = re.compile(r":([a-z_]+)")

SENTENCES = Environment(undefined=StrictUndefined)
SENTENCES.filters["long_date"] = long_date

Basis = Literal["checked", "counted", "at least", "mixed", "inferred"]
BASES: dict[Basis, str] = {
    "checked": "Checked: every build compares the officers in each year with the totals that the "
    "publisher printed. How many were finalised or still under investigation is our count.",
    "counted": "Our count. The publisher prints no figures to check it against.",
    "at least": "At least this many, by our count: we can search only the words that can be read.",
    "inferred": "Inferred by this project. The reason is given beside it or in the rows behind it.",
    "mixed": "Published words, with columns that we worked out or explain.",
}
assert set(BASES) == set(get_args(Basis))


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Chart(Strict):
    """Say which columns datasette-vega plots, of this question or of another."""

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
        """Return what datasette-vega reads after the `#` of an address."""
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


class Drawing(Strict):
    """Say how the server draws the answer (svg_charts.py): one bar per `by`, one panel per `panel`."""

    by: str
    parts: dict[str, str] = {}
    count: str | None = None
    state: str | None = None
    share: str | None = None
    lower: str | None = None
    upper: str | None = None
    partial_until: str | None = None
    panel: str | None = None
    panel_title: str = "{}"

    @property
    def columns(self) -> set[str]:
        named = self.model_dump(exclude={"parts", "panel_title"}).values()
        return {column for column in (*named, *self.parts.values()) if column}


class Parameter(Strict):
    """Describe a form field: its label, where its choices come from (table.column), an example."""

    label: str
    choices: str | None = None
    example: str | None = None


class Header(Strict):
    title: str
    group: str
    position: int
    indexed: bool = False
    description: str
    basis: Basis
    caveats: list[str]
    columns: dict[str, str | None]
    drilldown: dict[str, str] = {}
    chart: Chart | None = None
    chart_note: str = ""
    drawing: Drawing | None = None
    parameters: dict[str, Parameter] = {}
    highlight: list[str] = []
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


class Question(NamedTuple):
    name: str
    header: Header
    sql: str


class InvalidQueryFile(ValueError):
    """Report a query file that cannot be served: its name, and what is wrong with it."""


def read_query_file(path: Path) -> Question:
    """Return the question in the file at `path`. Raise InvalidQueryFile if its header is wrong."""
    try:
        header, sql = split_header(path.read_text("utf-8"))
        return Question(path.stem, parse_header(header), sql)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise InvalidQueryFile(f"{path.name}: {'; '.join(faults)}") from error
    except yaml.YAMLError as error:
        raise InvalidQueryFile(f"{path.name}: the header is not YAML: {error}") from error
    except ValueError as error:
        raise InvalidQueryFile(f"{path.name}: {error}") from error


def split_header(text: str) -> tuple[str, str]:
    """Return the YAML of a file's header and its SQL. Raise ValueError if there is no header."""
    found = HEADER.match(text)
    if not found:
        raise ValueError("expected a header of lines that begin with --, found none")
    return re.sub(r"^-- ?", "", found.group(), flags=re.MULTILINE), text[found.end() :].strip()


def parse_header(text: str) -> Header:
    """Return the header that the YAML `text` describes.

    Raise YAMLError or ValidationError if it cannot be read, ValueError if it names a key twice or
    uses a column that it does not list.
    """
    keys = [key.value for key, _ in getattr(yaml.compose(text), "value", [])]
    header = Header.model_validate(yaml.safe_load(text))
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"{', '.join(repeated)} given twice")
    if unknown := sorted(header.columns_used - set(header.columns)):
        raise ValueError(f"{', '.join(unknown)} not among its columns")
    return header


def parse_drilldown(condition: str) -> list[tuple[str, str | None]]:
    """Return the columns that a condition names, and the value of each, None for the row's own.

    `rank, status=finalised` gives `[("rank", None), ("status", "finalised")]`.
    """
    parts = [part.strip().partition("=") for part in condition.split(",")]
    return [(column, value if equals else None) for column, equals, value in parts]


def as_metadata(question: Question, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return `question` as Datasette's metadata of a canned query, with what templates show.

    `about` is the database's metadata. Raise InvalidQueryFile if it lacks what the header refers to.
    """
    name, header, sql = question
    config = about["plugins"]["query_files"]
    parameters = {**config.get("parameters", {}), **header.model_dump()["parameters"]}
    tables = [about["tables"][table]["columns"] for table in config["describe_from"]]
    meanings = ChainMap(config.get("columns", {}), *tables)
    columns = {column: own or meanings.get(column) for column, own in header.columns.items()}
    unknown = [f"group {header.group!r}"] if header.group not in config["groups"] else []
    unknown += [f"caveat {key!r}" for key in header.caveats if key not in about["caveats"]]
    unknown += [f"a meaning of column {key!r}" for key in columns if not columns[key]]
    unknown += [
        f"a label of parameter {key!r}" for key in PARAMETER.findall(sql) if key not in parameters
    ]
    if unknown:
        raise InvalidQueryFile(f"{name}.sql: not in metadata.yml: {', '.join(unknown)}")
    return {
        **header.model_dump(exclude={"chart"}),
        "sql": sql,
        "name": name,
        "basis": BASES[header.basis],
        "caveats": [about["caveats"][key] for key in header.caveats],
        "columns": columns,
        "parameters": parameters,
        "chart": header.chart
        and {"of": header.chart.of or name, "fragment": header.chart.fragment},
    }


Queries = dict[str, dict[str, Any]]
_queries: WeakKeyDictionary[Datasette, dict[str, Queries]] = WeakKeyDictionary()


def load_queries(about: Mapping[str, Any]) -> Queries:
    """Return the queries of a database by name, ordered by group and position.

    `about` is its metadata. Raise InvalidQueryFile, or KeyError for a setting that is missing.
    """
    config = about.get("plugins", {}).get("query_files")
    if not config:
        return {}
    folder = ROOT / config.get("folder", FOLDER)
    try:
        queries = [as_metadata(read_query_file(path), about) for path in folder.glob("*.sql")]
    except InvalidQueryFile as error:
        raise InvalidQueryFile(f"{folder.name}/{error}") from error
    queries.sort(key=lambda q: (config["groups"].index(q["group"]), q["position"], q["name"]))
    return {query["name"]: query for query in queries}


def queries_of(datasette: Datasette, database: str) -> Queries:
    """Return the queries of `database`; its files are read on the first call."""
    loaded = _queries.setdefault(datasette, {})
    if database not in loaded:
        loaded[database] = load_queries((datasette.metadata("databases") or {}).get(database, {}))
    return loaded[database]


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        for database in datasette.databases:
            queries_of(datasette, database)
    except InvalidQueryFile as error:
        raise ClickException(str(error)) from error
    except KeyError as error:
        raise ClickException(
            f"metadata.yml: query_files needs {error}, which is missing"
        ) from error


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


def per_disclosure(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return `rows` by disclosure id, under "" those that belong to none."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["disclosure_id"] or "", []).append(row)
    return grouped


def answers(query: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the answer in a sentence for each disclosure in `rows`, nothing if `query` has none."""
    if not query["answer"]:
        return {}
    sentence = SENTENCES.from_string(query["answer"])
    return {id: sentence.render(rows=of_one) for id, of_one in per_disclosure(rows).items()}


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    def questions(database: str) -> dict[str, list[dict[str, Any]]]:
        """Return the queries of `database` by group, in order."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for query in queries_of(datasette, database).values():
            groups.setdefault(query["group"], []).append(query)
        return groups

    def question(database: str, name: str) -> dict[str, Any]:
        """Return one query of `database`."""
        return queries_of(datasette, database)[name]

    def rows_behind(
        database: str, query: Mapping[str, Any], column: str, row: Mapping[str, Any]
    ) -> str | None:
        """Return the address of the rows that a figure counts, or of the row that an id names."""
        config = datasette.plugin_config("query_files", database=database, fallback=False)
        if not row[column] or any(
            name in row.keys() and row[name] == value  # noqa: SIM118 - a row of SQLite is no dict
            for name, value in config.get("exclude_when", {}).items()
        ):
            return None
        table = datasette.urls.table(database, config["rows"])
        if column == "id":
            return f"{table}/{row['id']}"
        if condition := query["drilldown"].get(column):
            return f"{table}?{urlencode(filters(condition, row))}"
        return None

    return {
        "answers": answers,
        "per_disclosure": per_disclosure,
        "question": question,
        "questions": questions,
        "rows_behind": rows_behind,
    }
