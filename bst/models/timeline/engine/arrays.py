"""Operations on arrays that can be differentiated, and change their first argument in place where they are not.

Inference makes large arrays for one operation each; to fill new memory takes longer than to compute.
"""

import autograd.numpy as np
import numpy
from autograd.tracer import isbox

from bst.models.weights import Array

EPSILON = 1e-6


def plus(x: Array, y: Array) -> Array:
    """Return x + y, in the place of x, which has its shape and type."""
    return x + y if isbox(x) or isbox(y) else numpy.add(x, y, out=x)


def relu(x: Array) -> Array:
    """Return max(x, 0), in the place of x."""
    return np.maximum(x, 0) if isbox(x) else numpy.maximum(x, 0, out=x)


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
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + EPSILON)
    return x * (1 / numpy.sqrt(numpy.vecdot(x, x) / x.shape[-1] + EPSILON))[..., None]
