"""What moved a prediction most, in one sentence: worked out by hand from made-up effects."""

import numpy as np
import pytest

from bst.explanation.attention import Attention
from bst.explanation.leave_one_out import EventEffects, LeaveOneOut, Scores
from bst.explanation.sentences import Explanation, explain, sentence, signed, top_contributions, value_text, value_texts
from bst.schema import Event, Visitor
from bst.scoring.results import CandidateAttention

TITLES = {1: "Alien (1979)", 2: "Casablanca (1942)", 9: "Aliens (1986)"}
EVENTS = (Event(1, 5.0), Event(2, 2.0))


def log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def explanation(
    expected=(0.5, -0.1),
    demographics=None,
    value=4.6,
    bare=4.5,
    watch_next=0.02,
    events=EVENTS,
    liked=(0.2, -0.3),
    like=(0.6, -0.1),
    will_like=0.62,
    bare_like=0.5,
    next_logit=(0.7, -1.1),
) -> Explanation:
    """An explanation: what each event and demographic adds, and the rating without a history (``bare``).

    ``will_like``: the chance that they will watch and like it; ``bare_like``: without a history.
    """
    effects = EventEffects(
        np.array(expected), np.array(liked), np.array(next_logit)[: len(expected)], np.array(like)[: len(events)]
    )
    heads = np.full((1, len(events)), 1 / (len(events) + 1))
    weights = CandidateAttention(("Head 1",), heads, 1 - heads.sum(axis=1), "who the visitor is")
    return Explanation(
        Visitor({"sex": "F", "age": 25}, history=events),
        9,
        LeaveOneOut(9, events, Scores(value, 0.78, -3.0, log_odds(0.62)), effects),
        Attention(9, value, events, weights),
        {name: Scores(effect, effect / 4, 0.0, effect) for name, effect in (demographics or {}).items()},
        without_history=Scores(bare, 0.7, -3.0, log_odds(bare_like)),
        unknown_visitor=Scores(4.61, 0.77, -3.0, log_odds(0.6)),
        watch_next=watch_next,
        will_like=will_like,
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            explanation(),
            "Expecting 4.6 ★ for Aliens (1986), raised most by Alien (1979), rated 5 ★: without it, 4.1 ★",
        ),
        (
            explanation((0.1, -0.4), value=3.2),
            "Expecting 3.2 ★ for Aliens (1986), held down most by Casablanca (1942), rated 2 ★: without it, 3.6 ★",
        ),
        # 0.1 ★ is enough for a reason, and shows with one decimal
        (
            explanation((0.1, 0.0), value=4.62),
            "Expecting 4.6 ★ for Aliens (1986), raised most by Alien (1979), rated 5 ★: without it, 4.5 ★",
        ),
        # 0.09 ★ is not, and nor is that of a demographic; the whole history counts as much as 0.12 ★
        (
            explanation((0.09, -0.05), {"sex": 0.09}, bare=4.48),
            "Expecting 4.6 ★ for Aliens (1986); no single movie moves it much: 4.51–4.65 ★ without one of them, "
            "4.5 ★ without all",
        ),
        (
            explanation((0.1, 0.0), {"age": -0.3, "sex": 0.2}),
            "Expecting 4.6 ★ for Aliens (1986), held down most by their age group, 25–34: if that were unknown, 4.9 ★",
        ),
        (
            explanation((0.1, 0.0), {"sex": 0.2}),
            "Expecting 4.6 ★ for Aliens (1986), raised most by their sex, female: if that were unknown, 4.4 ★",
        ),
        # nothing by itself, but all together
        (
            explanation((0.02, 0.02), bare=4.2),
            "Expecting 4.6 ★ for Aliens (1986); no single movie moves it much: 4.58 ★ without one of them, 4.2 ★ "
            "without all",
        ),
        (
            explanation((0.02, -0.02), bare=4.55),
            "Expecting 4.6 ★ for Aliens (1986), from what everybody thinks of it (4.6 ★); no single movie moves it "
            "much: 4.58–4.62 ★ without one of them",
        ),
        (
            explanation((), events=(), liked=()),
            "Expecting 4.6 ★ for Aliens (1986), from what everybody thinks of it: nothing that this visitor watched is "
            "known",
        ),
    ],
)
def test_the_sentence_names_what_moves_the_rating_most(given, words):
    assert sentence(given, "expected", TITLES.get) == words


def test_each_measure_has_a_sentence_of_its_own():
    assert sentence(explanation(), "liked", TITLES.get) == (
        "A chance of 78% that they give Aliens (1986) 4 ★ or more, held down most by Casablanca (1942), rated 2 ★: "
        "without it, 108%"
    )
    # e^1.1 = 3.004
    assert sentence(explanation(), "next_logit", TITLES.get) == (
        "A chance of 2.0% that Aliens (1986) is next, held down most by Casablanca (1942), rated 2 ★: it makes that "
        "3.0 times less likely"
    )
    assert "is in the history already" in sentence(explanation(watch_next=0.0), "next_logit", TITLES.get)
    # a reason for next to nothing would be none
    assert sentence(explanation(watch_next=4e-5), "next_logit", TITLES.get) == (
        "A chance of under 0.01% that Aliens (1986) is next: nothing about this visitor makes that likely"
    )
    # what makes the odds 1.09 times as high is no reason
    assert sentence(explanation(next_logit=(0.09, -0.09)), "next_logit", TITLES.get) == (
        "A chance of 2.0% that Aliens (1986) is next: nothing about this visitor makes that 10% more or less likely"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        # odds of 62 to 38, e^0.6 = 1.82 times as high as without: 0.895 to 1, which is 47%
        (explanation(), ", raised most by Alien (1979), rated 5 ★: without it, 47%"),
        # 62 to 38 divided by e^-0.4: 2.43 to 1
        (explanation(like=(0.1, -0.4)), ", held down most by Casablanca (1942), rated 2 ★: without it, 71%"),
        (
            explanation((0.1, 0.0), {"sex": 0.49}, like=(0.1, 0.0)),
            ", raised most by their sex, female: if that were unknown, 50%",
        ),
        (
            explanation(like=(0.04, 0.04)),
            # odds of 62 to 38 divided by e^0.04
            "; no single movie moves it much: 61.1% without one of them, 50% without all",
        ),
        (
            explanation(like=(0.04, -0.04), bare_like=0.61),
            ", from what everybody watches and likes (60%); no single movie moves it much: 61.1–62.9% without one of "
            "them",
        ),
        (
            explanation((), events=(), liked=(), like=()),
            ", from what everybody watches and likes: nothing that this visitor watched is known",
        ),
    ],
)
def test_the_sentence_of_what_they_would_come_to_like(given, words):
    assert (
        sentence(given, "like_logit", TITLES.get) == f"62% likely to watch Aliens (1986) some time and like it{words}"
    )


