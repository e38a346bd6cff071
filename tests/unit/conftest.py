"""A small made-up world in MovieLens 1M's format, and a model trained on it once for all tests.

A difference is planted: whoever rates them, movies in even rows get about 4 stars and those in odd rows about 2.
"""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bst.bundle import Bundle
from bst.datasets import load
from bst.models.config import preset
from bst.runs import RunSettings
from bst.schema import AGES, GENRES, Dataset

USERS, MOVIES, EVENTS = 40, 30, 24
EPOCHS = 6


def _lines(rows) -> str:
    return "".join("::".join(map(str, row)) + "\n" for row in rows)


@pytest.fixture(scope="session")
def world_dir(tmp_path_factory) -> Path:
    """A folder ``small-world`` with 40 users × 24 ratings of 30 movies; movie row i has id 100 + 3 i, year 1970 + i."""
    rng = np.random.default_rng(7)
    folder = tmp_path_factory.mktemp("data") / "small-world"
    folder.mkdir()
    users = [(u + 1, "FM"[u % 2], AGES[u % len(AGES)], u % 21, "00000") for u in range(USERS)]
    movies = [
        (100 + 3 * i, f"Story Number {i} ({1970 + i})", f"{GENRES[i % 18]}|{GENRES[(i + 5) % 18]}")
        for i in range(MOVIES)
    ]
    ratings = []
    for u in range(USERS):
        for place, i in enumerate(rng.permutation(MOVIES)[:EVENTS]):
            stars = int(np.clip(round((4 if i % 2 == 0 else 2) + rng.normal(0, 0.4)), 1, 5))
            ratings.append((u + 1, 100 + 3 * i, stars, 1_000_000_000 + 60 * place))
    for name, rows in (("users.dat", users), ("movies.dat", movies), ("ratings.dat", ratings)):
        (folder / name).write_text(_lines(rows), "latin-1")
    return folder


@pytest.fixture(scope="session")
def world(world_dir) -> Dataset:
    return load(world_dir)


@pytest.fixture
def data_here(world_dir, monkeypatch) -> None:
    """Let ``small-world`` be found by its name, as a bundle names it."""
    monkeypatch.setenv("BST_DATA_DIR", str(world_dir.parent))


@pytest.fixture(scope="session")
def small_settings(world_dir) -> RunSettings:
    """Settings under which the planted difference is learnt within seconds."""
    quick = {"step": 1, "batch_size": 32, "learning_rate": 0.2, "mlp": (16, 8), "dropout": 0.0}
    config = preset("seed", **quick, short_history=0.1, unknown=0.1)
    return RunSettings(str(world_dir), config, epochs=EPOCHS, seed=3, patience=EPOCHS)


class OneModel:
    """Makes runs of the same configuration and seed share one model, put back to its first state for each of them.

    To trace the graph of a training step takes many times as long as a whole run of this size.
    """

    def __init__(self):
        self.models, self.first = {}, {}

    def seed(self, real, seed):
        if not self.models:  # later models start from stored weights, and to set a seed drops what was compiled
            real(seed)

    def build(self, real, config, sizes):
        if (config, sizes) not in self.models:
            self.models[config, sizes] = real(config, sizes)
        return self.models[config, sizes]

    def compile(self, real, model, config):
        if model not in self.first:
            real(model, config)
            model.optimizer.build(model.trainable_variables)
            self.first[model] = [v.numpy() for v in (*model.variables, *model.optimizer.variables)]
        for variable, value in zip((*model.variables, *model.optimizer.variables), self.first[model], strict=True):
            variable.assign(value)


@pytest.fixture(scope="session")
def train():
    """``runs.train``, quick from the second call on."""
    import keras

    from bst import runs
    from bst.training import classic

    shared = OneModel()

    def quick(*arguments, **options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras.utils, "set_random_seed", partial(shared.seed, keras.utils.set_random_seed))
            patch.setattr(classic, "build_classic", partial(shared.build, classic.build_classic))
            patch.setattr(classic, "compile_model", partial(shared.compile, classic.compile_model))
            return runs.train(*arguments, **options)

    return quick


@pytest.fixture(scope="session")
def trained(train, small_settings, tmp_path_factory) -> tuple[Bundle, Path]:
    """A bundle trained without interruption, and a folder with copies of its run's folder after epoch 1, 2, …"""
    base = tmp_path_factory.mktemp("trained")

    def keep(row):
        shutil.copytree(base / "runs" / "small", base / "after" / str(row["epoch"]))

    bundle = train(small_settings, "small", runs=base / "runs", into=base / "bundles", on_epoch=keep)
    return bundle, base / "after"


@pytest.fixture(scope="session")
def small_bundle(trained) -> Bundle:
    """The bundle alone. Read only: copy it before damaging it."""
    return trained[0]


@pytest.fixture(scope="session")
def small_recommender(small_bundle, world):
    from bst.catalogue import Catalogue
    from bst.recommender import Recommender

    return Recommender(small_bundle, Catalogue(world.movies), small_bundle.load_model(world.movies))
