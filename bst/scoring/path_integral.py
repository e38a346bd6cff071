"""Integrals along a straight path by Gauss–Legendre quadrature, in pieces as fine as they need to be."""

from collections.abc import Callable

import numpy as np

# nodes of a piece, pieces to begin with, how often one of them is halved at most
NODES, PIECES, MOST_HALVINGS = 3, 10, 6
# by what share of the whole difference, or by how much in stars, the integrals may fail to add up to it
RELATIVE_ERROR, ABSOLUTE_ERROR = 0.005, 5e-4

# from points s of the path (points,) to F(s) (points,) and ∂F/∂s_i of each input i (points, inputs)
Gradients = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def integrate(gradients: Gradients, steps: int | None = None) -> tuple[float, float, np.ndarray]:
    """Return F(0), F(1) and ∫₀¹ ∂F(s, …, s) / ∂s_i ds of each input i, (inputs,).

    With ``steps`` nodes over the whole path; without, over pieces of it, of which those are halved whose integrals do
    not add up to the difference of F between their ends: gradients jump where a ReLU sets in.
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps or NODES)
    nodes, weights = (nodes + 1) / 2, weights / 2
    borders = np.linspace(0, 1, 2 if steps else PIECES + 1)
    pieces = np.stack([borders[:-1], borders[1:]], axis=1)
    start = end = 0.0
    total = np.zeros(0)
    for halvings in range(1 if steps else MOST_HALVINGS + 1):
        size = pieces[:, 1] - pieces[:, 0]
        inside = pieces[:, :1] + size[:, None] * nodes
        values, slopes = gradients(np.concatenate([pieces.ravel(), inside.ravel()]))
        at_ends = values[: pieces.size].reshape(pieces.shape)
        if not halvings:
            start, end, total = float(at_ends[0, 0]), float(at_ends[-1, 1]), np.zeros(slopes.shape[1])
        parts = np.einsum("n,pnc,p->pc", weights, slopes[pieces.size :].reshape(*inside.shape, -1), size)
        error = np.abs(parts.sum(axis=1) - (at_ends[:, 1] - at_ends[:, 0]))
        # errors of pieces partly cancel
        halve = error > max(RELATIVE_ERROR * abs(end - start), ABSOLUTE_ERROR) / PIECES**0.5
        if steps or halvings == MOST_HALVINGS:
            halve[:] = False
        total += parts[~halve].sum(axis=0)
        middle = pieces[halve].mean(axis=1)
        pieces = np.stack([pieces[halve, 0], middle, middle, pieces[halve, 1]], axis=1).reshape(-1, 2)
        if not len(pieces):
            break
    return start, end, total
