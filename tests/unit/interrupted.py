"""Interrupts an operation at each change that it makes to files, one after the other, and looks at what is left.

    python tests/unit/interrupted.py SCENARIO kill|full|read-only FOLDER [ADDRESS]

Before the first, the second, … file is opened for writing, renamed, removed or made, the process is killed (SIGKILL);
or from there on the disk is full or cannot be written. Then what is left must be sound, and the same operation, started
again, must come to its end and leave nothing behind. Prints one JSON object: ``changes``, how many places there were;
``messages``, what the operation said; ``problems``, what was found wrong. Needs ``os.fork``; imports no TensorFlow, so
that a fork takes milliseconds.
"""

import errno
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from bst import cli, datasets
from bst.bundles.bundle import Bundle, list_bundles, open_bundle, save_bundle
from bst.datasets import folder_registry, simulation
from bst.datasets.simulation import simulate
from bst.errors import BSTError
from bst.evaluation import measure, user_results
from bst.explanation import insights
from bst.installation import PROJECT
from bst.models.registry import preset
from bst.settings import override_settings
from bst.training import background
from bst.training.runs import RunSettings

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")
ERRORS = {"full": errno.ENOSPC, "read-only": errno.EROFS}
# how a child ends: the operation came to its end, was refused with a message, or failed otherwise
WENT_ON, REFUSED, FAILED, ENDED = 10, 11, 12, 0
MOST_CHANGES = 200


def take_up(event: str, arguments: tuple, below: Path) -> bool:
    """Whether an event of Python's audit hooks is a change of the files below a folder."""
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not isinstance(flags, int) or not flags & WRITING:
            return False
    elif event in CHANGES:
        path = arguments[0]
    else:
        return False
    path = Path(os.fsdecode(path))
    if path == Path(os.devnull) or "__pycache__" in path.parts:
        return False
    # shutil.rmtree works with names relative to the folder that it has open
    return not path.is_absolute() or path.is_relative_to(below)


def interrupt(number: int, action: str, below: Path) -> list[int]:
    """Let this process be killed, or the disk be full, from its ``number``-th change on. Returns the changes so far."""
    seen = []

    def hook(event, arguments):
        if not take_up(event, arguments, below):
            return
        seen.append(len(seen))
        if len(seen) < number:
            return
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        # a full disk still allows to rename and to remove
        if action == "read-only" or event in ("open", "os.mkdir"):
            raise OSError(ERRORS[action], os.strerror(ERRORS[action]), os.fsdecode(arguments[0]))

    sys.addaudithook(hook)
    return seen


class Scenario(NamedTuple):
    """``prepare`` a folder, ``operate`` on it; ``sound`` raises AssertionError unless what is there can be trusted.

    ``left``: the names in the folder after it has come to its end, all of them. ``below``: where changes are looked
    for, unless in the folder.
    """

    prepare: Callable[[Path], object]
    operate: Callable[[Path], object]
    sound: Callable[[Path], object]
    left: tuple[str, ...]
    below: Path | None = None


# ---- bundles


def source() -> Bundle:
    return open_bundle(PROJECT / "data" / "bundles" / "demo-compact")


class Weight(np.ndarray):
    """Stands for a variable of a Keras model: its values, and its path."""

    path: str


def model_of(bundle: Bundle) -> SimpleNamespace:
    weights = []
    for path, values in bundle.load_weights(datasets.load_movies("demo")).items():
        weight = values.view(Weight)
        weight.path = f"model/{path}"
        weights.append(weight)
    return SimpleNamespace(weights=weights)


def save(folder: Path, card: str) -> None:
    bundle = source()
    save_bundle(replace(bundle, folder=folder / "model"), model_of(bundle), [{"epoch": 1}], {}, card)


def old_or_new_bundle(folder: Path) -> None:
    (bundle,) = list_bundles(folder)
    assert isinstance(bundle, Bundle), bundle
    assert bundle.model_card in ("old", "new")
    bundle.load_weights(datasets.load_movies("demo"))


def no_half_bundle(folder: Path) -> None:
    for bundle in list_bundles(folder):
        assert isinstance(bundle, Bundle), bundle
        assert bundle.model_card == "new"


# ---- what is kept beside a bundle


def copy_demo(folder: Path) -> None:
    shutil.copytree(PROJECT / "data" / "bundles" / "demo", folder / "demo")


def demo(folder: Path) -> Bundle:
    with override_settings(bundles=folder):
        return open_bundle("demo")


def evaluate(folder: Path) -> None:
    bundle = demo(folder)
    record, users = measure.read(bundle), user_results.read(bundle)
    assert record
    assert users
    problem = measure.keep(bundle, measure.Evaluation(replace(record, made="2000-01-01"), users))
    if not problem:
        # of a dataset that is not simulated, the rows stay outside the bundle
        problem = measure.keep_users(replace(bundle, simulated=False), users)
    if problem:
        raise BSTError(problem)


def evaluation_is_whole(folder: Path) -> None:
    bundle = demo(folder)
    assert measure.read(bundle) is not None
    assert user_results.read(bundle) is not None


def explain(folder: Path) -> None:
    bundle = demo(folder)
    insights.save_insights(bundle, insights.read_insights(bundle))


def insights_are_whole(folder: Path) -> None:
    assert insights.read_insights(demo(folder)) is not None


