"""Tests of what goes past one process: prepared stores, several workers, model servers."""
