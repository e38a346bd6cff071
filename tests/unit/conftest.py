"""Two small made-up worlds in MovieLens 1M's format, and a model of each kind trained on one of them for all tests.

A difference is planted: whoever rates them, movies in even rows get about 4 stars and those in odd rows about 2. In
the first world everybody watches in an order of their own; in the second, in that of ``CYCLE``, each starting at a
point of their own, so that a movie determines the next.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bst.bundles.bundle import Bundle
from bst.cli import main
from bst.datasets import load
from bst.domain import AGES, GENRES
from bst.models.registry import prepare, preset
from bst.models.timeline.config import TimelineConfig, TowerConfig
from bst.schema import Dataset
from bst.settings import Settings, override_settings
from bst.timelines.splits import EvaluationSplit
from bst.training.runs import RunSettings, train

USERS, MOVIES, EVENTS = 40, 30, 24
EPOCHS = 8
CYCLE = np.random.default_rng(11).permutation(MOVIES)


def _lines(rows) -> str:
    return "".join("::".join(map(str, row)) + "\n" for row in rows)


def write_world(folder: Path, rng: np.random.Generator | None = None, order=None) -> Path:
    """Write a world of ``USERS`` and ``MOVIES``; ``order()`` gives the order in which a user watches them."""
    rng = rng or np.random.default_rng(7)
    order = order or (lambda: rng.permutation(MOVIES))
    folder.mkdir()
    users = [(u + 1, "FM"[u % 2], AGES[u % len(AGES)], u % 21, "00000") for u in range(USERS)]
    movies = [
        (100 + 3 * i, f"Story Number {i} ({1970 + i})", f"{GENRES[i % 18]}|{GENRES[(i + 5) % 18]}")
        for i in range(MOVIES)
    ]
    ratings = []
    for u in range(USERS):
        for position, i in enumerate(order()[:EVENTS]):
            stars = int(np.clip(round((4 if i % 2 == 0 else 2) + rng.normal(0, 0.4)), 1, 5))
            ratings.append((u + 1, 100 + 3 * i, stars, 1_000_000_000 + 60 * position))
    for name, rows in (("users.dat", users), ("movies.dat", movies), ("ratings.dat", ratings)):
        (folder / name).write_text(_lines(rows), "latin-1")
    return folder


@pytest.fixture(scope="session")
def world_dir(tmp_path_factory) -> Path:
    """A folder ``small-world`` with 40 users × 24 ratings of 30 movies; movie row i has id 100 + 3 i, year 1970 + i."""
    rng = np.random.default_rng(7)
    return write_world(tmp_path_factory.mktemp("data") / "small-world", rng, lambda: rng.permutation(MOVIES))


@pytest.fixture(scope="session")
def orderly_dir(world_dir) -> Path:
    """A folder ``orderly-world`` next to the other world: the same, but watched in the order of ``CYCLE``."""
    rng = np.random.default_rng(8)
    return write_world(world_dir.parent / "orderly-world", rng, lambda: np.roll(CYCLE, rng.integers(MOVIES)))


@pytest.fixture(scope="session")
def world(world_dir) -> Dataset:
    return load(world_dir)


@pytest.fixture(scope="session")
def orderly(orderly_dir) -> Dataset:
    return load(orderly_dir)


@pytest.fixture
def data_here(world_dir, orderly_dir, override_settings) -> None:
    """Let both worlds be found by their names, as a bundle names them."""
    override_settings(data=world_dir.parent)


@pytest.fixture(scope="session")
def small_settings(world_dir) -> RunSettings:
    """Settings under which the planted difference is learnt within seconds, whatever the seed."""
    quick = {"step": 1, "batch_size": 16, "learning_rate": 0.1, "mlp": (32, 16), "dropout": 0.0}
    config = preset("user-features", **quick, short_history=0.1, unknown=0.1)
    return RunSettings(str(world_dir), config, epochs=EPOCHS, seed=3, patience=EPOCHS)


@pytest.fixture(scope="session")
def timeline_settings(orderly_dir) -> RunSettings:
    """Settings under which both planted things are learnt within seconds."""
    tower = TowerConfig(width=8, layers=1, dropout=0.1, learning_rate=0.02, epochs=8)
    short = {"train_length": 10, "max_history": 12, "batch_events": 200, "factors": 4}
    quick = {"warm_up": 5, "averaging": 0.9, "negatives": 16}
    config = TimelineConfig("timeline", replace(tower, layers=2), tower, tower, **short, **quick)
    return RunSettings(str(orderly_dir), config, "visitor", epochs=8, seed=3, patience=8)


@pytest.fixture
def eager():
    """Compile nothing, where it takes longer than what is compiled would run."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def trained(small_settings, tmp_path_factory) -> tuple[Bundle, Path]:
    """A bundle trained without interruption, and a folder with copies of its run's folder after epoch 1, 2, …"""
    base = tmp_path_factory.mktemp("trained")

    def copy_run(row):
        shutil.copytree(base / "runs" / "small", base / "after" / str(row["epoch"]))

    with override_settings(runs=base / "runs", bundles=base / "bundles"):
        return train(small_settings, "small", on_epoch=copy_run), base / "after"


