"""Generated movie posters: text for other components' JavaScript and CSS, and the data that it draws.

A poster is drawn in the browser from a title, a year and genres: no picture travels, and none is needed. Only with a
key of The Movie Database (``BST_TMDB_KEY``) are there real ones. A component that shows posters puts ``JS`` before its
own script and ``CSS`` before its own rules; ``poster(data(…))`` then returns an element.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from bst.datasets.catalogue import Catalogue
from bst.domain import MOVIES
from bst.settings import get_settings

if TYPE_CHECKING:
    from bst.datasets.tmdb import PosterPictures

_HERE = Path(__file__).parent
JS = (_HERE / "posters.js").read_text("utf-8")
CSS = (_HERE / "posters.css").read_text("utf-8")


def data(catalogue: Catalogue, movie_id: int) -> dict[str, Any]:
    """Return what ``poster`` in ``posters.js`` draws: the short title, the year (None if unknown) and the genres.

    With a key of The Movie Database also ``picture``, an address, once it is known. Of what is no movie, ``hue``: the
    place of its first tag among all, None without tags; a plain card is drawn then.
    """
    title, year = catalogue.short_title(movie_id), catalogue.year(movie_id)
    movie: dict[str, Any] = {"title": title, "year": year, "genres": catalogue.genres(movie_id)}
    if catalogue.domain.item != MOVIES.item:
        places = _places(catalogue.domain.tag_values)
        return movie | {"hue": next((places[tag] for tag in movie["genres"] if tag in places), None)}
    if get_settings().tmdb_key and (picture := _pictures().address(title, year)):
        movie["picture"] = picture
    return movie


@lru_cache(maxsize=8)
def _places(tags: tuple[str, ...]) -> dict[str, int]:
    return {tag: place for place, tag in enumerate(tags)}


@st.cache_resource(show_spinner=False)
def _pictures() -> "PosterPictures":
    from bst.datasets.tmdb import PosterPictures

    return PosterPictures()
