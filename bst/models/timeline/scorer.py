"""The scorer of the timeline model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bst.bundles.bundle import Bundle
from bst.errors import BundleError
from bst.models.timeline.prefix_cache import SharedPrefixPredictor
from bst.schema import Visitor
from bst.scoring.encoding import Watched, codes, rated_otherwise, together, watched, without_each
from bst.scoring.results import Answers, CandidateAttention, HistoryAttention, Predictions
from bst.scoring.scorer import RowsOf, Scorer, passes
from bst.timelines.segments import EVENT_INPUTS


class TimelineScorer(Scorer):
    """Reads the newest ``max_history`` events, once; then scores every candidate against them."""

    def __init__(self, bundle: Bundle, model, rows_of: RowsOf):
        import tensorflow as tf

        from bst.models.timeline.fast_inference import KVCache, NextInference, RatingInference

        if not model.rating:
            raise BundleError(
                f"bundle {bundle.name} has no rating tower: it can be measured, but it recommends nothing; "
                "train both towers"
            )
        self.bundle, self.model, self.max_history, self._rows_of = bundle, model, bundle.config.max_history, rows_of
        rating = RatingInference(model.rating)
        following: Any = NextInference(model.next) if model.next else None
        self.orders = ("rating", "next", "blend") if model.next else ("rating",)
        signature = {name: tf.TensorSpec((None, None), tf.int32) for name in EVENT_INPUTS}
        signature |= {name: tf.TensorSpec((None,), tf.int32) for name in ("sex", "age", "occupation")}
        some = tf.TensorSpec((None,), tf.int32)
        stars = tf.constant(bundle.levels, tf.float32)

        def compiled(function, *arguments):
            # compiled once, for any length of history; AutoGraph has nothing to translate, and takes seconds for it
            return tf.function(function, input_signature=[signature, *arguments], autograph=False)

        def predict(inputs):
            levels = tf.nn.softmax(rating.score(rating.encode(inputs))[0])
            return levels, next_logits(inputs) if following else tf.zeros((1, 0))

        def next_logits(inputs):
            return following.catalogue_logits(following.encode(inputs))

        def attention_weights(inputs, movie):
            cache = KVCache()
            encoded = rating.encode(inputs, cache)
            content = tf.stack(cache.weights)[:, 0] if cache.weights else tf.zeros((0, 0, 0, 0))
            return rating.score(encoded, movie)[1][0, :, :, 0], content

        def levels_of(inputs, movie):
            return tf.nn.softmax(rating.score(rating.encode(inputs), movie)[0])

        def gradients(inputs, movie, event_scale, profile_scale):
            scales = tf.convert_to_tensor(event_scale), tf.convert_to_tensor(profile_scale)
            with tf.GradientTape() as tape:
                tape.watch(scales)
                scaled = inputs | dict(zip(("event_scale", "profile_scale"), scales, strict=True))
                levels = levels_of(scaled, movie)[:, 0]
                expected = tf.linalg.matvec(levels, stars)
            return expected, *tape.gradient(expected, scales, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        self._predict, self._attend = compiled(predict), compiled(attention_weights, some)
        self._stars = compiled(levels_of, some)
        self._next = compiled(next_logits)
        self._next_of = compiled(lambda inputs, movie: following.logits(following.encode(inputs), movie), some)
        self._changes = compiled(
            gradients, some, tf.TensorSpec((None, None), tf.float32), tf.TensorSpec((None,), tf.float32)
        )
        self._shared_prefix = SharedPrefixPredictor(rating, following, compiled)

    def predict(self, visitor: Visitor, rows: np.ndarray) -> Predictions:
        """Predict the whole catalogue. ``rows``: the visitor's movies."""
        levels, logits = (part.numpy() for part in self._predict(self._inputs([visitor], [rows])))
        chances = self._chances(logits, [visitor], [rows])[0] if self.model.next else None
        return Predictions(self._means(levels)[0], levels[0], chances)

    def _pass(self, visitors, rows, movies, watch_next) -> Predictions:
        inputs = self._inputs(visitors, rows)
        levels, chances = self._stars(inputs, movies.astype(np.int32)).numpy(), None
        if watch_next and self.model.next:
            chances = self._chances(self._next(inputs).numpy(), visitors, rows)[:, movies]
        return Predictions(self._means(levels), levels, chances)

    def _means(self, levels: np.ndarray) -> np.ndarray:
        return levels @ np.array(self.bundle.levels, np.float32)

    def _chances(self, logits: np.ndarray, visitors, rows: Sequence[np.ndarray]) -> np.ndarray:
        """Return probabilities (visitors, movies) among what each has not seen; all 0 where nothing is left."""
        for of_one, visitor, watched_rows in zip(logits, visitors, rows, strict=True):
            of_one[watched_rows] = -np.inf  # nobody watches a movie for the first time twice
            if visitor.seen:
                of_one[self._rows_of(visitor.seen)] = -np.inf
        highest = logits.max(axis=1, keepdims=True)
        chances = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
        return chances / np.maximum(chances.sum(axis=1, keepdims=True), 1e-9)

    def answer(self, visitors: Sequence[Visitor], rows: Sequence[np.ndarray], movie: int) -> Answers:
        """Say what the model expects of one ``movie`` (a row) of each of several visitors."""
        levels = np.zeros((len(visitors), len(self.bundle.levels)), np.float32)
        logits, asked = np.zeros(len(visitors), np.float32), np.array([movie], np.int32)
        for group in passes([min(len(row), self.max_history) for row in rows], 1):
            inputs = self._inputs([visitors[i] for i in group], [rows[i] for i in group])
            levels[group] = self._stars(inputs, asked)[:, 0]
            if self.model.next:
                logits[group] = self._next_of(inputs, asked)[:, 0]
        return Answers(self._means(levels), levels, logits if self.model.next else None)

    def without_each(self, visitor: Visitor, rows: np.ndarray, movie: int, following: bool = True) -> Answers:
        """Say what the model expects of ``movie`` (a row): first of the visitor, then without each event that it reads.

        The answers are those of ``answer``; unless ``following``, without ``next_logit``, which takes most of the time.
        """
        if len(rows) < 2:  # nothing to share
            return super().without_each(visitor, rows, movie, following)
        levels, logits = self._without_each(visitor, rows, np.array([movie]), None, following)
        return Answers(self._means(levels)[:, 0], levels[:, 0], None if logits is None else logits[:, 0])

    def expected_without_each(
        self, visitor: Visitor, rows: np.ndarray, movies: np.ndarray, among: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the expected ratings of ``movies`` (rows): (1 + events, movies), in the order of ``without_each``.

        Or without those of the events in the places ``among``.
        """
        if len(rows) < 2:
            return super().expected_without_each(visitor, rows, movies, among)
        return self._means(self._without_each(visitor, rows, movies, among, False)[0])

    def _without_each(self, visitor, rows, movies, among, following):
        history, rest = without_each(visitor, rows, self.max_history, among)
        batches = [self._coded(part, [visitor]) for part in (_one(watched(visitor, rows, self.max_history)), rest)]
        return self._shared_prefix.predict(self._coded(_one(history), [visitor]), batches, movies, following)

    def expected_if_rated(
        self, visitor: Visitor, rows: np.ndarray, movie: int, among: Sequence[int] | None = None
    ) -> np.ndarray:
        """Return the expected rating of ``movie`` (a row) if an event had another rating: (events, levels) stars.

        Of the events that are read, or those of them in the places ``among``.
        """
        read = watched(visitor, rows, self.max_history)
        among = np.arange(len(read.movie)) if among is None else np.asarray(among, int)
        if not len(among):
            return np.zeros((0, len(self.bundle.levels)))
        changed, places = rated_otherwise(read, self.bundle.levels, among)
        whole = self._coded(_one(read), [visitor])
        batches = [whole, self._coded(changed, [visitor])]
        expected = self._means(self._shared_prefix.predict(whole, batches, np.array([movie]), False)[0])[:, 0]
        table = np.full((len(among), len(self.bundle.levels)), expected[0])
        table[places] = expected[1:]
        return table

    def attention_weights(self, visitor: Visitor, rows: np.ndarray, movie: int) -> CandidateAttention:
        """Return where ``movie`` (a row) looks, in every layer, in the pass that predicts its rating."""
        scores, between = self._attend(self._inputs([visitor], [rows]), np.array([movie], np.int32))
        (names, scores), (streams, between) = (_by_head(part.numpy()) for part in (scores, between))
        rest = "who the visitor is"
        tokens = HistoryAttention(streams, between, before=(rest,)) if streams else None
        return CandidateAttention(names, scores[:, 1:], scores[:, 0], rest, tokens)

    def _gradients(self, visitor, rows, movie, places):
        inputs = self._inputs([visitor], [rows])
        inputs = {name: np.repeat(values, len(places), axis=0) for name, values in inputs.items()}
        profile_scale = places.astype(np.float32)
        event_scale = np.repeat(profile_scale[:, None], inputs["movie"].shape[1], axis=1)
        made = self._changes(inputs, np.array([movie], np.int32), event_scale, profile_scale)
        return tuple(part.numpy() for part in made)

    def movie_vectors(self) -> np.ndarray:
        """Return the rating tower's vectors of all movies, which tell of genres and year too: (movies, width)."""
        return np.array(self.model.rating.movie_vectors())

    def _inputs(self, visitors, rows) -> dict[str, np.ndarray]:
        histories = [watched(*pair, self.max_history) for pair in zip(visitors, rows, strict=True)]
        return self._coded(together(histories, max(len(history.movie) for history in histories)), visitors)

    def _coded(self, read: Watched, visitors) -> dict[str, np.ndarray]:
        """Return histories (visitors, events) as the model's inputs; one visitor may stand for all of them."""
        level = np.searchsorted(self.bundle.levels, read.rating).astype(np.int32)
        events = {"movie": read.movie, "level": level, "gap": read.gap, "month": read.month}
        times = len(read.movie) // len(visitors)
        return events | {name: np.repeat(code, times) for name, code in codes(visitors).items()}


def _one(read: Watched) -> Watched:
    """Return a history as a batch of one."""
    return Watched(*(part[None] for part in read))


def _by_head(scores: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """Name the heads of scores (layers, heads, …) and return both, all heads on one axis."""
    names = tuple(f"Layer {i + 1}, head {h + 1}" for i in range(scores.shape[0]) for h in range(scores.shape[1]))
    return names, scores.reshape(len(names), *scores.shape[2:])
