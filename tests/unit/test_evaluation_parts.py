"""Everything that the Evaluation page shows, computed by hand on made-up labels."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve

from bst.bundles import sidecars
from bst.bundles.bundle import open_bundle
from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.evaluation import lists, measure, user_results
from bst.evaluation.calibration import calibration, rating_shares
from bst.evaluation.codec import from_json, to_json
from bst.evaluation.compare import compare, incomparable_reason
from bst.evaluation.history_length import by_history, known_after
from bst.evaluation.predictions import TestLabels, baseline_comparisons, error_bounds, metric_bounds
from bst.evaluation.records import (
    EvaluationRecord,
    HistoryBin,
    Interval,
    LabelMovies,
    ListMetrics,
    Metrics,
    RankingEvaluation,
    Slice,
)
from bst.evaluation.slices import fairness, slices
from bst.evaluation.user_errors import UserErrors, user_errors
from bst.evaluation.user_results import UserResults
from bst.evaluation.worst_errors import WorstError, worst_errors
from bst.metrics import ece, paired_bootstrap
from bst.models.classic.config import ClassicConfig
from bst.models.timeline.config import TimelineConfig
from bst.schema import WHOLE_STARS, Dataset, Event, Visitor
from bst.settings import get_settings
from bst.timelines.arrays import build_timelines
from bst.timelines.splits import TEST, TRAIN, EvaluationSplit


def made_up(users: int, events: int, movies: int, rating, sex=lambda u: "FM"[u % 2]) -> Dataset:
    """User u's i-th event is movie (u + i) of the catalogue, rated ``rating(u, i)``."""
    rows = [(u, (u + i) % movies, rating(u, i), 100 * i) for u in range(users) for i in range(events)]
    kinds = {"user": "int32", "movie": "int32", "rating": "float32", "timestamp": "int64"}
    people = {
        "user_id": range(1, users + 1),
        "sex": pd.Categorical([sex(u) for u in range(users)], SEXES),
        "age": pd.Categorical([25] * users, AGES),
        "occupation": pd.Categorical(["artist"] * users, OCCUPATIONS),
    }
    catalogue = {
        "movie_id": [10 * (m + 1) for m in range(movies)],
        "title": [f"Movie {m} (19{80 + m})" for m in range(movies)],
        "year": pd.array([1985 + m for m in range(movies)], "Int16"),
        "genres": ["Drama" if m % 2 else "Comedy|War" for m in range(movies)],
    }
    ratings = pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
    return Dataset("made-up", "Made up", pd.DataFrame(people), pd.DataFrame(catalogue), ratings)


def labels_of(dataset: Dataset, expected, distribution=None, baselines=None, known: int = 1) -> TestLabels:
    """All ratings but those of the first ``known`` users are test labels; ``expected(u, i)`` stars."""
    timelines = build_timelines(dataset)
    role = np.where(np.repeat(np.arange(len(dataset.users)), timelines.lengths) < known, TRAIN, TEST).astype(np.int8)
    split = EvaluationSplit(dataset, timelines, "visitor", 0, role)
    user, index = split.user[split.test], split.history[split.test]
    stars = np.array([expected(u, i) for u, i in zip(user, index, strict=True)], np.float64)
    levels = None
    if distribution is not None:
        levels = np.array([distribution(u, i) for u, i in zip(user, index, strict=True)], np.float64)
    others = {n: np.array([of(u, i) for u, i in zip(user, index, strict=True)]) for n, of in (baselines or {}).items()}
    return TestLabels(split, stars, levels, others)


# ---- errors and intervals


