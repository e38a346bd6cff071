"""The numbers of a dataset's movies at IMDb and TMDB: MovieLens' file ``links.csv``."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bst.errors import DatasetError

FILE = "links.csv"
COLUMNS = ["movieId", "imdbId", "tmdbId"]


@dataclass(frozen=True, eq=False)
class Links:
    """Movie ids by number: ``imdb`` (133093 is tt0133093) and ``tmdb``. Empty and false where there are none."""

    imdb: dict[int, int] = field(default_factory=dict)
    tmdb: dict[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.imdb or self.tmdb)

    def __post_init__(self):
        """Prepare the way back, from a movie to its numbers."""
        back = ({movie: number for number, movie in numbers.items()} for numbers in (self.imdb, self.tmdb))
        object.__setattr__(self, "_back", tuple(back))

    def movie_id(self, imdb: int | None, tmdb: int | None) -> int | None:
        """Return the movie with a number at IMDb, else with one at TMDB, else None."""
        found = self.imdb.get(imdb) if imdb is not None else None
        return self.tmdb.get(tmdb) if found is None and tmdb is not None else found

    def differ(self, movie_ids: Iterable[int], imdb: int | None, tmdb: int | None) -> bool:
        """Tell whether some movies are known to have another number than the one that is given."""
        given = imdb, tmdb
        known = [
            (number, back[movie_id])
            for movie_id in movie_ids
            for number, back in zip(given, self._back, strict=True)
            if number is not None and movie_id in back
        ]
        return bool(known) and all(mine != theirs for mine, theirs in known)


NO_LINKS = Links()


def read_links(folder: Path | str) -> Links:
    """Read ``links.csv`` of a dataset's folder; ``NO_LINKS`` where there is none. A row may lack either number.

    Raises ``DatasetError`` for a file that cannot be read or has other columns.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return NO_LINKS
    try:
        frame = pd.read_csv(path, usecols=COLUMNS, dtype=str, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        words = " ".join(str(error).split())[:100]
        raise DatasetError(
            f"{path} cannot be read ({words}); its first line must be {','.join(COLUMNS)}: "
            "unzip the dataset again, or delete this file, which is only used to import one's own ratings"
        ) from error
    numbers = frame.apply(pd.to_numeric, errors="coerce")
    imdb, tmdb = (_by_number(numbers, column) for column in COLUMNS[1:])
    return Links(imdb, tmdb)


def _by_number(numbers: pd.DataFrame, column: str) -> dict[int, int]:
    """Return movie ids by one of the two numbers; of several movies with one number, the first."""
    rows = numbers[["movieId", column]].dropna().astype("int64").drop_duplicates(column)
    return dict(zip(rows[column].tolist(), rows["movieId"].tolist(), strict=True))
