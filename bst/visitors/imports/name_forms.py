"""When two different names of films of one year are names of one film, and how to find such names quickly."""

from collections import Counter
from enum import IntEnum

from bst.visitors.imports.names import Name, same_spelling

Words = tuple[str, ...]


class Confidence(IntEnum):
    """How sure a match is; those from ``LIKELY`` on need not be asked about."""

    NONE = 0
    UNSURE = 1
    LIKELY = 2
    SURE = 3


def keys(name: Name) -> list[Words]:
    """Return words of which two names that ``form`` relates, other than by spelling, have some in common.

    All words, those of each beginning that a colon or dash ends, of each ending of three words or more and of the last
    part, of the name without its owner, and of the name without its numbers.
    """
    words = name.words
    subsets = [words, *(words[start:] for start in range(1, len(words) - 2))]
    if len(name.parts) > 1:
        subsets.append(name.parts[-1])
        beginning: Words = ()
        for part in name.parts[:-1]:
            beginning += part
            subsets.append(beginning)
    if name.rest:
        subsets.append(name.rest.words)
    if any(word.isdigit() for word in words):
        subsets.append(tuple(word for part in name.unnumbered for word in part))
    return list(dict.fromkeys(subsets)) if len(subsets) > 1 else subsets


def form(mine: Name, theirs: Name) -> tuple[Confidence, str] | None:
    """Say how two names of films of one year may be names of one film. ``mine`` is the one in the file."""
    if same_spelling(mine.words, theirs.words):
        return Confidence.LIKELY, "spelt differently"
    if _without_part_number(mine, theirs):
        return Confidence.LIKELY, "the same but for the number"
    for short, long, in_file in ((mine, theirs, False), (theirs, mine, True)):
        if made := _part_of(short, long, longer_in_file=in_file):
            return made
    return _same_ending(mine, theirs)


def _part_of(short: Name, long: Name, *, longer_in_file: bool) -> tuple[Confidence, str] | None:
    """Say whether ``short`` is a shorter name of what ``long`` names.

    A longer name in the catalogue is the whole one of the same film. A longer name in the file may also be that of
    something about the film, of its year and name: only what is known to be added to names is taken for granted.
    """
    why = "without its second title" if longer_in_file else "the name here is longer"
    if long.rest and long.rest.words == short.words:
        # one word is not enough: two films called "Pinocchio" came out in 2022, one of them with its director's name
        sureness = Confidence.LIKELY if len(short.words) >= 2 else Confidence.UNSURE
        return sureness, "with and without the owner's name"
    if _begins(short, long):
        added = long.parts[len(short.parts) :]
        a_part = added[0][0].isdigit()  # "Part 1" is not the whole
        trusted = long.second_title or not longer_in_file
        return (Confidence.LIKELY if trusted and not a_part else Confidence.UNSURE), why
    if len(short.words) >= 3 and long.words[-len(short.words) :] == short.words:
        return (Confidence.UNSURE if longer_in_file else Confidence.LIKELY), why
    return None


def _begins(short: Name, long: Name) -> bool:
    return len(short.parts) < len(long.parts) and long.parts[: len(short.parts)] == short.parts


def _same_ending(mine: Name, theirs: Name) -> tuple[Confidence, str] | None:
    """A part of a series, named with the series or without: "Star Wars: Episode V - The Empire Strikes Back"."""
    for short, long in ((mine, theirs), (theirs, mine)):
        if len(short.parts) == 1 and len(short.words) >= 2 and len(long.parts) > 1 and long.parts[-1] == short.parts[0]:
            series = Counter(long.words) - Counter(short.words)
            numbered = any(word.isdigit() for word in series)
            return (
                Confidence.LIKELY if numbered or long is theirs else Confidence.UNSURE
            ), "with and without its series"
    return None


def _without_part_number(mine: Name, theirs: Name) -> bool:
    """Whether one has a number that the other lacks, with the same words before and behind it.

    "Ice Age 2: The Meltdown" and "Ice Age: The Meltdown", but not "Mockingjay - Part 1" and "Mockingjay".
    """
    if bool(mine.numbers) == bool(theirs.numbers):
        return False
    numbered = mine if mine.numbers else theirs
    behind = numbered.parts[-1]
    return mine.unnumbered == theirs.unnumbered and len(mine.unnumbered) > 1 and not any(w.isdigit() for w in behind)
