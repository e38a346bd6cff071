"""What tests of several processes share: one small Ray."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

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
def ray_cluster(tmp_path_factory) -> Iterator[Any]:
    """Ray on the loopback interface, one for all tests of a process; skipped where Ray is not installed."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("RAY_AUTH_MODE", "disabled"), ("RAY_USAGE_STATS_ENABLED", "0")):
            patch.setenv(name, value)
        # a short path: sockets are in it
        folder = os.path.realpath(tmp_path_factory.mktemp("ray"))
        _start(ray, folder)
        yield ray
        ray.shutdown()


def _start(ray: Any, folder: str, tries: int = 4) -> None:
    """Start Ray, which gives up after 30 seconds: too few for a busy machine, and no setting changes that."""
    for left in reversed(range(tries)):
        try:
            ray.init(
                _node_ip_address="127.0.0.1",
                num_cpus=2,
                object_store_memory=80 * 2**20,
                include_dashboard=False,
                _temp_dir=folder,
            )
            return
        except Exception as error:
            ray.shutdown()
            if not left or "timed out" not in str(error):
                raise


# ---- batch scoring


@pytest.fixture(scope="session")
def audience() -> Dataset:
    """Forty users of the demo world, and one without events."""
    return small_audience()


@pytest.fixture(scope="session")
def demo_model() -> Recommender:
    """The demo bundle."""
    return Recommender.load("demo")
