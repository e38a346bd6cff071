"""The folder of a run: its name, its lock, and whether there is room for it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bst.errors import TrainingError
from bst.files import InUseError, locked
from bst.training import quotas

# most file systems allow 255 bytes, and a draft of a bundle has a longer name
MAX_NAME_BYTES = 200
MAX_NAME_CHARACTERS = 80


def check_name(name: str) -> None:
    """Raise ``TrainingError`` unless a run and its bundle may have a name: a plain word."""
    short = 1 <= len(name) <= MAX_NAME_CHARACTERS and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    if not short or name.startswith((".", "-")) or not all(c.isalnum() or c in "._-" for c in name):
        raise TrainingError(
            f"{name[:100]!r} cannot be the name of a bundle: use 1 … {MAX_NAME_CHARACTERS} letters, digits, '.', '_' "
            f"and '-', of {MAX_NAME_BYTES} bytes at most"
        )


def check_new(name: str, folder: Path, target: Path, *, overwrite: bool = False) -> None:
    """Raise ``TrainingError`` if there is an unfinished run of a name, or a bundle, or no room (see ``quotas``)."""
    if overwrite:
        return
    if (folder / "run.json").is_file():
        raise TrainingError(f"an unfinished run is in {folder}; continue it (--resume), or drop it (--overwrite)")
    if target.exists():
        raise TrainingError(f"bundle {name} already exists; choose another --name, or --overwrite it")
    quotas.check()


@contextmanager
def reserved(folder: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock of a run's folder. Raises ``TrainingError`` if another process trains it, or it cannot be kept."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, wait_s))
        except InUseError as error:
            raise TrainingError(
                f"run {folder.name} is under way in another process; wait until it has finished, or choose another name"
            ) from error
        except OSError as error:
            raise cannot_be_kept(folder, error) from error
        yield


def cannot_be_kept(folder: Path, error: OSError) -> TrainingError:
    """Return the error of a run whose folder cannot be written."""
    return TrainingError(f"the run cannot be kept in {folder}: {error}; make room or fix the folder")
