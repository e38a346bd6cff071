"""Protocol ``list``: who is asked, what counts as liked later, and the metrics of lists by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bst.bundles import sidecars
from bst.bundles.bundle import open_bundle
from bst.errors import ConfigError
from bst.evaluation import measure_lists
from bst.evaluation.later_likes import LONG, Catalogue, LaterLikes, MeasuredLists, like_histories
from bst.evaluation.list_record import ListRecord
from bst.evaluation.records import Interval
from bst.evaluation.rivals import RIVALS, top_rows
from bst.inference.ranking import RankOptions
from bst.metrics import Bootstrap
from bst.schema import Event
from bst.timelines.arrays import build_timelines
from bst.timelines.splits import TEST, TRAIN, VALIDATION, EvaluationSplit


@pytest.fixture
def split(tiny_dataset) -> EvaluationSplit:
    """The tiny dataset's three users: one to learn from, one for validation, one for test."""
    role = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [3, 5, 6])
    return EvaluationSplit(tiny_dataset, build_timelines(tiny_dataset), "visitor", 0, role)


# ---- labels


def test_later_likes_by_hand(split):
    # user 0 rates movies 2, 0, 1 with 3, 5, 4; user 1 movies 0 … 4 with 1 … 5; user 2 5 … 0 with 3, 3, 4, 4, 5, 5
    later = LaterLikes.of(split, np.array([2, 0, 1]), 1, least=1)
    assert later.users.tolist() == [2, 0, 1]
    assert later.known.movie.tolist() == [5, 2, 0]
    assert later.stars.toarray().tolist() == [[5, 5, 4, 4, 3, 0], [5, 4, 0, 0, 0, 0], [0, 2, 3, 4, 5, 0]]
    assert later.likes.tolist() == [4, 2, 2], "4 stars or more"
    later = LaterLikes.of(split, np.array([0, 1, 2]), 5, least=1)
    assert later.users.tolist() == [2], "the others like nothing after five ratings"
    assert later.likes.tolist() == [1]


def test_who_rates_less_than_a_list_is_long_is_left_out(split):
    # three, five and six ratings
    assert LaterLikes.of(split, np.array([0, 1, 2]), 1, least=4).users.tolist() == [1, 2]
    assert LaterLikes.of(split, np.array([0, 1, 2]), 1, least=5).users.tolist() == [2]
    assert len(LaterLikes.of(split, np.array([0, 1, 2]), 1)) == 0, "ten by default"


def test_visitors_are_as_in_the_app(split):
    ids = split.dataset.movies["movie_id"].to_numpy()
    (visitor,) = LaterLikes.of(split, np.array([2]), 2, least=1).visitors(ids)
    assert (visitor.demographic("sex"), visitor.demographic("age"), visitor.demographic("occupation")) == (
        "F",
        56,
        "retired",
    )
    assert visitor.history == (Event(60, 3.0), Event(50, 3.0)), "without times"
    assert visitor.seen == frozenset(), "nothing of what comes later is known"


def test_demographics_are_one_hot(split):
    whole = like_histories(split, np.array([1, 2]))
    # 2 sexes, 7 age groups, 21 occupations: M, under 18, K-12 student; F, 56 and over, retired
    assert [np.flatnonzero(row).tolist() for row in whole.demographics] == [[1, 2, 9 + 10], [0, 8, 9 + 13]]
    unknown = split.dataset.users.assign(sex=split.dataset.users["sex"].where([True, False, True]))
    whole = like_histories(replace(split, dataset=replace(split.dataset, users=unknown)), np.array([1]))
    assert np.flatnonzero(whole.demographics[0]).tolist() == [2, 19]


# ---- metrics


def padded(*lists: list[int]) -> np.ndarray:
    return np.array([rows + [-1] * (LONG - len(rows)) for rows in lists])


