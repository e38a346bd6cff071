"""One knob of a visitor turned through all its settings, and everyone that a visitor could be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from bst.errors import VisitorError
from bst.inference.recommender import Recommender
from bst.schema import AGES, OCCUPATIONS, SEXES, Visitor
from bst.what_if.edits import Move, Rate, SetPart, value_words

VALUES: dict[str, tuple] = {"sex": SEXES, "age": AGES, "occupation": OCCUPATIONS}


@dataclass(frozen=True)
class RatingSweep:
    """The rating of a movie in the history, through all that the dataset allows."""

    movie_id: int


@dataclass(frozen=True)
class DemographicSweep:
    """Who the visitor is: ``part`` is sex, age or occupation; unknown first."""

    part: str


@dataclass(frozen=True)
class HistoryLengthSweep:
    """How many of the newest events are there: from none to all that the model reads."""


@dataclass(frozen=True)
class PositionSweep:
    """Where in the history a movie stands: from the oldest place to the newest, which is called 1."""

    movie_id: int


SweepParameter = RatingSweep | DemographicSweep | HistoryLengthSweep | PositionSweep


class Setting(NamedTuple):
    """A setting of a knob: how it is called, the visitor with it, and whether that is how they are."""

    label: str
    visitor: Visitor
    current: bool


def settings(recommender: Recommender, visitor: Visitor, knob: SweepParameter) -> list[Setting]:
    """Return all settings of a knob, in their order. Raises ``VisitorError`` for one that the visitor does not have."""
    match knob:
        case RatingSweep(movie_id):
            made = [(f"{level:g} ★", Rate(movie_id, level).apply(visitor)) for level in recommender.bundle.levels]
        case DemographicSweep(part) if part in VALUES:
            made = [(_capital(part, value), SetPart(part, value).apply(visitor)) for value in (None, *VALUES[part])]
        case DemographicSweep(part):
            raise VisitorError(f"a visitor has no {part!r} to turn; choose one of: {', '.join(VALUES)}")
        case HistoryLengthSweep():
            read = recommender.read_events(visitor)
            made = [(f"{count}", replace(visitor, history=read[len(read) - count :])) for count in range(len(read) + 1)]
            visitor = made[-1][1]  # what is older than the model reads makes no difference
        case PositionSweep(movie_id):
            events = len(visitor.history)
            # of an empty history there is one place too, for the error that tells so
            made = [(f"{events - place}", Move(movie_id, place).apply(visitor)) for place in range(max(1, events))]
    return [Setting(label, changed, changed == visitor) for label, changed in made]


def _capital(part: str, value) -> str:
    words = value_words(part, value)
    return words[0].upper() + words[1:]


def sweep(recommender: Recommender, visitor: Visitor, movie_ids: Sequence[int], knob: SweepParameter) -> pd.DataFrame:
    """Predict movies for every setting of a knob, in one call.

    Returns a row for each setting and movie: ``movie_id``, ``title``, ``setting`` (how it is called), ``place`` (0 for
    the first setting), ``current`` (whether that is how the visitor is), ``expected`` stars, and ``distribution``, a
    list with the probability of each rating level, or None for a model without. Raises ``VisitorError`` for a knob that
    the visitor does not have, and as ``Recommender.predict``.
    """
    turned = settings(recommender, visitor, knob)
    made = recommender.predict_many([setting.visitor for setting in turned], movie_ids)
    movies, shape = len(movie_ids), made.expected.shape
    return pd.DataFrame(
        {
            "movie_id": np.tile(np.array(movie_ids, np.int64), len(turned)),
            "title": [recommender.catalogue.title(movie_id) for movie_id in movie_ids] * len(turned),
            "setting": np.repeat([setting.label for setting in turned], movies),
            "place": np.repeat(np.arange(len(turned)), movies),
            "current": np.repeat([setting.current for setting in turned], movies),
            "expected": made.expected.ravel(),
            "distribution": _lists(made.distribution, shape),
        }
    )


def demographics(recommender: Recommender, visitor: Visitor, movie_id: int) -> pd.DataFrame:
    """Predict one movie for every known sex, age group and occupation, with the visitor's history, in one call.

    Returns 294 rows: ``sex``, ``age``, ``occupation``, ``expected`` stars, ``distribution`` as in ``sweep``, and
    ``current``, true for the visitor's own row, if all three are known. Errors as in ``Recommender.predict``.
    """
    everyone = list(product(SEXES, AGES, OCCUPATIONS))
    made = recommender.predict_many([Visitor(*who, visitor.history) for who in everyone], [movie_id])
    frame = pd.DataFrame(everyone, columns=["sex", "age", "occupation"])
    own = (visitor.sex, visitor.age, visitor.occupation)
    return frame.assign(
        expected=made.expected[:, 0],
        distribution=_lists(made.distribution, made.expected.shape),
        current=[who == own for who in everyone],
    )


def _lists(distribution: np.ndarray | None, shape: tuple[int, int]) -> list:
    if distribution is None:
        return [None] * (shape[0] * shape[1])
    return distribution.reshape(-1, distribution.shape[-1]).tolist()
