"""What tests of several processes share: one small Ray."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from bst import cluster
from bst.errors import BSTError
from bst.inference.recommender import Recommender
from bst.schema import Dataset
from tests.scale.audience import small_audience
from tests.unit.conftest import (  # noqa: F401 - fixtures
    orderly,
    orderly_dir,
    own_folders,
    run,
    timeline_bundle,
    timeline_settings,
    trained_timeline,
    world_dir,
)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Any]:
    """A small Ray, one for all tests of a process; skipped where Ray is not installed."""
    ray = pytest.importorskip("ray")
    # not in pytest's own folder, whose path is too long for the sockets that Ray puts into it
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="ray-") as folder:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("RAY_TMPDIR", os.path.realpath(folder))
        for name, value in cluster.ALONE.items():
            patch.setenv(name, value)
        with cluster.joined("A test", BSTError, processors=2, object_store_bytes=80 * 2**20):
            yield ray


# ---- batch scoring


@pytest.fixture(scope="session")
def audience() -> Dataset:
    """Forty users of the demo world, and one without events."""
    return small_audience()


@pytest.fixture(scope="session")
def demo_model() -> Recommender:
    """The demo bundle."""
    return Recommender.load("demo")
