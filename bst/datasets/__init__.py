"""MovieLens and the demo world: find, download, parse, validate."""

from bst.datasets.download import download
from bst.datasets.movielens import read, read_movies
from bst.datasets.sources import (
    SOURCES,
    Availability,
    Source,
    available,
    data_dir,
    demo_dir,
    find,
    licence_text,
    load,
    load_movies,
    register_folder,
    usable,
)

__all__ = [
    "SOURCES",
    "Availability",
    "Source",
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
    "register_folder",
    "usable",
]
