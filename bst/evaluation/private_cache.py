"""What stays on this computer of an evaluation: rows of the dataset, which may not be passed on with a bundle.

One file a bundle under ``data/.cache``, which git ignores. Nothing is lost with it: it is made again by measuring.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bst.bundles.bundle import Bundle
from bst.errors import BSTError
from bst.evaluation.predictions import Labels
from bst.evaluation.worst import Miss
from bst.files import write_whole
from bst.settings import get_settings


@dataclass(frozen=True)
class Local:
    """The test labels, their users and the model's errors: ``at``, ``user`` int64 and ``error`` stars (labels,) each;
    and the ``worst`` predictions, as ``worst.worst`` returns them.
    """

    at: np.ndarray
    user: np.ndarray
    error: np.ndarray
    worst: dict[str, list[Miss]]


def local_of(labels: Labels, worst: dict[str, list[Miss]]) -> Local:
    """Return what is to be kept of predicted labels."""
    return Local(labels.split.test, labels.user, labels.error, worst)


def keep(bundle: Bundle, made: Local) -> None:
    """Keep it, whole or not at all. Raises ``OSError`` if it cannot be written."""
    path = _path(bundle)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {side: [miss.to_dict() for miss in misses] for side, misses in made.worst.items()}
    file = io.BytesIO()
    np.savez(
        file,
        at=made.at.astype(np.int64),
        user=made.user.astype(np.int64),
        error=made.error.astype(np.float64),
        worst=np.frombuffer(json.dumps(said).encode(), np.uint8),
    )
    write_whole(path, file.getvalue())


def read(bundle: Bundle) -> Local | None:
    """Return what was kept of a bundle's very weights; None if there is nothing, or nothing that can be read."""
    try:
        with np.load(_path(bundle), allow_pickle=False) as kept:
            said = json.loads(kept["worst"].tobytes())
            worst = {side: [Miss.from_dict(miss) for miss in said[side]] for side in ("high", "low")}
            return Local(kept["at"], kept["user"], kept["error"], worst)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, BSTError):
        return None


def _path(bundle: Bundle) -> Path:
    return get_settings().evaluation_cache / f"{bundle.name}-{bundle.weights_sha256[:16]}.npz"
