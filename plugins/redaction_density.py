"""Show how much of a text was redacted, or that the amount is unknown.

Problem: in a text column a marker such as `[REDACTED]` looks like any other word, and a value whose
markers were lost looks as if nothing was withheld. What this does:

- Adds SQL functions to every connection: `redaction_count(text)`, `redaction_density(text)` and
  `redaction_band(text)`. NULL returns NULL. They recognise every form of marker in
  `ingest/config/markers.yml` and every band in `ingest/config/bands.yml`, but can't detect lost
  markers, and don't know the forms that a document declares for itself.
- Shows each marker as a bar, read aloud as "redacted", in the columns listed under `columns`. If
  the row has a band in the column named by `band`, a badge with the band's label precedes the text.
- Formats the columns listed under `measures`: NULL appears as unknown if the band is "unknown", and
  a density is truncated to three decimal places rather than rounded, because it is a lower bound.
- Gives templates `redaction_definition()`, the definition of density and bands, and the same text as
  `redaction_note` on pages of tables with such columns.

To install it, copy this file to your plugins folder, install this project next to Datasette
(`pip install .`), because the plugin uses its `ingest` package, and list the columns in metadata.yml:
under the table for its own pages, and under the database or at the top level for query pages, where
the table is not known.

    databases:
      letters:
        plugins:
          redaction_density: {columns: [body, extract], measures: [density], band: band}
        tables:
          pages:
            plugins:
              redaction_density: {columns: [body], band: band}

A table whose texts have a band each has a list of such configurations. Then style `.redacted` (a bar), `.band` and `.unknown` (hatched). Without a stylesheet, a marker
appears as "[redacted]". To facet by band, store the band in a column and list it in the table's
`facets`: only the person who built the table knows where markers were lost.

Limitations: text of more than LONGEST characters is shown as Datasette shows it, without bars, because
a page with hundreds of thousands of them harms the server and the reader. The SQL functions read up to
LONGEST_IN_SQL characters; longer text is the error "string or blob too big". Text truncated by a query,
for example with `substr(body, 1, 100)`, may end inside a marker, which is then shown as plain text.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import sqlite3
from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup, escape
from pydantic import ValidationError

from ingest.config import bands
from ingest.config.markers import shared_forms
from ingest.config.yaml_model import Model

Sql = int | float | str

LONGEST = 10_000
"""Characters of a text in which to show bars: 20 times the longest summary."""
LONGEST_IN_SQL = 100_000
"""Characters of a text in which the SQL functions find markers."""

BAR = Markup(
    '<span class="redacted"><span aria-hidden="true">[</span>redacted'
    '<span aria-hidden="true">]</span></span>'
)
UNKNOWN = Markup('<span class="unknown">{0}</span>').format(bands.UNKNOWN)
LABELS = {band.band: band.label for band in bands.all_bands()}


def bounds(lower: float | None, upper: float | None) -> str:
    """Return the range of densities of a band in words, or "" if it is unknown."""
    if lower is None:
        return ""
    if lower == upper:
        return f"{lower:g}"
    return f"from {lower:g}" if lower else f"below {upper:g}"


def definition() -> str:
    """Return the definition of density and of every band."""
    known = [f"{band.band} {bounds(*ends)}" for band, *ends in bands.ranges() if bounds(*ends)]
    return (
        "Redaction density is the number of markers divided by markers plus visible words. Each "
        "marker is counted as one word, though it may hide several, so this is a minimum for the share "
        f"of words withheld. Bands: {', '.join(known)}. Where the markers were lost the band is "
        f"“{bands.UNKNOWN}”, which does not mean that nothing was redacted."
    )


def render(text: str, band: object = None) -> Markup:
    """Return `text` as HTML, with a bar for each marker and a badge if there is a `band`."""
    parts: list[Markup] = []
    if isinstance(band, str) and band in LABELS:
        parts.append(Markup('<span class="band band-{}">{}</span> ').format(band, LABELS[band]))
    end = 0
    for marker in shared_forms().find(text):
        parts += [escape(text[end : marker.start]), BAR]
        end = marker.end
    return Markup("").join([*parts, escape(text[end:])])


def render_measure(value: object, band: object) -> Markup | str | None:
    """Return the text to show for a measure, or None to show the value unchanged."""
    if value is None:
        return UNKNOWN if band == bands.UNKNOWN else None
    if isinstance(value, float) and 0 <= value <= 1:
        return str(Decimal(str(value)).quantize(Decimal("0.001"), ROUND_DOWN))
    return None


class Config(Model):
    """The columns to format in one table, or on the query pages of one database, and the column with their band."""

    columns: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    band: str | None = None

    def band_of(self, row: Mapping[str, Any]) -> object:
        """Return the band of `row`, or None if it has none."""
        band = row[self.band] if self.band in row.keys() else None  # noqa: SIM118 - no dict
        # Table pages give a foreign key with its label.
        return band["value"] if isinstance(band, dict) else band


_configs: WeakKeyDictionary[Datasette, dict[tuple[str, str | None], list[Config]]] = (
    WeakKeyDictionary()
)


def configs_of(datasette: Datasette, database: str, table: str | None) -> list[Config]:
    """Return the configurations of `table`, or of query pages; cached, as every cell needs them.

    Raise ValidationError if one is wrong.
    """
    kept = _configs.setdefault(datasette, {})
    if (database, table) not in kept:
        given = datasette.plugin_config(
            "redaction_density", database=database, table=table, fallback=table is None
        )
        each = given if isinstance(given, list) else [given or {}]
        kept[database, table] = [Config.model_validate(one) for one in each]
    return kept[database, table]


@hookimpl
def startup(datasette: Datasette) -> None:
    try:
        for database, about in (datasette.metadata("databases") or {}).items():
            for table in (None, *about.get("tables", {})):
                configs_of(datasette, database, table)
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin redaction_density: {error}") from error


# Run first, because "unknown" is more precise than the reason for NULL that another plugin may
# give.
@hookimpl(tryfirst=True)
def render_cell(
    row: Mapping[str, Any],
    value: object,
    column: str,
    table: str | None,
    database: str,
    datasette: Datasette,
) -> Markup | str | None:
    for config in configs_of(datasette, database, table):
        if column in config.measures:
            return render_measure(value, config.band_of(row))
        if column in config.columns and isinstance(value, str) and 0 < len(value) <= LONGEST:
            return render(value, config.band_of(row))
    return None


@hookimpl
def extra_template_vars(
    datasette: Datasette, database: str | None, table: str | None
) -> dict[str, Any]:
    given: dict[str, Any] = {"redaction_definition": definition}
    if database and table and any(one.columns for one in configs_of(datasette, database, table)):
        given["redaction_note"] = definition()
    return given


def of_text(function: Callable[[str], Sql]) -> Callable[[object], Sql | None]:
    """Wrap `function` for SQL: NULL returns NULL, and other values are converted to text.

    It raises OverflowError, which SQLite reports as "string or blob too big", if the text is too long.
    """

    def answer(value: object) -> Sql | None:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and len(value) > LONGEST_IN_SQL:
            raise OverflowError(f"more than {LONGEST_IN_SQL} characters")
        return None if value is None else function(str(value))

    return answer


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    functions: dict[str, Callable[[str], Sql]] = {
        "redaction_count": lambda text: shared_forms().count(text),
        "redaction_density": lambda text: shared_forms().density(text),
        "redaction_band": lambda text: bands.band(shared_forms().density(text)),
    }
    for name, function in functions.items():
        conn.create_function(name, 1, of_text(function), deterministic=True)
