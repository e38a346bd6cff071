"""A catalogue of a few titles, and the movie that a title matches without confirmation."""

import pandas as pd

from bst.datasets.catalogue import Catalogue
from bst.visitors.imports import Confidence, Entry, Matcher
from bst.visitors.imports.names import split_year


def catalogue_of(*titles: str, ids=None) -> Catalogue:
    """Return a catalogue of titles with years; ids count from 1 unless they are given."""
    return Catalogue(
        pd.DataFrame(
            {
                "movie_id": ids or range(1, len(titles) + 1),
                "title": titles,
                "year": pd.array([split_year(title)[1] for title in titles], dtype="Int16"),
                "genres": [""] * len(titles),
            }
        )
    )


def taken(matcher: Matcher, title: str, year: int | None, **more) -> str | None:
    """Return the title of the movie that is matched without confirmation, if any."""
    match = matcher.match_one(Entry(1, title, year, stars=4.0, **more))
    if match.confidence < Confidence.LIKELY:
        return None
    return matcher.catalogue.title(match.movie_id)
