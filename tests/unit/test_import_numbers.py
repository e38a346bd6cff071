"""Numbers of other sites, which say what a name leaves open; and films that a catalogue has twice."""

import pandas as pd
import pytest

from bst.datasets.catalogue import Catalogue
from bst.errors import DatasetError
from bst.visitors.imports import Confidence, Entry, Links, Matcher, matcher_of, read_links
from tests.unit.handmade_catalogue import catalogue_of

FILMS = catalogue_of("Pinocchio (2022)", "Life Is Beautiful (1997)", "Jaws (1975)", ids=[10, 20, 30])
LINKS = Links({4593060: 10, 118799: 20, 73195: 30}, {555604: 10})


def one(matcher: Matcher, title: str, year: int | None, **facts) -> tuple[int | None, str]:
    match = matcher.match_one(Entry(1, title, year, stars=4.0, **facts))
    return match.movie_id, match.confidence.name


def test_a_number_finds_a_film_under_any_name():
    matcher = Matcher(FILMS, links=LINKS)
    assert one(matcher, "La vida es bella", 1997, imdb=118799) == (20, "SURE")
    assert one(matcher, "Das Leben ist schön", 1998, imdb=118799) == (20, "SURE")
    assert one(matcher, "Life Is Beautiful", None, imdb=118799) == (20, "SURE")
    assert one(matcher, "", None, tmdb=555604) == (10, "SURE")


def test_a_number_that_fits_neither_name_nor_year_is_not_believed():
    matcher = Matcher(FILMS, links=LINKS)
    assert one(matcher, "Alien", 1979, imdb=118799) == (None, "NONE")
    assert one(matcher, "Jaws", 1975, imdb=118799) == (30, "UNSURE")


def test_the_other_film_of_the_same_name_and_year_is_asked_about():
    matcher = Matcher(FILMS, links=LINKS)
    assert one(matcher, "Pinocchio", 2022, imdb=4593060) == (10, "SURE")
    assert one(matcher, "Pinocchio", 2022, imdb=1488589) == (10, "UNSURE")
    assert one(matcher, "Pinocchio", 2022) == (10, "SURE")
    # one of the two numbers is enough
    assert one(matcher, "Pinocchio", 2022, imdb=1488589, tmdb=555604) == (10, "SURE")


def test_a_number_settles_what_a_short_or_a_series_leaves_open():
    matcher = Matcher(FILMS, links=LINKS)
    caveatful = {"whole_film": False, "caveat": "a short in the file"}
    assert one(matcher, "Jaws", 1975, **caveatful) == (30, "UNSURE")
    assert one(matcher, "Jaws", 1975, imdb=73195, **caveatful) == (30, "SURE")


def test_movielens_numbers_count_only_where_the_catalogue_has_the_same():
    films = catalogue_of("Toy Story (1995)", "Jumanji (1995)", ids=[1, 2])
    site, own = Matcher(films, movielens_ids=True), Matcher(films)
    assert one(site, "", None, movie_id=2) == (2, "SURE")
    assert one(own, "", None, movie_id=2) == (None, "NONE")
    # a title that does not fit goes before the number
    assert one(site, "Toy Story", 1995, movie_id=2) == (1, "SURE")
    assert one(site, "Casino", 1995, movie_id=2) == (None, "NONE")
    # and one that does may have another year
    assert one(site, "Jumanji", 1999, movie_id=2) == (2, "SURE")


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
    ) as no:
        read_links(tmp_path)
    assert "\n" not in str(no.value)


def test_a_dataset_brings_its_links(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "movies.csv").write_text("movieId,title,genres\n7,Life Is Beautiful (1997),Drama\n")
    (folder / "links.csv").write_text("movieId,imdbId,tmdbId\n7,0118799,637\n")
    films = catalogue_of("Life Is Beautiful (1997)", ids=[7])
    assert one(matcher_of(films, str(folder)), "La vida es bella", 1997, imdb=118799) == (7, "SURE")


def test_a_film_that_the_catalogue_has_twice_is_the_one_with_the_lower_number_and_both_are_named():
    films = catalogue_of("War of the Worlds (2005)", "Alien (1979)", "War of the Worlds (2005)", ids=[64997, 2, 34048])
    match = Matcher(films).match_one(Entry(1, "War of the Worlds", 2005, stars=3.0))
    assert (match.movie_id, match.confidence, match.duplicate_ids) == (34048, Confidence.SURE, (64997,))
    assert "twice in this catalogue" in match.reason
    # whatever way it is found
    assert Matcher(films).match_one(Entry(1, "War of the World", 2005, stars=3.0)).movie_id == 34048
    assert Matcher(films, movielens_ids=True).match_one(Entry(1, "", None, stars=3.0, movie_id=64997)).movie_id == 34048


def test_films_without_a_year_are_not_taken_for_one():
    movies = pd.DataFrame(
        {"movie_id": [1, 2], "title": ["Untitled", "Untitled"], "year": pd.array([None, None], "Int16"), "genres": ""}
    )
    assert Matcher(Catalogue(movies)).match_one(Entry(1, "Untitled", 1999, stars=3.0)).movie_id is None


def test_a_film_that_the_catalogue_has_under_two_names_is_one():
    films = catalogue_of("Hate (La Haine) (1995)", "Alien (1979)", "La Haine (1995)", "La Haine (2001)")
    match = Matcher(films).match_one(Entry(1, "La haine", 1995, stars=3.0))
    assert (match.movie_id, match.duplicate_ids) == (1, (3,))
    # what only stands in the brackets of both is not enough
    parts = catalogue_of("Story One (Special) (1995)", "Story Two (Special) (1995)")
    assert Matcher(parts).match_one(Entry(1, "Story Two", 1995, stars=3.0)).movie_id == 2
