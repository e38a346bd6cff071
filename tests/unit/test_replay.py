"""Real users, step by step: who may be replayed, what was expected at each step, and the errors so far."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bst.datasets.catalogue import Catalogue
from bst.errors import VisitorError
from bst.presentation import charts
from bst.schema import AGES, OCCUPATIONS, SEXES, Event, Visitor
from bst.visitors.replay import RealUsers, Replay, held_out_users, replay

HELD_OUT = sorted(np.random.default_rng(3).permutation(40)[:4].tolist())
VALIDATION = np.random.default_rng(3).permutation(40)[4:6].tolist()


@pytest.fixture(scope="module")
def users(timeline_bundle, orderly) -> RealUsers:
    return RealUsers(timeline_bundle, orderly)


# ---- who


def test_the_test_users_of_the_protocol_are_held_out(users, timeline_bundle, orderly):
    assert users.held_out.tolist() == HELD_OUT
    assert held_out_users(timeline_bundle, orderly).tolist() == HELD_OUT


@pytest.mark.parametrize("protocol", ["last", "windows"])
def test_other_protocols_hold_nobody_out(protocol, timeline_bundle, orderly):
    bundle = replace(timeline_bundle, protocol=protocol)
    assert RealUsers(bundle, orderly).held_out.tolist() == []


def test_nobody_knows_who_was_held_out_of_another_dataset(timeline_bundle, orderly):
    sizes = replace(timeline_bundle.sizes, users=41)
    there = RealUsers(replace(timeline_bundle, sizes=sizes), orderly)
    assert there.held_out.tolist() == []
    # but they are users all the same
    assert len(there.visitor(0).history) == 24


def test_who_a_user_is(users):
    # as the world was written: user u + 1 is "FM"[u % 2], of age group u % 7, of occupation u % 21
    assert users.who(23) == Visitor("M", AGES[2], OCCUPATIONS[2])
    assert users.lengths().tolist() == [24] * 40


def test_what_is_unknown_stays_unknown(timeline_bundle, orderly):
    nothing = {
        "sex": pd.Categorical([None] * 40, SEXES),
        "age": pd.Categorical([None] * 40, AGES),
        "occupation": pd.Categorical([None] * 40, OCCUPATIONS),
    }
    there = RealUsers(timeline_bundle, replace(orderly, users=orderly.users.assign(**nothing)))
    assert there.who(5) == Visitor()


def test_a_user_as_a_visitor_has_their_newest_events_without_times(users, orderly):
    rated = orderly.ratings[orderly.ratings["user"] == 7].sort_values("timestamp", kind="stable")
    wanted = [
        Event(int(orderly.movies["movie_id"][movie]), float(stars))
        for movie, stars in zip(rated["movie"], rated["rating"], strict=True)
    ]
    assert users.visitor(7) == replace(users.who(7), history=tuple(wanted))
    newest = users.visitor(7, 5)
    assert newest.history == tuple(wanted[-5:])
    assert newest.seen == {event.movie_id for event in wanted[:-5]}, "the older ones were seen all the same"


def test_there_is_no_such_user(users):
    for ask in (users.who, users.events, users.visitor):
        for user in (-1, 40):
            with pytest.raises(VisitorError, match=rf"no user in row {user} of 40"):
                ask(user)


# ---- what was expected


def test_each_rating_is_predicted_from_those_before_it_with_their_times(users, timeline_recommender):
    user = HELD_OUT[1]
    made = users.replay(timeline_recommender, user)
    events = users.events(user)
    assert made.visitor.history == events
    assert all(event.timestamp for event in events)
    assert made.actual.tolist() == [event.rating for event in events]
    one_by_one = [
        timeline_recommender.expected_ratings(replace(users.who(user), history=events[:step]), [event.movie_id])[0]
        for step, event in enumerate(events)
    ]
    np.testing.assert_allclose(made.predicted, one_by_one, atol=2e-5)
    # times matter, else this test would say nothing of them
    undated = replace(made.visitor, history=tuple(replace(event, timestamp=None) for event in events[:20]))
    assert abs(timeline_recommender.expected_ratings(undated, [events[20].movie_id])[0] - one_by_one[20]) > 1e-5


def test_the_function_does_the_same(users, timeline_recommender, orderly):
    made, whole = replay(timeline_recommender, orderly, HELD_OUT[0]), users.replay(timeline_recommender, HELD_OUT[0])
    np.testing.assert_allclose(made.predicted, whole.predicted, atol=1e-6)
    assert made.item_mean.tolist() == whole.item_mean.tolist()


def test_the_item_mean_is_that_of_the_training_users(users, timeline_recommender, orderly):
    trained = ~orderly.ratings["user"].isin([*HELD_OUT, *VALIDATION])
    means = orderly.ratings[trained].groupby("movie")["rating"].mean()
    made = users.replay(timeline_recommender, HELD_OUT[2])
    rows = Catalogue(orderly.movies).rows(event.movie_id for event in made.visitor.history)
    np.testing.assert_allclose(made.item_mean, means[rows], atol=1e-6)


def test_a_long_timeline_is_replayed_from_its_beginning(users, timeline_recommender):
    events = users.events(HELD_OUT[0])
    made = users.replay(timeline_recommender, HELD_OUT[0], most=10)
    assert (made.steps, made.length) == (10, 24)
    assert made.visitor.history == events[:10]
    assert made.afterwards == events[10:]
    whole = users.replay(timeline_recommender, HELD_OUT[0])
    np.testing.assert_allclose(made.predicted, whole.predicted[:10], atol=2e-5)


def test_whom_the_training_has_seen_is_not_replayed(users, timeline_recommender):
    seen = next(user for user in range(40) if user not in HELD_OUT)
    with pytest.raises(VisitorError, match=rf"row {seen} was not held out .* its 4 held-out users"):
        users.replay(timeline_recommender, seen)


# ---- the errors so far, by hand


@pytest.fixture
def made() -> Replay:
    events = tuple(Event(movie_id, stars, 100 + movie_id) for movie_id, stars in ((1, 5.0), (2, 3.0), (3, 4.0)))
    predicted, actual, item_mean = [4.5, 3.0, 2.5], [5, 3, 4], [4, 4, 4]
    arrays = (np.array(values, float) for values in (predicted, actual, item_mean))
    return Replay(8, Visitor("F", history=events), *arrays, length=5, afterwards=(Event(4, 2.0), Event(5, 1.0)))


def test_running_errors(made):
    # |4.5 − 5|, |3 − 3|, |2.5 − 4| and |4 − 5|, |4 − 3|, |4 − 4|
    np.testing.assert_allclose(made.running, [[0.5, 1], [0.25, 1], [2 / 3, 2 / 3]])


def test_the_table(made):
    table = made.table
    assert table["step"].tolist() == [1, 2, 3]
    assert table["movie_id"].tolist() == [1, 2, 3]
    assert table["mae"].tolist() == made.running[:, 0].tolist()
    assert table["item_mean_mae"].tolist() == made.running[:, 1].tolist()
    assert table[["predicted", "actual", "item_mean"]].to_numpy().tolist()[2] == [2.5, 4, 4]


def test_the_visitor_as_they_were(made):
    assert made.at(0) == Visitor("F")
    assert [event.movie_id for event in made.at(2).history] == [1, 2]
    assert made.at(2).history[0].timestamp == 101
    assert made.at(3) == made.visitor


def test_what_came_later(made):
    assert made.later(1) == {2: (1, 3.0), 3: (2, 4.0), 4: (3, 2.0), 5: (4, 1.0)}
    assert made.later(3) == {4: (1, 2.0), 5: (2, 1.0)}


@pytest.mark.real_data
def test_the_figures_of_movielens_come_out_again(ml_1m):
    """Over the first held-out users the errors are those that the bundle's card tells of, by and large."""
    from bst.inference.recommender import Recommender

    recommender = Recommender.load("ml-1m")
    users = RealUsers(recommender.bundle, ml_1m)
    assert len(users.held_out) == 604
    short = [user for user in users.held_out.tolist() if users.lengths()[user] < 60][:40]
    made = [users.replay(recommender, user) for user in short]
    ours, theirs = (
        np.concatenate([np.abs(getattr(one, name) - one.actual) for one in made]).mean()
        for name in ("predicted", "item_mean")
    )
    assert 0.6 < ours < 0.8
    assert theirs - ours > 0.02


