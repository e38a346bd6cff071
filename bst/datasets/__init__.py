"""MovieLens, the demo world and datasets of one's own: find, download, import, parse, validate."""

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
    imported_folders,
    licence_text,
    load,
    load_domain,
    load_movies,
    register_folder,
    require_new_name,
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
    "imported_folders",
    "licence_text",
    "load",
    "load_domain",
    "load_movies",
    "read",
    "read_movies",
    "register_folder",
    "require_new_name",
    "usable",
]
