"""Bring your own history: read a person's ratings from other services, and match them with a catalogue."""

from bst.imports.dates import DateOrder
from bst.imports.entries import Entry, Export, ImportProblem
from bst.imports.exports import read_export
from bst.imports.history import imported, what_counts
from bst.imports.links import Links, read_links
from bst.imports.matching import SITE_NUMBERS, Match, Matcher, matcher_of
from bst.imports.name_forms import Sureness

__all__ = [
    "SITE_NUMBERS",
    "DateOrder",
    "Entry",
    "Export",
    "ImportProblem",
    "Links",
    "Match",
    "Matcher",
    "Sureness",
    "imported",
    "matcher_of",
    "read_export",
    "read_links",
    "what_counts",
]
