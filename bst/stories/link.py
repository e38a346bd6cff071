"""A story as part of an address: the version, "." and the packed values of its file."""

from functools import lru_cache

from bst.errors import StoryError
from bst.packing import pack, unpack
from bst.stories.file import MOST_BYTES, from_json, to_json
from bst.stories.story import Story

VERSION = "1"
# longer addresses are cut by mail programs and some servers
MOST_CHARACTERS = 6_000


def encode(story: Story) -> str | None:
    """Return a story as text for an address; None for one that is too long and travels as a file."""
    text = f"{VERSION}.{pack(to_json(story))}"
    return text if len(text) <= MOST_CHARACTERS else None


@lru_cache(maxsize=32)
def decode(text: str) -> Story:
    """Return the story that a text stands for. Raises ``StoryError``, and nothing else, for any other text."""
    if len(text) > MOST_CHARACTERS:
        raise StoryError(f"this link of a story is far too long: it has {len(text):,} characters")
    version, dot, body = text.partition(".")
    if dot and version != VERSION and version.isdecimal():
        raise StoryError("this link of a story is from another version of BST Studio, which this one cannot read")
    if not dot or version != VERSION:
        raise _damaged()
    try:
        values = unpack(body, MOST_BYTES)
    except ValueError as error:
        raise _damaged() from error
    return from_json(values)


def _damaged() -> StoryError:
    return StoryError("this link of a story is damaged: a part of it is missing or was changed")
