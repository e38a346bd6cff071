"""Two processes, two servers, two threads on one folder: nobody destroys what another one makes."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bst import datasets
from bst.bundles import sidecars
from bst.bundles.bundle import Bundle, list_bundles, open_bundle, save_bundle
from bst.datasets import simulation
from bst.datasets.folder_registry import registered_folders
from bst.errors import BundleError, TrainingError
from bst.files import InUseError, draft_of, locked, replace_folder
from bst.training import background
from bst.training.runs import reserved, train

ROOT = Path(__file__).parents[2]


def python(code: str, *arguments: object) -> subprocess.Popen:
    """Start a process of its own."""
    path = os.pathsep.join(filter(None, (str(ROOT), str(ROOT / "tests" / "unit"), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)


# ---- the lock itself


HOLD = """
import sys, time
from pathlib import Path
from bst.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_is_for_one_and_leaves_no_file(tmp_path):
    with locked(tmp_path / "it"):
        with (
            ThreadPoolExecutor() as pool,
            pytest.raises(InUseError, match=r"another program is at work on .*/it; wait"),
        ):
            pool.submit(locked(tmp_path / "it").__enter__).result()
        with locked(tmp_path / "other"):
            pass
    assert not list(tmp_path.iterdir())


def test_of_many_who_wait_for_a_lock_one_has_it_at_a_time(tmp_path):
    """Its file is removed each time, so that they must not hold the lock of a file that is gone."""
    inside, most = [], []

    def work(number):
        for _ in range(20):
            with locked(tmp_path / "it", 60):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert (len(most), max(most)) == (120, 1)


def test_a_lock_of_a_killed_process_is_free(tmp_path):
    with python(HOLD, tmp_path / "it") as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InUseError), locked(tmp_path / "it"):
            pass
        process.kill()
        process.wait()
    with locked(tmp_path / "it"):
        pass
    assert not list(tmp_path.iterdir())


# ---- bundles


SAVE = """
import sys
from pathlib import Path
from interrupted import save
for _ in range(8):
    save(Path(sys.argv[1]), sys.argv[2])
"""


def test_two_processes_save_the_same_bundle_while_others_read_it(tmp_path, fault):
    from interrupted import save

    save(tmp_path, "old")
    processes = [python(SAVE, tmp_path, card) for card in ("one", "other")]
    seen = {}
    while any(process.poll() is None for process in processes):
        (bundle,) = list_bundles(tmp_path)  # it is there at any moment
        assert isinstance(bundle, Bundle), bundle
        try:
            card = bundle.model_card
        except BundleError as error:
            card = str(error)
        seen[card] = seen.get(card, 0) + 1
    assert [process.wait() for process in processes] == [0, 0]
    assert all(card in ("old", "one", "other") or " meanwhile" in card for card in seen), seen
    assert open_bundle(tmp_path / "model").model_card in ("one", "other")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    fault("two processes save the same bundle", f"16 saves, opened {sum(seen.values())} times meanwhile: always whole")


def test_a_bundle_that_was_replaced_is_not_taken_for_the_new_one(tmp_path, fault):
    """Nor does an evaluation of the old one, which took long, overwrite that of the new one."""
    from interrupted import model_of, save, source

    save(tmp_path, "old")
    old = open_bundle(tmp_path / "model")
    sidecars.save(old, "insights", {"of": "old"})
    # other weights: the first value of each is 1 higher
    model = model_of(source())
    for weight in model.weights:
        weight.flat[0] += 1
    new = save_bundle(old, model, [], {}, "new")
    sidecars.save(new, "insights", {"of": "new"})
    movies = datasets.load_movies("demo")
    for read in (lambda: old.model_card, lambda: old.history, lambda: old.load_weights(movies)):
        with pytest.raises(BundleError, match="bundle model was replaced by a newer training meanwhile; open it again"):
            read()
    with pytest.raises(BundleError, match="replaced by a newer training"):
        sidecars.save(old, "insights", {"of": "old"})
    assert sidecars.read(new, "insights") == {"of": "new"}
    assert new.model_card == "new"
    fault("a bundle is replaced while it is evaluated", "the new one's record stays; the old one's is refused, said so")


