"""Ids of other sites, which settle what a name leaves open; and films that a catalogue has twice."""

import pandas as pd
import pytest

from bst.datasets.catalogue import Catalogue
from bst.errors import DatasetError
from bst.visitors.imports import Confidence, Entry, Links, Matcher, matcher_of, read_export, read_links
from tests.unit.handmade_catalogue import catalogue_of

FILMS = catalogue_of("Pinocchio (2022)", "Life Is Beautiful (1997)", "Jaws (1975)", ids=[10, 20, 30])
LINKS = Links({4593060: 10, 118799: 20, 73195: 30}, {555604: 10})


def match_of(matcher: Matcher, title: str, year: int | None, **ids) -> tuple[int | None, str]:
    match = matcher.match_one(Entry(1, title, year, stars=4.0, **ids))
    return match.movie_id, match.confidence.name


def test_an_id_matches_a_film_under_any_name():
    matcher = Matcher(FILMS, links=LINKS)
    assert match_of(matcher, "La vida es bella", 1997, imdb=118799) == (20, "SURE")
    assert match_of(matcher, "Das Leben ist schön", 1998, imdb=118799) == (20, "SURE")
    assert match_of(matcher, "Life Is Beautiful", None, imdb=118799) == (20, "SURE")
    assert match_of(matcher, "", None, tmdb=555604) == (10, "SURE")


def test_an_id_that_contradicts_name_and_year_is_ignored():
    matcher = Matcher(FILMS, links=LINKS)
    assert match_of(matcher, "Alien", 1979, imdb=118799) == (None, "NONE")
    assert match_of(matcher, "Jaws", 1975, imdb=118799) == (30, "UNSURE")


def test_another_film_of_the_same_name_and_year_needs_confirmation():
    matcher = Matcher(FILMS, links=LINKS)
    assert match_of(matcher, "Pinocchio", 2022, imdb=4593060) == (10, "SURE")
    assert match_of(matcher, "Pinocchio", 2022, imdb=1488589) == (10, "UNSURE")
    assert match_of(matcher, "Pinocchio", 2022) == (10, "SURE")
    # one of the two ids is enough
    assert match_of(matcher, "Pinocchio", 2022, imdb=1488589, tmdb=555604) == (10, "SURE")


def test_an_id_overrules_a_caveat():
    matcher = Matcher(FILMS, links=LINKS)
    short = {"whole_film": False, "caveat": "a short in the file"}
    assert match_of(matcher, "Jaws", 1975, **short) == (30, "UNSURE")
    assert match_of(matcher, "Jaws", 1975, imdb=73195, **short) == (30, "SURE")


def test_movielens_ids_count_only_for_catalogues_with_these_ids():
    films = catalogue_of("Toy Story (1995)", "Jumanji (1995)", ids=[1, 2])
    movielens, other = Matcher(films, movielens_ids=True), Matcher(films)
    assert match_of(movielens, "", None, movie_id=2) == (2, "SURE")
    assert match_of(other, "", None, movie_id=2) == (None, "NONE")
    # a title that contradicts the id takes precedence
    assert match_of(movielens, "Toy Story", 1995, movie_id=2) == (1, "SURE")
    assert match_of(movielens, "Casino", 1995, movie_id=2) == (None, "NONE")
    # a title that agrees may have another year
    assert match_of(movielens, "Jumanji", 1999, movie_id=2) == (2, "SURE")


def test_links_are_read_and_may_have_gaps(tmp_path):
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0114709,862\n2,0113497,\n3,,15602\n")
    links = read_links(tmp_path)
    assert links.movie_id(114709, None) == 1
    assert links.movie_id(None, 15602) == 3
    assert links.movie_id(113497, 862) == 2
    assert links.movie_id(7, None) is None
    assert links
    assert not read_links(tmp_path / "elsewhere")


@pytest.mark.parametrize("text", ["movieId;imdbId;tmdbId\n1;2;3\n", "", "movieId,imdbId\n1,2\n", "\xff\xfe"])
def test_links_that_cannot_be_read(text, tmp_path):
    (tmp_path / "links.csv").write_text(text, "latin-1")
    with pytest.raises(
        DatasetError, match=r"links\.csv cannot be read .*first line must be movieId,imdbId,tmdbId"
    ) as error:
        read_links(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("number", ["1e999", "-5", "1.5", "nan", "9" * 30, "tt0114709", "²", " "])
def test_what_is_no_number_in_links_counts_as_missing(number, tmp_path):
    (tmp_path / "links.csv").write_text(f"movieId,imdbId,tmdbId\n1,{number},862.0\n{number},0113497,8844\n", "utf-8")
    links = read_links(tmp_path)
    assert (dict(links.imdb), dict(links.tmdb)) == ({}, {862: 1})


def test_two_films_of_one_title_and_year_are_told_apart_by_their_numbers():
    rows = "tt1,9,2024-01-01,Pinocchio,2022\ntt2,3,2024-01-02,Pinocchio,2022\ntt1,7,2024-01-03,Pinocchio,2022\n"
    entries = read_export(f"Const,Your Rating,Date Rated,Title,Year\n{rows}".encode()).entries
    assert [(entry.imdb, entry.stars) for entry in entries] == [(1, None), (2, 1.5), (1, 3.5)]
    assert entries[0].refused == "rated again later; the newest rating counts"


def test_a_matcher_reads_the_links_of_its_dataset(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "movies.csv").write_text("movieId,title,genres\n7,Life Is Beautiful (1997),Drama\n")
    (folder / "links.csv").write_text("movieId,imdbId,tmdbId\n7,0118799,637\n")
    films = catalogue_of("Life Is Beautiful (1997)", ids=[7])
    assert match_of(matcher_of(films, str(folder)), "La vida es bella", 1997, imdb=118799) == (7, "SURE")


def test_of_duplicates_in_the_catalogue_the_lower_id_is_taken():
    films = catalogue_of("War of the Worlds (2005)", "Alien (1979)", "War of the Worlds (2005)", ids=[64997, 2, 34048])
    match = Matcher(films).match_one(Entry(1, "War of the Worlds", 2005, stars=3.0))
    assert (match.movie_id, match.confidence, match.duplicate_ids) == (34048, Confidence.SURE, (64997,))
    assert "twice in this catalogue" in match.reason
    # however it is matched
    assert Matcher(films).match_one(Entry(1, "War of the World", 2005, stars=3.0)).movie_id == 34048
    assert Matcher(films, movielens_ids=True).match_one(Entry(1, "", None, stars=3.0, movie_id=64997)).movie_id == 34048


def test_films_without_a_year_are_not_merged():
    movies = pd.DataFrame(
        {"movie_id": [1, 2], "title": ["Untitled", "Untitled"], "year": pd.array([None, None], "Int16"), "genres": ""}
    )
    assert Matcher(Catalogue(movies)).match_one(Entry(1, "Untitled", 1999, stars=3.0)).movie_id is None


def test_movies_with_a_common_name_are_one_film():
    films = catalogue_of("Hate (La Haine) (1995)", "Alien (1979)", "La Haine (1995)", "La Haine (2001)")
    match = Matcher(films).match_one(Entry(1, "La haine", 1995, stars=3.0))
    assert (match.movie_id, match.duplicate_ids) == (1, (3,))
    # a name that is only in the brackets of both is not enough
    parts = catalogue_of("Story One (Special) (1995)", "Story Two (Special) (1995)")
    assert Matcher(parts).match_one(Entry(1, "Story Two", 1995, stars=3.0)).movie_id == 2
