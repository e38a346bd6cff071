"""Good samples, damaged: what disks, editors, spreadsheets and hostile people make of a file."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

# what people and programs write where something else is meant
ODD_TEXT = (
    *("", " ", "0", "-1", "1.5", "12.0", "1e999", "nan", "inf", "-inf", "null", "None", "true", "²", "٣", "½", "NaN"),
    *("9" * 30, "9" * 5000, "2147483648", "9223372036854775808", "0x10", "1_000", "1,5", "1.234,5", "+4", "4 ", " 4"),
    *("é", "漢字", "😀", "\u202eevil", "\u200b", "\x00", "\x1b[31m", "\ufeff", "\u2028", "\x85", "\xa0", "a\u0301"),
    *(
        "=1+1",
        "@x",
        "'",
        '"',
        '""',
        '"a',
        "a'b",
        "\\",
        "%s",
        "{0}",
        "$(x)",
        "`x`",
        "<script>alert(1)</script>",
        "../..",
    ),
    *("::", "|", "\t", ";", ",", "\n", "\r", "\r\n", "x" * 300, "x" * 25_000, "1999-13-45", "2005-04-02 23:53:47"),
)
ODD_BYTES = (
    *(b"\x00", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\x80", b"\x1a", b"\r"),
    *(text.encode() for text in ODD_TEXT),
)
SEPARATORS = (b"\n", b"::", b",", b"|", b"\t", b";", b'"', b"\r\n", b" ")
MOST_EDITS = 4

odd_text = st.sampled_from(ODD_TEXT) | st.text(max_size=8)
odd_bytes = st.sampled_from(ODD_BYTES) | st.binary(max_size=8)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 10**6)
    | st.sampled_from([2**31, 2**53, 2**64, -(2**63), 10**400, 0.5, 1e308, -0.0])
    | st.floats()
    | st.sampled_from((*ODD_TEXT, "\ud800", "a\udfffb"))
    | st.text(max_size=6)
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_text, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged(draw: DrawFn, sample: bytes) -> bytes:
    """Draw a sample with one to a few edits: bytes flipped, put in, cut out, doubled, swapped, fields replaced."""
    content = sample
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        content = _edit(draw, content)
    return content


def _edit(draw: DrawFn, content: bytes) -> bytes:
    kind = draw(st.sampled_from(("field", "field", "field", "put", "cut", "flip", "double", "swap", "end", "replace")))
    start = draw(st.integers(0, len(content)))
    if kind == "field":
        return _replace_field(draw, content)
    if kind == "put":
        return content[:start] + draw(odd_bytes) + content[start:]
    if kind == "cut":
        return content[:start] + content[start + draw(st.integers(1, 30)) :]
    if kind == "flip":
        return (
            content[:start]
            + bytes(b ^ (1 << draw(st.integers(0, 7))) for b in content[start : start + 1])
            + (content[start + 1 :])
        )
    if kind == "double":
        piece = content[start : start + draw(st.integers(1, 80))]
        return content[:start] + piece * draw(st.sampled_from((2, 3, 50))) + content[start:]
    if kind == "swap":
        return _swap_lines(draw, content)
    if kind == "replace":
        old, new = draw(st.sampled_from(SEPARATORS)), draw(st.sampled_from(SEPARATORS) | odd_bytes)
        return content.replace(old, new, draw(st.sampled_from((1, -1)))) if len(content) < 10**6 else content
    return content[:start]


def _replace_field(draw: DrawFn, content: bytes) -> bytes:
    """Replace what is between two separators."""
    separator = draw(st.sampled_from(SEPARATORS))
    fields = content.split(separator)
    index = draw(st.integers(0, len(fields) - 1))
    new = draw(odd_bytes | st.sampled_from(fields[:50]) | st.integers(-2, 10**10).map(lambda n: str(n).encode()))
    return separator.join([*fields[:index], new, *fields[index + 1 :]])


def _swap_lines(draw: DrawFn, content: bytes) -> bytes:
    lines = content.split(b"\n")
    one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


@st.composite
def damaged_json(draw: DrawFn, sample: Any) -> Any:
    """Draw plain values with one to a few of them replaced, dropped, added or doubled, at any depth."""
    content = json.loads(json.dumps(sample))
    for _ in range(draw(st.integers(1, MOST_EDITS))):
        holder, key = _somewhere(draw, content)
        if holder is None:
            return draw(json_values)
        kind = draw(st.sampled_from(("replace", "replace", "replace", "drop", "add", "near")))
        if kind == "drop":
            del holder[key]
        elif kind == "add":
            holder.update({draw(odd_text): draw(json_values)}) if isinstance(holder, dict) else holder.insert(
                key, draw(json_values)
            )
        elif kind == "near":
            holder[key] = _near(draw, holder[key])
        else:
            holder[key] = draw(json_values)
    return content


def _somewhere(draw: DrawFn, content: Any) -> tuple[Any, Any]:
    """Draw a place: the list or object that holds it, and its index or key. (None, None) for the whole."""
    holder, key, value = None, None, content
    while isinstance(value, dict | list) and value:
        if holder is not None and draw(st.integers(0, 3)) == 0:
            break
        holder = value
        key = draw(st.sampled_from(sorted(value))) if isinstance(value, dict) else draw(st.integers(0, len(value) - 1))
        value = holder[key]
    return holder, key


def _near(draw: DrawFn, value: Any) -> Any:
    """Draw a value of the same type that is a little off."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return draw(st.sampled_from((value + 1, value - 1, -value, value * 10, float(value), int(value), str(value))))
    if isinstance(value, str):
        return draw(st.sampled_from((value.upper(), value[:-1], value + " ", value * 2)) | odd_text)
    if isinstance(value, list):
        return draw(st.sampled_from((value[:-1], value[::-1], value * 2)))
    return {} if isinstance(value, dict) else draw(scalars)


def json_text(values: Any) -> bytes:
    """Return plain values as JSON, also those that only Python's reader takes (NaN, half surrogate pairs)."""
    return json.dumps(values).encode()


def any_of(samples: Sequence[bytes]) -> SearchStrategy[bytes]:
    """Return one of several samples, damaged."""
    return st.sampled_from(samples).flatmap(damaged)
