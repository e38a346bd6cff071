"""The names of a catalogue's movies, to be searched for thousands of titles at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from bst.visitors.imports.name_forms import keys
from bst.visitors.imports.names import Name, names_of, year_behind

# of 100: two spellings of one name of nine letters, two of which differ
LEAST_SPELLING = 77


@dataclass(frozen=True, slots=True, eq=False)
class Movie:
    """A film of a catalogue: ``ids`` are all the movies there that are this film, the first of them the one to take."""

    ids: tuple[int, ...]
    title: str
    year: int | None
    names: tuple[Name, ...]

    @property
    def id(self) -> int:
        """The movie that stands for all of ``ids``."""
        return self.ids[0]


def catalogue_movies(movies: pd.DataFrame) -> list[Movie]:
    """Return the films of ``Dataset.movies``. Movies of one year and name are one film that is there several times.

    A name in brackets counts where it is all that the other is called: "Hate (La Haine)" and "La Haine". The movie with
    the lowest id comes first: it has been there for longest, so it is the one that has the ratings.
    """
    years = movies["year"].astype(object).where(movies["year"].notna(), None)
    each = [
        Movie((movie_id,), title, None if year is None else int(year), tuple(names_of(year_behind(title)[0])))
        for movie_id, title, year in zip(movies["movie_id"].tolist(), movies["title"].tolist(), years, strict=True)
    ]
    named: dict[tuple, list[Movie]] = {}
    for movie in each:
        for squeezed in {name.squeezed for name in movie.names if movie.year is not None}:
            named.setdefault((movie.year, squeezed), []).append(movie)
    film: dict[int, Movie] = {movie.id: movie for movie in each}
    for movie in each:
        # the last name of a title is the one without all brackets
        same = named.get((movie.year, movie.names[-1].squeezed), ()) if movie.names else ()
        if len(same) > 1:
            joined = _joined({film[movie.id].id: film[movie.id] for movie in same}.values())
            film |= dict.fromkeys(joined.ids, joined)
    return list(dict.fromkeys(film.values()))


def _joined(same: Iterable[Movie]) -> Movie:
    first, *others = sorted(same, key=lambda movie: movie.id)
    ids = sorted({*first.ids, *(movie_id for movie in others for movie_id in movie.ids)})
    names = dict.fromkeys([*first.names, *(name for movie in others for name in movie.names)])
    return Movie(tuple(ids), first.title, first.year, tuple(names))


class NameIndex:
    """Finds movies by name: the same, one that may be another form of it, or one that is written nearly the same."""

    LEAST_SIMILARITY = 80  # of 100, for a movie to be shown as possible

    def __init__(self, movies: Sequence[Movie]):
        self._named: dict[str, list[Movie]] = {}
        self._by_key: dict[tuple[str, ...], list[tuple[Name, Movie]]] = {}
        self._by_year: dict[int, list[tuple[Name, Movie]]] = {}
        self._written: dict[int, tuple[list[tuple[Name, Movie]], list[str]]] = {}
        for movie in movies:
            for squeezed in {name.squeezed for name in movie.names}:
                self._named.setdefault(squeezed, []).append(movie)
            if movie.year is None:
                continue
            for name in movie.names:
                self._by_year.setdefault(movie.year, []).append((name, movie))
                for key in keys(name):
                    self._by_key.setdefault(key, []).append((name, movie))

    def named(self, squeezed: Sequence[str]) -> list[Movie]:
        """Return the movies that have one of some names, each once."""
        if len(squeezed) == 1:
            return self._named.get(squeezed[0], [])
        return list(dict.fromkeys(movie for name in squeezed for movie in self._named.get(name, ())))

    def alike(self, year: int, names: Sequence[Sequence[Name]]) -> list[list[tuple[Name, Name, Movie, int]]]:
        """Return for each of several entries of one year what may be meant by its names, in that year or one beside it.

        Each as: name of the entry, name and movie here, and how alike the two are written, of 100 (0: not at all, but
        one may be a form of the other).
        """
        candidates: list[list[tuple[Name, Name, Movie, int]]] = [[] for _ in names]
        mine = [(place, name) for place, several in enumerate(names) for name in several]
        for place, name in mine:
            for key in keys(name):
                for theirs, movie in self._by_key.get(key, ()):
                    if abs(movie.year - year) <= 1:
                        candidates[place].append((name, theirs, movie, 0))
        near, written = self._near(year)
        if near and mine:
            # rapidfuzz compares in C++, many at a time
            scores = process.cdist(
                [" ".join(name.words) for _, name in mine],
                written,
                scorer=fuzz.ratio,
                score_cutoff=LEAST_SPELLING,
                dtype=np.uint8,
            )
            for row, column in zip(*(places.tolist() for places in scores.nonzero()), strict=True):
                place, name = mine[row]
                candidates[place].append((name, *near[column], int(scores[row, column])))
        return candidates

    def _near(self, year: int) -> tuple[list[tuple[Name, Movie]], list[str]]:
        """Return the names of movies of a year and of those beside it, that year first, and how they are written."""
        if year not in self._written:
            near = [each for off in (0, -1, 1) for each in self._by_year.get(year + off, ())]
            self._written[year] = near, [" ".join(name.words) for name, _ in near]
        return self._written[year]
