"""Names of films in a form in which they can be compared: words, numbers, and the parts that a colon makes."""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from bst.datasets.catalogue import normalise

_YEAR_BEHIND = re.compile(r"^(.*?)\s*\(((?:18|19|20)\d{2})\)\s*$", re.DOTALL)
_BRACKETS_BEHIND = re.compile(r"^(.*\S)\s*\(([^()]*[^\W\d][^()]*)\)\s*$", re.DOTALL)
_ARTICLE = re.compile(r"^(?:the|an?)\s|,\s*(?:the|an?)$", re.IGNORECASE)
_AKA = re.compile(r"^\s*a\.?\s*k\.?\s*a\.?\s+", re.IGNORECASE)
_OR_BEHIND = re.compile(r",?\s+or$", re.IGNORECASE)
# "Dr. Strangelove or: How …", "Star Wars: Episode V - The Empire …"
_SEPARATOR = re.compile(r"(?P<or>,?\s+or:\s+)|\s*:\s+|\s+[-–—]\s+", re.IGNORECASE)
_MAY_SEPARATE = re.compile(r": |:$| :|\s[-–—]\s")
_OWNER = re.compile(r"^(?:\S+\s+){0,3}\S+(?:['’]s|s['’])\s+(?=\S)", re.IGNORECASE)

