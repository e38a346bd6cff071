"""Bring your own history: read a person's ratings from other services, and match them with a catalogue."""

from bst.imports.exports import Entry, Export, ImportProblem, read_export
from bst.imports.history import imported, stars_here
from bst.imports.matching import SITE_NUMBERS, Match, Matcher, Sureness, matcher_of

__all__ = [
    "SITE_NUMBERS",
    "Entry",
    "Export",
    "ImportProblem",
    "Match",
    "Matcher",
    "Sureness",
    "imported",
    "matcher_of",
    "read_export",
    "stars_here",
]