def test_every_interval_contains_its_value():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.5, (40, 10))

    def levels(u, i):
        chances = np.exp(-((np.arange(5) - 2 - noise[u, i]) ** 2))
        return chances / chances.sum()

    made = made_up(40, 10, 20, lambda u, i: float(np.clip(round(3 + noise[u, i]), 1, 5)))
    flat = labels_of(made, lambda u, i: 3.0, levels, {"item_mean": lambda u, i: 3.5, "bias": lambda u, i: 2.9})
    bounds = metric_bounds(flat)
    assert set(bounds) == {"mae", "rmse", "median_mae", "nll", "ece"}
    for metric, value in (
        ("mae", flat.error.mean()),
        ("rmse", np.sqrt((flat.error**2).mean())),
        ("ece", ece(flat.liked, flat.actual >= 4)),
    ):
        low, high = bounds[metric]
        assert low <= value <= high, metric
    # the same draws as the paired bootstrap that training ends with
    difference = flat.error.mean() - flat.baseline_errors["bias"].mean()
    pair = paired_bootstrap(flat.error, flat.baseline_errors["bias"], flat.user)
    assert baseline_comparisons(flat)["bias"].mae_difference.to_json() == pytest.approx([difference, *pair])
    assert error_bounds(flat, flat.error) == {metric: bounds[metric] for metric in ("mae", "rmse")}


def test_half_of_the_error_is_a_clear_improvement_where_all_users_are_equal():
    labels = labels_of(made_up(5, 4, 9, lambda u, i: 3), lambda u, i: 3.5, None, {"bias": lambda u, i: 4.0})
    comparison = baseline_comparisons(labels)["bias"]
    assert comparison.improvement.to_json() == pytest.approx([0.5, 0.5, 0.5])
    assert comparison.mae_difference.to_json() == comparison.rmse_difference.to_json() == pytest.approx([-0.5] * 3)


def test_a_model_without_probabilities_has_no_metrics_of_them():
    plain = labels_of(made_up(5, 4, 9, lambda u, i: 3), lambda u, i: 3.5)
    assert set(metric_bounds(plain)) == {"mae", "rmse"}
    assert calibration(plain).liked == ()
    assert rating_shares(plain).predicted is None


# ---- history


def test_error_by_history_counts_every_label_once_and_names_its_support():
    # off by 1 star before the tenth rating, by a half from there on; item means always by 1
    labels = labels_of(
        made_up(4, 40, 60, lambda u, i: 3),
        lambda u, i: 4.0 if i < 10 else 3.5,
        None,
        {"item_mean": lambda u, i: 2.0},
    )
    bins = by_history(labels)
    assert [(b.first, b.last) for b in bins] == [(0, 0), (1, 2), (3, 4), (5, 7), (8, 14), (15, 34), (35, 74)]
    assert [b.length for b in bins] == [0, 1, 3, 5, 10, 20, 50]
    assert [b.labels for b in bins] == [3, 6, 6, 9, 21, 60, 15], "of three test users"
    assert {b.users for b in bins} == {3}
    # lengths 8 and 9 are off by 1, 10 … 14 by a half
    assert bins[4].mae.to_json() == pytest.approx([(2 + 5 / 2) / 7] * 3)
    assert [b.gain.value for b in bins] == pytest.approx([0, 0, 0, 0, 1 - 4.5 / 7, 0.5, 0.5])
    assert bins[0].baselines["item_mean"] == Interval(1, 1, 1)


def bins_of(*gains: float) -> list[HistoryBin]:
    lengths = (0, 1, 3, 5, 10, 20, 50)
    mae = Interval(1, 1, 1)
    return [HistoryBin(n, n, n, 9, 9, mae, {}, Interval(g, 0, 1)) for n, g in zip(lengths, gains, strict=False)]


@pytest.mark.parametrize(
    ("gains", "known"),
    [
        ((0.0, 0.1, 0.2, 0.3, 0.4), 3),  # half of 0.4 at three ratings
        ((0.0, 0.0, 0.0, 0.0, 0.1, 0.2), 10),
        ((0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.4), 15),  # between 10 and 20, on a line over log(1 + length): 14.2
        ((0.3, 0.4, 0.5), 0),
        ((-0.1, -0.2, 0.0), None),  # never better than item means
        ((0.1, 0.2), None),  # too little to tell
    ],
)
def test_after_how_many_ratings_it_knows_somebody(gains, known):
    assert known_after(bins_of(*gains)) == known


