"""Runs of several workers: from a prepared store to a bundle, through kills, and what is refused."""

import json
import os
import shutil
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from bst.bundles import rating_counts
from bst.bundles.bundle import Bundle
from bst.cli import main
from bst.datasets import load
from bst.errors import BSTError, ConfigError, TrainingError
from bst.models.registry import preset
from bst.schema import Visitor
from bst.settings import override_settings
from bst.store import write_store
from bst.training import local_workers, ray_workers
from bst.training.run_data import open_data
from bst.training.runs import RunSettings, train
from tests.scale.fit_alone import tiny_config
from tests.unit.conftest import MOVIES, write_world

# epochs of this store last tenths of a second: enough of them that a run is still on when its first row is read
SHARDS, EPOCHS = 4, 8


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """The world of the unit tests as a store of four shards."""
    folder = tmp_path_factory.mktemp("store")
    write_store(load(write_world(folder / "world")), folder / "prepared", SHARDS)
    return folder / "prepared"


@pytest.fixture(scope="module")
def two_workers(store) -> RunSettings:
    config = tiny_config(dropout=0.1, epochs=EPOCHS).with_tasks(("rating", "next"))
    return RunSettings(str(store), config, "visitor", EPOCHS, seed=3, patience=EPOCHS, workers=2)


@pytest.fixture(scope="module")
def trained(two_workers, tmp_path_factory) -> tuple[Bundle, list[dict], list[str], list[float]]:
    """A bundle that nobody interrupted; and the rows, stages and shares that were reported on the way."""
    base, rows, stages, shares = tmp_path_factory.mktemp("trained"), [], [], []
    with override_settings(runs=base / "runs", bundles=base / "bundles"):
        bundle = train(
            two_workers,
            "two",
            on_stage=stages.append,
            on_epoch=rows.append,
            on_progress=lambda progress: shares.append(progress.share),
        )
    return bundle, rows, stages, shares


@pytest.fixture
def here(tmp_path, override_settings):
    """Folders of its own for a test."""
    return override_settings(runs=tmp_path / "runs", bundles=tmp_path / "bundles")


def workers() -> list[psutil.Process]:
    """The workers that this process has started, by number."""
    found = [one for one in psutil.Process().children() if "bst.training.worker" in one.cmdline()]
    return sorted(found, key=lambda process: process.create_time())


def same_weights(left: Bundle, right: Bundle) -> bool:
    with np.load(left.folder / "weights.npz") as a, np.load(right.folder / "weights.npz") as b:
        return a.files == b.files and all(a[name].tobytes() == b[name].tobytes() for name in a.files)


@pytest.mark.slow
def test_a_store_becomes_a_bundle_that_answers(trained, store):
    bundle, rows, stages, shares = trained
    assert [row["epoch"] for row in rows] == list(range(1, EPOCHS + 1)) == bundle.history["epoch"].tolist()
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["next_loss"] < rows[0]["next_loss"]
    assert "starting 2 workers" in stages
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert (bundle.dataset, bundle.sizes.users, bundle.sizes.movies) == ("world", 40, MOVIES)
    dataset = load(store)
    np.testing.assert_array_equal(rating_counts.read(bundle), np.bincount(dataset.ratings["movie"], minlength=MOVIES))
    from bst.inference.recommender import Recommender

    expected = Recommender.load(bundle).expected_ratings(Visitor().watched(100, 5.0))
    # whoever rates them, movies in even rows get about 4 stars and those in odd rows about 2
    assert expected[::2].mean() > expected[1::2].mean()
    assert not bundle.folder.parent.with_name("runs").exists(), "a finished run leaves no folder"


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.fault("kill -9 of one of two workers", "all start again, and it becomes the same model to the last bit")
def test_a_killed_worker_changes_nothing(trained, two_workers, here):
    stages, killed = [], []

    def kill(row):
        if row["epoch"] == 1:
            killed.append(workers()[1].pid)
            os.kill(killed[0], signal.SIGKILL)

    bundle = train(two_workers, "two", on_stage=stages.append, on_epoch=kill)
    assert killed
    assert any("worker 2 was stopped from outside (signal 9)" in stage for stage in stages)
    assert any(stage.startswith("continuing after epoch") for stage in stages)
    assert same_weights(bundle, trained[0])


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.fault("the process that started two workers stops", "they end; resumed, it becomes the same model")
def test_a_stopped_run_goes_on(trained, two_workers, here):
    running = []

    def stop(row):
        running.extend(workers())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(two_workers, "two", on_epoch=stop)
    assert len(running) == 2
    assert not any(process.is_running() for process in running)
    bundle = train(two_workers, "two", resume=True)
    assert same_weights(bundle, trained[0])


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.fault("kill -9 of one of two workers under Ray Train", "all start again, and it becomes the same model")
def test_ray_trains_the_same_model(trained, two_workers, here, ray_cluster):
    """One of its workers is killed on the way: Ray starts all anew, and they go on from the snapshot."""
    killed, rows, stages = [], [], []

    def kill(row):
        rows.append(row["epoch"])
        if row["epoch"] == 1 and not killed:
            killed.append(ray_workers_of_this_process()[1].pid)
            os.kill(killed[0], signal.SIGKILL)

    bundle = train(replace(two_workers, engine="ray"), "two", on_epoch=kill, on_stage=stages.append)
    assert killed
    assert any(stage.startswith("continuing after epoch") for stage in stages)
    assert rows == list(range(1, EPOCHS + 1))
    assert same_weights(bundle, trained[0])


