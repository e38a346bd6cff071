"""Everything that the Evaluation page shows, worked out by hand on labels that are made up."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve

from bst.evaluation import lists, measure, private_cache
from bst.evaluation.calibration import calibration, star_shares
from bst.evaluation.compare import compare, incomparable_reason
from bst.evaluation.history_length import by_history, known_after
from bst.evaluation.predictions import Labels, intervals, versus
from bst.evaluation.slices import fairness, slices
from bst.evaluation.worst import Miss, worst
from bst.metrics import ece, paired_bootstrap
from bst.models.classic.config import ClassicConfig
from bst.models.timeline.config import TimelineConfig
from bst.schema import AGES, OCCUPATIONS, SEXES, WHOLE_STARS, Dataset, Event, Visitor
from bst.settings import get_settings
from bst.timelines.arrays import build_timelines
from bst.timelines.splits import TEST, TRAIN, EvaluationSplit


def made_up(users: int, events: int, movies: int, rating, sex=lambda u: "FM"[u % 2]) -> Dataset:
    """User u's i-th event is movie (u + i) of the catalogue, rated ``rating(u, i)``."""
    rows = [(u, (u + i) % movies, rating(u, i), 100 * i) for u in range(users) for i in range(events)]
    kinds = {"user": "int32", "movie": "int32", "rating": "float32", "timestamp": "int64"}
    who = {
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
    return Dataset("made-up", "Made up", pd.DataFrame(who), pd.DataFrame(catalogue), ratings)


def labels_of(dataset: Dataset, expected, distribution=None, baselines=None, known: int = 1) -> Labels:
    """All ratings but those of the first ``known`` users are test labels; ``expected(u, i)`` stars."""
    timelines = build_timelines(dataset)
    role = np.where(np.repeat(np.arange(len(dataset.users)), timelines.lengths) < known, TRAIN, TEST).astype(np.int8)
    split = EvaluationSplit(dataset, timelines, "visitor", 0, role)
    user, place = split.user[split.test], split.history[split.test]
    stars = np.array([expected(u, i) for u, i in zip(user, place, strict=True)], np.float64)
    levels = None
    if distribution is not None:
        levels = np.array([distribution(u, i) for u, i in zip(user, place, strict=True)], np.float64)
    others = {n: np.array([of(u, i) for u, i in zip(user, place, strict=True)]) for n, of in (baselines or {}).items()}
    return Labels(split, stars, levels, others)


# ---- errors and intervals


def test_every_interval_holds_its_figure():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.5, (40, 10))

    def levels(u, i):
        chances = np.exp(-((np.arange(5) - 2 - noise[u, i]) ** 2))
        return chances / chances.sum()

    made = made_up(40, 10, 20, lambda u, i: float(np.clip(round(3 + noise[u, i]), 1, 5)))
    flat = labels_of(made, lambda u, i: 3.0, levels, {"item_mean": lambda u, i: 3.5, "bias": lambda u, i: 2.9})
    found = intervals(flat)
    assert set(found["ours"]) == {"mae", "rmse", "median_mae", "nll", "ece"}
    assert found["ours"]["mae"][0] < flat.error.mean() < found["ours"]["mae"][1]
    rmse = np.sqrt((flat.error**2).mean())
    assert found["ours"]["rmse"][0] < rmse < found["ours"]["rmse"][1]
    low, high = found["ours"]["ece"]
    assert low <= ece(flat.liked, flat.actual >= 4) <= high
    assert set(found["peers"]) == {"item_mean", "bias"}
    # the same draws as the paired bootstrap that training ends with
    difference = flat.error.mean() - flat.peer_errors["bias"].mean()
    pair = paired_bootstrap(flat.error, flat.peer_errors["bias"], flat.user)
    assert versus(flat)["bias"]["mae"] == pytest.approx([difference, *pair])


