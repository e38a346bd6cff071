"""An index of the names of a catalogue's films, searched for thousands of titles at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from bst.visitors.imports.name_forms import blocking_keys
from bst.visitors.imports.names import Name, names_of, split_year

# of 100: two spellings of one name of nine letters, two of which differ
MIN_RESPELLING_SIMILARITY = 77


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film of a catalogue: ``ids`` are all movies there that are this film, the first of them the one to take."""

    ids: tuple[int, ...]
    title: str
    year: int | None
    names: tuple[Name, ...]

    @property
    def id(self) -> int:
        """The movie that represents all of ``ids``."""
        return self.ids[0]


class Candidate(NamedTuple):
    """A film that a name in a file may mean: that name, the film's name, the film, and how similar the two names are.

    ``similarity`` is of 100; 0 means that it was not measured, but one name may be a form of the other.
    """

    in_file: Name
    in_catalogue: Name
    film: Film
    similarity: int


def catalogue_films(movies: pd.DataFrame) -> list[Film]:
    """Return the films of ``Dataset.movies``. Movies with the same year and name are one film that is there repeatedly.

    A name in brackets counts if it is the full name of the other: "Hate (La Haine)" and "La Haine". The movie with the
    lowest id comes first: it is the oldest, so it is the one that has the ratings.
    """
    years = movies["year"].astype(object).where(movies["year"].notna(), None)
    films = [
        Film((movie_id,), title, None if year is None else int(year), tuple(names_of(split_year(title)[0])))
        for movie_id, title, year in zip(movies["movie_id"].tolist(), movies["title"].tolist(), years, strict=True)
    ]
    by_name: dict[tuple[int | None, str], list[Film]] = {}
    for film in films:
        for compact in {name.compact for name in film.names if film.year is not None}:
            by_name.setdefault((film.year, compact), []).append(film)
    merged: dict[int, Film] = {film.id: film for film in films}
    for film in films:
        # the last name of a title is the one without all brackets
        same = by_name.get((film.year, film.names[-1].compact), ()) if film.names else ()
        if len(same) > 1:
            union = _merge({merged[film.id].id: merged[film.id] for film in same}.values())
            merged |= dict.fromkeys(union.ids, union)
    return list(dict.fromkeys(merged.values()))


def _merge(films: Iterable[Film]) -> Film:
    first, *others = sorted(films, key=lambda film: film.id)
    ids = sorted({*first.ids, *(movie_id for film in others for movie_id in film.ids)})
    names = dict.fromkeys([*first.names, *(name for film in others for name in film.names)])
    return Film(tuple(ids), first.title, first.year, tuple(names))


class NameIndex:
    """Finds films by name: the same name, another form of it, or one with a similar spelling."""

    def __init__(self, films: Sequence[Film]) -> None:
        self._by_name: dict[str, list[Film]] = {}
        self._by_key: dict[tuple[str, ...], list[tuple[int, Name, Film]]] = {}
        self._by_year: dict[int, list[tuple[Name, Film]]] = {}
        self._texts: dict[int, tuple[list[tuple[Name, Film]], list[str]]] = {}
        for film in films:
            for compact in {name.compact for name in film.names}:
                self._by_name.setdefault(compact, []).append(film)
            if film.year is None:
                continue
            for name in film.names:
                self._by_year.setdefault(film.year, []).append((name, film))
                for key in blocking_keys(name):
                    self._by_key.setdefault(key, []).append((film.year, name, film))

    def named(self, compact_names: Sequence[str]) -> list[Film]:
        """Return the films that have one of some names, each once."""
        if len(compact_names) == 1:
            return self._by_name.get(compact_names[0], [])
        return list(dict.fromkeys(film for name in compact_names for film in self._by_name.get(name, ())))

    def candidates(self, year: int, entry_names: Sequence[Sequence[Name]]) -> list[list[Candidate]]:
        """Return for each of several entries of one year the films that its names may mean.

        Only films of that year and the two next to it are considered.
        """
        candidates: list[list[Candidate]] = [[] for _ in entry_names]
        names = [(entry, name) for entry, several in enumerate(entry_names) for name in several]
        for entry, name in names:
            for key in blocking_keys(name):
                for film_year, film_name, film in self._by_key.get(key, ()):
                    if abs(film_year - year) <= 1:
                        candidates[entry].append(Candidate(name, film_name, film, 0))
        nearby, texts = self._nearby(year)
        if nearby and names:
            # rapidfuzz compares in C++, many at a time
            scores = process.cdist(
                [" ".join(name.words) for _, name in names],
                texts,
                scorer=fuzz.ratio,
                score_cutoff=MIN_RESPELLING_SIMILARITY,
                dtype=np.uint8,
            )
            for row, column in zip(*(indices.tolist() for indices in scores.nonzero()), strict=True):
                (entry, name), (film_name, film) = names[row], nearby[column]
                candidates[entry].append(Candidate(name, film_name, film, int(scores[row, column])))
        return candidates

    def _nearby(self, year: int) -> tuple[list[tuple[Name, Film]], list[str]]:
        """Return the names of films of a year and of the two next to it, that year first, and their texts."""
        if year not in self._texts:
            nearby = [named for offset in (0, -1, 1) for named in self._by_year.get(year + offset, ())]
            self._texts[year] = nearby, [" ".join(name.words) for name, _ in nearby]
        return self._texts[year]
