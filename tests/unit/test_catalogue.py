"""The demo world's films have the right values, and errors name the faults of a damaged catalogue."""

from collections import Counter

import pytest

from bst.datasets.demo_catalogue import CATALOGUE, COLUMNS, MOODS, fingerprint, read_catalogue
from bst.domain import GENRES
from bst.errors import DatasetError

HEADER = ",".join(COLUMNS)
GOOD = "1,Alien,1979,Horror|Sci-Fi|Thriller,alien,tense,5,4.5"


@pytest.fixture(scope="module")
def films():
    return read_catalogue()


def test_catalogue_is_large_and_without_duplicates(films):
    assert len(films) >= 500
    assert films["movie_id"].tolist() == list(range(1, len(films) + 1))
    assert not films.duplicated(["title", "year"]).any()


def test_catalogue_has_every_genre_and_mood(films):
    genres = Counter(word for row in films["genres"] for word in row.split("|"))
    assert set(genres) == set(GENRES)
    assert min(genres.values()) >= 12
    assert films["genres"].str.split("|").map(len).between(1, 4).all()
    assert set(films["mood"]) == set(MOODS)
    assert films["mood"].value_counts().min() >= 50


def test_franchises_are_series(films):
    sizes = films.loc[films["franchise"] != "", "franchise"].value_counts()
    assert sizes.min() >= 2
    assert len(sizes) >= 40
    assert (sizes >= 3).sum() >= 15


@pytest.mark.parametrize(
    ("title", "year", "franchise", "genre"),
    [
        ("8½", 1963, "", "Drama"),
        ("WALL·E", 2008, "", "Animation"),
        ("Amélie", 2001, "", "Romance"),
        ("Schindler's List", 1993, "", "War"),
        ("Airplane!", 1980, "airplane", "Comedy"),
        ("Alien³", 1992, "alien", "Sci-Fi"),
        ("The Empire Strikes Back", 1980, "star-wars", "Sci-Fi"),
        ("Before Sunset", 2004, "before-trilogy", "Romance"),
        ("Double Indemnity", 1944, "", "Film-Noir"),
        ("Seven Samurai", 1954, "", "Action"),
    ],
)
def test_known_films_have_known_facts(films, title, year, franchise, genre):
    [row] = films[films["title"] == title].to_dict("records")
    assert (row["year"], row["franchise"]) == (year, franchise)
    assert genre in row["genres"].split("|")


@pytest.mark.parametrize("title", ["Nosferatu", "Scarface", "True Grit", "West Side Story"])
def test_remakes_differ_by_year(films, title):
    assert len(films[films["title"] == title]["year"].unique()) == 2


def test_articles_are_in_front(films):
    assert not films["title"].str.contains(r", (?:The|A|An|Les|La|Le|Das|Der|Die)$").any()


def test_fingerprint_depends_on_the_bytes(tmp_path):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(CATALOGUE.read_bytes())
    assert fingerprint(copy) == fingerprint()
    copy.write_bytes(CATALOGUE.read_bytes() + b"\n")
    assert fingerprint(copy) != fingerprint()


def test_a_valid_row_is_read(tmp_path):
    path = tmp_path / "catalogue.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    [row] = read_catalogue(path).to_dict("records")
    assert (row["movie_id"], row["title"], row["year"], row["fame"], row["quality"]) == (
        1,
        "Alien",
        1979,
        5,
        4.5,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1,Alien", "2,Alien", "movie_id '2'"),
        ("Alien,", " Alien,", "title ' Alien'"),
        ("Alien,", "A::B,", "title 'A::B'"),
        ("Alien,", "Żaba,", "latin-1"),
        ("1979", "1879", "year '1879'"),
        ("1979", "next", "year 'next'"),
        ("Horror|Sci-Fi", "Sci-Fi|Horror", "genres 'Sci-Fi|Horror|Thriller'"),
        ("Horror|Sci-Fi", "Horror|Horror|Sci-Fi", "genres"),
        ("Horror|Sci-Fi", "Horror|Noir", "genres"),
        ("Horror|Sci-Fi|Thriller", "", "genres ''"),
        ("tense", "jolly", "mood 'jolly'"),
        (",5,", ",6,", "fame '6'"),
        ("4.5", "4.2", "quality '4.2'"),
        (",4.5", "", "has 7"),
    ],
)
def test_error_names_an_invalid_row(tmp_path, old, new, message):
    path = tmp_path / "catalogue.csv"
    path.write_text(f"{HEADER}\n{GOOD.replace(old, new)}\n", encoding="utf-8")
    with pytest.raises(DatasetError) as error:
        read_catalogue(path)
    assert message in str(error.value)
    assert f"{path}, line 2" in str(error.value)


def test_error_names_a_repeated_film(tmp_path):
    path = tmp_path / "catalogue.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n{GOOD.replace('1,', '2,', 1)}\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"line 3.*line 2 has the same film"):
        read_catalogue(path)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n"])
def test_error_names_a_wrong_header(tmp_path, content):
    path = tmp_path / "catalogue.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="line 1: expected the columns movie_id,"):
        read_catalogue(path)


def test_error_names_an_unreadable_file(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        read_catalogue(tmp_path / "nowhere.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{HEADER}\n{GOOD.replace('Alien', 'Amélie')}\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="not UTF-8"):
        read_catalogue(path)
