"""What the scorers of all kinds of models share: many visitors at once, and integrated gradients."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from bst.bundles.bundle import Bundle
from bst.schema import Visitor
from bst.scoring.results import Answers, Attributed, CandidateAttention, Predictions

# visitors in one pass, and candidates of all of them together: more are no quicker, and take memory
MOST_VISITORS, MOST_CANDIDATES = 64, 32_768
# integrals: nodes of a piece, pieces to begin with, how often one of them is halved at most; and by what share of the
# whole, or by how few stars, their sum may be off
NODES, PIECES, MOST_HALVINGS = 3, 10, 6
COMPLETE, NO_STARS = 0.005, 5e-4


def passes(lengths: Sequence[int], candidates: int) -> list[np.ndarray]:
    """Return which visitors to predict together: those whose histories are of like length, so that little is padded."""
    size = int(np.clip(MOST_CANDIDATES // max(candidates, 1), 1, MOST_VISITORS))
    order = np.argsort(lengths, kind="stable")
    return [order[first : first + size] for first in range(0, len(order), size)]


# from movie ids to rows of the catalogue: (movies,) int32
RowsOf = Callable[[Iterable[int]], np.ndarray]


class Scorer(ABC):
    """What both kinds share. ``_pass`` predicts some movies for a few visitors."""

    bundle: Bundle
    max_history: int
    orders: tuple[str, ...] = ("rating",)

    @abstractmethod
    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue. ``rows``: the visitor's movies."""

    @abstractmethod
    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return where ``movie`` (a row) looks in the pass that predicts its rating."""

    @abstractmethod
    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learnt of each movie: (movies, width) float32."""

    def predict_many(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, watch_next: bool
    ) -> Predictions:
        """Predict ``movies`` (rows of the catalogue) for each visitor; ``rows``: the movies of each of them."""
        size = len(visitors), len(movies)
        expected, levels, chances = np.zeros(size, np.float32), None, None
        for group in passes([min(len(row), self.max_history) for row in rows], len(movies)):
            made = self._pass([visitors[i] for i in group], [rows[i] for i in group], movies, watch_next)
            expected[group] = made.expected
            if made.distribution is not None:
                levels = np.zeros((*size, len(self.bundle.levels)), np.float32) if levels is None else levels
                levels[group] = made.distribution
            if made.watch_next is not None:
                chances = np.zeros(size, np.float32) if chances is None else chances
                chances[group] = made.watch_next
        return Predictions(expected, levels, chances)

    @abstractmethod
    def _pass(self, visitors, rows, movies, watch_next) -> Predictions:
        """Predict ``movies`` for visitors of one pass, as ``predict_many`` does."""

    def answer(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movie: int) -> Answers:
        """Say what the model expects of one ``movie`` (a row) of each of several visitors."""
        made = self.predict_many(visitors, rows, np.array([movie]), False)
        return Answers(made.expected[:, 0], None if made.distribution is None else made.distribution[:, 0])

    def without_each(self, visitor: Visitor, rows: np.ndarray, movie: int, following: bool = True) -> Answers:
        """Say what the model expects of ``movie`` (a row): first of the visitor, then without each event that it reads.

        The answers are those of ``answer``; unless ``following``, without ``next_logit``, which takes most of the time.
        """
        made = self.answer(*self._visitors_without(visitor, rows), movie)
        return made if following else replace(made, next_logit=None)

    def expected_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, among: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the expected ratings of ``movies`` (rows): (1 + events, movies), in the order of ``without_each``.

        Or without those of the events in the places ``among``.
        """
        return self.predict_many(*self._visitors_without(visitor, rows, among), movies, False).expected

    def expected_if_rated(
        self, visitor: Visitor, rows: np.ndarray, movie: int, among: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the expected rating of ``movie`` (a row) if an event had another rating: (events, levels) stars.

        Of the events that are read, or those of them in the places ``among``.
        """
        events, levels = visitor.history[max(0, len(rows) - self.max_history) :], self.bundle.levels
        events = events if among is None else [events[place] for place in among]
        changed = [visitor.rated(event.movie_id, level) for event in events for level in levels]
        return self.answer(changed, [rows] * len(changed), movie).expected.reshape(len(events), len(levels))

    def _visitors_without(self, visitor: Visitor, rows: np.ndarray, among: Sequence[int] | None = None):
        """Return the visitor, then the same without each event that is read, and the movies of each."""
        events, read = len(rows), min(len(rows), self.max_history)
        places = range(read) if among is None else among
        kept = [np.delete(np.arange(events), events - read + place) for place in places]
        without = [replace(visitor, history=tuple(visitor.history[i] for i in keep)) for keep in kept]
        return [visitor, *without], [rows, *(rows[keep] for keep in kept)]

    def attribute(self, visitor: Visitor, rows: np.ndarray, movie: int, steps: int | None = None) -> Attributed:
        """Return integrated gradients of the expected rating of ``movie`` (a row), by Gauss–Legendre quadrature.

        attribution_i = ∫₀¹ ∂F(s, …, s) / ∂s_i ds (Sundararajan et al. 2017, arXiv 1703.01365, equation 1), where input
        i stands at s on its way from what tells nothing (0) to what it is (1). With ``steps`` nodes over the whole way;
        or without, over pieces of it, of which those are halved that do not add up to what F differs by at their ends:
        gradients jump where a ReLU sets in.
        """

        def gradients(places: np.ndarray) -> tuple[np.ndarray, ...]:
            stars, event_effects, rest = self._gradients(visitor, rows, movie, places)
            return stars.astype(float), np.column_stack([event_effects, rest]).astype(float)

        nodes, weights = np.polynomial.legendre.leggauss(steps or NODES)
        nodes, weights = (nodes + 1) / 2, weights / 2
        borders = np.linspace(0, 1, 2 if steps else PIECES + 1)
        pieces, ends, made = np.stack([borders[:-1], borders[1:]], axis=1), None, 0.0
        for halvings in range(1 if steps else MOST_HALVINGS + 1):
            size = pieces[:, 1] - pieces[:, 0]
            inside = pieces[:, :1] + size[:, None] * nodes
            stars, changes = gradients(np.concatenate([pieces.ravel(), inside.ravel()]))
            at_ends = stars[: pieces.size].reshape(pieces.shape)
            ends = (at_ends[0, 0], at_ends[-1, 1]) if ends is None else ends
            parts = np.einsum("n,pnc,p->pc", weights, changes[pieces.size :].reshape(*inside.shape, -1), size)
            off = np.abs(parts.sum(axis=1) - (at_ends[:, 1] - at_ends[:, 0]))
            halve = off > max(COMPLETE * abs(ends[1] - ends[0]), NO_STARS) / PIECES**0.5  # errors partly cancel
            if steps or halvings == MOST_HALVINGS:
                halve[:] = False
            made = made + parts[~halve].sum(axis=0)
            middle = pieces[halve].mean(axis=1)
            pieces = np.stack([pieces[halve, 0], middle, middle, pieces[halve, 1]], axis=1).reshape(-1, 2)
            if not len(pieces):
                break
        return Attributed(ends[1], ends[0], made[:-1], float(made[-1]))

    @abstractmethod
    def _gradients(self, visitor, rows, movie, places) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return stars (places,) on the way and how they change with each event (places, events) and the rest."""
