"""What is read of a person's own ratings: one entry a row, and the error for a file that has none."""

from datetime import datetime
from typing import NamedTuple

from bst.errors import BSTError

# more than anybody has seen: such a file is something else
LARGEST_FILE = 5 * 2**20
MOST_ROWS = 50_000

EXPECTED = (
    "Letterboxd's ratings.csv (Date, Name, Year, Letterboxd URI, Rating), IMDb's ratings export (Const, Your Rating, "
    "Date Rated, Title, …), MovieLens' or Trakt's ratings export, or a table with the columns Title, Year and Rating"
)


class ImportProblem(BSTError):  # noqa: N818 (an ImportError is Python's own)
    """A file is not one that ratings can be read from. Nothing was taken from it."""


class Entry(NamedTuple):
    """One row of an export.

    ``line`` of the file; ``title`` as it stands there, without its year; ``year`` and ``date`` None where there are
    none; ``rating`` as it stands there ("7/10", "3.5"), ``stars`` the same from 0.5 to 5. Stars are None where the
    movie was seen and not rated. ``original_title`` may be empty. ``number`` is MovieLens' own for the movie, ``imdb``
    and ``tmdb`` those of the two sites. ``whole_film``: whether it is a film of its own, not a short or something for
    television; None where the file does not say. ``doubt`` says why a person has to be asked even where name and year
    fit, ``refused`` why the row cannot be used at all; both empty or None otherwise.
    """

    line: int
    title: str
    year: int | None = None
    rating: str = ""
    stars: float | None = None
    date: datetime | None = None
    original_title: str = ""
    number: int | None = None
    imdb: int | None = None
    tmdb: int | None = None
    whole_film: bool | None = None
    doubt: str = ""
    refused: str | None = None


class Export(NamedTuple):
    """What was read: ``source`` (where the file comes from) and ``entries``, oldest first.

    ``dated``: whether every row has a date. ``remarks``: what was assumed, in sentences. ``ambiguous_date``: a date
    of the file that could be day first or month first, where nothing in the file tells which and the order of the
    entries depends on it; empty otherwise. The entries are then sorted as if the month came first.
    """

    source: str
    entries: tuple[Entry, ...]
    dated: bool
    remarks: tuple[str, ...] = ()
    ambiguous_date: str = ""
