"""Zips that a download may bring: a release, damaged, packed in other ways, and hostile. No network is used."""

import hashlib
import io
import stat
import warnings
import zipfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst import datasets
from bst.errors import DatasetError
from tests.fuzz.door import Door
from tests.fuzz.mutations import ODD_TEXT, damaged
from tests.fuzz.outcome import WrongError, require, require_clear, require_equal

download = import_module("bst.datasets.download")  # the package has a function of that name
NAME = "ml-1m"
RELEASE = {
    f"{NAME}/users.dat": b"7::F::1::10::00001\n3::M::56::16::00002\n",
    f"{NAME}/movies.dat": "10::Lantern, The (1999)::Action\n40::Béchamel (2000)::Comedy\n".encode("latin-1"),
    f"{NAME}/ratings.dat": b"7::10::5::978300760\n7::40::3::978302109\n3::10::1::978301968\n",
    f"{NAME}/README": b"a word\n",
}
RATINGS = [(7, 10, 5.0), (7, 40, 3.0), (3, 10, 1.0)]
BESIDE = "beside.txt"
# where no member of a zip may get to, and names that no disk takes or that stand for something else
ODD_NAMES = (
    *(f"../{BESIDE}", f"{NAME}/../../{BESIDE}", f"/tmp/{BESIDE}", f"{NAME}\\..\\..\\{BESIDE}", f"C:\\{BESIDE}", "C:x"),
    *(f"{NAME}/users.dat/x", f"{NAME}/users.dat/", f"{NAME}//users.dat", f"{NAME}/./users.dat", f"./{NAME}/x", NAME),
    *(f"{NAME}/" + "x" * 300, f"{NAME}/" + "d/" * 200 + "x", f"{NAME}/\x00x", f"{NAME}/\x1b[31m", f"{NAME}/漢", ""),
    *(f"{NAME}/ratings.csv", f"{NAME}/u.data", f"{NAME.upper()}/users.dat", "__MACOSX/x", f"{NAME}/.bst-lock"),
)
KINDS = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, 0)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
BOMB = b"0" * 5_000_000


@dataclass(frozen=True)
class Fetched:
    """``content``: what was fetched. ``whole``: a sound release. ``known``: its checksum is the published one."""

    content: bytes
    whole: bool
    known: bool


@st.composite
def zips(draw: DrawFn) -> Fetched:
    """Draw a release, mostly with something wrong: a member more, less or other; bytes of the archive damaged."""
    members: list[tuple[str, bytes, int]] = [(name, content, stat.S_IFREG | 0o644) for name, content in RELEASE.items()]
    wrong = draw(st.sampled_from(("nothing", "more", "less", "other", "bytes", "no zip")))
    if wrong == "more":
        for _ in range(draw(st.integers(1, 3))):
            name = draw(st.sampled_from((*ODD_NAMES, *RELEASE)) | st.sampled_from(ODD_TEXT).map(f"{NAME}/{{}}".format))
            kind = draw(st.sampled_from(KINDS)) | draw(st.sampled_from((0o644, 0, 0o7777)))
            members.append((name[:60_000], draw(st.sampled_from((b"x", b"/etc/passwd", BOMB))), kind))
    elif wrong == "less":
        del members[draw(st.integers(0, len(members) - 1))]
    elif wrong == "other":
        index = draw(st.integers(0, len(members) - 1))
        name, content, kind = members[index]
        members[index] = name, draw(damaged(content)), kind
    content = _packed(draw(st.permutations(members)), draw(st.sampled_from(METHODS)))
    if wrong == "bytes":
        content = draw(damaged(content))
    elif wrong == "no zip":
        content = draw(st.sampled_from((b"", b"<html>Sign in</html>", b"PK\x05\x06" + b"\0" * 18, content[:-30])))
    known = draw(st.integers(0, 9)) > 0
    return Fetched(content, wrong == "nothing", known)


def _packed(members: list[tuple[str, bytes, int]], method: int) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # a name twice is meant
        for name, content, kind in members:
            member = zipfile.ZipInfo(name or "x")
            member.filename = name.encode("utf-8", "replace").decode()
            member.external_attr, member.compress_type = kind << 16, method
            archive.writestr(member, content)
    return buffer.getvalue()


class Downloads(Door):
    """A zip is unpacked into exactly what it holds and is a dataset, or is refused in a line and leaves nothing."""

    name = "downloads"
    inputs = zips()

    def open(self) -> None:
        """Let what is drawn be what the network brings."""
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        self.into = self.folder / "around" / "data"
        self.into.mkdir(parents=True)
        (self.folder / BESIDE).write_text("mine")

        def fetch(_: str, file: str, into: Path, *__: Any) -> Path:
            (into / file).write_bytes(self.content)
            return into / file

        patch.setattr(download, "_fetch", fetch)

    def check(self, given: Fetched) -> bool:
        """Download it."""
        self.content = given.content
        checksum = hashlib.sha256(given.content if given.known else b"other").hexdigest()
        try:
            folder = datasets.download(NAME, into=self.into, known_hash=f"sha256:{checksum}")
        except DatasetError as error:
            # what is done about it is the same for all
            said, _, advice = str(error).partition(" Nothing was changed.")
            require("unzip it into" in advice, f"no advice: {error}"[:500])
            require_clear(said, self.into)
            require(not (given.whole and given.known), f"a sound release was refused: {error}"[:500])
            require_equal(self._files(), {BESIDE: b"mine"}, "files after a refusal")
            require_equal(list(self.into.iterdir()), [], "folders after a refusal")
            return False
        require(given.known, "another file than the published one was taken")
        with zipfile.ZipFile(io.BytesIO(given.content)) as archive:
            held = {
                str((self.into / member.filename).relative_to(self.folder)): archive.read(member)
                for member in archive.infolist()
                if not member.is_dir() and member.filename.startswith(f"{NAME}/")
            }
        require_equal(self._files(), held | {BESIDE: b"mine"}, "files")
        ratings = datasets.read(folder).ratings
        if given.whole and len(ratings) != len(RATINGS):
            raise WrongError(f"{len(ratings)} ratings")
        for path in sorted(self.into.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        return True

    def _files(self) -> dict[str, bytes]:
        files = (path for path in self.folder.rglob("*") if not path.is_dir() or path.is_symlink())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}
