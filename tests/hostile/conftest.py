"""A public-mode server behind the reverse proxy that ``deploy/`` ships.

nginx is the one on the PATH. Without it these tests are skipped with a hint on how to get it; with BST_REQUIRE_PROXY
set they fail instead.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from bst.models.registry import preset
from bst.training.runs import RunSettings
from tests.browser.conftest import ROOT, clone, serving

NAME = "localhost"


@pytest.fixture(scope="session")
def root(tmp_path_factory) -> Iterator[Path]:
    """The folder of the project's copy that is served: whatever a stranger leaves behind is in it.

    Beside the demo's model it has one whose users pass for real people, "real", and one whose dataset is not here,
    "absent"; beside a run that failed, "failed", one that is under way, "going".
    """
    root = clone(tmp_path_factory.mktemp("public"))
    for name, change in {"real": {"simulated": False}, "absent": {"simulated": False, "dataset": "ml-100k"}}.items():
        folder = root / "data" / "bundles" / name
        shutil.copytree(root / "data" / "bundles" / "demo", folder)
        about = json.loads((folder / "bundle.json").read_text("utf-8")) | change
        (folder / "bundle.json").write_text(json.dumps(about), "utf-8")
    going = psutil.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    write_run(root / "runs" / "going", {"pid": going.pid, "identity": hash(going)})
    write_run(root / "runs" / "failed", {"pid": 2**22 - 1, "identity": 0})
    yield root
    assert going.is_running(), "somebody ended it"
    going.kill()
    going.wait(20)


def write_run(folder: Path, process: dict) -> None:
    folder.mkdir(parents=True)
    settings = RunSettings("demo", preset("timeline"), "visitor", 14)
    (folder / "run.json").write_text(json.dumps(settings.to_dict()), "utf-8")
    (folder / "process.json").write_text(json.dumps(process), "utf-8")


@pytest.fixture(scope="session")
def app(root, tmp_path_factory) -> Iterator[str]:
    """The address of a public-mode server, as the proxy sees it."""
    settings = {"BST_PUBLIC": "1", "BST_DATA_DIR": str(root / "data")}
    with serving(tmp_path_factory.mktemp("app") / "log", root, environment=settings) as address:
        yield address


@pytest.fixture(scope="session")
def operator(root, tmp_path_factory) -> Iterator[str]:
    """The address of a private server of the same project: whoever has the code knows what its pages offer."""
    settings = {"BST_PUBLIC": "0", "BST_DATA_DIR": str(root / "data")}
    with serving(tmp_path_factory.mktemp("operator") / "log", root, environment=settings) as address:
        yield address


@pytest.fixture(scope="session")
def proxy(app) -> Iterator[str]:
    """The address of the app for the world."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if nginx is None:
        message = "no nginx: install it (apt-get install nginx-light)"
        if os.environ.get("BST_REQUIRE_PROXY"):
            pytest.fail(message)
        pytest.skip(message)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with proxying(nginx, urlsplit(app).netloc, port) as address:
        yield address


@contextmanager
def proxying(nginx: str, upstream: str, port: int) -> Iterator[str]:
    """Run nginx as the container does, with the shipped file."""
    text = (ROOT / "deploy" / "nginx.conf.template").read_text("utf-8")
    for variable, value in {"BST_HOST": NAME, "BST_LISTEN": f"127.0.0.1:{port}", "BST_APP": upstream}.items():
        text = text.replace(f"${{{variable}}}", value)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nginx.conf").write_text(text, "utf-8")
        # its workers must be let into this folder, which is its owner's alone
        directives = "daemon off;" + ("user root;" if os.geteuid() == 0 else "")
        command = [nginx, "-p", folder, "-c", "nginx.conf", "-g", directives]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            for _ in range(100):
                assert process.poll() is None, "nginx does not take the configuration; what it said is above"
                try:
                    requests.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=5)
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            yield f"http://{NAME}:{port}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="session")
def app_process(app) -> psutil.Process:
    """The process of the public-mode server."""
    port = str(urlsplit(app).port)
    return next(child for child in psutil.Process().children() if port in child.cmdline())
