"""The profile of a dataset: pure functions of a ``schema.Dataset`` that return frames and plain numbers.

``distributions`` counts, ``timestamps`` measures how far times define an order, ``groups`` compares groups of users,
and ``profile`` combines them for a page or a report. Frames are small and contain only aggregates.
"""

from bst.datasets.profile.distributions import (
    Counts,
    activity,
    counts,
    genres,
    long_tail,
    over_time,
    release_years,
    star_shares,
)
from bst.datasets.profile.groups import (
    FEW_USERS,
    MOVIE_COLUMNS,
    RatingsByMovie,
    movie_summary,
    tastes,
    telling_movie,
)
from bst.datasets.profile.profile import DatasetProfile, dataset_profile
from bst.datasets.profile.timestamps import TimestampTies, timestamp_ties

__all__ = [
    "FEW_USERS",
    "MOVIE_COLUMNS",
    "Counts",
    "DatasetProfile",
    "RatingsByMovie",
    "TimestampTies",
    "activity",
    "counts",
    "dataset_profile",
    "genres",
    "long_tail",
    "movie_summary",
    "over_time",
    "release_years",
    "star_shares",
    "tastes",
    "telling_movie",
    "timestamp_ties",
]
