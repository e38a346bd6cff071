"""The wheel: what ``pip install .`` gives works from any folder, with data in a folder of the user's own."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the unpacked wheel; the packages that it needs are those that the tests have."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("bst_studio-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def bst(site: Path, home: Path, *arguments: str) -> str:
    """What a command of the wheel prints, run where there is no checkout."""
    home.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BST_")}
    environment |= {"PYTHONPATH": str(site), "BST_HOME": str(home)}
    command = [sys.executable, "-m", "bst", *arguments]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_command_of_the_wheel_works_in_a_folder_of_the_users_own(site, tmp_path):
    said = bst(site, tmp_path, "recommend", "--bundle", "demo", "--watched", "Alien (1979)=5", "-k", "3")
    assert len(said.strip().splitlines()) == 3
    assert (tmp_path / "data" / "bundles" / "demo" / "weights.npz").is_file()
    # what a user trained stays, what came with the package is renewed with it
    own, shipped = tmp_path / "data" / "bundles" / "mine", tmp_path / "data" / "bundles" / "demo"
    own.mkdir()
    (shipped / "weights.npz").unlink()
    (tmp_path / "data" / ".version").write_text("0.0.1")
    bst(site, tmp_path, "presets")
    assert (own.is_dir(), (shipped / "weights.npz").is_file()) == (True, True)


def test_the_wheel_holds_app_and_models_and_no_row_of_movielens(site):
    parts = {path.relative_to(site).parts[0] for path in site.iterdir()}
    assert {part for part in parts if not part.endswith(".dist-info")} == {"bst", "bst_studio"}
    assert (site / "bst_studio" / "app.py").is_file()
    names = {path.name for path in site.rglob("*") if path.is_file()}
    assert not names & {"ratings.dat", "movies.dat", "users.dat", "ratings.csv"}
