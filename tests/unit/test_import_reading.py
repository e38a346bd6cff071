"""What is read from each export: its source, its entries, and why a row or a file cannot be used."""

import csv
import io
import json

import pytest

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.errors import BSTError
from bst.schema import HALF_STARS, Event, Visitor
from bst.visitors.export import history_as_csv
from bst.visitors.imports import ImportProblem, Matcher, import_history, read_export
from tests.unit.export_samples import DATASET, IMDB, LETTERBOXD, MOVIELENS, OLD_IMDB, TRAKT, rated, read, titles

# ---- one format after the other


def test_letterboxd():
    export = read(LETTERBOXD)
    assert (export.source, export.dated, export.remarks) == ("Letterboxd", True, ())
    assert rated(export) == [
        ("Alien", 1979, 5),
        ("Lock, Stock and Two Smoking Barrels", 1998, 3.5),
        ("Amélie", 2001, 0.5),
    ]
    assert export.entries[1].rating == "3.5"
    assert [entry.line for entry in export.entries] == [2, 3, 4]


def test_letterboxd_diary_has_dates_of_watching():
    export = read(
        "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date\n"
        "2024-02-01,Alien,1979,u,5,,,2024-01-20\n"
        "2024-02-01,Jaws,1975,u,4,,,2024-01-10\n"
    )
    assert titles(export) == ["Jaws", "Alien"]


def test_letterboxd_watched_list_is_seen_and_not_rated():
    export = read("Date,Name,Year,Letterboxd URI\n2024-01-02,Alien,1979,u\n2024-01-01,Jaws,1975,u\n")
    assert rated(export) == [("Jaws", 1975, None), ("Alien", 1979, None)]
    assert not any(entry.refused for entry in export.entries)


def test_letterboxd_watchlist_has_not_been_seen():
    with pytest.raises(ImportProblem, match="still to be watched"):
        read_export(b"Date,Name,Year,Letterboxd URI\n2024-01-02,Alien,1979,u\n", "watchlist.csv")


def test_imdb_has_ten_points_and_the_newest_first():
    export = read(IMDB)
    assert export.source == "IMDb"
    assert [(e.title, e.year, e.stars, e.rating, e.imdb) for e in export.entries] == [
        ("Jaws", 1975, 0.5, "1/10", 3),
        ("Fargo", 2014, None, "10/10", 2),
        ("Life Is Beautiful", 1997, 3.5, "7/10", 1),
    ]
    assert export.entries[1].refused == "not a film, but: TV Series"
    assert export.entries[2].original_title == "La vita è bella"


def test_imdb_until_2017_in_windows_encoding():
    assert rated(read(OLD_IMDB, "cp1252")) == [("Jaws", 1975, 4), ("Amélie", 2001, 4.5)]


def test_imdb_in_2018():
    export = read(
        "Const,Your Rating,Date Added,Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres\n"
        "tt2,8,2018-02-03,Alien,u,movie,8.4,117,1979,Horror\n"
        "tt3,9,2018-02-01,Jaws,u,movie,8.0,124,1975,Thriller\n"
        "tt4,7,2018-02-02,Fargo,u,movie,8.1,98,1996,Crime\n"
    )
    assert (titles(export), export.dated) == (["Jaws", "Fargo", "Alien"], True)


def test_imdb_watchlist_rows_are_not_seen():
    export = read("Position,Const,Title,Year,Your Rating\n1,tt1,Jaws,1975,\n2,tt2,Alien,1979,9\n")
    assert [(e.title, e.refused) for e in export.entries] == [("Alien", None), ("Jaws", "not rated")]
    with pytest.raises(ImportProblem, match="a list from IMDb without your ratings"):
        read("Position,Const,Title,Year\n1,tt1,Jaws,1975\n")


def test_columns_in_any_order():
    assert rated(read("Title,Year,Your Rating,Const\nJaws,1975,8,tt3\n")) == [("Jaws", 1975, 4)]
    assert rated(read("Rating,Letterboxd URI,Year,Name\n4,u,1975,Jaws\n")) == [("Jaws", 1975, 4)]


