"""How long a training will take, and the training of about a minute."""

import pytest

from bst.models.registry import PRESETS, family_of, preset
from bst.training import duration
from bst.training.duration import estimated_seconds, quick_look, slowness
from bst.training.runs import RunSettings


def settings(name: str, dataset: str = "demo", share: float = 1.0) -> RunSettings:
    config = preset(name)
    return RunSettings(dataset, config, family_of(config).default_protocol, config.epochs, share=share)


@pytest.fixture(autouse=True)
def reference_machine(monkeypatch):
    monkeypatch.setattr(duration, "slowness", lambda: 1.0)


@pytest.mark.parametrize("name", PRESETS)
def test_more_ratings_and_more_epochs_take_longer(name):
    whole, part, more = (settings(name), settings(name, share=0.25), settings(name, "ml-1m"))
    assert estimated_seconds(part) < estimated_seconds(whole) < estimated_seconds(more)
    longer = RunSettings("demo", whole.config.with_epochs(50), whole.protocol, 50)
    assert estimated_seconds(longer) > estimated_seconds(whole)


def test_the_estimate_of_what_was_measured():
    """On the reference machine: 87 s of eight epochs of the rating tower on a quarter of the demo world's users."""
    config = preset("timeline").with_tasks(("rating",)).with_epochs(8)
    assert estimated_seconds(RunSettings("demo", config, "visitor", 8, share=0.25)) == pytest.approx(87, rel=0.1)
    assert estimated_seconds(quick_look("demo")) == pytest.approx(57, rel=0.15)


def test_a_slower_computer_takes_longer(monkeypatch):
    before = estimated_seconds(settings("timeline"))
    monkeypatch.setattr(duration, "slowness", lambda: 3.0)
    assert estimated_seconds(settings("timeline")) == pytest.approx(3 * before)


def test_a_quick_look_takes_fewer_users_of_a_larger_dataset():
    assert quick_look("demo").share == 0.25
    assert quick_look("ml-1m").share < 0.25
    assert quick_look("demo", seed=3).seed == 3


def test_of_a_folder_of_ones_own_nothing_is_known():
    assert estimated_seconds(settings("timeline", "my-own-ratings")) is None
    assert quick_look("my-own-ratings").share == 0.25


def test_this_computer_is_as_fast_as_it_is():
    assert 1 / 20 <= slowness() <= 20
