"""What each kind of model makes of one visitor, behind one interface: the inner side of the recommender's door.

A scorer has ``horizon``, ``orders``, ``predict(visitor)`` and ``attend(visitor, movie)``. Only here is a visitor
turned into a model's inputs.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bst.bundle import Bundle
from bst.errors import BundleError
from bst.models.config import TimelineConfig
from bst.schema import AGES, OCCUPATIONS, SEXES, Visitor
from bst.segments import EVENT_INPUTS, gap_buckets, months


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
    The latter two are None for a model that does not predict them.
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


def _codes(visitor: Visitor) -> dict[str, int]:
    return {
        "sex": -1 if visitor.sex is None else SEXES.index(visitor.sex),
        "age": -1 if visitor.age is None else AGES.index(visitor.age),
        "occupation": -1 if visitor.occupation is None else OCCUPATIONS.index(visitor.occupation),
    }


class ClassicScorer:
    """Reads the newest ``window − 1`` events; a shorter history leaves slots empty.

    Without a user id, as a visitor has none: a preset that was trained with one sees a visitor as a user with the mean
    of all user embeddings.
    """

    orders = ("rating",)

    def __init__(self, bundle: Bundle, model):
        import tensorflow as tf

        self.bundle, self.horizon = bundle, bundle.config.horizon
        signature = {
            "movies": tf.TensorSpec((None, self.horizon), tf.int32),
            "ratings": tf.TensorSpec((None, self.horizon), tf.float32),
        } | {name: tf.TensorSpec((None,), tf.int32) for name in ("target", "user", "sex", "age", "occupation")}
        # compiled once, for any number of candidates
        self._predict = tf.function(lambda inputs: model(inputs, training=False), input_signature=[signature])
        self._attend = tf.function(
            lambda inputs: model(inputs, training=False, return_attention_scores=True), input_signature=[signature]
        )

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue. ``rows``: the visitor's movies."""
        ratings = self._predict(self._inputs(visitor, rows, np.arange(self.bundle.sizes.movies))).numpy()[:, 0]
        return Predictions(np.clip(ratings, self.bundle.levels[0], self.bundle.levels[-1]))

    def attend(self, visitor: Visitor, rows: np.ndarray, movie: int) -> Looks:
        """Return where ``movie`` (a row) looks in the pass that predicts it."""
        _, scores = self._attend(self._inputs(visitor, rows, np.array([movie])))
        used = min(len(rows), self.horizon) + 1
        between = scores.numpy()[0][:, -used:, -used:]
        names = tuple(f"Head {head + 1}" for head in range(len(between)))
        return Looks(names, between[:, -1, :-1], between[:, -1, -1], "the movie itself", between)

    def _inputs(self, visitor: Visitor, rows: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        read, n = watched(visitor, rows, self.horizon), len(targets)
        movies, ratings = np.full(self.horizon, -1, np.int32), np.zeros(self.horizon, np.float32)
        if len(read.movie):
            movies[-len(read.movie) :], ratings[-len(read.movie) :] = read.movie, read.rating
        return {
            "movies": np.broadcast_to(movies, (n, self.horizon)),
            "ratings": np.broadcast_to(ratings, (n, self.horizon)),
            "target": targets.astype(np.int32),
        } | {name: np.full(n, code, np.int32) for name, code in ({"user": -1} | _codes(visitor)).items()}


class TimelineScorer:
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
        signature = {name: tf.TensorSpec((1, None), tf.int32) for name in EVENT_INPUTS}
        signature |= {name: tf.TensorSpec((1,), tf.int32) for name in ("sex", "age", "occupation")}

        def predict(inputs):
            encoded = model.encode(inputs)
            return tf.nn.softmax(model.score(encoded)[0]), (
                model.next_logits(encoded)[0] if model.next else tf.zeros(0)
            )

        def attend(inputs, movie):
            return model.score(model.encode(inputs), movie, return_attention_scores=True)[1][0, :, :, 0]

        # compiled once, for any length of history
        self._predict = tf.function(predict, input_signature=[signature])
        self._attend = tf.function(attend, input_signature=[signature, tf.TensorSpec((1,), tf.int32)])

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue. ``rows``: the visitor's movies."""
        levels, logits = (part.numpy() for part in self._predict(self._inputs(visitor, rows)))
        expected = levels @ np.array(self.bundle.levels, np.float32)
        watch_next = None
        if self.model.next:
            logits[rows] = -np.inf  # nobody watches a movie for the first time twice
            watch_next = np.exp(logits - logits.max()) if np.isfinite(logits).any() else np.zeros_like(logits)
            watch_next /= max(watch_next.sum(), 1e-9)
        return Predictions(expected, levels, watch_next)

    def attend(self, visitor: Visitor, rows: np.ndarray, movie: int) -> Looks:
        """Return where ``movie`` (a row) looks, in every layer, in the pass that predicts its rating."""
        scores = self._attend(self._inputs(visitor, rows), np.array([movie], np.int32)).numpy()
        names = tuple(f"Layer {i + 1}, head {h + 1}" for i in range(scores.shape[0]) for h in range(scores.shape[1]))
        scores = scores.reshape(len(names), -1)
        return Looks(names, scores[:, 1:], scores[:, 0], "who the visitor is")

    def _inputs(self, visitor: Visitor, rows: np.ndarray) -> dict[str, np.ndarray]:
        read = watched(visitor, rows, self.horizon)
        level = np.searchsorted(self.bundle.levels, read.rating).astype(np.int32)
        events = {"movie": read.movie, "level": level, "gap": read.gap, "month": read.month}
        return {name: values[None] for name, values in events.items()} | {
            name: np.array([code], np.int32) for name, code in _codes(visitor).items()
        }
