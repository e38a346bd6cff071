"""A timeline model behind the one door: stars, distributions, the next movie, later likes, and four orders."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.explanation import attention
from bst.inference import ranking
from bst.inference.recommender import Filters, RankOptions
from bst.models.weights import weights_of
from bst.schema import Event, Visitor
from bst.scoring.encoding import encode_history
from bst.scoring.results import Predictions
from tests.unit.engine_parts import next_inference, rating_inference

IDS = [100 + 3 * i for i in range(30)]


@pytest.fixture
def visitor() -> Visitor:
    """Someone who agrees with most: movies in even rows are good."""
    return Visitor(
        {"sex": "F", "age": 25, "occupation": "artist"}, (Event(IDS[0], 5), Event(IDS[3], 1), Event(IDS[4], 5))
    )


def seen_rows(visitor: Visitor) -> list[int]:
    return [IDS.index(event.movie_id) for event in visitor.history]


# ---- what is predicted


@pytest.mark.parametrize("events", [0, 1, 3])
def test_probabilities_add_up(events, timeline_recommender, visitor):
    visitor = replace(visitor, history=visitor.history[:events])
    made = timeline_recommender.predict(visitor)
    assert made.distribution.shape == (30, 5)
    assert (made.distribution > 0).all()
    np.testing.assert_allclose(made.distribution.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(made.expected, made.distribution @ [1, 2, 3, 4, 5], atol=1e-5)
    assert made.watch_next.shape == (30,)
    assert made.watch_next.sum() == pytest.approx(1, abs=1e-5)
    seen = np.isin(np.arange(30), seen_rows(visitor))
    assert (made.watch_next[seen] == 0).all()
    assert (made.watch_next[~seen] > 0).all()


def test_predictions_are_those_of_the_model(timeline_recommender, timeline_model, visitor):
    """Each movie in turn as the event after the history, in one pass of the model, with inputs written out here."""
    made = timeline_recommender.predict(visitor)
    movies = np.c_[np.tile([0, 3, 4], (30, 1)), np.arange(30)].astype(np.int32)
    inputs = {"movie": movies, "level": np.tile([4, 0, 4, 0], (30, 1)).astype(np.int32)}
    # no time is known
    inputs |= {"gap": np.zeros((30, 4), np.int32), "month": np.zeros((30, 4), np.int32)}
    inputs |= {name: np.full(30, code, np.int32) for name, code in (("sex", 0), ("age", 2), ("occupation", 2))}
    logits = np.array(timeline_model(inputs), np.float64)[:, 3]
    levels = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(made.distribution, levels, atol=1e-5)
    states, vectors = timeline_model.next(inputs)
    chance = np.exp(np.array(timeline_model.next.logits(states[:1, 3], [3], vectors)[0], np.float64))
    chance[[0, 3, 4]] = 0  # among unseen movies
    np.testing.assert_allclose(made.watch_next, chance / chance.sum(), atol=1e-5)


def test_whoever_has_seen_everything_watches_nothing_next(timeline_recommender):
    everything = Visitor(history=tuple(Event(movie, 3) for movie in IDS))
    assert timeline_recommender.predict(everything).watch_next.tolist() == [0] * 30
    assert timeline_recommender.rank(everything, 10, RankOptions(order="next")) == []
    again = timeline_recommender.rank(everything, 3, RankOptions(Filters(include_seen=True), "next"))
    assert [row.watch_next for row in again] == [0, 0, 0]


def test_what_was_seen_and_not_rated_is_in_no_list_and_not_read(timeline_recommender, visitor):
    first = timeline_recommender.rank(visitor, 3)
    seen = visitor.with_seen(*(row.movie_id for row in first))
    after = timeline_recommender.rank(seen, None)
    assert {row.movie_id for row in after}.isdisjoint(seen.all_seen)
    # the model reads the history alone: ratings stay as they are, and what may come next is shared out anew
    np.testing.assert_array_equal(
        timeline_recommender.expected_ratings(seen), timeline_recommender.expected_ratings(visitor)
    )
    before, chances = (timeline_recommender.predict(one).watch_next for one in (visitor, seen))
    rows = timeline_recommender.catalogue.rows(seen.seen)
    assert (chances[rows] == 0).all()
    left = np.delete(before, rows)
    np.testing.assert_allclose(np.delete(chances, rows), left / left.sum(), rtol=1e-4)
    assert timeline_recommender.recommendation(seen, first[0].movie_id).seen
    many = timeline_recommender.predict_many([visitor, seen], [first[0].movie_id, after[0].movie_id], ["next"])
    np.testing.assert_allclose(
        many.watch_next,
        [
            [values[timeline_recommender.catalogue.row(row.movie_id)] for row in (first[0], after[0])]
            for values in (before, chances)
        ],
        rtol=1e-4,
    )


def test_the_planted_order_shows(timeline_recommender, orderly):
    """Everybody watches in one order; of who has come some way, the next movie is told more often than by chance."""
    # the order is a circle of 30, of which each timeline has 24
    following = {}
    for _, timeline in orderly.ratings.groupby("user"):
        following |= dict(pairwise(timeline["movie"]))
    assert len(following) == 30
    places = []
    for start in range(0, 30, 3):
        rows = [start]
        while len(rows) < 9:
            rows.append(following[rows[-1]])
        history = tuple(Event(IDS[row], 4 if row % 2 == 0 else 2) for row in rows[:-1])
        chance = timeline_recommender.predict(Visitor(history=history)).watch_next
        places.append((chance > chance[rows[-1]]).sum() + 1)
    # 22 movies are unseen: by chance the mean place is 11.5
    assert np.mean(places) < 5


def test_predictions_are_shared_and_read_only(timeline_recommender, visitor):
    made = timeline_recommender.predict(visitor)
    assert timeline_recommender.predict(replace(visitor)) is made
    for values in (made.expected, made.distribution, made.watch_next, made.like_logit, made.popularity_logit):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1


# ---- lists


def test_a_list_is_ordered_by_what_was_asked_for(timeline_recommender, visitor):
    made = timeline_recommender.predict(visitor)
    assert timeline_recommender.orders == ("like", "rating", "next", "blend")
    counts = timeline_recommender.rating_counts
    liked = made.distribution[:, 3] + made.distribution[:, 4]
    unseen = [row for row in range(30) if row not in (0, 3, 4)]
    lists = {}
    for order, key in (
        ("like", made.like_logit),
        # less 1.645 standard errors of one rating's deviation, a quarter of the scale
        ("rating", made.expected - 1.645 / np.sqrt(counts + 1)),
        ("next", made.watch_next),
        ("blend", made.watch_next * liked),
    ):
        rows = timeline_recommender.rank(visitor, 12, RankOptions(order=order))
        lists[order] = [IDS.index(row.movie_id) for row in rows]
        assert lists[order] == sorted(unseen, key=lambda row: -key[row])[:12], order
        assert [row.rank for row in rows] == list(range(1, 13))
        for row, place in zip(rows, lists[order], strict=True):
            assert row.expected_rating == made.expected[place]
            assert row.distribution == tuple(made.distribution[place].tolist())
            assert row.watch_next == made.watch_next[place]
            assert row.will_like == made.will_like[place]
    assert len({tuple(rows) for rows in lists.values()}) == 4, "four orders, four lists"
    assert [row.movie_id for row in timeline_recommender.rank(visitor, 12)] == [IDS[i] for i in lists["like"]]


def predicting(predictions, bundle, dataset):
    """A recommender that predicts the same for every visitor."""
    from bst.inference.recommender import Recommender

    scorer = SimpleNamespace(max_history=300, tasks=("rating", "next"), predict=lambda visitor, rows: predictions)
    return Recommender(bundle, Catalogue(dataset.movies), scorer)


def test_equally_likely_movies_are_ordered_by_rating(timeline_bundle, orderly):
    expected, chance = np.full(30, 3.0), np.zeros(30)
    expected[[9, 5, 7]], chance[[7, 9]] = [4, 5, 4], 0.5
    levels = np.tile([0, 0, 0.4, 0.3, 0.3], (30, 1))
    levels[9] = [0.9, 0, 0, 0, 0.1]
    there = predicting(Predictions(expected, levels, chance), timeline_bundle, orderly)

    def rows(order):
        return [IDS.index(row.movie_id) for row in there.rank(Visitor(), 4, RankOptions(order=order))]

    assert rows("next") == [7, 9, 5, 0]
    # 0.5 × 0.6 before 0.5 × 0.1
    assert rows("blend") == [7, 9, 5, 0]
    swapped = levels.copy()
    swapped[[7, 9]] = levels[[9, 7]]
    there = predicting(Predictions(expected, swapped, chance), timeline_bundle, orderly)
    assert rows("blend") == [9, 7, 5, 0]
    # of equal ratings that with more behind it is the surer one
    by_count = sorted(range(30), key=lambda row: (-expected[row], -there.rating_counts[row]))
    assert rows("rating") == by_count[:4]
    assert rows("rating")[0] == 5


def test_half_stars_from_four_on_are_liked(timeline_bundle, orderly):
    halves = tuple(half / 2 for half in range(1, 11))
    chance, levels = np.full(30, 1 / 30), np.zeros((30, 10))
    levels[:, 6] = 1  # 3.5 stars
    levels[8] = np.eye(10)[7]  # 4 stars
    levels[2] = 0.5 * (np.eye(10)[8] + np.eye(10)[0])
    there = predicting(Predictions(np.full(30, 3.0), levels, chance), replace(timeline_bundle, levels=halves), orderly)
    assert [IDS.index(row.movie_id) for row in there.rank(Visitor(), 3, RankOptions(order="blend"))] == [8, 2, 0]


def test_the_weight_of_a_blend_leads_from_liked_to_likely_next(timeline_recommender, visitor):
    def rows(order, weight=0.5):
        return timeline_recommender.ranked_rows(visitor, RankOptions(order=order, weight=weight)).tolist()

    made = timeline_recommender.predict(visitor)
    liked = made.distribution[:, 3] + made.distribution[:, 4]
    assert rows("blend", 1) == rows("next")
    assert rows("blend", 0) == sorted(rows("blend", 0), key=lambda row: -liked[row])
    assert len({tuple(rows("blend", weight)) for weight in (0, 0.5, 1)}) == 3


@pytest.mark.parametrize("recommender", ["timeline_recommender", "small_recommender"])
def test_a_varied_list_has_the_same_movies_in_another_order(recommender, request, visitor):
    recommender = request.getfixturevalue(recommender)
    plain, varied = (recommender.rank(visitor, None, RankOptions(diversity=diversity)) for diversity in (0, 0.8))
    assert plain[0].movie_id == varied[0].movie_id, "the best stays the best"
    assert {row.movie_id for row in plain} == {row.movie_id for row in varied}
    assert [row.movie_id for row in plain] != [row.movie_id for row in varied]
    assert [row.rank for row in varied] == list(range(1, 28))
    assert recommender.rank(visitor, 5, RankOptions(diversity=0.8)) == varied[:5]
    vectors = recommender.embeddings
    assert vectors.shape[0] == 30
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("order", ["like", "rating", "next", "blend"])
def test_a_large_catalogue_is_ranked_in_two_stages(order, timeline_recommender, visitor, monkeypatch):
    """With all movies in the second stage the list is the exact one; with some, it begins with the best of those."""
    options = RankOptions(Filters(years=(1972, 1999)), order=order)
    exact = timeline_recommender.ranked_rows(visitor, options).tolist()
    best = [row.movie_id for row in timeline_recommender.rank(visitor, 5, options)]
    monkeypatch.setattr(ranking, "MOST_IN_ONE_STAGE", 0)
    assert timeline_recommender.ranked_rows(visitor, options).tolist() == exact
    listed = timeline_recommender.rank(visitor, 5, options)
    assert [row.movie_id for row in listed] == best
    predicted = timeline_recommender.predict(visitor).expected
    assert [row.expected_rating for row in listed] == pytest.approx(
        [predicted[IDS.index(movie_id)] for movie_id in best], abs=1e-5
    )
    monkeypatch.setattr(ranking, "RETRIEVED", 12)
    rows = timeline_recommender.ranked_rows(visitor, options).tolist()
    assert sorted(rows) == sorted(exact), "no movie is lost"
    if order in ("like", "next"):  # whose first stage is exact
        assert rows == exact
    else:
        first = rows[:6]  # a blend retrieves 6 by each of its parts, which may be the same
        assert first == sorted(first, key=exact.index)


def test_fame_is_told_by_the_ratings_of_the_dataset(timeline_bundle, timeline_model, orderly, orderly_dir, visitor):
    from bst.inference.recommender import Recommender

    there = Recommender.load(timeline_bundle, orderly_dir, weights=weights_of(timeline_model))
    counts = orderly.ratings["movie"].value_counts().reindex(range(30), fill_value=0)
    assert there.rating_counts.tolist() == counts.tolist()
    fewer = np.array([(counts < own).sum() / 30 for own in counts])
    low, high = (
        {IDS.index(row.movie_id) for row in there.rank(visitor, None, RankOptions(Filters(popularity=popularity)))}
        for popularity in ((0, 0.5), (0.5, 1))
    )
    assert low == set(np.flatnonzero(fewer < 0.5)) - {0, 3, 4}
    assert high == set(np.flatnonzero(fewer >= 0.5)) - {0, 3, 4}


def test_a_classic_model_orders_by_rating_only(small_recommender, visitor):
    assert small_recommender.orders == ("rating",)
    made = small_recommender.predict(visitor)
    assert (made.distribution, made.watch_next) == (None, None)
    for order in ("next", "blend"):
        with pytest.raises(VisitorError, match=rf"model small cannot order by '{order}'; it can by: rating"):
            small_recommender.rank(visitor, 10, RankOptions(order=order))


def test_without_fame_the_list_is_what_they_like_more_than_others(timeline_recommender, visitor):
    made, nobody = (timeline_recommender.predict(one) for one in (visitor, Visitor()))
    unseen = [row for row in range(30) if row not in (0, 3, 4)]
    for fame in (0, 0.5, 1):
        rows = timeline_recommender.ranked_rows(visitor, RankOptions(order="like", popularity_weight=fame)).tolist()
        assert rows == sorted(unseen, key=lambda row: -(made.like_logit - (1 - fame) * nobody.like_logit)[row]), fame


def test_one_movie_seen_or_not(timeline_recommender, visitor):
    made = timeline_recommender.predict(visitor)
    there = timeline_recommender.recommendation(visitor, IDS[0])
    assert (there.seen, there.watch_next, there.title) == (True, 0, "Story Number 0 (1970)")
    other = timeline_recommender.recommendation(visitor, IDS[7])
    assert (other.seen, other.watch_next) == (False, made.watch_next[7])
    assert other.rank == (made.expected > made.expected[7]).sum() + 1
    assert other.distribution == tuple(made.distribution[7].tolist())


# ---- what is read of a visitor


def long_history(events: int) -> tuple[Event, ...]:
    return tuple(Event(IDS[(7 * i) % 30], 1 + i % 5) for i in range(events))


def test_only_the_newest_events_are_read(timeline_recommender):
    assert timeline_recommender.max_history == 12
    history = long_history(20)
    newest, whole = Visitor(history=history[8:]), Visitor(history=history)
    assert timeline_recommender.read_events(whole) == history[8:]
    made, short = timeline_recommender.predict(whole), timeline_recommender.predict(newest)
    np.testing.assert_allclose(made.distribution, short.distribution, atol=1e-6)
    # what is out of sight was seen all the same, and is not watched again
    rows = seen_rows(whole)
    assert (made.watch_next[rows] == 0).all()
    unseen = np.setdiff1d(np.arange(30), rows)
    among_unseen = short.watch_next[unseen] / short.watch_next[unseen].sum()
    np.testing.assert_allclose(made.watch_next[unseen], among_unseen, atol=1e-5)
    thirteen, twelve = (Visitor(history=history[-n:]) for n in (13, 11))
    np.testing.assert_allclose(timeline_recommender.predict(thirteen).distribution, short.distribution, atol=1e-6)
    assert np.abs(timeline_recommender.predict(twelve).distribution - short.distribution).max() > 1e-6


def test_times_become_gaps(visitor):
    at = 978_300_000
    times = (at, at + 3, None, at + 100, at + 100 + 15, at + 115 + 86_400)
    history = tuple(Event(IDS[i], 4, time) for i, time in enumerate(times))
    read = encode_history(Visitor(history=history), np.arange(6), 10)
    # buckets of segments.gap_buckets: 3 s is 2, 15 s is 3, a day ceil(log2(86401) / 2) + 1 = 10
    assert read.gap.tolist() == [0, 2, 0, 0, 3, 10]
    assert read.movie.tolist() == [0, 1, 2, 3, 4, 5]
    assert read.rating.tolist() == [4.0] * 6
    # of the newest three the first has nothing before it
    cut = encode_history(Visitor(history=history), np.arange(6), 3)
    assert (cut.movie.tolist(), cut.gap.tolist()) == ([3, 4, 5], [0, 3, 10])
    assert [values.dtype for values in cut[:3]] == [np.int32, np.float32, np.int32]


def test_times_become_months():
    # January 1995 is 1; 15 December 2000, 71.5 months of 30.44 days later, is 72; the eighties count as 1995
    times = (788_918_400, 976_838_400, 500_000_000, None)
    history = tuple(Event(IDS[i], 4, time) for i, time in enumerate(times))
    assert encode_history(Visitor(history=history), np.arange(4), 10).month.tolist() == [1, 72, 1, 0]


def test_a_visitor_who_says_nothing_of_time_has_no_gaps(visitor):
    read = encode_history(visitor, np.array([0, 3, 4]), 10)
    assert (read.gap.tolist(), read.month.tolist()) == ([0, 0, 0], [0, 0, 0])
    empty = encode_history(Visitor(), np.array([], int), 10)
    assert [len(values) for values in empty] == [0] * len(empty)


def test_known_times_are_read(timeline_recommender, visitor):
    dated = replace(visitor, history=tuple(replace(e, timestamp=10**9 + i) for i, e in enumerate(visitor.history)))
    before, after = (timeline_recommender.predict(v) for v in (visitor, dated))
    assert np.abs(after.distribution - before.distribution).max() > 1e-7
    assert np.abs(after.watch_next - before.watch_next).max() > 1e-7


def test_padding_in_any_order_changes_nothing(timeline_recommender, timeline_model, visitor):
    """Whatever stands behind the end of a history, the model reads what the recommender gives it without padding."""
    rating, following = rating_inference(timeline_model), next_inference(timeline_model)
    made, rng = timeline_recommender.predict(visitor), np.random.default_rng(0)
    for _ in range(3):
        rubbish = {name: rng.integers(0, 5, 9) for name in ("level", "gap", "month")} | {"movie": np.full(9, -1)}
        told = {"movie": [0, 3, 4], "level": [4, 0, 4], "gap": [0] * 3, "month": [0] * 3}
        inputs = {name: np.append(values, rubbish[name])[None].astype(np.int32) for name, values in told.items()}
        inputs |= {name: np.array([code], np.int32) for name, code in (("sex", 0), ("age", 2), ("occupation", 2))}
        logits = np.array(rating.score(rating.encode(inputs), np.arange(30))[0])[0]
        levels = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        np.testing.assert_allclose(levels, made.distribution, atol=1e-5)
        chance = np.exp(np.array(following.logits(*following.encode(inputs)))[0])
        chance[[0, 3, 4]] = 0
        np.testing.assert_allclose(chance / chance.sum(), made.watch_next, atol=1e-5)


def test_a_rating_or_movie_that_the_dataset_does_not_know(timeline_recommender, visitor):
    with pytest.raises(VisitorError, match=r"Story Number 8 \(1978\) cannot be rated 3.5"):
        timeline_recommender.predict(visitor.watched(IDS[8], 3.5))
    with pytest.raises(VisitorError, match="no movie 1 "):
        timeline_recommender.predict(replace(visitor, history=(Event(1, 5),)))
    with pytest.raises(VisitorError, match="no movie 1 "):
        timeline_recommender.attention(visitor, 1)


# ---- attention


@pytest.mark.parametrize("events", [0, 1, 5, 20])
def test_attention_is_over_the_visitor_and_the_events_that_were_read(events, timeline_recommender):
    visitor = Visitor({"sex": "F"}, history=long_history(events))
    seen = attention(timeline_recommender, visitor, IDS[29])
    looks, read = seen.weights, min(events, 12)
    assert seen.events == visitor.history[events - read :]
    # two layers of two heads
    assert looks.heads == tuple(f"Layer {layer}, head {head}" for layer in (1, 2) for head in (1, 2))
    assert looks.to_events.shape == (4, read)
    assert looks.to_rest.shape == (4,)
    assert looks.rest == "who the visitor is"
    between = looks.between
    assert (between.before, between.after) == (("who the visitor is",), ())
    # one layer of content lies between two of queries
    assert between.heads == ("Layer 1, head 1", "Layer 1, head 2")
    assert between.weights.shape == (2, read + 1, read + 1)
    np.testing.assert_allclose(between.weights.sum(axis=2), 1, atol=1e-5)
    assert (np.triu(between.weights, 1) == 0).all(), "no event sees a later one"
    np.testing.assert_allclose(looks.to_events.sum(axis=1) + looks.to_rest, 1, atol=1e-5)
    assert (looks.to_rest > 0).all()
    assert events or looks.to_rest.tolist() == [1] * 4
    assert seen.expected_rating == timeline_recommender.expected_ratings(visitor, [IDS[29]])[0]


def test_attention_is_that_of_the_whole_pass(timeline_recommender, timeline_model, visitor):
    """The candidate stands behind the events; its row of the model's own scores is what is shown."""
    looks = timeline_recommender.attention(visitor, IDS[20])
    zeros = np.zeros((1, 4), np.int32)
    inputs = {"movie": np.array([[0, 3, 4, 20]], np.int32), "level": np.array([[4, 0, 4, 0]], np.int32)}
    inputs |= {"gap": zeros, "month": zeros}
    inputs |= {name: np.array([code], np.int32) for name, code in (("sex", 0), ("age", 2), ("occupation", 2))}
    scores = np.array(timeline_model(inputs, return_attention_scores=True)[1])  # (1, layers, heads, 4, 4)
    rows = scores[0, :, :, 3].reshape(4, 4)
    np.testing.assert_allclose(looks.to_rest, rows[:, 0], atol=1e-5)
    np.testing.assert_allclose(looks.to_events, rows[:, 1:], atol=1e-5)


