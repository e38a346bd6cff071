"""MovieLens and the demo world: find, download, parse, validate."""

from bst.datasets.download import download
from bst.datasets.movielens import read, read_movies
from bst.datasets.sources import (
    SOURCES,
    Source,
    Status,
    available,
    data_dir,
    demo_dir,
    find,
    licence_text,
    load,
    load_movies,
    remember,
    usable,
)

__all__ = [
    "SOURCES",
    "Source",
    "Status",
    "available",
    "data_dir",
    "demo_dir",
    "download",
    "find",
    "licence_text",
    "load",
    "load_movies",
    "read",
    "read_movies",
    "remember",
    "usable",
]