@pytest.mark.parametrize(
    ("title_type", "whole_film", "caveat", "refused"),
    [
        ("Movie", True, "", None),
        ("movie", True, "", None),
        ("Feature Film", True, "", None),
        ("Documentary", True, "", None),
        ("", None, "", None),
        ("TV Movie", False, "", None),
        ("tvMovie", False, "", None),
        ("Short", False, "a short in the file", None),
        ("tvShort", False, "a short in the file", None),
        ("TV Mini Series", False, "a mini-series in the file", None),
        ("tvMiniSeries", False, "a mini-series in the file", None),
        ("Mini serie TV", False, "a mini-series in the file", None),
        ("tvSeries", False, "", "not a film, but: tvSeries"),
        ("TV Episode", False, "", "not a film, but: TV Episode"),
        ("tvEpisode", False, "", "not a film, but: tvEpisode"),
        ("Video Game", False, "", "not a film, but: Video Game"),
        ("Podcast Episode", False, "", "not a film, but: Podcast Episode"),
        ("Music Video", False, "", "not a film, but: Music Video"),
    ],
)
def test_title_types_of_imdb(title_type, whole_film, caveat, refused):
    (entry,) = read(f"Const,Your Rating,Title,Title Type,Year\ntt1,7,Jaws,{title_type},1975\n").entries
    assert (entry.whole_film, entry.caveat, entry.refused) == (whole_film, caveat, refused)


def test_movielens_site_has_trailing_articles_and_no_dates():
    export = read(MOVIELENS)
    assert (export.source, export.dated) == ("MovieLens", False)
    assert rated(export) == [("The Matrix", 1999, 4.5), ("Toy Story", 1995, 3)]
    assert [(e.movie_id, e.imdb, e.tmdb) for e in export.entries] == [(2571, 133093, 603), (1, 114709, 862)]


def test_movielens_dataset_has_ids_and_times():
    export = read(DATASET)
    assert export.dated
    assert [(e.movie_id, e.stars, e.title) for e in export.entries] == [(1, 3.5, ""), (2571, 4, "")]
    titled = read("userId,movieId,rating,timestamp,title\n7,1,4.0,978300002,Toy Story (1995)\n")
    assert rated(titled) == [("Toy Story", 1995, 4)]


def test_ratings_of_several_users_are_refused():
    with pytest.raises(ImportProblem, match=r"line 3: these are ratings of several users \(7 and 8\)"):
        read("userId,movieId,rating,timestamp\n7,1,4.0,978300002\n8,1,4.0,978300002\n")


def test_trakt():
    export = read(TRAKT)
    assert (export.source, export.dated) == ("Trakt", True)
    assert [(e.title, e.year, e.stars, e.imdb, e.refused) for e in export.entries] == [
        ("Lost", 2004, None, 411008, "not a film, but: show"),
        ("Jaws", 1975, 4.5, 73195, None),
        ("Alien", 1979, 4, 78748, None),
    ]


def trakt_json(*items) -> str:
    return json.dumps(list(items))


ALIEN = {"title": "Alien", "year": 1979, "ids": {"trakt": 295, "slug": "alien-1979", "imdb": "tt0078748", "tmdb": 348}}
JAWS = {"title": "Jaws", "year": 1975, "ids": {"imdb": "tt0073195", "tmdb": 578}}


