"""Links: short, exact both ways, and never more than one plain error for any text at all."""

import base64
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.schema import HALF_STARS, WHOLE_STARS, Event, Visitor
from pages.shared.state.link import SETTINGS, LinkError, State, decode, encode, fit
from tests.links import packed, states, values


def link_to(visitor: list, *more) -> str:
    return packed(json.dumps(["demo", visitor, *more]))


ALIEN = [None, None, None, [1214], "a"]


@settings(deadline=None)
@given(states)
def test_a_link_gives_back_exactly_the_state_it_was_made_of(state):
    text = encode(state)
    assert decode(text) == state
    assert decode(text).notes == ()
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_every_setting_is_tried():
    assert values.keys() == SETTINGS.keys()


@settings(deadline=None, max_examples=50)
@given(states, st.data())
def test_a_link_that_was_cut_or_changed_is_noticed(state, data):
    text = encode(state)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(LinkError):
        decode(text[:cut])
    index = data.draw(st.integers(2, len(text) - 2))  # the last character may have unused bits
    other = "A" if text[index] != "A" else "B"
    try:
        changed = decode(text[:index] + other + text[index + 1 :])
    except LinkError:
        return
    assert changed == decode(text), "at most, the change spells the same text: a repetition has several spellings"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1",
        "1.",
        "one.abc",
        "1.ünïcode",
        "1." + base64.urlsafe_b64encode(b"not zlib").decode(),
        packed("not JSON"),
        packed("[" * 20_000),
        packed(f'["demo",[null,null,null,[{"9" * 5000}],"a"]]'),
        packed("[" + " " * 5_000_000 + "]"),  # small, and huge when unpacked
        packed("[]"),
        packed('["", [null, null, null, [], ""]]'),
        packed('["\\ud800", [null, null, null, [], ""]]'),  # half a sign, which cannot be shown
        link_to([None, None, None, [1, 2], "a"]),  # two movies, one rating
        link_to([None, None, None, [1, 1], "aa"]),  # a movie twice
        link_to([None, None, None, [1], "0"]),
        link_to([None, None, None, [1], "b"]),
        link_to([None, None, None, [True], "a"]),
        link_to([None, None, None, [-1], "a"]),
        link_to([None, None, None, [1], "a", [1, 2]]),
        link_to([None, None, None, [1], "a", None, [None]]),
        link_to([None, None, None, [1], "a", None, [-4]]),
        link_to([None, None, None, [1], "a", None, "2"]),
        link_to([None, None, None, [1], "a", None, [2], 3]),
        link_to([["F"], None, None, [], ""]),
        link_to([None, 25.0, None, [], ""]),
        link_to(ALIEN, {"o": "worst"}),
        link_to(ALIEN, {"w": 101}),
        link_to(ALIEN, {"n": 10.0}),
        link_to(ALIEN, {"y": [2000, 1990]}),
        link_to(ALIEN, {"g": ["Western", "Western"]}),
        link_to(ALIEN, {"s": 1}),
        link_to(ALIEN, {"gs": 5.0}),
        packed('["demo",[null,null,null,[],""],{"gs":NaN}]'),
        link_to(ALIEN, {"what": 1}),
        link_to(ALIEN, {}, ALIEN, ALIEN),
    ],
)
def test_damaged_links(text):
    with pytest.raises(LinkError, match="damaged"):
        decode(text)


def test_a_link_of_another_version_says_so():
    with pytest.raises(LinkError, match="another version"):
        decode("3." + encode(State("demo"))[2:])


def former(packed_settings: dict | None = None) -> State:
    """What a link of version 1 with these settings, by their short names, stands for."""
    return decode(
        packed(json.dumps(["demo", ALIEN, *([] if packed_settings is None else [packed_settings])]), version=1)
    )


def test_a_former_link_means_what_it_meant():
    """Lists were ordered by rating, those of Replay by what is next, and comparisons were of ratings."""
    then = {"order": "rating", "compare_by": "rating", "replay_order": "next"}
    for packed_settings in (None, {}):
        assert former(packed_settings) == State("demo", Visitor(history=(Event(1214, 5.0),)), None, then)
    assert former({"o": "next", "ro": "rating", "n": 25}).settings == then | {
        "order": "next",
        "replay_order": "rating",
        "length": 25,
    }
    # written again, it is a link of today that means the same
    assert decode(encode(former())) == former()
    assert encode(former()).startswith("2.")
    # today's links without settings have today's defaults
    assert decode(link_to(ALIEN)).settings == {}


