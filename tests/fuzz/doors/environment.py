"""Environment variables of the project with whatever in them, then a command that reads them."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import strategies as st

from bst import settings
from bst.settings import PROJECT
from tests.fuzz.door import Door
from tests.fuzz.doors.command_line import refused_in_one_line, run
from tests.fuzz.mutations import ODD_TEXT
from tests.fuzz.outcome import require

# no address of another machine: nothing is to be asked over a network
ODD_VALUES = (
    *(text for text in ODD_TEXT if "\0" not in text),
    *("~", "~/x", "~nobody-of-this-name/x", "/", ".", "..", "/dev/null", "/dev/null/x", "/proc/self/mem", "x" * 5000),
    *(
        "😀" * 80,
        "a\nb",
        "\udcff",
        "numpy",
        "Keras",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "ftp://x",
    ),
    *("http://127.0.0.1:9", "http://127.0.0.1:99999", "http://localhost:9/%", "here", "full", "file", "unreadable"),
)
download = import_module("bst.datasets.download")  # the package has a function of that name
VARIABLES = (
    "BST_DATA_DIR",
    "BST_CACHE_DIR",
    "BST_DOWNLOAD_URL",
    "BST_TMDB_KEY",
    "BST_TMDB_URL",
    "BST_ENGINE",
    "BST_MODEL_URL",
)
COMMANDS = (
    ("datasets",),
    ("datasets", "--json"),
    ("recommend", "--watched", "Alien (1979)=5"),
    ("recommend", "--bundle", "ml-1m"),
    ("recommend", "--bundle", "demo-compact", "--dataset", "ml-100k"),
    ("download", "ml-100k"),
    ("report", "--bundle", "ml-1m", "--out", "here"),
)
# one input in so many runs in a process of its own, as an operating system starts it
PROCESSES = 500

values = st.sampled_from(ODD_VALUES) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
)


class Environment(Door):
    """Whatever the variables hold, a command is answered, or refused in one line."""

    name = "environment"
    inputs = st.tuples(
        st.dictionaries(st.sampled_from(VARIABLES), values, max_size=4),
        st.sampled_from(COMMANDS),
        st.sampled_from(range(PROCESSES)).map(lambda number: number == PROCESSES - 1),
    )

    def open(self) -> None:
        """Make folders and files that variables may name, and keep every download on this machine."""
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        (self.folder / "here").mkdir()
        (self.folder / "file").write_text("x")
        (self.folder / "full" / "ml-100k").mkdir(parents=True)
        (self.folder / "full" / "ml-100k" / "u.data").write_text("not\tdata\n")
        patch.chdir(self.folder)
        # a release's own address is on another machine
        patch.setattr(download, "_fetch", _on_this_machine(download._fetch))
        patch.setattr(download, "RETRIES", 0)
        self.before = settings._current

    def check(self, given: tuple[dict[str, str], tuple[str, ...], bool]) -> bool:
        """Run a command with these variables, as if the program had just been started."""
        variables, command, alone = given
        alone = alone and command[0] != "download"
        with pytest.MonkeyPatch.context() as patch:
            for name in VARIABLES:
                patch.delenv(name, raising=False)
            for name, value in variables.items():
                patch.setenv(name, value)
            try:
                settings._current = None
                code, out, err = _run_alone(command) if alone else run(command)
            finally:
                settings._current = self.before
        require(code in (0, 2), f"exit code {code}: {err[-1000:]}")
        require("Traceback" not in err, err[-1000:])
        if code == 2:
            refused_in_one_line(out, err)
        return code == 0


def _run_alone(command: tuple[str, ...]) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "bst", *command],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _on_this_machine(fetch: Callable[..., Path]) -> Callable[..., Path]:
    """Return what fetches files, from this machine alone."""

    def fetch_here(url: str, *more: object) -> Path:
        if "grouplens.org" in url:
            raise ValueError("another machine")
        return fetch(url, *more)

    return fetch_here
