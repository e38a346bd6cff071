"""Finding a movie by what a person types. All titles but those of well-known examples are invented."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.datasets.catalogue import ALL_YEARS, Catalogue, normalise
from bst.errors import VisitorError

TITLES = (
    "The Lantern (1999)",
    "A Crown of Reeds (1984)",
    "An Evening Off (2001)",
    "Crème Brûlée (1996)",
    "Sam's Wife (1973)",
    "Spider-Boat (2002)",
    "$ (1971)",
    "… (1980)",
    "Twice Told (1954)",
    "Twice Told (1995)",
    "Harbour 2000 (1975)",
    "Harbour (2000)",
    "1917 (1930)",
    "!Ole! (1988)",
    "Fear: The Movie (1999)",
    "Untitled Work",
    "夜 (2003)",
    "The The (1990)",
    "Sea & Sand (1991)",
)
IDS = tuple(range(7, 7 + 5 * len(TITLES), 5))
CATALOGUE = Catalogue(pd.DataFrame({"movie_id": IDS, "title": TITLES}))


def id_of(title: str) -> int:
    return IDS[TITLES.index(title)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("The Matrix (1999)", "matrix (1999)"),
        ("Matrix, The (1999)", "The Matrix (1999)"),
        ("Bug's Life, A (1998)", "A Bug’s Life (1998)"),
        ("Léon: The Professional (1994)", "leon the professional (1994)"),
        ("STRASSE (1990)", "Straße (1990)"),
        ("Spider-Man", "spider man"),
        ("  Alien   (1979) ", "alien (1979)"),
        ("Amélie", "Amélie"),
    ],
)
def test_spellings_of_one_title_are_equal(left, right):
    assert normalise(left) == normalise(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("Sabrina (1954)", "Sabrina (1995)"), ("$", "…"), ("Alien", "Aliens"), ("Them!", "The M"), ("A", "B")],
)
def test_different_titles_stay_different(left, right):
    assert normalise(left) != normalise(right)


def test_normalised_titles_by_hand():
    assert normalise("Matrix, The (1999)") == "matrix 1999"
    assert normalise("Léon: The Professional") == "leon the professional"
    assert normalise("$ (1971)") == "$ 1971"
    assert normalise("Ocean's Eleven") == "oceans eleven"
    assert normalise("㎀ (1999)") == "pa 1999", "a character that is short for others"


@given(st.text(max_size=40))
def test_normalising_twice_removes_at_most_another_article(text):
    once = normalise(text)
    assert once == once.casefold().strip() or not once.isascii()
    assert normalise(text.upper().lower()) == normalise(text.lower()) or not text.isascii()


@pytest.mark.parametrize("title", TITLES)
def test_every_title_is_found(title):
    assert CATALOGUE.find(title) == id_of(title)
    assert CATALOGUE.find(f"  {title.upper()} ") == id_of(title)
    assert CATALOGUE.find(str(id_of(title))) == id_of(title)
    assert CATALOGUE.title(id_of(title)) == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("lantern", "The Lantern (1999)"),
        ("Lantern, The", "The Lantern (1999)"),
        ("crown of reeds", "A Crown of Reeds (1984)"),
        ("evening off, an (2001)", "An Evening Off (2001)"),
        ("creme brulee", "Crème Brûlée (1996)"),
        ("sams wife", "Sam's Wife (1973)"),
        ("SPIDER BOAT", "Spider-Boat (2002)"),
        ("$", "$ (1971)"),
        ("ole", "!Ole! (1988)"),
        ("1917", "1917 (1930)"),
        ("夜", "夜 (2003)"),
        ("untitled work", "Untitled Work"),
        ("twice told (1995)", "Twice Told (1995)"),
        ("twice told 1954", "Twice Told (1954)"),
        ("harbour", "Harbour (2000)"),
        ("harbour (2000)", "Harbour (2000)"),
        ("harbour 2000 (1975)", "Harbour 2000 (1975)"),
    ],
)
def test_typed_titles(text, title):
    assert CATALOGUE.find(text) == id_of(title)


def test_error_for_an_ambiguous_title_names_the_candidates():
    first, second = id_of("Twice Told (1954)"), id_of("Twice Told (1995)")
    with pytest.raises(VisitorError) as caught:
        CATALOGUE.find("Twice Told")
    assert str(caught.value) == (
        f"'Twice Told' could be any of: Twice Told (1954) (id {first}), Twice Told (1995) (id {second}); "
        "give the year or the id"
    )


@pytest.mark.parametrize(
    ("text", "near"), [("Lanterm", "The Lantern (1999)"), ("crem brule (1996)", "Crème Brûlée (1996)")]
)
def test_error_for_a_wrong_title_names_the_nearest(text, near):
    with pytest.raises(VisitorError, match="the nearest are") as caught:
        CATALOGUE.find(text)
    assert repr(text) in str(caught.value)
    assert near in str(caught.value)


@given(st.text(max_size=60) | st.from_regex(r"[0-9²٣]{1,30}", fullmatch=True))
@settings(deadline=None, max_examples=200)
def test_any_text_is_a_movie_or_a_visitor_error(text):
    try:
        movie_id = CATALOGUE.find(text)
    except VisitorError:
        return
    assert movie_id in IDS


@pytest.mark.parametrize("text", ["", " ", "²", "9" * 5000, "(1999)", "\0", "=", "a" * 10_000])
def test_odd_texts_are_no_movie(text):
    with pytest.raises(VisitorError, match="no movie is called"):
        CATALOGUE.find(text)


def test_search_tolerates_typing_errors_and_sorts():
    best = CATALOGUE.search("twise told 1995")
    assert TITLES[best[0]] == "Twice Told (1995)"
    assert TITLES[best[1]] == "Twice Told (1954)"
    assert CATALOGUE.search("lantern", limit=1) == [TITLES.index("The Lantern (1999)")]
    assert len(CATALOGUE.search("the", limit=3)) <= 3
    assert CATALOGUE.search("qqqqqqqqqq") == []


def test_rows_and_ids():
    assert len(CATALOGUE) == len(TITLES)
    assert CATALOGUE.row(IDS[3]) == 3
    assert CATALOGUE.rows([IDS[2], IDS[0]]).tolist() == [2, 0]
    assert CATALOGUE.rows([]).tolist() == []
    assert IDS[0] in CATALOGUE
    assert 1 not in CATALOGUE
    with pytest.raises(VisitorError, match=f"no movie 1 in this catalogue of {len(TITLES)} movies"):
        CATALOGUE.row(1)


def test_every_film_of_the_demo_catalogue_is_found():
    from bst.datasets import load_movies

    movies = load_movies("demo")
    catalogue = Catalogue(movies)
    assert [catalogue.find(title) for title in movies["title"]] == movies["movie_id"].tolist()


@pytest.mark.real_data
def test_every_title_of_ml_1m_is_found(ml_1m_dir):
    from bst.datasets import load_movies

    movies = load_movies(ml_1m_dir)
    catalogue = Catalogue(movies)
    wrong = [
        movie_id
        for movie_id, title in zip(movies["movie_id"], movies["title"], strict=True)
        if catalogue.find(title) != movie_id
    ]
    assert wrong == []


def test_years_are_always_a_range():
    def years(*known):
        frame = {"movie_id": range(len(known)), "title": ["A"] * len(known), "year": pd.array(known, "Int16")}
        return Catalogue(pd.DataFrame(frame | {"genres": ""})).years

    assert years(1999, None, 1950) == (1950, 1999)
    assert years(1999, 1999) == (1999, 2000)
    assert years(None, None) == ALL_YEARS


def test_labels_to_search_have_behind_a_title_how_it_is_typed():
    catalogue = Catalogue(
        pd.DataFrame(
            {
                "movie_id": [1, 2, 3, 4, 5, 6, 7],
                "title": [
                    "Crème Brûlée (1996)",
                    "WALL·E (2008)",
                    "8½ (1963)",
                    "Sam’s Wife – Part 2",
                    "Smørrebrød (1990)",
                    "夜 (2003)",
                    "The Lantern (1999)",
                ],
            }
        )
    )
    assert catalogue.search_labels == {
        1: "Crème Brûlée (1996) · Creme Brulee",
        2: "WALL·E (2008) · WALL-E",
        3: "8½ (1963) · 8 1/2",
        4: "Sam’s Wife – Part 2 · Sam's Wife - Part 2",
        5: "Smørrebrød (1990) · Smorrebrod",
        6: "夜 (2003)",
        7: "The Lantern (1999)",
    }