_UNITS = {
    **{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
    **{"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17},
    **{"eighteen": 18, "nineteen": 19},
}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_LARGE = {"hundred": 100, "thousand": 1000}
_NUMBER_WORDS = {*_UNITS, *_TENS, *_LARGE}
_CENTURIES = {18, 19, 20}
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
# "Mulholland Dr.", "Kramer vs. Kramer"; what two of them mean depends on where they stand
_SHORT_FORMS = {
    **{"mr": "mister", "mrs": "missus", "vs": "versus", "mt": "mount", "sgt": "sergeant", "lt": "lieutenant"},
    **{"capt": "captain", "jr": "junior", "sr": "senior", "blvd": "boulevard", "ave": "avenue", "dr": "doctor"},
    **{"st": "saint"},
}
_SHORT_FORMS_AT_THE_END = {"dr": "drive", "st": "street"}
_COMMA_IN_NUMBER = re.compile(r"(?<=\d),(?=\d{3}\b)")
# two words are one in two spellings if so few letters differ in words so long
_SPELLINGS = ((9, 2), (5, 1))


def year_behind(title: str) -> tuple[str, int | None]:
    """Split "Alien (1979)" into title and year; the year is None where there is none."""
    found = _YEAR_BEHIND.match(title)
    return (found.group(1), int(found.group(2))) if found else (title.strip(), None)


def has_article(title: str) -> bool:
    """Whether a title has an English article in front, or behind a comma."""
    return bool(_ARTICLE.search(title))


@dataclass(frozen=True, slots=True)
class Name:
    """A name as ``parts``, each a tuple of words. Numbers are digits, however they were written; "and"
    and articles are left out.

    ``second_title``: its first separator was "or:", so that what follows is another name of the same film. ``rest`` is
    the name without its owner: "New Nightmare" of "Wes Craven's New Nightmare"; None where there is none. ``words`` are
    those of all parts, ``squeezed`` the same without blanks, so that "Spider-Man" and "Spiderman" are the same.
    """

    parts: tuple[tuple[str, ...], ...]
    second_title: bool = False
    rest: "Name | None" = None
    words: tuple[str, ...] = field(init=False, compare=False)
    squeezed: str = field(init=False, compare=False)

    def __post_init__(self):
        """Put the parts together, once."""
        words = self.parts[0] if len(self.parts) == 1 else tuple(word for part in self.parts for word in part)
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "squeezed", "".join(words))

    @property
    def numbers(self) -> Counter:
        """The numbers in it: what tells a sequel from the first film."""
        return Counter(word for word in self.words if word.isdigit())

    @property
    def unnumbered(self) -> tuple[tuple[str, ...], ...]:
        """The parts without their numbers."""
        parts = (tuple(word for word in part if not word.isdigit()) for part in self.parts)
        return tuple(part for part in parts if part)


@lru_cache(maxsize=8192)
def name_of(title: str) -> Name:
    """Take a title apart; without its year and without names in brackets behind it.

    >>> name_of("Rocky IV").words, name_of("Gone in Sixty Seconds").words
    (('rocky', '4'), ('gone', 'in', '60', 'seconds'))
    """
    owner = _OWNER.match(title) if "'" in title or "’" in title else None
    rest = name_of(title[owner.end() :]) if owner else None
    separators = _MAY_SEPARATE.search(title) and [found for found in _SEPARATOR.finditer(title) if found.start()]
    if not separators:
        words = _words(title)
        return Name((words,) if words else (), False, rest)
    cuts = [0, *(at for found in separators for at in found.span()), len(title)]
    parts = (_words(title[start:end]) for start, end in zip(cuts[::2], cuts[1::2], strict=True))
    return Name(tuple(part for part in parts if part), bool(separators[0]["or"]), rest)


def names_of(title: str) -> list[Name]:
    """Return the names in a title without its year: "Hate (La Haine)" has two, and counts as a whole, too."""
    if not title.endswith(")"):
        name = name_of(title)
        return [name] if name.squeezed else []
    names = [title]
    main = title
    while found := _BRACKETS_BEHIND.match(main):
        main = _OR_BEHIND.sub("", found.group(1))
        names += [_AKA.sub("", found.group(2)), main]
    unique = dict.fromkeys(name_of(name) for name in names)
    return [name for name in unique if name.squeezed]


def _words(text: str) -> tuple[str, ...]:
    if "." in text or "*" in text:
        text = _INITIALS.sub(lambda found: re.sub(r"\W", "", found.group()), text)
    if "," in text:
        text = _COMMA_IN_NUMBER.sub("", text)
    # the quick way for what needs no folding: as ``normalise``, but for the article, which goes below
    whole = _WORD.findall(text.casefold().replace("'", "")) if text.isascii() else None
    whole = whole or normalise(text).split()
    words = [word for word in whole if word not in _LITTLE] or whole
    if _SPECIAL.isdisjoint(words):
        return tuple(words)
    words = _with_long_forms(words)
    words = _with_numbers([_roman(word, place, words) for place, word in enumerate(words)])
    # "Part 2" and "2" are the same
    return tuple(
        word
        for place, word in enumerate(words)
        if not (word in _COUNTED and place + 1 < len(words) and words[place + 1].isdigit())
    )


# only names with one of these need a second look
_SPECIAL = {*_NUMBER_WORDS, *_ROMAN, *_SHORT_FORMS, *_COUNTED}
_WORD = re.compile(r"\w+")


def _with_long_forms(words: list[str]) -> list[str]:
    last = len(words) - 1
    return [
        (_SHORT_FORMS_AT_THE_END.get(word) if place == last > 0 else None) or _SHORT_FORMS.get(word, word)
        for place, word in enumerate(words)
    ]


def _roman(word: str, place: int, words: list[str]) -> str:
    """Return a Roman number in digits, where it is one."""
    counted = place > 0 and words[place - 1] in _COUNTED
    if word in _ROMAN and (word not in _DOUBTFUL or counted or _ends_series(word, place, words)):
        return str(_ROMAN[word])
    return word


def _with_numbers(words: list[str]) -> list[str]:
    """Write numbers as digits: "one hundred one" is 101, "nineteen eighty four" 1984, "one two three" 1 2 3."""
    values: list[str | int] = []
    for word in words:
        last = values[-1] if values and isinstance(values[-1], int) else None
        if word in _LARGE:
            if last is not None and last < _LARGE[word]:
                values[-1] = last * _LARGE[word]
            else:
                values.append(_LARGE[word])
        elif word in _UNITS or word in _TENS:
            number = _UNITS.get(word) or _TENS[word]
            if last is not None and _belongs(last, number):
                values[-1] = last + number
            elif last in _CENTURIES and number >= 10:
                values[-1] = last * 100 + number
            else:
                values.append(number)
        else:
            values.append(word)
    return [str(value) for value in values]


def _belongs(before: int, number: int) -> bool:
    """Whether two numbers said one after the other are one: "twenty" and "one", "hundred" and "sixty"."""
    for size in (1000, 100):
        if before >= size and before % size == 0 and number < size:
            return True
    return before >= 20 and before % 10 == 0 and number < 10


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
