"""The licences of what a server runs: all are allowed, and the page that lists them is up to date."""

from __future__ import annotations

import re
from email.message import Message
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.licences import PAGE, is_allowed, licence_of, page_of, read_packages

PACKAGES = list(read_packages())


def test_every_licence_is_allowed() -> None:
    assert len(PACKAGES) > 30
    assert [package for package in PACKAGES if not is_allowed(package.licence)] == []


def test_the_page_is_up_to_date() -> None:
    """Where it isn't, run `make licences`."""
    assert PAGE.read_text("utf-8") == page_of(PACKAGES)


def test_no_package_comes_with_the_agpl() -> None:
    """Whatever its metadata state."""
    titles = 0
    for package in PACKAGES:
        for file in distribution(package.name).files or ():
            if re.match(r"LICEN[CS]E|COPYING", file.name.upper()) and file.suffix != ".py":
                text = Path(str(file.locate())).read_text("utf-8", errors="replace").upper()
                titles += "APACHE LICENSE" in text
                assert "GNU AFFERO GENERAL PUBLIC LICENSE\n" not in text, (package.name, str(file))
    assert titles


class Stated:
    """A distribution that states a licence in its metadata."""

    def __init__(self, *headers: tuple[str, str]) -> None:
        self.metadata = Message()
        for name, value in headers:
            self.metadata[name] = value


OSI = "License :: OSI Approved ::"


@pytest.mark.parametrize(
    ("headers", "licence", "allowed"),
    [
        ([("License-Expression", "MIT"), ("License", "GPL")], "MIT", True),
        ([("License", "Apache 2")], "Apache-2.0", True),
        ([("License", "UNKNOWN"), ("Classifier", f"{OSI} MIT License")], "MIT", True),
        (
            [("License", "All the words\nof a licence"), ("Classifier", f"{OSI} BSD License")],
            "BSD",
            True,
        ),
        ([("Classifier", "Programming Language :: Python")], "", False),
        ([], "", False),
        ([("License", "Do as you like")], "Do as you like", False),
        ([("License-Expression", "AGPL-3.0-only")], "AGPL-3.0-only", False),
        ([("License-Expression", "MIT AND AGPL-3.0-or-later")], "MIT AND AGPL-3.0-or-later", False),
        ([("License-Expression", "MIT OR GPL-2.0-only")], "MIT OR GPL-2.0-only", True),
        ([("License-Expression", "(MIT OR GPL-2.0-only) AND BSD-3-Clause")], None, True),
        ([("License-Expression", "GPL-3.0-only OR (MIT AND AGPL-3.0-only)")], None, False),
        (
            [
                ("Classifier", f"{OSI} MIT License"),
                ("Classifier", f"{OSI} GNU Affero General Public License v3"),
            ],
            "MIT AND GNU Affero General Public License v3",
            False,
        ),
    ],
)
def test_a_licence_is_what_the_metadata_states(
    headers: list[tuple[str, str]], licence: str | None, allowed: bool
) -> None:
    found = licence_of(Stated(*headers))  # type: ignore[arg-type]
    assert licence is None or found == licence
    assert is_allowed(found) == allowed