@pytest.mark.parametrize("events", [0, 1, 5, 20])
@pytest.mark.parametrize("task", ["next", "like"])
def test_a_tower_looks_from_the_newest_event_whatever_the_movie(task, events, timeline_recommender):
    looks = timeline_recommender.tower_attention(Visitor({"sex": "F"}, history=long_history(events)), task)
    read, layers = min(events, 12), timeline_recommender.bundle.config.towers[task].layers
    assert looks.heads == tuple(f"Layer {layer}, head {head}" for layer in range(1, layers + 1) for head in (1, 2))
    assert looks.to_events.shape == (2 * layers, read)
    np.testing.assert_allclose(looks.to_events.sum(axis=1) + looks.to_rest, 1, atol=1e-5)
    if layers > 1:
        assert looks.between.weights.shape == (2 * layers - 2, read + 1, read + 1)
        # of these layers the newest token's row is what is shown
        np.testing.assert_allclose(looks.between.weights[:, -1, 1:], looks.to_events[:-2], atol=1e-6)


def test_what_is_not_predicted_is_not_looked_for(small_recommender, timeline_recommender):
    for recommender, task in ((small_recommender, "like"), (timeline_recommender, "rating")):
        with pytest.raises(ValueError, match=f"this model has no tower for task '{task}'"):
            recommender.tower_attention(Visitor(), task)


def test_a_recommender_by_name_of_its_bundle(eager, timeline_bundle, timeline_recommender, visitor, data_here):
    from bst.inference.recommender import Recommender

    loaded = Recommender.load(timeline_bundle.folder)
    made, whole = loaded.predict(visitor), timeline_recommender.predict(visitor)
    np.testing.assert_allclose(made.distribution, whole.distribution, atol=1e-6)
    np.testing.assert_allclose(made.watch_next, whole.watch_next, atol=1e-6)
