"""What changes when something about a visitor changes. Asks the recommender, never the model itself.

``comparison``: two visitors side by side; ``sweeps``: one parameter through all its values; ``counterfactual``: the
smallest change that reaches a goal; ``model_comparison``: two models on the same visitor.
"""

from bst.what_if.comparison import Comparison, MainEdit, Subject, compare
from bst.what_if.counterfactual import Counterfactual, Goal, SearchResult, find_counterfactuals
from bst.what_if.model_comparison import ModelComparison, Reason, compare_models, strongest_reason
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
    "ModelComparison",
    "PositionSweep",
    "RatingSweep",
    "Reason",
    "SearchResult",
    "Subject",
    "SweepParameter",
    "compare",
    "compare_models",
    "demographics",
    "find_counterfactuals",
    "strongest_reason",
    "sweep",
]
