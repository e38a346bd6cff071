"""What each kind of model makes of one visitor, behind one interface: the inner side of the recommender's door.

A scorer has ``horizon``, ``orders``, ``predict``, ``predict_many`` and ``attend``. Only here is a visitor turned into a
model's inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bst.bundle import Bundle
from bst.errors import BundleError
from bst.models.config import TimelineConfig
from bst.schema import AGES, OCCUPATIONS, SEXES, Visitor
from bst.segments import EVENT_INPUTS, gap_buckets, months

# visitors in one pass, and candidates of all of them together: more are no quicker, and take memory
MOST_VISITORS, MOST_CANDIDATES = 64, 32_768


class Watched(NamedTuple):
    """The events that a model reads, oldest first: ``movie`` int32 rows of the catalogue, ``rating`` float32 stars,
    ``gap`` and ``month`` int32 of ``segments.gap_buckets`` and ``months``, 0 where a time is unknown; each (events,).
    """

    movie: np.ndarray
    rating: np.ndarray
    gap: np.ndarray
    month: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """What a model expects of every movie of the catalogue, in its order.

    ``expected`` float32 (movies,) stars. ``distribution`` (movies, levels): the probability of each rating level.
    ``watch_next`` (movies,): the probability of being the next movie, 0 for those that were watched; it sums to 1.
    The latter two are None for a model that does not predict them. Of many visitors each has one axis more, in front.
    """

    expected: np.ndarray
    distribution: np.ndarray | None = None
    watch_next: np.ndarray | None = None


@dataclass(frozen=True)
class Looks:
    """Where a candidate looks: ``heads`` names them; ``to_events`` (heads, events) and ``to_rest`` (heads,) sum to 1.

    ``rest`` says what is looked at beside the events. ``between`` (heads, events + 1, events + 1): all weights among
    events and candidate, where the candidate is one of the tokens.
    """

    heads: tuple[str, ...]
    to_events: np.ndarray
    to_rest: np.ndarray
    rest: str
    between: np.ndarray | None = None


def make_scorer(bundle: Bundle, model):
    """Return the scorer of a bundle's model."""
    return (TimelineScorer if isinstance(bundle.config, TimelineConfig) else ClassicScorer)(bundle, model)


def watched(visitor: Visitor, rows: np.ndarray, horizon: int) -> Watched:
    """Return the newest ``horizon`` events of a visitor; ``rows`` (events,) are all their movies in the catalogue."""
    times = [event.timestamp for event in visitor.history]
    gaps = [
        0 if now is None or before is None else gap_buckets(np.array(now - before))
        for before, now in zip([None, *times], times, strict=False)
    ]
    first = max(0, len(rows) - horizon)
    ratings = np.array([event.rating for event in visitor.history], np.float32)
    month = [0 if time is None else months(np.array(time)) for time in times]
    when = (np.array(values, np.int32)[first:] for values in (gaps, month))
    read = Watched(np.asarray(rows[first:], np.int32), ratings[first:], *when)
    read.gap[:1] = 0  # what came before the first of them is out of sight
    return read


def together(histories: Sequence[Watched], length: int, in_front: bool = False) -> Watched:
    """Return histories as one, each part (visitors, ``length``), padded behind or ``in_front``: movie −1, others 0."""
    whole = Watched(*(np.zeros((len(histories), length), part.dtype) for part in histories[0]))
    whole.movie[:] = -1
    for row, read in enumerate(histories):
        events = len(read.movie)
        at = slice(length - events, length) if in_front else slice(events)
        for into, part in zip(whole, read, strict=True):
            into[row, at] = part
    return whole


def _codes(visitors: Sequence[Visitor]) -> dict[str, np.ndarray]:
    parts = (("sex", SEXES), ("age", AGES), ("occupation", OCCUPATIONS))
    codes = {part: {None: -1} | {value: code for code, value in enumerate(values)} for part, values in parts}
    return {
        part: np.array([of[getattr(visitor, part)] for visitor in visitors], np.int32) for part, of in codes.items()
    }


