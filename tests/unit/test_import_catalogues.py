"""Whole catalogues put to the test: each film under names written differently, and each film that is lacking."""

import unicodedata

import pytest

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.visitors.imports import Matcher
from bst.visitors.imports.names import split_year
from tests.unit.handmade_catalogue import taken


@pytest.fixture(scope="module")
def demo() -> Catalogue:
    return Catalogue(load_movies("demo"))


@pytest.fixture(scope="module")
def matcher(demo) -> Matcher:
    return Matcher(demo)


def swapped(title: str) -> str:
    """The article behind, as libraries write it."""
    first, _, rest = title.partition(" ")
    return f"{rest}, {first}" if first in ("The", "A", "An") and rest else title


def plain(title: str) -> str:
    letters = unicodedata.normalize("NFKD", title)
    return "".join(c for c in letters if c.isalnum() or c == " ")


def mistyped(title: str, change) -> str:
    """A change in the middle of the longest word."""
    word = max(title.split(), key=len)
    middle = len(word) // 2
    return title.replace(word, word[:middle] + change(word[middle]) + word[middle + 1 :], 1)


# how a name is changed, and which share of films must still be taken; no other film may be, ever
PERTURBED = {
    "as it is": (lambda title, year: (title, year), 1),
    "lower case": (lambda title, year: (title.lower(), year), 1),
    "article behind": (lambda title, year: (swapped(title), year), 1),
    "no signs": (lambda title, year: (plain(title), year), 0.995),
    "and": (lambda title, year: (title.replace("&", "and"), year), 1),
    "&": (lambda title, year: (title.replace(" and ", " & "), year), 1),
    "a year later": (lambda title, year: (title, year + 1), 1),
    "a year before": (lambda title, year: (title, year - 1), 1),
    "American": (lambda title, year: (title.replace("olour", "olor").replace("entre", "enter"), year), 1),
    "figures": (lambda title, year: (title.replace(" III", " 3").replace(" II", " 2"), year), 1),
    "a letter lost": (lambda title, year: (mistyped(title, lambda c: ""), year), 0.55),
    "a letter twice": (lambda title, year: (mistyped(title, lambda c: c + c), year), 0.7),
}


@pytest.mark.parametrize("how", list(PERTURBED))
def test_films_are_matched_under_other_spellings(how, demo, matcher):
    change, share = PERTURBED[how]
    matched, wrong = 0, []
    for title in demo.movies["title"]:
        match = taken(matcher, *change(*split_year(title)))
        matched += match == title
        if match not in (None, title):
            wrong.append((title, match))
    assert not wrong
    assert matched / len(demo) >= share


def test_a_film_that_the_catalogue_lacks_matches_no_other(demo):
    """Each film asked of a catalogue without it, in tenths."""
    wrong = []
    for part in range(10):
        rest = demo.movies[demo.movies.index % 10 != part].reset_index(drop=True)
        matcher = Matcher(Catalogue(rest))
        for title in demo.movies["title"][part::10]:
            if match := taken(matcher, *split_year(title)):
                wrong.append((title, match))
    assert not wrong


@pytest.mark.real_data
def test_films_of_both_catalogues_match_in_both_directions(demo, ml_1m):
    """What is taken from one catalogue for a film of the other is taken back for the same."""
    movielens = Matcher(Catalogue(ml_1m.movies), movielens_ids=True)
    demo_matcher = Matcher(demo)
    pairs = {title: taken(movielens, *split_year(title)) for title in demo.movies["title"]}
    pairs = {title: other for title, other in pairs.items() if other}
    assert len(pairs) > 500
    assert all(taken(demo_matcher, *split_year(other)) == title for title, other in pairs.items())
