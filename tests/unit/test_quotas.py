"""Trainings leave behind no more than is allowed: unfinished runs, models, and disk space."""

import pytest

from bst.errors import TrainingError
from bst.models.registry import preset
from bst.training import background, quotas
from bst.training.runs import RunSettings, train

SETTINGS = RunSettings("demo", preset("compact"))


def add(folder, name, file, size=2):
    (folder / name).mkdir(parents=True)
    (folder / name / file).write_bytes(b"{}".ljust(size))


def test_there_is_room_at_first_and_up_to_the_limits(own_folders, override_settings):
    quotas.check()
    override_settings(max_runs=2, max_bundles=2, max_disk_gb=1e-5)  # 10,000 bytes
    add(own_folders.runs, "one", "run.json", 4000)
    add(own_folders.bundles, "one", "bundle.json", 4000)
    add(own_folders.bundles, ".draft", "bundle.json")
    quotas.check()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"max_runs": 2}, r"no room for another run: 2 of at most 2 \(BST_MAX_RUNS\) are unfinished; resume or delete"),
        ({"max_bundles": 1}, r"no room for another model: 1 of at most 1 \(BST_MAX_BUNDLES\) are here; remove one of "),
        ({"max_disk_gb": 5e-6}, r"models and unfinished runs take 7e-06 of at most 5e-06 GB \(BST_MAX_DISK_GB\); "),
    ],
)
def test_nothing_is_started_beyond_a_limit(limits, message, own_folders, override_settings):
    add(own_folders.runs, "one", "run.json", 2000)
    add(own_folders.runs, "two", "run.json", 2000)
    add(own_folders.bundles, "one", "bundle.json", 3000)
    override_settings(**limits)
    with pytest.raises(TrainingError, match=message):
        background.start(SETTINGS, "three")
    with pytest.raises(TrainingError, match=message):
        train(SETTINGS, "three")
    assert not (own_folders.runs / "three").exists()


def test_what_is_there_already_may_go_on(own_folders, override_settings, monkeypatch):
    launched = []
    monkeypatch.setattr(background, "launch", lambda folder: launched.append(folder.name))
    background.start(SETTINGS, "mine")
    override_settings(max_runs=0, max_bundles=0, max_disk_gb=0)
    background.resume("mine")
    assert launched == ["mine", "mine"]
