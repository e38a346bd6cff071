"""How far a model is off for each test user: one row a person, to be sorted, filtered and looked into."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bst.domain import KnownDemographics
from bst.evaluation.later_likes import TOP, LaterLikes
from bst.evaluation.predictions import ITEM_MEAN, TestLabels
from bst.inference.recommender import Recommender
from bst.metrics import LIKED
from bst.schema import demographics_of
from bst.timelines.splits import EvaluationSplit

# after how many ratings the list is made that later likes are looked for in
KNOWN_EVENTS = 5
# lists that are made before progress is reported
BLOCK = 256
DECIMALS = 4  # of stars, as they are kept


@dataclass(frozen=True)
class UserErrors:
    """The errors on one user's test ratings, in stars.

    ``demographics``: what is known of the user. ``labels``: how many test ratings they gave. ``signed_error``: mean of
    expected − given; above 0 the model expects too much. ``baselines``: MAE by baseline. ``worst_…``: of the rating
    that the model is furthest off at: the movie, how many ratings came before, and what was expected and given.
    ``listed_likes``: how many of the ten movies listed after ``KNOWN_EVENTS`` ratings they rated ``LIKED`` or more
    later; None where that was not measured, or where they rate too few movies later.
    """

    user_id: int
    demographics: KnownDemographics
    labels: int
    mae: float
    rmse: float
    signed_error: float
    worst_movie_id: int
    worst_history: int
    worst_expected: float
    worst_actual: float
    baselines: Mapping[str, float] = field(default_factory=dict)
    listed_likes: int | None = None

    @property
    def best_baseline(self) -> str | None:
        """The baseline with the lowest MAE for this user."""
        return min(self.baselines, key=self.baselines.__getitem__, default=None)


def user_errors(labels: TestLabels) -> tuple[UserErrors, ...]:
    """Return the errors by user, in the order of the dataset. Baselines: item means and the best on all labels."""
    dataset = labels.split.dataset
    ids, movie_ids = dataset.users["user_id"].to_numpy(), dataset.movies["movie_id"].to_numpy()
    residual = labels.expected - labels.actual
    names = [name for name in dict.fromkeys((ITEM_MEAN, labels.best_baseline)) if name in labels.baselines]
    rows = []
    # the labels are in timeline order, so those of a user stand together
    user, first = np.unique(labels.user, return_index=True)
    for row, start, stop in zip(user, first, [*first[1:], len(residual)], strict=True):
        own = slice(start, stop)
        worst = start + int(np.abs(residual[own]).argmax())
        rows.append(
            UserErrors(
                user_id=int(ids[row]),
                demographics=demographics_of(dataset, row),
                labels=int(stop - start),
                mae=_rounded(np.abs(residual[own]).mean()),
                rmse=_rounded(np.sqrt((residual[own] ** 2).mean())),
                signed_error=_rounded(residual[own].mean()),
                worst_movie_id=int(movie_ids[labels.movie[worst]]),
                worst_history=int(labels.history[worst]),
                worst_expected=_rounded(labels.expected[worst]),
                worst_actual=_rounded(labels.actual[worst]),
                baselines={name: _rounded(labels.baseline_errors[name][own].mean()) for name in names},
            )
        )
    return tuple(rows)


def with_listed_likes(
    rows: tuple[UserErrors, ...],
    recommender: Recommender,
    split: EvaluationSplit,
    on_progress: Callable[[float], None] = lambda share: None,
) -> tuple[UserErrors, ...]:
    """Add ``listed_likes`` to the rows of users who are held out whole: of the model's default list.

    ``on_progress`` gets the share of the lists that are made.
    """
    later = LaterLikes.of(split, np.unique(split.user[split.test]), KNOWN_EVENTS)
    if not len(later):
        return rows
    ids = split.dataset.users["user_id"].to_numpy()
    movie_ids = recommender.catalogue.movies["movie_id"].to_numpy()
    lists = np.full((len(later), TOP), -1)
    visitors = later.visitors(movie_ids)
    for first in range(0, len(later), BLOCK):
        on_progress(first / len(later))
        lists[first : first + BLOCK] = recommender.rank_many(visitors[first : first + BLOCK], TOP).rows
    likes = (later.stars_of(lists) >= LIKED).sum(axis=1)
    by_user = dict(zip(ids[later.users].tolist(), likes.tolist(), strict=True))
    return tuple(replace(row, listed_likes=by_user.get(row.user_id)) for row in rows)


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)