def ray_workers_of_this_process() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "RayTrainWorker" in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.mark.slow
def test_ray_says_in_one_line_what_no_new_start_would_mend(two_workers, here, ray_cluster, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(two_workers.dataset, damaged)
    (damaged / "shards" / "001.parquet").write_bytes(b"no shard")
    with pytest.raises(TrainingError, match=r"001\.parquet is damaged") as error:
        train(replace(two_workers, dataset=str(damaged), engine="ray"), "two")
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_one_worker_trains_from_a_store(two_workers, here):
    """In this process; a few steps an epoch."""
    settings = replace(two_workers, workers=1, steps_per_epoch=2, config=two_workers.config.with_tasks(("next",)))
    bundle = train(settings, "one")
    assert bundle.history["next_loss"].iloc[-1] < bundle.history["next_loss"].iloc[0]


# ---- what is refused


def refused(capsys, *options: str) -> str:
    assert main(["train", *options]) == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize("option", [("--workers", "2"), ("--engine", "ray"), ("--steps-per-epoch", "9")])
def test_a_classic_model_has_one_worker(capsys, here, option):
    message = refused(capsys, "--dataset", "demo", "--preset", "compact", *option)
    assert "preset compact" in message
    assert "--preset timeline" in message


def test_a_classic_model_needs_a_dataset_in_memory(capsys, here, store):
    assert "prepared store" in refused(capsys, "--dataset", str(store), "--preset", "compact")


def test_each_worker_needs_a_shard(capsys, here, store):
    message = refused(capsys, "--dataset", str(store), "--workers", "5")
    assert "5 workers are more than the 4 shards" in message
    assert "--shards 5" in message


@pytest.mark.parametrize("option", ["--workers", "--steps-per-epoch"])
def test_there_is_at_least_one(capsys, here, option):
    assert f"{option} must be at least 1, not 0" in refused(capsys, "--dataset", "demo", option, "0")


def test_other_protocols_need_all_ratings_in_memory(capsys, here, store):
    assert "--protocol visitor" in refused(capsys, "--dataset", str(store), "--protocol", "temporal")


def test_each_worker_needs_a_user(store):
    many = SimpleNamespace(size=35, is_chief=True)
    with pytest.raises(ConfigError, match="35 workers are more than the 34 users"):
        open_data(str(store.parent / "world"), preset("timeline"), "visitor", 0, 1.0, replicas=many)


def test_without_ports_there_is_one_clear_line(monkeypatch):
    def refuse(self, address):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("socket.socket.bind", refuse)
    with pytest.raises(TrainingError, match="2 workers need 2 free ports"):
        local_workers.free_ports(2)


@pytest.mark.slow
def test_without_tensorflow_a_worker_says_so(two_workers, here, tmp_path, monkeypatch):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise ImportError('no such library')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(BSTError, match=r"TensorFlow cannot be loaded.*no such library"):
        train(two_workers, "two")


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        (["10.0.0.5:4000", "10.0.0.5:4001"], ["127.0.0.1:4000", "127.0.0.1:4001"]),
        (["10.0.0.5:4000", "10.0.0.6:4001"], ["10.0.0.5:4000", "10.0.0.6:4001"]),
    ],
)
def test_workers_of_one_computer_talk_over_the_loopback_interface(monkeypatch, workers, expected):
    task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(task))
    ray_workers.stay_on_this_computer()
    assert json.loads(os.environ["TF_CONFIG"]) == task | {"cluster": {"worker": expected}}


def test_a_run_remembers_its_workers(two_workers, here):
    folder = here.runs / "two"
    folder.mkdir(parents=True)
    from bst.training.runs import write_settings

    write_settings(folder, two_workers)
    with pytest.raises(TrainingError, match="another workers"):
        train(replace(two_workers, workers=3), "two", resume=True)
