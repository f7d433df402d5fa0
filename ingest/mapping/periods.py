"""Read periods: a year, a year that starts on another day, some months, a day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from ingest.records.tabular import Period

_MONTHS = {
    name: number
    for number, full in enumerate(
        (
            *("january", "february", "march", "april", "may", "june", "july"),
            *("august", "september", "october", "november", "december"),
        ),
        1,
    )
    for name in (full, full[:3])
} | {"sept": 9}
_DASHES = re.compile(r"\s*[-‐‑–—/]\s*")
_MONTH = r"([a-z]{3,9})\.?"
_YEAR = re.compile(r"\d{4}")
_SPAN = re.compile(r"(\d{4})-(\d{2}|\d{4})")
_MONTHS_OF_A_YEAR = re.compile(rf"{_MONTH}(?:-{_MONTH})? (\d{{4}})")
_MONTHS_OF_TWO = re.compile(rf"{_MONTH} (\d{{4}})-{_MONTH} (\d{{4}})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MAX_KNOWN = 10_000


class Periods:
    """Reads the labels of periods in the documents of one shape.

    `year_starts` (MM-DD) is the first day of a year that is written with two numbers, such as 2019/20;
    one number is a calendar year. `others` are labels that need explaining, each with its first and last day.
    """

    def __init__(self, year_starts: str, others: Mapping[str, Sequence[date]]) -> None:
        self._month, self._day = (int(part) for part in year_starts.split("-"))
        self._others = {_plain(label): (start, end) for label, (start, end) in others.items()}
        self._known: dict[str, Period | None] = {}

    def parse(self, label: str) -> Period | None:
        """Return the period that `label` names, or None if it names none that is known."""
        if label not in self._known and len(self._known) < _MAX_KNOWN:
            self._known[label] = self._parse(label)
        return self._known[label] if label in self._known else self._parse(label)

    def containing(self, day: date) -> Period:
        """Return the year in which `day` lies: a calendar year, or one from `year_starts` on."""
        year = day.year if (day.month, day.day) >= (self._month, self._day) else day.year - 1
        label = str(year)
        if (self._month, self._day) != (1, 1):
            label += f"/{(year + 1) % 100:02d}"
        return self._year(label, year, self._month, self._day)

    def _parse(self, label: str) -> Period | None:
        plain = _plain(label)
        try:
            if plain in self._others:
                return _period(label, *self._others[plain])
            if _YEAR.fullmatch(plain):
                return self._year(label, int(plain), 1, 1)
            if _DAY.fullmatch(plain):
                return _period(label, date.fromisoformat(plain), date.fromisoformat(plain))
            if match := _SPAN.fullmatch(plain):
                return self._span(label, int(match[1]), match[2])
            if match := _MONTHS_OF_A_YEAR.fullmatch(plain):
                first, last, year = match[1], match[2] or match[1], match[3]
                return _months(label, first, year, last, year)
            if match := _MONTHS_OF_TWO.fullmatch(plain):
                return _months(label, match[1], match[2], match[3], match[4])
        except ValueError:  # a year 0, or a day that no month has
            return None
        return None

    def _span(self, label: str, year: int, second: str) -> Period | None:
        follows = str(year + 1)
        if second not in (follows, follows[2:]) or (self._month, self._day) == (1, 1):
            return None
        return self._year(label, year, self._month, self._day)

    def _year(self, label: str, year: int, month: int, day: int) -> Period:
        return _period(label, date(year, month, day), date(year + 1, month, day) - timedelta(1))


def _plain(label: str) -> str:
    return _DASHES.sub("-", " ".join(label.split()).casefold())


def _months(label: str, first: str, start: str, last: str, end: str) -> Period | None:
    if first not in _MONTHS or last not in _MONTHS:
        return None
    from_ = date(int(start), _MONTHS[first], 1)
    month, year = _MONTHS[last], int(end)
    to = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
    return _period(label, from_, to) if from_ <= to else None


def _period(label: str, start: date, end: date) -> Period:
    return Period(label, start, end, partial=end < _a_year_later(start) - timedelta(1))


def _a_year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 3, 1)
