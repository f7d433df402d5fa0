"""Merge what is said about a family of tables into metadata.yml, where a database has them.

Problem: one site can serve databases with different tables, and metadata.yml cannot describe or configure tables
that may be missing: pages would speak of them, and plugins would refuse to start. What this does: of the folders in
`folder`, each that is named after a family may have a `metadata.yml`, in the same format. It is merged into the
site's before anything reads that, if one of the databases that it describes has a table with the family's name, or
tables whose names begin with it and `_`.

    plugins:
      families:
        folder: families             beside the folder of this plugin: families/loans/metadata.yml

Two mappings are merged key by key. Anything else, lists too, that the family's file has takes the place of what the
site's has, because it is said about the data that are there. Keys keep the order of the site's file; those that only
the family's has come before the next key that both have, or last. Two families must not say different things in one
place: a mistake stops the server, as does a file that cannot be read.

Limitations: databases must be files. A family's file is read once, when the server starts. Plugins that read their
configuration before the hook `startup` do not see it.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database
from pydantic import ValidationError

from ingest.config.yaml_model import Model

ROOT = Path(__file__).resolve().parent.parent
FILE = "metadata.yml"

Metadata = Mapping[str, Any]


class Config(Model):
    folder: str | None = None


def merged(site: Metadata, family: Metadata) -> dict[str, Any]:
    """Return both as one, in the order described above."""
    before: dict[str, list[str]] = {}
    waiting: list[str] = []
    for key in family:
        if key in site:
            before[key], waiting = waiting, []
        else:
            waiting.append(key)
    order = [name for key in site for name in (*before.get(key, ()), key)]
    return {key: merged_value(site, family, key) for key in (*order, *waiting)}


def merged_value(site: Metadata, family: Metadata, key: str) -> Any:
    if key not in family:
        return site[key]
    both = isinstance(site.get(key), Mapping) and isinstance(family[key], Mapping)
    return merged(site[key], family[key]) if both else family[key]


def places(metadata: Metadata, above: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each value that is not a mapping, with the keys that lead to it."""
    for key, value in metadata.items():
        if isinstance(value, Mapping):
            yield from places(value, (*above, str(key)))
        else:
            yield ".".join((*above, str(key))), value


def names_in(database: Database | None) -> set[str]:
    """Return the names of the tables in a database that is a file; none if it can't be read."""
    if not database or not database.path:
        return set()
    uri = f"{Path(database.path).resolve().as_uri()}?mode=ro{'' if database.is_mutable else '&immutable=1'}"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return {name for (name,) in connection.execute("select name from sqlite_master")}
    except sqlite3.Error:  # whoever opens it next reports it
        return set()


def read_family(file: Path) -> Metadata:
    """Return the content of a family's file. Raise ClickException if it can't be read."""
    try:
        metadata = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClickException(f"{file}: {error}") from error
    if not isinstance(metadata, dict):
        raise ClickException(f"{file}: found no mapping, expected one such as metadata.yml is")
    return metadata


def families_in(datasette: Datasette, folder: Path) -> Iterator[tuple[Path, Metadata]]:
    """Yield the file and the metadata of each family of which a database has tables."""
    for file in sorted(folder.glob(f"*/{FILE}")):
        metadata, name = read_family(file), file.parent.name
        databases = [datasette.databases.get(key) for key in metadata.get("databases") or {}]
        tables = {table for database in databases for table in names_in(database)}
        if any(table == name or table.startswith(f"{name}_") for table in tables):
            yield file, metadata


def check_agreement(families: Iterable[tuple[Path, Metadata]]) -> None:
    """Raise ClickException if two families say different things in one place."""
    said: dict[str, tuple[Path, Any]] = {}
    for file, metadata in families:
        for place, value in places(metadata):
            other, given = said.setdefault(place, (file, value))
            if given != value:
                raise ClickException(
                    f"{file}: {place} differs from that in {other}: only one can say it."
                )


# Around the other plugins' hooks, to be the first of them: they read what is merged here.
@hookimpl(hookwrapper=True)
def startup(datasette: Datasette) -> Iterator[None]:
    try:
        config = Config.model_validate(datasette.plugin_config("families") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin families: {error}") from error
    if config.folder:
        if not (folder := ROOT / config.folder).is_dir():
            raise ClickException(f"metadata.yml, plugin families: no folder {config.folder}")
        families = list(families_in(datasette, folder))
        check_agreement(families)
        # The copy of this Datasette that answers costly requests gets the merged metadata, and must not merge again.
        plugins = {**datasette._metadata_local["plugins"]}
        del plugins["families"]
        metadata = {**datasette._metadata_local, "plugins": plugins}
        for _, family in families:
            metadata = merged(metadata, family)
        datasette._metadata_local = metadata
    yield
