"""Show how much of a text was redacted, or that the amount is unknown.

Problem: in a text column a marker such as `[REDACTED]` looks like any other word, and a text whose
markers were lost looks as if nothing had been withheld. What this does:

- Adds SQL functions to every connection: `redaction_count(text)`, `redaction_density(text)` and
  `redaction_band(text)`. NULL returns NULL. They recognise every form of marker in
  `ingest.redaction`, but can't detect lost markers.
- Shows each marker as a bar, read aloud as "redacted", in the columns listed under `columns`. If
  the row has a band in the column named by `band`, a badge with the band, or "unknown", precedes
  the text.
- Formats the columns listed under `measures`: NULL appears as unknown if the band is "unknown", and
  a density is truncated to three decimal places rather than rounded, because it is a lower bound.
- Gives templates `redaction_definition()`, the definition of density, and the same text as
  `redaction_note` on pages of tables with such columns.

To install it, copy this file to your plugins folder, install this project next to Datasette
(`pip install .`), because the plugin uses `ingest.redaction`, and list the columns in metadata.yml:
under the table for its own pages, and under the database or at the top level for query pages, where
the table is not known.

    databases:
      foi:
        plugins:
          redaction_density: {columns: [summary, snippet], measures: [redaction_density]}
        tables:
          officer_allegations:
            plugins:
              redaction_density: {columns: [summary], band: redaction_band}

Then style `.redacted` (a bar), `.band` and `.unknown` (hatched). Without a style sheet a marker
reads "[redacted]". To facet by band, store the band in a column and list it in the table's
`facets`: only whoever built the table knows where markers were lost.

Limits: a text truncated by a query, such as `substr(summary, 1, 100)`, may end inside a marker; that
marker is shown as plain text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from datasette import hookimpl
from datasette.app import Datasette
from markupsafe import Markup, escape

from ingest.config import bands
from ingest.text import redaction

Sql = int | float | str

BAR = Markup(
    '<span class="redacted"><span aria-hidden="true">[</span>redacted'
    '<span aria-hidden="true">]</span></span>'
)
UNKNOWN = Markup('<span class="unknown">unknown</span>')
BADGES = {
    "unmarked": "no redaction marked",
    "light": "lightly redacted",
    "moderate": "moderately redacted",
    "heavy": "heavily redacted",
    "total": "wholly redacted",
    "unknown": "redaction unknown, markers lost",
}
NOTE = (
    "Redaction density is the number of markers divided by markers plus readable words. Each marker "
    "hides at least one word, so this is a lower bound on the share of words withheld. Bands: none 0, "
    "light below 0.10, moderate from 0.10, heavy from 0.25, total 1. Where the markers were lost the "
    "band is unknown, which does not mean none."
)


def render(text: str, band: object = None) -> Markup:
    """Return `text` as HTML, with a bar for each marker and a badge if there is a `band`."""
    parts: list[Markup] = []
    if isinstance(band, str) and band in BADGES:
        parts.append(Markup('<span class="band band-{}">{}</span> ').format(band, BADGES[band]))
    end = 0
    for marker in redaction.find(text):
        parts += [escape(text[end : marker.start]), BAR]
        end = marker.end
    return Markup("").join([*parts, escape(text[end:])])


def render_measure(value: object, band: object) -> Markup | str | None:
    """Return the text to show for a measure, or None to show the value unchanged."""
    if value is None:
        return UNKNOWN if band == "unknown" else None
    if isinstance(value, float) and 0 <= value <= 1:
        return str(Decimal(str(value)).quantize(Decimal("0.001"), ROUND_DOWN))
    return None


class Columns(NamedTuple):
    """The columns to format in one table, or on the query pages of one database."""

    texts: frozenset[str]
    measures: frozenset[str]
    band: str


_columns: WeakKeyDictionary[Datasette, dict[tuple[str, str | None], Columns]] = WeakKeyDictionary()


def columns_of(datasette: Datasette, database: str, table: str | None) -> Columns:
    """Return the columns configured for `table`, or for query pages; cached, as every cell needs them."""
    kept = _columns.setdefault(datasette, {})
    if (database, table) not in kept:
        config = (
            datasette.plugin_config(
                "redaction_density", database=database, table=table, fallback=table is None
            )
            or {}
        )
        kept[database, table] = Columns(
            frozenset(config.get("columns", ())),
            frozenset(config.get("measures", ())),
            config.get("band", "redaction_band"),
        )
    return kept[database, table]


@hookimpl(tryfirst=True)
def render_cell(
    row: Mapping[str, Any],
    value: object,
    column: str,
    table: str | None,
    database: str,
    datasette: Datasette,
) -> Markup | str | None:
    texts, measures, band_column = columns_of(datasette, database, table)
    if column not in texts and column not in measures:
        return None
    band = row[band_column] if band_column in row.keys() else None  # noqa: SIM118 - no dict
    if (
        column in measures
    ):  # runs before the plugin `missing_values`: "unknown" is more exact than "not stated"
        return render_measure(value, band)
    return render(value, band) if isinstance(value, str) and value else None


@hookimpl
def extra_template_vars(
    datasette: Datasette, database: str | None, table: str | None
) -> dict[str, Any]:
    given: dict[str, Any] = {"redaction_definition": lambda: NOTE}
    if database and table and columns_of(datasette, database, table).texts:
        given["redaction_note"] = NOTE
    return given


def of_text(function: Callable[[str], Sql]) -> Callable[[object], Sql | None]:
    """Wrap `function` for SQL: NULL returns NULL, and other values are converted to text."""

    def answer(value: object) -> Sql | None:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        return None if value is None else function(str(value))

    return answer


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    functions: dict[str, Callable[[str], Sql]] = {
        "redaction_count": redaction.count,
        "redaction_density": redaction.density,
        "redaction_band": lambda text: bands.band(redaction.density(text)),
    }
    for name, function in functions.items():
        conn.create_function(name, 1, of_text(function), deterministic=True)
