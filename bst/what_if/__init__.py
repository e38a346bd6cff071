"""What moves when something about a visitor changes. Asks the recommender, never the model itself.

``comparison``: two visitors side by side; ``sweeps``: one knob turned; ``counterfactual``: the smallest change that
reaches a goal.
"""

from bst.what_if.comparison import Cause, Comparison, compare
from bst.what_if.counterfactual import Counterfactual, Goal, Search, find
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
    "Cause",
    "Comparison",
    "Counterfactual",
    "DemographicSweep",
    "Goal",
    "HistoryLengthSweep",
    "PositionSweep",
    "RatingSweep",
    "Search",
    "SweepParameter",
    "compare",
    "demographics",
    "find",
    "sweep",
]
