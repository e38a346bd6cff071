"""A report on disk: whole or not at all."""

from pathlib import Path

from bst.errors import ReportError
from bst.files import write_whole


def check_target(target: Path, overwrite: bool) -> None:
    """Raise ``ReportError`` where a report cannot be written, before hours or seconds go into making it."""
    if target.is_dir():
        raise ReportError(f"{target} is a folder; name a file in it, such as {target / 'report.html'}")
    if not target.parent.is_dir():
        raise ReportError(f"{target.parent} is not a folder; create it first, or name another place")
    if target.exists() and not overwrite:
        raise ReportError(f"{target} already exists; give another name, or --overwrite to replace it")


def write_report(target: Path, html: str, overwrite: bool = False) -> None:
    """Write a report, whole or not at all. Raises ``ReportError`` where that is not possible."""
    check_target(target, overwrite)
    try:
        write_whole(target, html)
    except OSError as error:
        raise ReportError(f"{target} cannot be written: {error}; make room or choose another place") from error
