"""Words on the screen."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pages.shared.format import count, escape_markdown, stars


def test_signs_that_markdown_would_swallow_are_escaped():
    assert escape_markdown("$9.99 *M* <b> :red[x]") == r"\$9\.99 \*M\* \<b\> \:red\[x\]"


@given(st.text())
def test_every_character_but_line_breaks_survives(text):
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escape_markdown(text)) == " ".join(text.split())


def test_stars_and_counts():
    assert (stars(5.0), stars(4.56)) == ("5 ★", "4.6 ★")
    assert (count(1, "movie"), count(0, "movie"), count(1200, "movie")) == ("1 movie", "0 movies", "1,200 movies")