# ---- calibration


def test_predicted_probabilities_are_compared_with_outcomes():
    # user 1 has a predicted chance of 0.25 for 4 stars and gives them in one of four cases; user 2 of 0.75, in all
    chance = {1: 0.25, 2: 0.75}
    labels = labels_of(
        made_up(3, 4, 9, lambda u, i: 5 if u == 2 or i == 0 else 1),
        lambda u, i: 3.1 if u == 1 else 4.6,
        lambda u, i: [1 - chance[u], 0, 0, chance[u], 0],
    )
    bins = calibration(labels)
    low, high = bins.liked
    assert (low.low, low.high, low.labels, low.predicted) == (0.2, 0.3, 4, 0.25)
    assert low.actual == Interval(0.25, 0.25, 0.25), "one user, who is drawn every time"
    assert (high.predicted, high.actual.value) == (0.75, 1)
    three, four = bins.expected
    assert (three.low, three.high, three.predicted, three.actual.value) == (3, 3.5, 3.1, 2)
    assert (four.low, four.high, four.actual.value) == (4.5, 5, 5)
    shares = rating_shares(labels)
    assert shares.levels == WHOLE_STARS
    assert shares.actual == (3 / 8, 0, 0, 0, 5 / 8)
    assert shares.expected == (0, 0, 0.5, 0, 0.5)
    assert shares.predicted == (0.5, 0, 0, 0.5, 0)


def test_reliability_is_that_of_scikit_learn():
    rng = np.random.default_rng(2)
    chance, given = rng.random((30, 20)), rng.random((30, 20))
    labels = labels_of(
        made_up(30, 20, 40, lambda u, i: 5 if given[u, i] < chance[u, i] ** 2 else 2),
        lambda u, i: 3.0,
        lambda u, i: [0, 1 - chance[u, i], 0, 0, chance[u, i]],
    )
    bins = calibration(labels).liked
    actual, predicted = calibration_curve(labels.actual >= 4, labels.liked, n_bins=10)
    assert [b.actual.value for b in bins] == pytest.approx(actual.tolist(), abs=1e-6)
    assert [b.predicted for b in bins] == pytest.approx(predicted.tolist(), abs=1e-6)
    assert sum(b.labels for b in bins) == 29 * 20


# ---- groups


def worse_for_women(users: int = 41) -> TestLabels:
    """Women's labels are off by 1 star, men's by a half, the baseline by 1 for all; half of the users are women."""
    dataset = made_up(users, 6, 8, lambda u, i: 3)
    return labels_of(dataset, lambda u, i: 4.0 if u % 2 == 0 else 2.5, None, {"bias": lambda u, i: 2.0})


def test_groups_are_ordered_by_their_difference_with_support_and_intervals():
    rows = slices(worse_for_women())
    groups = {(row.attribute, row.value): row for row in rows}
    women, men = groups["sex", "F"], groups["sex", "M"]
    assert women.mae.to_json() == pytest.approx([1, 1, 1])
    assert (women.users, women.labels, women.signed_error.value) == (20, 120, 1)
    assert (women.mae_difference.value, men.mae_difference.value) == pytest.approx((0.25, -0.25))
    assert men.signed_error.value == pytest.approx(-0.5)
    assert (women.mae_difference.sign, men.mae_difference.sign) == (1, -1)
    assert women.baseline_difference == pytest.approx(0), "for the baseline no group is harder"
    differences = [row.mae_difference.value for row in rows]
    assert differences == sorted(differences, reverse=True)
    assert {attribute for attribute, _ in groups} == {"sex", "age", "occupation", "genre", "decade", "fame"}
    # movie m is of 1985 + m, of 8 movies each user watched 6; every second one is a comedy of war
    assert {value for attribute, value in groups if attribute == "decade"} == {1980, 1990}
    assert groups["genre", "War"].labels == groups["genre", "Comedy"].labels == 120


