"""Runs: from a folder of files to a bundle, through kills, with refusals that say what to do."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bst.errors import BSTError, TrainingError
from bst.models.registry import preset
from bst.training.runs import RunSettings, train


def curves(bundle) -> pd.DataFrame:
    return bundle.history.drop(columns="seconds")


def same_bundle(left, right):
    pd.testing.assert_frame_equal(curves(left), curves(right), rtol=1e-5)
    assert left.best_epoch == right.best_epoch
    with np.load(left.folder / "weights.npz") as a, np.load(right.folder / "weights.npz") as b:
        assert set(a.files) == set(b.files)
        for name in a.files:
            np.testing.assert_allclose(a[name], b[name], atol=1e-6, err_msg=name)
    np.testing.assert_allclose(
        list(left.metrics["metrics"].values()), list(right.metrics["metrics"].values()), atol=1e-6
    )


class KilledError(Exception):
    """Stands for whatever may end a run."""


def stop_after(epoch):
    def on_epoch(row):
        if row["epoch"] == epoch:
            raise KilledError

    return on_epoch


@pytest.fixture
def unfinished(trained, own_folders):
    """Put the folder of a run that was stopped after some epoch into its place."""

    def put(epoch):
        shutil.copytree(trained[1] / str(epoch), own_folders.runs / "small")
        return own_folders.runs / "small"

    return put


def test_a_run_becomes_a_bundle(small_bundle, small_settings, world):
    assert sorted(p.name for p in small_bundle.folder.iterdir()) == [
        "README.md",
        "bundle.json",
        "history.csv",
        "metrics.json",
        "rating_counts.json",
        "user_groups.json",
        "weights.npz",
    ]
    assert not (small_bundle.folder.parent.parent / "runs" / "small").exists(), "a finished run leaves no folder"
    assert (small_bundle.dataset, small_bundle.seed, small_bundle.protocol) == ("small-world", 3, "windows")
    assert small_bundle.config == small_settings.config
    assert small_bundle.epochs == len(small_bundle.history) == small_settings.epochs
    assert small_bundle.best_epoch == small_bundle.history["val_mae"].idxmin() + 1
    assert small_bundle.parameters["parameters"] == sum(small_bundle.parameters["by_part"].values())
    # windows of 4, step 1, of 40 timelines of 24: 21 each; 15 % of 840 are test
    draw = np.random.default_rng(3).random(40 * 21) > 0.85
    assert small_bundle.metrics["labels"] == draw.sum()
    card, bundle_title = small_bundle.model_card, small_bundle.title
    assert "small-world" in bundle_title
    for word in (bundle_title, f"{small_bundle.metrics['metrics']['mae']:.3f}", "Item mean", "40 users"):
        assert word in card


def test_a_stopped_run_goes_on_as_if_nothing_had_happened(small_settings, small_bundle, own_folders):
    for epoch, resume in ((1, False), (4, True)):
        with pytest.raises(KilledError):
            train(small_settings, "small", resume=resume, on_epoch=stop_after(epoch))
        assert not own_folders.bundles.exists(), "no bundle before the end"
        assert sorted(p.name for p in (own_folders.runs / "small").iterdir()) == [
            "history.csv",
            "run.json",
            "snapshot.npz",
        ]
    rows, stages = [], []
    bundle = train(
        small_settings,
        "small",
        resume=True,
        on_epoch=lambda row: rows.append(row["epoch"]),
        on_stage=stages.append,
    )
    assert rows == [5, 6, 7, 8], "finished epochs are not done again"
    assert "continuing after epoch 4" in stages
    same_bundle(bundle, small_bundle)
    assert not (own_folders.runs / "small").exists()
    assert [p.name for p in own_folders.bundles.iterdir()] == ["small"]


def test_a_run_may_become_longer(unfinished, small_settings, small_bundle, own_folders):
    unfinished(2)
    bundle = train(replace(small_settings, epochs=3), "small", resume=True)
    pd.testing.assert_frame_equal(curves(bundle), curves(small_bundle)[:3], rtol=1e-5)


SCRIPT = """
import json, sys, time
from pathlib import Path
from bst.settings import override_settings
from bst.training.runs import RunSettings, train
settings = RunSettings.from_dict(json.loads(sys.argv[1]))
def on_epoch(row):
    print(row["epoch"], flush=True)
    if row["epoch"] == 4:
        time.sleep(600)
with override_settings(runs=Path(sys.argv[2]), bundles=Path(sys.argv[3])):
    train(settings, "small", on_epoch=on_epoch)
