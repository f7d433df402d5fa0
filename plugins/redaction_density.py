"""Show how much of a text was redacted, and say so where that cannot be known.

Problem: in a column of text a marker such as `[REDACTED]` looks like one word among others, and a
text whose markers were lost looks like one from which nothing was withheld. What this does:

- SQL functions on every connection: `redaction_count(text)`, `redaction_density(text)` and
  `redaction_band(text)`; NULL gives NULL. They read every form of marker that `ingest.redaction`
  knows, and cannot know of lost ones.
- In the columns named below each marker is drawn as a bar, read aloud as "redacted". Where the row
  carries a band in the column `band`, it stands before the text as a badge, "unknown" among them.
- `measures` are columns of figures: NULL is drawn as unknown where the band is "unknown", and a
  density is cut, not rounded, to three places, for it is a lower bound.
- Templates get `redaction_definition()`, which says how density is defined, and the same as
  `redaction_note` on pages of tables that have such columns.

To install it, put this file into the folder of plugins, install the project that it comes from beside
Datasette (`pip install .` there), for it uses `ingest.redaction`, and name the columns in metadata.yml:
of a table under that table, of query pages (where the table is not known) under their database or at
the top.

    databases:
      foi:
        plugins:
          redaction_density: {columns: [summary, snippet], measures: [redaction_density]}
        tables:
          officer_allegations:
            plugins:
              redaction_density: {columns: [summary], band: redaction_band}

Then style `.redacted` (a bar), `.band` and `.unknown` (hatched); without a style sheet a marker
reads "[redacted]". For a facet by band keep the band in a column and name it in the table's
`facets`: only who built the table can tell an unknown band from none.

Limits: it draws what it is given. A text cut by a query, `substr(summary, 1, 100)`, may end inside a
marker, which then stays as it is.
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
    "Redaction density is markers over markers and readable words. Each marker hides at least one "
    "word, so it is a lower bound on the share of words withheld. Bands: none 0, light below 0.10, "
    "moderate from 0.10, heavy from 0.25, total 1; unknown where the markers were lost, which is "
    "not none."
)


def render(text: str, band: object = None) -> Markup:
    """`text`, escaped, with a bar for each marker, and a badge where there is a `band`."""
    parts: list[Markup] = []
    if isinstance(band, str) and band in BADGES:
        parts.append(Markup('<span class="band band-{}">{}</span> ').format(band, BADGES[band]))
    end = 0
    for marker in redaction.find(text):
        parts += [escape(text[end : marker.start]), BAR]
        end = marker.end
    return Markup("").join([*parts, escape(text[end:])])


def render_measure(value: object, band: object) -> Markup | str | None:
    """How a measure is shown, or None where it stands as it is."""
    if value is None:
        return UNKNOWN if band == "unknown" else None
    if isinstance(value, float) and 0 <= value <= 1:
        return str(Decimal(str(value)).quantize(Decimal("0.001"), ROUND_DOWN))
    return None


class Columns(NamedTuple):
    """What to draw in one table, or on the query pages of one database."""

    texts: frozenset[str]
    measures: frozenset[str]
    band: str


_columns: WeakKeyDictionary[Datasette, dict[tuple[str, str | None], Columns]] = WeakKeyDictionary()


def columns_of(datasette: Datasette, database: str, table: str | None) -> Columns:
    """What metadata.yml names for `table`, or for query pages. It is read once: every cell asks."""
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
    if column in measures:  # first in line: unknown says more than that nothing is stated
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
    """`function` for SQL: NULL gives NULL, and what is no text is taken as it is written."""

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
