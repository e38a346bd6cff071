"""Exported files: a spreadsheet must show a list unchanged, and a program must be able to request it again."""

import csv
import io
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bst.datasets.catalogue import Catalogue
from bst.inference.ranking import Filters, RankOptions
from bst.inference.recommender import Recommendation
from bst.schema import HALF_STARS, WHOLE_STARS, Event, Visitor
from bst.visitors import export
from bst.visitors.imports import Matcher, import_history, read_export

TITLES = {
    1: "=SUM(A1:A9) (1999)",
    2: "+1 (2001)",
    3: "-30- (1959)",
    4: "@night (1998)",
    5: 'Say "Now", Léon (1994)',
    6: "שלום $5 *a* _b_ <i> (2000)",
    7: "\tTab (1990)",
}
CATALOGUE = Catalogue(
    pd.DataFrame(
        {
            "movie_id": list(TITLES),
            "title": list(TITLES.values()),
            "year": pd.array([1999, 2001, 1959, 1998, 1994, 2000, 1990], "Int16"),
            "genres": ["Drama|Comedy"] * 7,
        }
    )
)
LEVELS = (0.1, 0.1, 0.1, 0.2, 0.5)
ROWS = [
    Recommendation(rank, movie, title, "Drama|Comedy", 4.123456, movie == 5, LEVELS, 0.01234567, 0.3)
    for rank, (movie, title) in enumerate(TITLES.items(), start=1)
]
VISITOR = Visitor({"sex": "F", "occupation": "writer"}, (Event(5, 4.0), Event(1, 3.5), Event(3, 1.0, 978_300_760)))


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_list_as_csv():
    first, *others = read(export.list_as_csv(ROWS, WHOLE_STARS))
    assert len(others) == 6
    assert first == {
        "rank": "1",
        "movie_id": "1",
        "title": "'=SUM(A1:A9) (1999)",
        "genres": "Drama|Comedy",
        "expected_rating": "4.1235",
        "watch_next": "0.012346",
        "will_like": "0.300000",
        "seen": "no",
        "p_1_stars": "0.1000",
        "p_2_stars": "0.1000",
        "p_3_stars": "0.1000",
        "p_4_stars": "0.2000",
        "p_5_stars": "0.5000",
    }
    titles = [row["title"] for row in others]
    assert titles[3:5] == [TITLES[5], TITLES[6]]
    assert others[3]["seen"] == "yes"


@pytest.mark.parametrize("text", [export.list_as_csv(ROWS, WHOLE_STARS), export.history_as_csv(CATALOGUE, VISITOR)])
def test_no_cell_is_a_formula(text):
    for row in read(text):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


@pytest.mark.parametrize(
    "title",
    [
        "=1",
        "+1",
        "-1",
        "@A1",
        "\t1",
        "\r1",
        "\n1",
        " =1",
        "\n =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "＝1",
        "＋1",
        "－1",
        "＠1",
    ],
)
def test_a_title_that_is_a_formula_becomes_text(title):
    (row,) = read(export.list_as_csv([Recommendation(1, 5, title, "Drama", 3.0)], WHOLE_STARS))
    assert row["title"] == f"'{title}"


@given(st.text(max_size=8))
def test_a_title_is_unchanged_but_for_an_apostrophe(title):
    (row,) = read(export.list_as_csv([Recommendation(1, 5, title, "Drama", 3.0)], WHOLE_STARS))
    assert row["title"].removeprefix("'") == title.removeprefix("'")
    visible = "".join(c for c in title if c.isprintable() and not c.isspace())
    if visible[:1] in tuple("=+-@＝＋－＠") and title.strip()[:1] == visible[:1]:
        assert row["title"][0] == "'"


def test_missing_predictions_are_empty():
    rows = [Recommendation(1, 5, TITLES[5], "Drama", 3.0)]
    (row,) = read(export.list_as_csv(rows, WHOLE_STARS))
    assert (row["watch_next"], row["will_like"]) == ("", "")
    assert (row["p_1_stars"], row["p_5_stars"]) == ("", "")
    (item,) = export.as_json("classic", CATALOGUE, VISITOR, rows, RankOptions())["recommendations"]
    assert (item["distribution"], item["watch_next"], item["will_like"]) == (None, None, None)


def test_a_history_as_csv_can_be_imported():
    text = export.history_as_csv(CATALOGUE, Visitor(history=VISITOR.history[:2]))
    imported = read_export(text.encode("utf-8-sig"), "history.csv")
    assert [(entry.movie_id, entry.stars) for entry in imported.entries] == [(5, 4.0), (1, 3.5)]
    assert imported.entries[0].title == 'Say "Now", Léon'
    times = read(export.history_as_csv(CATALOGUE, VISITOR))
    assert [row["timestamp"] for row in times] == ["", "", "978300760"]


def test_movies_seen_without_a_rating_can_be_imported():
    visitor = Visitor(history=VISITOR.history[:2]).with_seen(6, 3)
    text = export.history_as_csv(CATALOGUE, visitor)
    assert [(row["movie_id"], row["rating"]) for row in read(text)] == [("3", ""), ("6", ""), ("5", "4"), ("1", "3.5")]
    matches = Matcher(CATALOGUE).match(read_export(text.encode("utf-8-sig"), "history.csv").entries)
    back = import_history(Visitor(), [match for match in matches if match.movie_id is not None], HALF_STARS)
    assert [(e.movie_id, e.rating) for e in back.history] == [(5, 4.0), (1, 3.5)]
    assert back.seen == {3, 6}


def test_json_round_trips_with_all_that_the_list_depends_on():
    filters = Filters(("Drama", "Comedy"), (1950, 2001), True, (0.0, 0.25))
    exported = export.as_json("ml-1m", CATALOGUE, VISITOR, ROWS, RankOptions(filters, "blend", 0.25, 0.4, 0.3))
    assert json.loads(export.as_text(exported)) == exported
    assert "Léon" in export.as_text(exported)
    options = [exported[name] for name in ("bundle", "order", "weight", "diversity", "popularity_weight")]
    assert options == ["ml-1m", "blend", 0.25, 0.4, 0.3]
    assert exported["filters"] == {
        "genres": ["Drama", "Comedy"],
        "years": [1950, 2001],
        "include_seen": True,
        "popularity": [0.0, 0.25],
    }
    # it is enough to request the same list again
    person = exported["visitor"]
    events = tuple(Event(e["movie_id"], e["rating"], e.get("timestamp")) for e in person["history"])
    assert Visitor({"sex": person["sex"], "age": person["age"], "occupation": person["occupation"]}, events) == VISITOR
    genres, years, include_seen, popularity = exported["filters"].values()
    assert Filters(tuple(genres), tuple(years), include_seen, tuple(popularity)) == filters
    assert exported["recommendations"][4] == {
        "rank": 5,
        "movie_id": 5,
        "title": TITLES[5],
        "expected_rating": 4.1235,
        "distribution": list(LEVELS),
        "watch_next": 0.012346,
        "will_like": 0.3,
    }
