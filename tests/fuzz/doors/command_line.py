"""What people and scripts type behind ``python -m bst``: every command, every argument, whatever as their values."""

import argparse
import contextlib
import io
import json
import os
import shutil
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst import datasets
from bst.bundles import bundle
from bst.cli import main
from bst.cli.parser import make_parser
from bst.errors import BSTError
from bst.settings import override_settings
from bst.training.run_folder import check_new
from bst.training.run_settings import RunSettings
from tests.fuzz.door import Door
from tests.fuzz.mutations import ODD_TEXT
from tests.fuzz.outcome import require, require_clear, require_equal

# nothing, halves of a pair, numbers that are none, names that no disk takes
ODD = (
    *("", " ", "=", "sex=", "=F", "age=", "occupation=", "sex=X", "age=26", "part=1", "unknown", "a=b=c", "-", "--"),
    *("0", "-1", "1.5", "nan", "inf", "1e999", "²", "٣", "9" * 5000, "1-", "-5", "1999-1990", "9" * 30 + "-"),
    *("😀" * 80, "x" * 300, "漢" * 100, "x" * 5000, "~nobody-of-this-name/x", "/", ".", "..", "a\nb", "\udcff"),
    *("Alien (1979)=5", "Alien (1979)", "Alien=", "Alien=9", "Alien=nan", "no such film", "no such film=3", "M=4"),
    *("%s{0}", "Alien (1979)=1", "1214", "3", "5", "rating", "next", "Drama", "Known", "demo", "demo-compact"),
    *("mine.csv", "new-folder", "new.html", "/dev/null", "/dev/null/x", "mine.csv/x", "here"),
)
# what takes long, starts servers, or writes files that are no text: only what comes before it is tried
HEAVY = (
    *("bst.evaluation.measure.measure", "bst.explanation.insights.make_insights", "bst.cli.score.score"),
    *("bst.preparation.prepare", "bst.cli.export.export", "bst.presentation.event_files.write_events"),
    *("bst.serving.models.check", "bst.datasets.own.write_stored"),
)
RATINGS = "Title,Year,Rating\nAlien,1979,5\nCasablanca,1942,4\n"
# what the arguments are meant to get
GOOD = {
    "--watched": ("Alien (1979)=5", "Casablanca=3", "M (1931)=4"),
    "--seen": ("Jaws (1975)", "Toy Story (1995)"),
    "--bundle": ("demo", "demo-compact"),
    "--dataset": ("demo",),
    "--movie": ("Aliens (1986)", "Brazil (1985)"),
    "--occupation": ("artist", "unknown"),
    "--import": ("mine.csv",),
    "--out": ("new.html", "new-folder"),
    "--rate": ("Alien (1979)=2",),
    "--add": ("Brazil (1985)=5",),
    "--drop": ("Casablanca (1942)",),
    "--move": ("Casablanca (1942)=1",),
    "--set": ("sex=F", "age=25", "occupation=artist"),
    "--swap": ("Alien (1979)",),
    "--genre": ("Drama",),
    "--years": ("1980-1999",),
    "--name": ("mine",),
    "--budget": ("20",),
}


