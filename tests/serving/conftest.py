"""Model servers for tests."""

from collections.abc import Iterator

import pytest

from tests.serving.server_process import ServerProcess


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """A server of both demo models. Read only: do not stop it."""
    pytest.importorskip("fastapi", reason="needs requirements-scale.txt")
    process = ServerProcess("--bundle", "demo", "--bundle", "demo-compact").start()
    yield process
    process.stop()
