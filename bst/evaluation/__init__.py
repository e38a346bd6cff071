"""Honest figures: a model's error on labels that it was never trained on, beside its peers on the same labels.

``split`` says which labels, ``figures`` measures what every training ends with. ``measure`` and the modules under it
work out all that the Evaluation page shows; they ask a trained model and are imported by name.
"""

from bst.evaluation.summary import LIKED, K, TestPredictions, evaluate, evaluate_predictions, places, rating_figures

__all__ = [
    "LIKED",
    "K",
    "TestPredictions",
    "evaluate",
    "evaluate_predictions",
    "places",
    "rating_figures",
]
