"""Two visitors side by side: how they differ, how the list moves, and which edit moves it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from bst.domain import MOVIES, Domain
from bst.errors import VisitorError
from bst.inference import ranking
from bst.inference.ranking import Order, RankOptions
from bst.inference.recommender import Recommendation, Recommender
from bst.schema import Visitor
from bst.text import ordinal
from bst.what_if.differences import differences
from bst.what_if.edits import (
    Add,
    Drop,
    Edit,
    Forget,
    Move,
    Rate,
    Reorder,
    Retime,
    SetDemographic,
    SetSeen,
    Swap,
    Title,
    apply_all,
    describe_edits,
    join,
)

# what changes in a list of each order: its column in ``Comparison.catalogue``, and where predictions have it
Value = Literal["like", "rating", "next"]
COLUMNS: dict[Order, str] = {"like": "like", "rating": "expected", "next": "next", "blend": "next"}
PREDICTIONS = {"expected": "expected", "next": "watch_next", "like": "will_like"}
# the main edit is looked for among up to this many, as each costs a ranking
MOST_TRIED = 8
# the least share of a move that an edit must account for to be called its main cause
MAIN_SHARE = 0.5
# more edits than these are summarised
MAX_CLAUSES = 2
# before a value that shows no change
STILL = "still"
# what a movie's rank in a list of each order depends on, and how that changes where the rank goes the other way
OWN_VALUES: dict[Order, tuple[str, str, str]] = {
    "like": ("its own chance", "falls", "rises"),
    "rating": ("its own stars", "fall", "rise"),
    "next": ("its own chance", "falls", "rises"),
    "blend": ("its own chance", "falls", "rises"),
}


@dataclass(frozen=True)
class Subject:
    """The movie that a comparison is to speak of, and what of it: its ``rank`` in the lists, or its ``stars``."""

    movie_id: int
    by: Literal["rank", "stars"] = "rank"


@dataclass(frozen=True)
class MainEdit:
    """The edit that, applied alone, comes closest to the whole move of a movie: ``share`` of it, 1 for all.

    ``before``: the visitor that the edit is described from.
    """

    edit: Edit
    share: float
    before: Visitor


@dataclass(frozen=True)
class Comparison:
    """Two visitors ``a`` and ``b``, the ``edits`` from one to the other, and the first ``k`` movies of both lists.

    ``first``, ``second``: the lists of a and b. ``catalogue``: one row for each movie in either list, were the lists of
    any length: ``movie_id``, ``title``; ``rank_a`` and ``rank_b`` (Int64) among all movies that pass the filters,
    missing where the movie does not pass or was seen; ``expected_a``, ``expected_b`` stars; ``next_a``, ``next_b``,
    ``like_a``, ``like_b`` probabilities, NaN for a model without them. ``most_moved``: the id of the movie of ``moves``
    that moves most, or that was asked about, None if none does; ``main_edit``: what moves it, None if there are too
    many edits to try. ``stars``: of the movie whose stars were asked about, with a and with b. ``domain``: of the
    dataset.
    """

    a: Visitor
    b: Visitor
    k: int
    order: Order
    edits: tuple[Edit, ...]
    first: list[Recommendation]
    second: list[Recommendation]
    catalogue: pd.DataFrame = field(repr=False)
    most_moved: int | None = None
    main_edit: MainEdit | None = None
    stars: tuple[int, float, float] | None = None
    domain: Domain = MOVIES

    @property
    def moves(self) -> pd.DataFrame:
        """The rows of ``catalogue`` that are among the first ``k`` of either list, in the order of b's ranks."""
        rank_a, rank_b = (self.catalogue[f"rank_{side}"].to_numpy(np.float64, na_value=np.inf) for side in "ab")
        among = np.flatnonzero(np.minimum(rank_a, rank_b) <= self.k)
        order = np.lexsort((rank_a[among], rank_b[among]))
        return self.catalogue.take(among[order]).reset_index(drop=True)

    def gains(self, by: Value = "rating", k: int = 5) -> pd.DataFrame:
        """Return the ``k`` movies, seen by neither, whose expected rating rises most.

        ``by`` "next": whose probability of being watched next does; "like": that of being watched and liked.

        Columns ``movie_id``, ``title``, ``a``, ``b``, ``change``, the largest rise first.
        """
        return self._changes(by, 1, k)

    def losses(self, by: Value = "rating", k: int = 5) -> pd.DataFrame:
        """Return the ``k`` movies whose expected rating or probability falls most; columns as in ``gains``."""
        return self._changes(by, -1, k)

    def _changes(self, by: Value, sign: int, k: int) -> pd.DataFrame:
        seen = np.isin(self.catalogue["movie_id"].to_numpy(), [*self.a.all_seen, *self.b.all_seen])
        a, b = (self.catalogue[f"{COLUMNS[by]}_{side}"].to_numpy() for side in "ab")
        change = np.where(seen, 0, b - a)
        first = np.argsort(-sign * change, kind="stable")[:k]
        first = first[sign * change[first] > 0]
        named = {name: self.catalogue[name].array.take(first) for name in ("movie_id", "title")}
        return pd.DataFrame(named | {"a": a[first], "b": b[first], "change": change[first]})

    def describe(self, title: Title) -> str:
        """Return one plain sentence: what moves most, and why. ``title``: from a movie's id to its title."""
        if not self.edits:
            return "Nothing was changed."
        if self.stars:
            return self._describe_stars(*self.stars, title)
        if self.catalogue.empty:
            return "There is no movie left to recommend."
        if self.most_moved is None:
            return f"The first {self.k} stay where they are, {self._reason(title)}."
        row = self.catalogue.set_index("movie_id").loc[self.most_moved]
        rises = bool(row["rank_b"] < row["rank_a"])
        ranks = f"from {ordinal(int(row['rank_a']))} to {ordinal(int(row['rank_b']))}"
        start = f"{title(self.most_moved)} {'rises' if rises else 'falls'} {ranks}"
        a, b = (row[f"{COLUMNS[self.order]}_{side}"] for side in "ab")
        values = self._values(a, b)
        if STILL in values or (b > a) == rises:
            return f"{start} ({values}), {self._reason(title)}."
        own, fall, rise = OWN_VALUES[self.order]
        change, others = (fall, "other movies lose more") if rises else (rise, "other movies gain more")
        return f"{start}, {self._reason(title)}: {own} {change} ({values}), but {others}."

    def _describe_stars(self, movie_id: int, a: float, b: float, title: Title) -> str:
        change = f"({_change(a, b, 2)} ★)"
        if f"{a:.2f}" == f"{b:.2f}":
            return f"{title(movie_id)} keeps its stars {change}, although {self._clauses(title)}."
        return f"{title(movie_id)} {'gains' if b > a else 'loses'} stars {change}, because {self._clauses(title)}."

    def _values(self, a: float, b: float) -> str:
        if self.order == "rating":
            return f"{_change(a, b, 2)} ★"
        if self.order == "like":
            return f"watched and liked: {_change(100 * a, 100 * b, 1)}%"
        return f"watched next: {_change(100 * a, 100 * b, 3)}%"

    def _clauses(self, title: Title) -> str:
        before, clauses = self.a, []
        for edit in self.edits[:MAX_CLAUSES]:
            clauses.append(_clause(edit, before, title, self.domain))
            before = edit.apply(before)
        few = len(self.edits) <= MAX_CLAUSES
        return (
            join(clauses)
            if few
            else f"much was changed: {describe_edits(self.a, self.edits, title, domain=self.domain)}"
        )

    def _reason(self, title: Title) -> str:
        """Return the clause after a move: "mostly because …", or after no move: "although …"."""
        if self.most_moved is None:
            return f"although {self._clauses(title)}"
        main = self.main_edit
        if main and main.share >= MAIN_SHARE and len(self.edits) > 1:
            return f"mostly because {_clause(main.edit, main.before, title, self.domain)}"
        if len(self.edits) <= MAX_CLAUSES:
            return f"because {self._clauses(title)}"
        return f"because of many changes together: {describe_edits(self.a, self.edits, title, domain=self.domain)}"


