"""Dates as exports and spreadsheets write them: a column of texts → datetimes.

ISO 8601, day and month as numbers in either order, names of months in English, seconds since 1970, and the dates of
C's ``ctime``. Whether the day or the month comes first is a property of the column, not of a cell: one day above 12
settles it for all.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal, NamedTuple

DateOrder = Literal["day-first", "month-first"]

# how many different dates must stand in order, up or down, before that counts as evidence: by chance 1 in 60 do
LEAST_IN_ORDER = 5

_TIME = r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[AaPp][Mm])?)?"
_ZONE = r"\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d)?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = r"(?P<name>[A-Za-z]{3,9})\.?"
_YEAR = r"(?P<year>\d{4}|'?\d\d)"

_NUMBERS = re.compile(rf"(?P<first>\d{{1,2}})(?P<sign>[./-])(?P<second_>\d{{1,2}})(?P=sign){_YEAR}{_TIME}{_ZONE}")
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_WRITTEN = (
    re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME + _ZONE),
    re.compile(rf"(?P<day>\d{{1,2}})[ -]{_NAMED},?[ -]{_YEAR}" + _TIME + _ZONE),
    re.compile(rf"{_NAMED} (?P<day>\d{{1,2}}),? {_YEAR}" + _TIME + _ZONE),
    # Sat Dec 31 00:00:00 2016
    re.compile(rf"[A-Za-z]{{3}} {_NAMED} +(?P<day>\d{{1,2}}) {_CLOCK} (?P<year>\d{{4}})"),
)
_SECONDS = re.compile(r"[0-9]{5,11}")


class Dates(NamedTuple):
    """A column of dates: None for each that cannot be read.

    ``assumed`` says in a sentence which order was taken on evidence other than a day above 12. ``ambiguous`` is a date
    that could be either, where nothing tells and the order of the dates depends on it.
    """

    dates: list[datetime | None]
    assumed: str = ""
    ambiguous: str = ""


def read_dates(texts: Sequence[str], order: DateOrder | None = None) -> Dates:
    """Read a column of dates. ``order`` is used where the column itself does not tell.

    >>> read_dates(["4/18/2026", "1/2/2026"]).dates[1]
    datetime.datetime(2026, 1, 2, 0, 0)
    """
    cells = {text: _NUMBERS.fullmatch(text) for text in set(texts)}
    numbers = [match for match in cells.values() if match]
    if not numbers:
        return Dates(_each(texts, cells, "month-first"))
    days = sum(int(match["first"]) > 12 for match in numbers), sum(int(match["second_"]) > 12 for match in numbers)
    if any(days):
        return Dates(_each(texts, cells, "day-first" if days[0] >= days[1] else "month-first"))
    if order:
        return Dates(_each(texts, cells, order))
    by_day, by_month = _each(texts, cells, "day-first"), _each(texts, cells, "month-first")
    if _ranks(by_day) == _ranks(by_month):
        return Dates(by_month)
    example = next(text for text in texts if cells[text] and cells[text]["first"] != cells[text]["second_"])
    if all(match["sign"] == "." for match in numbers):
        return Dates(by_day, f"Dates such as {example} are read day first, as they are written with dots.")
    in_order = _in_order(by_day), _in_order(by_month)
    if in_order[0] != in_order[1]:
        dates, words = (by_day, "day first") if in_order[0] else (by_month, "month first")
        return Dates(dates, f"Dates such as {example} are read {words}, as the rows are then in order.")
    return Dates(by_month, ambiguous=example)


def _each(texts: Sequence[str], cells: dict[str, re.Match | None], order: DateOrder) -> list[datetime | None]:
    read = {text: _numbered(match, order) if match else _written(text) for text, match in cells.items()}
    return [read[text] for text in texts]


def _numbered(match: re.Match, order: DateOrder) -> datetime | None:
    parts = match["first"], match["second_"]
    day, month = parts if order == "day-first" else parts[::-1]
    return _moment(match, int(month), int(day))


def _written(text: str) -> datetime | None:
    for form in _WRITTEN:
        if match := form.fullmatch(text):
            parts = match.groupdict()
            name = parts.get("name")
            if name is None:
                month = int(parts["month"])
            elif (short := name[:3].lower()) in _MONTHS:
                month = 1 + _MONTHS.index(short)
            else:
                return None
            return _moment(match, month, int(parts["day"]))
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC).replace(tzinfo=None)
    return None


def _moment(match: re.Match, month: int, day: int) -> datetime | None:
    parts = match.groupdict()
    year = int(parts["year"].lstrip("'"))
    if year < 100:  # "26" is 2026, as nobody rated a film on the web before 1990
        year += 1900 if year >= 90 else 2000
    hour = int(parts["hour"] or 0)
    if half := parts.get("half"):
        hour = hour % 12 + 12 * (half in ("pm", "PM", "Pm", "pM"))
    try:
        return datetime(year, month, day, hour, int(parts["minute"] or 0), int(parts["second"] or 0))
    except ValueError:
        return None


def _ranks(dates: Sequence[datetime | None]) -> list[int]:
    rank = {date: place for place, date in enumerate(sorted({date for date in dates if date}))}
    return [rank.get(date, -1) for date in dates]


def _in_order(dates: Sequence[datetime | None]) -> bool:
    """Tell whether the rows stand in order of date, up or down, and are enough for that to be no accident."""
    known = [date for date in dates if date]
    if len(set(known)) < LEAST_IN_ORDER:
        return False
    pairs = list(pairwise(known))
    return all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs)
