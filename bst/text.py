"""Numbers and lists as text, the same wherever they are shown."""

import re
from collections.abc import Iterable
from typing import Any

# what rounds to less is shown as "under 0.01%"
_LEAST_SHARE = 5e-5
# what rounds to 10%, and to 1.0%
_TEN_PERCENT, _ONE_PERCENT = 0.095, 0.0095
# Control characters, line separators, and characters that change the direction of the text after them. Joiners stay,
# as Persian and emoji need them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]+")
# a message shows no more of a value than this: the value comes from a file or was typed, and may be of any length
SHOWN_LENGTH = 60
# a path is shown whole, unless it is absurdly long
MOST_OF_A_PATH = 150
MOST_OF_A_REASON = 90
# repr() may write one character as four ("\\x00"): a quoted value may be longer than the value by so much
_ESCAPE_ALLOWANCE = 30


def decimals(share: float) -> int:
    """Return how many decimals a share needs as a percentage: 0 from 10% on, 1 from 1% on, otherwise 2.

    >>> [decimals(share) for share in (0.45, 0.031, 0.0042, 0)]
    [0, 1, 2, 0]
    """
    return 0 if share >= _TEN_PERCENT or not share else 1 if share >= _ONE_PERCENT else 2


def percent(share: float) -> str:
    """Return a share with two significant digits.

    >>> [percent(share) for share in (0.45, 0.031, 0.0042, 0.00001)]
    ['45%', '3.1%', '0.42%', 'under 0.01%']
    """
    return "under 0.01%" if 0 < share < _LEAST_SHARE else f"{share:.{decimals(share)}%}"


def shorten(text: str, length: int = SHOWN_LENGTH) -> str:
    """Cut a text to ``length`` characters, the last of them "…" where something was cut off."""
    return text if len(text) <= length else text[: length - 1] + "…"


def quoted(value: Any, length: int = SHOWN_LENGTH) -> str:
    """Return a value as a message shows it: in quotes, shortened, without control characters for a terminal.

    >>> quoted("a" + chr(10)), quoted("x" * 5000, 5), quoted([1, 2])
    ("'a\\\\n'", "'xxxx…'", '[1, 2]')
    """
    if not isinstance(value, str):
        return shorten(repr(value), length)
    max_length = length + _ESCAPE_ALLOWANCE
    while len(shown := repr(shorten(value, length))) > max_length and length > 1:
        length //= 2
    return shown


def reason(error: BaseException, length: int = MOST_OF_A_REASON) -> str:
    """Return what an error of a library says, as a part of a message: in one line, as it may quote a whole file.

    >>> reason(ValueError("bad header: " + "9" * 5000 + chr(10)), 20)
    'bad header: 9999999…'
    """
    return shorten(UNPRINTABLE.sub(" ", str(error)).strip(), length)


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number of things: "1 movie" or "5 movies"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def listed(items: Iterable[str]) -> str:
    """Return one or more things in a row, the last one after "and".

    >>> listed(["one"]), listed(["one", "two"]), listed(["one", "two", "three"])
    ('one', 'one and two', 'one, two, and three')
    """
    *first, last = items
    return f"{', '.join(first)}{',' * (len(first) > 1)} and {last}" if first else last


def ordinal(number: int) -> str:
    """Return "1st", "2nd", "3rd", "11th", "1,001st" …

    >>> [ordinal(number) for number in (1, 2, 3, 11, 112, 1001)]
    ['1st', '2nd', '3rd', '11th', '112th', '1,001st']
    """
    tens, ones = number // 10 % 10, number % 10
    return f"{number:,}{'th' if tens == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(ones, 'th')}"


def signed(value: float, form: str = ".3f") -> str:
    """Return a difference with its sign, and without one if it rounds to 0.

    >>> signed(-0.0123), signed(0.5, ".1f"), signed(0.0001)
    ('−0.012', '+0.5', '0.000')
    """
    text = f"{value:+{form}}"
    return text[1:] if float(text.rstrip("%")) == 0 else text.replace("-", "−")


def span(low: float, high: float, form: str = ".3f") -> str:
    """Return an interval.

    >>> span(0.637, 0.668), span(-0.1, 0.2, "+.1f")
    ('0.637 – 0.668', '−0.1 – +0.2')
    """
    return f"{low:{form}} – {high:{form}}".replace("-", "−")
