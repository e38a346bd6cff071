"""A dataset on disk as sorted shards of users, for what need not or cannot hold all events in memory."""

from bst.store.manifest import Manifest, ShardRecord
from bst.store.reading import Store
from bst.store.writing import write_store

__all__ = ["Manifest", "ShardRecord", "Store", "write_store"]
