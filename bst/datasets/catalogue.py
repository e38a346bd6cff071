"""The movies that a person can choose from: look-up by id or by what they typed, and search with typing errors."""

import re
import unicodedata
from functools import cached_property

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from bst.errors import VisitorError

_YEAR = re.compile(r"\((\d{4})\)\s*$")
_YEAR_BEHIND = re.compile(r" \d{4}$")
_ARTICLE_BEHIND = re.compile(r"^(.*), (the|a|an)$")
_ARTICLE = re.compile(r"^(the|a|an) ")

LEAST_SIMILARITY = 50  # of 100
ALL_YEARS = (1900, 2030)


def normalise(title: str) -> str:
    """Fold a title to what matters when comparing: no case, accents, punctuation or leading article.

    "Léon: The Professional (1994)" and "leon the professional (1994)" come out the same, as do "Matrix, The" and "The
    Matrix". The year stays, without its brackets.
    """
    text = title.casefold()
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    year = _YEAR.search(text)
    text = _YEAR.sub("", text).strip()
    text = _ARTICLE_BEHIND.sub(r"\2 \1", text)
    # a title may be nothing but signs ("$", "…"): then the signs are what it is compared by
    words = " ".join(re.findall(r"\w+", text.replace("'", "").replace("’", ""))) or text
    words = _ARTICLE.sub("", words)
    return f"{words} {year.group(1)}" if year else words


class Catalogue:
    """A dataset's movies, in model order. ``movies`` is the frame of ``schema.Dataset``."""

    def __init__(self, movies: pd.DataFrame):
        self.movies = movies

    def __len__(self) -> int:
        """Return the number of movies."""
        return len(self.movies)

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {int(movie_id): row for row, movie_id in enumerate(self.movies["movie_id"])}

    @cached_property
    def titles(self) -> dict[int, str]:
        """All titles with their years by movie id, in model order."""
        return dict(zip(self.movies["movie_id"].tolist(), self.movies["title"].tolist(), strict=True))

    @cached_property
    def years(self) -> tuple[int, int]:
        """The years of the oldest and the newest movie, as the ends of a control: always two different ones.

        Movies whose year is unknown do not count; where no movie's is known, ``ALL_YEARS``.
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
    def _by_name(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(self._names):
            rows.setdefault(name, []).append(row)
        short: dict[str, list[int]] = {}
        for row, name in enumerate(self._names_without_year):
            short.setdefault(name, []).append(row)
        # a whole title goes before one that fits without its year: "Harbour (2000)" before "Harbour 2000 (1975)"
        return short | rows

    def row(self, movie_id: int) -> int:
        """Return a movie's row number. Raises ``VisitorError`` for an id that is not in the catalogue."""
        try:
            return self._rows[movie_id]
        except KeyError:
            raise VisitorError(f"there is no movie {movie_id} in this catalogue of {len(self)} movies") from None

    def rows(self, movie_ids) -> np.ndarray:
        """Return row numbers of several ids: (movies,) int32. Raises ``VisitorError`` as ``row`` does."""
        return np.array([self.row(int(movie_id)) for movie_id in movie_ids], np.int32)

    def __contains__(self, movie_id: int) -> bool:
        """Whether a movie id is in the catalogue."""
        return movie_id in self._rows

    def title(self, movie_id: int) -> str:
        """Return a movie's title with its year."""
        self.row(movie_id)
        return self.titles[movie_id]

    def named(self, title: str) -> int | None:
        """Return the id of the one movie with this title, compared as ``normalise`` does, or None. Quick."""
        rows = self._by_name.get(normalise(title), [])
        return int(self.movies["movie_id"].iloc[rows[0]]) if len(rows) == 1 else None

    def find(self, text: str) -> int:
        """Return the id of the movie that a text names: an id, or a title with or without its year.

        Case, accents, punctuation and the place of the article do not matter. Raises ``VisitorError`` with the nearest
        titles if nothing fits, or with the candidates if several do.
        """
        text = text.strip()
        # "²" is a digit but no number, and Python refuses to read a number of thousands of digits
        if text.isdecimal() and len(text) < 20 and int(text) in self._rows:
            return int(text)
        rows = self._by_name.get(normalise(text), [])
        if len(rows) == 1:
            return int(self.movies["movie_id"].iloc[rows[0]])
        if rows:
            options = ", ".join(
                f"{self.movies['title'].iloc[row]} (id {self.movies['movie_id'].iloc[row]})" for row in rows[:5]
            )
            raise VisitorError(f"{text!r} could be any of: {options}; give the year or the id")
        nearest = self.movies["title"].iloc[self.search(text, 3)].tolist()
        hint = f"; the nearest are: {' | '.join(nearest)}" if nearest else ""
        raise VisitorError(f"no movie is called {text!r}{hint}")

    def search(self, text: str, limit: int = 20) -> list[int]:
        """Return row numbers of the titles nearest to a text, best first, forgiving typing errors.

        A title counts as near by the share of characters in common, with or without its year; a part of a title that
        fits counts nine tenths of that, so that whole titles come first.
        """
        query = normalise(text)
        if not query:
            return []
        whole = np.maximum(
            process.cdist([query], self._names, scorer=fuzz.ratio)[0],
            process.cdist([query], self._names_without_year, scorer=fuzz.ratio)[0],
        )
        part = process.cdist([query], self._names, scorer=fuzz.partial_ratio)[0]
        scores = np.maximum(whole, 0.9 * part)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [int(row) for row in order if scores[row] >= LEAST_SIMILARITY]