def test_trakt_json_of_ratings_and_history():
    ratings = read(
        trakt_json(
            {"rated_at": "2020-03-02T20:00:00.000Z", "rating": 8, "type": "movie", "movie": ALIEN},
            {"rated_at": "2020-03-01T20:00:00.000Z", "rating": 9, "type": "movie", "movie": JAWS},
            {"rated_at": "2020-03-01T19:00:00.000Z", "rating": 9, "type": "show", "show": {"title": "Lost"}},
        )
    )
    assert (ratings.source, rated(ratings)[1:]) == ("Trakt", [("Jaws", 1975, 4.5), ("Alien", 1979, 4)])
    assert ratings.entries[0].refused == "not a film, but: show"
    assert (ratings.entries[2].imdb, ratings.entries[2].tmdb) == (78748, 348)
    watched = read(
        trakt_json(
            {"id": 3, "watched_at": "2020-03-02T20:00:00.000Z", "action": "watch", "type": "movie", "movie": ALIEN},
            {"id": 2, "watched_at": "2020-03-01T20:00:00.000Z", "action": "watch", "type": "movie", "movie": JAWS},
            {"plays": 2, "last_watched_at": "2020-02-01T20:00:00.000Z", "movie": {"title": "Fargo", "year": 1996}},
        )
    )
    assert rated(watched) == [("Fargo", 1996, None), ("Jaws", 1975, None), ("Alien", 1979, None)]


def test_letterboxd_import_layout():
    export = read(
        "Title,Year,Rating10,WatchedDate,imdbID,tmdbID\nAlien,1979,7,2024-01-02,tt0078748,348\nJaws,1975,,2024-01-01,,\n"
    )
    assert export.source == "Letterboxd's import layout"
    assert [(e.title, e.stars, e.imdb, e.tmdb) for e in export.entries] == [
        ("Jaws", None, None, None),
        ("Alien", 3.5, 78748, 348),
    ]
    assert rated(read("Title,Year,Rating,WatchedDate\nAlien,1979,3.5,2024-01-02\n")) == [("Alien", 1979, 3.5)]


@pytest.mark.parametrize(
    ("ratings", "stars", "remark"),
    [
        (("0.5", "3.5", "5"), [0.5, 3.5, 5], "up to 5, so they are read as 0.5 to 5"),
        (("1", "7", "10"), [0.5, 3.5, 5], "up to 10, so they are read as 1 to 10"),
        (("0", "70", "100"), [0.5, 3.5, 5], "up to 100, so they are read as 0 to 100"),
        (("4/5", "7/10", "50 %"), [4, 3.5, 2.5], ""),
    ],
)
def test_the_scale_of_a_table_is_inferred_from_its_values(ratings, stars, remark):
    rows = "".join(f"Film {place},199{place},{rating}\n" for place, rating in enumerate(ratings))
    export = read(f"Title,Year,Rating\n{rows}")
    assert (export.source, [entry.stars for entry in export.entries]) == ("A table", stars)
    assert remark in " ".join(export.remarks)


def test_other_column_names_of_a_table():
    export = read("Film,My Rating,Date Watched\nAlien (1979),4,2024-02-01\nJaws (1975),,2024-01-01\n")
    assert rated(export) == [("Jaws", 1975, None), ("Alien", 1979, 4)]


def test_our_own_export_is_read_also_after_a_spreadsheet_saved_it():
    movies = load_movies("demo")
    chosen = movies.iloc[[700, 3, 12, 1100]]
    events = tuple(
        Event(int(movie_id), stars, time)
        for movie_id, stars, time in zip(
            chosen["movie_id"], (3.5, 5.0, 0.5, 4.0), (None, 978_300_760, 978_300_000, None), strict=True
        )
    )
    catalogue = Catalogue(movies)
    text = history_as_csv(catalogue, Visitor(history=events))
    saved = io.StringIO()
    lines = csv.reader(io.StringIO(text, newline=""))
    csv.writer(saved, delimiter=";").writerows(
        [number, stars.replace(".", ","), *rest] for number, stars, *rest in lines
    )
    for data in (text.encode("utf-8-sig"), saved.getvalue().encode("cp1252"), saved.getvalue().encode("utf-16")):
        export = read_export(data, "history.csv")
        assert export.source == "BST Studio"
        back = import_history(Visitor(), Matcher(catalogue).match(export.entries), HALF_STARS)
        assert [(e.movie_id, e.rating) for e in back.history] == [(e.movie_id, e.rating) for e in events]


