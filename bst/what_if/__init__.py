"""What changes when something about a visitor changes. Asks the recommender, never the model itself.

``comparison``: two visitors side by side; ``sweeps``: one parameter through all its values; ``counterfactual``: the
smallest change that reaches a goal.
"""

from bst.what_if.comparison import Comparison, MainEdit, Subject, compare
from bst.what_if.counterfactual import Counterfactual, Goal, SearchResult, find_counterfactuals
from bst.what_if.sweeps import (
    DemographicSweep,
    HistoryLengthSweep,
    PositionSweep,
    RatingSweep,
    SweepParameter,
    demographics,
    sweep,
)

__all__ = [
    "Comparison",
    "Counterfactual",
    "DemographicSweep",
    "Goal",
    "HistoryLengthSweep",
    "MainEdit",
    "PositionSweep",
    "RatingSweep",
    "SearchResult",
    "Subject",
    "SweepParameter",
    "compare",
    "demographics",
    "find_counterfactuals",
    "sweep",
]
