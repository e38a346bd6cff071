"""Many histories with a common prefix, as when one event is removed or changed: the prefix is encoded once.

Under a causal mask no event attends to what comes after it. So in all histories that begin with the same events, these
have the same keys and values in every layer, and only what comes behind them has to be run through the layers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from bst.models.timeline.config import TowerConfig
from bst.timelines.segments import EVENT_INPUTS

Arrays = dict[str, np.ndarray]

# histories in one pass, and events that it runs through the layers: more go beyond the processor's caches, fewer are
# not worth the start of an operation
MAX_HISTORIES, MAX_EVENTS = 64, 8_000
WORKERS = 2


class SharedPrefixPredictor:
    """Predicts some movies for many histories of one visitor.

    ``rating`` is a ``RatingInference``, ``catalogue`` has a ``CatalogueInference`` for each of the tasks "next" and
    "like" that there is; ``compiled`` makes a graph of a function of inputs and of further arguments with the given
    signatures. ``max_histories`` and ``max_events`` are run in one pass.
    """

    def __init__(
        self,
        rating: Any,
        catalogue: Mapping[str, Any],
        compiled: Callable,
        max_histories: int = MAX_HISTORIES,
        max_events: int = MAX_EVENTS,
    ):
        import tensorflow as tf

        from bst.models.timeline.fast_inference import KVCache

        def prefix_signature(tower: TowerConfig, order: str) -> tuple:
            """Describe ``KVCache.as_prefix``; ``order`` of the layers, "c" of content and "q" of few queries."""
            key_or_value = tf.TensorSpec((1, tower.heads, None, tower.width // tower.heads), tf.float32)
            of_layer = {"c": (key_or_value, key_or_value), "q": (tf.TensorSpec((1, None, tower.width), tf.float32),)}
            biases = [tf.TensorSpec((tower.heads, None, None), tf.float32)] * order.count("c")
            return [of_layer[kind] for kind in order], biases

        def prefixes(inputs):
            caches = {name: KVCache() for name in self._towers}
            for name, cache in caches.items():
                self._towers[name].encode(inputs, cache)
            return {name: cache.as_prefix() for name, cache in caches.items()}

        def probabilities(inputs, movies, prefix_length, changed_length, prefix):
            encoded = rating.encode(inputs, KVCache(prefix, prefix_length, changed_length))
            return tf.nn.softmax(rating.score(encoded, movies)[0])

        def logits_of(tower):
            def logits(inputs, movies, prefix_length, changed_length, prefix):
                return tower.logits(*tower.encode(inputs, KVCache(prefix, prefix_length, changed_length)), movies)

            return logits

        indices, number = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.int32)
        # the towers that take longest first
        self._towers = {**catalogue, "rating": rating}
        self._prefixes = compiled(prefixes)
        # queries attend to the tokens, and again after each content layer
        config = rating.tower.config
        signature = prefix_signature(config, "q" + "cq" * (config.layers - 1))
        self._graphs = {"rating": compiled(probabilities, indices, number, number, signature)}
        for name, tower in catalogue.items():
            config = tower.tower.config
            signature = prefix_signature(config, "c" * (config.layers - 1) + "q")
            self._graphs[name] = compiled(logits_of(tower), indices, number, number, signature)
        self._limits = max_histories, max_events
        self._workers = ThreadPoolExecutor(WORKERS)

    def predict(
        self, history: Arrays, variants: Sequence[Arrays], movies: np.ndarray, catalogue_logits: bool
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Predict ``movies`` (N,) for variants of a ``history`` (a batch of one) of the same visitor.

        ``variants``: batches of histories, each of one length, at least 1, without padding. Returns the probability of
        each level (variants, N, L), batch after batch, and with ``catalogue_logits`` the logits (variants, N) by task.
        """
        predictions = self._run(list(self._towers) if catalogue_logits else ["rating"], history, variants, movies)
        return predictions.pop("rating"), predictions

    def logits(self, task: str, history: Arrays, variants: Sequence[Arrays], movies: np.ndarray) -> np.ndarray:
        """Return the logits (variants, N) of one task alone, as ``predict`` does."""
        return self._run([task], history, variants, movies)[task]

    def _run(
        self, towers: Sequence[str], history: Arrays, variants: Sequence[Arrays], movies: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return what some towers predict: the probability of each level, or logits, by tower."""
        rows, prefixes = movies.astype(np.int32), self._prefixes(history)
        passes, count = [], 0
        for batch in variants:
            for which, *lengths in plan_passes(history, batch, *self._limits):
                passes.append((_take(batch, which), count + which, *lengths))
            count += len(batch["sex"])

        def run(job: tuple) -> tuple[str, np.ndarray, np.ndarray]:
            tower, (inputs, which, prefix_length, changed_length) = job
            lengths = np.int32(prefix_length), np.int32(changed_length)
            return tower, which, self._graphs[tower](inputs, rows, *lengths, prefixes[tower]).numpy()

        predictions: dict[str, np.ndarray] = {}
        for tower, which, values in self._workers.map(run, [(tower, part) for tower in towers for part in passes]):
            predictions.setdefault(tower, np.zeros((count, *values.shape[1:]), np.float32))[which] = values
        return predictions


def _take(inputs: Arrays, which: np.ndarray) -> Arrays:
    return {name: values[which] for name, values in inputs.items()}


def plan_passes(
    history: Arrays, batch: Arrays, max_histories: int, max_events: int
) -> Iterator[tuple[np.ndarray, int, int]]:
    """Split a batch of variants into passes: which of them to run together, their prefix length and changed length.

    The prefix, in tokens with the visitor as the first, is what all of them share with the ``history``; the changed
    tokens are those behind it up to the last in which they differ. At least one token is left to be run.
    """
    length = batch["movie"].shape[1]
    common = min(length, history["movie"].shape[1])
    changed = _differ(*({name: part[name][:, :common] for name in EVENT_INPUTS} for part in (batch, history)))
    prefix = np.minimum(1 + np.where(changed.any(axis=1), changed.argmax(axis=1), common), length)
    order = np.argsort(prefix, kind="stable")
    while len(order):
        prefix_length = int(prefix[order[0]])
        which = order[: int(np.clip(max_events // (length + 1 - prefix_length), 1, max_histories))]
        differing = np.flatnonzero(_differ(_take(batch, which), _take(batch, which[:1])).any(axis=0))
        yield which, prefix_length, 1 + int(differing[-1]) + 1 - prefix_length if len(differing) else 0
        order = order[len(which) :]


def _differ(some: Arrays, others: Arrays) -> np.ndarray:
    """Return which events differ: (histories, events) bool."""
    return np.any([some[name] != others[name] for name in EVENT_INPUTS], axis=0)
