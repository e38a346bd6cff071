"""Evaluation: a model's error on labels that it was never trained on, and that of baselines on the same labels.

``summary`` is what every training ends with. ``measure`` and the modules below it compute the rest of what the
Evaluation page shows; they load a trained model and are imported by name.
"""
