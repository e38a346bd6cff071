"""Archives of weights with a right checksum: arrays of other names, shapes and types, damaged bytes, and bombs."""

import copy
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bst.bundles.bundle import open_bundle
from bst.datasets import load_movies
from bst.errors import BundleError
from bst.models.registry import family_of
from tests.fuzz.door import Door
from tests.fuzz.doors.bundles import SHIPPED
from tests.fuzz.mutations import damaged, odd_text
from tests.fuzz.outcome import require, require_clear, require_equal

BUNDLE = "demo-compact"
TYPES = ("int64", "int32", "bool", "complex64", "float64", "float16", ">f4", "<f4", "S4", "U4", "O", "M8[s]", "uint8")
HUGE = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"

Arrays = dict[str, np.ndarray]
Make = Callable[[Arrays], bytes]


def as_archive(arrays: Arrays, members: dict[str, bytes] | None = None, packed: bool = False) -> bytes:
    """Return the bytes of an ``.npz``; ``members``: further files in it, or others in place of arrays."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            if f"{name}.npy" not in (members or {}):
                archive.writestr(f"{name}.npy", as_array(values))
        for name, member in (members or {}).items():
            archive.writestr(name, member)
    return content.getvalue()


def as_array(values: np.ndarray) -> bytes:
    """Return the bytes of an ``.npy``."""
    content = io.BytesIO()
    np.save(content, values, allow_pickle=True)
    return content.getvalue()


@st.composite
def makers(draw: DrawFn, names: list[str]) -> Make:
    """Draw what is done to the arrays of a bundle to get the bytes of its archive."""
    name, other = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    kind = draw(
        st.sampled_from(
            ("type", "shape", "value", "name", "drop", "add", "member", "bytes", "bytes", "packed", "bomb", "header")
        )
    )
    if kind == "type":
        dtype = draw(st.sampled_from(TYPES))
        return lambda arrays: as_archive(arrays | {name: arrays[name].astype(dtype)})
    if kind == "shape":
        change = draw(
            st.sampled_from(
                (lambda a: a[..., None], lambda a: a.ravel(), lambda a: a[:0], lambda a: a.T, lambda a: a[1:])
            )
        )
        return lambda arrays: as_archive(arrays | {name: change(arrays[name])})
    if kind == "value":
        value = draw(st.floats(width=32) | st.sampled_from((np.nan, np.inf, 3e38)))
        return lambda arrays: as_archive(arrays | {name: _with_value(arrays[name], value)})
    if kind == "name":
        new = draw(odd_text | st.just(other)).replace("\0", "?")[:200]
        return lambda arrays: as_archive({new if key == name else key: values for key, values in arrays.items()})
    if kind == "drop":
        return lambda arrays: as_archive({key: values for key, values in arrays.items() if key not in (name, other)})
    if kind == "add":
        return lambda arrays: as_archive(arrays, dict.fromkeys(("../../evil.npy", "README", "more.npy"), b"x"))
    if kind == "member":
        edit = draw(damaged(b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (30, 5), }"))
        return lambda arrays: as_archive(arrays, {f"{name}.npy": edit})
    if kind == "packed":
        return lambda arrays: as_archive(arrays, packed=True)
    if kind == "bomb":
        return lambda arrays: as_archive(arrays, {f"{name}.npy": _header(HUGE) + bytes(10_000_000)}, packed=True)
    if kind == "header":
        text = draw(damaged(HUGE))
        return lambda arrays: as_archive(arrays, {f"{name}.npy": _header(text)})
    places = draw(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=3))
    cut = draw(st.none() | st.floats(0, 1))
    return lambda arrays: _damaged_bytes(as_archive(arrays), places, cut)


def _with_value(values: np.ndarray, value: float) -> np.ndarray:
    values = values.copy()
    values.reshape(-1)[:1] = value
    return values


def _header(text: bytes) -> bytes:
    text = text.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text if len(text) < 2**16 else text


def _damaged_bytes(content: bytes, places: list[tuple[float, bytes]], cut: float | None) -> bytes:
    damaged_content = bytearray(content)
    for share, new in places:
        # half of the places are near the end, where the archive's directory is
        start = int(share * len(content)) if share < 0.5 else max(0, len(content) - int((1 - share) * 4000))
        damaged_content[start : start + len(new)] = new
    return bytes(damaged_content[: None if cut is None else int(cut * len(content))])


class Weights(Door):
    """Weights are refused in a line, or are exactly those in the archive: float32, finite, of the model's shapes."""

    name = "weights"

    def open(self) -> None:
        """Copy a bundle, and keep its arrays with the largest ones made small enough for ten thousand archives."""
        self.place = self.folder / BUNDLE
        shutil.copytree(SHIPPED / BUNDLE, self.place)
        self.movies = load_movies("demo")
        bundle = open_bundle(self.place)
        self.from_dataset = family_of(bundle.config).dataset_weights(bundle.config, self.movies, bundle.domain)
        with np.load(self.place / "weights.npz") as stored:
            self.arrays = {name: stored[name] for name in stored.files}
        self.header = json.loads((self.place / "bundle.json").read_text("utf-8"))
        self.inputs = makers(sorted(self.arrays))

    def check(self, given: Make) -> bool:
        """Load damaged weights."""
        content = given(self.arrays)
        (self.place / "weights.npz").write_bytes(content)
        header: Any = copy.deepcopy(self.header)
        header["sha256"]["weights.npz"] = hashlib.sha256(content).hexdigest()
        (self.place / "bundle.json").write_text(json.dumps(header), "utf-8")
        try:
            bundle = open_bundle(self.place)
            weights = bundle.load_weights(self.movies)
        except BundleError as error:
            require_clear(error, self.place / "weights.npz", self.place)
            return False
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            right = {name: stored[name] for name in stored.files} | self.from_dataset
        require_equal(sorted(weights), sorted(right), "names")
        for name, values in weights.items():
            require(values.dtype == np.float32 and bool(np.isfinite(values).all()), f"{name}: {values.dtype}")
            require(np.array_equal(values, right[name]), f"{name} is not what the archive has")
        return True
