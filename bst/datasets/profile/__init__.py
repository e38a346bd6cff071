"""What a dataset looks like: pure functions of a ``schema.Dataset`` that return frames and plain figures.

``shape`` counts, ``order`` says what timestamps are worth, ``groups`` compares people, ``whole`` puts together what a
page or a report needs of all that. Frames are small and hold aggregates alone.
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
from bst.datasets.profile.groups import FEW_USERS, GROUPS, MOVIE_COLUMNS, RatingsByMovie, group_name, of_movie, tastes
from bst.datasets.profile.profile import DatasetProfile, dataset_profile
from bst.datasets.profile.timestamps import Ties, ties

__all__ = [
    "FEW_USERS",
    "GROUPS",
    "MOVIE_COLUMNS",
    "Counts",
    "DatasetProfile",
    "RatingsByMovie",
    "Ties",
    "activity",
    "counts",
    "dataset_profile",
    "genres",
    "group_name",
    "long_tail",
    "of_movie",
    "over_time",
    "release_years",
    "star_shares",
    "tastes",
    "ties",
]
