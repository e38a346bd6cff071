"""From interactions of any size to a store: read, checked, divided by an engine, and put in order shard by shard."""

from bst.preparation.prepare import ENGINES, Prepared, prepare

__all__ = ["ENGINES", "Prepared", "prepare"]
