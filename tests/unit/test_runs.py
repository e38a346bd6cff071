"""Runs: from a folder of files to a bundle, through kills, with refusals that say what to do."""

import json
import os
import random
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
from bst.models.config import preset
from bst.runs import RunSettings, train


@pytest.fixture
def places(tmp_path):
    return {"runs": tmp_path / "runs", "into": tmp_path / "bundles"}


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


class Killed(Exception):
    """Stands for whatever may end a run."""


def stop_after(epoch):
    def on_epoch(row):
        if row["epoch"] == epoch:
            raise Killed

    return on_epoch


def stopped_run(settings, places, epoch=1, name="small"):
    with pytest.raises(Killed):
        train(settings, name, **places, on_epoch=stop_after(epoch))


def test_a_run_becomes_a_bundle(small_bundle, small_settings, world):
    assert sorted(p.name for p in small_bundle.folder.iterdir()) == [
        "README.md",
        "bundle.json",
        "history.csv",
        "metrics.json",
        "weights.npz",
    ]
    assert not (small_bundle.folder.parent.parent / "runs" / "small").exists(), "a finished run leaves no folder"
    assert (small_bundle.dataset, small_bundle.seed, small_bundle.protocol) == ("small-world", 3, "seed")
    assert small_bundle.config == small_settings.config
    assert small_bundle.epochs == len(small_bundle.history) == small_settings.epochs
    assert small_bundle.best_epoch == small_bundle.history["val_mae"].idxmin() + 1
    assert small_bundle.parameters["parameters"] == sum(small_bundle.parameters["by_part"].values())
    # windows of 4, step 1, of 40 timelines of 24: 21 each; 15 % of 840 are test
    draw = np.random.default_rng(3).random(40 * 21) > 0.85
    assert small_bundle.metrics["labels"] == draw.sum()
    card = small_bundle.model_card
    for word in ("seed · small-world", f"{small_bundle.metrics['metrics']['mae']:.3f}", "Item mean", "40 users"):
        assert word in card


@pytest.mark.parametrize("epoch", [1, 4])
def test_a_stopped_run_goes_on_as_if_nothing_had_happened(epoch, small_settings, small_bundle, places):
    stopped_run(small_settings, places, epoch)
    assert not places["into"].exists(), "no bundle before the end"
    assert sorted(p.name for p in (places["runs"] / "small").iterdir()) == ["history.csv", "run.json", "snapshot.npz"]
    rows, stages = [], []
    bundle = train(
        small_settings, "small", resume=True, **places, on_epoch=lambda row: rows.append(row["epoch"]), on_stage=stages.append
    )
    assert rows == list(range(epoch + 1, small_settings.epochs + 1)), "finished epochs are not done again"
    assert f"going on after epoch {epoch}" in stages
    same_bundle(bundle, small_bundle)
    assert not (places["runs"] / "small").exists()
    assert [p.name for p in places["into"].iterdir()] == ["small"]


SCRIPT = """
import json, sys, time
from pathlib import Path
from bst.models.config import ClassicConfig
from bst.runs import RunSettings, train
said = json.loads(sys.argv[1])
settings = RunSettings(**said | {"config": ClassicConfig.from_dict(said["config"])})
def tell(row):
    print(row["epoch"], flush=True)
    time.sleep(0.1)
train(settings, "small", runs=Path(sys.argv[2]), into=Path(sys.argv[3]), on_epoch=tell)
"""


def test_a_run_killed_at_any_moment_goes_on(small_settings, small_bundle, places):
    """A real process, SIGKILL at a random moment of a run that is asked for far more epochs than it gets."""
    said = replace(small_settings, epochs=1000, patience=small_settings.patience).to_dict()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, json.dumps(said), str(places["runs"]), str(places["into"])],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout.readline() == "1\n"
        delay = random.random() * 0.4
        time.sleep(delay)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    done = len(pd.read_csv(places["runs"] / "small" / "history.csv"))
    assert 1 <= done < small_settings.epochs, f"killed {delay:.3f} s after epoch 1, {done} epochs were done"
    bundle = train(small_settings, "small", resume=True, **places)
    same_bundle(bundle, small_bundle)


# ---- refusals