def test_better_by_a_half_has_no_doubt_where_all_users_are_alike():
    found = versus(labels_of(made_up(5, 4, 9, lambda u, i: 3), lambda u, i: 3.5, None, {"bias": lambda u, i: 4.0}))
    assert found["bias"]["better"] == pytest.approx([0.5, 0.5, 0.5])
    assert found["bias"]["mae"] == found["bias"]["rmse"] == pytest.approx([-0.5, -0.5, -0.5])


def test_a_model_without_probabilities_has_no_figures_of_them():
    plain = labels_of(made_up(5, 4, 9, lambda u, i: 3), lambda u, i: 3.5)
    assert set(intervals(plain)["ours"]) == {"mae", "rmse"}
    assert set(calibration(plain)) == {"expected"}
    assert set(star_shares(plain)) == {"levels", "actual", "expected"}


# ---- history


def test_error_by_history_counts_every_label_once_and_names_its_support():
    # off by 1 star before the tenth rating, by a half from there on; item means always by 1
    made = labels_of(
        made_up(4, 40, 60, lambda u, i: 3),
        lambda u, i: 4.0 if i < 10 else 3.5,
        None,
        {"item_mean": lambda u, i: 2.0},
    )
    rows = by_history(made)
    assert [(row["from"], row["to"]) for row in rows] == [(0, 0), (1, 2), (3, 4), (5, 7), (8, 14), (15, 34), (35, 74)]
    assert [row["length"] for row in rows] == [0, 1, 3, 5, 10, 20, 50]
    assert [row["labels"] for row in rows] == [3, 6, 6, 9, 21, 60, 15], "of three test users"
    assert {row["users"] for row in rows} == {3}
    # lengths 8 and 9 are off by 1, 10 … 14 by a half
    assert rows[4]["mae"] == pytest.approx([(2 + 5 / 2) / 7] * 3)
    assert [row["gain"][0] for row in rows] == pytest.approx([0, 0, 0, 0, 1 - 4.5 / 7, 0.5, 0.5])
    assert rows[0]["peers"]["item_mean"] == [1, 1, 1]


def stretches(*gains: float) -> list[dict]:
    return [{"length": n, "gain": [gain, 0, 1]} for n, gain in zip((0, 1, 3, 5, 10, 20, 50), gains, strict=False)]


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
    assert known_after(stretches(*gains)) == known


# ---- calibration


def test_promises_are_held_against_what_happened():
    # user 1 is promised 4 stars with 0.25 and gets them in one of four; user 2 with 0.75, in all
    chance = {1: 0.25, 2: 0.75}
    made = labels_of(
        made_up(3, 4, 9, lambda u, i: 5 if u == 2 or i == 0 else 1),
        lambda u, i: 3.1 if u == 1 else 4.6,
        lambda u, i: [1 - chance[u], 0, 0, chance[u], 0],
    )
    found = calibration(made)
    low, high = found["liked"]
    assert (low["from"], low["to"], low["labels"], low["predicted"]) == (0.2, 0.3, 4, 0.25)
    assert low["actual"] == [0.25] * 3, "one user: drawn again and again"
    assert (high["predicted"], high["actual"][0]) == (0.75, 1)
    three, four = found["expected"]
    assert (three["from"], three["to"], three["predicted"], three["actual"][0]) == (3, 3.5, 3.1, 2)
    assert (four["from"], four["to"], four["actual"][0]) == (4.5, 5, 5)
    shares = star_shares(made)
    assert shares["actual"] == [3 / 8, 0, 0, 0, 5 / 8]
    assert shares["expected"] == [0, 0, 0.5, 0, 0.5]
    assert shares["predicted"] == [0.5, 0, 0, 0.5, 0]


