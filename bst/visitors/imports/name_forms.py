"""When two different names of films of one year are names of one film, and the keys by which such names are found."""

from collections import Counter
from enum import IntEnum
from typing import NamedTuple

from bst.visitors.imports.names import Name, is_respelling

Words = tuple[str, ...]

# with fewer words, two names that share a part may well be of two films
_MIN_WORDS_WITHOUT_OWNER = 2
_MIN_ENDING = 3
_MIN_SERIES_PART = 2


class Confidence(IntEnum):
    """Confidence in a match; from ``LIKELY`` on it needs no confirmation."""

    NONE = 0
    UNSURE = 1
    LIKELY = 2
    SURE = 3


class Relation(NamedTuple):
    """How sure it is that two names are names of one film, and what differs between them."""

    confidence: Confidence
    reason: str


def blocking_keys(name: Name) -> list[Words]:
    """Return tuples of words of which two names that ``relation`` relates, other than by spelling, share at least one.

    All words; every beginning that ends at a colon or dash; every ending of three words or more, and the last part; the
    name without its owner; the name without its numbers.
    """
    words = name.words
    keys = [words, *(words[start:] for start in range(1, len(words) - _MIN_ENDING + 1))]
    if len(name.parts) > 1:
        keys.append(name.parts[-1])
        beginning: Words = ()
        for part in name.parts[:-1]:
            beginning += part
            keys.append(beginning)
    if name.without_owner:
        keys.append(name.without_owner.words)
    if any(word.isdigit() for word in words):
        keys.append(tuple(word for part in name.unnumbered for word in part))
    return list(dict.fromkeys(keys)) if len(keys) > 1 else keys


def relation(in_file: Name, in_catalogue: Name) -> Relation | None:
    """Return how two names of films of one year may be names of one film; None if they are not."""
    if is_respelling(in_file.words, in_catalogue.words):
        return Relation(Confidence.LIKELY, "spelt differently")
    if _differ_by_part_number(in_file, in_catalogue):
        return Relation(Confidence.LIKELY, "the same but for the number")
    return (
        _shorter_name(in_file, in_catalogue, longer_in_file=False)
        or _shorter_name(in_catalogue, in_file, longer_in_file=True)
        or _part_of_series(in_file, in_catalogue)
    )


def _shorter_name(short: Name, long: Name, *, longer_in_file: bool) -> Relation | None:
    """Return the relation if ``short`` is a shorter name of what ``long`` names.

    A longer name in the catalogue is the full name of the same film. A longer name in the file may also be that of
    something about the film, of the same year and name: only usual additions to names are taken for granted.
    """
    reason = "without its second title" if longer_in_file else "the name here is longer"
    if long.without_owner and long.without_owner.words == short.words:
        # one word is not enough: two films called "Pinocchio" came out in 2022, one of them with its director's name
        trusted = len(short.words) >= _MIN_WORDS_WITHOUT_OWNER
        return Relation(_likely_if(trusted), "with and without the owner's name")
    if len(short.parts) < len(long.parts) and long.parts[: len(short.parts)] == short.parts:
        added = long.parts[len(short.parts) :]
        is_part = added[0][0].isdigit()  # the film called "Part 1" is not the same as one without
        return Relation(_likely_if((long.alternative or not longer_in_file) and not is_part), reason)
    if len(short.words) >= _MIN_ENDING and long.words[-len(short.words) :] == short.words:
        return Relation(_likely_if(not longer_in_file), reason)
    return None


def _part_of_series(in_file: Name, in_catalogue: Name) -> Relation | None:
    """Return the relation of a part of a series to itself with the series' name.

    As in "Star Wars: Episode V - The Empire Strikes Back".
    """
    for short, long in ((in_file, in_catalogue), (in_catalogue, in_file)):
        is_last_part = len(short.parts) == 1 and len(long.parts) > 1 and long.parts[-1] == short.parts[0]
        if is_last_part and len(short.words) >= _MIN_SERIES_PART:
            series = Counter(long.words) - Counter(short.words)
            numbered = any(word.isdigit() for word in series)
            return Relation(_likely_if(numbered or long is in_catalogue), "with and without its series")
    return None


def _differ_by_part_number(name: Name, other: Name) -> bool:
    """Whether one has a number that the other lacks, with the same words before and after it.

    "Ice Age 2: The Meltdown" and "Ice Age: The Meltdown", but not "Mockingjay - Part 1" and "Mockingjay".
    """
    if bool(name.numbers) == bool(other.numbers):
        return False
    last_part = (name if name.numbers else other).parts[-1]
    return (
        name.unnumbered == other.unnumbered
        and len(name.unnumbered) > 1
        and not any(word.isdigit() for word in last_part)
    )


def _likely_if(trusted: bool) -> Confidence:
    return Confidence.LIKELY if trusted else Confidence.UNSURE
