"""The profile of a dataset: everything that a page or a report shows of it."""

from dataclasses import dataclass

import pandas as pd

from bst.datasets.profile import distributions, groups, timestamps
from bst.errors import DatasetError
from bst.schema import Dataset


@dataclass(frozen=True)
class DatasetProfile:
    """Aggregates of a dataset. ``tastes``: by name of the demographic, where any user's value is known.
    ``notes``: what was assumed when the dataset was read. Where ``ties.has_times`` is false, ``time`` and the days of
    ``counts`` are meaningless.
    """

    counts: distributions.Counts
    stars: pd.DataFrame
    time: pd.DataFrame
    tail: pd.DataFrame
    activity: pd.DataFrame
    years: pd.DataFrame
    genres: pd.DataFrame
    ties: timestamps.TimestampTies
    tastes: dict[str, pd.DataFrame]
    notes: tuple[str, ...] = ()


def dataset_profile(dataset: Dataset) -> DatasetProfile:
    """Return the profile of a dataset. Raises ``DatasetError`` for one without ratings."""
    if not len(dataset.ratings):
        raise DatasetError(f"{dataset.title} has no ratings to look at; get it again")
    return DatasetProfile(
        distributions.counts(dataset),
        distributions.star_shares(dataset),
        distributions.over_time(dataset),
        distributions.long_tail(dataset),
        distributions.activity(dataset),
        distributions.release_years(dataset),
        distributions.genres(dataset),
        timestamps.timestamp_ties(dataset),
        groups.tastes(dataset),
        dataset.notes,
    )
