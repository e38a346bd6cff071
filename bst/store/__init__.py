"""A dataset on disk as sorted shards of users, for what need not or cannot hold all events in memory."""

from bst.store.manifest import Manifest, ShardRecord
from bst.store.reading import Store
from bst.store.sample import sample
from bst.store.statistics import Statistics, later_like_counts, statistics, user_biases
from bst.store.writing import write_store

__all__ = [
    "Manifest",
    "ShardRecord",
    "Statistics",
    "Store",
    "later_like_counts",
    "sample",
    "statistics",
    "user_biases",
    "write_store",
]
