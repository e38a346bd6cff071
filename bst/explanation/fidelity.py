"""How faithful ways to explain are to the model: what happens to a prediction when what they name first is taken away,
or is all that is left.

The counterfactual metrics of Baklanov et al. 2025, "Refining Fidelity Metrics for Explainable Recommendations" (SIGIR,
doi 10.1145/3726302.3730242; code: github.com/DeltaLabTLV/FidelityMetrics4XRec), for the movie that is recommended
first, with e the Ke events that an explanation ranks highest:

    POS@Kr,Ke  1 if without e the movie is still among the first Kr, else 0       lower is better
    CDCG@Ke    1 / log2(1 + its rank without e)                                  lower is better
    DEL@Ke     its score without e                                               lower is better
    INS@Ke     its score for e alone                                             higher is better

All are means over visitors. Movies of the history are not candidates, those that were taken away neither. Scores: of
watch-next the probability, as a ratio to that with the whole history; for the expected rating a ratio makes no sense,
so it is the change in stars, from the whole history (DEL) or from none (INS), and the probability of the rating level
that is most likely with the whole history.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

SIZES = (1, 2, 3, 4, 5)
TOPS = (5, 10, 20)

# from parts of a history, bool (parts, events), and whether ranks are wanted, to what is predicted of one movie
Predict = Callable[[np.ndarray, bool], "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What is predicted of one movie from parts of a history: (parts,) each.

    ``score``: stars, or a probability; ``level``: of ratings, the probability of a rating level; ``rank``: 1 for the
    first, None unless requested.
    """

    score: np.ndarray
    level: np.ndarray | None = None
    rank: np.ndarray | None = None


@dataclass(frozen=True)
class Curves:
    """One explanation of one visitor, by the number of events named, ``SIZES``: (sizes,) each."""

    without: Outcome
    alone: Outcome


def named_first(values: np.ndarray, sizes: Sequence[int] = SIZES) -> np.ndarray:
    """Return which events an explanation names first, for each number of them: bool (sizes, events).

    ``values`` (events,). Among equal ones the older event comes first.

    >>> named_first(np.array([0.1, 0.3, 0.2]), (1, 2)).tolist()
    [[False, True, False], [False, True, True]]
    """
    order = np.argsort(-np.asarray(values, float), kind="stable")
    named = np.zeros((len(sizes), len(order)), bool)
    for row, size in zip(named, sizes, strict=True):
        row[order[:size]] = True
    return named


def curves(
    explanations: Mapping[str, np.ndarray], predict: Predict, sizes: Sequence[int] = SIZES
) -> tuple[dict[str, Curves], Outcome, Outcome]:
    """Return the curves of each way to explain, and what is predicted from the whole history and from none.

    ``explanations``: values (events,) by name. What several of them have in common is predicted once.
    """
    events = len(next(iter(explanations.values())))
    named = np.concatenate([named_first(values, sizes) for values in explanations.values()])
    without = _predict_once(predict, np.concatenate([np.ones((1, events), bool), ~named]), True)
    alone = _predict_once(predict, np.concatenate([np.zeros((1, events), bool), named]), False)
    found = {}
    for i, name in enumerate(explanations):
        rows = slice(1 + i * len(sizes), 1 + (i + 1) * len(sizes))
        found[name] = Curves(_take(without, rows), _take(alone, rows))
    return found, _take(without, slice(1)), _take(alone, slice(1))


def _predict_once(predict: Predict, parts: np.ndarray, ranks: bool) -> Outcome:
    different, inverse = np.unique(parts, axis=0, return_inverse=True)
    return _take(predict(different, ranks), inverse.ravel())


def _take(outcome: Outcome, rows: np.ndarray | slice) -> Outcome:
    level, rank = (None if part is None else part[rows] for part in (outcome.level, outcome.rank))
    return Outcome(outcome.score[rows], level, rank)
