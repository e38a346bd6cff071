"""How far attention agrees with what a prediction depends on, and so how far it may be read as a reason.

Attention tells where a model looked, not why it came out as it did (Jain & Wallace 2019, arXiv 1902.10186; Wiegreffe &
Pinter 2019, arXiv 1908.04626). Whether the two go together is measured here: for one prediction by Spearman's rank
correlation over its events, and in ``insights`` over many visitors, beside two controls.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from bst.explanation.attention import Attention

# of fewer events any order is as good as another
LEAST_EVENTS = 3
# rank correlations from which on two orders are much alike, and somewhat alike
CLOSE, LOOSE = 0.6, 0.3


@dataclass(frozen=True)
class Agreement:
    """Rank correlations of attention and |influence| over the events of one prediction, −1 … 1.

    ``heads`` one for each of ``names``; ``layers`` (a layer's heads averaged) one for each of ``layer_names``, none for
    a model of one layer; ``mean`` of all heads averaged. None where undefined: see ``spearman``.
    """

    names: tuple[str, ...]
    heads: tuple[float | None, ...]
    layer_names: tuple[str, ...]
    layers: tuple[float | None, ...]
    mean: float | None
    events: int


def spearman(a, b) -> float | None:
    """Return Spearman's rank correlation of two rows of numbers, −1 … 1: Pearson's of their ranks, ties averaged.

    None where it is undefined: of fewer than three numbers, and where all of one row are equal. Raises ``ValueError``
    for rows of different lengths.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"two rows of one length are needed, not of shapes {a.shape} and {b.shape}")
    if len(a) < LEAST_EVENTS or (a == a[0]).all() or (b == b[0]).all():
        return None
    x, y = rankdata(a), rankdata(b)
    x, y = x - x.mean(), y - y.mean()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1, 1))


def agreement(attention: Attention, event_effects) -> Agreement:
    """Compare where a prediction looked with what each event does to it.

    ``event_effects`` (events,): what leaving out each event changes, of either sign, in the order of
    ``attention.events``; its size is what counts. Raises ``ValueError`` if these are not as many as the events.
    """
    size, looks = np.abs(np.asarray(event_effects, np.float64)), attention.looks
    weights = np.asarray(looks.to_events, np.float64)
    layers = layers_of(looks.heads)
    return Agreement(
        names=tuple(looks.heads),
        heads=tuple(spearman(row, size) for row in weights),
        layer_names=tuple(layers),
        layers=tuple(spearman(weights[places].mean(axis=0), size) for places in layers.values()),
        mean=spearman(weights.mean(axis=0), size),
        events=len(size),
    )


def layers_of(heads: tuple[str, ...]) -> dict[str, list[int]]:
    """Return the layers that the names of heads tell of, such as "Layer 1, head 2": name → places of its heads."""
    layers: dict[str, list[int]] = {}
    for place, name in enumerate(heads):
        layer, told, _ = name.partition(", ")
        if told:
            layers.setdefault(layer, []).append(place)
    return layers


def attention_verdict(found: Agreement, insights: dict | None) -> str:
    """Return one plain sentence: how far the attention of this prediction may be read as its reason.

    By the correlation of the mean of all heads; ``insights`` are those of ``make_insights``, None where there are none,
    and tell how other visitors fare.
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
    told = f"rank correlation {value:.2f}{_standing(value, insights)}".replace("-", "−")
    if value <= -LOOSE:
        return (
            f"Do not read this attention as a reason: the model looked most at the movies that moved the prediction "
            f"least ({told})."
        )
    if value < LOOSE:
        return (
            f"Do not read this attention as a reason: what the model looked at and what moved the prediction hardly go "
            f"together ({told})."
        )
    if value < _by_chance(found.events):
        return (
            f"Read this attention with caution: over {found.events} movies attention and effect agree no more "
            f"closely than they might by chance ({told})."
        )
    if value < CLOSE:
        return (
            f"This attention tells part of the story: the model looked more at the movies that moved the prediction, "
            f"but not only at them ({told})."
        )
    return (
        f"Here attention and effect go hand in hand: the model looked most at the movies that moved the prediction "
        f"most ({told})."
    )


def _by_chance(events: int) -> float:
    """Return what a rank correlation of unrelated rows exceeds one time in twenty: 1.645 / √(n − 1), roughly."""
    return 1.645 / np.sqrt(events - 1)


def _standing(value: float, insights: dict | None) -> str:
    """Return in words which share of the sampled visitors has a lower correlation."""
    spread = ((insights or {}).get("agreement") or {}).get("mean")
    if not spread:
        return ""
    share = 100 * np.interp(value, spread["quantiles"], np.linspace(0, 1, len(spread["quantiles"])))
    if share >= 50:
        return f", closer than for {min(round(share), 99)}% of the visitors tried"
    return f", less close than for {min(round(100 - share), 99)}% of the visitors tried"
