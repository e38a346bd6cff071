"""The files of a dataset in a folder: where they are, and what may be there instead of them."""

from collections.abc import Sequence
from pathlib import Path

from bst.datasets.parsing import gzip_errors, open_bytes
from bst.errors import DatasetError

# First bytes of files that are not what their names say: the bytes, what the file is, what to do.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (
        b"version https://git-lfs.github.com/spec/v1",
        "a pointer of Git LFS instead of the data",
        "get the data with: git lfs pull",
    ),
    (b"PK\x03\x04", "a zip archive or an Excel file", "unzip it, or save it as CSV from Excel"),
    (b"\xd0\xcf\x11\xe0", "an Excel file", "save it as CSV from Excel"),
    (b"\x1f\x8b", "packed by gzip", "let its name end in .gz, or unpack it"),
    (b"BZh", "packed by bzip2", "unpack it"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"\xfd7zXZ", "packed by xz", "unpack it"),
    (b"PAR1", "a Parquet file", "save it as CSV"),
    (b"SQLite format 3", "an SQLite database", "save its tables as CSV"),
    (b"\xff\xfe", "text in UTF-16", "save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "save it as UTF-8"),
)
_WEB_PAGE = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<script")
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tar.gz", ".xlsx", ".xls")
_SIGNATURE_BYTES = 512


def file_of(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the file of a folder that has one of the names, with or without ``.gz`` appended; None for none."""
    paths = (folder / f"{name}{suffix}" for name in names for suffix in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def inner_folders(folder: Path) -> list[Path]:
    """Return the visible folders in a folder, by name: the files may have been unzipped one level too deep."""
    hidden = (".", "__MACOSX")
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(hidden))


def require_plain_text(path: Path) -> None:
    """Raise ``DatasetError`` for a file that is not plain text: a Git LFS pointer, a web page, an Excel file …"""
    with gzip_errors(path), open_bytes(path) as file:
        first_bytes = file.read(_SIGNATURE_BYTES)
    if first_bytes.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGE):
        raise DatasetError(f"{path} is a web page that was saved in place of the file; download the file itself")
    for signature, description, fix in _SIGNATURES:
        if first_bytes.startswith(signature):
            raise DatasetError(f"{path} is {description}; {fix}")


def packed_hint(folder: Path) -> str:
    """Return what to do about an archive or an Excel file in a folder; empty if there is none."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().endswith(_ARCHIVES):
            excel = path.suffix.lower().startswith(".xls")
            return f"{path.name} is there: {'save it as CSV from Excel' if excel else 'unzip it'} first"
    return ""
