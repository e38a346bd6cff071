"""Data past one machine: preparation, training, scoring and serving at scale."""
