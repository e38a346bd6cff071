"""Names of films in a form in which they can be compared: words, numbers, and the parts that a colon makes."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rapidfuzz.distance import Levenshtein

from bst.catalogue import normalise

_YEAR_BEHIND = re.compile(r"^(.*?)\s*\(((?:18|19|20)\d{2})\)\s*$", re.DOTALL)
_BRACKETS_BEHIND = re.compile(r"^(.*\S)\s*\(([^()]*[^\W\d][^()]*)\)\s*$", re.DOTALL)
_AKA = re.compile(r"^\s*a\.?\s*k\.?\s*a\.?\s+", re.IGNORECASE)
_OR_BEHIND = re.compile(r",?\s+or$", re.IGNORECASE)
# "Dr. Strangelove or: How …", "Star Wars: Episode V - The Empire …"
_SEPARATOR = re.compile(r"(?P<or>,?\s+or:\s+)|\s*:\s+|\s+[-–—]\s+", re.IGNORECASE)
_OWNER = re.compile(r"^(?:\S+\s+){0,3}\S+(?:['’]s|s['’])\s+(?=\S)", re.IGNORECASE)

_NUMBERS = {
    **{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
    **{"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16},
}
_ROMAN = {
    **{"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10},
    **{"xi": 11, "xii": 12, "xiii": 13, "xiv": 14},
}
# letters that are also words: numbers only where a number is to be expected
_DOUBTFUL = {"i", "v", "x"}
_COUNTED = {"part", "vol", "volume", "chapter", "episode"}
# told apart by nobody: "Lord of Rings"; and of "A.I." and "M*A*S*H" the letters count
_LITTLE = {"and", "the", "a", "an"}
_INITIALS = re.compile(r"\b(?:[^\W\d_][.*])+[^\W\d_]\b")
# two words are one in two spellings if so few letters differ in words so long
_SPELLINGS = ((9, 2), (5, 1))


def year_behind(title: str) -> tuple[str, int | None]:
    """Split "Alien (1979)" into title and year; the year is None where there is none."""
    found = _YEAR_BEHIND.match(title)
    return (found.group(1), int(found.group(2))) if found else (title.strip(), None)


@dataclass(frozen=True)
class Name:
    """A name as ``parts``, each a tuple of words. Numbers are digits, however they were written; "and"
    and articles are left out.

    ``second_title``: its first separator was "or:", so that what follows is another name of the same film.
    ``rest`` is the name without its owner: "New Nightmare" of "Wes Craven's New Nightmare"; None where there is none.
    """

    parts: tuple[tuple[str, ...], ...]
    second_title: bool = False
    rest: "Name | None" = None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All words."""
        return tuple(word for part in self.parts for word in part)

    @cached_property
    def squeezed(self) -> str:
        """All words in one, so that "Spider-Man" and "Spiderman" are the same."""
        return "".join(self.words)

    @cached_property
    def numbers(self) -> Counter:
        """The numbers in it: what tells a sequel from the first film."""
        return Counter(word for word in self.words if word.isdigit())

    @cached_property
    def unnumbered(self) -> tuple[tuple[str, ...], ...]:
        """The parts without their numbers."""
        parts = (tuple(word for word in part if not word.isdigit()) for part in self.parts)
        return tuple(part for part in parts if part)


@lru_cache(maxsize=50_000)
def name_of(title: str) -> Name:
    """Take a title apart; without its year and without names in brackets behind it."""
    owner = _OWNER.match(title)
    rest = name_of(title[owner.end() :]) if owner else None
    separators = [found for found in _SEPARATOR.finditer(title) if found.start()]
    cuts = [0, *(at for found in separators for at in found.span()), len(title)]
    parts = (_words(title[start:end]) for start, end in zip(cuts[::2], cuts[1::2], strict=True))
    return Name(tuple(part for part in parts if part), bool(separators and separators[0]["or"]), rest)


def names_of(title: str) -> list[Name]:
    """Return the names in a title without its year: "Hate (La Haine)" has two, and counts as a whole, too."""
    names = [title]
    main = title
    while found := _BRACKETS_BEHIND.match(main):
        main = _OR_BEHIND.sub("", found.group(1))
        names += [_AKA.sub("", found.group(2)), main]
    made = dict.fromkeys(name_of(name) for name in names)
    return [name for name in made if name.squeezed]


def _words(text: str) -> tuple[str, ...]:
    whole = normalise(_INITIALS.sub(lambda found: re.sub(r"\W", "", found.group()), text)).split()
    words = [word for word in whole if word not in _LITTLE] or whole
    made: list[str] = []
    for place, word in enumerate(words):
        counted = place > 0 and words[place - 1] in _COUNTED
        number = _NUMBERS.get(word)
        if word in _ROMAN and (word not in _DOUBTFUL or counted or _ends_series(word, place, words)):
            number = _ROMAN[word]
        if word == "hundred":
            made.append(str(100 * int(made.pop())) if made and made[-1].isdigit() else "100")
        elif number is None:
            made.append(word)
        elif place and words[place - 1] == "hundred":
            made.append(str(int(made.pop()) + number))
        else:
            made.append(str(number))
    # "Part 2" and "2" are the same
    return tuple(
        word
        for place, word in enumerate(made)
        if not (word in _COUNTED and place + 1 < len(made) and made[place + 1].isdigit())
    )


def _ends_series(word: str, place: int, words: list[str]) -> bool:
    """Whether a letter that ends a name counts: "Rocky V", but not "Withnail & I"."""
    return word != "i" and 0 < place == len(words) - 1


def same_spelling(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two names differ in spelling only: "Colours" and "Colors", but not "Alien" and "Aliens".

    Word by word, so that no word becomes another; numbers must be the same.
    """
    if len(one) != len(other) or one == other:
        return one == other
    differ = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(differ) > 2 or (len(one) == 1 and min(len(one[0]), len(other[0])) < 8):
        return False
    return all(_same_word(a, b) for a, b in differ)


def _same_word(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if one.isdigit() or other.isdigit() or long == short + "s" or one[0] != other[0]:
        return False
    return any(len(short) >= length and Levenshtein.distance(one, other) <= most for length, most in _SPELLINGS)
