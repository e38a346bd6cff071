"""Each example runs as its reader would run it, and says something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_and_prints(name, tmp_path):
    if name == "serve.py":
        pytest.importorskip("fastapi")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::DeprecationWarning:__main__"}
    command = [sys.executable, str(ROOT / "examples" / name)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 3
    assert not list(tmp_path.iterdir()), "an example leaves nothing in the folder where it is run"


def test_the_index_names_each_example():
    index = (ROOT / "examples" / "README.md").read_text("utf-8")
    assert [name for name in EXAMPLES if f"]({name})" not in index] == []