def actions() -> dict[str, list[argparse.Action]]:
    """Return all arguments of each command."""
    (commands,) = (a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return {
        name: [a for a in sub._actions if not isinstance(a, argparse._HelpAction)]
        for name, sub in commands.choices.items()
    }


ACTIONS = actions()
# an argument of a process has no NUL, and no half of a surrogate pair but those that stand for undecodable bytes
typed = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
odd = st.sampled_from(ODD) | st.sampled_from([text for text in ODD_TEXT if "\0" not in text])


@st.composite
def command_lines(draw: DrawFn) -> tuple[str, ...]:
    """Draw a command with some of its arguments: required ones mostly, and values that mostly are none of theirs."""
    name = draw(st.sampled_from(sorted(ACTIONS)))
    line = [name]
    for action in ACTIONS[name]:
        if not (action.required and draw(st.integers(0, 9))) and draw(st.integers(0, 4)):
            continue
        option = action.option_strings[0] if action.option_strings else ""
        good = [str(choice) for choice in action.choices or GOOD.get(option, ("1", "3", "0.5"))]
        values = st.sampled_from(good) if draw(st.integers(0, 5)) else odd | typed
        wanted = {None: 1, 0: 0}.get(action.nargs, action.nargs)  # type: ignore[call-overload]
        if action.option_strings:
            line.append(draw(st.sampled_from(action.option_strings)))
        line += [draw(values) for _ in range(wanted if isinstance(wanted, int) else 1)]
    return tuple(line)


class CommandLine(Door):
    """Every command line is answered, or refused in one line with exit code 2, and leaves nothing half done."""

    name = "command line"
    inputs = command_lines()

    def open(self) -> None:
        """Leave out what takes minutes: what is tried here is what comes before, and other doors try the rest."""
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        self.place = self.folder / "place"
        self.stack.enter_context(override_settings(runs=self.folder / "runs", cache=self.folder / "cache"))
        patch.chdir(self.folder)
        self._fill()
        patch.setenv("COLUMNS", "200")

        def refuse(*_: object, **__: object) -> None:
            raise BSTError("not here")

        def train(asked: RunSettings, name: str, **_: object) -> None:
            check_new(name, self.folder / name, self.folder / "bundles" / name)
            datasets.load(asked.dataset)
            refuse()

        load_weights = bundle.Bundle.load_weights
        load_movies = lru_cache(maxsize=None)(datasets.load_movies)

        @lru_cache(maxsize=4)
        def weights(name: str) -> dict:
            opened = bundle.open_bundle(name)
            return load_weights(opened, load_movies(opened.dataset))

        patch.setattr(datasets, "load", lru_cache(maxsize=None)(datasets.load))
        patch.setattr(datasets, "load_movies", load_movies)
        patch.setattr(bundle, "open_bundle", _remembered(bundle.open_bundle))
        patch.setattr(bundle.Bundle, "load_weights", lambda opened, movies: weights(opened.name))
        for module in ("model", "evaluate", "visitor", "export"):
            patch.setattr(f"bst.cli.{module}.load_tensorflow", lambda: None)
        patch.setattr("bst.datasets.download", refuse)
        patch.setattr("bst.datasets.simulation.simulate", refuse)
        for heavy in HEAVY:
            patch.setattr(heavy, refuse)
        patch.setattr("bst.datasets.profile.dataset_profile", lambda dataset: None)
        patch.setattr("bst.presentation.report.make_report", lambda *_: "<html></html>\n")
        patch.setattr("bst.training.runs.train", train)

    def _fill(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        (self.place / "here").mkdir(parents=True)
        (self.place / "mine.csv").write_text(RATINGS, "utf-8")
        os.chdir(self.place)  # the folder of that name is another one now

    def check(self, given: tuple[str, ...]) -> bool:
        """Run a command line in this process."""
        code, out, err = run(given)
        require(code in (0, 2), f"exit code {code}: {err[-500:]}")
        wrote = self._contents() != {"mine.csv": RATINGS}
        if wrote:
            require_equal(self._contents().pop("mine.csv", None), RATINGS, "a file that was there")
            require(code == 0 and given[0] in ("report", "simulate"), f"{given[0]} left {self._contents()}"[:500])
            self._fill()
        if code == 2:
            refused_in_one_line(out, err)
        elif "--json" in given:
            json.loads(out)
        return code == 0

    def _contents(self) -> dict[str, str]:
        files = (path for path in self.place.rglob("*") if not path.is_dir())
        return {str(path.relative_to(self.place)): path.read_text("utf-8") for path in files}


def run(line: tuple[str, ...]) -> tuple[int, str, str]:
    """Run a command line in this process: exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(line))
        except SystemExit as stopped:  # argparse's own way
            code = stopped.code if isinstance(stopped.code, int) else 1
    return code, out.getvalue(), err.getvalue()


def refused_in_one_line(out: str, err: str) -> None:
    """Raise unless the last line that was said, and only that, is an error of a length that fits a screen."""
    require_equal(out, "", "standard output")
    refusals = [line for line in err.split("\n") if line.startswith("error: ")]
    require_equal(len(refusals), 1, f"errors in {err[-500:]!r}")
    require(err.rstrip("\n").endswith(refusals[0]), f"said after the error: {err[-500:]!r}")
    refusal, _, see = refusals[0].removeprefix("error: ").partition("; see: python -m bst")
    require_clear(refusal, Path.cwd())
    require(len(see) < 40, see)


def _remembered(open_bundle):
    """Verify the shipped bundles once: their checksums take most of the time."""
    shipped = {name: open_bundle(name) for name in ("demo", "demo-compact")}
    return lambda name: shipped.get(str(name)) or open_bundle(name)
