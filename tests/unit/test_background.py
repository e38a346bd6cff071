"""Runs in a process of their own: they are followed, cancelled, killed and resumed, and no bundle is ever lost."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import psutil
import pytest

from bst.bundles.bundle import open_bundle
from bst.errors import TrainingError
from bst.models.trainer import Progress
from bst.settings import Settings
from bst.training import background
from bst.training.run_process import find_process
from bst.training.run_settings import RunSettings
from bst.training.run_status import Reporter

LONGEST_S = 120


def wait_for(condition, seconds=LONGEST_S):
    """Return what ``condition`` gives as soon as it is anything; a busy machine is slow, not broken."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture
def folders(own_folders) -> Iterator[Settings]:
    """Folders of the test's own; whatever still runs at its end is cancelled."""
    own_folders.runs.mkdir()
    yield own_folders
    for run in background.statuses():
        background.cancel(run.name)


@pytest.fixture
def settings(world_dir, small_settings) -> RunSettings:
    """Longer than any test waits for."""
    return replace(
        small_settings, dataset=str(world_dir), config=small_settings.config.with_epochs(400), epochs=400, patience=400
    )


def test_what_a_server_left_that_was_killed_while_starting_a_run_is_no_hindrance(settings, folders):
    (folders.runs / "mine").mkdir()
    background.start(settings, "mine")
    assert background.status("mine").state == "running"


@pytest.mark.long
def test_a_run_is_followed_cancelled_and_resumed(settings, folders):
    background.start(settings, "mine")
    seen = wait_for(lambda: (run := background.status("mine")) and len(run.history) >= 2 and run)
    assert (seen.state, seen.epochs, seen.ending) == ("running", 400, "")
    assert 0 < seen.share < 1
    assert "training on" in seen.stage
    assert any("training on" in line for line in seen.log)

    with pytest.raises(TrainingError, match=r"run mine is under way \(\d+% done\).*wait for it, or cancel it"):
        background.start(settings, "second")
    assert not (folders.runs / "second").exists()
    with pytest.raises(TrainingError, match="run mine is under way; cancel it first"):
        background.discard("mine")

    background.cancel("mine")  # without waiting for the end of the training
    stopped = background.status("mine")
    assert stopped.state == "cancelled"
    assert len(seen.history) <= len(stopped.history) < 400
    assert not folders.bundles.exists()

    # what is left to do is little now, so that it comes to its end
    done = len(stopped.history)
    short = json.loads((folders.runs / "mine" / "run.json").read_text("utf-8")) | {"epochs": done + 2}
    (folders.runs / "mine" / "run.json").write_text(json.dumps(short), "utf-8")
    background.resume("mine")
    wait_for(lambda: background.status("mine") is None)
    bundle = open_bundle(folders.bundles / "mine")
    pd.testing.assert_frame_equal(bundle.history[:done], stopped.history, rtol=1e-5)
    assert len(bundle.history) == done + 2


@pytest.mark.fault("kill -9 while training from the app", "one epoch at most is lost; the page says so; Resume goes on")
def test_a_killed_process_loses_one_epoch_at_most(settings, folders):
    """Ten kills at random moments are in ``benchmarks/kill_run.py``, as each costs a start of TensorFlow."""
    background.start(settings, "mine")
    wait_for(lambda: (run := background.status("mine")) and len(run.history) >= 1)
    time.sleep(0.3)
    find_process(folders.runs / "mine").kill()
    died = wait_for(lambda: (run := background.status("mine")).state == "died" and run)
    assert died.ending == "It was stopped from outside (signal 9), as happens when memory runs out."
    begun = died.epoch  # of the epoch under way nothing was kept, of those before it everything
    assert len(died.history) >= begun - 1
    background.resume("mine")
    on = wait_for(lambda: (run := background.status("mine")) and len(run.history) > len(died.history) and run)
    pd.testing.assert_frame_equal(on.history[: len(died.history)], died.history)
    assert on.state == "running"


def test_a_run_that_fails_says_why(settings, folders):
    background.start(replace(settings, protocol="nowhere"), "mine")
    died = wait_for(lambda: (run := background.status("mine")).state == "died" and run)
    assert "nowhere" in died.ending
    assert died.log[-1].startswith("error: ")
    background.discard("mine")
    assert background.statuses() == []


def test_a_name_that_is_taken_is_refused(settings, folders):
    (folders.bundles / "mine").mkdir(parents=True)
    with pytest.raises(TrainingError, match="bundle mine already exists; choose another"):
        background.start(settings, "mine")
    assert not list(folders.runs.iterdir())


def write_run(runs, settings, name="old", **process):
    folder = runs / name
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(settings.to_dict()), "utf-8")
    (folder / "process.json").write_text(json.dumps(process), "utf-8")
    return folder


def test_another_process_with_the_same_number_is_not_the_run(settings, folders):
    """After a restart of the computer a process id stands for something else."""
    me = psutil.Process(os.getpid())
    write_run(folders.runs, settings, pid=me.pid, identity=hash(me) + 1)
    assert background.status("old").state == "died"
    background.cancel("old")  # and this process lives on
    assert background.status("old").ending.startswith("It was stopped from outside")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1e99, "identity": 0}', '{"pid": -4, "identity": 0}']
)
def test_damaged_notes_are_no_process(text, settings, folders):
    folder = write_run(folders.runs, settings)
    for name in ("process.json", "progress.json", "history.csv"):
        (folder / name).write_text(text, "utf-8")
    assert background.status("old").state == "died"


def test_damaged_settings_are_no_run(settings, folders):
    folder = write_run(folders.runs, settings)
    (folder / "run.json").write_text("{", "utf-8")
    assert background.statuses() == []
    with pytest.raises(TrainingError, match=r"run\.json is damaged"):
        background.resume("old")


def test_settings_come_back_from_their_file(settings):
    assert RunSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_progress_is_told_in_the_run_s_folder_alone(settings, folders):
    """A run that was started from the command line is followed in the same way."""
    folder = folders.runs / "line"
    reporter = Reporter(folder)
    reporter.on_stage("reading")
    assert not folder.exists()
    write_run(folders.runs, settings, "line")
    reporter.on_stage("training")
    reporter.last_write = 0
    reporter.on_progress(Progress(2, 4, 1, 2, 30.0, {"mae": 0.7}))
    seen = background.status("line")
    assert (seen.state, seen.stage, seen.epoch, seen.epochs) == ("running", "training", 2, 4)
    assert (seen.share, seen.remaining_s, seen.metrics) == (0.375, 30.0, {"mae": 0.7})
    (folder / "process.json").unlink()  # or the fixture would cancel the tests' own process
