"""Values that are defined only once, and values defined twice that must agree."""

from __future__ import annotations

import re

import pytest

from ingest.config import bands
from ingest.database.staging import MET_SCHEMA
from tests.serving import ROOT
from tests.site.pages import METADATA_FILES


def test_the_bounds_of_a_band_are_written_in_its_file_alone() -> None:
    bounds = {band.below for band in bands.all_bands() if band.below not in (None, 1)}
    assert bounds
    folders = ("plugins", "templates", "static", "canned_queries")
    files = [path for name in folders for path in (ROOT / name).rglob("*.*")]
    for path in [*files, *METADATA_FILES]:
        if path.suffix in (".py", ".html", ".js", ".css", ".sql", ".yml"):
            for bound in bounds:
                written = rf"(?<![\d.]){re.escape(f'{bound:g}')}0*(?!\d)"
                assert not re.search(written, path.read_text("utf-8")), (path.name, bound)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("redaction_band", [band.band for band in bands.all_bands()]),
    ],
)
def test_the_schema_allows_what_the_code_can_write(column: str, words: list[str]) -> None:
    (allowed,) = re.findall(rf"check \({column} in \((.*)\)\)", MET_SCHEMA.read_text("utf-8"))
    assert re.findall(r"'([^']*)'", allowed) == list(words)