def test_a_few_users_are_no_group():
    dataset = made_up(20, 6, 8, lambda u, i: 3, sex=lambda u: "F" if u in (1, 2) else "M")
    labels = labels_of(dataset, lambda u, i: 4.0)
    assert [row.value for row in slices(labels) if row.attribute == "sex"] == ["M"]
    assert fairness(labels) == (), "nothing is left to compare"


def test_a_planted_unfairness_is_more_than_chance():
    (row,) = fairness(worse_for_women())
    assert (row.attribute, row.worst, row.best, row.groups) == ("sex", "F", "M", 2)
    assert row.mae_difference.to_json() == pytest.approx([0.5, 0.5, 0.5])
    assert row.chance < 0.001
    assert (row.best_baseline, row.baseline_difference) == ("bias", pytest.approx(0))


def test_the_largest_of_many_differences_is_no_alarm_by_itself():
    # 21 occupations whose users differ by chance alone: some pair's interval excludes 0, and still it is chance
    rng = np.random.default_rng(0)
    dataset = made_up(421, 4, 30, lambda u, i: 3)
    jobs = pd.Categorical([OCCUPATIONS[u % 21] for u in range(421)], OCCUPATIONS)
    users = dataset.users.assign(occupation=jobs, sex=pd.Categorical([None] * 421, SEXES))
    bias = rng.normal(0, 0.5, 421)
    (row,) = fairness(labels_of(replace(dataset, users=users), lambda u, i: 3 + bias[u]))
    assert (row.attribute, row.groups) == ("occupation", 21)
    assert row.mae_difference.sign == 1
    assert row.chance > 0.05


# ---- lists


def test_lists_are_measured_by_hand():
    # movies 0 … 3; user 0, known, watched all; users 1 and 2 go on with movies 2 and 3
    dataset = made_up(3, 2, 4, lambda u, i: 4)
    timelines = build_timelines(dataset)
    role = np.array([TRAIN, TRAIN, TRAIN, TEST, TRAIN, TEST], np.int8)
    split = EvaluationSplit(dataset, timelines, "last", 0, role)
    labels = lists.sample(split, 10)
    assert timelines.movie[labels].tolist() == [2, 3]
    popular = lists.rank_by_popularity(split, labels)
    # known are 0, 1 (user 0), 1 (user 1), 2 (user 2): movie 1 twice. user 1 has seen 1, user 2 has seen 2
    assert popular.lists[:, :4].tolist() == [[0, 2, 3, -1], [1, 0, 3, -1]]
    assert popular.ranks.tolist() == [2, 3]
    result = lists.ranking(split, labels, {"popularity": popular})
    metrics = result.orders["popularity"]
    assert (result.users, result.total_users) == (2, 2)
    assert metrics.hr[1].value == 0
    assert metrics.hr[5] == Interval(1, 1, 1)
    assert metrics.mrr.value == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert metrics.ndcg[10].value == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / 2)
    assert metrics.coverage == {1: 0.5}, "nobody has a longer list than three movies"
    # of three users who are known, one watched movie 0 and two movie 1
    assert metrics.novelty[1] == pytest.approx((np.log2(3) + np.log2(3 / 2)) / 2)
    assert metrics.diversity == {}
    # movie 2 has one rating; movie 3, which has none, counts as if it had one
    assert result.label_movies.novelty == pytest.approx(np.log2(3))


def test_a_sample_of_users_is_the_same_every_time():
    made = made_up(30, 3, 9, lambda u, i: 4)
    split = EvaluationSplit(made, build_timelines(made), "last", 0, np.tile([TRAIN, TRAIN, TEST], 30))
    few = lists.sample(split, 7)
    assert len(few) == 7
    assert set(few) <= set(split.last_labels(TEST))
    assert few.tolist() == lists.sample(split, 7).tolist() == sorted(few)