def test_a_million_characters_are_not_even_looked_at():
    with pytest.raises(LinkError, match="1,000,000 characters"):
        decode("1." + "A" * 999_998)


def test_words_that_are_not_known_here_are_left_out_and_said():
    state = decode(link_to(["F", 26, "wizard", [1214], "9"]))
    assert state.visitor == Visitor({"sex": "F"}, (Event(1214, 4.5),))
    assert state.notes == (
        "The age of the link is not known here.",
        "The occupation of the link is not known here.",
    )


def rated(number: int, stars=WHOLE_STARS, first: int = 1000) -> Visitor:
    rng = random.Random(number)
    movies = rng.sample(range(first, 4 * first), number)
    return Visitor(
        {"sex": "F", "age": 25, "occupation": "college/grad student"},
        tuple(Event(i, rng.choice(stars)) for i in movies),
    )


def test_links_are_short():
    assert len(encode(State("ml-1m", rated(5)))) <= 110
    assert len(encode(State("ml-1m", rated(200)))) <= 1000
    assert len(encode(State("ml-32m", rated(200, HALF_STARS, first=60_000)))) <= 1200
    # What-if's copy is much like the visitor, which costs next to nothing
    visitor = rated(200)
    assert len(encode(State("ml-1m", visitor, visitor.without(visitor.history[7].movie_id)))) <= 1050
    # who has seen 2,000 films: the newest 300 with their ratings, the others merely seen
    assert len(encode(State("ml-1m", rated(2000, first=1300).limited()))) <= 2500
    assert len(encode(State("ml-32m", rated(2000, HALF_STARS, first=60_000).limited()))) <= 5000


def test_what_a_newcomer_finds_costs_nothing():
    usual = {name: setting.default for name, setting in SETTINGS.items()}
    assert encode(State("demo", rated(5), settings=usual)) == encode(State("demo", rated(5)))


def test_ratings_are_rounded_to_half_stars_in_a_link():
    odd = Visitor(history=(Event(1, 3.8), Event(2, 0.0), Event(3, 7.0)))
    assert [event.rating for event in decode(encode(State("demo", odd))).visitor.history] == [4.0, 0.5, 5.0]


def test_fitting_to_a_dataset_drops_and_rounds_and_says_how_much():
    visitor = Visitor(history=(Event(1, 4.0), Event(2, 3.5, 77), Event(3, 2.0), Event(9, 5.0)))
    state = State("demo", visitor, visitor.rated(1, 1.0), {"asked_about": 9, "length": 25, "sweep_movies": (9, 3)})
    fitted = fit(state, {1, 2, 3}, WHOLE_STARS)
    assert fitted.visitor.history == (Event(1, 4.0), Event(2, 4.0, 77), Event(3, 2.0))
    assert fitted.copy.history[0] == Event(1, 1.0)
    assert fitted.settings == {"length": 25, "sweep_movies": (3,)}
    assert fitted.notes[:2] == (
        "1 movie of the link is not in this dataset and was left out.",
        "1 rating of the link was rounded, as this dataset has no such rating.",
    )
    assert fitted.notes[2].startswith("What if: 1 movie of the link is not")
    assert fit(fitted, {1, 2, 3}, WHOLE_STARS) == fitted


def test_of_a_history_that_is_too_long_the_older_movies_are_merely_seen():
    fitted = fit(State("demo", rated(350)), range(10_000), WHOLE_STARS)
    assert fitted.visitor.history == rated(350).history[-300:]
    assert fitted.visitor.all_seen == rated(350).all_seen
    assert fitted.notes == ("The newest 300 of 350 movies of the link are read; the others count as seen.",)


def test_seen_movies_that_are_not_here_are_left_out():
    fitted = fit(State("demo", Visitor(seen=frozenset({1, 2, 99}))), {1, 2}, WHOLE_STARS)
    assert fitted.visitor.seen == {1, 2}
    assert fitted.notes == ("1 movie of the link is not in this dataset and was left out.",)


def test_a_state_that_fits_is_not_touched():
    state = State("demo", rated(20), settings={"asked_about": 1100})
    assert fit(state, range(10_000), WHOLE_STARS) == state
    assert fit(state, range(10_000), WHOLE_STARS).notes == ()
