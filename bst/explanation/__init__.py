"""Why a prediction came out as it did. Asks the recommender, never the model itself."""

from bst.explanation.attention import Attention, attention
from bst.explanation.gradients import Attribution, integrated_gradients
from bst.explanation.leave_one_out import (
    Cause,
    Change,
    Changes,
    LeaveOneOut,
    causes,
    demographics_unknown,
    event_effects,
    interactions,
    leave_one_out,
    rating_changes,
)

__all__ = [
    "Attention",
    "Attribution",
    "Cause",
    "Change",
    "Changes",
    "LeaveOneOut",
    "attention",
    "causes",
    "demographics_unknown",
    "event_effects",
    "integrated_gradients",
    "interactions",
    "leave_one_out",
    "rating_changes",
]