def test_metrics_by_hand(split):
    later = LaterLikes.of(split, np.array([0, 1, 2]), 1, least=1)
    # stars given later: 5 – 4 – –; 2 3 4 – 5; 3 4 4 5 5
    lists = padded([0, 3, 1, 4, 5], [1, 2, 3, 5, 4], [4, 3, 2, 1, 0])
    measured = MeasuredLists.of(lists, later, Catalogue.of(split))
    quality = measured.quality(Bootstrap(np.arange(3)))
    discount = 1 / np.log2(np.arange(2, 7))
    ndcg = [discount[[0, 2]].sum() / discount[:2].sum()]
    ndcg += [discount[[2, 4]].sum() / discount[:2].sum(), discount[1:].sum() / discount[:4].sum()]
    values = {name: interval.value for name, interval in quality.values.items()}
    assert values == pytest.approx(
        {
            "precision@10": (2 + 2 + 4) / 30,
            "ndcg@10": np.mean(ndcg),
            "recall@50": 1.0,
            "stars": (9 + 14 + 21) / (2 + 4 + 5),
            "top_share": 1.0,  # movie 1 is on all three
        }
    ), "lists of fewer than ten have no novelty, diversity and calibration"
    assert (quality.users, quality.distinct, quality.differences) == (3, 6, {})
    assert quality.values["recall@50"] == Interval(1, 1, 1)
    low, high = quality.values["precision@10"].low, quality.values["precision@10"].high
    assert (low, high) == pytest.approx((0.2, 0.4)), "from draws of one user alone to those of the best alone"


def test_differences_are_paired_by_user(split):
    later, bootstrap = LaterLikes.of(split, np.array([0, 1, 2]), 1, least=1), Bootstrap(np.arange(3))
    ours, theirs = (
        MeasuredLists.of(padded(*lists), later, Catalogue.of(split))
        for lists in ([[0, 1], [3, 4], [0, 1]], [[0, 3], [3, 1], [0, 4]])
    )
    difference = theirs.quality(bootstrap, ours).difference
    assert difference.value == difference.low == difference.high == pytest.approx(0.1), "one hit more for each user"
    assert ours.quality(bootstrap, theirs).difference.sign == -1


def test_contents_of_full_lists(world):
    from bst.models.registry import prepare, preset

    split = prepare(world, preset("timeline"), "visitor", 3)
    users = measure_lists.test_users(split)
    later = LaterLikes.of(split, users, 1)
    lists = np.tile(padded(list(range(2, 12))), (len(users), 1))
    values = MeasuredLists.of(lists, later, Catalogue.of(split)).quality(Bootstrap(np.arange(len(users)))).values
    # each movie of the world has two genres, the i-th of 18 and the fifth after it; ten movies share ten pairs
    shared = sum(1 for i in range(2, 12) for j in range(2, 12) if abs(i - j) in (5, 13))
    assert values["diversity"].value == pytest.approx(1 - shared * 0.5 / 90)
    assert values["novelty"].low == pytest.approx(values["novelty"].high), "everybody has the same list"
    assert values["calibration"].value > 0


# ---- lists


def test_equal_scores_are_ordered_by_popularity_and_known_movies_left_out(split):
    class Indifferent:
        def scores(self, known):
            return np.array([[0, 0, 1, 0, 0, 9]] * known.users, np.float32)

    known = like_histories(split, np.array([2])).first(1)  # who knows movie 5
    lists = top_rows(Indifferent(), known, popular=np.array([3, 0, 5, 4, 1, 2]), k=6)
    assert lists.tolist() == [[2, 3, 0, 4, 1, -1]]


# ---- a bundle


@pytest.fixture(scope="module")
def record(timeline_bundle, timeline_task) -> ListRecord:
    return measure_lists.measure(timeline_bundle, timeline_task)


