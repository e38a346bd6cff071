"""Datasets of one's own: a documented format of three tables, read, validated and kept in one fast form.

``docs/own-data.md`` describes the format for those who have the data.
"""

from bst.datasets.own.naming import Names, read_names
from bst.datasets.own.reading import is_own, read_own
from bst.datasets.own.stored import is_stored, read_domain, read_items, read_stored, read_title, write_stored

__all__ = [
    "Names",
    "is_own",
    "is_stored",
    "read_domain",
    "read_items",
    "read_names",
    "read_own",
    "read_stored",
    "read_title",
    "write_stored",
]
