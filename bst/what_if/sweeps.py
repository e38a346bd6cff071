"""Sweeps: predictions while one thing about a visitor takes all its values, and for all demographics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from bst.bundles import user_groups
from bst.bundles.user_groups import groups_of
from bst.domain import DemographicName
from bst.inference.recommender import Recommender
from bst.schema import Visitor
from bst.scoring.results import Predictions
from bst.what_if.edits import Move, Rate, SetDemographic


@dataclass(frozen=True)
class RatingSweep:
    """The rating of a movie in the history: all that the dataset allows."""

    movie_id: int


@dataclass(frozen=True)
class DemographicSweep:
    """A demographic, such as sex or age: unknown first, then all values."""

    name: DemographicName


@dataclass(frozen=True)
class HistoryLengthSweep:
    """How many of the newest events the history has: from none to all that the model reads."""


@dataclass(frozen=True)
class PositionSweep:
    """The position of a movie in the history: from the oldest to the newest, which is labelled 1."""

    movie_id: int


SweepParameter = RatingSweep | DemographicSweep | HistoryLengthSweep | PositionSweep


class SweepValue(NamedTuple):
    """A value of a sweep parameter: its label, the visitor with it, and whether that is how the visitor is."""

    label: str
    visitor: Visitor
    current: bool


def sweep_values(recommender: Recommender, visitor: Visitor, parameter: SweepParameter) -> list[SweepValue]:
    """Return all values of a parameter, in order. Raises ``VisitorError`` for one that the visitor does not have."""
    values: list[tuple[str, Visitor]]
    match parameter:
        case RatingSweep(movie_id):
            values = [(f"{level:g} ★", Rate(movie_id, level).apply(visitor)) for level in recommender.bundle.levels]
        case DemographicSweep(name):
            demographic = recommender.domain.demographic(name)
            values = [
                (demographic.value_label(value), SetDemographic(name, value).apply(visitor))
                for value in (None, *demographic.values)
            ]
        case HistoryLengthSweep():
            read = recommender.read_events(visitor)
            values = [
                (f"{count}", replace(visitor, history=read[len(read) - count :])) for count in range(len(read) + 1)
            ]
            visitor = values[-1][1]  # what is older than the model reads makes no difference
        case PositionSweep(movie_id):
            events = len(visitor.history)
            # an empty history has one position too, so that Move raises its error
            positions = range(max(1, events))
            values = [(f"{events - position}", Move(movie_id, position).apply(visitor)) for position in positions]
    return [SweepValue(label, changed, changed == visitor) for label, changed in values]


def sweep(
    recommender: Recommender,
    visitor: Visitor,
    movie_ids: Sequence[int],
    parameter: SweepParameter,
    most: int | None = None,
) -> pd.DataFrame:
    """Predict movies for every value of a parameter, or for ``most`` of them from the first to the last, in one call.

    Returns one row per value and movie: ``movie_id``, ``title``, ``setting`` (the value's label), ``place`` (its index,
    from 0), ``current`` (whether that is how the visitor is), ``expected`` stars, and ``distribution``, a list with the
    probability of each rating level, or None for a model without. Raises ``VisitorError`` for a parameter that the
    visitor does not have, and as ``Recommender.predict``.
    """
    values = sweep_values(recommender, visitor, parameter)
    if most is not None and len(values) > most:
        values = [values[i] for i in np.linspace(0, len(values) - 1, most).round().astype(int)]
    predictions = recommender.predict_many([value.visitor for value in values], movie_ids)
    movies = len(movie_ids)
    return pd.DataFrame(
        {
            "movie_id": np.tile(np.array(movie_ids, np.int64), len(values)),
            "title": [recommender.catalogue.title(movie_id) for movie_id in movie_ids] * len(values),
            "setting": np.repeat([value.label for value in values], movies),
            "place": np.repeat(np.arange(len(values)), movies),
            "current": np.repeat([value.current for value in values], movies),
            "expected": predictions.expected.ravel(),
            "distribution": _as_lists(predictions),
        }
    )


def demographics(recommender: Recommender, visitor: Visitor, movie_id: int) -> pd.DataFrame:
    """Predict one movie for every combination of known demographics, with the visitor's history, in one call.

    Returns a row for each of ``user_groups.groups_of``, 294 of them for MovieLens: a column for each demographic, such
    as ``sex``, then ``expected`` stars, ``distribution`` as in ``sweep``, ``current``, true for the visitor's own row,
    if all are known, and ``people``: how many users of the dataset are like that, as in ``user_groups``, NaN if that
    was not counted. Errors as in ``Recommender.predict``.
    """
    names, groups = list(recommender.domain.demographics), groups_of(recommender.domain)
    visitors = [Visitor(dict(zip(names, group, strict=True)), visitor.history) for group in groups]
    predictions = recommender.predict_many(visitors, [movie_id])
    own, people = tuple(map(visitor.demographic, names)), user_groups.read(recommender.bundle)
    return pd.DataFrame(groups, columns=names).assign(
        expected=predictions.expected[:, 0],
        distribution=_as_lists(predictions),
        current=[group == own for group in groups],
        people=np.nan if people is None else list(people.values()),
    )


def _as_lists(predictions: Predictions) -> Sequence[list[float] | None]:
    """Return the distribution of each visitor and movie: (visitors × movies) lists."""
    distribution = predictions.distribution
    if distribution is None:
        return [None] * predictions.expected.size
    return distribution.reshape(-1, distribution.shape[-1]).tolist()
