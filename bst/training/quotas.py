"""How much trainings may leave behind: unfinished runs, models, and the disk space of both (see ``bst.settings``)."""

import contextlib
import stat
from pathlib import Path

from bst.errors import TrainingError
from bst.settings import get_settings

GIGABYTE = 10**9


def check() -> None:
    """Raise ``TrainingError`` if no further run may start: what there is too much of, and what to do."""
    settings = get_settings()
    if (runs := _number(settings.runs, "run.json")) >= settings.max_runs:
        raise TrainingError(
            f"no room for another run: {runs} of at most {settings.max_runs} (BST_MAX_RUNS) are unfinished; resume or "
            "delete one on the Training page"
        )
    if (models := _number(settings.bundles, "bundle.json")) >= settings.max_bundles:
        raise TrainingError(
            f"no room for another model: {models} of at most {settings.max_bundles} (BST_MAX_BUNDLES) are here; remove "
            f"one of the folders in {settings.bundles}"
        )
    used = (_bytes(settings.runs) + _bytes(settings.bundles)) / GIGABYTE
    if used >= settings.max_disk_gb:
        raise TrainingError(
            f"no room for another run: models and unfinished runs take {used:.3g} of at most "
            f"{settings.max_disk_gb:g} GB (BST_MAX_DISK_GB); delete runs on the Training page, or folders in "
            f"{settings.bundles}"
        )


def _number(folder: Path, file: str) -> int:
    return sum(1 for _ in folder.glob(f"[!.]*/{file}"))


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a run that has just ended has removed it
            status = path.lstat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
