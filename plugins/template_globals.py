"""Give every template the site's metadata, data hash, corrections and dates.

Problem: Datasette passes different variables to its own pages and to the site's pages. What this
does: every template, error pages included, gets

- `site()`, the content of metadata.yml, and `setting(name)`, a setting of Datasette;
- `data_hash(database="foi")`, the SHA-256 of that database, or None if it can change;
- `corrections()`, the entries of `corrections.yml` in the project's folder, newest first;
- the filter `long_date`, which writes 2022-08-16 as 16 August 2022;
- the filter `with_cell_labels(columns)`, which adds to each cell of Datasette's table of SQL the
  attribute `data-label`, its column, which a narrow window shows in place of the heading.

Limitations: on a site without a database `foi`, `data_hash()` without a name is an error, and without
`corrections.yml` so is `corrections()`.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import to_css_class
from jinja2 import Environment
from markupsafe import Markup, escape

from ingest.config.yaml_model import IsoDate, Model, Text, load_bundled
from ingest.text.phrases import long_date

CELL = re.compile(r'<td class="(col-[^"]*)">')
CORRECTIONS = Path(__file__).resolve().parent.parent / "corrections.yml"


class Correction(Model):
    """A correction: its date, what was wrong and how it was put right, and the figures that
    changed."""

    date: IsoDate
    what: Text
    figures: Text | None = None


class Corrections(Model):
    corrections: list[Correction]


@cache
def read_corrections() -> list[Correction]:
    """Return the corrections, newest first. Raise BuildError, with every finding, if the file is
    not valid."""
    listed = load_bundled(CORRECTIONS, Corrections).corrections
    return sorted(listed, key=lambda correction: correction.date, reverse=True)


def with_cell_labels(page: Markup, columns: Iterable[str]) -> Markup:
    """Return `page` with the name of its column on each cell, where Datasette has put none."""
    labels = {f"col-{to_css_class(column)}": escape(column) for column in columns}
    return Markup(
        CELL.sub(lambda cell: f'{cell[0][:-1]} data-label="{labels.get(cell[1], "")}">', page)
    )


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    def data_hash(database: str = "foi") -> str | None:
        found: str | None = datasette.get_database(database).hash
        return found

    env.globals.update(
        site=datasette.metadata,
        setting=datasette.setting,
        data_hash=data_hash,
        corrections=read_corrections,
    )
    env.filters["long_date"] = long_date
    env.filters["with_cell_labels"] = with_cell_labels