# ---- rows


def test_of_two_ratings_the_newest_counts():
    export = read(
        "Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,Alien,1979,u,2\n2024-01-02,Alien,1979,u,5\n"
        "2024-01-03,Alien,1979,u,\n2024-01-03,Alien,1992,u,1\n"
    )
    assert [(e.stars, e.refused) for e in export.entries] == [
        (None, "rated again later; the newest rating counts"),
        (5, None),
        (None, "rated in another row"),
        (1, None),
    ]


@pytest.mark.parametrize(
    ("rating", "shown"),
    [
        ("", ""),
        ("0", ""),
        ("11", "“11” is not one from 0.5 to 5"),
        ("-1", "“-1” is not one from 0.5 to 5"),
        ("nan", "“nan” is not one from 0.5 to 5"),
        ("★★★★", "“★★★★” is not one from 0.5 to 5"),
        ("1e0", "“1e0” is not one from 0.5 to 5"),
    ],
)
def test_a_movie_with_an_empty_or_unreadable_rating_was_seen(rating, shown):
    (entry,) = read(f"Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,Alien,1979,u,{rating}\n").entries
    assert (entry.refused, entry.stars, entry.rating) == (None, None, shown)


def test_imdb_ratings_start_at_one():
    (entry,) = read("Const,Title,Your Rating,Year\ntt1,Jaws,0.5,1975\n").entries
    assert (entry.stars, entry.rating) == (None, "“0.5” is not one from 1 to 10")


def test_a_row_without_a_title_or_an_id_is_refused():
    (entry,) = read("Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,,1979,u,4\n").entries
    assert entry.refused == "no title"


# ---- files that are none


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "has columns “hello”, which are of no export known here"),
        (b"a,b\n1,2\n", "has columns “a, b”, which are of no export known here"),
        (b"movieId,title,genres\n1,Toy Story (1995),Comedy\n", "has columns “movieId, title, genres”"),
        (b"rank,movie_id,title,expected_rating\n1,1,Toy Story (1995),4\n", "are of no export known here"),
        (b"Date,Name,Year,Letterboxd URI\n", "has columns of Letterboxd, but no rows"),
        (LETTERBOXD.splitlines()[0].encode(), "has columns of Letterboxd, but no rows"),
        (b"[1, 2]", "is JSON without a list of movies"),
        (b'{"a": ', "is damaged JSON"),
        (b"[" * 100_000, "is damaged JSON"),
    ],
)
def test_error_for_other_files_names_their_content_and_what_is_expected(data, message):
    with pytest.raises(ImportProblem, match=message) as refused:
        read_export(data, "mine.csv")
    assert "ratings" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) <= 300


def test_names_of_any_length_are_shortened():
    with pytest.raises(ImportProblem, match="which are of no export known here") as refused:
        read_export(",".join(["column" * 9] * 9).encode(), "name" * 50 + ".csv")
    assert len(str(refused.value)) <= 300


def test_an_import_problem_is_a_bst_error():
    assert issubclass(ImportProblem, BSTError)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + bytes(40),
        b"\xff\xfe\x00",
        b'sep="\nTitle,Rating\n',
        b'[{"movie": {"title": 1' + b"0" * 5000 + b"}}]",
        b"[" * 100_000,
    ],
)
def test_what_is_no_export_is_refused_in_a_line(data):
    with pytest.raises(ImportProblem) as refused:
        read_export(data, "mine.csv")
    assert len(str(refused.value)) <= 300
    assert "\n" not in str(refused.value)


def test_titles_have_no_characters_that_cannot_be_shown():
    files = (
        "Title,Rating\nAl\u202eien\x02 X,5\n".encode(),
        b'[{"title": "Al\\u202eien\\u0002 X", "rating": 5}]',
        b'[{"title": "Al\\u202eien\\ud800 X", "rating": 5}]',
    )
    assert [read_export(data).entries[0].title for data in files] == ["Al ien X", "Al ien X", "Al ien? X"]
