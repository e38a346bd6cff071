"""The film strip: which movies have a frame, what each frame says, and that nothing of the attention is lost."""

import numpy as np
import pytest

from bst.schema import Event
from bst.scoring.results import CandidateAttention
from pages.shared.widgets.film_strip import MOST_FRAMES, NEWEST, Strip, data, kept_events
from tests.unit import made_up

CANDIDATE = 9


def attention(*heads: list[float]) -> CandidateAttention:
    """Weights of events; what is missing to 1 is looked at besides."""
    to_events = np.array(heads)
    names = tuple(f"Layer 1, head {head}" for head in range(1, len(heads) + 1))
    return CandidateAttention(names, to_events, 1 - to_events.sum(axis=1), "who the visitor is")


def drawn(strip: Strip) -> dict:
    return data(made_up.recommender(lambda visitor: {}), strip)


def two_events(measure="expected", value=4.0, effects=(0.5, -0.2), ratings=(5.0, 2.5)) -> dict:
    events = tuple(Event(movie, rating) for movie, rating in zip((1, 2), ratings, strict=True))
    strip = Strip(CANDIDATE, events, attention([0.5, 0.25], [0.1, 0.85]), measure, value, dict(enumerate(effects)))
    return drawn(strip)


def test_each_frame_says_what_was_watched_where_each_head_looked_and_what_it_does():
    strip = two_events()
    rest, first, second = strip["frames"]
    assert [frame["id"] for frame in strip["frames"]] == ["rest", "movie 1", "movie 2"]
    assert rest["label"] == "Who the visitor is"
    # the mean of all heads, then each of them
    assert first["weights"] == pytest.approx([0.3, 0.5, 0.1])
    assert first["shares"] == ["30%", "50%", "10%"]
    assert rest["shares"] == ["15%", "25%", "5.0%"]
    assert (first["stars"], second["stars"]) == ("★★★★★", "★★½")
    assert (first["direction"], first["effect"]) == ("up", "▲ 0.50")
    assert first["sentence"].replace("\N{NO-BREAK SPACE}", " ") == "Without it, 3.5 ★ instead of 4.0 ★."
    assert (second["direction"], second["effect"]) == ("down", "▼ 0.20")
    title = made_up.TITLES[2]
    assert second["label"].replace("\N{NO-BREAK SPACE}", " ") == f"{title}, rated 2.5 ★"
    assert strip["candidate"]["label"] == made_up.TITLES[CANDIDATE]


def test_a_head_is_summed_up_in_a_sentence():
    mean, first, second = (look["sentence"].replace("\N{NO-BREAK SPACE}", " ") for look in two_events()["looks"])
    one, two = (f"{made_up.TITLES[1]}, rated 5 ★", f"{made_up.TITLES[2]}, rated 2.5 ★")
    assert mean == f"Mean of all heads: mostly {two} (55%) and {one} (30%)."
    assert first.startswith(f"Layer 1, head 1: mostly {one} (50%) and ")
    assert second == f"Layer 1, head 2: mostly {two} (85%) and {one} (10%)."


def test_what_hardly_matters_has_no_sign():
    (_, frame, _) = two_events(effects=(0.02, -0.2))["frames"]
    assert (frame["direction"], frame["effect"]) == ("none", "")
    assert frame["sentence"] == "Without it, hardly anything would change."


@pytest.mark.parametrize(
    ("measure", "value", "effect", "sign", "sentence"),
    [
        ("liked", 0.8, 0.3, "▲ 30 points", "Without it, 50% instead of 80%."),
        ("like_logit", 0.0, -np.log(3), "▼ ÷3.00", "Without it, 75% instead of 50%."),
        ("next_logit", 0.02, np.log(2), "▲ ×2.00", "With it, 2.0 times as likely."),
        ("next_logit", 0.02, -np.log(2), "▼ ÷2.00", "With it, 2.0 times less likely."),
    ],
)
def test_chances_are_told_as_chances(measure, value, effect, sign, sentence):
    (_, frame, _) = two_events(measure, value, (effect, 0.0))["frames"]
    assert (frame["effect"], frame["sentence"]) == (sign, sentence)


# ---- long histories


def test_all_movies_have_a_frame_where_there_is_room():
    one_more = MOST_FRAMES + 1
    assert kept_events(attention([1 / one_more] * one_more)) == list(range(one_more)), "a shared frame would hold one"
    assert kept_events(attention([])) == []


def test_of_a_long_history_the_newest_and_the_strongest_have_a_frame_each():
    weights = np.full(100, 0.001)
    weights[[3, 40, 7]] = 0.3, 0.2, 0.1
    kept = kept_events(attention(weights.tolist()))
    assert len(kept) == MOST_FRAMES
    assert kept == sorted(kept)
    assert kept[-NEWEST:] == list(range(100 - NEWEST, 100))
    assert {3, 7, 40} <= set(kept)
    # what moves the prediction is not hidden, however little it was looked at
    effects = np.zeros(100)
    effects[60] = -0.4
    assert 60 in kept_events(attention(weights.tolist()), effects)
    assert 60 not in kept


def test_movies_without_a_frame_share_one_and_no_attention_is_lost():
    rng = np.random.default_rng(0)
    ids = [movie for movie in made_up.IDS if movie != CANDIDATE]
    heads = [rng.dirichlet(np.ones(len(ids) + 1))[1:].tolist() for _ in range(3)]
    kept = [0, 1, 5]
    events = tuple(Event(movie, 3.0) for movie in ids)
    strip = drawn(Strip(CANDIDATE, events, attention(*heads), "expected", 4.0, dict.fromkeys(kept, 0.1)))
    _, others, *frames = strip["frames"]
    assert others["label"] == f"{len(ids) - 3} other movies"
    assert (others["number"], others["word"]) == (f"+{len(ids) - 3}", "other movies")
    assert [frame["gap"] for frame in frames] == [False, False, True], "films between the two are not shown"
    for look in range(4):
        assert sum(frame["weights"][look] for frame in strip["frames"]) == pytest.approx(1)


def test_a_single_movie_is_named_before_those_that_share_a_frame():
    ids = [movie for movie in made_up.IDS if movie != CANDIDATE][:4]
    events = tuple(Event(movie, 3.0) for movie in ids)
    strip = drawn(Strip(CANDIDATE, events, attention([0.3, 0.3, 0.2, 0.15]), "expected", 4.0, {2: 0.1, 3: 0.1}))
    two, three = (f"{made_up.TITLES[movie]}, rated 3 ★" for movie in ids[2:])
    mean = strip["looks"][0]["sentence"].replace("\N{NO-BREAK SPACE}", " ")
    assert mean == f"Mean of all heads: mostly {two} (20%) and {three} (15%); 2 other movies together 60%."


def test_heads_are_grouped_by_layer():
    looks = two_events()["looks"]
    assert [(look["group"], look["short"]) for look in looks] == [("", "All heads"), ("Layer 1", "1"), ("Layer 1", "2")]


def test_titles_stay_as_they_are(monkeypatch):
    """The browser inserts them as text."""
    monkeypatch.setitem(made_up.TITLES, 1, "<b>Bold</b> & Co (2000)")
    assert two_events()["frames"][1]["label"].startswith("<b>Bold</b> & Co (2000), rated ")
