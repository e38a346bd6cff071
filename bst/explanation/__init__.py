"""Why a prediction came out as it did. Asks the recommender, never the model itself."""

from bst.explanation.attention import Attention, attention
from bst.explanation.influence import Cause, causes, influence

__all__ = ["Attention", "Cause", "attention", "causes", "influence"]
