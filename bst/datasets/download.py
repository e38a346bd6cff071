"""Download a MovieLens release: checksum, safe extraction and validation before it gets its final name."""

import errno
import shutil
import stat
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath

from bst.datasets import movielens
from bst.datasets.sources import SOURCES, Source, data_dir, source_of
from bst.errors import DatasetError
from bst.files import InUseError, clean_up, draft_of, replace_folder
from bst.settings import get_settings
from bst.text import quoted, reason

Progress = Callable[[int, int], None]

RETRIES = 2
CONNECT_SECONDS = 10
SILENCE_SECONDS = 30
TOTAL_SECONDS = 4 * 3600
CHUNK_BYTES = 64 * 1024
# The largest release unpacks to about 1.2 GB, the densest to about five times its zip.
MAX_BYTES = 4 * 1024**3
MAX_RATIO = 50
MAX_MEMBERS = 1_000


def download(
    name: str,
    *,
    into: Path | str | None = None,
    on_progress: Progress | None = None,
    base_url: str | None = None,
    known_hash: str | None = None,
) -> Path:
    """Fetch a release and return its folder, ``into/name`` (``into`` is ``data_dir()`` unless given).

    ``on_progress`` is called with (bytes done, bytes in all; 0 where the server does not say); an exception raised by
    it cancels the download. ``base_url``, or ``$BST_DOWNLOAD_URL``, names a mirror; the checksum of the source still
    holds unless ``known_hash`` ("sha256:…") is given. A valid folder that is already there is returned as it is. Show
    ``licence_text(name)`` before calling this. Remains of downloads that were killed are removed first.

    Raises ``DatasetError`` when anything goes wrong; then nothing is left behind.
    """
    source = source_of(name)
    if not source.url:
        raise DatasetError(f"{name} is not downloaded but simulated: python -m bst simulate")
    target = Path(into or data_dir()).expanduser() / name
    for other in SOURCES:
        clean_up(target.parent / other)
    if _is_present(target):
        return target
    mirror = base_url or get_settings().download_url
    url = f"{mirror.rstrip('/')}/{name}.zip" if mirror else source.url
    try:
        _download(source, url, known_hash or source.known_hash, target, on_progress)
    except InUseError as error:
        raise DatasetError(f"{name} is being downloaded by another program; wait until it is in {target}") from error
    except _FAILURES as error:
        raise DatasetError(
            f"{name} could not be downloaded: {_reason(error)}. Nothing was changed. Try again; or download "
            f"{source.url} with a browser and unzip it into {target.parent}"
        ) from error
    return target


_FAILURES = (
    DatasetError,
    OSError,  # includes requests' exceptions, full disks and folders that cannot be written
    ValueError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
)


def _is_present(target: Path) -> bool:
    try:
        if not target.exists() or (target.is_dir() and not any(target.iterdir())):
            return False
        movielens.read(target)
    except (DatasetError, OSError) as error:
        raise DatasetError(
            f"{target} is there but is not a valid dataset: {error} To download it again, move {target} away first."
        ) from error
    return True


def _download(source: Source, url: str, known_hash: str | None, target: Path, on_progress: Progress | None) -> None:
    parent = target.parent
    parent_is_new = not parent.exists()
    parent.mkdir(parents=True, exist_ok=True)
    try:
        # Beside the target, so that the last step is a rename within one file system.
        with draft_of(target) as work:
            if _is_present(target):  # another program was quicker
                return
            archive = _fetch(url, f"{source.name}.zip", work, on_progress)
            _verify(archive, known_hash)
            folder = _unpack(archive, source.folder, work / "unpacked")
            movielens.read(folder)
            replace_folder(target, folder)
    except BaseException:
        if parent_is_new and not any(parent.iterdir()):
            parent.rmdir()
        raise


def _fetch(url: str, file: str, into: Path, on_progress: Progress | None) -> Path:
    import pooch  # here, because it is slow to import and most sessions download nothing

    # We verify the checksum ourselves: pooch would download a wrong file again, as it does a broken one.
    pooch.get_logger().setLevel("WARNING")
    fetcher = pooch.create(path=into, base_url="", registry={file: None}, urls={file: url}, retry_if_failed=RETRIES)
    downloader = pooch.HTTPDownloader(
        progressbar=_Meter(on_progress),
        chunk_size=CHUNK_BYTES,
        timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
    )
    return Path(fetcher.fetch(file, downloader=downloader))


