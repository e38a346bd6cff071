"""The movies of a dataset: look-up by id or typed title, and a search that tolerates typing errors."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bst.datasets.titles import ascii_title
from bst.domain import MOVIES, Domain
from bst.errors import VisitorError
from bst.text import quoted

_YEAR = re.compile(r"\((\d{4})\)\s*$")
_YEAR_BEHIND = re.compile(r" \d{4}$")
_ARTICLE_BEHIND = re.compile(r"^(.*), (the|a|an)$")
_ARTICLE = re.compile(r"^(the|a|an) ")

MIN_SIMILARITY = 50  # of 100
PARTIAL_MATCH_WEIGHT = 0.9
MAX_ID_DIGITS = 19
MAX_LISTED, MAX_SUGGESTED = 5, 3  # titles in an error message
ALL_YEARS = (1900, 2030)
# in a larger catalogue titles are compared letter by letter, which takes a second, only where none contains the text
MOST_COMPARED = 100_000


def normalise(title: str) -> str:
    """Reduce a title to what matters in a comparison: no case, accents, punctuation or leading article.

    "Léon: The Professional (1994)" and "leon the professional (1994)" come out the same, as do "Matrix, The" and "The
    Matrix". The year stays, without its brackets.
    """
    text = title.casefold()
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        text = text.casefold()  # what a character is short for may have capitals: "㎀" is "pA"
    year = _YEAR.search(text)
    text = (text[: year.start()] if year else text).strip()
    if ", " in text:
        text = _ARTICLE_BEHIND.sub(r"\2 \1", text)
    # a title may consist of punctuation only ("$", "…"): then it is compared by that
    name = " ".join(re.findall(r"\w+", text.replace("'", "").replace("’", ""))) or text
    name = _ARTICLE.sub("", name)
    return f"{name} {year.group(1)}" if year else name


class Catalogue:
    """A dataset's movies, in model order. ``movies``: the frame of ``schema.Dataset``; ``domain``: what it is about."""

    def __init__(self, movies: pd.DataFrame, domain: Domain = MOVIES) -> None:
        self.movies, self.domain = movies, domain

    def __len__(self) -> int:
        """Return the number of movies."""
        return len(self.movies)

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {int(movie_id): row for row, movie_id in enumerate(self.movies["movie_id"])}

    @cached_property
    def _by_original_id(self) -> dict[str, int]:
        """The ids by what the dataset's files call them, where that is not a number."""
        if "original_id" not in self.movies:
            return {}
        return dict(zip(self.movies["original_id"].tolist(), self.movies["movie_id"].tolist(), strict=True))

    @cached_property
    def titles(self) -> dict[int, str]:
        """All titles with their years by movie id, in model order."""
        return dict(zip(self.movies["movie_id"].tolist(), self.movies["title"].tolist(), strict=True))

    @cached_property
    def search_labels(self) -> dict[int, str]:
        """All titles by movie id, for a box that searches its labels letter by letter.

        A title with accents or special characters has behind it how it is typed: "Amélie (2001) · Amelie".
        """
        return {movie_id: _search_label(title) for movie_id, title in self.titles.items()}

    @cached_property
    def _years(self) -> dict[int, int]:
        known = self.movies.dropna(subset="year")
        return dict(zip(known["movie_id"].tolist(), known["year"].astype(int).tolist(), strict=True))

    @cached_property
    def _genres(self) -> dict[int, list[str]]:
        genres = (names.split("|") if names else [] for names in self.movies["genres"].tolist())
        return dict(zip(self.movies["movie_id"].tolist(), genres, strict=True))

    @cached_property
    def years(self) -> tuple[int, int]:
        """The years of the oldest and the newest movie, as the ends of a slider: always two different ones.

        Movies of unknown year are ignored; if no year is known, ``ALL_YEARS``.
        """
        years = self.movies["year"].dropna()
        first, last = (int(years.min()), int(years.max())) if len(years) else ALL_YEARS
        return first, max(last, first + 1)

    @cached_property
    def _names(self) -> list[str]:
        return [normalise(title) for title in self.movies["title"]]

    @cached_property
    def _names_without_year(self) -> list[str]:
        return [_YEAR_BEHIND.sub("", name) for name in self._names]

    @cached_property
    def _indexes_of_names(self) -> tuple["_NameIndex", "_NameIndex"]:
        return _NameIndex(self._names), _NameIndex(self._names_without_year)

    def _rows_called(self, title: str) -> list[int]:
        """Return the rows of the movies with a title, compared as by ``normalise``, ascending."""
        name = normalise(title)
        with_year, without_year = self._indexes_of_names
        # a full title takes precedence over one without its year: "Harbour (2000)" over "Harbour 2000 (1975)"
        return with_year.rows(name) or without_year.rows(name)

    def row(self, movie_id: int) -> int:
        """Return a movie's row number. Raises ``VisitorError`` for an id that is not in the catalogue."""
        try:
            return self._rows[movie_id]
        except KeyError:
            raise VisitorError(
                f"there is no {self.domain.item} {movie_id} in this catalogue of {len(self)} {self.domain.items}"
            ) from None

    def rows(self, movie_ids: Iterable[int]) -> np.ndarray:
        """Return row numbers of several ids: (movies,) int32. Raises ``VisitorError`` as ``row`` does."""
        return np.array([self.row(int(movie_id)) for movie_id in movie_ids], np.int32)

    def __contains__(self, movie_id: int) -> bool:
        """Whether a movie id is in the catalogue."""
        return movie_id in self._rows

    def title(self, movie_id: int) -> str:
        """Return a movie's title with its year."""
        self.row(movie_id)
        return self.titles[movie_id]

    def short_title(self, movie_id: int) -> str:
        """Return a movie's title without its year and without its titles in other languages, for where room is scarce.

        "Seven Samurai (Shichinin no samurai) (1954)" is "Seven Samurai".
        """
        title = self.title(movie_id)
        return title.partition(" (")[0].strip() or title

    def year(self, movie_id: int) -> int | None:
        """Return the year of a movie; None if it is unknown."""
        return self._years.get(movie_id)

    def genres(self, movie_id: int) -> list[str]:
        """Return a movie's genres, as many as are listed."""
        self.row(movie_id)
        return self._genres[movie_id]

    def named(self, title: str) -> int | None:
        """Return the id of the only movie with this title, compared as by ``normalise``; None for none or several."""
        rows = self._rows_called(title)
        return int(self.movies["movie_id"].iloc[rows[0]]) if len(rows) == 1 else None

    def find(self, text: str) -> int:
        """Return the id of the movie that a text names: an id, or a title with or without its year.

        Case, accents, punctuation and the position of the article are ignored. Raises ``VisitorError`` with the nearest
        titles if no movie matches, or with the candidates if several do.
        """
        text = text.strip()
        # "²" is a digit but not decimal, and int() refuses thousands of digits
        if text.isdecimal() and len(text) <= MAX_ID_DIGITS and int(text) in self._rows:
            return int(text)
        if text in self._by_original_id:
            return self._by_original_id[text]
        rows = self._rows_called(text)
        if len(rows) == 1:
            return int(self.movies["movie_id"].iloc[rows[0]])
        if rows:
            options = ", ".join(
                f"{self.movies['title'].iloc[row]} (id {self.movies['movie_id'].iloc[row]})"
                for row in rows[:MAX_LISTED]
            )
            raise VisitorError(f"{quoted(text)} could be any of: {options}; give the year or the id")
        nearest = self.movies["title"].iloc[self.search(text, MAX_SUGGESTED)].tolist()
        hint = f"; the nearest are: {' | '.join(nearest)}" if nearest else ""
        raise VisitorError(f"no {self.domain.item} is called {quoted(text)}{hint}")

    def search(self, text: str, limit: int = 20) -> list[int]:
        """Return row numbers of the titles most similar to a text, best first, tolerating typing errors.

        The similarity is the share of characters in common, with or without the year; a match with a part of a title
        counts nine tenths of that, so that full titles come first.
        """
        from rapidfuzz import fuzz, process  # only who mistypes a title needs it

        query = normalise(text)
        if not query:
            return []
        if len(self) > MOST_COMPARED and (found := self._containing(query, limit)):
            return found
        full = np.maximum(
            process.cdist([query], self._names, scorer=fuzz.ratio)[0],
            process.cdist([query], self._names_without_year, scorer=fuzz.ratio)[0],
        )
        partial = process.cdist([query], self._names, scorer=fuzz.partial_ratio)[0]
        scores = np.maximum(full, PARTIAL_MATCH_WEIGHT * partial)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [int(row) for row in order if scores[row] >= MIN_SIMILARITY]

    def _containing(self, query: str, limit: int) -> list[int]:
        """Return rows of titles that contain a query, normalised; the shortest first, as most of them is the query."""
        import pyarrow.compute  # loaded by pandas anyway

        rows = np.flatnonzero(pyarrow.compute.match_substring(self._names_as_array, query).to_numpy(False))
        lengths = np.array([len(self._names[row]) for row in rows.tolist()], np.int64)
        return rows[np.argsort(lengths, kind="stable")[:limit]].tolist()

    @cached_property
    def _names_as_array(self) -> Any:
        import pyarrow

        return pyarrow.array(self._names, pyarrow.large_string())


def _search_label(title: str) -> str:
    typed = ascii_title(title)
    return title if typed == title else f"{title} · {_YEAR.sub('', typed).strip()}"


class _NameIndex:
    """Finds the rows of names by their hashes, sorted: a tenth of the memory that a dictionary of lists takes."""

    def __init__(self, names: list[str]):
        self._names, hashes = names, np.fromiter(map(hash, names), np.int64, len(names))
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def rows(self, name: str) -> list[int]:
        """Return the rows of a name, ascending."""
        first, end = (int(np.searchsorted(self._hashes, hash(name), side=side)) for side in ("left", "right"))
        return [row for row in self._order[first:end].tolist() if self._names[row] == name]
