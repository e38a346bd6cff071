"""Many histories that begin alike, as when one event is left out or changed: what they share is read once.

Under a causal mask no event sees what comes after it. So in all histories that begin with the same events, these have
the same keys and values in every layer, and only what comes behind them has to be run through the layers.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.timelines.segments import EVENT_INPUTS

Inputs = dict[str, np.ndarray]

# histories of a pass, and events that it runs through the layers: more of them go beyond the caches, less are too
# little for an operation to be worth its start
MOST_HISTORIES, MOST_EVENTS = 64, 8_000


class Alike:
    """Predicts some movies for many histories of one visitor. ``compiled`` makes a graph of a function of inputs."""

    def __init__(self, model, config: TimelineConfig, compiled):
        import tensorflow as tf

        from bst.models.timeline.attention import Reading

        def past(tower: TowerConfig, order: str):
            content = order.count("c")
            of_one = tf.TensorSpec((1, tower.heads, None, tower.width // tower.heads), tf.float32)
            seen = {"c": (of_one, of_one), "q": (tf.TensorSpec((1, None, tower.width), tf.float32),)}
            return [seen[kind] for kind in order], [tf.TensorSpec((tower.heads, None, None), tf.float32)] * content

        some, one = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.int32)

        def read(inputs):
            readings = {name: Reading() for name in model.towers}
            for name, reading in readings.items():
                model.towers[name].encode(inputs, reading)
            return {name: reading.to_be_past() for name, reading in readings.items()}

        def levels(inputs, movies, shared, window, past):
            encoded = model.rating.encode(inputs, Reading(past, shared, window))
            return tf.nn.softmax(model.rating.score(encoded, movies)[0])

        def logits(inputs, movies, shared, window, past):
            return model.next.logits(model.next.encode(inputs, Reading(past, shared, window)), movies)

        self._read, self._logits = compiled(read), None
        # a layer of few queries looks at the tokens, and again after each layer of content
        self._levels = compiled(levels, some, one, one, past(config.rating, "q" + "cq" * (config.rating.layers - 1)))
        if model.next:
            order = "c" * (config.next.layers - 1) + "q"
            self._logits = compiled(logits, some, one, one, past(config.next, order))
        self._workers = ThreadPoolExecutor(2)

    def predict(
        self, whole: Inputs, changed: Sequence[Inputs], movies: np.ndarray, following: bool
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Predict ``movies`` (N,) for histories that begin like ``whole``, a batch of one, all of the same visitor.

        ``changed``: batches of histories, each of one length, at least 1, without padding. Returns the probability of
        each level (histories, N, L), batch after batch, and with ``following`` the logits of being next (histories, N).
        """
        asked, past = movies.astype(np.int32), self._read(whole)
        work, first = [], 0
        for batch in changed:
            work += [(first, batch, *part) for part in _passes(whole, batch)]
            first += len(batch["sex"])

        def run(job):
            graph, tower, (before, batch, which, shared, window) = job
            made = graph(_rows(batch, which), asked, np.int32(shared), np.int32(window), past[tower])
            return tower, before + which, made.numpy()

        jobs = [(self._levels, "rating", part) for part in work]
        if following and self._logits:
            jobs = [(self._logits, "next", part) for part in work] + jobs
        made: dict[str, np.ndarray] = {}
        for tower, which, values in self._workers.map(run, jobs):
            made.setdefault(tower, np.zeros((first, *values.shape[1:]), np.float32))[which] = values
        return made["rating"], made.get("next")


def _rows(inputs: Inputs, which: np.ndarray) -> Inputs:
    return {name: values[which] for name, values in inputs.items()}


def _passes(whole: Inputs, batch: Inputs) -> Iterator[tuple[np.ndarray, int, int]]:
    """Yield which histories of a batch to run together, how many tokens, the visitor first, all of them share with the
    whole, and how many behind those are not the same in all of them. At least one token is left to be run.
    """
    length = batch["movie"].shape[1]
    most = min(length, whole["movie"].shape[1])
    other = _differ(*({name: part[name][:, :most] for name in EVENT_INPUTS} for part in (batch, whole)))
    shared = np.minimum(1 + np.where(other.any(axis=1), other.argmax(axis=1), most), length)
    order = np.argsort(shared, kind="stable")
    while len(order):
        first = int(shared[order[0]])
        which = order[: int(np.clip(MOST_EVENTS // (length + 1 - first), 1, MOST_HISTORIES))]
        own = np.flatnonzero(_differ(_rows(batch, which), _rows(batch, which[:1])).any(axis=0))
        yield which, first, 1 + int(own[-1]) + 1 - first if len(own) else 0
        order = order[len(which) :]


def _differ(some: Inputs, others: Inputs) -> np.ndarray:
    """Return which events differ: (histories, events) bool."""
    return np.any([some[name] != others[name] for name in EVENT_INPUTS], axis=0)