def passes(lengths: Sequence[int], candidates: int) -> list[np.ndarray]:
    """Return which visitors to predict together: those whose histories are of like length, so that little is padded."""
    size = int(np.clip(MOST_CANDIDATES // max(candidates, 1), 1, MOST_VISITORS))
    order = np.argsort(lengths, kind="stable")
    return [order[first : first + size] for first in range(0, len(order), size)]


class Scorer:
    """What both kinds share: many visitors at once. ``_pass`` predicts some movies for a few visitors."""

    bundle: Bundle
    horizon: int

    def predict_many(
        self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movies: np.ndarray, watch_next: bool
    ) -> Predictions:
        """Predict ``movies`` (rows of the catalogue) for each visitor; ``rows``: the movies of each of them."""
        size = len(visitors), len(movies)
        expected, levels, chances = np.zeros(size, np.float32), None, None
        for group in passes([min(len(row), self.horizon) for row in rows], len(movies)):
            made = self._pass([visitors[i] for i in group], [rows[i] for i in group], movies, watch_next)
            expected[group] = made.expected
            if made.distribution is not None:
                levels = np.zeros((*size, len(self.bundle.levels)), np.float32) if levels is None else levels
                levels[group] = made.distribution
            if made.watch_next is not None:
                chances = np.zeros(size, np.float32) if chances is None else chances
                chances[group] = made.watch_next
        return Predictions(expected, levels, chances)

    def _pass(self, visitors, rows, movies, watch_next) -> Predictions:
        raise NotImplementedError


class ClassicScorer(Scorer):
    """Reads the newest ``window − 1`` events; a shorter history leaves slots empty.

    Without a user id, as a visitor has none: a preset that was trained with one sees a visitor as a user with the mean
    of all user embeddings.
    """

    orders = ("rating",)

    def __init__(self, bundle: Bundle, model):
        import tensorflow as tf

        self.bundle, self.model, self.horizon = bundle, model, bundle.config.horizon
        signature = {
            "movies": tf.TensorSpec((None, self.horizon), tf.int32),
            "ratings": tf.TensorSpec((None, self.horizon), tf.float32),
        } | {name: tf.TensorSpec((None,), tf.int32) for name in ("target", "user", "sex", "age", "occupation")}
        # compiled once, for any number of candidates; AutoGraph has nothing to translate here, and takes seconds for it
        self._predict = tf.function(
            lambda inputs: model(inputs, training=False), input_signature=[signature], autograph=False
        )
        self._attend = tf.function(
            lambda inputs: model(inputs, training=False, return_attention_scores=True),
            input_signature=[signature],
            autograph=False,
        )

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue. ``rows``: the visitor's movies."""
        return Predictions(self._pass([visitor], [rows], np.arange(self.bundle.sizes.movies), False).expected[0])

    def _pass(self, visitors, rows, movies, watch_next) -> Predictions:
        ratings = self._predict(self._inputs(visitors, rows, movies)).numpy()
        expected = np.clip(ratings, self.bundle.levels[0], self.bundle.levels[-1])
        return Predictions(expected.reshape(len(visitors), len(movies)))

    def attend(self, visitor: Visitor, rows: np.ndarray, movie: int) -> Looks:
        """Return where ``movie`` (a row) looks in the pass that predicts it."""
        _, scores = self._attend(self._inputs([visitor], [rows], np.array([movie])))
        used = min(len(rows), self.horizon) + 1
        between = scores.numpy()[0][:, -used:, -used:]
        names = tuple(f"Head {head + 1}" for head in range(len(between)))
        return Looks(names, between[:, -1, :-1], between[:, -1, -1], "the movie itself", between)

    def movie_vectors(self) -> np.ndarray:
        """Return what the model has learnt of each movie, with its genres: (movies, width) float32."""
        return np.array(self.model.encode_movie(np.arange(self.bundle.sizes.movies)))

    def _inputs(self, visitors, rows, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Return one window for each visitor and target: the first visitor with all targets, then the second …"""
        histories = [watched(*pair, self.horizon) for pair in zip(visitors, rows, strict=True)]
        read, n = together(histories, self.horizon, in_front=True), len(targets)
        inputs = {"movies": read.movie, "ratings": read.rating, "user": np.full(len(visitors), -1, np.int32)}
        inputs = {name: np.repeat(values, n, axis=0) for name, values in (inputs | _codes(visitors)).items()}
        return inputs | {"target": np.tile(targets.astype(np.int32), len(visitors))}


class TimelineScorer(Scorer):
    """Reads the newest ``memory`` events, once; then scores every candidate against them."""

    def __init__(self, bundle: Bundle, model):
        import tensorflow as tf

        if not model.rating:
            raise BundleError(
                f"bundle {bundle.name} has no rating tower: it can be measured, but it recommends nothing; "
                "train both towers"
            )
        self.bundle, self.model, self.horizon = bundle, model, bundle.config.horizon
        model.freeze()
        self.orders = ("rating", "next", "blend") if model.next else ("rating",)
        signature = {name: tf.TensorSpec((None, None), tf.int32) for name in EVENT_INPUTS}
        signature |= {name: tf.TensorSpec((None,), tf.int32) for name in ("sex", "age", "occupation")}
        some = tf.TensorSpec((None,), tf.int32)

        def compiled(function, *arguments):
            # compiled once, for any length of history; AutoGraph has nothing to translate, and takes seconds for it
            return tf.function(function, input_signature=[signature, *arguments], autograph=False)

        def predict(inputs):
            encoded = model.encode(inputs)
            return tf.nn.softmax(model.score(encoded)), model.next_logits(encoded) if model.next else tf.zeros((1, 0))

        def attend(inputs, movie):
            return model.score(model.encode(inputs), movie, return_attention_scores=True)[1][0, :, :, 0]

        self._predict, self._attend = compiled(predict), compiled(attend, some)
        self._stars = compiled(
            lambda inputs, movie: tf.nn.softmax(model.rating.score(model.rating.encode(inputs), movie)[0]), some
        )
        self._next = compiled(lambda inputs: model.next.catalogue_logits(model.next.encode(inputs)))

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue. ``rows``: the visitor's movies."""
        levels, logits = (part.numpy() for part in self._predict(self._inputs([visitor], [rows])))
        chances = self._chances(logits, [rows])[0] if self.model.next else None
        return Predictions(self._means(levels)[0], levels[0], chances)

    def _pass(self, visitors, rows, movies, watch_next) -> Predictions:
        inputs = self._inputs(visitors, rows)
        levels, chances = self._stars(inputs, movies.astype(np.int32)).numpy(), None
        if watch_next and self.model.next:
            chances = self._chances(self._next(inputs).numpy(), rows)[:, movies]
        return Predictions(self._means(levels), levels, chances)

    def _means(self, levels: np.ndarray) -> np.ndarray:
        return levels @ np.array(self.bundle.levels, np.float32)

    def _chances(self, logits: np.ndarray, rows: Sequence[np.ndarray]) -> np.ndarray:
        """Return probabilities (visitors, movies) among what each has not seen; all 0 where nothing is left."""
        for of_one, seen in zip(logits, rows, strict=True):
            of_one[seen] = -np.inf  # nobody watches a movie for the first time twice
        highest = logits.max(axis=1, keepdims=True)
        chances = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
        return chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-9)

    def attend(self, visitor: Visitor, rows: np.ndarray, movie: int) -> Looks:
        """Return where ``movie`` (a row) looks, in every layer, in the pass that predicts its rating."""
        scores = self._attend(self._inputs([visitor], [rows]), np.array([movie], np.int32)).numpy()
        names = tuple(f"Layer {i + 1}, head {h + 1}" for i in range(scores.shape[0]) for h in range(scores.shape[1]))
        scores = scores.reshape(len(names), -1)
        return Looks(names, scores[:, 1:], scores[:, 0], "who the visitor is")

    def movie_vectors(self) -> np.ndarray:
        """Return the rating tower's vectors of all movies, which tell of genres and year too: (movies, width)."""
        return np.array(self.model.rating.table())

    def _inputs(self, visitors, rows) -> dict[str, np.ndarray]:
        histories = [watched(*pair, self.horizon) for pair in zip(visitors, rows, strict=True)]
        read = together(histories, max(len(history.movie) for history in histories))
        level = np.searchsorted(self.bundle.levels, read.rating).astype(np.int32)
        events = {"movie": read.movie, "level": level, "gap": read.gap, "month": read.month}
        return events | _codes(visitors)