def refused(words, settings, name="small", **options):
    with pytest.raises(TrainingError, match=words):
        train(settings, name, **options)


def test_a_taken_name_is_refused(small_settings, small_bundle, places):
    into = small_bundle.folder.parent
    before = (small_bundle.folder / "bundle.json").read_bytes()
    refused("a bundle small is there already; .*--overwrite", small_settings, runs=places["runs"], into=into)
    assert (small_bundle.folder / "bundle.json").read_bytes() == before


def test_an_unfinished_run_is_not_lost_by_mistake(small_settings, places):
    stopped_run(small_settings, places)
    refused("unfinished run is in .*--resume, or drop it with --overwrite", small_settings, **places)
    assert (places["runs"] / "small" / "snapshot.npz").is_file()
    # dropped on request: epoch 1 is done anew
    rows = []
    with pytest.raises(Killed):
        train(
            small_settings,
            "small",
            overwrite=True,
            **places,
            on_epoch=lambda row: (rows.append(row["epoch"]), stop_after(1)(row)),
        )
    assert rows == [1]


def test_nothing_to_resume(small_settings, places):
    refused("no unfinished run in .*start it without --resume", small_settings, resume=True, **places)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"seed": 4}, "seed"),
        ({"config": preset("seed", window=5)}, "config"),
        ({"dataset": "demo", "patience": 1}, "dataset and patience"),
    ],
)
def test_other_settings_are_not_mixed_into_a_run(change, word, small_settings, places):
    folder = places["runs"] / "small"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(small_settings.to_dict()), "utf-8")
    refused(f"another {word};", replace(small_settings, **change), resume=True, **places)


def test_a_damaged_run_is_told(small_settings, places):
    stopped_run(small_settings, places)
    snapshot = places["runs"] / "small" / "snapshot.npz"
    snapshot.write_bytes(snapshot.read_bytes()[:-500])
    refused("snapshot.npz cannot be read .*--overwrite", small_settings, resume=True, **places)
    (snapshot.parent / "run.json").write_text("{", "utf-8")
    refused("run.json is damaged .*--overwrite", small_settings, resume=True, **places)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", ".hidden", "-rf", "a b", "a\nb", "x" * 300, "C:\\x"])
def test_a_name_is_a_plain_word(name, small_settings, places):
    refused("no name for a bundle", small_settings, name, **places)
    assert not places["runs"].exists()
    assert not places["into"].exists()


def test_a_run_that_cannot_be_kept_says_so(small_settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused("file", small_settings, runs=tmp_path / "file", into=tmp_path / "bundles")


def test_bad_settings_leave_nothing(small_settings, places):
    for change in ({"dataset": "no-such-data"}, {"protocol": "no-such"}, {"seed": -1}, {"seed": 2**40}):
        with pytest.raises(BSTError, match="no-such|seed"):
            train(replace(small_settings, **change), "small", **places)
    with pytest.raises(BSTError, match="too small for windows of 30"):
        train(replace(small_settings, config=preset("seed", window=30)), "small", **places)
    assert not places["into"].exists()
    assert not places["runs"].exists()


def test_a_run_that_diverges_is_no_bundle(small_settings, places, monkeypatch):
    from bst import training

    monkeypatch.setattr(training, "predict_arrays", lambda model, arrays: np.full(len(arrays["target"]), np.nan))
    refused("lower.*learning rate", replace(small_settings, patience=1), **places)
    assert not places["into"].exists()


def test_a_failure_at_the_end_keeps_run_and_older_bundle(small_settings, small_bundle, places, monkeypatch):
    """The disk is full when the bundle is written: what was there stays, and the run can go on."""
    import shutil

    shutil.copytree(small_bundle.folder, places["into"] / "small")
    short = replace(small_settings, epochs=1)

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(BSTError, match="No space left"):
        train(short, "small", overwrite=True, **places)
    assert [p.name for p in places["into"].iterdir()] == ["small"]
    assert (places["into"] / "small" / "bundle.json").read_bytes() == (small_bundle.folder / "bundle.json").read_bytes()


def test_settings_survive_json(small_settings):
    said = json.loads(json.dumps(small_settings.to_dict()))
    assert said == small_settings.to_dict()
    assert RunSettings(**{**said, "config": small_settings.config}) == small_settings
