"""Links: short, exact both ways, and never more than one plain error for any text at all."""

import base64
import contextlib
import json
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bst.inference.ranking import ORDERS, POPULARITY_BANDS
from bst.schema import AGES, GENRES, HALF_STARS, OCCUPATIONS, SEXES, WHOLE_STARS, Event, Visitor
from pages.shared.state.link import LENGTHS, SETTINGS, SWEEPS, LinkError, State, decode, encode, fit

ids = st.integers(0, 2**40)
times = st.none() | st.integers(-(2**40), 2**40)
events = st.lists(
    st.builds(Event, ids, st.sampled_from(HALF_STARS), times), max_size=200, unique_by=lambda event: event.movie_id
)
visitors = st.builds(
    Visitor,
    st.none() | st.sampled_from(SEXES),
    st.none() | st.sampled_from(AGES),
    st.none() | st.sampled_from(OCCUPATIONS),
    events.map(tuple),
    st.frozensets(ids, max_size=50),
)
values = {
    "order": st.sampled_from(list(ORDERS)),
    "fame": st.integers(0, 100),
    "blend_weight": st.integers(0, 100),
    "diversity": st.integers(0, 100),
    "filter_genres": st.lists(st.sampled_from(GENRES), unique=True).map(tuple),
    "filter_years": st.tuples(st.integers(1890, 1960), st.integers(1960, 2030)),
    "filter_fame": st.lists(st.integers(0, len(POPULARITY_BANDS) - 1), min_size=2, max_size=2).map(sorted).map(tuple),
    "filter_seen": st.booleans(),
    "for_anyone": st.booleans(),
    "list_view": st.sampled_from(["tiles", "rows"]),
    "length": st.sampled_from(LENGTHS),
    "any_movie": ids,
    "asked_about": ids,
    "what_if_view": st.sampled_from(["compare", "sweep", "find", "models"]),
    "compare_by": st.sampled_from(["like", "rating", "next"]),
    "sweep_parameter": st.sampled_from(SWEEPS),
    "sweep_event": ids,
    "sweep_movies": st.lists(ids, max_size=5, unique=True).map(tuple),
    "other_model": st.text(min_size=1, max_size=40),
    "models_movie": ids,
    "goal_movie": ids,
    "goal_kind": st.sampled_from(["top", "stars"]),
    "goal_above": st.booleans(),
    "goal_top": st.integers(1, 100),
    "goal_stars": st.integers(11, 49).map(lambda decimal: decimal / 10),
    "replay_user": ids,
    "replay_step": ids,
    "replay_order": st.sampled_from(list(ORDERS)),
    "why_of": st.sampled_from(["a", "b"]),
    "why_measure": st.sampled_from(["expected", "liked", "next_logit", "like_logit"]),
    "why_order": st.sampled_from(["strength", "time"]),
    "why_part": st.sampled_from(["ratings", "trust", "heads", "general"]),
}
chosen = st.fixed_dictionaries({}, optional=values).map(
    lambda chosen: {name: value for name, value in chosen.items() if value != SETTINGS[name].default}
)
states = st.builds(State, st.text(min_size=1, max_size=40), visitors, st.none() | visitors, chosen)


def packed(text: str, version: int = 2) -> str:
    """A link around any JSON text, whole and with a right checksum."""
    return f"{version}.{base64.urlsafe_b64encode(zlib.compress(text.encode())).rstrip(b'=').decode()}"


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


@given(st.text() | st.text().map(lambda text: f"1.{text}") | st.binary().map(lambda b: f"1.{b.hex()}"))
def test_any_text_gives_a_link_error_and_nothing_else(text):
    with contextlib.suppress(LinkError):
        decode(text)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    )
)
def test_any_data_within_a_whole_link_gives_a_link_error_and_nothing_else(data):
    for text in (packed(json.dumps(data)), link_to(ALIEN, data), packed(json.dumps(["demo", data]))):
        with contextlib.suppress(LinkError):
            decode(text)


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
    assert state.visitor == Visitor("F", None, None, (Event(1214, 4.5),))
    assert state.notes == (
        "The age of the link is not known here.",
        "The occupation of the link is not known here.",
    )


def rated(number: int, stars=WHOLE_STARS, first: int = 1000) -> Visitor:
    rng = random.Random(number)
    movies = rng.sample(range(first, 4 * first), number)
    return Visitor("F", 25, "college/grad student", tuple(Event(i, rng.choice(stars)) for i in movies))


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
