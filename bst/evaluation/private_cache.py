"""The private part of an evaluation: rows of the dataset, which stay on this computer and out of the bundle.

One file per bundle under ``data/.cache``, which git ignores. Evaluating the bundle again restores it.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bst.bundles.bundle import Bundle
from bst.errors import BSTError
from bst.evaluation.predictions import TestLabels
from bst.evaluation.worst_errors import WorstError, WorstErrors
from bst.files import write_whole
from bst.settings import get_settings


@dataclass(frozen=True)
class PrivateResults:
    """The test labels (``index`` in the timelines), their ``user`` and the model's ``error`` in stars, (labels,) each;
    and the ``worst_errors``.
    """

    index: np.ndarray
    user: np.ndarray
    error: np.ndarray
    worst_errors: WorstErrors

    @classmethod
    def of(cls, labels: TestLabels, worst_errors: WorstErrors) -> "PrivateResults":
        """Return what is kept of predicted labels."""
        return cls(labels.split.test, labels.user, labels.error, worst_errors)


def keep(bundle: Bundle, results: PrivateResults) -> None:
    """Write the results of a bundle, completely or not at all. Raises ``OSError`` if they cannot be written."""
    path = _path(bundle)
    path.parent.mkdir(parents=True, exist_ok=True)
    worst = {side: [error.to_dict() for error in errors] for side, errors in results.worst_errors.items()}
    file = io.BytesIO()
    np.savez(
        file,
        at=results.index.astype(np.int64),
        user=results.user.astype(np.int64),
        error=results.error.astype(np.float64),
        worst=np.frombuffer(json.dumps(worst).encode(), np.uint8),
    )
    write_whole(path, file.getvalue())


def read(bundle: Bundle) -> PrivateResults | None:
    """Return the results that were kept for a bundle's weights; None if there are none, or none that can be read."""
    try:
        with np.load(_path(bundle), allow_pickle=False) as kept:
            values = json.loads(kept["worst"].tobytes())
            worst: WorstErrors = {
                "high": [WorstError.from_dict(error) for error in values["high"]],
                "low": [WorstError.from_dict(error) for error in values["low"]],
            }
            return PrivateResults(kept["at"], kept["user"], kept["error"], worst)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, BSTError):
        return None


def _path(bundle: Bundle) -> Path:
    return get_settings().evaluation_cache / f"{bundle.name}-{bundle.weights_sha256[:16]}.npz"
