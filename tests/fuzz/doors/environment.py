"""Environment variables of the project with whatever in them, then a command that reads them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from bst import public_mode, settings
from bst.errors import ConfigError, TrainingError
from bst.installation import PROJECT
from bst.training import quotas
from tests.fuzz.door import Door
from tests.fuzz.doors.command_line import refused_in_one_line, run
from tests.fuzz.mutations import ODD_TEXT
from tests.fuzz.outcome import require, require_clear, require_equal

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
    *("1", "0", "true", "Yes", "OFF", " on ", "2", "20", "1e3", "0.5", "-0", "1e400", "-1", "9" * 400),
    *("http://127.0.0.1:9", "http://127.0.0.1:99999", "http://localhost:9/%", "here", "full", "file", "unreadable"),
)
download = import_module("bst.datasets.download")  # the package has a function of that name
COUNTS = {"BST_MAX_RUNS": "max_runs", "BST_MAX_BUNDLES": "max_bundles"}
NUMBERS = {**COUNTS, "BST_MAX_DISK_GB": "max_disk_gb"}
VARIABLES = (
    *("BST_DATA_DIR", "BST_CACHE_DIR", "BST_DOWNLOAD_URL", "BST_TMDB_KEY", "BST_TMDB_URL", "BST_ENGINE"),
    *("BST_MODEL_URL", "BST_PUBLIC", *NUMBERS),
)
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,3})?(/[!-\"$->@-~]*)?")
PUBLIC = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
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
        for file in ("runs/r/run.json", "bundles/b/bundle.json"):
            (self.folder / file).parent.mkdir(parents=True)
            (self.folder / file).write_text("x" * 2000)
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
                self._check_settings(variables)
            finally:
                settings._current = self.before
        require(code in (0, 2), f"exit code {code}: {err[-1000:]}")
        require("Traceback" not in err, err[-1000:])
        if code == 2:
            refused_in_one_line(out, err)
        return code == 0

    def _check_settings(self, variables: dict[str, str]) -> None:
        """Raise unless the settings are those that the variables name, or are refused in a line."""
        settings._current = None
        right = _right(variables)
        try:
            read = settings.get_settings()
        except ConfigError as error:
            require_clear(error)
            require(None in right.values(), f"{variables} was refused: {error}")
            return
        require_equal({name: getattr(read, name) for name in right}, right, f"{variables}")
        settings._current = replace(read, runs=self.folder / "runs", bundles=self.folder / "bundles")
        if read.public:
            require(bool(public_mode.refusal(public_mode.Feature.TRAINING)), "training is offered to strangers")
        try:
            quotas.check()
            full = False
        except TrainingError as error:
            require_clear(error, self.folder / "bundles", self.folder)
            full = True
        # there is one run, and one model, and they take some bytes
        require_equal(full, read.max_runs <= 1 or read.max_bundles <= 1 or read.max_disk_gb < 1e-6, f"{variables}")


def _right(variables: dict[str, str]) -> dict[str, Any]:
    """Return the settings that these variables mean, None for one that means nothing; unset ones are left out."""
    right: dict[str, Any] = {}
    if value := variables.get("BST_PUBLIC", "").strip():
        right["public"] = PUBLIC.get(value.lower())
    for variable, name in NUMBERS.items():
        if value := variables.get(variable, "").strip():
            right[name] = _number(value, whole=variable in COUNTS)
    if value := variables.get("BST_MODEL_URL", "").strip():
        right["model_url"] = value.rstrip("/") if ADDRESS.fullmatch(value) else None
    return right


def _number(text: str, whole: bool) -> float | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number < 0 or float(number) == float("inf"):
        return None
    return None if whole and number != int(float(number)) else float(number)


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
