"""Show why a cell is empty.

Problem: Datasette shows NULL as an empty cell, whatever the reason. What this does: if metadata.yml
gives a reason for a NULL, depending on the row's status or on whether another column is set, or if another
column has the reason itself, the cell is styled according to that reason, and screen readers announce it.

    plugins:
      missing_values:
        status_column: stage
        by_status:
          finished: {not recorded: [weight, colour]}
          in progress: {not yet known: [weight, colour, price]}
        when_set:
          removed_on: {removed: [colour]}       takes precedence if removed_on is not NULL
        reason_column: "{}_status"              why weight is NULL is in weight_status, if there is such a column;
                                                takes precedence over the row's status
        words: {as printed: see source}         what cells call a reason, if not its own words
        key: {not recorded: never written down}   what a key to the reasons calls them, in order

A table may have a configuration of its own, which then applies to its pages instead. The site's templates and
stylesheet do the rest. Templates get

- `with_nulls(rows, cells)`, the cells with NULL as a word. Call it on pages of free SQL, which have no
  columns with reasons, so that NULL differs from an empty string;
- `blanks(database, table, columns)`, the number of empty cells by column and reason, within the page's
  filters. Call it where facets are shown;
- `missing_value_reasons()`, the site's configuration, for charts and anything else that shows the data;
- `missing_value_key()`, the names of reasons in `key`.

Style `.null`, `.absent`, and a class made from each reason: `.absent-not-recorded`,
`.absent-not-yet-known` and so on. A mistake in the configuration stops the server.

Limitations: a row without its status column, or without the column that has the reason, is left unchanged.
Empty cells are not counted in the columns of `when_set`, nor if counting takes too long. The data are not changed.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import parse_qsl, urlencode
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils import escape_sqlite
from datasette.utils.asgi import Request
from markupsafe import Markup
from pydantic import Field, StringConstraints, ValidationError

from ingest.config.yaml_model import Model

Reasons = dict[str, list[str]]
"""The columns that are NULL for each reason."""


class Config(Model):
    """The reasons for NULL, by the value of the status column, and by other columns that are set; and the name of the
    column that has the reason, with `{}` for that of the column that is NULL."""

    status_column: str | None = None
    by_status: dict[str, Reasons] = Field(default_factory=dict)
    when_set: dict[str, Reasons] = Field(default_factory=dict)
    words: dict[str, str] = Field(default_factory=dict)
    reason_column: Annotated[str, StringConstraints(pattern=r"^[^{}]*\{\}[^{}]*$")] | None = None
    key: dict[str, str] = Field(default_factory=dict)

    def applying(self, row: Mapping[str, Any], column: str) -> Iterator[Reasons]:
        """Yield the reasons that apply to a column of `row`, those that take precedence first."""
        names = row.keys()
        for name, reasons in self.when_set.items():
            if name in names and row[name] is not None:
                yield reasons
        if (why := self.column_with_reason(column)) in names and row[why] is not None:
            yield {str(row[why]): [column]}
        if self.status_column in names:
            status = row[self.status_column]
            # On table pages, the value of a foreign key comes as a dict with its label.
            yield self.by_status.get(status["value"] if isinstance(status, dict) else status, {})

    def column_with_reason(self, column: str) -> str | None:
        """Return the column that says why another is NULL."""
        return self.reason_column and self.reason_column.replace("{}", column)

    def reason(self, row: Mapping[str, Any], column: str) -> str | None:
        """Return the reason why `column` is NULL in `row`, or None if there is none."""
        for reasons in self.applying(row, column):
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

_configs: WeakKeyDictionary[Datasette, dict[tuple[str | None, str | None], Config]] = (
    WeakKeyDictionary()
)


def config_of(
    datasette: Datasette, database: str | None = None, table: str | None = None
) -> Config:
    """Return the configuration for a table, or for the site; cached because every cell needs it.

    Raise ValidationError if it is not valid.
    """
    kept = _configs.setdefault(datasette, {})
    if (database, table) not in kept:
        given = datasette.plugin_config("missing_values", database=database, table=table)
        if table:  # the nearest plugins hide those of the site, also where they lack this one
            given = given or datasette.plugin_config("missing_values")
        kept[database, table] = Config.model_validate(given or {})
    return kept[database, table]


def render(reason: str, words: str | None = None) -> Markup:
    """Return the HTML of an empty cell, with the reason or other words for it."""
    words = words or reason
    return Markup('<span class="absent absent-{}" title="{}"><span>{}</span></span>').format(
        reason.replace(" ", "-"), words, words
    )


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        config_of(datasette)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin missing_values: {error}") from error


@hookimpl
def render_cell(
    row: Mapping[str, Any],
    value: object,
    column: str,
    table: str | None,
    database: str,
    datasette: Datasette,
) -> Markup | None:
    if value is not None:
        return None
    config = config_of(datasette, database if table else None, table)
    reason = config.reason(row, column)
    return None if reason is None else render(reason, config.words.get(reason))


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

    Nothing is returned for a table without a column that has reasons, or if counting takes too long.
    """
    config, db = config_of(datasette, database, table), datasette.get_database(database)
    own = await db.table_columns(table)
    listed = {
        name for reasons in config.when_set.values() for names in reasons.values() for name in names
    }
    columns = [name for name in columns if name not in {config.status_column, *listed}]
    # What says why a column is empty: a column of its own, or the status of the row.
    explained = {
        name: why
        for name in columns
        for why in (config.status_column, config.column_with_reason(name))
        if why in own
    }
    if not explained:
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
    blanks: dict[str, list[Blank]] = {name: [] for name in columns}
    for why in dict.fromkeys(explained.values()):
        counted = [name for name in columns if explained.get(name) == why]
        counts = ", ".join(f"sum({escape_sqlite(name)} is null)" for name in counted)
        try:
            found = await db.execute(
                f"select {escape_sqlite(why)}, {counts} from ({rows}) group by 1 order by 1",
                query["params"],
                custom_time_limit=datasette.setting("facet_time_limit_ms"),
            )
        except QueryInterrupted:
            return {}
        for value, *numbers in found.rows:
            for name, number in zip(counted, numbers, strict=True):
                row = {str(why): value, name: None}
                if number and value is not None:
                    url, selected = blank_filter(
                        datasette.urls.path(request.path), arguments, name, (str(why), str(value))
                    )
                    reason = config.reason(row, name) or f"blank, {value}"
                    words = config.words.get(reason, reason)
                    blanks[name].append(Blank(words, number, url, selected))
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
