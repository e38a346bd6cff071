"""A dataset in words."""

import pandas as pd

from bst.bundles.bundle import Bundle
from bst.datasets.profile import Counts, DatasetProfile
from bst.text import count
from pages.shared.wording import say


def people(bundle: Bundle) -> str:
    """Return "people", or "simulated people"."""
    return "simulated people" if bundle.simulated else "people"


def headline(bundle: Bundle, counts: Counts) -> str:
    """Return the sentence on top: how many ratings there are, and how unevenly they are spread over the movies."""
    of = f"{counts.rated:,} of {counts.movies:,}" if counts.rated < counts.movies else f"{counts.movies:,}"
    if not bundle.domain.rated:
        did = say(f"people watched {of} movies {count(counts.ratings, 'time')}")
        simulated = "simulated " if bundle.simulated else ""
        return f"{counts.users:,} {simulated}{did}; half of that goes to the best-known {counts.half_share:.0%}"
    return say(
        f"{counts.users:,} {people(bundle)} gave {count(counts.ratings, 'rating')} to {of} movies; half of the ratings "
        f"go to the best-known {counts.half_share:.0%}"
    )


def title_and_days(bundle: Bundle, profile: DatasetProfile) -> str:
    """Return the dataset's title and, where times are known, the days of its oldest and newest rating."""
    if not profile.ties.has_times:
        return f"{bundle.dataset_title}."
    return f"{bundle.dataset_title}, from {day(profile.counts.first)} to {day(profile.counts.last)}."


def day(when: pd.Timestamp) -> str:
    """Return a date: "25 April 2000"."""
    return f"{when.day} {when:%B %Y}"


def month(when: pd.Timestamp) -> str:
    """Return a month: "April 2000"."""
    return f"{when:%B %Y}"


def median_and_range(low_median_high: tuple[int, float, int], noun: str) -> str:
    """Say that a metric is the median of ratings per ``noun``, and what the range is."""
    low, _, high = low_median_high
    return say(f"The median. One {noun} has between {low:,} and {high:,}.")
