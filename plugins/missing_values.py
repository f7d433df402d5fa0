"""Show why a cell is empty.

Problem: Datasette shows NULL as an empty cell, whatever the reason. What this does: if metadata.yml
gives a reason for a NULL, depending on the row's status or on whether another column is set, the
cell is styled according to that reason, and screen readers announce it.

    plugins:
      missing_values:
        status_column: stage
        by_status:
          finished: {not recorded: [weight, colour]}
          in progress: {not yet known: [weight, colour, price]}
        when_set:
          removed_on: {removed: [colour]}       takes precedence if removed_on is not NULL
        key: {not recorded: never written down}   what a key to the reasons calls them, in order

The site's templates and stylesheet do the rest. Templates get

- `with_nulls(rows, cells)`, the cells with NULL as a word. Call it on pages of free SQL, which have no
  columns with reasons, so that NULL differs from an empty string;
- `blanks(database, table, columns)`, the number of empty cells by column and reason, within the page's
  filters. Call it where facets are shown;
- `missing_value_reasons()`, this configuration, for charts and anything else that shows the data;
- `missing_value_key()`, the names of reasons in `key`.

Style `.null`, `.absent`, and a class made from each reason: `.absent-not-recorded`,
`.absent-not-yet-known` and so on. A mistake in the configuration stops the server.

Limitations: a row without its status column is left unchanged. Empty cells are not counted in the
columns of `when_set`, nor if counting takes too long. The data are not changed.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils import escape_sqlite
from datasette.utils.asgi import Request
from markupsafe import Markup
from pydantic import Field, ValidationError

from ingest.config.yaml_model import Model

Reasons = dict[str, list[str]]
"""The columns that are NULL for each reason."""


class Config(Model):
    """The reasons for NULL, by the value of the status column, and by other columns that are set."""

    status_column: str | None = None
    by_status: dict[str, Reasons] = Field(default_factory=dict)
    when_set: dict[str, Reasons] = Field(default_factory=dict)
    key: dict[str, str] = Field(default_factory=dict)

    def applying(self, row: Mapping[str, Any]) -> Iterator[Reasons]:
        """Yield the reasons that apply to `row`, those that take precedence first."""
        names = row.keys()
        for column, reasons in self.when_set.items():
            if column in names and row[column] is not None:
                yield reasons
        if self.status_column in names:
            status = row[self.status_column]
            # On table pages, the value of a foreign key comes as a dict with its label.
            yield self.by_status.get(status["value"] if isinstance(status, dict) else status, {})

    def reason(self, row: Mapping[str, Any], column: str) -> str | None:
        """Return the reason why `column` is NULL in `row`, or None if there is none."""
        for reasons in self.applying(row):
            for reason, columns in reasons.items():
                if column in columns:
                    return reason
        return None


class Blank(NamedTuple):
    """The empty cells of a column that have one reason: how many, and the page of their rows.

    If they are `selected`, `url` is the page without this filter.
    """

    reason: str
    number: int
    url: str
    selected: bool


NULL = Markup('<span class="null">NULL<span class="unseen"> (no value)</span></span>')

_configs: WeakKeyDictionary[Datasette, Config] = WeakKeyDictionary()


def config_of(datasette: Datasette) -> Config:
    """Return the plugin's configuration, cached because every cell needs it.

    Raise ValidationError if it is not valid.
    """
    if datasette not in _configs:
        given = datasette.plugin_config("missing_values") or {}
        _configs[datasette] = Config.model_validate(given)
    return _configs[datasette]


def render(reason: str) -> Markup:
    """Return the HTML of an empty cell."""
    return Markup('<span class="absent absent-{}" title="{}"><span>{}</span></span>').format(
        reason.replace(" ", "-"), reason, reason
    )


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        config_of(datasette)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin missing_values: {error}") from error


@hookimpl
def render_cell(
    row: Mapping[str, Any], value: object, column: str, datasette: Datasette
) -> Markup | None:
    if value is not None:
        return None
    reason = config_of(datasette).reason(row, column)
    return None if reason is None else render(reason)


def with_nulls(
    rows: Iterable[Iterable[object]], cells: Iterable[Iterable[object]]
) -> list[list[object]]:
    """Return the cells that Datasette made of `rows`, with the word NULL where one is empty because
    it is NULL."""
    blank = Markup("&nbsp;")
    return [
        [NULL if value is None and cell == blank else cell for value, cell in zip(row, shown)]  # noqa: B905
        for row, shown in zip(rows, cells)  # noqa: B905
    ]


def blank_filter(
    path: str, arguments: list[tuple[str, str]], column: str, status: tuple[str, str]
) -> tuple[str, bool]:
    """Return the URL of the empty cells with a status, and whether `arguments` select them already.

    If so the URL is that of the page without the filter on the column.
    """
    wanted = [(f"{column}__isnull", "1"), status]
    selected = all(argument in arguments for argument in wanted)
    dropped = {f"{column}__isnull"} if selected else {f"{column}__isnull", status[0]}
    kept = [(name, value) for name, value in arguments if name not in dropped]
    return f"{path}?{urlencode(kept if selected else kept + wanted)}", selected


async def blanks_of(
    datasette: Datasette, request: Request, database: str, table: str, columns: Iterable[str]
) -> dict[str, list[Blank]]:
    """Return the empty cells of `columns` within the page's filters, by column.

    Nothing is returned for a table without the status column, or if counting takes too long.
    """
    config, db = config_of(datasette), datasette.get_database(database)
    listed = {
        name for reasons in config.when_set.values() for names in reasons.values() for name in names
    }
    columns = [name for name in columns if name not in {config.status_column, *listed}]
    if config.status_column not in await db.table_columns(table) or not columns:
        return {}
    arguments = [
        (name, value)
        for name, value in parse_qsl(request.query_string, keep_blank_values=True)
        if name not in ("_next", "_size")
    ]
    asked = [(name, value) for name, value in arguments if name not in ("_col", "_nocol", "_shape")]
    page = urlencode([*asked, ("_size", "0"), ("_nofacet", "1"), ("_nocount", "1")])
    query = (await datasette.client.get(f"{request.path}.json?{page}")).json()["query"]
    rows, _, _ = query["sql"].rpartition(" limit ")
    counts = ", ".join(f"sum({escape_sqlite(name)} is null)" for name in columns)
    status = escape_sqlite(config.status_column)
    try:
        found = await db.execute(
            f"select {status}, {counts} from ({rows}) group by 1 order by 1",
            query["params"],
            custom_time_limit=datasette.setting("facet_time_limit_ms"),
        )
    except QueryInterrupted:
        return {}
    blanks: dict[str, list[Blank]] = {name: [] for name in columns}
    for value, *numbers in found.rows:
        for name, number in zip(columns, numbers, strict=True):
            row = {str(config.status_column): value, name: None}
            if number and value is not None:
                url, selected = blank_filter(
                    datasette.urls.path(request.path),
                    arguments,
                    name,
                    (str(config.status_column), str(value)),
                )
                blanks[name].append(
                    Blank(config.reason(row, name) or f"blank, {value}", number, url, selected)
                )
    return blanks


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> dict[str, Any]:
    async def blanks(database: str, table: str, columns: Iterable[str]) -> dict[str, list[Blank]]:
        return await blanks_of(datasette, request, database, table, columns) if request else {}

    return {
        "blanks": blanks,
        "missing_value_key": lambda: config_of(datasette).key,
        "missing_value_reasons": lambda: config_of(datasette).model_dump(exclude={"key"}),
        "with_nulls": with_nulls,
    }
