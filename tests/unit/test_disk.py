"""A disk that is really full, and folders that really cannot be written: small file systems of the test's own.

They are mounted in a name space of the process's own (``unshare``), where the system allows it; nobody else sees them.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    return not subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_mount(), reason="this system lets nobody mount a small disk"),
]


def run(script: str, *arguments: object) -> subprocess.CompletedProcess:
    """Run shell commands with mounts of their own; ``$PYTHON`` is this one, ``$1``, ``$2`` … are the arguments."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*UNSHARE, "sh", "-ec", script, "sh", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


# trains with folders of its own on a small disk; then there is room, and the run goes on
TRAIN = """
import json, shutil, sys
from pathlib import Path
from bst.bundles.bundle import list_bundles
from bst.errors import BSTError
from bst.settings import override_settings
from bst.training.runs import RunSettings, train
disk, settings = Path(sys.argv[1]), RunSettings.from_dict(json.loads(sys.argv[2]))
with override_settings(runs=disk / "runs", bundles=disk / "bundles", cache=disk / "cache"):
    filler, messages = disk / "filler", []
    # no room for the first snapshot
    for room in ROOMS:
        filler.unlink(missing_ok=True)
        filler.write_bytes(bytes(max(shutil.disk_usage(disk).free - room, 0)))
        try:
            train(settings, "small", resume=(disk / "runs" / "small" / "run.json").is_file())
        except BSTError as error:
            messages.append(str(error))
        assert not list_bundles(), "no half bundle"
    filler.unlink(missing_ok=True)
    bundle = train(settings, "small", resume=(disk / "runs" / "small" / "run.json").is_file())
    left = sorted(path.relative_to(disk).parts[0] for path in (disk / "runs").rglob("*"))
    print(json.dumps({"messages": messages, "epochs": bundle.epochs, "left": left}))
"""


def test_a_training_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path, world_dir, small_settings, fault):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = TRAIN.replace("ROOMS", "(16 * 1024,)")
    values = json.dumps(small_settings.to_dict())
    done = run('mount -t tmpfs -o size=2m none "$1"; exec "$PYTHON" -c "$3" "$1" "$2"', disk, values, script)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert len(report["messages"]) == 1, report
    for message in report["messages"]:
        assert "No space left on device" in message
        assert "make room" in message
    assert report["epochs"] == small_settings.epochs
    assert not report["left"]
    fault("disk full while training (a real one)", "the run says “make room”, and goes on when there is some")


def test_nothing_can_be_written_but_the_demo_recommends(fault):
    """The project and /tmp are read-only."""
    script = """
        for folder in "$1" /tmp; do mount --bind "$folder" "$folder"; mount -o remount,ro,bind "$folder"; done
        cd "$1"; unset BST_DATA_DIR
        "$PYTHON" -m bst recommend --watched "Alien (1979)=5"
        ! "$PYTHON" -m bst train --dataset demo --preset compact --name mine
        ! "$PYTHON" -m bst download ml-32m
    """
    done = run(script, ROOT)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 10
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2, done.stderr
    assert "the run cannot be kept in" in errors[0]
    assert "fix the folder" in errors[0]
    assert "read-only file system" in errors[1]
    assert "Traceback" not in done.stderr
    fault("read-only project and read-only /tmp", "recommends; training and download name the folder and what to do")


def test_a_training_needs_no_tmp(small_settings, fault):
    script = """
        mount --bind /tmp /tmp; mount -o remount,ro,bind /tmp
        mount -t tmpfs none /mnt
        exec "$PYTHON" -c "$2" /mnt "$1"
    """
    done = run(script, json.dumps(small_settings.to_dict()), TRAIN.replace("ROOMS", "()"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["epochs"] == small_settings.epochs
    fault("read-only /tmp while training", "it trains")
