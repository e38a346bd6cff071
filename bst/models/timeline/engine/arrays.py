"""Operations on arrays that can be differentiated, and change their first argument in place where they are not.

Inference makes large arrays for one operation each; to fill new memory takes longer than to compute.
"""

import autograd.numpy as np
import numpy
from autograd.tracer import isbox

from bst.models.constants import RMS_EPSILON
from bst.models.weights import Array


def plus(x: Array, y: Array) -> Array:
    """Return x + y, in the place of x, which has its shape and type."""
    return x + y if isbox(x) or isbox(y) else numpy.add(x, y, out=x)


def at_least(x: Array, floor: Array) -> Array:
    """Return max(x, floor), in the place of x. ``floor`` of the last axis: NumPy takes far longer for a number."""
    return np.maximum(x, floor) if isbox(x) else numpy.maximum(x, floor, out=x)


def softmax(logits: Array) -> Array:
    """Return the softmax over the last axis, in the place of the logits."""
    if isbox(logits):
        weights = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
        return weights / np.sum(weights, axis=-1, keepdims=True)
    logits -= logits.max(axis=-1, keepdims=True)
    numpy.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return logits


def rms_normalize(x: Array) -> Array:
    """Return x / √(mean x² + 10⁻⁶) over the last axis, a new array."""
    if isbox(x):
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + RMS_EPSILON)
    return x * (1 / numpy.sqrt(numpy.vecdot(x, x) / x.shape[-1] + RMS_EPSILON))[..., None]
