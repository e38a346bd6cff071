"""Honest figures: a model's error on labels that it was never trained on, beside baselines on the same labels.

``summary`` measures what every training ends with. ``measure`` and the modules under it work out all that the
Evaluation page shows; they ask a trained model and are imported by name.
"""