def _change(before: float, after: float, decimals: int) -> str:
    """Return "4.6 → 3.9", with the fewest decimals that show a change, ``decimals`` at most."""
    for digits in range(1, decimals + 1):
        old, new = f"{before:.{digits}f}", f"{after:.{digits}f}"
        if old != new:
            return f"{old} → {new}"
    return f"{STILL} {after:.1f}"


def _clause(edit: Edit, before: Visitor, title: Title, domain: Domain) -> str:
    """Return an edit as the clause after "because": "Blade Runner (1982) was rated 1 instead of 5"."""
    match edit:
        case SetDemographic(name, value):
            demographic = domain.describe(name)
            old, new = demographic.value_text(before.demographic(name)), demographic.value_text(value)
            return f"their {demographic.label} changed from {old} to {new}"
        case Forget():
            return f"{edit.describe(before, title).removeprefix('forgot ')} were forgotten"
        case Reorder():
            return "the order of the history changed"
        case Retime():
            return "the dates of the history changed"
        case SetSeen():
            return "the list of seen movies changed"
    return _movie_clause(edit, before, title, domain)


def _movie_clause(edit: Edit, before: Visitor, title: Title, domain: Domain) -> str:
    match edit:
        case Rate(movie_id, rating):
            return f"{title(movie_id)} was rated {rating:g} instead of {before.ratings[movie_id]:g}"
        case Add(movie_id, rating):
            return f"{title(movie_id)} was added" + (f" with {rating:g} ★" if domain.rated else "")
        case Drop(movie_id):
            return f"{title(movie_id)} was removed"
        case Move(movie_id, to):
            earlier = list(before.ratings).index(movie_id) >= to
            return f"{title(movie_id)} was moved {'earlier' if earlier else 'later'}"
        case Swap(first, second):
            return f"{title(first)} and {title(second)} changed places"
    raise TypeError(f"no clause for {edit!r}")


