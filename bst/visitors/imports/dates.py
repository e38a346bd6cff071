"""Dates as exports and spreadsheets write them: a column of texts → datetimes.

ISO 8601, day and month as numbers in either order, English names of months, seconds since 1970, and the dates of C's
``ctime``. Whether the day or the month comes first is a property of the column, not of a cell: one day above 12 settles
it for the column.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal, NamedTuple

DateOrder = Literal["day-first", "month-first"]

# how many different dates must be in ascending or descending order before that counts as evidence: 1 in 60 is by chance
MIN_IN_ORDER = 5
MONTHS_PER_YEAR = 12
# "26" is 2026 and "95" is 1995: there were no ratings on the web before 1990
CENTURY, FIRST_YEAR_OF_1900S = 100, 90

_TIME = r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[AaPp][Mm])?)?"
_ZONE = r"\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d)?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = r"(?P<name>[A-Za-z]{3,9})\.?"
_YEAR = r"(?P<year>\d{4}|'?\d\d)"

_NUMBERS = re.compile(rf"(?P<first>\d{{1,2}})(?P<sign>[./-])(?P<second_>\d{{1,2}})(?P=sign){_YEAR}{_TIME}{_ZONE}")
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMATS = (
    re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME + _ZONE),
    re.compile(rf"(?P<day>\d{{1,2}})[ -]{_NAMED},?[ -]{_YEAR}" + _TIME + _ZONE),
    re.compile(rf"{_NAMED} (?P<day>\d{{1,2}}),? {_YEAR}" + _TIME + _ZONE),
    # Sat Dec 31 00:00:00 2016
    re.compile(rf"[A-Za-z]{{3}} {_NAMED} +(?P<day>\d{{1,2}}) {_CLOCK} (?P<year>\d{{4}})"),
)
_SECONDS = re.compile(r"[0-9]{5,11}")


class Dates(NamedTuple):
    """A column of dates: None for each that cannot be read.

    ``assumed`` states in a sentence which order was assumed on other evidence than a day above 12. ``ambiguous`` is a
    date that could be in either order, if nothing settles it and the order of the rows depends on it.
    """

    dates: list[datetime | None]
    assumed: str = ""
    ambiguous: str = ""


def read_dates(texts: Sequence[str], order: DateOrder | None = None) -> Dates:
    """Read a column of dates. ``order`` is used if the column itself does not settle it.

    >>> read_dates(["4/18/2026", "1/2/2026"]).dates[1]
    datetime.datetime(2026, 1, 2, 0, 0)
    """
    numeric = {text: match for text in set(texts) if (match := _NUMBERS.fullmatch(text))}
    if not numeric:
        return Dates(_parse(texts, numeric, "month-first"))
    first_above, second_above = (
        sum(int(match[group]) > MONTHS_PER_YEAR for match in numeric.values()) for group in ("first", "second_")
    )
    if first_above or second_above:
        return Dates(_parse(texts, numeric, "day-first" if first_above >= second_above else "month-first"))
    if order:
        return Dates(_parse(texts, numeric, order))
    by_day, by_month = _parse(texts, numeric, "day-first"), _parse(texts, numeric, "month-first")
    if _ranks(by_day) == _ranks(by_month):
        return Dates(by_month)
    example = next(text for text in texts if (match := numeric.get(text)) and match["first"] != match["second_"])
    if all(match["sign"] == "." for match in numeric.values()):
        return Dates(by_day, f"Dates such as {example} are read day first, as they are written with dots.")
    day_in_order, month_in_order = _in_order(by_day), _in_order(by_month)
    if day_in_order != month_in_order:
        dates, label = (by_day, "day first") if day_in_order else (by_month, "month first")
        return Dates(dates, f"Dates such as {example} are read {label}, as the rows are then in order.")
    return Dates(by_month, ambiguous=example)


def _parse(texts: Sequence[str], numeric: dict[str, re.Match[str]], order: DateOrder) -> list[datetime | None]:
    """Return the dates of texts; ``numeric`` has a match of each that consists of three numbers."""
    dates = {text: _numeric_date(numeric[text], order) if text in numeric else _date(text) for text in set(texts)}
    return [dates[text] for text in texts]


def _numeric_date(match: re.Match[str], order: DateOrder) -> datetime | None:
    first, second = int(match["first"]), int(match["second_"])
    day, month = (first, second) if order == "day-first" else (second, first)
    return _datetime(match, month, day)


def _date(text: str) -> datetime | None:
    for pattern in _FORMATS:
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            name = parts.get("name")
            if name is None:
                month = int(parts["month"])
            elif (short := name[:3].lower()) in _MONTHS:
                month = 1 + _MONTHS.index(short)
            else:
                return None
            return _datetime(match, month, int(parts["day"]))
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)
    return None


def _datetime(match: re.Match[str], month: int, day: int) -> datetime | None:
    parts = match.groupdict()
    year = int(parts["year"].lstrip("'"))
    if year < CENTURY:
        year += 1900 if year >= FIRST_YEAR_OF_1900S else 2000
    hour = int(parts["hour"] or 0)
    if half := parts.get("half"):
        hour = hour % 12 + 12 * (half in ("pm", "PM", "Pm", "pM"))
    try:
        return datetime(year, month, day, hour, int(parts["minute"] or 0), int(parts["second"] or 0))
    except ValueError:
        return None


def _ranks(dates: Sequence[datetime | None]) -> list[int]:
    ranks = {date: rank for rank, date in enumerate(sorted({date for date in dates if date}))}
    return [ranks[date] if date else -1 for date in dates]


def _in_order(dates: Sequence[datetime | None]) -> bool:
    """Whether the rows are in ascending or descending order, and too many for that to be by chance."""
    known = [date for date in dates if date]
    if len(set(known)) < MIN_IN_ORDER:
        return False
    pairs = list(pairwise(known))
    return all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs)
