"""What the Keras model and the inference engine share: numbers and formulas that define the timeline BST."""

import numpy as np

from bst.models.config import Sizes
from bst.schema import DECADES

# how much wider feed-forward layers are than tokens: narrower where candidates go through, which is no worse there and
# is what ranking a catalogue waits for
CONTENT_EXPANSION, QUERY_EXPANSION = 4, 2
HIDDEN_UNITS = 128
# a user's bias rests on few ratings at first: as if five more had been just average
USER_BIAS_DAMPING = 5.0
# what the hidden layer of the head reads, one number each, behind the query and the movie's vector, in this order
HEAD_NUMBERS = ("user_bias", "mean_rating", "log_event_count", "movie_bias", "factor_offset", "variance")
MOVIE_NUMBERS = ("mean_rating", "movie_bias")  # of these, what depends on the movie alone
VISITOR_NUMBERS = tuple(name for name in HEAD_NUMBERS if name not in MOVIE_NUMBERS)
# a, b, c and d of the like tower until they are fitted: logits are scores
CALIBRATION = (1.0, 0.0, 0.0, 0.0)
LOG_COUNT_SCALE = 3.0  # ln(1 + events) is 3 after 19 events: divided by it, the number is of the size of the others
# distances 0 … 7 each have their own bucket; further ones share one per half octave
EXACT_DISTANCES = 8
# A larger catalogue is trained by parts: a step sees the movies of its batch and its negatives, and changes only these
# (``row_updates``). It has at least this many negatives.
MOST_WHOLE, LEAST_NEGATIVES = 100_000, 4096


def item_feature_count(sizes: Sizes) -> int:
    """Return how many numbers ``item_features`` are."""
    return sizes.genres + len(DECADES)


def distance_buckets(distance: np.ndarray) -> np.ndarray:
    """Return the bucket of each distance in events: int32 array of the same shape.

    Near events each have their own bucket, far ones share logarithmic ones, as in T5 (Raffel et al. 2020,
    arXiv 1910.10683, section 2.1). Negative distances (the future) give 0; they are masked elsewhere.
    """
    distance = np.maximum(distance, 0)
    far = EXACT_DISTANCES + np.floor(2 * np.log2(np.maximum(distance, EXACT_DISTANCES) / EXACT_DISTANCES))
    return np.where(distance < EXACT_DISTANCES, distance, far).astype(np.int32)


def bucket_count(train_length: int) -> int:
    """Return how many buckets there are for the distances in segments of that many events."""
    return int(distance_buckets(np.array(train_length - 1))) + 1


def bucket_starts(train_length: int) -> np.ndarray:
    """Return the least distance in each bucket, ascending: (buckets,) int. Each begins a bucket of ``base_popularity``.

    >>> bucket_starts(20).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16]
    """
    return np.unique(distance_buckets(np.arange(train_length)), return_index=True)[1]
