"""How questions and answers travel: plain values and arrays in the layout of safetensors, read without trusting it.

    8 bytes   length of the header, little-endian
    header    JSON: {"__metadata__": {"values": JSON of the plain values}, NAME: {"dtype", "shape", "data_offsets"}, …}
    data      the arrays one after the other, row by row

Nothing in it can be run, and no array can claim more memory than the message has bytes.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

# what client and server must agree on: names of methods, what they take and answer
VERSION = 1
MEDIA_TYPE = "application/vnd.bst-scorer"
DTYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32, "U8": np.uint8}
_NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
_LENGTH_BYTES, _ALIGNMENT = 8, 8
_METADATA, _VALUES = "__metadata__", "values"

Arrays = dict[str, np.ndarray]


def pack(values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return plain values, as JSON has them, and arrays of the types in ``DTYPES`` as bytes."""
    header: dict[str, Any] = {_METADATA: {_VALUES: json.dumps(values)}}
    parts, offset = [], 0
    # the widest first, so that each starts at a multiple of its width
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].dtype.itemsize):
        data = np.ascontiguousarray(array).tobytes()
        offsets = [offset, offset + len(data)]
        header[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape), "data_offsets": offsets}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join([len(text).to_bytes(_LENGTH_BYTES, "little"), text, *parts])


def unpack(message: bytes) -> tuple[dict[str, Any], Arrays]:
    """Return what ``pack`` was given. Raises ``ValueError``, and nothing else, for any other bytes."""
    end = _LENGTH_BYTES + int.from_bytes(message[:_LENGTH_BYTES], "little")
    if len(message) < _LENGTH_BYTES or end > len(message):
        raise ValueError("the message was cut off")
    try:
        header = json.loads(message[_LENGTH_BYTES:end])
        values = json.loads(header.pop(_METADATA)[_VALUES])
        arrays = {name: _array(entry, message, end) for name, entry in header.items()}
    except (RecursionError, AttributeError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"the header is malformed ({type(error).__name__})") from error
    if not isinstance(values, dict):
        raise ValueError("the header has no values")
    return values, arrays


def _array(entry: dict[str, Any], message: bytes, start: int) -> np.ndarray:
    dtype, shape = np.dtype(DTYPES[entry["dtype"]]), entry["shape"]
    first, last = entry["data_offsets"]
    if not all(type(number) is int and number >= 0 for number in (*shape, first, last)):
        raise ValueError("shapes and offsets must be whole numbers")
    if math.prod(shape) * dtype.itemsize != last - first or start + last > len(message):
        raise ValueError("an array is not as long as its shape says")
    # a copy, as what is read in place cannot be changed
    return np.frombuffer(message, dtype, math.prod(shape), start + first).reshape(shape).copy()
