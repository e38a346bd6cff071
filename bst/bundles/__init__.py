"""Trained models on disk: a bundle, its learning curves, and the files that are added to it later."""