def test_a_user_is_shown_as_they_were_before_a_label():
    made = made_up(3, 5, 9, lambda u, i: i % 5 + 1)
    split = EvaluationSplit(made, build_timelines(made), "visitor", 0, np.repeat([TRAIN, TEST, TEST], 5))
    ids = made.movies["movie_id"].to_numpy()
    who = lists.visitor_before(split, 13, ids, 2)  # user 2 before the fourth event: movies 2, 3, 4 of the catalogue
    assert who == Visitor(
        {"sex": "F", "age": 25, "occupation": "artist"}, (Event(40, 2.0, 100), Event(50, 3.0, 200)), frozenset({30})
    )


# ---- the worst errors, and what stays on this computer


@pytest.fixture
def labels() -> TestLabels:
    """Of users 1 … 4, user u's label i is given 3 stars and expected u · 0.4 higher, of the last user lower."""
    return labels_of(
        made_up(5, 3, 8, lambda u, i: 3),
        lambda u, i: 3 + (u * 0.4 if u < 4 else -1.5) - 0.1 * i,
        None,
        {"bias": lambda u, i: 3.25},
    )


def test_the_worst_errors_are_one_per_user(labels):
    errors = worst_errors(labels)
    assert [error.user_id for error in errors["high"]] == [4, 3, 2]
    assert [round(error.expected, 2) for error in errors["high"]] == [4.2, 3.8, 3.4], (
        "the first of each user is the worst"
    )
    (low,) = errors["low"]
    assert (low.user_id, low.movie_id, round(low.expected, 2), low.actual) == (5, 70, 1.3, 3)
    assert (low.history_length, low.baseline) == (2, 3.25)
    assert worst_errors(labels, most=1)["high"] == errors["high"][:1]


@pytest.fixture
def folder(tmp_path, override_settings):
    """A bundle's folder, and one for what stays here."""
    override_settings(evaluation_cache=tmp_path / "here")
    where = tmp_path / "bundle"
    where.mkdir()
    return where


def bundle_in(folder, weights="a", simulated=False):
    return SimpleNamespace(
        folder=folder,
        name=folder.name,
        weights_sha256=weights * 64,
        simulated=simulated,
        check_unchanged=lambda: None,
    )


def results_of(labels) -> UserResults:
    return UserResults(user_errors(labels), worst_errors(labels))


def test_the_errors_of_each_user_by_hand(labels):
    rows = user_errors(labels)
    assert [row.user_id for row in rows] == [2, 3, 4, 5], "the first user is not tested"
    third, last = rows[1], rows[3]
    # off by 0.8, 0.7 and 0.6, each time too high; the baseline always by 0.25
    assert (third.labels, third.mae, third.signed_error) == (3, pytest.approx(0.7), pytest.approx(0.7))
    assert third.rmse == pytest.approx(((0.64 + 0.49 + 0.36) / 3) ** 0.5, abs=1e-4)
    assert dict(third.baselines) == {"bias": 0.25}
    assert third.demographics == {"sex": "F", "age": 25, "occupation": "artist"}
    # the first rating is the worst one; it was of the movie with the row of the user
    assert (third.worst_movie_id, third.worst_history) == (30, 0)
    assert (third.worst_expected, third.worst_actual) == (pytest.approx(3.8), 3)
    # off by 1.5, 1.6 and 1.7, too low
    assert (last.mae, last.signed_error) == (pytest.approx(1.6), pytest.approx(-1.6))
    assert (last.worst_movie_id, last.worst_history) == (70, 2)
    assert last.listed_likes is None


def test_demographics_that_are_unknown_stay_unknown(labels):
    nobody = labels.split.dataset.users.assign(age=pd.Categorical([None] * 5, AGES))
    split = replace(labels.split, dataset=replace(labels.split.dataset, users=nobody))
    assert user_errors(replace(labels, split=split))[0].demographics == {"sex": "M", "occupation": "artist"}