def test_reliability_is_that_of_scikit_learn():
    rng = np.random.default_rng(2)
    chance, given = rng.random((30, 20)), rng.random((30, 20))
    made = labels_of(
        made_up(30, 20, 40, lambda u, i: 5 if given[u, i] < chance[u, i] ** 2 else 2),
        lambda u, i: 3.0,
        lambda u, i: [0, 1 - chance[u, i], 0, 0, chance[u, i]],
    )
    bins = calibration(made)["liked"]
    happened, promised = calibration_curve(made.actual >= 4, made.liked, n_bins=10)
    assert [b["actual"][0] for b in bins] == pytest.approx(happened.tolist(), abs=1e-6)
    assert [b["predicted"] for b in bins] == pytest.approx(promised.tolist(), abs=1e-6)
    assert sum(b["labels"] for b in bins) == 29 * 20


# ---- groups


def worse_for_women(users: int = 41) -> Labels:
    """Women's labels are off by 1 star, men's by a half, the peer by 1 for all; half of the users are women."""
    made = made_up(users, 6, 8, lambda u, i: 3)
    return labels_of(made, lambda u, i: 4.0 if u % 2 == 0 else 2.5, None, {"bias": lambda u, i: 2.0})


def test_groups_stand_by_their_gap_with_support_and_intervals():
    found = {(row["part"], row["value"]): row for row in slices(worse_for_women())}
    women, men = found["sex", "F"], found["sex", "M"]
    assert women["mae"] == pytest.approx([1, 1, 1])
    assert (women["users"], women["labels"], women["lean"][0]) == (20, 120, 1)
    assert (women["gap"][0], men["gap"][0], men["lean"][0]) == pytest.approx((0.25, -0.25, -0.5))
    assert women["gap"][1] > 0 > men["gap"][2]
    assert women["peer_gap"] == pytest.approx(0), "for the peer nobody is harder"
    gaps = [row["gap"][0] for row in slices(worse_for_women())]
    assert gaps == sorted(gaps, reverse=True)
    assert {part for part, _ in found} == {"sex", "age", "occupation", "genre", "decade", "fame"}
    # movie m is of 1985 + m, of 8 movies each user watched 6; every second one is a comedy of war
    assert {value for part, value in found if part == "decade"} == {1980, 1990}
    assert found["genre", "War"]["labels"] == found["genre", "Comedy"]["labels"] == 120


def test_a_few_users_are_no_group():
    made = made_up(20, 6, 8, lambda u, i: 3, sex=lambda u: "F" if u in (1, 2) else "M")
    labels = labels_of(made, lambda u, i: 4.0)
    assert [row["value"] for row in slices(labels) if row["part"] == "sex"] == ["M"]
    assert fairness(labels) == [], "nothing is left to compare"


def test_a_planted_unfairness_is_more_than_chance():
    (found,) = fairness(worse_for_women())
    assert (found["part"], found["worst"], found["best"], found["groups"]) == ("sex", "F", "M", 2)
    assert found["gap"] == pytest.approx([0.5, 0.5, 0.5])
    assert found["chance"] < 0.001
    assert (found["rival"], found["peer_gap"]) == ("bias", pytest.approx(0))


def test_the_largest_of_many_differences_is_no_alarm_by_itself():
    # 21 occupations whose users differ by chance alone: some pair's interval leaves out 0, and still it is chance
    rng = np.random.default_rng(0)
    made = made_up(421, 4, 30, lambda u, i: 3)
    jobs = pd.Categorical([OCCUPATIONS[u % 21] for u in range(421)], OCCUPATIONS)
    made = replace(made, users=made.users.assign(occupation=jobs, sex=pd.Categorical([None] * 421, SEXES)))
    kindness = rng.normal(0, 0.5, 421)
    (found,) = fairness(labels_of(made, lambda u, i: 3 + kindness[u]))
    assert (found["part"], found["groups"]) == ("occupation", 21)
    assert found["gap"][1] > 0
    assert found["chance"] > 0.05


# ---- lists


