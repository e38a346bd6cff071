"""A catalogue out of a few titles, and what is taken from a catalogue for a title."""

import pandas as pd

from bst.datasets.catalogue import Catalogue
from bst.visitors.imports import Confidence, Entry, Matcher
from bst.visitors.imports.names import split_year


def catalogue_of(*titles: str, ids=None) -> Catalogue:
    """Return a catalogue of titles with their years; ids count from 1 unless they are given."""
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
    """The title of the movie that is taken without asking, if any."""
    match = matcher.match_one(Entry(1, title, year, stars=4.0, **more))
    if match.confidence < Confidence.LIKELY:
        return None
    return matcher.catalogue.title(match.movie_id)
