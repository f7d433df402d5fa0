"""Read numbers and dates as publishers print them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

_CURRENCY = "£$€"
_NUMBER = re.compile(
    rf"(?P<sign>[-+\u2212]?)\s?[{_CURRENCY}]?\s?"
    r"(?P<whole>0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?P<rest>\.[0-9]+)?"
)
_NO_WHOLE = re.compile(rf"(?P<sign>[-+\u2212]?)\s?[{_CURRENCY}]?\s?(?P<whole>)(?P<rest>\.[0-9]+)")
_AMBIGUOUS = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})")
_LONGEST = 100


def parse_number(text: str) -> Decimal | None:
    """Return the number that `text` is: a sign, a currency sign and commas between thousands allowed.

    None if it is anything else, as is one with a leading zero: that is an id, and no number.
    """
    if len(text) > _LONGEST:
        return None
    match = _NUMBER.fullmatch(text) or _NO_WHOLE.fullmatch(text)
    if not match:
        return None
    sign = "-" if match["sign"] in ("-", "\u2212") else ""
    return Decimal(f"{sign}{match['whole'].replace(',', '') or '0'}{match['rest'] or ''}")


def parse_date(text: str, format: str | None) -> date | None:
    """Return the date that `text` is in this format, by default YYYY-MM-DD; None if it is none."""
    try:
        if format:
            return datetime.strptime(text, format).date()
        return (
            date.fromisoformat(text) if len(text) == len("2019-11-23") and "W" not in text else None
        )
    except ValueError:
        return None


def date_formats(text: str) -> list[str]:
    """Return the formats, of day or month first, in which `text` is a date."""
    match = _AMBIGUOUS.fullmatch(text)
    if not match:
        return []
    year = "%Y" if len(match[3]) == 4 else "%y"
    separator = text[len(match[1])]
    formats = [separator.join((*order, year)) for order in (("%d", "%m"), ("%m", "%d"))]
    return [format for format in formats if parse_date(text, format)]
