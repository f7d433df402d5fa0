"""List the licences of what a server runs, from the packages' own metadata, and refuse others.

    .venv/bin/python -m tests.licences      # writes docs/licences.md; fails if a licence is not allowed

The packages are those in requirements.lock. A licence is what a package gives as `License-Expression`
or else `License`, as its SPDX name, or else its classifiers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PAGE = ROOT / "docs" / "licences.md"

ALLOWED = {
    *("Apache-2.0", "BSD", "BSD-3-Clause", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0"),
    "Public Domain",
}
"""Licences that let anyone serve the code as it is. Not among them are those with duties towards users of a
network service, such as the AGPL, and those that extend to the whole work, such as the GPL."""
SPDX = {
    "Apache 2": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""The names of licences that packages call otherwise. “BSD” is one that doesn't say which."""
# The package's own licence, and those of what is compiled into PDFium, in files of their own.
REVIEWED = {"BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0"}
"""What packages state that is not the name of a licence, and what it means; docs/licences.md says more."""

INTRODUCTION = """# Licences

What a server runs, from `requirements.lock`, and the licence that each package's metadata states. `make licences` writes
this page, and a test fails if it is out of date or if a licence is not one of these: {allowed}. “BSD” is a BSD
licence that doesn't say which. MPL-2.0 asks only that changes to its own files be published; we make none. The AGPL, the GPL and
licences that we don't know are not allowed.

Metadata doesn't tell everything:

- pypdfium2 contains PDFium, and has a file for the licence of each part compiled into it. Judging by their headings, these are permissive, but
  for GCC's runtime library in the builds for musl: GPL with the exception that allows such use.
- datasette and datasette-vega contain scripts for browsers, such as CodeMirror and Vega, whose licences are not in their metadata.
- pip and setuptools install the project and are not used while it is served. They contain copies of other packages.

Our own code is under the [MIT licence](../LICENSE).

| package | version | licence |
|---|---|---|
"""


class Package(NamedTuple):
    name: str
    version: str
    licence: str


def licence_of(package: Distribution) -> str:
    """Return the licence that a package states, "" if it states none."""
    about = package.metadata
    stated = (about.get_all("License-Expression") or about.get_all("License") or [""])[0]
    if stated in ("", "UNKNOWN") or "\n" in stated:
        names = [
            value.rpartition(" :: ")[2]
            for value in about.get_all("Classifier") or ()
            if value.startswith("License :: ")
        ]
        return " AND ".join(SPDX.get(name, name) for name in names)
    return SPDX.get(stated) or REVIEWED.get(stated) or stated


def is_allowed(licence: str) -> bool:
    """Return whether an SPDX expression is met by ALLOWED licences alone.

    Nested expressions are read strictly: one that is met may be refused, never the other way round.
    """
    parts = [[name.strip(" ()") for name in part.split(" OR ")] for part in licence.split(" AND ")]
    return all(not ALLOWED.isdisjoint(names) for names in parts)


def read_packages() -> Iterator[Package]:
    """Yield each package of the lock, by name. Raise PackageNotFoundError if it isn't installed."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE)
    for name, version in sorted(pins):
        yield Package(name, version, licence_of(distribution(name)))


def page_of(packages: Iterable[Package]) -> str:
    """Return the page that lists `packages`."""
    rows = [f"| {package.name} | {package.version} | {package.licence} |" for package in packages]
    allowed = ", ".join(sorted(ALLOWED, key=str.lower))
    return INTRODUCTION.format(allowed=allowed) + "\n".join(rows) + "\n"


def main() -> None:
    packages = list(read_packages())
    PAGE.write_text(page_of(packages), "utf-8")
    refused = [package for package in packages if not is_allowed(package.licence)]
    sys.exit("\n".join(f"not allowed: {' '.join(package)}" for package in refused) or None)


if __name__ == "__main__":
    main()