"""


@pytest.mark.long
@pytest.mark.fault("kill -9 while training", "resumed, it becomes the same model")
def test_a_run_killed_at_any_moment_goes_on(small_settings, small_bundle, own_folders):
    """A real process, SIGKILL at a random moment of a run that is asked for far more epochs than it gets."""
    values = replace(small_settings, epochs=1000, patience=small_settings.patience).to_dict()
    errors = (own_folders.runs.parent / "stderr").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(values), str(own_folders.runs), str(own_folders.bundles)],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout.readline() == "1\n", Path(errors.name).read_text()
        delay = random.random()
        time.sleep(delay)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        errors.close()
    done = len(pd.read_csv(own_folders.runs / "small" / "history.csv"))
    assert 1 <= done < small_settings.epochs, f"killed {delay:.3f} s after epoch 1, {done} epochs were done"
    bundle = train(small_settings, "small", resume=True)
    same_bundle(bundle, small_bundle)


# ---- refusals


@pytest.fixture
def refused():
    def check(message, settings, name="small", **options):
        with pytest.raises(TrainingError, match=message):
            train(settings, name, **options)

    return check


def test_a_taken_name_is_refused(refused, small_settings, small_bundle, own_folders, override_settings):
    override_settings(bundles=small_bundle.folder.parent)
    before = (small_bundle.folder / "bundle.json").read_bytes()
    refused("bundle small already exists; .*--overwrite", small_settings)
    assert (small_bundle.folder / "bundle.json").read_bytes() == before


def test_an_unfinished_run_is_not_lost_by_mistake(refused, unfinished, small_settings, own_folders):
    folder = unfinished(3)
    refused("unfinished run is in .*--resume.*drop it .--overwrite", small_settings)
    assert (folder / "snapshot.npz").is_file()
    # dropped on request: epoch 1 is done anew
    with pytest.raises(KilledError):
        train(small_settings, "small", overwrite=True, on_epoch=stop_after(1))
    assert len(pd.read_csv(folder / "history.csv")) == 1


def test_nothing_to_resume(refused, small_settings, own_folders):
    refused("no unfinished run in .*start it without --resume", small_settings, resume=True)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"seed": 4}, "seed"),
        ({"config": preset("user-features", window=5)}, "config"),
        ({"dataset": "demo", "patience": 1}, "dataset and patience"),
    ],
)
def test_other_settings_are_not_mixed_into_a_run(change, word, refused, unfinished, small_settings, own_folders):
    unfinished(1)
    refused(f"another {word};", replace(small_settings, **change), resume=True)


def test_a_damaged_run_is_told(refused, unfinished, small_settings, own_folders):
    folder = unfinished(1)
    snapshot = folder / "snapshot.npz"
    whole = snapshot.read_bytes()
    for damaged in (whole[:-500], b"", whole[: len(whole) // 2] + b"x" * 100 + whole[len(whole) // 2 + 100 :]):
        snapshot.write_bytes(damaged)
        refused("snapshot.npz cannot be read .*--overwrite", small_settings, resume=True)
    for text in ("{", "null"):
        (folder / "run.json").write_text(text, "utf-8")
        refused("run.json is damaged .*--overwrite", small_settings, resume=True)


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", ".", "..", ".hidden", "-rf", "a b", "a\nb", "x" * 300, "😀" * 80, "漢" * 80, "C:\\x"]
)
def test_a_name_is_a_plain_word(name, refused, small_settings, own_folders):
    refused("cannot be the name of a bundle", small_settings, name)
    assert not own_folders.runs.exists()
    assert not own_folders.bundles.exists()


@pytest.mark.slow
def test_a_run_that_cannot_be_kept_says_so(refused, small_settings, own_folders, override_settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    override_settings(runs=tmp_path / "file")
    refused("file", small_settings)


def test_bad_settings_leave_nothing(small_settings, own_folders):
    for change in ({"dataset": "no-such-data"}, {"protocol": "no-such"}, {"seed": -1}, {"seed": 2**40}):
        with pytest.raises(BSTError, match=r"no-such|seed"):
            train(replace(small_settings, **change), "small")
    with pytest.raises(BSTError, match="too small for windows of 30"):
        train(replace(small_settings, config=preset("user-features", window=30)), "small")
    assert not own_folders.bundles.exists()
    assert not own_folders.runs.exists()


@pytest.mark.slow
def test_a_run_that_diverges_is_no_bundle(refused, small_settings, own_folders, monkeypatch):
    from bst.models.classic import trainer as training

    monkeypatch.setattr(training, "predict_arrays", lambda model, arrays: np.full(len(arrays["target"]), np.nan))
    refused(r"diverged; .* lower --learning-rate than 0.1", replace(small_settings, patience=1))
    assert not own_folders.bundles.exists()


@pytest.mark.fault(
    "disk full at the end of a training", "the older model and the run stay; resumed, it becomes the same model"
)
def test_a_failure_at_the_end_keeps_run_and_older_bundle(
    unfinished, small_settings, small_bundle, own_folders, monkeypatch
):
    """The disk is full when the bundle is written: what was there stays, and the run can go on."""
    shutil.copytree(small_bundle.folder, own_folders.bundles / "small")
    before, folder = (small_bundle.folder / "bundle.json").read_bytes(), unfinished(6)

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_csv", full)
        with pytest.raises(BSTError, match="No space left"):
            train(small_settings, "small", resume=True)
    assert [p.name for p in own_folders.bundles.iterdir()] == ["small"]
    assert (own_folders.bundles / "small" / "bundle.json").read_bytes() == before
    assert (folder / "snapshot.npz").is_file()
    same_bundle(train(small_settings, "small", resume=True), small_bundle)


def test_settings_survive_json(small_settings):
    values = json.loads(json.dumps(small_settings.to_dict()))
    assert values == small_settings.to_dict()
    assert RunSettings(**{**values, "config": small_settings.config}) == small_settings