def test_lists_are_measured_by_hand():
    # movies 0 … 3; user 0, known, watched all; users 1 and 2 go on with movies 2 and 3
    made = made_up(3, 2, 4, lambda u, i: 4)
    timelines = build_timelines(made)
    role = np.array([TRAIN, TRAIN, TRAIN, TEST, TRAIN, TEST], np.int8)
    split = EvaluationSplit(made, timelines, "last", 0, role)
    labels = lists.sample(split, 10)
    assert timelines.movie[labels].tolist() == [2, 3]
    popular = lists.by_popularity(split, labels)
    # known are 0, 1 (user 0), 1 (user 1), 2 (user 2): movie 1 twice. user 1 has seen 1, user 2 has seen 2
    assert popular.lists[:, :4].tolist() == [[0, 2, 3, -1], [1, 0, 3, -1]]
    assert popular.place.tolist() == [2, 3]
    found = lists.ranking(split, labels, {"popularity": popular})
    order = found["orders"]["popularity"]
    assert (found["users"], found["of"]) == (2, 2)
    assert order["hr"]["1"][0] == 0
    assert order["hr"]["5"] == [1, 1, 1]
    assert order["mrr"][0] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert order["ndcg"]["10"][0] == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / 2)
    assert order["coverage"] == {"1": 0.5}, "longer lists than three movies nobody can get"
    # of three users who are known, one watched movie 0 and two movie 1
    assert order["novelty"]["1"] == pytest.approx((np.log2(3) + np.log2(3 / 2)) / 2)
    assert "diversity" not in order
    assert found["given"]["novelty"] == pytest.approx(np.log2(3)), "movie 2 has one rating; movie 3, with none, too"


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
    assert who == Visitor("F", 25, "artist", (Event(40, 2.0, 100), Event(50, 3.0, 200)), frozenset({30}))


# ---- the worst predictions, and what stays on this computer


@pytest.fixture
def missed() -> Labels:
    """Of users 1 … 4, user u's label i is given 3 stars and expected u · 0.4 higher, of the last user lower."""
    return labels_of(
        made_up(5, 3, 8, lambda u, i: 3),
        lambda u, i: 3 + (u * 0.4 if u < 4 else -1.5) - 0.1 * i,
        None,
        {"bias": lambda u, i: 3.25},
    )


def test_the_worst_predictions_are_one_a_user(missed):
    found = worst(missed)
    assert [miss.user_id for miss in found["high"]] == [4, 3, 2]
    assert [round(miss.expected, 2) for miss in found["high"]] == [4.2, 3.8, 3.4], "the first of each user is the worst"
    (low,) = found["low"]
    assert (low.user_id, low.movie_id, round(low.expected, 2), low.actual) == (5, 70, 1.3, 3)
    assert (low.earlier, low.others, len(low.visitor.history)) == (2, 3.25, 2)
    assert worst(missed, most=1)["high"] == found["high"][:1]


@pytest.fixture
def folder(tmp_path, override_settings):
    """A bundle's folder, and one for what stays here."""
    override_settings(evaluation_cache=tmp_path / "here")
    where = tmp_path / "bundle"
    where.mkdir()
    return where


def bundle_in(folder, weights="a"):
    return SimpleNamespace(folder=folder, name=folder.name, weights_sha256=weights * 64)


def test_rows_of_the_dataset_stay_out_of_the_bundle(missed, folder):
    bundle, found = bundle_in(folder), worst(missed)
    found["high"][0] = replace(found["high"][0], visitor=found["high"][0].visitor.with_seen(70, 60))
    measured = measure.Measured({"version": measure.VERSION, "labels": 12}, private_cache.local_of(missed, found))
    assert measure.read(bundle) is None
    assert measure.keep(bundle, measured) is None
    assert [path.name for path in folder.iterdir()] == ["evaluation.json"]
    assert measure.read(bundle) == measured.record
    here = private_cache.read(bundle)
    assert here.worst == found
    assert isinstance(here.worst["high"][0], Miss)
    np.testing.assert_array_equal(here.error, missed.error)
    # other weights, another version: measured again
    retrained = bundle_in(folder, "b")
    assert (measure.read(retrained), private_cache.read(retrained)) == (None, None)
    measure.keep(bundle, replace(measured, record={"version": 0}))
    assert measure.read(bundle) is None


