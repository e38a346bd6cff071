"""Two visitors side by side: what is different between them, how the list moves, and which change moves it."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.ranking import BY_RATING, Order, RankOptions
from bst.inference.recommender import Recommendation, Recommender
from bst.schema import Visitor
from bst.what_if.edits import (
    PARTS,
    Add,
    Drop,
    Edit,
    Forget,
    Move,
    Rate,
    Reorder,
    Retime,
    SetPart,
    Swap,
    Title,
    apply_all,
    describe,
    differences,
    join,
    ordinal,
    value_words,
)

# with more edits than this nobody asks which one it was, and each costs a ranking
MOST_CAUSES = 8
# what a cause must account for to be called the main one
MAINLY = 0.5


@dataclass(frozen=True)
class Cause:
    """The edit which, made alone, comes closest to the whole move of one movie: ``share`` of it, 1 for all.

    ``before``: the visitor that the edit is told from.
    """

    edit: Edit
    share: float
    before: Visitor


@dataclass(frozen=True)
class Comparison:
    """Two visitors ``a`` and ``b``, the ``edits`` from one to the other, and the first ``k`` movies of both lists.

    ``moves``: one row for each movie of either list, in the order of b's ranks: ``movie_id``, ``title``; ``rank_a`` and
    ``rank_b`` (Int64) among all movies that pass the filters, missing where the movie does not pass or is in the
    history; ``expected_a``, ``expected_b`` stars; ``next_a``, ``next_b`` probabilities, not a number for a model
    without them. ``catalogue``: the same for all movies that are in either list, were it as long as can be.
    ``mover``: the movie of ``moves`` that moves most, None if none does; ``cause``: what moves it, None if there are
    too many edits to tell.
    """

    a: Visitor
    b: Visitor
    k: int
    order: Order
    edits: tuple[Edit, ...]
    first: list[Recommendation]
    second: list[Recommendation]
    catalogue: pd.DataFrame = field(repr=False)
    mover: int | None = None
    cause: Cause | None = None

    @property
    def moves(self) -> pd.DataFrame:
        """Return the rows of movies that are among the first ``k`` of either list."""
        among = (self.catalogue[["rank_a", "rank_b"]] <= self.k).fillna(False).any(axis=1)
        return self.catalogue[among].sort_values(["rank_b", "rank_a"], ignore_index=True)

    def gains(self, by: str = "rating", k: int = 5) -> pd.DataFrame:
        """Return the ``k`` movies, seen by neither, whose expected rating (``by`` "next": watch-next) rises most.

        Columns ``movie_id``, ``title``, ``a``, ``b``, ``change``, the largest rise first.
        """
        changes = self._changes(by)
        return changes[changes["change"] > 0].nlargest(k, "change").reset_index(drop=True)

    def losses(self, by: str = "rating", k: int = 5) -> pd.DataFrame:
        """Return the ``k`` movies whose expected rating (or watch-next) falls most; columns as in ``gains``."""
        changes = self._changes(by)
        return changes[changes["change"] < 0].nsmallest(k, "change").reset_index(drop=True)

    def _changes(self, by: str) -> pd.DataFrame:
        what = {"rating": "expected", "next": "next"}[by]
        watched = self.a.all_seen | self.b.all_seen
        rows = self.catalogue[~self.catalogue["movie_id"].isin(watched)]
        a, b = rows[f"{what}_a"], rows[f"{what}_b"]
        return rows[["movie_id", "title"]].assign(a=a, b=b, change=b - a)

    def words(self, title: Title) -> str:
        """Say in one plain sentence what moves most, and why. ``title``: from a movie's id to its title."""
        if not self.edits:
            return "Nothing was changed."
        if self.catalogue.empty:
            return "There is no movie left to recommend."
        if self.mover is None:
            return f"The first {self.k} stay where they are, {self._why(title, None)}."
        row = self.catalogue.set_index("movie_id").loc[self.mover]
        way = "rises" if row["rank_b"] < row["rank_a"] else "falls"
        places = f"from {ordinal(int(row['rank_a']))} to {ordinal(int(row['rank_b']))}"
        return f"{title(self.mover)} {way} {places}{self._values(row)}, {self._why(title, self.cause)}."

    def _values(self, row: pd.Series) -> str:
        if self.order == "rating":
            return f" ({_change(row['expected_a'], row['expected_b'], 2)} ★)"
        return f" (watched next: {_change(100 * row['next_a'], 100 * row['next_b'], 3)}%)"

    def _why(self, title: Title, cause: Cause | None) -> str:
        """Return what follows the move of a movie: "mostly because …"; of no move, "although …"."""
        before, clauses = self.a, []
        for edit in self.edits[:2]:
            clauses.append(_clause(edit, before, title))
            before = edit.apply(before)
        told = describe(self.a, self.edits, title)
        if self.mover is None:
            return f"although {join(clauses) if len(self.edits) < 3 else f'much was changed: {told}'}"
        if cause and cause.share >= MAINLY and len(self.edits) > 1:
            return f"mostly because {_clause(cause.edit, cause.before, title)}"
        return f"because {join(clauses)}" if len(self.edits) < 3 else f"because of many changes together: {told}"


def _change(before: float, after: float, decimals: int) -> str:
    """Return "4.6 → 3.9", with up to so many decimals where it would look as if nothing had changed."""
    for places in range(1, decimals + 1):
        told = f"{before:.{places}f}", f"{after:.{places}f}"
        if told[0] != told[1]:
            return " → ".join(told)
    return f"still {after:.1f}"


