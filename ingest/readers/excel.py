"""Read a workbook's visible sheets, once it has passed its audit.

A number is read as it is stored, because that is what its totals add up, with the sign of a percentage or
a currency. A date is read as YYYY-MM-DD: how a spreadsheet shows it depends on the country it is set to. A
formula is read as its stored value.
"""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

from ingest.excel.audit import WorkbookAudit
from ingest.excel.package import LIMITS, Limits, Package
from ingest.records.cells import CellRow, Cells
from ingest.records.findings import Finding
from ingest.records.place import Place
from ingest.text.phrases import truncated_repr

MAX_COLUMNS = 1_000
"""Columns of a table: far more than any disclosure has, and few enough to hold a row."""
_IGNORED_IN_FORMATS = re.compile(r"\[(?!\$)[^\]]*\]|_.|\*.|[\\\"() ]")
"""Colours, conditions, and what only fills or aligns."""
_CURRENCY = re.compile(r"\[\$([^\]-]*)[^\]]*\]|([£$€])")
_NUMBER = re.compile(r"-?(#|0|,(?=[#0]))*0?(\.[0#]+)?(E\+0+)?", re.IGNORECASE)
_SIGNIFICANT = ".15g"
"""The digits that a spreadsheet keeps."""


def read_workbook(path: Path, audit: WorkbookAudit, limits: Limits = LIMITS) -> Cells:
    """Yield the rows of the visible sheets of the workbook at `path`, and what cannot be read as shown.

    Cells that cannot be seen are left out. `audit` is that of the same file. Raise BuildError if the file has changed since, or cannot be read.
    """
    package = Package(path, limits)
    if package.sha256 != audit.sha256:
        raise package.refusal("a file that has changed since its audit", "the same file")
    for place in audit.without_value:
        yield Finding(
            path,
            None,
            "a formula without a stored value",
            "a value for each formula",
            "open the workbook in a spreadsheet, save it, and say so in copy_status",
            place=place,
        )
    with warnings.catch_warnings():
        # openpyxl warns of what it leaves out; the audit has listed it.
        warnings.simplefilter("ignore")
        try:
            workbook = openpyxl.load_workbook(package.data, read_only=True, data_only=True)
            shown = [sheet for sheet in audit.sheets if sheet.state == "visible"]
            for number, sheet in enumerate(shown, 1):
                if "/worksheets/" in sheet.part:
                    yield from _rows(path, workbook[sheet.name], number, audit.concealed)
        except (KeyError, ValueError, TypeError, zipfile.BadZipFile, OSError) as error:
            raise package.refusal(
                f"content that cannot be read ({type(error).__name__})",
                "a workbook saved by a spreadsheet",
            ) from None


def _rows(
    path: Path, sheet: Any, number: int, concealed: frozenset[tuple[str, int, int]]
) -> Iterator[CellRow | Finding]:
    """Yield the rows of a sheet, without those that are blank. A row has as many cells as the widest one so far,
    because a table may end in a column with blanks."""
    width = 0
    # Some programs write dimensions that are too small, and openpyxl would stop there.
    sheet.reset_dimensions()
    for row in sheet.iter_rows():
        cells = [
            cell
            for cell in row
            if cell.value is not None and (sheet.title, cell.row, cell.column) not in concealed
        ]
        if not cells:
            continue
        place = Place(sheet=sheet.title, row=cells[0].row)
        if cells[-1].column > MAX_COLUMNS:
            found, expected = f"{cells[-1].column:,} columns", f"at most {MAX_COLUMNS:,}"
            yield Finding(path, None, found, expected, "check the sheet", place=place)
            continue
        texts = [""] * cells[-1].column
        for cell in cells:
            text = shown(cell.value, cell.number_format)
            if text is None:
                yield Finding(
                    path,
                    None,
                    f"{cell.coordinate} in the number format {truncated_repr(cell.number_format)}",
                    "a number format whose text can be told: a plain number, a percentage, an amount of "
                    "money, or a date with day, month and year",
                    "give the cells such a format in a spreadsheet, and say so in copy_status",
                    place=place,
                )
            texts[cell.column - 1] = text or ""
        if any(text.strip() for text in texts):
            width = max(width, len(texts))
            padded = (*texts, *[""] * (width - len(texts)))
            yield CellRow(place, number, padded, "\t".join(texts))


def shown(value: Any, number_format: str) -> str | None:
    """Return the text of a cell, or None if its number format says something that is not known."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime | datetime.date):
        return _date(value, _kind_of_date(number_format))
    if isinstance(value, int | float):
        return _number(value, number_format)
    return None


def _number(value: float, number_format: str) -> str | None:
    kind = _kind_of_number(number_format)
    if kind is None:
        return None
    before, after, digits = kind
    number = Decimal(format(value, _SIGNIFICANT))
    text = f"{number * 100 if after else number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    return f"{sign}{before}{text.zfill(digits)}{after}"


@cache
def _kind_of_number(number_format: str) -> tuple[str, str, int] | None:
    """Return what stands before a number, what after it, and its least number of digits; or None."""
    if number_format in ("General", "@", "GENERAL"):
        return "", "", 1
    first = number_format.split(";")[0]
    currency = _CURRENCY.search(first)
    rest = _IGNORED_IN_FORMATS.sub("", _CURRENCY.sub("", first))
    after = "%" if rest.endswith("%") else ""
    rest = rest.removesuffix("%")
    if not rest or not _NUMBER.fullmatch(rest):
        return None
    whole = rest.partition(".")[0]
    before = (currency[1] or currency[2] or "") if currency else ""
    # "0000" writes leading zeros, unlike "#,##0".
    return before, after, whole.count("0") if set(whole) == {"0"} else 1


@cache
def _kind_of_date(number_format: str) -> str | None:
    """Return the strptime format for dates in a number format, or None if it leaves out the day or month."""
    first = re.sub(r'\[[^\]]*\]|"[^"]*"|\\.', "", number_format.split(";")[0].lower())
    letters = {letter for letter in first if letter in "ymdhs"}
    if {"y", "m", "d"} <= letters:
        return "%Y-%m-%d %H:%M:%S" if "h" in letters else "%Y-%m-%d"
    return "%Y" if letters == {"y"} else None


def _date(value: datetime.date, form: str | None) -> str | None:
    if form is None:
        return None
    has_time = isinstance(value, datetime.datetime) and value.time() != datetime.time()
    return value.strftime(form if has_time or form == "%Y" else "%Y-%m-%d")
