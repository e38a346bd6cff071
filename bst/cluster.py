"""Ray, for whatever has an engine for a cluster: joined or started, and the errors of its workers said as they are."""

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from bst.errors import BSTError
from bst.optional import require

# Environment of a Ray that is started here. Ray listens on all interfaces, whatever address it is given, and runs any
# code that it is sent: a client without the token is refused. Ray's default niceness for workers, 15, leaves them
# hardly any processor time on a busy computer. Usage statistics are not sent.
ALONE = {"RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
OBJECT_STORE_BYTES = 100 * 2**20
MOST_STARTS = 4


def load(module: str, purpose: str) -> ModuleType:
    """Import a module of Ray, ``ray.data``. Raises ``MissingPackageError``, which says what to install.

    ``purpose``: what needs it, as the beginning of a sentence.
    """
    if is_of_this_computer():
        for name, value in ALONE.items():
            os.environ.setdefault(name, value)
    return require(module, purpose)


def is_of_this_computer() -> bool:
    """Return whether Ray is started here, as ``RAY_ADDRESS`` names no cluster."""
    return not os.environ.get("RAY_ADDRESS")


@contextmanager
def joined(
    purpose: str,
    error: type[BSTError],
    processors: int,
    object_store_bytes: int = OBJECT_STORE_BYTES,
    log: bool = False,
) -> Iterator[None]:
    """Be connected to the cluster at ``RAY_ADDRESS``, or to a Ray on this computer, which ends with the block.

    A connection that is there already is used, and stays. ``processors``: how many tasks a Ray of this computer runs at
    the same time. ``log``: whether what workers print comes to this process. Raises ``MissingPackageError`` without
    Ray, and ``error`` where it cannot be reached or does not start.
    """
    ray: Any = load("ray", purpose)
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"log_to_driver": log, "configure_logging": False}
    if is_of_this_computer():
        options |= {
            "num_cpus": processors,
            "object_store_memory": object_store_bytes,
            "include_dashboard": False,
        }
        logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)  # it warns that there is a token
    try:
        _start(ray, options)
    except Exception as problem:  # Ray has no class of its own for it
        where = os.environ.get("RAY_ADDRESS")
        what = f"RAY_ADDRESS leads to no Ray ({where})" if where else "Ray does not start on this computer"
        raise error(f"{what}: {problem}; try again, or use --engine local") from problem
    try:
        yield
    finally:
        ray.shutdown()


def _start(ray: Any, options: dict[str, Any]) -> None:
    """Start Ray, which gives up after 30 seconds: too few for a busy computer, and no setting changes that."""
    for left in reversed(range(MOST_STARTS)):
        try:
            ray.init(**options)
            return
        except Exception as problem:
            ray.shutdown()
            if not left or "timed out" not in str(problem):
                raise


def data(purpose: str) -> ModuleType:
    """Return Ray Data, which neither draws bars nor logs, and raises what a function of ours has raised."""
    module: Any = load("ray.data", purpose)
    context = module.DataContext.get_current()
    context.enable_progress_bars = False  # progress is the caller's
    context.raise_original_map_exception = True
    # errors, too: they are raised
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    return module


@contextmanager
def plain_errors() -> Iterator[None]:
    """Raise the ``BSTError`` or ``OSError`` of a task as the task did: one line, without Ray's account of it."""
    from ray.exceptions import RayTaskError

    try:
        yield
    except RayTaskError as error:
        cause: Any = error
        while isinstance(cause, RayTaskError) and cause.cause is not None:
            cause = cause.cause
        if isinstance(cause, BSTError | OSError):
            raise cause from None
        raise