def _clause(edit: Edit, before: Visitor, title: Title) -> str:
    """Return an edit as what follows "because": "Blade Runner (1982) went from 5 to 1"."""
    match edit:
        case SetPart(part, value):
            old, new = value_words(part, getattr(before, part)), value_words(part, value)
            return f"{PARTS[part]} went from {old} to {new}"
        case Rate(movie_id, rating):
            return f"{title(movie_id)} went from {before.ratings[movie_id]:g} to {rating:g}"
        case Add(movie_id, rating):
            return f"{title(movie_id)} was added with {rating:g} ★"
        case Drop(movie_id):
            return f"{title(movie_id)} was removed"
        case Move(movie_id):
            earlier = list(before.ratings).index(movie_id) >= edit.to
            return f"{title(movie_id)} was moved {'earlier' if earlier else 'later'}"
        case Swap(first, second):
            return f"{title(first)} and {title(second)} changed places"
        case Forget():
            return f"{edit.words(before, title).removeprefix('forgot ')} were forgotten"
        case Reorder():
            return "the order of the history changed"
        case Retime():
            return "the dates of the history changed"


def compare(
    recommender: Recommender,
    a: Visitor,
    b: Visitor,
    k: int = 10,
    options: RankOptions = BY_RATING,
) -> Comparison:
    """Compare what is recommended to two visitors. Arguments and errors as in ``Recommender.rank``.

    The movie that moves most is the one whose weight in a discounted gain, 1 / log₂(1 + rank), changes most: a fall
    from 1st to 14th is a larger move than one from 100th to 1,000th. Its cause is found by making each edit alone on
    ``a``, and taking that which moves it most in the same direction.
    """
    ranks = partial(_ranks, recommender, options)
    first, second = (recommender.rank(visitor, k, options) for visitor in (a, b))
    rank_a, rank_b = ranks(a), ranks(b)
    edits = differences(a, b)
    catalogue = _catalogue(recommender, a, b, rank_a, rank_b)
    what = "expected" if options.order == "rating" else "watch_next"
    values = (getattr(recommender.predict(visitor), what) for visitor in (a, b))
    mover = _mover(rank_a, rank_b, *values, k)
    made = Comparison(a, b, k, options.order, edits, first, second, catalogue)
    if mover is None:
        return made
    cause = _cause(
        a, b, edits, lambda visitor: _gain(ranks(visitor))[mover], _gain(rank_a)[mover], _gain(rank_b)[mover]
    )
    movie_id = int(recommender.catalogue.movies["movie_id"].iloc[mover])
    return Comparison(a, b, k, options.order, edits, first, second, catalogue, movie_id, cause)


def _ranks(recommender: Recommender, options: RankOptions, visitor: Visitor) -> np.ndarray:
    """Return each movie's rank in the whole list, 0 for movies that are not in it: (movies,) int64."""
    return ranking.ranks_of(recommender.ranked_rows(visitor, options), len(recommender.catalogue))


def _gain(ranks: np.ndarray) -> np.ndarray:
    return np.where(ranks > 0, 1 / np.log2(1 + np.maximum(ranks, 1)), 0)


def _mover(rank_a: np.ndarray, rank_b: np.ndarray, value_a: np.ndarray, value_b: np.ndarray, k: int) -> int | None:
    """Return the row that moves most among those in both lists, and among the first ``k`` of either.

    One whose own value goes the same way comes before those that only make room, and of two that change places that
    whose value changes more.
    """
    there = (rank_a > 0) & (rank_b > 0) & (np.minimum(rank_a, rank_b) <= k)
    gain, value = _gain(rank_b) - _gain(rank_a), value_b - value_a
    rows = np.flatnonzero(there & (gain != 0))
    own = rows[gain[rows] * value[rows] > 0]
    rows = own if len(own) else rows
    if not len(rows):
        return None
    return int(max(rows, key=lambda row: (round(abs(gain[row]), 6), abs(value[row]))))


def _cause(a: Visitor, b: Visitor, edits: tuple[Edit, ...], value, at_a: float, at_b: float) -> Cause | None:
    """Return the edit that alone accounts for most of a change of ``value(visitor)`` from ``at_a`` to ``at_b``."""
    if len(edits) == 1:
        return Cause(edits[0], 1.0, a)
    if len(edits) > MOST_CAUSES:
        return None
    shares, before = [], a
    for i, edit in enumerate(edits):
        try:
            shares.append(Cause(edit, (value(edit.apply(a)) - at_a) / (at_b - at_a), before))
        except VisitorError:
            # a new order fits only what the other edits have made: then it is what is missing without it that counts
            without = apply_all(a, edits[:i] + edits[i + 1 :])
            shares.append(Cause(edit, (at_b - value(without)) / (at_b - at_a), before))
        before = edit.apply(before)
    return max(shares, key=lambda cause: cause.share)


def _catalogue(
    recommender: Recommender, a: Visitor, b: Visitor, rank_a: np.ndarray, rank_b: np.ndarray
) -> pd.DataFrame:
    frame = recommender.catalogue.movies[["movie_id", "title"]].copy()
    for side, visitor, ranks in (("a", a, rank_a), ("b", b, rank_b)):
        made = recommender.predict(visitor)
        frame[f"rank_{side}"] = pd.array(ranks, "Int64")
        frame.loc[ranks == 0, f"rank_{side}"] = pd.NA
        frame[f"expected_{side}"] = made.expected
        frame[f"next_{side}"] = np.nan if made.watch_next is None else made.watch_next
    columns = ["movie_id", "title", *(f"{what}_{side}" for what in ("rank", "expected", "next") for side in "ab")]
    return frame.loc[(rank_a > 0) | (rank_b > 0), columns].reset_index(drop=True)
