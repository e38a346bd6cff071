"""How far attention agrees with what a prediction depends on, and so how far it may be read as a reason.

Attention weights show where a model looked, not why its prediction came out as it did (Jain & Wallace 2019, arXiv
1902.10186; Wiegreffe & Pinter 2019, arXiv 1908.04626). Whether the two agree is measured here: for one prediction by
Spearman's rank correlation over its events, and in ``insights`` over many visitors, beside two controls.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bst.explanation.attention import Attention
from bst.explanation.insight_record import Insights

# with fewer events any order is as good as another
LEAST_EVENTS = 3
# rank correlations from which on two orders agree closely, and loosely
CLOSE, LOOSE = 0.6, 0.3
# the standard normal quantile that one value in twenty exceeds
ONE_IN_TWENTY = 1.645


@dataclass(frozen=True)
class Agreement:
    """Rank correlations of attention and |effect| over the events of one prediction, −1 … 1.

    ``heads`` one for each of ``names``; ``layers`` (a layer's heads averaged) one for each of ``layer_names``, none for
    a model of one layer; ``mean`` of all heads averaged. None where undefined: see ``spearman``.
    """

    names: tuple[str, ...]
    heads: tuple[float | None, ...]
    layer_names: tuple[str, ...]
    layers: tuple[float | None, ...]
    mean: float | None
    events: int


def spearman(a: ArrayLike, b: ArrayLike) -> float | None:
    """Return Spearman's rank correlation of two arrays (n,), −1 … 1, ties averaged.

    None where it is undefined: for fewer than three numbers, and where all numbers of one array are equal. Raises
    ``ValueError`` for arrays of different lengths.

    >>> round(spearman([1, 2, 3, 4], [10, 20, 40, 30]), 6)
    0.8
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"two arrays of one length are needed, not of shapes {a.shape} and {b.shape}")
    if len(a) < LEAST_EVENTS:
        return None
    # by pandas, as scipy.stats takes a second to import; not a number where all values of one are the same
    correlation = float(pd.DataFrame({"a": a, "b": b}).corr("spearman").iloc[0, 1])
    return None if np.isnan(correlation) else correlation


def agreement(attention: Attention, event_effects: ArrayLike) -> Agreement:
    """Compare the attention that each event gets with what it adds to the prediction.

    ``event_effects`` (events,): of either sign, in the order of ``attention.events``; their size is what counts. Raises
    ``ValueError`` if there is not one for each event.
    """
    size = np.abs(np.asarray(event_effects, np.float64))
    heads, weights = attention.weights.heads, np.asarray(attention.weights.to_events, np.float64)
    layers = layers_of(heads)
    return Agreement(
        names=tuple(heads),
        heads=tuple(spearman(row, size) for row in weights),
        layer_names=tuple(layers),
        layers=tuple(spearman(weights[indices].mean(axis=0), size) for indices in layers.values()),
        mean=spearman(weights.mean(axis=0), size),
        events=len(size),
    )


def layers_of(heads: tuple[str, ...]) -> dict[str, list[int]]:
    """Return the layers that heads such as "Layer 1, head 2" belong to: name → indices of its heads.

    >>> layers_of(("Layer 1, head 1", "Layer 1, head 2")), layers_of(("Head 1",))
    ({'Layer 1': [0, 1]}, {})
    """
    layers: dict[str, list[int]] = {}
    for index, name in enumerate(heads):
        layer, comma, _ = name.partition(", ")
        if comma:
            layers.setdefault(layer, []).append(index)
    return layers


def attention_verdict(found: Agreement, insights: Insights | None) -> str:
    """Return one plain sentence: how far the attention of this prediction may be read as its reason.

    By the correlation of the mean of all heads. ``insights``, if there are any, add how other visitors compare.
    """
    value = found.mean
    if found.events < LEAST_EVENTS:
        return (
            f"With fewer than {LEAST_EVENTS} movies watched, attention and effect cannot be compared; "
            "go by what the prediction does without each movie."
        )
    if value is None:
        return (
            "Do not read this attention as a reason: it makes no difference between the movies, or none of them "
            "changes the prediction, so the two cannot be compared."
        )
    evidence = f"rank correlation {value:.2f}{_compared_with(value, insights)}".replace("-", "−")
    if value <= -LOOSE:
        return (
            f"Do not read this attention as a reason: the model looked most at the movies that moved the prediction "
            f"least ({evidence})."
        )
    if value < LOOSE:
        return (
            f"Do not read this attention as a reason: what the model looked at and what moved the prediction hardly go "
            f"together ({evidence})."
        )
    if value < _by_chance(found.events):
        return (
            f"{found.events} movies are too few to read this attention as a reason: attention and effect agree (rank "
            f"correlation {value:.2f}), but over so few they may do so by chance."
        )
    if value < CLOSE:
        return (
            f"This attention tells part of the story: the model looked more at the movies that moved the prediction, "
            f"but not only at them ({evidence})."
        )
    return (
        f"Here attention and effect go hand in hand: the model looked most at the movies that moved the prediction "
        f"most ({evidence})."
    )


def _by_chance(events: int) -> float:
    """Return what a rank correlation of unrelated arrays exceeds one time in twenty: roughly 1.645 / √(n − 1)."""
    return ONE_IN_TWENTY / np.sqrt(events - 1)


def _compared_with(value: float, insights: Insights | None) -> str:
    """Return a clause about the share of the sampled visitors that has a lower correlation, or nothing."""
    spread = insights.agreement.mean if insights else None
    if spread is None:
        return ""
    share = np.interp(value, spread.quantiles, np.linspace(0, 1, len(spread.quantiles)))
    comparison = "closer" if share >= 1 - share else "less close"
    return f", {comparison} than for {min(round(100 * max(share, 1 - share)), 99)}% of the visitors tried"
