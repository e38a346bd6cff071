"""JSON that is read without trusting it."""

import json
import math
import re
from pathlib import Path
from typing import Any

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
# of a whole number in JSON: what 64 bits can hold, and what a message shows of a longer one
_MOST_DIGITS, _SHOWN_DIGITS = 18, 12


def read_json(path: Path) -> Any:
    """Return the plain values in a JSON file.

    Raises ``OSError`` if it cannot be read, and ``ValueError`` for what is no JSON. Python's own reader also takes NaN
    and infinity, numbers that no float and no array can hold, and halves of surrogate pairs: figures made of them would
    be wrong without a word, and such texts cannot be shown.
    """
    text = path.read_text("utf-8")
    try:
        values = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_integer)
        if _SURROGATE.search(text):
            json.dumps(values, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("brackets within brackets within brackets") from error
    return values


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:_SHOWN_DIGITS]} is not a number")
    return value


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:_SHOWN_DIGITS]}… is too large a number")
    return int(text)
