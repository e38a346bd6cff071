"""Files and folders that are written completely or not at all, by one program at a time.

A file is written under another name beside its own and then renamed. A folder is put together as ``.NAME.bst-draft``
and takes its place by two renames; in between the old one is ``.NAME.bst-old``. A program that puts together a folder
holds the lock ``.NAME.bst-lock``, which the system gives up when a program ends, however it ends: what the next who
holds the lock finds under these names was left behind by a program that was killed.
"""

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

# suffixes reserved for this module: files and folders that have them may be removed
_LOCK, _DRAFT, _OLD = ".bst-lock", ".bst-draft", ".bst-old"


class InUseError(TimeoutError):
    """Another program, or another thread, is at work on a file or a folder."""


# ---- files


def write_whole(path: Path, content: bytes | str) -> None:
    """Replace a file in one step: readers find the old or the new content, never a part of it.

    Two processes may write the same file. Text is written as UTF-8. Raises ``OSError`` if it cannot be written; the old
    file is then unchanged, and no temporary file is left.
    """
    with replacing(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Replace an ``.npz`` file of named arrays in one step, as ``write_whole`` does."""
    with replacing(path) as file:
        np.savez(file, **arrays)


def as_array(text: str) -> np.ndarray:
    """Return the UTF-8 of a text as an array (bytes,) uint8, to be stored beside arrays; ``tobytes`` turns it back."""
    return np.frombuffer(text.encode("utf-8"), np.uint8)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file in the same folder, which is renamed to ``path`` at the end and removed after an error.

    What ``write_whole`` does, for content that is written in parts.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).chmod(0o644)  # mkstemp makes it private
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_temporaries(path: Path) -> None:
    """Remove what programs left behind that were killed while they wrote a file. Hold a lock that all writers hold."""
    for temporary in path.parent.glob(f".{glob.escape(path.name)}-????????"):  # as mkstemp names them
        temporary.unlink(missing_ok=True)


# ---- one program at a time


@contextmanager
def locked(path: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file or a folder, which need not exist, against all other programs and threads.

    Raises ``InUseError`` if another process holds it for longer than ``wait_s`` seconds, another ``OSError`` if the
    folder around ``path`` cannot be written.
    """
    from filelock import FileLock, Timeout  # here, because it is slow to import and most sessions write nothing

    is_new = not path.parent.exists()
    lock = FileLock(_lock_of(path), timeout=wait_s)  # makes the folder around it
    try:
        lock.acquire()
    except Timeout:
        raise InUseError(f"another program is at work on {path}; wait until it has finished") from None
    try:
        yield
    finally:
        # while it is held: a program that waits for the removed file sees that it is gone, and makes a new one
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()
        if is_new:  # and nothing came of it
            with suppress(OSError):
                path.parent.rmdir()


# ---- folders


@contextmanager
def draft_of(target: Path, wait_s: float = 0.0) -> Iterator[Path]:
    """Hold the lock of a folder and yield an empty one beside it, to be filled. It is removed at the end.

    What killed programs left behind is put back or removed first. Pass the draft, or a folder in it, to
    ``replace_folder``. Raises as ``locked`` does.
    """
    with locked(target, wait_s):
        _recover(target)
        draft = _draft_of(target)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def replace_folder(target: Path, new: Path) -> None:
    """Rename the folder ``new`` to ``target``, whose old content goes; a program that is killed loses neither.

    Hold the lock of ``target``. Raises ``OSError`` if it cannot be done; the old folder is then where it was.
    """
    old = _old_of(target)
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def remove_folder(target: Path) -> None:
    """Remove a folder so that no part of it is ever seen. Hold its lock. Raises ``OSError`` if it cannot be removed."""
    draft = _draft_of(target)
    shutil.rmtree(draft, ignore_errors=True)
    with suppress(FileNotFoundError):
        target.rename(draft)
    shutil.rmtree(draft, ignore_errors=True)


def recover(target: Path, wait_s: float) -> None:
    """Put back a folder that a program had set aside when it was killed while replacing it.

    If the new one was in its place already, the old one is removed. What is being replaced right now is waited for.
    """
    with suppress(OSError, ValueError):  # no folder that could be: its name is too long, or holds a null byte
        if _old_of(target).is_dir():
            with locked(target, wait_s):
                _recover(target)


def clean_up(target: Path) -> None:
    """Put back or remove all that a program left beside a folder when it was killed; what is in use stays."""
    if any(path.exists() for path in (_draft_of(target), _old_of(target), _lock_of(target))):
        with suppress(OSError), locked(target):
            _recover(target)
            shutil.rmtree(_draft_of(target), ignore_errors=True)


def names_at_work(parent: Path) -> set[str]:
    """Return the names of what is being replaced in ``parent``, or was when a program was killed."""
    return {path.name[1 : -len(suffix)] for suffix in (_LOCK, _OLD) for path in parent.glob(f".*{suffix}")}


def _recover(target: Path) -> None:
    old = _old_of(target)
    if not old.exists():
        return
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.rename(target)


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}{_LOCK}")


def _draft_of(target: Path) -> Path:
    return target.with_name(f".{target.name}{_DRAFT}")


def _old_of(target: Path) -> Path:
    return target.with_name(f".{target.name}{_OLD}")
