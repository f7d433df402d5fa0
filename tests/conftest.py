"""Fixtures: the first disclosure, built once and served as `datasette .` serves it, and copies to
corrupt."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from datasette.app import Datasette
from hypothesis import settings

from ingest.build import build
from tests.documents import FolderCopy
from tests.serving import PARTS, furnish, serve

# How long an example takes says more about the machine than about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that `datasette .` loads from the project's root, freshly built."""
    folder = tmp_path_factory.mktemp("site")
    furnish(folder, "plugins", *PARTS)
    FolderCopy.of_the_first(folder / "disclosures")
    build(folder / "disclosures", folder / "foi.db")
    return folder


@pytest.fixture(scope="session")
def database(site_folder: Path) -> Path:
    return site_folder / "foi.db"


@pytest.fixture
def rows(database: Path) -> Iterator[Callable[..., list[tuple[object, ...]]]]:
    """Run SQL on the built database."""
    with closing(sqlite3.connect(database)) as connection:
        yield lambda sql, *values: connection.execute(sql, values).fetchall()


@pytest_asyncio.fixture(scope="session")
async def site(site_folder: Path) -> Datasette:
    """The site. Tests that serve another folder also use this fixture, to register the plugins."""
    return await serve(site_folder)


@pytest.fixture
def disclosures(tmp_path: Path) -> Path:
    folder = tmp_path / "disclosures"
    folder.mkdir()
    return folder


@pytest.fixture
def copy(disclosures: Path) -> FolderCopy:
    """A copy of the first disclosure's folder, to modify."""
    return FolderCopy.of_the_first(disclosures)
