"""A dataset in words."""

import pandas as pd

from bst.bundles.bundle import Bundle
from bst.datasets.profile import Counts
from bst.text import count


def people(bundle: Bundle) -> str:
    """Return "people", or "simulated people"."""
    return "simulated people" if bundle.simulated else "people"


def headline(bundle: Bundle, counts: Counts) -> str:
    """Return the sentence on top: how much there is, and how unevenly it is spread."""
    of = f"{counts.rated:,} of {counts.movies:,}" if counts.rated < counts.movies else f"{counts.movies:,}"
    return (
        f"{counts.users:,} {people(bundle)} gave {count(counts.ratings, 'rating')} to {of} movies; half of them go to "
        f"the {counts.half_share:.0%} best known"
    )


def day(when: pd.Timestamp) -> str:
    """Return a date: "25 April 2000"."""
    return f"{when.day} {when:%B %Y}"


def month(when: pd.Timestamp) -> str:
    """Return a month: "April 2000"."""
    return f"{when:%B %Y}"


def spread(span: tuple[int, float, int], who: str) -> str:
    """Say where the middle and the ends of a count lie."""
    low, _, high = span
    return f"The middle one of all. The fewest that {who} has are {low:,}, the most {high:,}."