@pytest.fixture(scope="session")
def small_bundle(trained) -> Bundle:
    """The bundle alone. Read only: copy it before damaging it."""
    return trained[0]


@pytest.fixture(scope="session")
def small_recommender(small_bundle, world):
    from bst.inference.recommender import Recommender

    return Recommender.load(small_bundle, world)


@pytest.fixture(scope="session")
def trained_timeline(timeline_settings, tmp_path_factory) -> tuple[Bundle, Path, list]:
    """A timeline bundle, a folder with copies of its run's folder after each epoch, and all progress reports."""
    base, progress = tmp_path_factory.mktemp("trained-timeline"), []

    def copy_run(row):
        shutil.copytree(base / "runs" / "tiny", base / "after" / str(row["epoch"]))

    with override_settings(runs=base / "runs", bundles=base / "bundles"):
        bundle = train(timeline_settings, "tiny", on_epoch=copy_run, on_progress=progress.append)
    return bundle, base / "after", progress


@pytest.fixture(scope="session")
def timeline_bundle(trained_timeline) -> Bundle:
    """The bundle alone. Read only: copy it before damaging it."""
    return trained_timeline[0]


@pytest.fixture(scope="session")
def timeline_task(orderly, timeline_settings) -> EvaluationSplit:
    """What the timeline bundle was trained and judged on."""
    return prepare(orderly, timeline_settings.config, "visitor", timeline_settings.seed)


@pytest.fixture(scope="session")
def _timeline_trainer(timeline_settings, timeline_task):
    from bst.models.timeline.trainer import TimelineTrainer

    trainer = TimelineTrainer(timeline_settings.config, timeline_task, timeline_settings.seed)
    return trainer, [variable.numpy() for variable in trainer.variables]


@pytest.fixture
def timeline_trainer(_timeline_trainer):
    """The timeline bundle's trainer before its first epoch; one for all tests, as compiling its graphs is slow."""
    trainer, initial = _timeline_trainer
    for variable, value in zip(trainer.variables, initial, strict=True):
        variable.assign(value)
    return trainer


@pytest.fixture(scope="session")
def timeline_model(timeline_bundle, orderly):
    """The trained model, as it was saved. Read only."""
    return timeline_bundle.load_model(orderly.movies)


@pytest.fixture(scope="session")
def timeline_recommender(timeline_bundle, orderly):
    from bst.inference.recommender import Recommender

    return Recommender.load(timeline_bundle, orderly)


# ---- the command line


@pytest.fixture
def run(capsys):
    """Run a command in this process: → exit code, standard output, standard error."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse ends by itself
            code = end.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def answer(run):
    """Run a command with ``--json`` and return its object: the only thing on standard output."""

    def answer(*arguments):
        code, out, err = run(*arguments, "--json")
        assert code == 0, err
        assert out.endswith("\n")
        return json.loads(out)

    return answer


@pytest.fixture
def refused(run):
    """Run a command that must fail with exit code 2 and one line, which is returned."""

    def refused(*arguments):
        code, out, err = run(*arguments)
        last = err.rstrip("\n").split("\n")[-1]
        assert (code, out) == (2, ""), (code, out, err)
        assert last.startswith("error: ")
        assert "Traceback" not in err
        return last

    return refused


@pytest.fixture
def own_folders(override_settings, tmp_path) -> Settings:
    """Keep everything that a run writes in folders of the test; they are made when they are needed."""
    return override_settings(
        runs=tmp_path / "runs",
        bundles=tmp_path / "bundles",
        cache=tmp_path / "cache",
        evaluation_cache=tmp_path / "evaluations",
    )
