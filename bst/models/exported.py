"""A Keras model as functions of tensors that another server can run, with what is known of visitors as inputs.

The same encoding of histories as ``scoring.encoding``, on tensors: a test compares the answers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from bst.models.layers import Tensor
from bst.scoring.encoding import NO_MOVIE
from bst.timelines.segments import GAPS, JANUARY_1995, MONTH_SECONDS, MONTHS

# stands for padding, for an unknown time and for an unknown demographic value
UNKNOWN = -1
# how far a rating may be from a level
TOLERANCE = 1e-3
Tensors = dict[str, Tensor]


class Towers(NamedTuple):
    """What a family gives an export. ``ratings``: of encoded visitors and rows of movies int32 (N,), a dict with
    ``expected`` (B, N) and perhaps ``distribution`` (B, N, levels). ``logits``: by task, of encoded visitors, (B, M).

    Encoded visitors: ``movie`` int32 (B, T), −1 in padding at the end, ``rating`` float32, ``level``, ``gap`` and
    ``month`` int32 (B, T), and a code int32 (B,) for each demographic attribute.
    """

    ratings: Callable[[Tensors, Tensor], Tensors]
    logits: dict[str, Callable[[Tensors], Tensor]]


class Exported(tf.Module):
    """Signatures ``predict`` and one for each other task; see ``signatures``."""

    def __init__(
        self,
        model: Any,
        towers: Towers,
        item_ids: np.ndarray,
        levels: tuple[float, ...],
        max_history: int,
        demographics: tuple[str, ...],
    ):
        super().__init__()
        self.model = model  # its variables are saved with the module
        self._towers, self._max_history, self._demographics = towers, max_history, demographics
        self._levels = tf.constant(levels, tf.float32)
        ids = tf.constant(item_ids, tf.int64)
        self._any_item = ids[0]  # is looked up in the place of padding
        rows = tf.lookup.KeyValueTensorInitializer(ids, tf.range(len(item_ids), dtype=tf.int64))
        self.row_of_item = tf.lookup.StaticHashTable(rows, NO_MOVIE)

    def signatures(self) -> dict[str, Any]:
        """Return the functions by name. All take

        ``item_id`` int64 (B, T): histories, oldest event first, −1 in padding at the end; ``rating`` float32 (B, T);
        ``timestamp`` int64 (B, T), seconds since 1970, −1 for unknown; and int32 (B,) for each demographic attribute,
        the index of its value, −1 for unknown. ``predict`` also takes ``candidates`` int64 (N,), ids of items.
        """
        events = {
            "item_id": tf.TensorSpec((None, None), tf.int64, "item_id"),
            "rating": tf.TensorSpec((None, None), tf.float32, "rating"),
            "timestamp": tf.TensorSpec((None, None), tf.int64, "timestamp"),
        } | {name: tf.TensorSpec((None,), tf.int32, name) for name in self._demographics}
        candidates = tf.TensorSpec((None,), tf.int64, "candidates")

        def predict(candidates: Tensor, **visitors: Tensor) -> Tensors:
            return self._towers.ratings(self._encode(visitors), self._rows(candidates))

        def catalogue(task: str, **visitors: Tensor) -> Tensors:
            encoded = self._encode(visitors)
            logits = self._towers.logits[task](encoded)
            if task != "next":
                return {f"{task}_logit": logits}
            return {"next_logit": logits, "watch_next": tf.nn.softmax(_without_history(logits, encoded["movie"]))}

        def compiled(function: Callable[..., Tensors], **more: tf.TensorSpec) -> Any:
            return tf.function(function, autograph=False).get_concrete_function(**events, **more)

        return {"predict": compiled(predict, candidates=candidates)} | {
            task: compiled(lambda task=task, **visitors: catalogue(task, **visitors)) for task in self._towers.logits
        }

    def _rows(self, item_ids: Tensor) -> Tensor:
        """Return rows of the catalogue: int32. An id that is not in it is an error."""
        rows = self.row_of_item.lookup(item_ids)
        known = tf.debugging.assert_greater_equal(rows, tf.constant(0, tf.int64), "an item_id is not in the catalogue")
        with tf.control_dependencies([known]):
            return tf.cast(tf.identity(rows), tf.int32)

    def _encode(self, visitors: Tensors) -> Tensors:
        item_id, rating, time = self._newest(visitors["item_id"], visitors["rating"], visitors["timestamp"])
        there = item_id != UNKNOWN
        movie = tf.where(there, self._rows(tf.where(there, item_id, self._any_item)), NO_MOVIE)
        distance = tf.abs(rating[..., None] - self._levels)
        level = tf.cast(tf.argmin(distance, axis=-1), tf.int32)
        nearest = tf.where(there, tf.reduce_min(distance, axis=-1), 0.0)
        allowed = tf.debugging.assert_less(nearest, TOLERANCE, "a rating is not one of the levels")
        with tf.control_dependencies([allowed]):
            level = tf.where(there, level, 0)
        gap, month = _times(time, there)
        demographics = {name: visitors[name] for name in self._demographics}
        rating = tf.where(there, rating, 0.0)
        return {"movie": movie, "rating": rating, "level": level, "gap": gap, "month": month} | demographics

    def _newest(self, *parts: Tensor) -> list[Tensor]:
        """Return the newest events that the model reads: (B, T or fewer)."""
        count = tf.reduce_sum(tf.cast(parts[0] != UNKNOWN, tf.int32), axis=1)
        length = tf.minimum(tf.shape(parts[0])[1], self._max_history)
        first = tf.maximum(count - self._max_history, 0)
        index = first[:, None] + tf.range(length)
        return [tf.gather(part, index, batch_dims=1) for part in parts]


def _times(time: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    """Return what ``segments.gap_buckets`` and ``months`` return of events, 0 where a time is not known."""
    timed = there & (time != UNKNOWN)
    seconds = tf.maximum(time[:, 1:] - time[:, :-1], 0)
    # ⌈log₄(s + 1)⌉ is the number of powers of 4 below s + 1: whole numbers, which no logarithm rounds
    powers = tf.constant([4**power for power in range(GAPS)], tf.int64)
    above = tf.reduce_sum(tf.cast(seconds[..., None] + 1 > powers, tf.int32), axis=-1)
    gap = tf.where(timed[:, 1:] & timed[:, :-1], tf.minimum(1 + above, GAPS - 1), 0)
    month = tf.clip_by_value(1 + (time - JANUARY_1995) // MONTH_SECONDS, 1, MONTHS - 1)
    return tf.pad(gap, [[0, 0], [1, 0]])[:, : tf.shape(time)[1]], tf.where(timed, tf.cast(month, tf.int32), 0)


def _without_history(logits: Tensor, movie: Tensor) -> Tensor:
    """Return logits (B, M) with −∞ for the movies of each history."""
    watched = tf.reduce_any(movie[..., None] == tf.range(tf.shape(logits)[1]), axis=1)
    return tf.where(watched, -np.inf, logits)
