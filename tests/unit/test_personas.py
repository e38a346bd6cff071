"""Made-up people: complete, distinct, and known to the catalogues that they are for."""

import pytest

from bst.datasets import load_movies
from bst.datasets.catalogue import Catalogue
from bst.schema import HALF_STARS, WHOLE_STARS, Event, Visitor
from bst.visitors import personas
from bst.visitors.personas import PERSONAS, Persona
from tests.unit.handmade_catalogue import catalogue_of

EACH = pytest.mark.parametrize("persona", PERSONAS, ids=[persona.slug for persona in PERSONAS])


@pytest.fixture(scope="module")
def demo() -> Catalogue:
    return Catalogue(load_movies("demo"))


def test_personas_are_distinct():
    assert len(PERSONAS) >= 6
    for part in ("name", "slug", "story", "watched"):
        assert len({getattr(persona, part) for persona in PERSONAS}) == len(PERSONAS)
    assert {"friday_night_sci_fi", "film_student", "family_with_two_kids"} <= {p.slug for p in PERSONAS}


@EACH
def test_personas_have_likes_and_dislikes(persona):
    assert 6 <= len(persona.watched) <= 12
    ratings = [stars for _, stars in persona.watched]
    assert set(ratings) <= set(WHOLE_STARS)
    assert min(ratings) <= 3 < max(ratings)
    assert len(persona.story) <= 110


@EACH
def test_the_demo_world_has_all_movies_of_a_persona(persona, demo):
    assert personas.missing(persona, demo) == []
    visitor = personas.visitor(persona, demo, WHOLE_STARS)
    watched = [(demo.title(event.movie_id), event.rating) for event in visitor.history]
    assert watched == list(persona.watched)
    assert visitor.demographics == persona.demographics


@pytest.mark.real_data
@EACH
def test_movielens_has_all_movies_of_a_persona(persona, ml_1m):
    catalogue = Catalogue(ml_1m.movies)
    assert personas.missing(persona, catalogue) == []
    visitor = personas.visitor(persona, catalogue, HALF_STARS)
    assert [event.rating for event in visitor.history] == [stars for _, stars in persona.watched]


def test_movies_that_a_catalogue_lacks_are_missing():
    catalogue = catalogue_of("The Alpha (1999)", "Gamma (2001)", ids=[7, 9])
    persona = Persona("A B-c", "…", {"age": 25}, (("Alpha, The (1999)", 3.5), ("Beta (2000)", 1), ("Gamma (2001)", 5)))
    assert persona.slug == "a_b_c"
    assert personas.visitor(persona, catalogue, HALF_STARS) == Visitor(
        {"age": 25}, history=(Event(7, 3.5), Event(9, 5))
    )
    assert personas.missing(persona, catalogue) == ["Beta (2000)"]
