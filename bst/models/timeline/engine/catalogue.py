"""Ratings of a whole catalogue for one visitor: the computation that every click waits for.

The same numbers as ``RatingInference.score``, for far more candidates than there are events: parts of the catalogue go
through all layers one after the other, in arrays that stay in a processor's cache and are changed in place, two or more
parts side by side. Nothing here can be differentiated.
"""

from itertools import pairwise

import numpy as np

from bst.models.timeline.engine.arrays import at_least, rms_normalize, softmax
from bst.models.timeline.engine.block import AbsorbedContext, Block
from bst.models.timeline.engine.features import CandidateFeatures
from bst.models.timeline.engine.rating_tower import EncodedVisitors, RatingHead, RatingInference
from bst.models.weights import Array
from bst.parallel import map_parallel, workers

# candidates that go through the layers together: more are beyond the cache, fewer not worth the start of an operation
MOST_TOGETHER = 2048


def distributions(rating: RatingInference, encoded: EncodedVisitors, movies: Array | None = None) -> Array:
    """Return the probability of each rating of movies int (N,), or of the whole catalogue: (N, L) float32.

    ``encoded``: one visitor.
    """
    candidates = rating.catalogue if movies is None else rating.catalogue.take(movies)
    layers = [
        (block, block.absorb(context[0], bias[0, :, 0]))
        for block, (context, bias) in zip(rating.query_blocks, encoded.contexts, strict=True)
    ]
    count = len(candidates.bias)
    result = np.empty((count, len(rating.head.stars)), np.float32)

    def run(part: slice) -> None:
        result[part] = _distributions(rating.head, layers, candidates.take(part), encoded)

    map_parallel(run, parts(count))
    return result


def parts(count: int) -> list[slice]:
    """Return slices of ``count`` candidates: equal ones, none too long, and as many as use all workers."""
    number = max(-(-count // MOST_TOGETHER), 1)
    number = -(-number // workers()) * workers()
    borders = np.linspace(0, count, number + 1).astype(int).tolist()
    return [slice(low, high) for low, high in pairwise(borders)]


def _distributions(
    head: RatingHead,
    layers: list[tuple[Block, AbsorbedContext]],
    candidates: CandidateFeatures,
    encoded: EncodedVisitors,
) -> Array:
    query = candidates.query + encoded.visitor[0]  # (N, D)
    for block, context in layers:
        query += _attend(rms_normalize(query), context)
        query += at_least(rms_normalize(query) @ block.widen, block.floor) @ block.narrow
        query += block.offset
    regressors = candidates.regressors  # (N, F + 1)
    offset = regressors @ encoded.user_factors[0]
    offset += candidates.factor_base - candidates.mean_rating
    variance = np.einsum("nf,nf->n", regressors @ encoded.covariance[0], regressors)
    return softmax(_logits(head, rms_normalize(query), candidates, encoded, offset, variance))


def _logits(
    head: RatingHead,
    query: Array,
    candidates: CandidateFeatures,
    encoded: EncodedVisitors,
    offset: Array,
    variance: Array,
) -> Array:
    of_visitor = head.of_visitor_numbers
    hidden = query @ head.of_query
    hidden += candidates.hidden
    hidden += np.stack([offset, variance], axis=-1) @ of_visitor[2:]
    hidden += encoded.user_bias[0, 0] * of_visitor[0] + encoded.log_event_count[0, 0] * of_visitor[1]
    logits = at_least(hidden, head.zeros) @ head.out
    logits += head.out_bias
    logits += (candidates.bias + offset)[:, None] * head.stars
    return logits


def _attend(query: Array, context: AbsorbedContext) -> Array:
    """Return what normed queries (N, D) take from a context: (N, D)."""
    weights = query @ context.keys  # (N, H · K)
    by_head = weights.reshape(len(query), context.totals.shape[1], -1)
    if not context.bounded:
        by_head -= by_head.max(axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    by_head /= (weights @ context.totals)[..., None]
    return weights @ context.values
