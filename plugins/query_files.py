"""Serve the canned queries of a folder, one file a question.

Problem: a canned query in metadata.yml parts the SQL from the files where SQL is written, read and
tested, and has no room for what must stand beside its figures. What this does: each `.sql` file of
`canned_queries/`, beside the folder of this plugin, is a query named after the file. It begins with
a header, YAML behind `-- `:

    -- title: How many officers of each rank?
    -- group: Which ranks?                    one of the groups below
    -- position: 1                            its place in the group
    -- description: Officers by rank.
    -- basis: counted                         one of BASES: whose figures these are
    -- caveats: [officers, open]              keys of the database's caveats
    -- columns:                               every column, in order, with what it means, or
    --   rank:                                nothing where a table of `explained_by` says it
    --   officers: Officers counted.
    -- counts:                                figures that count rows, and which:
    --   officers: rank, status=finalised     those of the same rank, and finalised
    -- chart: {mark: bar, x: rank, y: officers, color: status}    or, with `of`, another's chart
    -- drawing: {by: rank, count: officers, state: status}         see svg_charts.py
    -- chart_note: Open rows are not drawn.   what the chart cannot show
    -- parameters: {q: {label: Words}}        what the form calls them; `choices: ranks.term`
    -- matches: [snippet]                     columns in which ⟦ and ⟧ stand around a match
    -- answer: "{{ rows|length }} ranks."     the answer in a sentence, of the rows of one disclosure
    -- none: Nothing was found.               what to say when there are no rows,
    -- unasked: Type a word.                  and when nothing was asked

metadata.yml says, for each database that is to have them:

    plugins:
      query_files:
        groups: [Which ranks?]          in the order to show them in
        rows: officer_allegations       the table that ids and counts open
        unless: {status: missing}       a result row that counts no rows of that table
        columns: {share: From 0 to 1.}  what columns of several questions mean,
        explained_by: [officers_counted, officer_allegations]    and where else that is said
        parameters: {disclosure_id: {label: Disclosure, choices: disclosures.id}}

Files are read once, when the server starts, and a mistake in one stops it. Templates get
`questions(database)` and `rows_behind(...)`. Limits: a header is checked against itself and against
metadata.yml; that the SQL answers the columns it names is for a test to say.
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

FOLDER = Path(__file__).resolve().parent.parent / "canned_queries"
HEADER = re.compile(r"(?:--.*\n)+")
PARAMETER = re.compile(r":([a-z_]+)")

SENTENCES = Environment(undefined=StrictUndefined)

Basis = Literal["checked", "counted", "at least", "mixed", "inferred"]
BASES: dict[Basis, str] = {
    "checked": "Checked: the officers of each year are held at every build against the totals that "
    "the publisher printed. How they divide into finalised and open is our count.",
    "counted": "Our count: the publisher prints nothing to check it against.",
    "at least": "At least these, by our count: only words that can be read are searched.",
    "inferred": "Inferred by this project; the reason stands beside it, or in the rows behind it.",
    "mixed": "Published words, beside columns that we derived or explain.",
}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Chart(Strict):
    """A chart for datasette-vega: which column is drawn where, of this question or of another."""

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
        """What datasette-vega reads behind the `#` of an address."""
        drawn = {
            "mark": self.mark,
            "x_column": self.x,
            "x_type": "ordinal",
            "y_column": self.y,
            "y_type": "quantitative",
        }
        if self.color:
            drawn["color_column"] = self.color
        return urlencode({f"g.{name}": value for name, value in drawn.items()})


class Drawing(Strict):
    """How the server draws the answer (plugins/svg_charts.py): a bar a value of `by`, a panel of `each`."""

    by: str
    parts: dict[str, str] = {}
    count: str | None = None
    state: str | None = None
    share: str | None = None
    lowest: str | None = None
    highest: str | None = None
    until: str | None = None
    each: str | None = None
    called: str = "{}"

    @property
    def columns(self) -> set[str]:
        named = self.model_dump(exclude={"parts", "called"}).values()
        return {column for column in (*named, *self.parts.values()) if column}


class Parameter(Strict):
    """What a reader may fill in: its label, and the table and column that hold the choices."""

    label: str
    choices: str | None = None


class Header(Strict):
    title: str
    group: str
    position: int
    description: str
    basis: Basis
    caveats: list[str]
    columns: dict[str, str | None]
    counts: dict[str, str] = {}
    chart: Chart | None = None
    chart_note: str = ""
    drawing: Drawing | None = None
    parameters: dict[str, Parameter] = {}
    matches: list[str] = []
    answer: str | None = None
    none: str = "No rows."
    unasked: str | None = None


class Question(NamedTuple):
    name: str
    header: Header
    sql: str


class InvalidQueryFile(ValueError):
    """A query file that cannot be served: its name, and what is wrong with it."""


def read(path: Path) -> Question:
    """The query in the file at `path`. Raises Unusable where its header is not as it should be."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidQueryFile(f"{path.name}: {error}") from error
    written = HEADER.match(text)
    if not written:
        raise InvalidQueryFile(
            f"{path.name}: expected a header of lines that begin with --, found none"
        )
    lines = [re.sub(r"^-- ?", "", line) for line in written.group().splitlines()]
    try:
        keys = [key.value for key, _ in getattr(yaml.compose("\n".join(lines)), "value", [])]
        header = Header.model_validate(yaml.safe_load("\n".join(lines)))
    except yaml.YAMLError as error:
        raise InvalidQueryFile(f"{path.name}: the header is not YAML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise InvalidQueryFile(f"{path.name}: {wrong}") from error
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise InvalidQueryFile(f"{path.name}: {', '.join(twice)} twice")
    named = set(header.counts) | set(header.matches)
    named |= {
        part for counted in header.counts.values() for part, given, _ in parts(counted) if not given
    }
    if header.chart and not header.chart.of:
        named |= header.chart.columns
    if header.drawing:
        named |= header.drawing.columns
    if unknown := sorted(named - set(header.columns)):
        raise InvalidQueryFile(f"{path.name}: {', '.join(unknown)} not among its columns")
    return Question(path.stem, header, text[written.end() :].strip())


def parts(counted: str) -> list[tuple[str, str, str]]:
    """`rank, status=finalised` as the columns that it names, each with "=" and a value or without."""
    return [part.strip().partition("=") for part in counted.split(",")]


def as_metadata(question: Question, about: Mapping[str, Any]) -> dict[str, Any]:
    """`question` as Datasette takes a canned query, with what templates show beside it.

    `about` is the database's metadata. Raises Unusable where it lacks what the header refers to.
    """
    name, header, sql = question
    config = about["plugins"]["query_files"]
    parameters = {**config.get("parameters", {}), **header.model_dump()["parameters"]}
    tables = [about["tables"][table]["columns"] for table in config["explained_by"]]
    explained = ChainMap(config.get("columns", {}), *tables)
    columns = {column: own or explained.get(column) for column, own in header.columns.items()}
    unknown = [f"group {header.group!r}"] if header.group not in config["groups"] else []
    unknown += [f"caveat {key!r}" for key in header.caveats if key not in about["caveats"]]
    unknown += [f"column {key!r}, without a meaning," for key in columns if not columns[key]]
    unknown += [
        f"parameter {key!r}, without a label,"
        for key in PARAMETER.findall(sql)
        if key not in parameters
    ]
    if unknown:
        raise InvalidQueryFile(f"{name}.sql: {', '.join(unknown)} not in metadata.yml")
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


def queries_of(datasette: Datasette, database: str) -> Queries:
    """The queries of `database` by name, groups and positions in order; read on the first call."""
    kept = _queries.setdefault(datasette, {})
    if database not in kept:
        about = (datasette.metadata("databases") or {}).get(database, {})
        config = about.get("plugins", {}).get("query_files")
        found = [as_metadata(read(path), about) for path in FOLDER.glob("*.sql")] if config else []
        found.sort(key=lambda q: (config["groups"].index(q["group"]), q["position"], q["name"]))
        kept[database] = {query["name"]: query for query in found}
    return kept[database]


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        for database in datasette.databases:
            queries_of(datasette, database)
    except InvalidQueryFile as error:
        raise ClickException(f"canned_queries/{error}") from error
    except KeyError as error:
        raise ClickException(
            f"metadata.yml: query_files wants {error}, which is not there"
        ) from error


@hookimpl
def canned_queries(datasette: Datasette, database: str) -> Queries:
    return queries_of(datasette, database)


def filters(counted: str, row: Mapping[str, Any]) -> dict[str, str]:
    """The filters of a table page that choose the rows counted: `rank, status=finalised`."""
    chosen: dict[str, str] = {}
    for column, given, value in parts(counted):
        if given:
            chosen[column] = value
        elif row[column] is None:
            chosen[f"{column}__isnull"] = "1"
        else:
            chosen[column] = str(row[column])
    return chosen


def per_disclosure(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """`rows` by the disclosure that they belong to, "" for those that belong to none."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["disclosure_id"] or "", []).append(row)
    return found


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    def questions(database: str) -> dict[str, list[dict[str, Any]]]:
        """The queries of `database` by group, in order."""
        groups: dict[str, list[dict[str, Any]]] = {}
        for query in queries_of(datasette, database).values():
            groups.setdefault(query["group"], []).append(query)
        return groups

    def rows_behind(
        database: str, query: Mapping[str, Any], column: str, row: Mapping[str, Any]
    ) -> str | None:
        """The address of the rows that a figure counts, or of the row that an id names."""
        config = datasette.plugin_config("query_files", database=database, fallback=False)
        if not row[column] or any(
            name in row.keys() and row[name] == value  # noqa: SIM118 - a row of SQLite is no dict
            for name, value in config.get("unless", {}).items()
        ):
            return None
        if column == "id":
            return f"{datasette.urls.table(database, config['rows'])}/{row['id']}"
        if counted := query["counts"].get(column):
            chosen = urlencode(filters(counted, row))
            return f"{datasette.urls.table(database, config['rows'])}?{chosen}"
        return None

    def answers(query: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """The answer of `query` in a sentence, for each disclosure in `rows`."""
        if not query["answer"]:
            return {}
        sentence = SENTENCES.from_string(query["answer"])
        return {
            disclosure: sentence.render(rows=found)
            for disclosure, found in per_disclosure(rows).items()
        }

    def question(database: str, name: str) -> dict[str, Any]:
        """One query of `database`."""
        return queries_of(datasette, database)[name]

    return {
        "answers": answers,
        "per_disclosure": per_disclosure,
        "question": question,
        "questions": questions,
        "rows_behind": rows_behind,
    }


assert set(BASES) == set(get_args(Basis))
