"""What is measured on which labels, and what may be learnt from."""

from dataclasses import replace

import numpy as np
import pytest

from bst.errors import ConfigError
from bst.evaluation import Task, evaluate, prepare
from bst.models.config import preset
from bst.timelines import Split, build_timelines, build_windows

CONFIG = preset("seed", window=3, step=1)


@pytest.fixture
def tiny_task(tiny_dataset) -> Task:
    """All of the tiny dataset's windows of 3: one of user 0, three of user 1, four of user 2; the last two are test."""
    timelines = build_timelines(tiny_dataset)
    windows = build_windows(timelines, 3, 1)
    return Task(tiny_dataset, timelines, Split(windows.take([0, 1, 2, 4, 5]), windows.take([3]), windows.take([6, 7])))


def test_test_labels_are_not_known(tiny_task):
    known = tiny_task.known
    # 14 ratings; user 2 goes from movie 5 to movie 0, so the labels are movies 1 and 0, both rated 5
    assert len(known.rating) == 12
    pairs = set(zip(known.user.tolist(), known.movie.tolist(), strict=True))
    assert pairs.isdisjoint({(2, 1), (2, 0)})
    assert {(2, 2), (1, 4), (0, 1)} <= pairs, "validation labels and history are known"
    assert (known.users, known.movies) == (3, 6)
    assert known.rating.sum() == 3 + 5 + 4 + 15 + (4 + 4 + 3 + 3)


def test_figures_of_the_tiny_task_by_hand(tiny_task):
    result = evaluate(tiny_task, lambda windows: np.array([4.5, 9.0]), (1.0, 2.0, 3.0, 4.0, 5.0))
    # labels 5 and 5; 9 is clipped to 5: errors 0.5 and 0
    assert result["labels"] == 2
    assert result["metrics"] == {"mae": 0.25, "rmse": pytest.approx(np.sqrt(0.125))}
    assert list(result["peers"]) == ["global_mean", "item_mean", "bias"]
    # 12 known ratings sum to 41; movie 1 has 4 (user 0) and 2 (user 1), movie 0 has 5 and 1: means 3 and 3
    assert result["peers"]["global_mean"]["mae"] == pytest.approx(5 - 41 / 12)
    assert result["peers"]["item_mean"] == {"mae": 2.0, "rmse": 2.0}


def test_figures_as_a_visitor_stand_beside_the_others(tiny_task):
    four, three = (lambda windows, stars=stars: np.full(len(windows), stars) for stars in (4.0, 3.0))
    result = evaluate(tiny_task, four, (1.0, 5.0), as_visitor=three)
    assert (result["metrics"]["mae"], result["as_visitor"]) == (1.0, {"mae": 2.0, "rmse": 2.0})
    assert "as_visitor" not in evaluate(tiny_task, four, (1.0, 5.0))


def test_predictions_are_asked_for_test_windows_only(tiny_task):
    asked = []

    def predict(windows):
        asked.append(windows.target.tolist())
        return np.zeros(len(windows))

    result = evaluate(tiny_task, predict, (1.0, 5.0))
    assert asked == [[12, 13]]
    assert result["metrics"]["mae"] == 4, "predictions below the lowest rating are clipped to it"


def test_parts_of_the_seed_protocol_are_disjoint(world):
    task = prepare(world, preset("seed"), "seed", 5)
    train, validation, test = (
        set(part.target.tolist()) for part in (task.split.train, task.split.validation, task.split.test)
    )
    assert train.isdisjoint(validation | test)
    assert validation.isdisjoint(test)
    # 24 events: 11 windows of 4, step 2; the last regular one closes the timeline
    assert len(train) + len(validation) + len(test) == 40 * 11
    assert len(task.known.rating) == len(world.ratings) - len(test)
    draw = np.random.default_rng(5).random(440) > 0.85
    assert len(test) == draw.sum()
    again, other = prepare(world, preset("seed"), "seed", 5), prepare(world, preset("seed"), "seed", 6)
    assert set(again.split.test.target) == test
    assert set(other.split.test.target) != test


@pytest.mark.parametrize(
    ("protocol", "seed", "words"),
    [
        ("sead", 0, "no protocol 'sead'; choose one of: seed"),
        ("seed", -1, "whole number from 0"),
        ("seed", 2**32, "whole number from 0"),
    ],
)
def test_unknown_splits_are_refused(protocol, seed, words, world):
    with pytest.raises(ConfigError, match=words):
        prepare(world, CONFIG, protocol, seed)


def test_too_little_data_is_told(tiny_dataset):
    with pytest.raises(ConfigError, match=r"Tiny is too small for windows of 7 events.*shorter window"):
        prepare(tiny_dataset, replace(CONFIG, window=7), "seed", 0)


@pytest.mark.real_data
def test_peers_on_ml_1m(ml_1m):
    """The figures of 0.935, 0.782 and 0.717 were measured on a draw that counted 2 % of the windows twice."""
    task = prepare(ml_1m, preset("seed"), "seed", 0)
    result = evaluate(task, lambda windows: np.full(len(windows), 3.0), ml_1m.levels)
    errors = {name: figures["mae"] for name, figures in result["peers"].items()}
    assert errors == {
        "global_mean": pytest.approx(0.935, abs=0.004),
        "item_mean": pytest.approx(0.782, abs=0.004),
        "bias": pytest.approx(0.717, abs=0.004),
    }