# ---- datasets


def download(folder: Path) -> None:
    datasets.download("ml-1m", into=folder, base_url=sys.argv[4], known_hash=sys.argv[5])


def no_half_dataset(folder: Path) -> None:
    if (folder / "ml-1m").exists():
        assert len(datasets.read(folder / "ml-1m").ratings) == 5


def outdated_world(folder: Path) -> None:
    written = simulation.write(WORLD, folder / "world")
    description = json.loads((written / "world.json").read_text("utf-8"))
    (written / "world.json").write_text(json.dumps(description | {"version": 0}), "utf-8")


def load_world(folder: Path) -> None:
    assert len(datasets.load("demo").ratings) == len(WORLD.dataset.ratings)


def world_is_whole(folder: Path) -> None:
    if (folder / "world").exists():
        assert len(datasets.read(folder / "world").ratings) == len(WORLD.dataset.ratings)


def register(folder: Path) -> None:
    folder_registry.register(f"name {len(folder_registry.registered_folders())}", folder)


def registry_is_whole(folder: Path) -> None:
    assert "before" in folder_registry.registered_folders()


def registry_before(folder: Path) -> None:
    folder_registry.register("before", folder)


# ---- runs and imports


def start_and_discard(folder: Path) -> None:
    sys.executable = shutil.which("true")  # the process of the run ends at once
    if background.status("mine"):
        discard()
    background.start(RunSettings("demo", preset("compact")), "mine")
    assert background.status("mine")
    discard()


def discard() -> None:
    background.cancel("mine")
    background.discard("mine")


def runs_can_be_listed(folder: Path) -> None:
    assert len(background.statuses()) <= 1


def import_ratings(folder: Path) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    assert cli.main(["recommend", "--bundle", "demo", "--import", str(folder / "ratings.csv")]) == 0


def an_export(folder: Path) -> None:
    (folder / "ratings.csv").write_text("Title,Year,Rating\nAlien,1979,5\nCasablanca,1942,4\n", "utf-8")


WORLD = simulate(users=25, ratings=1_000, seed=3)
SCENARIOS = {
    "bundle": Scenario(lambda folder: save(folder, "old"), lambda f: save(f, "new"), old_or_new_bundle, ("model",)),
    "first bundle": Scenario(lambda folder: None, lambda f: save(f, "new"), no_half_bundle, ("model",)),
    "evaluation": Scenario(copy_demo, evaluate, evaluation_is_whole, ("demo", "evaluations")),
    "insights": Scenario(copy_demo, explain, insights_are_whole, ("demo",)),
    "download": Scenario(lambda folder: None, download, no_half_dataset, ("ml-1m",)),
    "demo world": Scenario(outdated_world, load_world, world_is_whole, ("world",)),
    "registry": Scenario(registry_before, register, registry_is_whole, ("cache",)),
    "run": Scenario(lambda folder: None, start_and_discard, runs_can_be_listed, ()),
    "import": Scenario(an_export, import_ratings, an_export, ("ratings.csv",), Path("/")),
}


def operate_in_a_child(scenario: Scenario, number: int, action: str, folder: Path) -> tuple[int, str]:
    """Operate in a process that is interrupted. Returns how it ended, and its message if it was refused."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        end, message = FAILED, ""
        try:
            seen = interrupt(number, action, scenario.below or folder)
            scenario.operate(folder)
            end = ENDED if len(seen) < number else WENT_ON
        except BSTError as error:
            end, message = REFUSED, str(error)
        except BaseException:
            message = traceback.format_exc()
        os.write(writing, message.encode())
        os._exit(end)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        message = pipe.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), message


def main(name: str, action: str, work: Path) -> dict:
    """Interrupt a scenario everywhere."""
    scenario, problems, messages = SCENARIOS[name], [], set()
    for number in range(1, MOST_CHANGES):
        folder = work / str(number)
        folder.mkdir()
        places = {
            "runs": folder,
            "bundles": work / "bundles",
            "cache": folder / "cache",
            "evaluation_cache": folder / "evaluations",
        }
        with override_settings(**places if name != "import" else {}):
            datasets.sources.demo_dir = lambda folder=folder: folder / "world"
            scenario.prepare(folder)
            code, message = operate_in_a_child(scenario, number, action, folder)
            if code == FAILED or (action == "kill" and code not in (-signal.SIGKILL, ENDED)):
                problems.append(f"{number}: {message}")
            if code == REFUSED:
                messages.add(message.replace(str(folder), "FOLDER"))
            try:
                scenario.sound(folder)
                if code != ENDED:
                    again = operate_in_a_child(scenario, MOST_CHANGES, action, folder)
                    assert again == (ENDED, ""), again
                    scenario.sound(folder)
                hidden = [str(path) for path in folder.rglob(".*")]
                left = sorted(path.name for path in folder.iterdir())
                assert (left, hidden) == (list(scenario.left), [])
            except Exception:
                problems.append(f"{number}: {traceback.format_exc()}")
        shutil.rmtree(folder)
        if code == ENDED:
            break
    return {"changes": number - 1, "messages": sorted(messages), "problems": problems}


if __name__ == "__main__":
    simulation.simulate = lambda **_: WORLD  # the world of the demo is as good when it is small
    print(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
