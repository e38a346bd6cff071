"""Bring your own history: read a person's ratings from other services, and match them with a catalogue."""

from bst.visitors.imports.dates import DateOrder
from bst.visitors.imports.entries import Entry, Export, ImportProblem
from bst.visitors.imports.exports import read_export
from bst.visitors.imports.history import imported, what_counts
from bst.visitors.imports.links import Links, read_links
from bst.visitors.imports.matching import MOVIELENS_ID_DATASETS, Match, Matcher, matcher_of
from bst.visitors.imports.name_forms import Confidence

__all__ = [
    "MOVIELENS_ID_DATASETS",
    "Confidence",
    "DateOrder",
    "Entry",
    "Export",
    "ImportProblem",
    "Links",
    "Match",
    "Matcher",
    "imported",
    "matcher_of",
    "read_export",
    "read_links",
    "what_counts",
]
