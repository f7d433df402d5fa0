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
from tests.families import put_families
from tests.serving import PARTS, furnish, serve


@pytest.hookimpl(tryfirst=True)  # before the tests are selected by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long all but n cases of a test marked `quick_cases(n)`, and keep these spread evenly."""
    cases: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("quick_cases") and not item.get_closest_marker("long"):
            cases.setdefault((item.path, item.name.partition("[")[0]), []).append(item)
    for same in cases.values():
        mark = same[0].get_closest_marker("quick_cases")
        quick = min(mark.args[0], len(same)) if mark else 0
        kept = {index * len(same) // quick for index in range(quick)}
        for index, item in enumerate(same):
            if index not in kept:
                item.add_marker(pytest.mark.long)


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
def several_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the disclosures of other families beside the first, for the plugins that `site` registers."""
    folder = tmp_path_factory.mktemp("several")
    furnish(folder, *PARTS)
    FolderCopy.of_the_first(folder / "disclosures")
    put_families(folder / "disclosures")
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
