"""Predictions and ranked lists for one visitor. ``Recommender`` is the only way to ask a model."""
