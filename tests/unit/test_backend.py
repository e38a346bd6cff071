"""Without TensorFlow, or with a broken one, everything else works and the error says what to do."""

import os
import subprocess
import sys

import pytest

BROKEN = {
    "missing": "sys.modules['tensorflow'] = None",
    "empty": "import types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')",
    "keras missing": "sys.modules['keras'] = None",
}


def run(breakage: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a command in a fresh interpreter in which something was broken before."""
    code = f"import sys; {breakage}; from bst.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.fault("TensorFlow or Keras missing or broken", "one line with the command that installs it")
@pytest.mark.parametrize("breakage", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("command", ["recommend", "presets", "train"])
def test_a_command_that_needs_keras_says_what_is_missing(breakage, command, world_dir):
    needed = ["--dataset", world_dir, "--name", "none"] if command == "train" else []
    ended = run(breakage, command, *map(str, needed), BST_ENGINE="keras")
    assert ended.returncode == 2
    assert ended.stdout == ""
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("error: TensorFlow ")
    assert "python -m pip install -r requirements.txt" in last
    assert "Traceback" not in ended.stderr


@pytest.mark.fault("TensorFlow or Keras missing: recommend", "recommends, as the NumPy engine needs neither")
@pytest.mark.parametrize("breakage", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("command", [("datasets",), ("recommend", "--watched", "Alien (1979)=5")], ids=lambda c: c[0])
def test_what_needs_no_keras_works_without(breakage, command):
    ended = run(breakage, *command)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_another_backend_of_keras_is_not_asked_for(monkeypatch):
    """Whoever prefers JAX or PyTorch in other programs need not have them for this one."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    ended = run("pass", "recommend", "-k", "1", BST_ENGINE="keras")
    assert ended.returncode == 0, ended.stderr
