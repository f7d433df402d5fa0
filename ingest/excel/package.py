"""Open a workbook's zip within bounds, and stream the XML of its parts.

A small file can unpack to any size, and XML can multiply itself, so both are bounded before anything is
parsed.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ingest.config.files import OutOfBounds, read_regular
from ingest.records.findings import BuildError, Finding

_READ = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0"
"""The first bytes of older Office files, and of encrypted ones."""
Attributes = dict[str, str]


@dataclass(frozen=True)
class Limits:
    """What one workbook may have: `file` and `unpacked` in bytes, `part` in bytes for each part that is
    held in memory as a whole, and the number of `parts`."""

    file: int = 100_000_000
    unpacked: int = 2_000_000_000
    part: int = 200_000_000
    parts: int = 10_000


LIMITS = Limits()


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its state ("visible", "hidden" or "veryHidden"), and its part of the zip."""

    name: str
    state: str
    part: str


class Package:
    """A workbook's zip. Raise BuildError, naming the file, if it is not one or is out of bounds."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path, self.limits = path, limits
        try:
            data = read_regular(path, limits.file)
        except OutOfBounds as error:
            raise self.refusal(
                error.strerror or "", f"a file of at most {limits.file:,} bytes"
            ) from None
        except OSError as error:
            raise self.refusal(error.strerror or str(error), "a workbook") from None
        if data.startswith(_OLE):
            raise self.refusal(
                "an encrypted workbook, or one in the format of Excel 2003 and earlier",
                "an .xlsx workbook that anyone can open",
                "save it as .xlsx; ask the publisher for a copy without a password",
            )
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.data = io.BytesIO(data)
        try:
            self._zip = zipfile.ZipFile(self.data)
        except (zipfile.BadZipFile, NotImplementedError):
            found = "not a workbook" if data else "an empty file"
            raise self.refusal(found, "an .xlsx workbook") from None
        self._check_bounds()
        self.names = frozenset(self._zip.namelist())

    def _check_bounds(self) -> None:
        parts = self._zip.infolist()
        names = [posixpath.normpath(part.filename).lower() for part in parts]
        if len(parts) > self.limits.parts:
            raise self.refusal(f"{len(parts):,} parts", f"at most {self.limits.parts:,} parts")
        if len(set(names)) < len(names):
            raise self.refusal("two parts with one name", "each part once")
        if any(part.flag_bits & 1 for part in parts):
            raise self.refusal("an encrypted part", "a workbook that anyone can open")
        if (unpacked := sum(part.file_size for part in parts)) > self.limits.unpacked:
            raise self.refusal(
                f"{unpacked:,} bytes once it is unpacked",
                f"at most {self.limits.unpacked:,} bytes",
                "split the workbook, or save the sheets as CSV files and say so in copy_status",
            )
        for part in parts:
            # A sheet is streamed; these are held in memory.
            if part.file_size > self.limits.part and "/worksheets/" not in part.filename:
                raise self.refusal(
                    f"{part.filename} of {part.file_size:,} bytes",
                    f"at most {self.limits.part:,} bytes",
                    "save the sheets as CSV files and say so in copy_status",
                )

    def refusal(
        self, found: str, expected: str, fix: str = "check the file; download it again"
    ) -> BuildError:
        """Return the error that says why the workbook cannot be read."""
        return BuildError([Finding(self.path, None, found, expected, fix)])

    def elements(self, part: str) -> Iterator[tuple[str, Attributes]]:
        """Yield the name, without its namespace, and the attributes of each element of a part."""
        found: list[tuple[str, Attributes]] = []
        for _ in self.parse(part, lambda name, attributes: found.append((name, attributes))):
            yield from found
            found.clear()

    def parse(
        self,
        part: str,
        start: Callable[[str, Attributes], Any],
        end: Callable[[str], Any] | None = None,
        text: Callable[[str], Any] | None = None,
    ) -> Iterator[None]:
        """Parse a part, and yield after each stretch of it, so that its size needs no memory.

        Names of elements are passed without their namespaces. Raise BuildError if it is not XML, or declares entities.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = lambda name, attributes: start(_local(name), attributes)
        if end:
            parser.EndElementHandler = lambda name: end(_local(name))
        if text:
            parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            with self._zip.open(part) as file:
                while piece := file.read(_READ):
                    parser.Parse(piece)
                    yield
                parser.Parse(b"", True)
                yield
        except (expat.ExpatError, zipfile.BadZipFile, EOFError, OSError, KeyError, ValueError):
            raise self.refusal(
                f"{part}, which cannot be read", "a workbook whose parts are XML"
            ) from None

    def _refuse_doctype(self, *_: object) -> None:
        raise self.refusal("XML that declares entities", "a workbook saved by a spreadsheet")

    def relations(self, part: str) -> dict[str, str]:
        """Return the parts that `part` refers to inside the zip, by the id of the relation."""
        folder, name = posixpath.split(part)
        relations = f"{folder}/_rels/{name}.rels"
        if relations not in self.names:
            return {}
        return {
            attributes["Id"]: posixpath.normpath(posixpath.join(folder, attributes["Target"]))
            if not attributes["Target"].startswith("/")
            else attributes["Target"][1:]
            for name, attributes in self.elements(relations)
            if name == "Relationship" and attributes.get("TargetMode") != "External"
        }

    @property
    def workbook(self) -> str:
        """The name of the main part."""
        for name, attributes in self.elements("_rels/.rels"):
            if name == "Relationship" and attributes["Type"].endswith("/officeDocument"):
                return attributes["Target"].removeprefix("/")
        raise self.refusal("a package without a workbook", "an .xlsx workbook")

    def sheets(self) -> list[Sheet]:
        """Return the sheets in their order."""
        main = self.workbook
        parts = self.relations(main)
        return [
            Sheet(attributes["name"], attributes.get("state", "visible"), parts[id])
            for name, attributes in self.elements(main)
            if name == "sheet"
            for key, id in attributes.items()
            if _local(key) == "id" and " " in key and id in parts
        ]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
