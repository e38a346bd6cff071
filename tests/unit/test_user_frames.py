"""The errors of single users: the table, its filters and its distribution; and what they liked of a list."""

import numpy as np
import pandas as pd
import pytest

from bst.domain import DEMOGRAPHICS, KnownDemographics
from bst.evaluation.measure import measure, measure_users, own_split
from bst.evaluation.user_errors import UserErrors, user_errors, with_listed_likes
from bst.models.registry import prepare
from bst.presentation import charts
from bst.presentation.user_frames import UserFilter, baseline_of, error_bins, error_limits, user_table
from tests.unit.test_evaluation_parts import labels_of, made_up


def person(number: int, mae: float, **changes) -> UserErrors:
    values = {
        "sex": "FM"[number % 2],
        "age": 25,
        "occupation": "artist",
        "labels": 10 * number,
        "rmse": mae,
        "signed_error": 0.0,
        "worst_movie_id": 1,
        "worst_history": 0,
        "worst_expected": 4.0,
        "worst_actual": 1.0,
        "baselines": {"item_mean": 0.9, "svd_fold_in": 0.7},
    }
    values |= changes
    known = KnownDemographics({name: values.pop(name) for name in DEMOGRAPHICS})
    return UserErrors(user_id=number, mae=mae, demographics=known, **values)


USERS = (person(1, 0.5), person(2, 0.8, age=56), person(3, 0.62), person(30, 0.71, occupation="writer"))


def shown(**chosen) -> list[int]:
    return UserFilter(**chosen).apply(user_table(USERS))["user_id"].tolist()


def test_the_largest_error_is_first():
    table = user_table(USERS)
    assert table["user_id"].tolist() == [2, 30, 3, 1]
    assert table["baseline"].tolist() == [0.7] * 4, "the best that was measured, not the item mean"
    assert table["item_mean"].tolist() == [0.9] * 4
    assert table["listed_likes"].isna().all()
    assert baseline_of([person(1, 0.5, baselines={"item_mean": 0.9})]) == "item_mean"
    assert baseline_of([]) is None


def test_filters_by_group_and_by_error():
    assert shown() == [2, 30, 3, 1]
    assert shown(demographics={"sex": ("M",)}) == [3, 1]
    assert shown(demographics={"age": (56,)}) == [2]
    assert shown(demographics={"occupation": ("writer", "artist")}, lengths=("Over 200",)) == [30]
    assert shown(lengths=("Up to 20", "21–50")) == [2, 3, 1]
    assert shown(part="worst") == [2]
    assert shown(part="best") == [1]
    assert shown(part="best", demographics={"sex": ("F",)}) == [30], "of the group"
    assert shown(part="beaten") == [2, 30]
    assert shown(errors=(0.6, 0.75)) == [30, 3]
    assert shown(demographics={"sex": ("M",), "age": (56,)}) == []
    assert shown(demographics={"sex": ("M",), "age": (56,)}, part="worst") == []


def test_the_distribution_counts_everybody_once():
    table = user_table(USERS)
    limits = error_limits(table)
    assert limits == (0.5, 0.85)
    bins = error_bins(table, limits)
    assert bins["low"].tolist() == pytest.approx([0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8])
    assert bins["users"].tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert error_bins(table.head(0), limits)["users"].tolist() == [0] * 7
    drawn = charts.user_errors(bins, (0.6, 0.7)).to_dict()
    (rows,) = drawn["datasets"].values()
    assert [row["inside"] for row in rows] == [False, False, True, True, False, False, False]


def test_likes_of_a_list_are_counted_among_what_came_later(timeline_recommender, orderly, timeline_settings):
    split = prepare(orderly, timeline_settings.config, "visitor", timeline_settings.seed)
    rows = user_errors(labels_of_split(split))
    counted = with_listed_likes(rows, timeline_recommender, split)
    assert [row.user_id for row in counted] == [row.user_id for row in rows]
    events = split.timelines
    for row, user in zip(counted, np.unique(split.user[split.test]), strict=True):
        own = slice(events.offsets[user] + 5, events.offsets[user + 1])
        liked = events.movie[own][events.rating[own] >= 4]
        assert 0 <= row.listed_likes <= min(10, len(liked))


def labels_of_split(split):
    from bst.evaluation.predictions import TestLabels

    return TestLabels(split, np.full(len(split.test), 3.0))


def test_the_errors_of_users_alone_are_those_of_a_full_evaluation(timeline_bundle, orderly):
    """Measured several times as fast, with the baselines that take no time."""
    split, shares = own_split(timeline_bundle, orderly), []
    quick = measure_users(timeline_bundle, split, lambda share, message: shares.append(share))
    full = measure(timeline_bundle, split)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    for ours, theirs in zip(quick.users, full.users.users, strict=True):
        assert (ours.user_id, ours.labels, ours.listed_likes) == (theirs.user_id, theirs.labels, theirs.listed_likes)
        assert ours.mae == pytest.approx(theirs.mae, abs=1e-3)
        assert "item_mean" in ours.baselines
    weighted = sum(row.mae * row.labels for row in quick.users) / sum(row.labels for row in quick.users)
    assert weighted == pytest.approx(full.record.metrics.mae, abs=1e-3)


def test_who_rates_too_little_later_has_no_count(timeline_recommender):
    labels = labels_of(made_up(3, 4, 9, lambda u, i: 5), lambda u, i: 4.0)
    assert {row.listed_likes for row in with_listed_likes(user_errors(labels), timeline_recommender, labels.split)} == {
        None
    }


def test_a_table_of_nobody_has_all_columns():
    assert isinstance(user_table(()), pd.DataFrame)
    assert "mae" in user_table(())
