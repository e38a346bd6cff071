"""A public-mode server behind the reverse proxy that ``deploy/`` ships."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from bst.models.registry import preset
from bst.training.runs import RunSettings
from tests import proxies
from tests.browser.conftest import clone, serving


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
    with proxies.nginx(urlsplit(app).netloc) as address:
        yield address


@pytest.fixture(scope="session")
def app_process(app) -> psutil.Process:
    """The process of the public-mode server."""
    port = str(urlsplit(app).port)
    return next(child for child in psutil.Process().children() if port in child.cmdline())
