"""What tests of several processes share: one small Ray."""

import os
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory) -> Iterator[Any]:
    """Ray on the loopback interface, one for all tests of a process; skipped where Ray is not installed."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("RAY_AUTH_MODE", "disabled"), ("RAY_USAGE_STATS_ENABLED", "0")):
            patch.setenv(name, value)
        # a short path: sockets are in it
        folder = os.path.realpath(tmp_path_factory.mktemp("ray"))
        ray.init(
            _node_ip_address="127.0.0.1",
            num_cpus=2,
            object_store_memory=80 * 2**20,
            include_dashboard=False,
            _temp_dir=folder,
        )
        yield ray
        ray.shutdown()
