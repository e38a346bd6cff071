"""Fidelity: the metrics on models whose answers are worked out by hand, and measured on a small model."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bst.explanation import explainers
from bst.explanation.coalitions import partial_visitors, shapley_values
from bst.explanation.explainers import EXPLAINERS, Question
from bst.explanation.fidelity import Outcome, curves, named_first
from bst.explanation.fidelity_record import Fidelity
from bst.explanation.measure_fidelity import (
    Measured,
    measure_fidelity,
    predictor,
    recommended_first,
    summarize,
)
from bst.schema import Event, Visitor

IDS = [100 + 3 * i for i in range(30)]
EVENTS = tuple(Event(IDS[i], stars) for i, stars in ((5, 4), (2, 1), (9, 5), (11, 3), (6, 2), (14, 1), (20, 5)))

# ---- the metrics


class Additive:
    """A model that adds up what each event is worth; the movie ranks behind all rivals with a higher score."""

    def __init__(self, worth, rivals=(), start: float = 3.0):
        self.worth, self.rivals, self.start, self.asked = np.array(worth, float), np.array(rivals, float), start, []

    def values(self, kept):
        return self.start + kept @ self.worth

    def __call__(self, kept, ranks):
        self.asked.append((len(kept), ranks))
        score = self.values(kept)
        return Outcome(score, None, 1 + (self.rivals > score[:, None]).sum(axis=1) if ranks else None)


def test_curves_of_an_additive_model_by_hand():
    model = Additive([0.5, -0.25, 1.0], rivals=[4.0, 3.2, 2.0])
    explained = {"worth": model.worth, "oldest first": np.array([3.0, 2.0, 1.0])}
    found, whole, none = curves(explained, model, (1, 2))
    assert (whole.score.tolist(), whole.rank.tolist(), none.score.tolist()) == ([4.25], [1], [3.0])
    # without the third event 3.25, without the first either 2.75; they alone 4 and 4.5
    assert found["worth"].without.score.tolist() == [3.25, 2.75]
    assert found["worth"].without.rank.tolist() == [2, 3]
    assert found["worth"].alone.score.tolist() == [4.0, 4.5]
    # without the first event 3.75, without the second either 4; they alone 3.5 and 3.25
    assert found["oldest first"].without.score.tolist() == [3.75, 4.0]
    assert found["oldest first"].without.rank.tolist() == [2, 1], "a rival with the same score is not ahead"
    assert found["oldest first"].alone.score.tolist() == [3.5, 3.25]


def test_what_explanations_have_in_common_is_predicted_once():
    model = Additive([1.0, 2.0, 3.0])
    curves({"one": model.worth, "same order": model.worth * 2, "other": -model.worth}, model, (1, 2))
    # all, and without {3}, {2, 3}, {1}, {1, 2}; none, and the same four alone: only the first have ranks
    assert model.asked == [(5, True), (5, False)]


def test_among_equals_the_older_event_is_named_first():
    assert named_first(np.array([0.0, 1.0, 1.0, 1.0]), (2,)).tolist() == [[False, True, True, False]]
    assert named_first(np.array([0.3, 0.1]), (1, 5)).tolist() == [[True, False], [True, True]], "there are no more"


WORTH = st.lists(st.integers(-20, 20).map(lambda n: n / 8), min_size=2, max_size=7)


@given(WORTH, st.randoms(use_true_random=False))
def test_nothing_takes_more_from_an_additive_model_than_what_each_event_is_worth(worth, random):
    """So the true explanation has the lowest DEL and the highest INS, however many events are named."""
    sizes, model = range(1, len(worth) + 1), Additive(worth)
    other = random.sample(range(len(worth)), len(worth))
    found, whole, none = curves({"true": model.worth, "other": np.array(other, float)}, model, sizes)
    assert (found["true"].without.score <= found["other"].without.score + 1e-9).all()
    assert (found["true"].alone.score >= found["other"].alone.score - 1e-9).all()
    for one in found.values():
        assert one.alone.score[-1] == pytest.approx(whole.score[0]), "all events alone are the whole history"
        assert one.without.score[-1] == pytest.approx(none.score[0]), "without all there is none"


def measured(scores: dict[str, tuple[list, list, list]], whole: float, none: float) -> Measured:
    """One visitor: for each method scores without and alone, and ranks."""
    found = {
        name: SimpleNamespace(without=Outcome(np.array(without), None, np.array(rank)), alone=Outcome(np.array(alone)))
        for name, (without, alone, rank) in scores.items()
    }
    return Measured(found, Outcome(np.array([whole])), Outcome(np.array([none])), {"leave_one_out": 3.0})


TWO = [
    measured({"leave_one_out": ([4.0, 3.0], [4.5, 4.6], [1, 3]), "b": ([4.4, 4.2], [3.8, 4.0], [1, 1])}, 4.5, 3.5),
    measured({"leave_one_out": ([4.5, 4.0], [4.0, 4.5], [1, 15]), "b": ([4.5, 4.5], [4.0, 4.0], [1, 7])}, 5.0, 4.0),
]


def test_ratings_are_compared_in_stars_and_probabilities_as_ratios():
    stars = summarize("rating", (1, 2), TWO)
    assert (stars.visitors, stars.whole, stars.none) == (2, 4.75, 3.75)
    first = stars.of("leave_one_out")
    # −0.5 and −0.5; −1.5 and −1.0
    assert [one.value for one in first.deletion] == [-0.5, -1.25]
    assert (first.deletion[0].low, first.deletion[0].high) == (-0.5, -0.5)
    assert (first.deletion[1].low, first.deletion[1].high) == (-1.5, -1.0), "either visitor may be drawn twice"
    # above none: 1.0 and 0.0; 1.1 and 0.5
    assert [one.value for one in first.insertion] == [0.5, 0.8]
    assert first.milliseconds == 3.0
    ratios = summarize("next", (1, 2), TWO).of("leave_one_out")
    assert [one.value for one in ratios.deletion] == pytest.approx([(4 / 4.5 + 0.9) / 2, (3 / 4.5 + 0.8) / 2], abs=1e-4)
    assert [one.value for one in ratios.insertion] == pytest.approx([(1 + 0.8) / 2, (4.6 / 4.5 + 0.9) / 2], abs=1e-4)


def test_ranks_become_a_discounted_gain_and_shares_of_the_first():
    first = summarize("rating", (1, 2), TWO).of("leave_one_out")
    # ranks 1 and 1; 3 and 15: 1 / log2(4) and 1 / log2(16)
    assert [one.value for one in first.cdcg] == [1.0, (0.5 + 0.25) / 2]
    assert {top: [one.value for one in values] for top, values in first.pos.items()} == {
        5: [1.0, 0.5],
        10: [1.0, 0.5],
        20: [1.0, 1.0],
    }


def test_ways_are_compared_on_the_same_visitors_and_the_lowest_score_wins():
    found = summarize("rating", (1, 2), TWO)
    # −0.3 + 1.5 and −0.5 + 1.0
    other = found.of("b").difference
    assert (other.value, other.low, other.high) == pytest.approx((0.85, 0.5, 1.2))
    assert found.of("leave_one_out").difference.value == 0
    assert found.of("c") is None
    assert Fidelity((found,)).of("next") is None


# ---- Shapley values


def test_shapley_values_by_hand():
    """f = 2 a + 6 a b − 4 c: what two do together is halved."""
    values = shapley_values(lambda kept: kept @ [2, 0, -4] + 6.0 * kept[:, 0] * kept[:, 1], 3, permutations=2, seed=1)
    assert values.tolist() == pytest.approx([5, 3, -4])


@given(st.integers(1, 6), st.integers(0, 9), st.integers(1, 5))
def test_shapley_values_add_up_whatever_the_model(events, seed, permutations):
    worth = np.random.default_rng(seed).normal(size=2**events)

    def lookup(kept):
        return worth[kept @ 2 ** np.arange(events)]

    values = shapley_values(lookup, events, permutations, seed)
    assert values.sum() == pytest.approx(worth[-1] - worth[0])


def test_two_that_say_the_same_share_what_one_of_them_does():
    """Leaving out one of them shows nothing."""

    def either(kept):
        return 1.0 * (kept[:, 0] | kept[:, 2])

    assert shapley_values(either, 3, permutations=2, seed=0).tolist() == pytest.approx([0.5, 0, 0.5])


# ---- explainers


class Toy:
    """A recommender by stars of a history: ``stars`` of (movies kept,) bool; movies 0 … n − 1 on a line of vectors."""

    def __init__(self, stars, vectors):
        self.stars, self.embeddings = stars, np.array(vectors, float)
        self.catalogue = SimpleNamespace(rows=lambda ids: np.array(list(ids)), row=int)
        self.rating_counts = np.arange(len(vectors))[::-1]

    def vectors_of(self, rows):
        return self.embeddings[rows]

    def predict_many(self, visitors, movie_ids):
        kept = np.zeros((len(visitors), len(self.embeddings)), bool)
        for row, visitor in zip(kept, visitors, strict=True):
            row[list(visitor.ratings)] = True
        return SimpleNamespace(expected=self.stars(kept)[:, None])


def test_twins_are_found_only_where_what_they_do_together_is_shared():
    """Movies 0 and 1 say the same; 4 is the movie that is explained."""
    toy = Toy(
        lambda kept: 3 + 1.0 * (kept[:, 0] | kept[:, 1]) + 0.25 * kept[:, 2],
        [[1, 0], [1, 0], [0, 1], [0, 1], [0.6, 0.8]],
    )
    question = Question(Visitor(history=tuple(Event(movie, 4.0) for movie in (0, 1, 2, 3))), 4)
    assert explainers.leave_one_out(toy, question).tolist() == pytest.approx([0, 0, 0.25, 0])
    # the three most like it are all others: f(i alone) − f(none), halved, and half of leaving one out
    assert explainers.leave_one_out_shared(toy, question).tolist() == pytest.approx([0.5, 0.5, 0.25, 0])
    shares = explainers.shapley(toy, question)
    assert shares.sum() == pytest.approx(1.25)
    assert shares[2:].tolist() == pytest.approx([0.25, 0])
    assert explainers.similarity(toy, question).tolist() == pytest.approx([0.6, 0.6, 0.8, 0.8])
    assert explainers.recency(toy, question).argmax() == 3
    assert explainers.popularity(toy, question).tolist() == [4, 3, 2, 1]


def test_parts_of_a_history_keep_its_order_and_what_is_left_out_counts_as_seen():
    visitor = Visitor({"sex": "F"}, history=EVENTS[:3], seen=frozenset({7}))
    (part,) = partial_visitors(visitor, np.array([[True, False, True]]))
    assert part.history == (EVENTS[0], EVENTS[2])
    assert part.seen == {7, EVENTS[1].movie_id}
    assert part.demographic("sex") == "F"


# ---- a model


@pytest.mark.parametrize("task", ["rating", "next"])
@pytest.mark.parametrize("events", [1, 2, 7])
def test_every_way_gives_each_event_a_number(timeline_recommender, task, events):
    visitor = Visitor({"sex": "F", "age": 25, "occupation": "artist"}, EVENTS[:events])
    question = Question(visitor, recommended_first(timeline_recommender, visitor, task), task)
    for name, explain in EXPLAINERS.items():
        values = explain(timeline_recommender, question)
        assert values.shape == (events,), name
        assert np.isfinite(values).all(), name
    layers = explainers.attention_by_layer(timeline_recommender, question)
    assert list(layers) == ["Layer 1", "Layer 2"][: 2 if task == "rating" else 1], "as many as the tower has"
    assert np.mean(list(layers.values()), axis=0) == pytest.approx(
        EXPLAINERS["attention"](timeline_recommender, question)
    )


@pytest.mark.parametrize("task", ["rating", "next"])
def test_what_is_predicted_from_parts_is_what_the_recommender_predicts(timeline_recommender, task):
    visitor = Visitor({"sex": "F", "age": 25, "occupation": "artist"}, EVENTS, seen=frozenset({IDS[0]}))
    movie_id = recommended_first(timeline_recommender, visitor, task)
    assert movie_id not in visitor
    kept = np.array([[True] * 7, [False] * 7, [True, False] * 3 + [True]])
    outcome = predictor(timeline_recommender, Question(visitor, movie_id, task))(kept, True)
    row, everything = timeline_recommender.catalogue.row(movie_id), timeline_recommender.predict(visitor)
    unseen = [timeline_recommender.catalogue.row(other) for other in IDS if other not in visitor]
    likely = everything.distribution[row].argmax()
    assert outcome.rank[0] == 1
    for i, part in enumerate(partial_visitors(visitor, kept)):
        predictions = timeline_recommender.predict(part)
        score = predictions.expected if task == "rating" else predictions.watch_next
        assert outcome.score[i] == pytest.approx(score[row], abs=1e-5)
        assert outcome.rank[i] == 1 + sum(score[other] > score[row] for other in unseen)
        if task == "rating":
            assert outcome.level[i] == pytest.approx(predictions.distribution[row, likely], abs=1e-5)


def test_a_whole_measurement(timeline_recommender):
    steps = []
    visitors = [Visitor({"sex": "F"}, history=EVENTS), Visitor(history=EVENTS[:5]), Visitor()]
    fidelity = measure_fidelity(timeline_recommender, visitors, 0, steps.append)
    assert len(steps) == 4, "two towers, two visitors who watched something"
    for task in fidelity.tasks:
        assert (task.visitors, task.sizes) == (2, (1, 2, 3, 4, 5))
        assert [one.method for one in task.methods[: len(EXPLAINERS)]] == list(EXPLAINERS)
        for one in task.methods:
            for values in (one.deletion, one.insertion, one.cdcg, *one.pos.values()):
                assert len(values) == 5
                assert all(value.low <= value.value <= value.high for value in values)
            assert all(a.value <= b.value for a, b in zip(one.pos[5], one.pos[20], strict=True))
        assert bool(task.methods[0].level_deletion) == (task.task == "rating")
        assert task.best.deletion[-1].value == min(one.deletion[-1].value for one in task.methods)
    again = measure_fidelity(timeline_recommender, visitors, 0, steps.append)
    assert [one.deletion for one in again.tasks[0].methods] == [one.deletion for one in fidelity.tasks[0].methods]


def test_a_model_that_reads_three_movies_has_a_choice_of_at_most_two(small_recommender):
    fidelity = measure_fidelity(small_recommender, [Visitor({"sex": "M"}, history=EVENTS)], 0, lambda stage: None)
    (task,) = fidelity.tasks
    assert (task.task, task.sizes, task.level) == ("rating", (1, 2), None)
    assert [one.method for one in task.methods] == list(EXPLAINERS), "it has one layer"
