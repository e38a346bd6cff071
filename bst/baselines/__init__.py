"""Predictors without a neural network, which every model is compared with."""
