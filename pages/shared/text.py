"""Words on the screen: titles shown literally, numbers and histories in plain language."""

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def literal(text: str) -> str:
    """Escape a text for Streamlit's Markdown, so that it shows as it is written.

    A backslash before any ASCII punctuation makes it literal (CommonMark, section 2.4); that covers emphasis, HTML,
    links, formulas ($) and Streamlit's own :directives:. Line breaks become blanks.
    """
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def stars(rating: float) -> str:
    """Return a rating as "4.6 ★"; a whole one as "5 ★"."""
    return f"{rating:.0f} ★" if float(rating).is_integer() else f"{rating:.1f} ★"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return "1 movie" or "5 movies"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
