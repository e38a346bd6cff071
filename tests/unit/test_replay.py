"""Replay of real users: which users can be replayed, the prediction at each step, and the running errors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bst.datasets.catalogue import Catalogue
from bst.domain import AGES, OCCUPATIONS, SEXES
from bst.errors import VisitorError
from bst.presentation import charts
from bst.schema import Event, Visitor
from bst.visitors.replay import RealUsers, Replay

HELD_OUT = sorted(np.random.default_rng(3).permutation(40)[:4].tolist())
VALIDATION = np.random.default_rng(3).permutation(40)[4:6].tolist()


@pytest.fixture(scope="module")
def users(timeline_bundle, orderly) -> RealUsers:
    return RealUsers(timeline_bundle, orderly)


# ---- users


def test_the_test_users_of_the_protocol_are_held_out(users):
    assert users.held_out.tolist() == HELD_OUT


@pytest.mark.parametrize("protocol", ["last", "windows"])
def test_other_protocols_hold_nobody_out(protocol, timeline_bundle, orderly):
    bundle = replace(timeline_bundle, protocol=protocol)
    assert RealUsers(bundle, orderly).held_out.tolist() == []


def test_another_dataset_has_no_held_out_users(timeline_bundle, orderly):
    sizes = replace(timeline_bundle.sizes, users=41)
    others = RealUsers(replace(timeline_bundle, sizes=sizes), orderly)
    assert others.held_out.tolist() == []
    # but its users can be read
    assert len(others.visitor(0).history) == 24


def test_demographics_of_a_user(users):
    # as the world was written: user u + 1 is "FM"[u % 2], of age group u % 7, of occupation u % 21
    assert users.without_history(23) == Visitor({"sex": "M", "age": AGES[2], "occupation": OCCUPATIONS[2]})
    assert users.lengths().tolist() == [24] * 40


def test_a_user_as_they_were_at_some_moment(users):
    row = users.row_of(24)
    assert row == 23, "users are numbered from 1"
    events = users.events(row)
    assert users.before(row, 5) == replace(users.without_history(row), history=events[:5]), "with their times"
    assert users.before(row, 5, max_history=2).seen == {event.movie_id for event in events[:3]}
    assert users.before(row, 0) == users.without_history(row)
    with pytest.raises(VisitorError, match="has no user 999"):
        users.row_of(999)


def test_unknown_demographics_stay_unknown(timeline_bundle, orderly):
    nothing = {
        "sex": pd.Categorical([None] * 40, SEXES),
        "age": pd.Categorical([None] * 40, AGES),
        "occupation": pd.Categorical([None] * 40, OCCUPATIONS),
    }
    others = RealUsers(timeline_bundle, replace(orderly, users=orderly.users.assign(**nothing)))
    assert others.without_history(5) == Visitor()


def test_a_user_as_a_visitor_has_their_newest_events_without_times(users, orderly):
    rated = orderly.ratings[orderly.ratings["user"] == 7].sort_values("timestamp", kind="stable")
    expected = [
        Event(int(orderly.movies["movie_id"][movie]), float(stars))
        for movie, stars in zip(rated["movie"], rated["rating"], strict=True)
    ]
    assert users.visitor(7) == replace(users.without_history(7), history=tuple(expected))
    newest = users.visitor(7, 5)
    assert newest.history == tuple(expected[-5:])
    assert newest.seen == {event.movie_id for event in expected[:-5]}, "older movies count as seen"


def test_there_is_no_such_user(users):
    for method in (users.without_history, users.events, users.visitor):
        for user in (-1, 40):
            with pytest.raises(VisitorError, match=rf"no user in row {user} of 40"):
                method(user)


# ---- predictions


def test_each_rating_is_predicted_from_those_before_it_with_their_times(users, timeline_recommender):
    user = HELD_OUT[1]
    replay = users.replay(timeline_recommender, user)
    events = users.events(user)
    assert replay.visitor.history == events
    assert all(event.timestamp for event in events)
    assert replay.actual.tolist() == [event.rating for event in events]
    one_by_one = [
        timeline_recommender.expected_ratings(
            replace(users.without_history(user), history=events[:step]), [event.movie_id]
        )[0]
        for step, event in enumerate(events)
    ]
    np.testing.assert_allclose(replay.predicted, one_by_one, atol=2e-5)
    # times matter, otherwise this test would prove nothing about them
    undated = replace(replay.visitor, history=tuple(replace(event, timestamp=None) for event in events[:20]))
    assert abs(timeline_recommender.expected_ratings(undated, [events[20].movie_id])[0] - one_by_one[20]) > 1e-5


def test_the_item_mean_is_that_of_the_training_users(users, timeline_recommender, orderly):
    trained = ~orderly.ratings["user"].isin([*HELD_OUT, *VALIDATION])
    means = orderly.ratings[trained].groupby("movie")["rating"].mean()
    replay = users.replay(timeline_recommender, HELD_OUT[2])
    rows = Catalogue(orderly.movies).rows(event.movie_id for event in replay.visitor.history)
    np.testing.assert_allclose(replay.item_mean, means[rows], atol=1e-6)


def test_a_long_timeline_is_replayed_from_its_beginning(users, timeline_recommender):
    events = users.events(HELD_OUT[0])
    replay = users.replay(timeline_recommender, HELD_OUT[0], max_steps=10)
    assert (replay.steps, replay.length) == (10, 24)
    assert replay.visitor.history == events[:10]
    assert replay.afterwards == events[10:]
    full = users.replay(timeline_recommender, HELD_OUT[0])
    np.testing.assert_allclose(replay.predicted, full.predicted[:10], atol=2e-5)


def test_a_training_user_is_not_replayed(users, timeline_recommender):
    seen = next(user for user in range(40) if user not in HELD_OUT)
    with pytest.raises(VisitorError, match=rf"row {seen} was not held out .* its 4 held-out users"):
        users.replay(timeline_recommender, seen)


# ---- running errors, by hand


@pytest.fixture
def replay() -> Replay:
    events = tuple(Event(movie_id, stars, 100 + movie_id) for movie_id, stars in ((1, 5.0), (2, 3.0), (3, 4.0)))
    predicted, actual, item_mean = [4.5, 3.0, 2.5], [5, 3, 4], [4, 4, 4]
    arrays = (np.array(values, float) for values in (predicted, actual, item_mean))
    return Replay(
        8, Visitor({"sex": "F"}, history=events), *arrays, length=5, afterwards=(Event(4, 2.0), Event(5, 1.0))
    )


def test_running_errors(replay):
    # |4.5 − 5|, |3 − 3|, |2.5 − 4| and |4 − 5|, |4 − 3|, |4 − 4|
    np.testing.assert_allclose(replay.running, [[0.5, 1], [0.25, 1], [2 / 3, 2 / 3]])


def test_the_table_has_a_row_per_event(replay):
    table = replay.table
    assert table["step"].tolist() == [1, 2, 3]
    assert table["movie_id"].tolist() == [1, 2, 3]
    assert table["mae"].tolist() == replay.running[:, 0].tolist()
    assert table["item_mean_mae"].tolist() == replay.running[:, 1].tolist()
    assert table[["predicted", "actual", "item_mean"]].to_numpy().tolist()[2] == [2.5, 4, 4]


def test_the_visitor_at_a_step(replay):
    assert replay.at(0) == Visitor({"sex": "F"})
    assert [event.movie_id for event in replay.at(2).history] == [1, 2]
    assert replay.at(2).history[0].timestamp == 101
    assert replay.at(3) == replay.visitor


def test_later_ratings(replay):
    assert replay.later(1) == {2: (1, 3.0), 3: (2, 4.0), 4: (3, 2.0), 5: (4, 1.0)}
    assert replay.later(3) == {4: (1, 2.0), 5: (2, 1.0)}


@pytest.mark.real_data
def test_errors_on_movielens_are_near_those_of_the_model_card(ml_1m):
    """Over the first held-out users the errors are roughly those that the bundle's card states."""
    from bst.inference.recommender import Recommender

    recommender = Recommender.load("ml-1m")
    users = RealUsers(recommender.bundle, ml_1m)
    assert len(users.held_out) == 604
    short = [user for user in users.held_out.tolist() if users.lengths()[user] < 60][:40]
    replays = [users.replay(recommender, user) for user in short]
    model_mae, item_mean_mae = (
        np.concatenate([np.abs(getattr(replay, name) - replay.actual) for replay in replays]).mean()
        for name in ("predicted", "item_mean")
    )
    assert 0.6 < model_mae < 0.8
    assert item_mean_mae - model_mae > 0.02