class _Meter:
    """The progress object that pooch updates, with the interface of tqdm."""

    def __init__(self, on_progress: Progress | None) -> None:
        self.on_progress = on_progress
        self.deadline = time.monotonic() + TOTAL_SECONDS
        self._total = 0
        self.done = 0

    @property
    def total(self) -> int:
        """Total bytes. It is set at the start of every attempt, which begins at 0 again."""
        return self._total

    @total.setter
    def total(self, total: int) -> None:
        self._total = total
        self.done = 0

    def update(self, amount: int) -> None:
        """Count bytes; pooch reports a full chunk even where the last one is smaller."""
        if time.monotonic() > self.deadline:
            raise DatasetError(f"it took longer than {TOTAL_SECONDS // 3600} hours")
        self.done = min(self.done + amount, self._total) if self._total else self.done + amount
        if self.on_progress and amount:
            self.on_progress(self.done, self._total)

    def reset(self) -> None:
        """Do nothing: pooch resets before it reports the total."""

    def close(self) -> None:
        """Nothing to close."""


def _verify(archive: Path, known_hash: str | None) -> None:
    if known_hash is None:
        return
    import pooch

    algorithm, _, expected = known_hash.rpartition(":")
    checksum = pooch.file_hash(str(archive), alg=algorithm or "sha256")
    if checksum != expected.lower():
        raise DatasetError(f"the file is not the one that was published: its checksum is {checksum}, not {expected}")


def _unpack(archive: Path, zip_folder: str, into: Path) -> Path:
    """Extract the folder ``zip_folder`` of a zip into a new folder ``into`` and return its path there.

    Raises ``DatasetError`` before anything is written if a member would leave the folder, is a link or a device, or if
    the content is absurdly large. ``zipfile`` never yields more bytes than a member declares.
    """
    with zipfile.ZipFile(archive) as zipped:
        members = zipped.infolist()
        _refuse_unsafe(members, archive.stat().st_size)
        files = [m for m in members if not m.is_dir() and PurePosixPath(m.filename).parts[0] == zip_folder]
        if not files:
            raise DatasetError(f"the zip holds no folder {quoted(zip_folder)}")
        for member in files:
            path = into / member.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with zipped.open(member) as packed, path.open("xb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, CHUNK_BYTES)
            except _FAILURES:
                raise
            # encrypted, packed by a method that zipfile does not know, or damaged: each method has errors of its own
            except Exception as error:
                raise DatasetError(f"the zip cannot be unpacked ({reason(error)})") from error
    return into / zip_folder


def _refuse_unsafe(members: list[zipfile.ZipInfo], zip_size: int) -> None:
    for member in members:
        # orig_filename: zipfile cuts file names at a null byte and replaces foreign separators by "/".
        name = member.orig_filename
        windows = PureWindowsPath(name)
        if name.startswith("/") or windows.drive or windows.root or ".." in windows.parts or not windows.parts:
            raise DatasetError(f"the zip is not safe: its member {quoted(name)} would be written outside of its folder")
        mode = stat.S_IFMT(member.external_attr >> 16)
        if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DatasetError(f"the zip is not safe: its member {quoted(name)} is a link or a device, not a file")
    size = sum(member.file_size for member in members)
    if size > min(MAX_BYTES, max(zip_size, CHUNK_BYTES) * MAX_RATIO) or len(members) > MAX_MEMBERS:
        raise DatasetError(f"the zip is not safe: it would unpack to {size:,} bytes in {len(members):,} files")


def _reason(error: Exception) -> str:
    """Return in a clause why a download failed."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} ({error.response.reason}) for {error.response.url}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"the server did not answer within {SILENCE_SECONDS} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"the connection broke off, {1 + RETRIES} times"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate could not be verified"
    if isinstance(error, requests.ConnectionError):
        return "the server cannot be reached; check the network connection"
    if isinstance(error, requests.RequestException):
        return f"the request failed ({reason(error)})"
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        fix = "; make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return f"{(error.strerror or str(error)).lower()}{where}{fix}"
    if isinstance(error, (zipfile.BadZipFile, EOFError, zlib.error)):
        return f"the zip is damaged or cut off ({reason(error)})"
    return str(error).rstrip(".")
