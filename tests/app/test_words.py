"""Probabilities in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.shared.format import odds, percent


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0%"), (0.453, "45%"), (0.031, "3.1%"), (0.0042, "0.42%"), (0.00003, "under 0.01%"), (1.0, "100%")],
)
def test_percentages_have_the_digits_that_tell_something(share, said):
    assert percent(share) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1 / 237, "about 1 in 240"),
        (1 / 7, "about 1 in 7"),
        (1 / 12_345, "about 1 in 12,000"),
        (0.7, "about 7 in 10"),
        (0.99, "almost certain"),
        (1e-9, "less than 1 in a million"),
        (0.0, "not at all"),
    ],
)
def test_odds_in_two_digits(share, said):
    assert odds(share) == said


@given(st.floats(1e-6, 0.55))
def test_odds_are_within_a_tenth_of_the_truth_unless_they_are_short(share):
    number = int(odds(share).removeprefix("about 1 in ").replace(",", ""))
    assert number == pytest.approx(1 / share, rel=0.06) or number <= 10
