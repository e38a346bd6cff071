"""Folders that are filled beside their destination and then renamed, and the removal of those that were abandoned."""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

LOCKABLE = sys.platform != "win32"
# without locks a folder counts as abandoned when nothing was written into it for so long
ABANDONED_SECONDS = 24 * 3600


@contextmanager
def staging_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Create a folder with a unique name that begins with ``prefix``; it is removed with its content at the end.

    It is locked as long as its process lives, by which ``remove_abandoned`` knows that it is in use. Raises ``OSError``
    if it cannot be created.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = _lock(folder, wait=True)
        if folder.exists():
            break
        _unlock(lock)  # another process removed it before it was locked
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _unlock(lock)


def remove_abandoned(parent: Path, *prefixes: str) -> None:
    """Remove the folders in ``parent`` that ``staging_folder`` created in processes which no longer live."""
    name = re.compile(f"({'|'.join(map(re.escape, prefixes))})([a-z0-9_]{{8}}|[0-9]+)")  # as tempfile names them
    try:
        folders = [path for path in parent.iterdir() if name.fullmatch(path.name) and not path.is_symlink()]
    except OSError:
        return
    for folder in folders:
        if not LOCKABLE:
            if time.time() - _last_change(folder) > ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        elif (lock := _lock(folder, wait=False)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            _unlock(lock)


def _last_change(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:  # it is being removed right now
        return time.time()


def _lock(folder: Path, wait: bool) -> int | None:
    """Return a handle that holds the folder's lock; None where there is no lock to be had."""
    if not LOCKABLE:
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
