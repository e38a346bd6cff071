"""Text on the screen: escaped titles, formatted numbers, and the height of tables."""

import math
import re

from bst.errors import BSTError
from bst.public_mode import without_paths
from bst.text import count

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# of a table, in pixels
ROW_HEIGHT, BORDERS = 35, 3
# the probabilities from which odds are "7 in 10" rather than "1 in 2", and "almost certain"
LIKELY, ALMOST_CERTAIN = 0.55, 0.95
ONE_IN_A_MILLION = 1e-6
# below this a duration reads better in the smaller unit, of seconds or of minutes; and shorter ones are not estimated
SMALL_DURATION, LEAST_ESTIMATE = 90, 40


def escape_markdown(text: str) -> str:
    """Escape a text for Streamlit's Markdown, so that it shows as it is written.

    A backslash before any ASCII punctuation makes it literal (CommonMark, section 2.4); that covers emphasis, HTML,
    links, formulas ($) and Streamlit's own :directives:. Line breaks become spaces.
    """
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def message(error: BSTError | str) -> str:
    """Return what an error says, for Streamlit's Markdown; on a public server without the paths of its files."""
    return escape_markdown(without_paths(str(error)))


def stars(rating: float) -> str:
    """Return a rating as "4.6 ★"; a whole one as "5 ★"."""
    return f"{rating:.0f} ★" if float(rating).is_integer() else f"{rating:.1f} ★"


def whole_stars(text: str) -> str:
    """Return a text in which no line ends between a number and its star.

    >>> whole_stars("by 0.45 ★.") == "by 0.45\\N{NO-BREAK SPACE}★."
    True
    """
    return text.replace(" ★", "\N{NO-BREAK SPACE}★")


def capitalised(text: str) -> str:
    """Return a text that begins with a capital, whatever follows."""
    return text[:1].upper() + text[1:]


def table_height(rows: int, max_rows: int | None = None) -> int:
    """Return the height in pixels of a table that shows its head and ``rows``, at most ``max_rows``."""
    return ROW_HEIGHT * (1 + min(rows, rows if max_rows is None else max_rows)) + BORDERS


def duration(seconds: float) -> str:
    """Return a duration in the unit that reads best: "40 seconds", "3 minutes", "1.8 hours"."""
    if seconds < SMALL_DURATION:
        return count(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    return count(minutes, "minute") if minutes < SMALL_DURATION else f"{minutes / 60:.1f} hours"


def about(seconds: float) -> str:
    """Return an estimated duration, no finer than it is: "less than a minute", "about a minute", "about 5 minutes"."""
    if seconds < LEAST_ESTIMATE:
        return "less than a minute"
    return "about a minute" if seconds < SMALL_DURATION else f"about {duration(seconds)}"


def odds(share: float) -> str:
    """Return a probability in words, with two significant digits: "about 1 in 240", "about 7 in 10"."""
    if share <= 0:
        return "not at all"
    if share >= ALMOST_CERTAIN:
        return "almost certain"
    if share > LIKELY:
        return f"about {round(share * 10)} in 10"
    if share < ONE_IN_A_MILLION:
        return "less than 1 in a million"
    number = 1 / share
    return f"about 1 in {round(number, 1 - int(math.log10(number))):,.0f}"
