"""The log of a process: one line a record, on standard error. An unexpected error has a short id in it.

The page or the terminal shows the same id. A line is JSON, so that a program can collect it::

    {"time": "2026-01-31T09:30:00.123+00:00", "level": "ERROR", "logger": "bst.error_log", "page": "why",
     "error": "7F3A-21C0", "type": "KeyError", "place": "pages/why/why.py:33", "traceback": "…", "versions": {…}}

In a terminal it is the same in words. Nothing in it is about a visitor: what an error says of itself
(``'Alien (1979)'`` is all that a ``KeyError`` has to say) and what is filled into a message may be a title, a name or
an address, and are left out. Python's development mode (``PYTHONDEVMODE=1``) shows the former, for a fault on one's own
computer.
"""

import json
import logging
import platform
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from traceback import FrameSummary, extract_tb, format_exception_only
from typing import Any

from bst.errors import BSTError
from bst.installation import PROJECT, project_version

# how a line begins, to distinguish it from other output in the same file
LINE_START = '{"time": '
# of each error: the frames nearest to it
MOST_FRAMES = 40
VERSIONS_OF = ("streamlit", "numpy", "pandas", "keras", "tensorflow", "tensorflow-cpu")
PACKAGES = "site-packages"

log = logging.getLogger(__name__)


def install(where: Callable[[], dict[str, str]] = dict) -> None:
    """Write what this process logs, and what ends one of its threads, to standard error; once or more, it is the same.

    ``where`` returns the ``page`` or ``command`` under way, which lines name.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _StandardError)]:
        root.removeHandler(handler)
    root.addHandler(_StandardError(where))
    threading.excepthook = _report_thread


def report(error: BaseException, **where: str) -> str:
    """Log an unexpected error and return its id. ``where``: the ``page``, ``command`` or ``task`` that it ended."""
    log.error("unexpected error", exc_info=error, extra={"where": where})
    return error_id(error)


def error_id(error: BaseException) -> str:
    """Return the id of an error, such as "7F3A-21C0": the same however often the error is logged or shown."""
    known = vars(error)
    if "error_id" not in known:
        digits = secrets.token_hex(4).upper()
        known["error_id"] = f"{digits[:4]}-{digits[4:]}"
    return known["error_id"]


class _StandardError(logging.Handler):
    """Writes to what is standard error at that moment, which tests and notebooks replace."""

    def __init__(self, where: Callable[[], dict[str, str]]):
        super().__init__(logging.WARNING)
        self._where = where

    def filter(self, record: logging.LogRecord) -> bool:
        # an expected error is shown to the user, who can fix it
        return not isinstance(_error(record), BSTError)

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is None or sys.stderr.closed:
            return
        fields = _fields(record, self._where())
        line = _words(fields) if sys.stderr.isatty() else json.dumps(fields)
        with suppress(OSError):  # standard error was closed
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _report_thread(arguments: threading.ExceptHookArgs) -> None:
    if isinstance(arguments.exc_value, Exception):
        report(arguments.exc_value, task="a thread")


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else None


def _fields(record: logging.LogRecord, where: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        **where,
        **getattr(record, "where", {}),
    }
    error = _error(record)
    if error is None:
        # without what is filled in; further lines are what asyncio knows of its tasks
        return fields | {"message": record.msg.partition("\n")[0] if isinstance(record.msg, str) else ""}
    return fields | {
        "error": error_id(error),
        "type": type(error).__name__,
        "place": _place(error),
        "traceback": "\n".join(line for link in _chain(error) for line in link),
        "versions": _versions(),
    }


def _words(fields: dict[str, Any]) -> str:
    head = f"{fields['time']} {fields['level']}"
    if "error" not in fields:
        return f"{head} {fields['logger']}: {fields['message']}"
    where = "".join(f", {name} {fields[name]}" for name in ("page", "command", "task") if name in fields)
    frames = fields["traceback"].replace("\n", "\n  ")
    return f"{head} error {fields['error']}: {fields['type']} at {fields['place']}{where}\n  {frames}"


def _place(error: BaseException) -> str:
    """Return file and line of the innermost frame in our code, or else of any; nothing for an error that was not
    raised.
    """
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame)]
    return "".join(f"{_path(frame)}:{frame.lineno}" for frame in (ours or frames)[-1:])


def _chain(error: BaseException) -> Iterator[list[str]]:
    """Yield the traceback of an error, the errors that led to it first, without what they say of themselves."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _chain(before)
        yield ["which led to:"]
    frames = extract_tb(error.__traceback__, limit=-MOST_FRAMES)
    says = "".join(format_exception_only(error)).splitlines() if sys.flags.dev_mode else [type(error).__name__]
    yield [*(f"{_path(frame)}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames), *says]


def _is_ours(frame: FrameSummary) -> bool:
    # the packages that are installed often lie in the project, too
    return Path(frame.filename).is_relative_to(PROJECT) and PACKAGES not in frame.filename


def _path(frame: FrameSummary) -> str:
    """Return the path of a file within the project or its package: what comes before may name a person's folder."""
    path = Path(frame.filename)
    if _is_ours(frame):
        return path.relative_to(PROJECT).as_posix()
    return path.as_posix().rpartition(f"{PACKAGES}/")[2] if PACKAGES in frame.filename else path.name


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "bst-studio": project_version()}
    for package in VERSIONS_OF:
        with suppress(PackageNotFoundError):  # of TensorFlow there are two builds; an installation may be broken
            found[package] = version(package)
    return found
