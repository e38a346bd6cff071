"""Plain values as a short text that fits into an address, and back: base64url of zlib of JSON."""

import base64
import binascii
import json
import zlib
from typing import Any


def pack(values: Any) -> str:
    """Return plain values, as JSON has them, as text: letters, digits, "-" and "_"."""
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).rstrip(b"=").decode()


def unpack(text: str, most_bytes: int) -> Any:
    """Return what ``pack`` was given. Raises ``ValueError``, and nothing else, for any other text.

    The checksum of zlib shows when a text was cut or altered. ``most_bytes``: a small text may expand to a huge one.
    """
    try:
        return json.loads(_inflate(text, most_bytes))
    # RecursionError: brackets within brackets within brackets
    except (zlib.error, binascii.Error, RecursionError) as error:
        raise ValueError(f"this is not a packed text: {error}") from error


def _inflate(text: str, most_bytes: int) -> bytes:
    if not text.isascii():
        raise ValueError("a packed text has ASCII characters only")
    packed = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True)
    reader = zlib.decompressobj()
    plain = reader.decompress(packed, most_bytes)
    if not reader.eof or reader.unused_data:
        raise ValueError("a packed text was cut off, or is longer than allowed")
    return plain