def test_nobody_comes_to_like_what_they_have_seen():
    words = sentence(explanation(will_like=0.0), "like_logit", TITLES.get)
    assert words == "Aliens (1986) is in the history already, so no list names it as one that they would come to like"


def test_what_moves_it_stands_in_order_and_next_to_nothing_is_left_out():
    found = top_contributions(explanation((0.2, -0.029), {"age": -0.3, "sex": 0.01}), "expected")
    assert [(one.demographic or one.event.movie_id, round(one.effect, 6)) for one in found] == [("age", -0.3), (1, 0.2)]


@pytest.mark.parametrize(
    ("measure", "by", "words"),
    [
        ("expected", 0.512, "▲ 0.51 ★"),
        ("expected", -0.1, "▼ 0.10 ★"),
        ("expected", -0.004, "± 0.00 ★"),
        ("liked", 0.123, "▲ 12 points"),
        ("liked", -0.034, "▼ 3.4 points"),
        ("next_logit", 0.6931, "▲ ×2.00"),
        ("next_logit", -0.6931, "▼ ÷2.00"),
        ("next_logit", 0.05, "▲ ×1.05"),
        # as many decimals for 1.0953 as for 1.1052
        ("next_logit", 0.091, "▲ ×1.10"),
        ("next_logit", 0.1, "▲ ×1.11"),
        ("next_logit", -3.0, "▼ ÷20"),
        ("like_logit", 0.6931, "▲ ×2.00"),
        ("like_logit", -0.6931, "▼ ÷2.00"),
    ],
)
def test_changes_carry_a_sign_that_needs_no_colour(measure, by, words):
    assert signed(measure, by) == words


def test_values_have_the_digits_that_tell_something():
    assert value_text("expected", 4.56) == "4.6 ★"
    assert value_texts("expected", 4.56, 4.6) == ("4.56 ★", "4.60 ★")
    assert value_texts("liked", 0.781, 0.61) == ("78%", "61%")
    assert value_texts("liked", 0.781, 0.779) == ("78.1%", "77.9%")
    assert value_text("next_logit", 0.0123) == "1.2%"
    # odds of 3 to 1, and of 1 to 99
    assert value_text("like_logit", np.log(3)) == "75%"
    assert value_text("like_logit", -np.log(99)) == "1.0%"
    assert value_texts("like_logit", np.log(3), np.log(3.01)) == ("75.0%", "75.1%")


@pytest.mark.parametrize("kind", ["timeline_recommender", "small_recommender"])
def test_an_explanation_is_about_what_the_model_predicts(kind, request):
    recommender = request.getfixturevalue(kind)
    ids = [100 + 3 * i for i in range(30)]
    visitor = Visitor({"sex": "F", "occupation": "artist"}, tuple(Event(ids[i], 4.0) for i in (2, 5, 9)))
    explained = explain(recommender, visitor, ids[20])
    expected = recommender.expected_ratings(visitor, [ids[20]])[0]
    assert explained.value("expected") == pytest.approx(expected, abs=1e-5)
    assert explained.attention.expected_rating == pytest.approx(expected, abs=1e-5)
    assert list(explained.demographic_scores) == ["sex", "occupation"]
    nobody = recommender.expected_ratings(Visitor(), [ids[20]])[0]
    assert explained.unknown_visitor.expected == pytest.approx(nobody, abs=1e-5)
    bare = recommender.expected_ratings(Visitor({"sex": "F", "occupation": "artist"}), [ids[20]])[0]
    assert explained.without_history.expected == pytest.approx(bare, abs=1e-5)
    timeline = kind == "timeline_recommender"
    assert explained.measures == (("expected", "like_logit", "liked", "next_logit") if timeline else ("expected",))
    row = recommender.recommendation(visitor, ids[20])
    assert (explained.watch_next, explained.will_like) == (row.watch_next, row.will_like)
    assert (explained.will_like is not None) == timeline
    # each measure comes with where the part of the model looked that predicts it
    rating = explained.attention.weights
    assert explained.attention_weights("expected") is explained.attention_weights("liked") is rating
    if timeline:
        for measure, task in (("like_logit", "like"), ("next_logit", "next")):
            looks = recommender.tower_attention(visitor, task)
            np.testing.assert_array_equal(explained.attention_weights(measure).to_events, looks.to_events)
        assert 1 / (1 + np.exp(-explained.value("like_logit"))) == pytest.approx(row.will_like, abs=1e-6)
