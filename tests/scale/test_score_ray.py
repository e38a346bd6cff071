"""Batch scoring on Ray: the shards of the local engine."""

import pickle
import shutil
import sys

import numpy as np
import pytest
from pyarrow import parquet

from bst.batch_scoring import DatasetSource, StoreSource, score
from bst.batch_scoring.distributed import _Actor
from bst.batch_scoring.plan import Plan
from bst.batch_scoring.worker import Job
from bst.bundles.bundle import open_bundle
from bst.errors import BundleError, MissingPackageError
from bst.store import write_store

pytestmark = pytest.mark.slow


def test_ray_writes_the_shards_of_the_local_engine(ray_cluster, audience, tmp_path):
    bundle, reports = open_bundle("demo"), []
    score(bundle, DatasetSource(audience, 4), tmp_path / "local", workers=1)
    # from a dataset in memory, one shard is there already
    source, out = DatasetSource(audience, 4), tmp_path / "ray"
    score(bundle, source, out, workers=1)
    gone = sorted(out.glob("*.parquet"))[1:]
    for file in gone:
        file.unlink()
    summary = score(bundle, source, out, engine="ray", workers=2, on_progress=lambda done, total: reports.append(done))
    assert (summary.scored_shards, summary.users) == (3, 41)
    assert reports == sorted(reports)
    assert reports[-1] == 41
    # from a store
    stored = write_store(audience, tmp_path / "store", 4)
    score(bundle, StoreSource(stored), tmp_path / "ray-store", engine="ray", workers=1)
    expected = [parquet.read_table(file) for file in sorted((tmp_path / "local").glob("*.parquet"))]
    for folder in (out, tmp_path / "ray-store"):
        found = [parquet.read_table(file) for file in sorted(folder.glob("*.parquet"))]
        assert len(found) == 4
        assert all(one.equals(other) for one, other in zip(found, expected, strict=True))


def test_an_error_of_an_actor_is_one_line(ray_cluster, audience, tmp_path):
    shutil.copytree(open_bundle("demo").folder, tmp_path / "mine")
    bundle = open_bundle(tmp_path / "mine")
    (tmp_path / "mine" / "weights.npz").unlink()  # after this process has looked at it
    with pytest.raises(BundleError, match=r"weights\.npz is missing"):
        score(bundle, DatasetSource(audience, 2), tmp_path / "lists", engine="ray", workers=1)


def test_without_ray_the_command_says_what_to_install(audience, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(MissingPackageError, match=r"--engine ray needs the package ray.*requirements-scale\.txt"):
        score(open_bundle("demo"), DatasetSource(audience, 2), tmp_path / "lists", engine="ray", workers=1)


def test_an_actor_scores_pickled_shards(audience, tmp_path):
    bundle, source = open_bundle("demo"), DatasetSource(audience, 4)
    plan = Plan.of(bundle, source.name, source.fingerprint, "like", 10, 4, 41)
    job = Job(plan, bundle.folder, source.movies, source.levels, tmp_path, "numpy")
    actor = _Actor(pickle.loads(pickle.dumps(job)))
    batch = {"index": np.array([2]), "reader": np.array([pickle.dumps(source.reader(2))], object)}
    report = {name: values.tolist() for name, values in actor(batch).items()}
    assert report == {"index": [2], "users": [10], "rows": [100]}
    assert plan.is_done(tmp_path, 2)