def test_lists_are_those_of_the_app(record, timeline_recommender, timeline_task, orderly):
    order = np.random.default_rng(3).permutation(40)[:4]
    assert (record.users, record.seed, record.default) == (4, 3, timeline_recommender.orders[0])
    assert list(record.orders) == list(timeline_recommender.orders)
    assert list(record.ours) == [1, 5, 10], "nobody has more than 24 ratings, and ten must come later"
    ids, events = orderly.movies["movie_id"].to_numpy(), timeline_task.timelines
    for name, by_length in record.orders.items():
        later = LaterLikes.of(timeline_task, order, 5)
        hits = []
        for user, visitor in zip(order, later.visitors(ids), strict=True):
            after = slice(events.offsets[user] + 5, events.offsets[user + 1])
            liked = set(ids[events.movie[after][events.rating[after] >= 4]].tolist())
            rows = timeline_recommender.rank(visitor, 10, RankOptions(order=name))
            hits += [row.movie_id in liked for row in rows]
        assert by_length[5].precision.value == pytest.approx(np.mean(hits)), name


def test_chances_are_of_all_unseen_movies(record):
    """Thirty movies less those that are known, for each user."""
    for events, bins in record.chances.items():
        assert sum(b.labels for b in bins) == record.ours[events].users * (30 - events)
        assert all(b.low <= b.predicted <= b.high for b in bins)


def test_the_curve_ends_at_the_list_as_predicted(record):
    assert record.default == "like"
    assert list(record.curve) == list(record.ours)
    for events, points in record.curve.items():
        assert [point.fame for point in points] == [0, 0.25, 0.5, 0.75, 1]
        as_predicted = record.ours[events]
        assert (points[-1].precision, points[-1].distinct) == (as_predicted.precision, as_predicted.distinct)


def test_rivals_are_on_the_same_users(record):
    measured = set(record.rivals) | set(record.left_out)
    assert measured == set(RIVALS)
    for name, by_length in record.rivals.items():
        assert {n: quality.users for n, quality in by_length.items()} == {
            n: quality.users for n, quality in record.ours.items()
        }
        ours, theirs = record.ours[5].precision.value, by_length[5].precision.value
        assert by_length[5].difference.value == pytest.approx(ours - theirs), name
    assert record.ours[5].difference is None
    assert set(record.settings) == set(record.rivals) - {"most_liked"}


def test_fewer_users_on_request(timeline_bundle, timeline_task):
    few = measure_lists.measure(timeline_bundle, timeline_task, users=2)
    assert few.users == few.ours[1].users == 2


def test_the_record_is_kept_with_the_bundle(record, timeline_bundle):
    plain = json.loads(json.dumps(record.to_dict()))
    assert ListRecord.from_dict(plain) == record
    assert plain["metrics"] == plain["orders"][record.default]
    assert measure_lists.keep(timeline_bundle, record) is None
    try:
        assert measure_lists.read(open_bundle(timeline_bundle.folder)) == record
        sidecars.save(timeline_bundle, measure_lists.NAME, plain | {"version": 0})
        assert measure_lists.read(timeline_bundle) is None, "of another version"
        sidecars.save(timeline_bundle, measure_lists.NAME, plain | {"orders": {}})
        assert measure_lists.read(timeline_bundle) is None, "damaged"
    finally:
        (timeline_bundle.folder / f"{measure_lists.NAME}.json").unlink()


def test_a_model_that_knows_the_users_is_refused(small_bundle, timeline_bundle):
    with pytest.raises(ConfigError, match=r"trained on all users.*--preset \S+ --protocol visitor$"):
        measure_lists.check_unseen(small_bundle)
    with pytest.raises(ConfigError, match=r"under protocol last\. Train with: .* --protocol visitor$"):
        measure_lists.check_unseen(replace(timeline_bundle, protocol="last"))


def test_it_can_be_stopped(timeline_bundle, timeline_task):
    class StoppedError(Exception):
        pass

    def on_progress(share, stage):
        if "lists" in stage:
            raise StoppedError

    with pytest.raises(StoppedError):
        measure_lists.measure(timeline_bundle, timeline_task, on_progress)