def compare(
    recommender: Recommender,
    a: Visitor,
    b: Visitor,
    k: int = 10,
    options: RankOptions | None = None,
    subject: Subject | None = None,
) -> Comparison:
    """Compare what is recommended to two visitors. Arguments and errors as in ``Recommender.rank``.

    ``subject``: the movie to speak of; None, or one whose rank does not change: the one that moves most.

    The movie that moves most is the one whose discounted gain, 1 / log₂(1 + rank), changes most: a fall from 1st to
    14th is a larger move than one from 100th to 1,000th. Its main edit is found by applying each edit alone to ``a``,
    and taking the one that moves it most in the same direction.
    """
    options = options or recommender.default_options
    ranks = partial(_ranks, recommender, options)
    first, second = (recommender.rank(visitor, k, options) for visitor in (a, b))
    rank_a, rank_b = ranks(a), ranks(b)
    edits = differences(a, b)
    catalogue = _catalogue(recommender, a, b, rank_a, rank_b)
    attribute = PREDICTIONS[COLUMNS[options.order]]
    value_a, value_b = (getattr(recommender.predict(visitor), attribute) for visitor in (a, b))
    comparison = Comparison(a, b, k, options.order, edits, first, second, catalogue, domain=recommender.domain)
    if subject and subject.by == "stars":
        index = recommender.catalogue.row(subject.movie_id)
        star_a, star_b = (float(recommender.predict(visitor).expected[index]) for visitor in (a, b))
        return replace(comparison, stars=(subject.movie_id, star_a, star_b))
    row = None if subject is None else recommender.catalogue.row(subject.movie_id)
    if row is None or 0 in (rank_a[row], rank_b[row]) or rank_a[row] == rank_b[row]:
        row = _most_moved(rank_a, rank_b, value_a, value_b, k)
    if row is None:
        return comparison

    def gain(visitor: Visitor) -> float:
        return _gain(ranks(visitor))[row]

    main_edit = _main_edit(a, edits, gain, _gain(rank_a)[row], _gain(rank_b)[row])
    movie_id = int(recommender.catalogue.movies["movie_id"].iloc[row])
    return replace(comparison, most_moved=movie_id, main_edit=main_edit)


