"""The ids of a dataset's movies at IMDb and TMDB: MovieLens' file ``links.csv``."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from bst.errors import DatasetError

FILE = "links.csv"
COLUMNS = ["movieId", "imdbId", "tmdbId"]
MAX_REASON_LENGTH = 100
# programs that allow for missing numbers write "862.0"; anything else counts as missing
ID = r"^\s*([0-9]{1,12})(?:\.0)?\s*$"


@dataclass(frozen=True, eq=False)
class Links:
    """Movie ids by id at ``imdb`` (133093 is tt0133093) and ``tmdb``. False if both are empty."""

    imdb: dict[int, int] = field(default_factory=dict)
    tmdb: dict[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.imdb or self.tmdb)

    @cached_property
    def _site_ids(self) -> tuple[dict[int, int], dict[int, int]]:
        """The ids at IMDb and at TMDB by movie id."""
        imdb, tmdb = ({movie: site for site, movie in links.items()} for links in (self.imdb, self.tmdb))
        return imdb, tmdb

    def movie_id(self, imdb: int | None, tmdb: int | None) -> int | None:
        """Return the movie with an id at IMDb, else that with an id at TMDB, else None."""
        movie_id = self.imdb.get(imdb) if imdb is not None else None
        return self.tmdb.get(tmdb) if movie_id is None and tmdb is not None else movie_id

    def differ(self, movie_ids: Iterable[int], imdb: int | None, tmdb: int | None) -> bool:
        """Whether movies are known to have other ids than those given."""
        known = [
            (given, site_ids[movie_id])
            for movie_id in movie_ids
            for given, site_ids in zip((imdb, tmdb), self._site_ids, strict=True)
            if given is not None and movie_id in site_ids
        ]
        return bool(known) and all(given != site_id for given, site_id in known)


NO_LINKS = Links()


def read_links(folder: Path | str) -> Links:
    """Read ``links.csv`` of a dataset's folder; ``NO_LINKS`` if there is none. A row may lack either id.

    Raises ``DatasetError`` for a file that cannot be read or has other columns.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return NO_LINKS
    try:
        frame = pd.read_csv(path, usecols=COLUMNS, dtype=str, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:MAX_REASON_LENGTH]
        raise DatasetError(
            f"{path} cannot be read ({reason}); its first line must be {','.join(COLUMNS)}: "
            "unzip the dataset again, or delete this file, which is only used to import one's own ratings"
        ) from error
    ids = frame.apply(lambda column: column.str.extract(ID, expand=False))
    imdb, tmdb = (_by_site_id(ids, column) for column in COLUMNS[1:])
    return Links(imdb, tmdb)


def _by_site_id(ids: pd.DataFrame, column: str) -> dict[int, int]:
    """Return movie ids by the id in a column; of several movies with one id, the first."""
    rows = ids[["movieId", column]].dropna().astype("int64").drop_duplicates(column)
    return dict(zip(rows[column].tolist(), rows["movieId"].tolist(), strict=True))