def test_what_stays_here_may_be_damaged_or_gone(missed, folder):
    bundle = bundle_in(folder)
    private_cache.keep(bundle, private_cache.local_of(missed, worst(missed)))
    (path,) = get_settings().evaluation_cache.iterdir()
    path.write_bytes(path.read_bytes()[:-200])
    assert private_cache.read(bundle) is None
    path.write_bytes(b"nothing")
    assert private_cache.read(bundle) is None


def test_a_folder_that_cannot_be_written_is_told_and_no_fault(missed, folder, override_settings):
    (folder.parent / "file").write_text("", "utf-8")
    override_settings(evaluation_cache=folder.parent / "file")
    words = measure.keep(bundle_in(folder), measure.Measured({"version": 1}, private_cache.local_of(missed, {})))
    assert words.startswith("not kept: ")


# ---- two side by side


def bundle(**other):
    said = {
        "dataset": "ml",
        "dataset_title": "ML",
        "movies_fingerprint": "x",
        "protocol": "visitor",
        "seed": 0,
        "config": TimelineConfig("timeline"),
    }
    return SimpleNamespace(**(said | other))


RECORD = {"labels": 12, "metrics": {"mae": 0.7, "rmse": 0.9, "hr@10": 0.2}}


@pytest.mark.parametrize(
    ("ours", "theirs", "record", "words"),
    [
        ({}, {}, {}, None),
        ({}, {"dataset": "demo", "dataset_title": "Demo"}, {}, "ratings of ML and of Demo"),
        ({}, {"protocol": "last"}, {}, "other protocols, “visitor” and “last”"),
        ({}, {"seed": 3}, {}, "other seeds, 0 and 3"),
        ({"protocol": "last"}, {"protocol": "last", "seed": 3}, {}, None),  # nothing is drawn there
        ({}, {}, {"labels": 11}, "12 test ratings, the other on 11"),
        ({}, {}, {"metrics": {"ndcg@10": 0.1}}, "the other the next movie alone"),
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
            "other lengths",
        ),
    ],
)
def test_only_what_was_judged_on_the_same_labels_is_compared(ours, theirs, record, words):
    found = incomparable_reason(bundle(**ours), bundle(**theirs), RECORD, RECORD | record)
    assert found is None if words is None else words in found


def test_two_models_are_compared_figure_by_figure(missed):
    better = {"labels": 12, "metrics": {"mae": 0.5, "rmse": 0.7, "nll": 1.2, "hr@10": 0.3}}
    rows = {row["figure"]: row for row in compare(better, RECORD)}
    assert list(rows) == ["mae", "rmse", "hr@10"], "what both have"
    assert rows["mae"]["difference"] == pytest.approx([-0.2])
    assert rows["hr@10"]["difference"] == pytest.approx([-0.1]), "below 0 the first is better, of hits too"
    here = private_cache.local_of(missed, {})
    there = replace(here, error=here.error + 0.25)
    rows = {row["figure"]: row for row in compare(better, RECORD, here, there)}
    assert rows["mae"]["difference"][1:] == pytest.approx([-0.25, -0.25])
    assert len(rows["rmse"]["difference"]) == 3
    assert len(rows["hr@10"]["difference"]) == 1
    rows = compare(better, RECORD, here, replace(there, at=there.at + 1))
    assert {len(row["difference"]) for row in rows} == {1}, "errors on other labels are no pairs"


def test_the_levels_of_the_dataset_are_those_of_the_figures():
    assert labels_of(made_up(3, 2, 4, lambda u, i: 4), lambda u, i: 3.0).levels.tolist() == list(WHOLE_STARS)
