"""Tests of what serves large data: prepared stores, workers, servers, large catalogues."""
