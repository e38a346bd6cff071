"""Ratings as one ordered sequence per user: arrays, segments, and the splits of each protocol."""
