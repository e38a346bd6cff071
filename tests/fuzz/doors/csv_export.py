"""Lists and histories that are handed out as CSV: whatever titles a dataset has, and what a spreadsheet makes of it."""

import csv
import io
import json

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.datasets.catalogue import Catalogue
from bst.datasets.movielens import movie_frame
from bst.datasets.titles import printable
from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.inference.ranking import RankOptions
from bst.inference.recommender import Recommendation
from bst.schema import HALF_STARS, Event, Visitor
from bst.visitors import export
from bst.visitors.imports import Matcher, import_history, read_export
from tests.fuzz.door import Door
from tests.fuzz.mutations import ODD_TEXT
from tests.fuzz.outcome import require, require_equal

STARTS = (
    "",
    "=",
    "+",
    "-",
    "@",
    "＝",
    "＋",
    "－",
    "＠",
    "\t",
    "\r",
    "\n",
    " =",
    "\u200b=",
    "\xa0=",
    "\u3000@",
    "'",
    "'=",
    '"',
    ";",
    ",",
)
# what a spreadsheet drops in front of a formula, and what it takes for one
INVISIBLE = (
    "".join(map(chr, range(33)))
    + "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
    + ("".join(map(chr, range(0x2000, 0x2010))))
)
FORMULA = tuple("=+-@＝＋－＠")
titles = st.builds(
    lambda start, text, end: start + text + end,
    st.sampled_from(STARTS),
    st.text(max_size=12) | st.sampled_from([text for text in ODD_TEXT if len(text) < 300]),
    st.sampled_from(("", " (1999)", " (2003)", "!A1", ")")),
).filter(printable)
probabilities = st.floats(0, 1)


@st.composite
def exports(draw: DrawFn) -> tuple[pd.DataFrame, list[Recommendation], Visitor]:
    """Draw a catalogue, a list of its movies, and a visitor with a history and movies that they have seen."""
    names = draw(st.lists(titles, min_size=1, max_size=5))
    ids = draw(st.lists(st.integers(1, 2**31 - 1), min_size=len(names), max_size=len(names), unique=True))
    movies = movie_frame(
        ids, names, [draw(st.sampled_from(("", "Drama", "=1|Drama", "@|-", "Sci-Fi|Comedy"))) for _ in names]
    )
    rows = [
        Recommendation(
            rank,
            movie.movie_id,
            movie.title,
            movie.genres,
            draw(st.floats(0.5, 5)),
            draw(st.booleans()),
            draw(st.none() | st.tuples(*[probabilities] * len(HALF_STARS))),
            draw(st.none() | probabilities),
            draw(st.none() | probabilities),
        )
        for rank, movie in enumerate(movies.itertuples(), 1)
    ]
    watched = draw(st.lists(st.sampled_from(ids), unique=True))
    time = st.none() | st.integers(0, 2**40)
    history = tuple(Event(movie_id, draw(st.sampled_from(HALF_STARS)), draw(time)) for movie_id in watched)
    visitor = Visitor(
        {
            "sex": draw(st.none() | st.sampled_from(SEXES)),
            "age": draw(st.none() | st.sampled_from(AGES)),
            "occupation": draw(st.none() | st.sampled_from(OCCUPATIONS)),
        },
        history,
        frozenset(ids[:1]) - set(watched),
    )
    return movies, rows, visitor


class CsvExport(Door):
    """A spreadsheet runs nothing and shows each value where it belongs; our own import reads the history back."""

    name = "CSV export"
    inputs = exports()

    def open(self) -> None:
        """Nothing to prepare."""

    def check(self, given: tuple[pd.DataFrame, list[Recommendation], Visitor]) -> bool:
        """Export, and read what was written as a spreadsheet does, and as the import does."""
        movies, rows, visitor = given
        catalogue = Catalogue(movies)
        cells = _read(export.list_as_csv(rows, HALF_STARS))
        require_equal(len(cells), len(rows) + 1, "rows")
        for row, values in zip(rows, cells[1:], strict=True):
            require_equal(values[2], _as_text(row.title), "title")
            require_equal(values[3], _as_text(row.genres), "genres")
            require_equal((int(values[0]), int(values[1])), (row.rank, row.movie_id), "rank and id")
            require(abs(float(values[4]) - row.expected_rating) < 1e-4, "expected rating")
            require_equal(values[7], "yes" if row.seen else "no", "seen")
        text = export.history_as_csv(catalogue, visitor)
        require_equal(len(_read(text)), 1 + len(visitor.history) + len(visitor.seen), "rows of the history")
        json.loads(export.as_text(export.as_json("demo", catalogue, visitor, rows, RankOptions())))
        _check_read_back(text, catalogue, visitor)
        return True


def _read(text: str) -> list[list[str]]:
    cells = list(csv.reader(io.StringIO(text, newline="")))
    widths = {len(row) for row in cells}
    require_equal(len(widths), 1, f"numbers of columns: {sorted(widths)}")
    for value in (value for row in cells for value in row):
        require(not value.lstrip(INVISIBLE).startswith(FORMULA), f"a formula: {value!r}")
        require(not value.startswith(("\t", "\r", "\n")), f"a line break in front: {value!r}")
    return cells


def _as_text(value: str) -> str:
    """Return a value as its cell has to be: behind an apostrophe where a spreadsheet would run it."""
    bare = value.lstrip(INVISIBLE)
    return f"'{value}" if bare.startswith(FORMULA) or value.startswith(("\t", "\r", "\n")) else value


def _check_read_back(text: str, catalogue: Catalogue, visitor: Visitor) -> None:
    if not visitor.history and not visitor.seen:
        return
    matches = Matcher(catalogue, True).match(read_export(text.encode(), "history.csv").entries)
    back = import_history(Visitor(), matches, HALF_STARS)
    require(visitor.all_seen <= back.all_seen, f"seen: {back.all_seen}, right is {visitor.all_seen}")
    if any(match.duplicate_ids for match in matches):  # a film that the catalogue has twice is one film
        return
    require_equal(
        [(e.movie_id, e.rating) for e in back.history], [(e.movie_id, e.rating) for e in visitor.history], "history"
    )
    require_equal(back.seen, visitor.seen, "seen")
