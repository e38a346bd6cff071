"""Amounts of memory as people write them, and how many shards a limit asks for."""

import re

from bst.errors import ConfigError
from bst.text import quoted

_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
LEAST = 512 * 10**6
# measured: what an event takes while its shard is put in order and written, and the program before the first event
EVENT_BYTES = 160
PROGRAM_BYTES = 250 * 10**6
LEAST_SHARDS = 16


def parse_size(text: str) -> int:
    """Return an amount of memory in bytes. Raises ``ConfigError`` for no amount, and for less than ``LEAST``.

    >>> parse_size("2GB"), parse_size("1.5 g")
    (2000000000, 1500000000)
    """
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ConfigError(f"memory is an amount such as 2GB or 900MB, not {quoted(text)}")
    size = int(float(match[1]) * _UNITS[match[2].lower()])
    if size < LEAST:
        raise ConfigError(f"preparing needs a memory of {LEAST // 10**6}MB or more, not {quoted(text)}")
    return size


def least_shards(events: int, memory: int) -> int:
    """Return how many shards it takes so that one of them can be put in order within ``memory`` bytes.

    >>> least_shards(20_000_000, 2 * 10**9)
    2
    """
    return max(1, -(-events * EVENT_BYTES // (memory - PROGRAM_BYTES)))


def usual_shards(events: int, memory: int) -> int:
    """Return the default number of shards: each takes half the memory at most."""
    return max(LEAST_SHARDS, least_shards(2 * events, memory))