def test_rows_of_the_dataset_stay_out_of_the_bundle(labels, folder):
    bundle, results = bundle_in(folder), results_of(labels)
    record = EvaluationRecord(12, Metrics({"mae": 0.7}), made="2026-01-01", seconds=1.0)
    assert measure.read(bundle) is None
    assert measure.keep(bundle, measure.Evaluation(record, results)) is None
    assert [path.name for path in folder.iterdir()] == ["evaluation.json"]
    assert measure.read(bundle) == record
    kept = user_results.read(bundle)
    assert kept == results
    assert isinstance(kept.worst_errors["high"][0], WorstError)
    assert isinstance(kept.user(3), UserErrors)
    # other weights: measured again
    retrained = bundle_in(folder, "b")
    assert (measure.read(retrained), user_results.read(retrained)) == (None, None)


def test_simulated_people_may_go_with_the_bundle(labels, folder):
    bundle, results = bundle_in(folder, simulated=True), results_of(labels)
    user_results.keep(bundle, results)
    assert [path.name for path in folder.iterdir()] == ["users.json"]
    assert not get_settings().evaluation_cache.exists()
    assert user_results.read(bundle) == results
    assert user_results.read(bundle_in(folder, "b", simulated=True)) is None


@pytest.mark.parametrize(
    "change", [{"version": 0}, {"metrics": None}, {"labels": "many"}, {"intervals": {}}, {"ranking": {"users": 3}}]
)
def test_a_record_of_another_version_or_a_malformed_one_counts_as_missing(change, folder):
    record = EvaluationRecord(12, Metrics({"mae": 0.7}), made="2026-01-01", seconds=1.0)
    bundle = bundle_in(folder)
    sidecars.save(bundle, measure.NAME, record.to_dict() | change)
    assert measure.read(bundle) is None


def test_results_of_users_may_be_damaged_or_gone(labels, folder):
    bundle = bundle_in(folder)
    user_results.keep(bundle, results_of(labels))
    (path,) = get_settings().evaluation_cache.iterdir()
    whole = path.read_text("utf-8")
    for damaged in (whole[:-20], "nothing", "[]", '{"version": 1}', whole.replace('"version":1', '"version":0')):
        path.write_text(damaged, "utf-8")
        assert user_results.read(bundle) is None


def test_a_folder_that_cannot_be_written_gives_a_message(labels, folder, override_settings):
    (folder.parent / "file").write_text("", "utf-8")
    override_settings(evaluation_cache=folder.parent / "file")
    evaluation = measure.Evaluation(EvaluationRecord(1, Metrics({})), results_of(labels))
    assert measure.keep(bundle_in(folder), evaluation).startswith("not kept: ")


# ---- records


def test_a_record_is_what_its_json_says():
    span, plain = Interval(0.5, 0.4, 0.6), [0.5, 0.4, 0.6]
    group = Slice("decade", 1990, 20, 10, span, span, span, 0.1)
    assert to_json(group) == {
        "part": "decade",
        "value": 1990,
        "labels": 20,
        "users": 10,
        "mae": plain,
        "gap": plain,
        "lean": plain,
        "peer_gap": 0.1,
    }
    assert from_json(Slice, to_json(group)) == group
    history = HistoryBin(200, 150, None, 20, 10, span, {"svd": span})
    assert to_json(history) == {
        "length": 200,
        "from": 150,
        "to": None,
        "labels": 20,
        "users": 10,
        "mae": plain,
        "peers": {"svd": plain},
    }
    assert from_json(HistoryBin, to_json(history)) == history
    lists = ListMetrics({1: span}, {1: span}, span, coverage={1: 0.5})
    ranking = RankingEvaluation(3, 4, {"next": lists}, LabelMovies(1.5, 0.2))
    assert to_json(ranking) == {
        "users": 3,
        "of": 4,
        "orders": {"next": {"hr": {"1": plain}, "ndcg": {"1": plain}, "mrr": plain, "coverage": {"1": 0.5}}},
        "given": {"novelty": 1.5, "popular": 0.2},
    }
    assert from_json(RankingEvaluation, to_json(ranking)) == ranking


