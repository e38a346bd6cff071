"""Many histories with a common prefix, as when one event is removed or changed: the prefix is encoded once.

Under a causal mask no event attends to what comes after it. So in all histories that begin with the same events, these
have the same keys and values in every layer, and only what comes behind them has to be run through the layers.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bst.models.timeline.engine.arrays import softmax
from bst.models.timeline.engine.cache import KVCache
from bst.models.timeline.engine.catalogue_towers import CatalogueInference
from bst.models.timeline.engine.rating_tower import RatingInference
from bst.parallel import map_parallel
from bst.timelines.segments import EVENT_INPUTS

Arrays = dict[str, np.ndarray]

# histories in one pass, and events that it runs through the layers: more go beyond the processor's caches and have less
# of a prefix in common, fewer are not worth the start of an operation
MAX_HISTORIES, MAX_EVENTS = 32, 8_000


class SharedPrefixPredictor:
    """Predicts some movies for many histories of one visitor.

    ``catalogue`` has the inference of the tasks "next" and "like", as far as the model has them. ``max_histories`` and
    ``max_events`` are run in one pass.
    """

    def __init__(
        self,
        rating: RatingInference | None,
        catalogue: Mapping[str, CatalogueInference],
        max_histories: int = MAX_HISTORIES,
        max_events: int = MAX_EVENTS,
    ):
        # the towers that take longest first
        self._towers: dict[str, CatalogueInference | RatingInference] = {**catalogue}
        if rating is not None:
            self._towers["rating"] = rating
        self._limits = max_histories, max_events

    def predict(
        self, history: Arrays, variants: Sequence[Arrays], movies: np.ndarray, catalogue_logits: bool
    ) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """Predict ``movies`` (N,) for variants of a ``history`` (a batch of one) of the same visitor.

        ``variants``: batches of histories, each of one length, at least 1, without padding. Returns the probability of
        each level (variants, N, L), batch after batch, None without a rating tower, and with ``catalogue_logits`` the
        logits (variants, N) by task.
        """
        towers = [name for name in self._towers if catalogue_logits or name == "rating"]
        predictions = self._run(towers, history, variants, movies)
        return predictions.pop("rating", None), predictions

    def logits(self, task: str, history: Arrays, variants: Sequence[Arrays], movies: np.ndarray) -> np.ndarray:
        """Return the logits (variants, N) of one task alone, as ``predict`` does."""
        return self._run([task], history, variants, movies)[task]

    def _run(
        self, towers: Sequence[str], history: Arrays, variants: Sequence[Arrays], movies: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Return what some towers predict: the probability of each level, or logits, by tower."""
        caches = {name: KVCache() for name in towers}
        for name, cache in caches.items():
            self._towers[name].encode(history, cache)
        passes, count = [], 0
        for batch in variants:
            for which, *lengths in plan_passes(history, batch, *self._limits):
                passes.append((_take(batch, which), count + which, *lengths))
            count += len(batch["movie"])

        def run(job: tuple) -> tuple[str, np.ndarray, np.ndarray]:
            name, (inputs, which, prefix_length, changed_length) = job
            cache = KVCache(caches[name].layers, prefix_length, changed_length)
            return name, which, _predict(self._towers[name], inputs, movies, cache)

        predictions: dict[str, np.ndarray] = {}
        for tower, which, values in map_parallel(run, [(tower, part) for tower in towers for part in passes]):
            predictions.setdefault(tower, np.zeros((count, *values.shape[1:]), np.float32))[which] = values
        return predictions


def _predict(
    tower: CatalogueInference | RatingInference, inputs: Arrays, movies: np.ndarray, cache: KVCache
) -> np.ndarray:
    if isinstance(tower, RatingInference):
        return softmax(tower.score(tower.encode(inputs, cache), movies)[0])
    return tower.logits(*tower.encode(inputs, cache), movies)


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
