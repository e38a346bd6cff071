"""Weights as arrays by name, as bundles store them."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

Array = np.ndarray
# by the path of each weight in its model, as "rating/query_0/attention/query/kernel"
Weights = Mapping[str, Array]


def as_tree(weights: Weights) -> Any:
    """Return weights as nested attributes, one for each part of their paths.

    >>> as_tree({"movie/embeddings": np.zeros((2, 3))}).movie.embeddings.shape
    (2, 3)
    """
    tree = SimpleNamespace()
    for path, values in weights.items():
        *parents, name = path.split("/")
        node = tree
        for part in parents:
            if not hasattr(node, part):
                setattr(node, part, SimpleNamespace())
            node = getattr(node, part)
        setattr(node, name, values)
    return tree


def assign(model: Any, weights: Weights) -> None:
    """Set the weights of a Keras model."""
    variables = {weight.path.split("/", 1)[1]: weight for weight in model.weights}
    for path, values in weights.items():
        variables[path].assign(values)


def weights_of(model: Any) -> dict[str, Array]:
    """Return copies of a Keras model's weights by names that do not depend on how many models were built before."""
    weights = {weight.path.split("/", 1)[1]: np.array(weight) for weight in model.weights}
    assert len(weights) == len(model.weights), "two weights share a name"
    return weights
