"""The words of the project: visitors that never change, genres as flags."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from bst.domain import AGES, DEMOGRAPHICS, GENRES, MOVIES, OCCUPATIONS, SEXES
from bst.errors import VisitorError
from bst.schema import DECADES, Event, Visitor, genre_matrix, item_features

ABC = Visitor(history=(Event(1, 5), Event(2, 3), Event(3, 1)))


def ids(visitor: Visitor) -> list[int]:
    return [event.movie_id for event in visitor.history]


def test_movielens_codes_are_those_of_its_readme():
    assert SEXES == ("F", "M")
    assert AGES == (1, 18, 25, 35, 45, 50, 56)
    assert len(OCCUPATIONS) == 21
    # the README of MovieLens 1M: 0 other, 2 artist, 12 programmer, 20 writer
    assert [OCCUPATIONS[code] for code in (0, 2, 12, 20)] == ["other", "artist", "programmer", "writer"]
    assert len(GENRES) == 18
    assert list(GENRES) == sorted(GENRES)


def test_an_unknown_word_is_refused_with_those_that_are_most_like_it():
    with pytest.raises(VisitorError, match=r"choose one of the 21, such as: programmer, .*") as refused:
        DEMOGRAPHICS["occupation"].check("programer")
    assert len(str(refused.value)) <= 300
    with pytest.raises(VisitorError, match=r"sex 'x{59}…' is unknown; choose one of: F, M"):
        DEMOGRAPHICS["sex"].check("x" * 5000)


def test_each_edit_gives_a_new_visitor():
    assert ids(ABC.watched(4, 2)) == [1, 2, 3, 4]
    assert ABC.rated(2, 5).history[1] == Event(2, 5)
    assert ids(ABC.without(1)) == [2, 3]
    assert ids(ABC) == [1, 2, 3]
    assert ABC.history[1].rating == 3


@pytest.mark.parametrize(
    ("movie", "by", "order"),
    [
        (1, 1, [2, 1, 3]),
        (3, -1, [1, 3, 2]),
        (1, -1, [1, 2, 3]),
        (1, 9, [2, 3, 1]),
        (3, -9, [3, 1, 2]),
        (9, 1, [1, 2, 3]),
    ],
)
def test_moving_stops_at_either_end(movie, by, order):
    assert ids(ABC.moved(movie, by)) == order


@pytest.mark.parametrize(
    ("parts", "word"),
    [({"sex": "X"}, "sex 'X'"), ({"age": 26}, "age 26"), ({"occupation": "wizard"}, "occupation 'wizard'")],
)
def test_demographics_outside_the_words_are_refused_with_the_choice(parts, word):
    with pytest.raises(VisitorError, match=f"{word}.*choose one of"):
        MOVIES.check(Visitor(parts).demographics)


def test_a_movie_stands_in_a_history_once():
    with pytest.raises(VisitorError, match="movie 2 is in the history twice"):
        ABC.watched(2, 4)


def test_what_was_seen_is_more_than_what_is_read():
    visitor = ABC.with_seen(9, 2)
    assert visitor.seen == {9}, "a movie of the history stays there"
    assert visitor.all_seen == {1, 2, 3, 9}
    assert ids(visitor.watched(9, 4)) == [1, 2, 3, 9]
    assert visitor.watched(9, 4).seen == frozenset()
    assert visitor.without(2).all_seen == {1, 3, 9}
    assert visitor == Visitor(history=ABC.history, seen=frozenset({9, 3}))


def test_a_visitor_contains_the_movies_they_rated_or_saw():
    visitor = ABC.with_seen(9)
    assert [movie_id in visitor for movie_id in (1, 9, 4)] == [True, True, False]
    assert visitor.ratings == {1: 5, 2: 3, 3: 1}
    assert list(visitor.rated(2, 4).ratings.items()) == [(1, 5), (2, 4), (3, 1)]


@pytest.mark.parametrize(
    ("name", "value", "code", "label", "text"),
    [
        ("sex", "M", 1, "Male", "male"),
        ("age", 1, 0, "Under 18", "under 18"),
        ("age", 56, 6, "56 and over", "56 and over"),
        ("occupation", "artist", 2, "Artist", "artist"),
        ("occupation", "K-12 student", 10, "K-12 student", "K-12 student"),
        ("occupation", None, -1, "Unknown", "unknown"),
    ],
)
def test_a_demographic_knows_codes_and_labels_of_its_values(name, value, code, label, text):
    demographic = DEMOGRAPHICS[name]
    assert demographic.codes[value] == code
    assert (demographic.value_label(value), demographic.value_text(value)) == (label, text)


def test_known_demographics_of_a_visitor():
    assert Visitor({"sex": "F", "occupation": "artist"}).demographics == {"sex": "F", "occupation": "artist"}
    assert Visitor().demographics == {}
    assert Visitor({"sex": "F", "age": None}) == Visitor().with_demographic("sex", "F")
    assert hash(Visitor({"age": 25, "sex": "F"})) == hash(Visitor({"sex": "F", "age": 25}))
    assert list(Visitor({"sex": "F", "age": 25}).demographics) == ["age", "sex"]
    assert Visitor({"sex": "F"}).with_demographic("sex", None).demographic("sex") is None


def test_a_domain_says_which_attribute_it_lacks():
    with pytest.raises(VisitorError, match="a visitor has no 'country'; choose one of: sex, age, occupation"):
        MOVIES.check({"country": "DE"})
    assert MOVIES.known({"country": "DE", "age": 26, "sex": "F"}) == {"sex": "F"}


def test_a_visitor_and_their_demographics_can_be_pickled():
    visitor = Visitor({"sex": "F", "age": 25}, (Event(3, 4.0),), frozenset({7}))
    hash(visitor)
    assert pickle.loads(pickle.dumps(visitor)) == visitor
    assert copy.deepcopy(visitor).demographics == visitor.demographics
    with pytest.raises(TypeError, match="cannot be changed"):
        visitor.demographics["age"] = 35


def test_events_beyond_the_newest_are_still_seen():
    visitor = ABC.with_seen(9).limited(1)
    assert ids(visitor) == [3]
    assert visitor.all_seen == {1, 2, 3, 9}
    assert ABC.limited(3) is ABC


def test_genre_matrix_ignores_what_it_does_not_know():
    movies = pd.DataFrame({"genres": ["Western|Action", "", "IMAX|Drama"]})
    matrix = genre_matrix(movies)
    assert matrix.shape == (3, 18)
    assert [[GENRES[i] for i in row.nonzero()[0]] for row in matrix] == [["Action", "Western"], [], ["Drama"]]


def test_facts_are_genres_and_nearness_to_decades():
    years = pd.array([1980, 1984, None], dtype="Int16")
    movies = pd.DataFrame({"genres": ["Western", "", "Drama"], "year": years})
    facts = item_features(movies)
    assert (facts.shape, facts.dtype) == ((3, 18 + 10), np.float32)
    np.testing.assert_array_equal(facts[:, :18], genre_matrix(movies))
    nearness = {decade: facts[:, 18 + i] for i, decade in enumerate(DECADES)}
    assert list(nearness) == [1930, 1940, 1950, 1960, 1970, 1980, 1990, 2000, 2010, 2020]
    # 1980 is its own decade and ten years from the next: exp(−(10/8)²); 1984 is four years off and six
    assert nearness[1980] == pytest.approx([1, np.exp(-0.25), 0])
    assert nearness[1990] == pytest.approx([np.exp(-1.5625), np.exp(-0.5625), 0])
    assert (facts[2, 18:] == 0).all(), "an unknown year is near to none"
