"""Why, Try a change: what it says where two of its changes seem to contradict each other."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from bst.what_if.edits import Drop, Rate
from pages.why.suggested_edits import Effect, Proposal, watching_note
from tests.unit import made_up
from tests.unit.made_up import ASH, BAY


@dataclass
class Explained:
    """An explanation of which only the expected rating is read."""

    scores: dict = field(default_factory=lambda: {"expected": 4.4})

    def value(self, measure: str) -> float:
        return self.scores[measure]


def note(removed: float, rated: float, measure: str = "like_logit", movie: int = ASH) -> str:
    effects = [
        Effect(Proposal("", "", Drop(movie)), {measure: removed, "expected": -0.1}),
        Effect(Proposal("", "", Rate(ASH, 1.0)), {measure: rated, "expected": -0.4}),
    ]
    recommender = SimpleNamespace(catalogue=SimpleNamespace(title=made_up.TITLES.__getitem__))
    return watching_note(recommender, Explained(), measure, effects).replace("\N{NO-BREAK SPACE}", " ")


def test_a_worse_rating_may_raise_a_chance_that_leaving_out_lowers():
    assert note(-0.3, 0.1) == (
        f"For what they will watch some time and like, having watched {made_up.TITLES[ASH]} counts more than how it "
        "was rated. The rating counts for the stars: with 1 ★ the expected rating would be 4.0 ★ instead of 4.4 ★."
    )
    assert note(-0.3, 0.1, "next_logit").startswith("For what they watch next, having watched")


@pytest.mark.parametrize(
    ("removed", "rated", "measure", "movie"),
    [
        (-0.3, -0.1, "like_logit", ASH),  # both the same way
        (-0.1, 0.3, "like_logit", ASH),  # the rating counts more
        (-0.3, 0.1, "expected", ASH),  # about the stars themselves
        (-0.3, 0.1, "like_logit", BAY),  # two movies
    ],
)
def test_nothing_is_said_where_nothing_contradicts(removed, rated, measure, movie):
    assert note(removed, rated, measure, movie) == ""