@pytest.mark.parametrize("name", ["demo", "ml-1m", "ml-1m-seed"])
def test_shipped_records_open_and_lose_nothing(name):
    bundle = open_bundle(name)
    assert EvaluationRecord.from_dict(bundle.metrics).to_dict() == bundle.metrics
    values = sidecars.read(bundle, measure.NAME)
    assert EvaluationRecord.from_dict(values).to_dict() == values


# ---- two models compared


def bundle(**other):
    values = {
        "dataset": "ml",
        "dataset_title": "ML",
        "movies_fingerprint": "x",
        "protocol": "visitor",
        "seed": 0,
        "config": TimelineConfig("timeline"),
    }
    return SimpleNamespace(**(values | other))


RECORD = EvaluationRecord(12, Metrics({"mae": 0.7, "rmse": 0.9, "hr@10": 0.2}))


@pytest.mark.parametrize(
    ("first", "second", "change", "reason"),
    [
        ({}, {}, {}, None),
        ({}, {"dataset": "demo", "dataset_title": "Demo"}, {}, "ratings of ML and of Demo"),
        ({}, {"protocol": "last"}, {}, "different protocols, “visitor” and “last”"),
        ({}, {"seed": 3}, {}, "different seeds, 0 and 3"),
        ({"protocol": "last"}, {"protocol": "last", "seed": 3}, {}, None),  # nothing is drawn there
        ({}, {}, {"labels": 11}, "12 test ratings, the other on 11"),
        ({}, {}, {"metrics": Metrics({"ndcg@10": 0.1})}, "the other only the next movie"),
        (
            {"protocol": "windows"},
            {"protocol": "windows", "config": ClassicConfig("user-features", window=4)},
            {},
            None,
        ),
        (
            {"protocol": "windows"},
            {"protocol": "windows", "config": ClassicConfig("user-features", window=6)},
            {},
            "windows have different",
        ),
    ],
)
def test_only_models_measured_on_the_same_labels_are_compared(first, second, change, reason):
    found = incomparable_reason(bundle(**first), bundle(**second), RECORD, replace(RECORD, **change))
    assert found is None if reason is None else reason in found


def test_two_models_are_compared_metric_by_metric(labels):
    better = EvaluationRecord(12, Metrics({"mae": 0.5, "rmse": 0.7, "nll": 1.2, "hr@10": 0.3}))
    rows = {row.metric: row for row in compare(better, RECORD)}
    assert list(rows) == ["mae", "rmse", "hr@10"], "what both have"
    assert rows["mae"].difference == pytest.approx(-0.2)
    assert rows["hr@10"].difference == pytest.approx(-0.1), "below 0 the first is better, for hits too"
    here = results_of(labels)
    there = UserResults(tuple(replace(row, mae=row.mae + 0.25) for row in here.users))
    rows = {row.metric: row for row in compare(better, RECORD, here, there)}
    assert rows["mae"].bounds == pytest.approx((-0.25, -0.25))
    assert rows["mae"].is_clear
    assert rows["rmse"].bounds is not None
    assert rows["hr@10"].bounds is None
    others = UserResults(tuple(replace(row, user_id=row.user_id + 1) for row in here.users))
    assert {row.bounds for row in compare(better, RECORD, here, others)} == {None}, "other people are no pairs"


def test_users_are_paired_as_their_labels_would_be(labels):
    """The interval of a difference, from sums by user, is the paired bootstrap over labels."""
    other = replace(labels, expected=labels.expected - 0.3 * labels.history)
    record = EvaluationRecord(12, Metrics({"mae": 0.5, "rmse": 0.7}))
    rows = {row.metric: row for row in compare(record, record, results_of(labels), results_of(other))}
    assert rows["mae"].bounds == pytest.approx(paired_bootstrap(labels.error, other.error, labels.user), abs=1e-3)


def test_the_levels_are_those_of_the_dataset():
    assert labels_of(made_up(3, 2, 4, lambda u, i: 4), lambda u, i: 3.0).levels.tolist() == list(WHOLE_STARS)
