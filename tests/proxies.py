"""nginx and HAProxy as ``deploy/`` ships them, on ports of this computer.

They are those on the PATH. Without one the test is skipped with a hint on how to get it; with BST_REQUIRE_PROXY set it
fails instead.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

DEPLOY = Path(__file__).parents[1] / "deploy"
# the names under which nginx lets the app be opened: this computer's own, and one that an operator might have
NAME, PUBLIC_NAME = "localhost", "studio.example.org"
PACKAGES = {"nginx": "nginx-light", "haproxy": "haproxy"}


def program(name: str) -> str:
    """Return the path of ``nginx`` or ``haproxy``, for a test; without it, the test is skipped or fails, see above."""
    if path := found(name):
        return path
    message = f"no {name}: install it (apt-get install {PACKAGES[name]})"
    if os.environ.get("BST_REQUIRE_PROXY"):
        pytest.fail(message)
    pytest.skip(message)


def found(name: str) -> str | None:
    """Return the path of a program that may be where only the administrator's PATH looks, or None."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx(upstream: str) -> Iterator[str]:
    """Run nginx before the server at ``host:port``, with the shipped file, as the container does; yields its address.

    Raises ``AssertionError`` if it does not start.
    """
    port = _free_port()
    text = (DEPLOY / "nginx.conf.template").read_text("utf-8")
    values = {"BST_HOST": f"{NAME} {PUBLIC_NAME}", "BST_LISTEN": f"127.0.0.1:{port}", "BST_APP": upstream}
    for variable, value in values.items():
        text = text.replace(f"${{{variable}}}", value)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nginx.conf").write_text(text, "utf-8")
        # its workers must be let into this folder, which is its owner's alone
        directives = "daemon off;" + ("user root;" if os.geteuid() == 0 else "")
        command = [program("nginx"), "-p", folder, "-c", "nginx.conf", "-g", directives]
        with _running(command, port):
            yield f"http://{NAME}:{port}"


@contextmanager
def haproxy(replicas: Sequence[str]) -> Iterator[str]:
    """Run HAProxy before two servers at ``host:port``, with the shipped file; yields its own ``host:port``.

    Raises ``AssertionError`` if it does not start.
    """
    port = _free_port()
    places = {"BST_BALANCER": f"127.0.0.1:{port}"}
    places |= {f"BST_REPLICA_{number}": replica for number, replica in enumerate(replicas, 1)}
    with _running([program("haproxy"), "-db", "-f", str(DEPLOY / "haproxy.cfg")], port, places):
        yield f"127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | dict(environment or {}))
    try:
        for _ in range(100):
            assert process.poll() is None, f"{command[0]} does not take the configuration; what it said is above"
            try:
                requests.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=5)
                break
            except requests.RequestException:  # not there yet, or it finds at this moment that a server is not ready
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
