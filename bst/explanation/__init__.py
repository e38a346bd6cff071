"""Why a prediction came out as it did. Asks the recommender, never the model itself."""

from bst.explanation.attention import Attention, attention
from bst.explanation.leave_one_out import (
    EventEffects,
    LeaveOneOut,
    ListMeasure,
    Scores,
    StrongestEvent,
    demographics_unknown,
    event_effects,
    interactions,
    leave_one_out,
    list_measure,
    predicted,
    rating_changes,
    strongest_events,
)
from bst.explanation.list_position import ListPosition, list_position

__all__ = [
    "Attention",
    "EventEffects",
    "LeaveOneOut",
    "ListMeasure",
    "ListPosition",
    "Scores",
    "StrongestEvent",
    "attention",
    "demographics_unknown",
    "event_effects",
    "interactions",
    "leave_one_out",
    "list_measure",
    "list_position",
    "predicted",
    "rating_changes",
    "strongest_events",
]
