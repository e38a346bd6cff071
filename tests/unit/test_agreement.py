"""Whether attention and influence agree: rank correlations worked out by hand, and the sentence made of them."""

from dataclasses import replace

import numpy as np
import pytest

from bst.explanation.agreement import Agreement, agreement, attention_verdict, spearman
from bst.explanation.attention import Attention
from bst.explanation.insight_record import Insights
from bst.schema import Event
from bst.scoring.results import CandidateAttention
from tests.insights import insights_record


def test_ranks_alone_count():
    assert spearman([1, 2, 3, 4], [10, 20, 30, 4000]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [0.9, 0.3, 0.2, 0.1]) == pytest.approx(-1)
    # 1 − 6 Σ d² / (n (n² − 1)), with differences of rank 1, 1, 1, 1, 0: 1 − 24 / 120
    assert spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx(0.8)


def test_ties_share_their_mean_rank():
    # ranks 1.5, 1.5, 3 and 1, 2, 3: covariance 1.5, variances 1.5 and 2
    assert spearman([5, 5, 9], [1, 2, 3]) == pytest.approx(1.5 / np.sqrt(1.5 * 2))


@pytest.mark.parametrize(("a", "b"), [([], []), ([1, 2], [2, 1]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0, 0, 0])])
def test_what_has_no_order_agrees_with_nothing(a, b):
    assert spearman(a, b) is None


def test_arrays_of_different_lengths_are_a_mistake():
    with pytest.raises(ValueError, match="one length"):
        spearman([1, 2, 3], [1, 2])


def looked(rows: list[list[float]], heads: tuple[str, ...]) -> Attention:
    to_events = np.array(rows)
    weights = CandidateAttention(heads, to_events, 1 - to_events.sum(axis=1), "who the visitor is")
    return Attention(9, 4.0, tuple(Event(i, 4) for i in range(to_events.shape[1])), weights)


def test_heads_layers_and_their_mean():
    heads = ("Layer 1, head 1", "Layer 1, head 2", "Layer 2, head 1", "Layer 2, head 2")
    there = looked([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.05, 0.1, 0.2], [0.1, 0.1, 0.1]], heads)
    # sizes 0.1, 0.3, 0.5: the sign does not count
    correlations = agreement(there, [0.1, -0.3, 0.5])
    assert correlations.names == heads
    assert correlations.heads == (pytest.approx(1), pytest.approx(-1), pytest.approx(1), None)
    # layer 1 looks at all alike (0.2 each); layer 2 and the whole in the order of the sizes
    assert correlations.layer_names == ("Layer 1", "Layer 2")
    assert correlations.layers[1] == correlations.mean == pytest.approx(1)
    assert correlations.events == 3


def test_a_model_of_one_layer_has_heads_only():
    correlations = agreement(looked([[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]], ("Head 1", "Head 2")), [3, 2, 1])
    assert correlations.heads == (pytest.approx(-1), pytest.approx(-1))
    assert (correlations.layer_names, correlations.layers) == ((), ())


def test_as_many_influences_as_events():
    with pytest.raises(ValueError, match="one length"):
        agreement(looked([[0.1, 0.2, 0.3]], ("Head 1",)), [1, 2])


# ---- the sentence

INSIGHTS = insights_record()


def verdict(mean: float | None, events: int = 40, insights: Insights | None = INSIGHTS) -> str:
    return attention_verdict(Agreement((), (), (), (), mean, events), insights)


@pytest.mark.parametrize(
    ("mean", "begins"),
    [
        (0.8, "Here attention and effect go hand in hand"),
        (0.6, "Here attention and effect go hand in hand"),
        (0.45, "This attention tells part of the story"),
        (0.29, "Do not read this attention as a reason: what the model looked at"),
        (-0.29, "Do not read this attention as a reason: what the model looked at"),
        (-0.31, "Do not read this attention as a reason: the model looked most at the movies that moved"),
        (None, "Do not read this attention as a reason: it makes no difference"),
    ],
)
def test_the_sentence_says_how_far_to_trust(mean, begins):
    sentence = verdict(mean)
    assert sentence.startswith(begins)
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_sentence_tells_where_this_prediction_stands():
    # quantiles are 0, 0.1 … 1: eight of ten visitors lie below 0.8, two of ten above it
    assert "rank correlation 0.80, closer than for 80% of the visitors tried" in verdict(0.8)
    assert "less close than for 90% of the visitors tried" in verdict(0.1)
    assert "closer than for 99%" in verdict(1.0), "nobody is closer than for all"
    assert "rank correlation −0.50" in verdict(-0.5)
    undefined = replace(INSIGHTS, agreement=replace(INSIGHTS.agreement, mean=None))
    for nothing in (None, undefined):
        assert "visitors tried" not in verdict(0.8, insights=nothing)


def test_of_few_movies_little_is_claimed():
    # 1.645 / √4 = 0.82: over five movies 0.7 may be chance, over forty it is not
    assert verdict(0.7, 5) == (
        "5 movies are too few to read this attention as a reason: attention and effect agree (rank correlation 0.70), "
        "but over so few they may do so by chance."
    )
    assert verdict(0.9, 5).startswith("Here attention and effect go hand in hand")
    for events in range(3):
        assert verdict(None, events).startswith("With fewer than 3 movies")


def test_one_prediction_of_a_model(timeline_recommender, small_recommender):
    from bst.explanation import attention, leave_one_out
    from bst.schema import Visitor

    history = tuple(Event(100 + 3 * i, stars) for i, stars in ((5, 4), (2, 1), (9, 5), (11, 3), (6, 2)))
    visitor = Visitor({"sex": "F", "age": 25}, history=history)
    for recommender, layers in ((timeline_recommender, 2), (small_recommender, 0)):
        for events in (0, 2, 5):
            some = replace(visitor, history=history[:events])
            there = attention(recommender, some, 160)
            correlations = agreement(there, leave_one_out(recommender, some, 160).event_effects.expected)
            assert len(correlations.layers) == layers
            assert (correlations.mean is None) == (events < 3)
            assert attention_verdict(correlations, None)
