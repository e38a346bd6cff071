"""One row of a ranked list, and the titles and genres that it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bst.inference import ranking
from bst.schema import Visitor
from bst.scoring.results import Predictions


@dataclass(frozen=True)
class Recommendation:
    """One row of a ranked list. ``expected_rating`` in stars; ``seen``: whether the visitor has seen the movie.

    ``distribution`` (probability of each rating level), ``watch_next`` (probability of being the next movie, 0 for a
    seen one) and ``will_like`` (probability of being watched and liked some time, 0 for a seen one) are None for a
    model that does not predict them.
    """

    rank: int
    movie_id: int
    title: str
    genres: str
    expected_rating: float
    seen: bool = False
    distribution: tuple[float, ...] | None = None
    watch_next: float | None = None
    will_like: float | None = None


def make_recommendation(
    name: tuple[int, str, str], visitor: Visitor, predictions: Predictions, column: int, rank: int
) -> Recommendation:
    """Return the row of a movie. ``name``: see ``names_of``; ``column``: where the predictions have it."""
    movie_id, title, genres = name
    return Recommendation(
        rank=rank,
        movie_id=movie_id,
        title=title,
        genres=genres,
        expected_rating=float(predictions.expected[column]),
        seen=movie_id in visitor,
        distribution=None if predictions.distribution is None else tuple(predictions.distribution[column].tolist()),
        watch_next=None if predictions.watch_next is None else float(predictions.watch_next[column]),
        will_like=None if predictions.will_like is None else float(predictions.will_like[column]),
    )


def names_of(movies: pd.DataFrame) -> Sequence[tuple[int, str, str]]:
    """Return id, title and genres of each movie.

    Plain tuples: every click makes a new list of recommendations, and reading a frame cell by cell is slow. Those of a
    large catalogue are read when they are needed, as 1 million take as much memory as the frame.
    """
    columns = movies[["movie_id", "title", "genres"]]
    if len(movies) > ranking.MOST_WITHOUT_INDEX:
        return _LazyNames(*(columns[name].array for name in columns))
    return list(columns.itertuples(index=False, name=None))


class _LazyNames(Sequence[tuple[int, str, str]]):
    def __init__(self, *columns: Any):
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, row: Any) -> Any:
        movie_id, title, genres = (column[row] for column in self._columns)
        return int(movie_id), title, genres
