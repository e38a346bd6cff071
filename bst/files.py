"""Files that are written completely or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


def write_whole(path: Path, content: bytes | str) -> None:
    """Replace a file in one step: readers find the old or the new content, never a part of it.

    Two processes may write the same file. Text is written as UTF-8. Raises ``OSError`` if it cannot be written; the old
    file is then unchanged, and no temporary file is left.
    """
    with _replacing(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Replace an ``.npz`` file of named arrays in one step, as ``write_whole`` does."""
    with _replacing(path) as file:
        np.savez(file, **arrays)


def as_array(text: str) -> np.ndarray:
    """Return the UTF-8 of a text as an array (bytes,) uint8, to be stored beside arrays; ``tobytes`` turns it back."""
    return np.frombuffer(text.encode("utf-8"), np.uint8)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file in the same folder, which is renamed to ``path`` at the end and removed after an error."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).chmod(0o644)  # mkstemp makes it private
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
