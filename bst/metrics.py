"""Figures of merit. Plain NumPy, each with its formula."""

import numpy as np


def mae(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Mean absolute error in stars: mean |p − a| over (labels,) arrays."""
    return float(np.mean(np.abs(np.asarray(predicted, np.float64) - actual)))


def rmse(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Root mean squared error in stars: √mean (p − a)² over (labels,) arrays."""
    return float(np.sqrt(np.mean((np.asarray(predicted, np.float64) - actual) ** 2)))


def rating_errors(predicted: np.ndarray, actual: np.ndarray) -> dict[str, float]:
    """Return ``mae`` and ``rmse`` by name."""
    return {"mae": mae(predicted, actual), "rmse": rmse(predicted, actual)}
