"""Folders that are filled beside their place and then renamed. One that a killed process left is swept by the next."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

# without locks a folder counts as left behind when nothing was written into it for so long
ABANDONED_SECONDS = 24 * 3600


@contextmanager
def draft_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder with a name of its own that begins with ``prefix``; it goes with all that is in it at the end.

    It is locked as long as its process lives, by which ``sweep`` tells it from one that was left behind. Raises
    ``OSError`` if it cannot be made.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _lock(folder, wait=True)
        if folder.exists():
            break
        _unlock(lock)  # swept by another process before it was locked
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _unlock(lock)


def sweep(parent: Path, *prefixes: str) -> None:
    """Remove the folders in ``parent`` that ``draft_folder`` made in processes which no longer live."""
    name = re.compile(f"({'|'.join(map(re.escape, prefixes))})([a-z0-9_]{{8}}|[0-9]+)")  # as tempfile makes them
    try:
        folders = [path for path in parent.iterdir() if name.fullmatch(path.name) and not path.is_symlink()]
    except OSError:
        return
    for folder in folders:
        if fcntl is None:
            if time.time() - _last_change(folder) > ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        elif (lock := _lock(folder, wait=False)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            _unlock(lock)


def _last_change(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:  # it is going away just now
        return time.time()


def _lock(folder: Path, wait: bool) -> int | None:
    """Return a handle that holds the folder's lock; None where it is not to be had."""
    if fcntl is None:
        return None
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        return None
    return handle


def _unlock(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)
