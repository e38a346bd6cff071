"""What is read from a file with a person's own ratings: one entry per row, and the error for a file without any."""

from datetime import datetime
from typing import NamedTuple

from bst.errors import BSTError

# more than any person has seen: such a file is something else
MAX_FILE_BYTES = 5 * 2**20
MAX_ROWS = 50_000

EXPECTED = (
    "a ratings export of Letterboxd (ratings.csv), IMDb, MovieLens or Trakt, or a table with the columns Title, Year "
    "and Rating"
)


class ImportProblem(BSTError):  # noqa: N818 (an ImportError is Python's own)
    """A file is not one that ratings can be read from. Nothing was imported."""


class Entry(NamedTuple):
    """One row of an export.

    ``line`` of the file; ``title`` as in the file, without its year; ``year`` and ``date`` None where there are none;
    ``rating`` as in the file ("7/10", "3.5"), ``stars`` the same from 0.5 to 5, None where the movie was seen and not
    rated. ``original_title`` may be empty. ``movie_id`` is the id at MovieLens or in our own export, ``imdb`` and
    ``tmdb`` the ids at those sites. ``whole_film``: whether it is a feature film, not a short or something for
    television; None where the file does not say. ``caveat``: why a person has to confirm a match even if name and year
    are the same; ``refused``: why the row cannot be used at all; both empty or None otherwise.
    """

    line: int
    title: str
    year: int | None = None
    rating: str = ""
    stars: float | None = None
    date: datetime | None = None
    original_title: str = ""
    movie_id: int | None = None
    imdb: int | None = None
    tmdb: int | None = None
    whole_film: bool | None = None
    caveat: str = ""
    refused: str | None = None


class Export(NamedTuple):
    """What was read from a file: its ``source`` (the service) and ``entries``, oldest first.

    ``dated``: whether every row has a date. ``remarks``: what was assumed, in sentences. ``ambiguous_date``: a date of
    the file that could be day first or month first, if nothing in the file settles it and the order of the entries
    depends on it; empty otherwise. The entries are then sorted as if the month came first.
    """

    source: str
    entries: tuple[Entry, ...]
    dated: bool
    remarks: tuple[str, ...] = ()
    ambiguous_date: str = ""