# ---- runs


START = """
import sys, time
from pathlib import Path
from bst.errors import TrainingError
from bst.models.registry import preset
from bst.settings import override_settings
from bst.training import background
from bst.training.runs import RunSettings
runs = Path(sys.argv[1])
print("ready", flush=True)
while not (runs.parent / "go").exists():
    time.sleep(0.001)
with override_settings(runs=runs, bundles=runs.parent / "bundles"):
    try:
        background.start(RunSettings("demo", preset("compact").with_epochs(500), epochs=500), "mine")
        print("started")
    except TrainingError as error:
        print(error)
"""


@pytest.mark.slow
def test_of_two_servers_that_start_the_same_run_one_has_it(own_folders, fault):
    own_folders.runs.mkdir()
    servers = [python(START, own_folders.runs) for _ in range(2)]
    assert [server.stdout.readline() for server in servers] == ["ready\n"] * 2
    (own_folders.runs.parent / "go").touch()
    answers = sorted(server.communicate()[0].strip() for server in servers)
    try:
        (run,) = background.statuses()
        assert run.state == "running"
    finally:
        background.cancel("mine")
    assert answers[1] == "started"
    assert answers[0].startswith("run mine is under way (0% done)")
    background.discard("mine")
    assert not list(own_folders.runs.iterdir())
    fault("two servers start the same run", "one has it; the other says that it is under way")


def test_a_run_is_trained_by_one_process(small_settings, own_folders, monkeypatch, fault):
    """Whoever starts, resumes, overwrites or removes what another process trains is told so."""
    monkeypatch.setattr("bst.training.runs.WAIT_S", 0.1)
    folder = own_folders.runs / "small"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(small_settings.to_dict()), "utf-8")
    held, release = threading.Event(), threading.Event()

    def other():
        with reserved(folder):
            held.set()
            release.wait(60)

    with ThreadPoolExecutor() as pool:
        training = pool.submit(other)
        held.wait(60)
        for attempt in (
            lambda: train(small_settings, "small", overwrite=True),
            lambda: train(small_settings, "small", resume=True),
            lambda: background.resume("small"),
            lambda: background.discard("small"),
        ):
            with pytest.raises(TrainingError, match="run small is under way in another process; wait"):
                attempt()
        release.set()
        training.result()
    assert (folder / "run.json").is_file()
    fault("two commands train, resume or delete the same run", "the second is refused; the first goes on")


# ---- datasets


def test_the_demo_world_is_simulated_by_one_of_two(override_settings, tmp_path, monkeypatch, fault):
    override_settings(project_data=tmp_path)
    world, simulations = simulation.simulate(users=25, ratings=1_000, seed=3), []

    def simulate(**_):
        simulations.append(1)
        time.sleep(0.2)
        return world

    monkeypatch.setattr(simulation, "simulate", simulate)
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(datasets.load, "demo") for _ in range(2)]
        assert [len(one.result().ratings) for one in both] == [1_000, 1_000]
    assert len(simulations) == 1
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["world"]
    fault("two sessions simulate the demo world", "one does; the other waits, and reads it")


REGISTER = """
import sys
from pathlib import Path
from bst.datasets import folder_registry
from bst.settings import override_settings
base, name = Path(sys.argv[1]), sys.argv[2]
with override_settings(cache=base):
    for i in range(40):
        folder_registry.register(f"{name}{i}", base)
"""


def test_two_processes_register_folders_and_no_entry_is_lost(tmp_path, override_settings):
    processes = [python(REGISTER, tmp_path, name) for name in "ab"]
    assert [process.wait() for process in processes] == [0, 0]
    override_settings(cache=tmp_path)
    assert len(registered_folders()) == 80
    assert [path.name for path in tmp_path.iterdir()] == ["folders.json"]


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path):
    target = tmp_path / "it"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(FileNotFoundError), draft_of(target):
        replace_folder(target, tmp_path / "nowhere")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["it", "it/old"]