def _ranks(recommender: Recommender, options: RankOptions, visitor: Visitor) -> np.ndarray:
    """Return each movie's rank in the whole list, 0 for movies that are not in it: (movies,) int64."""
    return ranking.ranks_of(recommender.ranked_rows(visitor, options), len(recommender.catalogue))


def _gain(ranks: np.ndarray) -> np.ndarray:
    return np.where(ranks > 0, 1 / np.log2(1 + np.maximum(ranks, 1)), 0)


def _most_moved(rank_a: np.ndarray, rank_b: np.ndarray, value_a: np.ndarray, value_b: np.ndarray, k: int) -> int | None:
    """Return the row that moves most among those in both lists, and among the first ``k`` of either.

    Movies whose own value changes in the same direction come before those that only make room, and of two that swap
    ranks the one whose value changes more comes first.
    """
    listed = (rank_a > 0) & (rank_b > 0) & (np.minimum(rank_a, rank_b) <= k)
    gain, value = _gain(rank_b) - _gain(rank_a), value_b - value_a
    rows = np.flatnonzero(listed & (gain != 0))
    own = rows[gain[rows] * value[rows] > 0]
    rows = own if len(own) else rows
    if not len(rows):
        return None
    return int(max(rows, key=lambda row: (round(abs(gain[row]), 6), abs(value[row]))))


def _main_edit(
    a: Visitor, edits: tuple[Edit, ...], gain: Callable[[Visitor], float], at_a: float, at_b: float
) -> MainEdit | None:
    """Return the edit that alone accounts for most of a change of ``gain(visitor)`` from ``at_a`` to ``at_b``."""
    if len(edits) == 1:
        return MainEdit(edits[0], 1.0, a)
    if len(edits) > MOST_TRIED:
        return None
    tried, before = [], a
    for i, edit in enumerate(edits):
        try:
            share = (gain(edit.apply(a)) - at_a) / (at_b - at_a)
        except VisitorError:
            # an edit that fits only after the others, such as a new order: what is missing without it counts instead
            share = (at_b - gain(apply_all(a, edits[:i] + edits[i + 1 :]))) / (at_b - at_a)
        tried.append(MainEdit(edit, share, before))
        before = edit.apply(before)
    return max(tried, key=lambda main: main.share)


def _catalogue(
    recommender: Recommender, a: Visitor, b: Visitor, rank_a: np.ndarray, rank_b: np.ndarray
) -> pd.DataFrame:
    listed = np.flatnonzero((rank_a > 0) | (rank_b > 0))
    movies = recommender.catalogue.movies
    columns: dict[str, Any] = {name: movies[name].take(listed).array for name in ("movie_id", "title")}
    for side, ranks in (("a", rank_a[listed]), ("b", rank_b[listed])):
        columns[f"rank_{side}"] = pd.arrays.IntegerArray(ranks, ranks == 0)
    sides = (("a", recommender.predict(a)), ("b", recommender.predict(b)))
    for value, attribute in PREDICTIONS.items():
        for side, predictions in sides:
            values = getattr(predictions, attribute)
            columns[f"{value}_{side}"] = np.full(len(listed), np.nan) if values is None else values[listed]
    return pd.DataFrame(columns)
