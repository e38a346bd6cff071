"""A clock that jumps, as when a laptop wakes up or a server sets it: nothing here measures time by it."""

import itertools
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from bst.files import InUseError, locked
from bst.training import background
from bst.training.run_settings import write_settings
from bst.training.run_status import Reporter
from bst.training.runs import train

DAY_S = 86_400


@pytest.fixture
def jumping_clock(monkeypatch):
    """Each look at the clock is a day later or two days earlier than the one before."""
    now, jumps = time.time, itertools.cycle((DAY_S, -2 * DAY_S, 0.0))
    monkeypatch.setattr(time, "time", lambda: now() + next(jumps))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a process keeps the time of its start")
@pytest.mark.parametrize("jump", [-3_600.0, 3_600.0], ids=["backwards", "forwards"])
def test_a_run_is_known_again_after_the_clock_was_set(jump, small_settings, own_folders, monkeypatch, fault):
    """What Linux says of a process's start follows the clock: the run would count as dead, and be started again."""
    from psutil import _pslinux

    folder = own_folders.runs / "mine"
    folder.mkdir(parents=True)
    write_settings(folder, small_settings)
    Reporter(folder).on_stage("training")  # this process is the run's
    boot, before = _pslinux.boot_time, psutil.Process().create_time()
    monkeypatch.setattr(_pslinux, "boot_time", lambda: boot() + jump)
    assert abs(psutil.Process().create_time() - before - jump) < 1
    assert background.status("mine").state == "running"
    (folder / "process.json").unlink()
    fault(f"clock set an hour {'back' if jump < 0 else 'forward'} during a run", "the run is still known as running")


def test_a_training_does_not_mind_the_clock(small_settings, small_bundle, own_folders, jumping_clock, fault):
    remaining = []
    bundle = train(small_settings, "small", on_progress=lambda progress: remaining.append(progress.remaining_s))
    assert bundle.epochs == small_bundle.epochs
    assert bundle.history["val_mae"].tolist() == pytest.approx(small_bundle.history["val_mae"].tolist(), rel=1e-5)
    assert (bundle.history["seconds"] >= 0).all()
    assert all(0 <= seconds < DAY_S for seconds in remaining if seconds is not None)
    fault("clock jumps days while training", "the same model; times and estimates are right")


def wait_for(path):
    with locked(path, 60):
        pass


def test_a_lock_is_waited_for_by_another_clock(tmp_path, jumping_clock):
    held, release = threading.Event(), threading.Event()

    def other():
        with locked(tmp_path / "it"):
            held.set()
            release.wait(60)

    with ThreadPoolExecutor() as pool:
        pool.submit(other)
        held.wait(60)
        with pytest.raises(InUseError), locked(tmp_path / "it", 0.2):
            pass
        waiting = pool.submit(wait_for, tmp_path / "it")
        release.set()
        waiting.result(60)
