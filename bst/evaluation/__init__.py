"""Honest figures: a model's error on labels that it was never trained on, beside its peers on the same labels.

``task`` says which labels, ``figures`` measures what every training ends with. ``measure`` and the modules under it
work out all that the Evaluation page shows; they ask a trained model and are imported by name.
"""

from bst.evaluation.figures import LIKED, K, Predicted, evaluate, evaluate_predicted, places, rating_figures
from bst.evaluation.task import PROTOCOLS, TEST, TRAIN, UNUSED, VALIDATION, Task, prepare

__all__ = [
    "LIKED",
    "PROTOCOLS",
    "TEST",
    "TRAIN",
    "UNUSED",
    "VALIDATION",
    "K",
    "Predicted",
    "Task",
    "evaluate",
    "evaluate_predicted",
    "places",
    "prepare",
    "rating_figures",
]