# ---- charts


@pytest.fixture
def table(replay) -> pd.DataFrame:
    return replay.table.assign(title=["A", "B", "C"])


@pytest.mark.parametrize("which", ["stars", "errors"])
def test_one_chart_serves_all_steps(which, table):
    chart = (
        charts.replay_stars(table, (1, 2, 3, 4, 5), "#123") if which == "stars" else charts.replay_errors(table, "#123")
    )
    spec = chart.to_dict()
    third = charts.at_step(spec, 3)
    assert [param for param in spec["params"] if param["name"] == "now"] == [{"name": "now", "value": 0}]
    assert [param for param in third["params"] if param["name"] == "now"] == [{"name": "now", "value": 3}]
    # nothing else differs, so nothing moves; and no step is stored anywhere else
    assert {name: part for name, part in third.items() if name != "params"} == {
        name: part for name, part in spec.items() if name != "params"
    }
    assert "datum.step <= now" in str(spec)
    # lines that carry data have the text colour of the theme
    assert "#123" in str(spec)


def test_series_differ_by_more_than_colour(table):
    stars, errors = charts.replay_stars(table, (1, 2, 3, 4, 5), "#123"), charts.replay_errors(table, "#123")
    assert "shape" in str(stars.to_dict())
    assert "strokeDash" in str(errors.to_dict())
