"""Generated movie posters: text for other components' JavaScript and CSS, and the data that it draws.

A poster is drawn in the browser from a title, a year and genres: no picture travels, and none is needed. A component
that shows posters puts ``JS`` before its own script and ``CSS`` before its own rules; ``poster(data(…))`` then returns
an element.
"""

from pathlib import Path
from typing import Any

from bst.datasets.catalogue import Catalogue

_HERE = Path(__file__).parent
JS = (_HERE / "posters.js").read_text("utf-8")
CSS = (_HERE / "posters.css").read_text("utf-8")


def data(catalogue: Catalogue, movie_id: int) -> dict[str, Any]:
    """Return what ``poster`` in ``posters.js`` draws: the short title, the year (None if unknown) and the genres."""
    return {
        "title": catalogue.short_title(movie_id),
        "year": catalogue.year(movie_id),
        "genres": catalogue.genres(movie_id),
    }
