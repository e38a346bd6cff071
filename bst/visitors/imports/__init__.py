"""Import a person's own ratings: read the exports of other services, and match their rows with a catalogue."""

from bst.visitors.imports.dates import DateOrder
from bst.visitors.imports.entries import Entry, Export, ImportProblem
from bst.visitors.imports.exports import read_export
from bst.visitors.imports.history import history_note, import_history
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
    "history_note",
    "import_history",
    "matcher_of",
    "read_export",
    "read_links",
]
