"""A bundle's files on disk, read without trusting them."""

import hashlib
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bst.errors import BundleError
from bst.text import quoted, reason

WEIGHTS = "weights.npz"
FILES = (WEIGHTS, "history.csv", "metrics.json", "README.md")
# bytes; a catalogue of 1 million items takes 1.2 GB
LARGEST_FILE = 2**33


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each of a bundle's ``FILES``."""
    return {name: _sha256(folder / name) for name in FILES}


def verify_files(folder: Path, expected: Any, names: Collection[str] = FILES) -> None:
    """Raise ``BundleError`` unless these of ``FILES`` are regular files with these checksums (whatever JSON gave)."""
    if not isinstance(expected, dict) or set(expected) != set(FILES):
        raise BundleError(f"{folder / 'bundle.json'} lacks the checksums of {', '.join(FILES)}; get the bundle again")
    for name in names:
        try:
            _verify(folder / name, expected[name])
        except OSError as error:  # it may be replaced at this moment
            raise BundleError(f"{folder / name} cannot be read ({reason(error)}); get the bundle again") from error


def _verify(path: Path, checksum: str) -> None:
    if not path.is_file() or path.is_symlink():
        raise BundleError(f"{path} is missing; get the bundle again")
    if path.stat().st_size > LARGEST_FILE:
        raise BundleError(f"{path} is larger than any bundle's ({path.stat().st_size:,} bytes); get it again")
    if _sha256(path) != checksum:
        raise BundleError(f"{path} is damaged: its checksum is not the one in bundle.json; get the bundle again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_weights(
    path: Path, shapes: Mapping[str, tuple[int, ...]], later: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """Read exactly the arrays named in ``shapes``, float32 of these shapes.

    Those of ``later``, which earlier versions did not write, may be missing: they are then 0.

    Raises ``BundleError`` for anything else; never unpickles.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > LARGEST_FILE:
            raise BundleError(f"{path} would unpack to {unpacked:,} bytes; no bundle is that large")
        with np.load(path, allow_pickle=False) as stored:
            absent = set(shapes) - set(stored.files)
            # all of one version, or none
            missing = absent & set(later) if absent >= set(later) else set()
            if set(stored.files) | missing != set(shapes):
                mismatch = ", ".join(map(quoted, sorted(set(stored.files) ^ set(shapes))[:3]))
                raise BundleError(f"{path} does not hold this model's weights: {mismatch} …")
            arrays = {name: stored[name] for name in shapes if name not in missing}
        for name, values in arrays.items():
            _check_array(path, name, values, shapes[name])
    except BundleError:
        raise
    except Exception as error:  # a malformed archive makes zipfile, zlib and NumPy raise a dozen kinds of error
        raise BundleError(f"{path} cannot be read ({reason(error)}); get the bundle again") from error
    return arrays | {name: np.zeros(shapes[name], np.float32) for name in missing}


def _check_array(path: Path, name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.dtype != np.float32:
        raise BundleError(f"{path}: {name} is of type {values.dtype}, not float32; get the bundle again")
    if values.shape != shape:
        raise BundleError(f"{path}: {name} has shape {values.shape}, not {shape}; get the bundle again")
    if not np.isfinite(values).all():
        raise BundleError(f"{path}: {name} holds values that are not numbers; train again")


def read_history(path: Path) -> pd.DataFrame:
    """Read learning curves. Raises ``ValueError`` unless each row is an epoch, and all else are numbers."""
    history = pd.read_csv(path)
    columns = list(history.columns)
    if (
        "epoch" not in columns
        or not pd.api.types.is_integer_dtype(history["epoch"])
        or history["epoch"].duplicated().any()
    ):
        raise ValueError("it has no column of epochs, each of them once")
    others = [name for name in columns if not pd.api.types.is_numeric_dtype(history[name])]
    if others or np.isinf(history.to_numpy(float)).any():
        raise ValueError(f"not only numbers are in {quoted(others[0]) if others else 'it'}")
    return history
