"""Find what a workbook contains without showing it: hidden sheets, rows, columns and cells, and what is
kept beside the cells.

The zip's XML is streamed, because openpyxl's read-only sheets do not show most of this.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl.utils import column_index_from_string, range_boundaries

from ingest.excel.package import LIMITS, Attributes, Limits, Package, Sheet
from ingest.excel.styles import Styles, Visibility, read_styles
from ingest.records.audit_findings import AuditFinding, count_by_kind
from ingest.records.cells import Place

_PARTS: tuple[tuple[str, str], ...] = (
    (r"xl/vbaProject|xl/macrosheets/|xl/activeX/|xl/ctrlProps/", "script"),
    (r"xl/embeddings/|xl/webextensions/", "attachment"),
    (r"xl/(threadedC|c)omments/?\w*\.xml|xl/threadedComments/", "comment"),
    (r"xl/externalLinks/[^/]+\.xml|xl/connections\.xml|xl/queryTables/", "external-data"),
    (r"xl/pivotCache/pivotCacheRecords|xl/model/|xl/slicerCaches/", "pivot-cache"),
    (r"xl/charts/chart", "chart"),
    (r"xl/media/", "picture"),
    (r"xl/revisions/revisionLog", "earlier-revision"),
    (r"customXml/item\d*\.xml|xl/printerSettings/|xl/customProperty", "program-data"),
    (r"docProps/thumbnail", "thumbnail"),
    (r"xl/persons/", "author"),
)
"""What a part of the zip is, by its name; the first expression that matches."""
_HARMLESS = re.compile(
    r"\[Content_Types\]\.xml|.*\.rels|customXml/itemProps.*|docProps/\w+\.xml"
    r"|xl/(workbook|styles|sharedStrings|metadata|calcChain|volatileDependencies)\.xml"
    r"|xl/(worksheets/[^/]+|theme/[^/]+|tables/[^/]+|charts/(style|colors)[^/]*"
    r"|drawings/[^/]+|chartsheets/[^/]+|pivotTables/[^/]+|pivotCache/pivotCacheDefinition[^/]*"
    r"|slicers/[^/]+|richData/[^/]+|featurePropertyBag/[^/]+|timelines?/[^/]+)",
    re.IGNORECASE,
)
"""Parts that are read, or looked into, elsewhere."""
_NAMES_OF_EXCEL = re.compile(r"_xlnm\.(_FilterDatabase|Print_Area|Print_Titles|Criteria|Extract)$")
"""Names that Excel itself gives to areas of cells."""
_PERSONAL = {"creator", "lastModifiedBy", "Manager", "Company", "property", "absPath"}
"""Elements of the document properties, and of the workbook, that say who made it and where."""

HIDDEN_BY_STYLE: dict[Visibility, str] = {
    "over dark": "cell-over-dark",
    "over light": "cell-over-light",
    "shows nothing": "format-of-nothing",
}
"""The kind of finding about a cell that cannot be seen."""


@dataclass(frozen=True)
class WorkbookAudit:
    """A workbook: its SHA-256, its sheets, and what it contains without showing it.

    `without_value` are the cells whose formulas have no stored value. `concealed` are the cells with a value
    that cannot be seen, each as sheet, row and column; they are not read, whatever is decided about them.
    """

    sha256: str
    sheets: tuple[Sheet, ...]
    findings: tuple[AuditFinding, ...]
    without_value: tuple[Place, ...]
    concealed: frozenset[tuple[str, int, int]]

    @property
    def counts(self) -> Counter[str]:
        """The total count of each kind of finding."""
        return count_by_kind(self.findings)


def audit_workbook(path: Path, limits: Limits = LIMITS) -> WorkbookAudit:
    """Audit the workbook at `path`. Raise BuildError if it cannot be read or is over a limit."""
    package = Package(path, limits)
    sheets = package.sheets()
    styles = read_styles(package)
    findings = list(_in_file(package, sheets))
    without_value: list[Place] = []
    concealed: set[tuple[str, int, int]] = set()
    for number, sheet in enumerate(sheets, 1):
        if sheet.part not in package.names or "/worksheets/" not in sheet.part:
            continue
        reader = _read_sheet(package, sheet, styles)
        if reader.merges:
            reader = _read_sheet(package, sheet, styles, reader.merges)
        findings += reader.findings(number)
        without_value += reader.without_value
        concealed |= reader.concealed
    return WorkbookAudit(
        package.sha256,
        tuple(sheets),
        tuple(findings),
        tuple(without_value),
        frozenset(concealed),
    )


def _read_sheet(
    package: Package, sheet: Sheet, styles: Styles, merges: Sequence[tuple[range, range]] = ()
) -> _SheetReader:
    reader = _SheetReader(sheet.name, styles, list(merges))
    for _ in package.parse(sheet.part, reader.start, reader.end, reader.text):
        pass
    return reader


def _in_file(package: Package, sheets: list[Sheet]) -> list[AuditFinding]:
    """Return what belongs to no sheet, and the hidden sheets."""
    counts: Counter[str] = Counter()
    for name in package.names:
        if name.endswith("/"):
            continue
        kind = next(
            (kind for pattern, kind in _PARTS if re.match(pattern, name, re.IGNORECASE)), None
        )
        if kind or not _HARMLESS.fullmatch(name):
            counts[kind or "program-data"] += 1
        if re.match(r"xl/drawings/drawing[^/]*\.xml$", name):
            counts["drawing"] += sum(one in ("sp", "cxnSp") for one, _ in package.elements(name))
    counts["author"] += _personal(package)
    for one, attributes in package.elements(package.workbook):
        if one == "definedName" and not _NAMES_OF_EXCEL.match(attributes.get("name", "")):
            counts["defined-name"] += 1
    counts["hidden-sheet"] = sum(sheet.state != "visible" for sheet in sheets)
    return [
        AuditFinding(kind, "pending", count=count)
        for kind, count in sorted(counts.items())
        if count
    ]


def _personal(package: Package) -> int:
    """Return how many values say who made the workbook, and where."""
    found = 0
    inside = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal inside, found
        inside = name in _PERSONAL
        found += name == "absPath"

    def text(words: str) -> None:
        nonlocal inside, found
        if inside and words.strip():
            found, inside = found + 1, False

    for part in sorted(package.names):
        if re.fullmatch(r"docProps/\w+\.xml", part) or part == package.workbook:
            for _ in package.parse(part, start, text=text):
                pass
    return found


@dataclass
class _SheetReader:
    """Count what a sheet contains without showing it, while its XML is parsed.

    `merges` are the areas of merged cells, known once the sheet has been parsed: only the first cell of
    each shows its value.
    """

    name: str
    styles: Styles
    merges: list[tuple[range, range]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    without_value: list[Place] = field(default_factory=list)
    concealed: set[tuple[str, int, int]] = field(default_factory=set)
    _hidden_columns: list[range] = field(default_factory=list)
    _row: int = 0
    _row_hidden: bool = False
    _row_has_value: bool = False
    _cell: Attributes = field(default_factory=dict)
    _has_formula: bool = False
    _in_value: bool = False
    _has_value: bool = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Note the start of an element."""
        if name == "c":
            self._cell, self._has_formula, self._has_value = attributes, False, False
        elif name in ("v", "t"):
            self._in_value = True
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._row_hidden = _is_true(attributes.get("hidden")) or _is_nought(attributes, "ht")
            self._row_has_value = False
        elif name == "sheetFormatPr" and _is_true(attributes.get("zeroHeight")):
            self.counts["hidden-rows"] += 1
        elif name == "col":
            if _is_true(attributes.get("hidden")) or _is_nought(attributes, "width"):
                columns = range(int(attributes["min"]), int(attributes["max"]) + 1)
                self._hidden_columns.append(columns)
        elif name == "mergeCell":
            left, top, right, bottom = range_boundaries(attributes["ref"])
            self.merges.append((range(top, bottom + 1), range(left, right + 1)))
        elif name == "cfRule" and "dxfId" in attributes:
            self.counts["conditional-format"] += 1
        elif name == "scenario":
            self.counts["scenario"] += 1

    def text(self, words: str) -> None:
        """Note that a cell has a value, and nothing of it."""
        if self._in_value and words:
            self._has_value = True

    def end(self, name: str) -> None:
        """Count at the end of a cell or a row."""
        if name in ("v", "t"):
            self._in_value = False
        elif name == "c":
            self._end_cell()
        elif name == "row" and self._row_hidden and self._row_has_value:
            self.counts["hidden-rows"] += 1

    def _end_cell(self) -> None:
        # A formula whose value is an empty text has a value.
        if self._has_formula and not self._has_value and self._cell.get("t") != "str":
            self.without_value.append(Place(sheet=self.name, row=self._row))
        if not self._has_value:
            return
        self._row_has_value = True
        letters = self._cell.get("r", "").rstrip("0123456789")
        column = column_index_from_string(letters) if letters else 0
        kinds = {HIDDEN_BY_STYLE.get(self.styles.of(self._cell.get("s")))}
        if any(column in one for one in self._hidden_columns):
            kinds.add("hidden-columns")
        if any(
            self._row in rows and column in columns and (self._row, column) != (rows[0], columns[0])
            for rows, columns in self.merges
        ):
            kinds.add("merged-over")
        self.counts.update(kind for kind in kinds if kind)
        if self._row_hidden or kinds != {None}:
            self.concealed.add((self.name, self._row, column))

    def findings(self, number: int) -> list[AuditFinding]:
        """Return the findings about the sheet, which is number `number` of the workbook."""
        return [
            AuditFinding(
                kind, "refuse" if kind == "cell-over-dark" else "pending", number, count=count
            )
            for kind, count in sorted(self.counts.items())
            if count
        ]


def _is_true(value: str | None) -> bool:
    return value in ("1", "true", "on")


def _is_nought(attributes: Attributes, name: str) -> bool:
    return name in attributes and float(attributes[name]) == 0
