"""Addresses of real posters at The Movie Database (TMDB), where there is a key for it.

https://developer.themoviedb.org/reference/search-movie: a movie is found by its title and year; the answer names the
path of a picture, which the browser loads from TMDB's picture server.
"""

import json
import logging
import urllib.request
from collections.abc import Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlencode

from bst.settings import get_settings

PICTURES = "https://image.tmdb.org/t/p/w342"
NOTICE = "This product uses the TMDB API but is not endorsed or certified by TMDB."
TIMEOUT_S = 5
# requests side by side, and how many failures in a row end the asking: the key is wrong, or there is no network
WORKERS, MOST_FAILURES = 2, 5

_log = logging.getLogger(__name__)


class PosterPictures:
    """Finds pictures in the background, so that no page waits for them, and remembers them while the process runs."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(WORKERS, "tmdb")
        self._found: dict[Hashable, Future[str | None]] = {}
        self._failures = 0

    def address(self, title: str, year: int | None) -> str | None:
        """Return the address of a movie's poster; None while it is being looked for, and where there is none."""
        if self._failures >= MOST_FAILURES:
            return None
        future = self._found.get((title, year))
        if future is None:
            future = self._found[title, year] = self._executor.submit(self._find, title, year)
        return future.result() if future.done() else None

    def _find(self, title: str, year: int | None) -> str | None:
        if self._failures >= MOST_FAILURES:
            return None
        try:
            path = search(title, year)
        except (OSError, ValueError) as error:  # refused, no network, no JSON
            self._failures += 1
            _log.warning("no poster from The Movie Database: %s", error)
            return None
        self._failures = 0
        return path and f"{PICTURES}{path}"


def search(title: str, year: int | None) -> str | None:
    """Return the path of the poster of the first movie that TMDB finds; None if it finds none or has no poster.

    Raises ``OSError`` if TMDB cannot be reached or refuses, ``ValueError`` if its answer is not what it documents.
    """
    settings = get_settings()
    query = {"api_key": settings.tmdb_key or "", "query": title} | ({"primary_release_year": str(year)} if year else {})
    with urllib.request.urlopen(f"{settings.tmdb_url}/search/movie?{urlencode(query)}", timeout=TIMEOUT_S) as answer:
        found = json.load(answer)
    try:
        path = found["results"][0]["poster_path"] if found["results"] else None
    except (KeyError, TypeError, IndexError):
        raise ValueError("the answer has no list of results") from None
    # it becomes part of an address in the page
    return path if isinstance(path, str) and path.startswith("/") and path.isascii() else None
