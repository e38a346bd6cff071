"""Trained models on disk: a bundle, its parameters and learning curves, and files that are added to it later."""
