"""Text on the screen."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bst.text import count, percent
from pages.shared.format import about, duration, escape_markdown, odds, stars, table_height


def test_characters_with_a_meaning_in_markdown_are_escaped():
    assert escape_markdown("$9.99 *M* <b> :red[x]") == r"\$9\.99 \*M\* \<b\> \:red\[x\]"


@given(st.text())
def test_escaping_keeps_every_character_but_line_breaks(text):
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape_markdown(text)) == " ".join(text.split())


def test_stars_and_counts():
    assert (stars(5.0), stars(4.56)) == ("5 ★", "4.6 ★")
    assert (count(1, "movie"), count(0, "movie"), count(1200, "movie")) == ("1 movie", "0 movies", "1,200 movies")
    assert count(2, "person", "people") == "2 people"


def test_durations_stand_in_the_unit_that_reads_best():
    assert [duration(s) for s in (0.2, 1, 89, 91, 150, 5300, 6480)] == [
        "1 second",
        "1 second",
        "89 seconds",
        "2 minutes",
        "2 minutes",
        "88 minutes",
        "1.8 hours",
    ]
    # an estimate is no finer than it is
    assert [about(s) for s in (12, 57, 200)] == ["less than a minute", "about a minute", "about 3 minutes"]


@pytest.mark.parametrize(("rows", "max_rows", "height"), [(0, None, 38), (3, None, 143), (3, 8, 143), (20, 8, 318)])
def test_a_table_is_as_high_as_its_head_and_rows(rows, max_rows, height):
    assert table_height(rows, max_rows) == height


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (0.453, "45%"), (0.031, "3.1%"), (0.0042, "0.42%"), (0.00003, "under 0.01%"), (1.0, "100%")],
)
def test_percentages_have_about_two_significant_digits(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"),
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
def test_odds_in_two_digits(share, text):
    assert odds(share) == text


@given(st.floats(1e-6, 0.55))
def test_odds_are_close_to_the_probability_unless_they_are_short(share):
    number = int(odds(share).removeprefix("about 1 in ").replace(",", ""))
    assert number == pytest.approx(1 / share, rel=0.06) or number <= 10
