"""All of it, for a page or a report."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bst.datasets.profile import distributions, groups, timestamps
from bst.errors import DatasetError
from bst.schema import Dataset


@dataclass(frozen=True)
class DatasetProfile:
    """What a dataset looks like: aggregates alone. ``tastes``: by part of ``groups.GROUPS``, of which anything is
    known. ``notes``: what was assumed when it was read. Where ``ties.has_times`` is not true, ``time`` and the days
    of ``counts`` mean nothing.
    """

    counts: distributions.Counts
    stars: pd.DataFrame
    time: pd.DataFrame
    tail: pd.DataFrame
    activity: pd.DataFrame
    years: pd.DataFrame
    genres: pd.DataFrame
    ties: timestamps.Ties
    tastes: dict[str, pd.DataFrame]
    notes: tuple[str, ...] = ()


def dataset_profile(dataset: Dataset, on_progress: Callable[[str], None] = lambda words: None) -> DatasetProfile:
    """Look at a whole dataset; ``on_progress`` is told what is next. Raises ``DatasetError`` without ratings."""
    if not len(dataset.ratings):
        raise DatasetError(f"{dataset.title} has no ratings to look at; get it again")
    on_progress("counting")
    counts = distributions.counts(dataset)
    on_progress("sorting by time")
    ties = timestamps.ties(dataset)
    on_progress("comparing groups of people")
    return DatasetProfile(
        counts,
        distributions.star_shares(dataset),
        distributions.over_time(dataset),
        distributions.long_tail(dataset),
        distributions.activity(dataset),
        distributions.release_years(dataset),
        distributions.genres(dataset),
        ties,
        groups.tastes(dataset),
        dataset.notes,
    )