# ---- the pictures


@pytest.fixture
def table(made) -> pd.DataFrame:
    return made.table.assign(title=["A", "B", "C"])


@pytest.mark.parametrize("which", ["stars", "errors"])
def test_a_picture_is_made_once_and_goes_through_all_steps(which, table):
    picture = (
        charts.replay_stars(table, (1, 2, 3, 4, 5), "#123") if which == "stars" else charts.replay_errors(table, "#123")
    )
    spec = picture.to_dict()
    third = charts.at_step(spec, 3)
    assert [param for param in spec["params"] if param["name"] == "now"] == [{"name": "now", "value": 0}]
    assert [param for param in third["params"] if param["name"] == "now"] == [{"name": "now", "value": 3}]
    # nothing else differs, so nothing moves; and no step is written anywhere but there
    assert {name: part for name, part in third.items() if name != "params"} == {
        name: part for name, part in spec.items() if name != "params"
    }
    assert "datum.step <= now" in str(spec)
    # lines that tell something are in the ink of the theme
    assert "#123" in str(spec)


def test_series_are_told_apart_by_more_than_colour(table):
    stars, errors = charts.replay_stars(table, (1, 2, 3, 4, 5), "#123"), charts.replay_errors(table, "#123")
    assert "shape" in str(stars.to_dict())
    assert "strokeDash" in str(errors.to_dict())
