"""The process that trains a run: started, recorded in the run's folder, and found again by any other process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from bst.files import write_whole
from bst.installation import PROJECT
from bst.settings import get_settings

# processes that this one started: only the parent of a process gets its exit code
_children: dict[Path, subprocess.Popen] = {}


def launch(folder: Path) -> None:
    """Start the process that trains what a folder defines. Raises ``OSError`` if it cannot be started or recorded."""
    settings = get_settings()
    command = [sys.executable, "-m", "bst.training.background", str(folder.resolve()), str(settings.bundles.resolve())]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    # absolute, as they may be relative to where the server was started, which is not where the run works
    environment |= {"BST_DATA_DIR": str(settings.data.absolute()), "BST_CACHE_DIR": str(settings.cache.absolute())}
    (folder / "progress.json").unlink(missing_ok=True)
    with (folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            command,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            # a group of its own: neither Ctrl-C in the server's terminal nor the server's end may reach the run
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    _children[folder.resolve()] = child
    try:
        record_process(folder, child.pid)
    except OSError:  # a run without its record could be neither shown nor cancelled
        child.kill()
        child.wait()
        raise


def record_process(folder: Path, pid: int) -> None:
    """Note in a run's folder which process trains it. Raises ``OSError`` if that cannot be written."""
    # a process id is used again one day; psutil's hash is of the id and of when the process began, by a clock
    # that is not adjusted
    try:
        identity = hash(psutil.Process(pid))
    except psutil.NoSuchProcess:
        identity = 0  # ended already
    write_whole(folder / "process.json", json.dumps({"pid": pid, "identity": identity}))


def find_process(folder: Path) -> psutil.Process | None:
    """Return the process that trains in a folder, if it is alive."""
    record, child = read_json_file(folder / "process.json"), _children.get(folder.resolve())
    try:
        process = psutil.Process(int(record["pid"]))
        if child and child.pid == process.pid:  # its own parent knows for certain; threads can outlive a zombie
            return process if child.poll() is None else None
        same = hash(process) == record["identity"]
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, KeyError, TypeError, ValueError, OverflowError):
        return None


def exit_code(folder: Path) -> int | None:
    """Return the exit code of a run's process, None unless this process started it and it has ended."""
    child = _children.get(folder.resolve())
    return child.poll() if child else None


def read_json_file(path: Path) -> dict[str, Any]:
    """Return the object in a file; an empty one where it is missing or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
