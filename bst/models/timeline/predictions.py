"""Predictions of a split's labels by the model's own ``call``, for validation and for the test labels."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from bst.models.layers import Inputs, Tensor
from bst.models.timeline.definition import MOST_WHOLE
from bst.models.timeline.model import TimelineBST
from bst.timelines.segments import EVENT_INPUTS, SegmentReader, Segments, evaluation_segments, grouped
from bst.timelines.splits import EvaluationSplit

EVALUATION_EVENTS = 12_800  # cells of a batch in evaluation
MOST_LOGITS = 32_000_000  # of a batch of a large catalogue: 128 MB
TIME_INPUTS = ("gap", "month")
REQUEST_INPUTS = ("request_gap", "request_month")


def rating_signature(model: TimelineBST) -> dict[str, Any]:
    """Return what batches of the rating tower consist of."""
    return {
        **{name: tf.TensorSpec((None, None), tf.int32) for name in EVENT_INPUTS},
        **{name: tf.TensorSpec((None,), tf.int32) for name in model.sizes.demographics},
        "label": tf.TensorSpec((None, None), tf.bool),
    }


def next_signature(model: TimelineBST) -> dict[str, Any]:
    """Return the same of the next tower."""
    return rating_signature(model) | dict.fromkeys(REQUEST_INPUTS, tf.TensorSpec((None, None), tf.int32))


def with_requests(batch: Inputs) -> Inputs:
    """Return a batch with the time of each request: when the movie at that position was rated."""
    return batch | {f"request_{name}": batch[name] for name in TIME_INPUTS}


def _batches(
    model: TimelineBST, split: EvaluationSplit, segments: Segments, label: np.ndarray, most: int | None = None
) -> Iterator:
    """Yield groups of segments, at most ``most`` in one, their batches, and the index of each cell."""
    reader = SegmentReader(split.dataset, split.timelines)
    for group in grouped(segments, EVALUATION_EVENTS):
        size = most or len(group)
        for first in range(0, len(group), size):
            part = group if size >= len(group) else group.take(np.arange(first, min(first + size, len(group))))
            batch, at = reader.read(part, label)
            if batch["label"].any():
                yield part, batch, at


def compile_rating(model: TimelineBST) -> Callable:
    """Return a graph that maps a batch to distributions (timelines, events, levels)."""
    tower: Any = model.rating

    @tf.function(input_signature=[rating_signature(model)])
    def predict(batch: Inputs) -> Tensor:
        if model.sizes.movies <= MOST_WHOLE:
            return tf.nn.softmax(tower(batch, training=False))
        # only the movies that are in the batch
        movie = batch["movie"]
        rows, index = tf.unique(tf.reshape(tf.maximum(movie, 0), [-1]))
        index = tf.where(movie >= 0, tf.reshape(index, tf.shape(movie)), -1)
        with tower.limited_to(rows_of(tower, rows)):
            return tf.nn.softmax(tower(batch | {"movie": index}, training=False))

    return predict


def rows_of(tower: Any, rows: Tensor) -> dict[str, Tensor]:
    """Return some movies' rows of a tower's ``movie_tables``; ``rows`` int (n,). No table is read as a whole."""
    return {name: tf.gather(table.value, rows) for name, table in tower.movie_tables.items()}


def compile_next(model: TimelineBST) -> Callable:
    """Return a graph that maps a batch ``with_requests`` to logits (labels, movies): at each label, of every movie."""
    tower: Any = model.next

    @tf.function(input_signature=[next_signature(model)])
    def predict(batch: Inputs) -> Tensor:
        states, vectors = tower(batch, training=False)
        states = tf.boolean_mask(states, batch["label"])
        return tower.logits(states, tf.zeros(tf.shape(states)[:1]), vectors)

    return predict


def distributions(
    model: TimelineBST,
    split: EvaluationSplit,
    role: int,
    *,
    gaps: bool = True,
    predict: Callable | None = None,
    on_share: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """Predict the labels of a role, each from the newest events before it: (labels, levels), in timeline order.

    Every label has at least half of the configuration's ``max_history`` behind it, where its user has that many.
    Without ``gaps`` all times are unknown. ``predict``: what ``compile_rating`` returned of the model, if it is called
    often. ``on_share`` gets the share of the timelines that are predicted.
    """
    predict = predict or compile_rating(model)
    label = split.role == role
    segments = evaluation_segments(split.timelines, np.unique(split.user[label]), model.config.max_history)
    result = np.zeros((len(label), model.levels), np.float32)
    done = 0
    for group, batch, at in _batches(model, split, segments, label):
        if not gaps:
            batch |= {name: np.zeros_like(batch[name]) for name in TIME_INPUTS}
        result[at[batch["label"]]] = predict(batch).numpy()[batch["label"]]
        done += len(group)
        on_share(done / len(segments))
    return result[label]


def next_ranks(
    model: TimelineBST,
    split: EvaluationSplit,
    role: int,
    *,
    timed: bool = False,
    most: int | None = None,
    predict: Callable | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank the movie of each user's last label of a role among unseen movies: rank and −ln p, (users,) each.

    The rank is that of ``metrics.rank``; p is the probability among the unseen movies. When the movie was watched is
    known if ``timed``, unknown otherwise; the times of earlier events are known. ``most``: of a random sample of so
    many users, the same each time. ``predict``: what ``compile_next`` returned of the model, if it is called often.
    """
    predict = predict or compile_next(model)
    labels, offsets = split.last_labels(role), split.timelines.offsets
    if most and len(labels) > most:
        labels = np.sort(np.random.default_rng(split.seed).choice(labels, most, replace=False))
    user = split.user[labels]
    start = np.maximum(offsets[user], labels - model.config.max_history + 1)
    segments = Segments(start, labels - start + 1, user, labels - start)
    is_label = np.zeros(len(split.role), bool)
    is_label[labels] = True
    ranks, cross_entropy = np.zeros(len(split.role), np.int64), np.zeros(len(split.role))
    # one label a segment
    together = None if model.sizes.movies <= MOST_WHOLE else max(1, MOST_LOGITS // model.sizes.movies)
    for group, batch, _ in _batches(model, split, segments, is_label, together):
        batch = with_requests(batch)
        if not timed:
            batch |= {name: np.zeros_like(batch[name]) for name in REQUEST_INPUTS}
        at, logits = group.start + group.length - 1, predict(batch).numpy()
        ranks[at] = split.ranks(at, logits)
        own = logits[np.arange(len(at)), split.timelines.movie[at]]
        unseen = np.stack([split.unseen(label) for label in at])
        cross_entropy[at] = np.logaddexp.reduce(logits, axis=1, where=unseen, initial=-np.inf) - own
    return ranks[labels], cross_entropy[labels]
