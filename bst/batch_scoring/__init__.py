"""The first items of every user's list, written to Parquet shard by shard: ``python -m bst score``."""

from bst.batch_scoring.run import ENGINES, ScoringSummary, score
from bst.batch_scoring.sources import DatasetSource, Source, StoreSource

__all__ = ["ENGINES", "DatasetSource", "ScoringSummary", "Source", "StoreSource", "score"]
