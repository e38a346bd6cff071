"""Files that are written completely or not at all, and JSON that is read without trusting it."""

import json
import math
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# of a whole number in JSON: what 64 bits can hold, and what a message shows of a longer one
_MOST_DIGITS, _SHOWN_DIGITS = 18, 12


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


def read_json(path: Path) -> Any:
    """Return the plain values in a JSON file.

    Raises ``OSError`` if it cannot be read, and ``ValueError`` for what is no JSON. Python's own reader also takes NaN
    and infinity, numbers that no float and no array can hold, and halves of surrogate pairs: figures made of them would
    be wrong without a word, and such texts cannot be shown.
    """
    text = path.read_text("utf-8")
    try:
        values = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_integer)
        if _SURROGATE.search(text):
            json.dumps(values, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("brackets within brackets within brackets") from error
    return values


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:_SHOWN_DIGITS]} is no number")
    return value


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:_SHOWN_DIGITS]}… is too large a number")
    return int(text)


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
