"""Names of films in a form that can be compared: words, numbers, and the parts between colons and dashes."""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from bst.datasets.catalogue import normalise

_TRAILING_YEAR = re.compile(r"^(.*?)\s*\(((?:18|19|20)\d{2})\)\s*$", re.DOTALL)
_TRAILING_BRACKETS = re.compile(r"^(.*\S)\s*\(([^()]*[^\W\d][^()]*)\)\s*$", re.DOTALL)
_ARTICLE = re.compile(r"^(?:the|an?)\s|,\s*(?:the|an?)$", re.IGNORECASE)
_AKA = re.compile(r"^\s*a\.?\s*k\.?\s*a\.?\s+", re.IGNORECASE)
_TRAILING_OR = re.compile(r",?\s+or$", re.IGNORECASE)
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
_MIN_AFTER_CENTURY = 10  # "nineteen ten", but not "nineteen one"
_TEN = 10
_ROMAN = {
    **{"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10},
    **{"xi": 11, "xii": 12, "xiii": 13, "xiv": 14},
}
# letters that are also words: they count as numbers only where a number is expected
_AMBIGUOUS_ROMAN = {"i", "v", "x"}
_NUMBERED = {"part", "vol", "volume", "chapter", "episode"}
# words that people leave out or add: "Lord of Rings"
_IGNORED = {"and", "the", "a", "an"}
# "A.I.", "M*A*S*H": one word
_INITIALS = re.compile(r"\b(?:[^\W\d_][.*])+[^\W\d_]\b")
# "Mulholland Dr.", "Kramer vs. Kramer"; two of them have another meaning at the end of a title
_ABBREVIATIONS = {
    **{"mr": "mister", "mrs": "missus", "vs": "versus", "mt": "mount", "sgt": "sergeant", "lt": "lieutenant"},
    **{"capt": "captain", "jr": "junior", "sr": "senior", "blvd": "boulevard", "ave": "avenue", "dr": "doctor"},
    **{"st": "saint"},
}
_TRAILING_ABBREVIATIONS = {"dr": "drive", "st": "street"}
_COMMA_IN_NUMBER = re.compile(r"(?<=\d),(?=\d{3}\b)")
# two words may be spellings of one word: minimum length of both → maximum number of letters that differ
_SPELLING_DISTANCES = ((9, 2), (5, 1))
_MAX_RESPELT_WORDS = 2
# a name of a single word must be this long for another spelling of it to be recognised
_MIN_SINGLE_WORD = 8
# only names with one of these need to be brought to a canonical form
_SPECIAL = {*_NUMBER_WORDS, *_ROMAN, *_ABBREVIATIONS, *_NUMBERED}
_WORD = re.compile(r"\w+")


def split_year(title: str) -> tuple[str, int | None]:
    """Split "Alien (1979)" into title and year; the year is None where there is none."""
    match = _TRAILING_YEAR.match(title)
    return (match.group(1), int(match.group(2))) if match else (title.strip(), None)


def has_article(title: str) -> bool:
    """Whether a title has an English article in front, or at the end after a comma."""
    return bool(_ARTICLE.search(title))


@dataclass(frozen=True, slots=True)
class Name:
    """A name as ``parts`` between separators, each a tuple of words. Numbers are digits, however they were written;
    "and" and articles are dropped.

    ``alternative``: the first separator was "or:", so that what follows is another name of the same film.
    ``without_owner``: "New Nightmare" for "Wes Craven's New Nightmare"; None for a name without an owner. ``words`` are
    those of all parts, ``compact`` the same without blanks, so that "Spider-Man" and "Spiderman" are equal.
    """

    parts: tuple[tuple[str, ...], ...]
    alternative: bool = False
    without_owner: "Name | None" = None
    words: tuple[str, ...] = field(init=False, compare=False)
    compact: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Join the parts, once."""
        words = self.parts[0] if len(self.parts) == 1 else tuple(word for part in self.parts for word in part)
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "compact", "".join(words))

    @property
    def numbers(self) -> Counter[str]:
        """The numbers in it: a sequel and the first film differ by them."""
        return Counter(word for word in self.words if word.isdigit())

    @property
    def unnumbered(self) -> tuple[tuple[str, ...], ...]:
        """The parts without their numbers."""
        parts = (tuple(word for word in part if not word.isdigit()) for part in self.parts)
        return tuple(part for part in parts if part)


@lru_cache(maxsize=8192)
def name_of(title: str) -> Name:
    """Parse a title without year and without names in brackets.

    >>> name_of("Rocky IV").words, name_of("Gone in Sixty Seconds").words
    (('rocky', '4'), ('gone', 'in', '60', 'seconds'))
    """
    owner = _OWNER.match(title) if "'" in title or "’" in title else None
    without_owner = name_of(title[owner.end() :]) if owner else None
    separators: list[re.Match[str]] = []
    if _MAY_SEPARATE.search(title):
        separators = [match for match in _SEPARATOR.finditer(title) if match.start()]
    if not separators:
        words = _words(title)
        return Name((words,) if words else (), False, without_owner)
    cuts = [0, *(position for match in separators for position in match.span()), len(title)]
    parts = (_words(title[start:end]) for start, end in zip(cuts[::2], cuts[1::2], strict=True))
    return Name(tuple(part for part in parts if part), bool(separators[0]["or"]), without_owner)


def names_of(title: str) -> list[Name]:
    """Return the names in a title without its year: "Hate (La Haine)" is one, "La Haine" another, "Hate" a third."""
    if not title.endswith(")"):
        name = name_of(title)
        return [name] if name.compact else []
    names = [title]
    main = title
    while match := _TRAILING_BRACKETS.match(main):
        main = _TRAILING_OR.sub("", match.group(1))
        names += [_AKA.sub("", match.group(2)), main]
    unique = dict.fromkeys(name_of(name) for name in names)
    return [name for name in unique if name.compact]


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text in the form in which names are compared."""
    all_words = _fold(text)
    words = [word for word in all_words if word not in _IGNORED] or all_words
    return tuple(words) if _SPECIAL.isdisjoint(words) else tuple(_canonical(words))


def _fold(text: str) -> list[str]:
    """Return the words of a text without case, accents and punctuation; initials are one word."""
    if "." in text or "*" in text:
        text = _INITIALS.sub(lambda match: re.sub(r"\W", "", match.group()), text)
    if "," in text:
        text = _COMMA_IN_NUMBER.sub("", text)
    # a fast equivalent of ``normalise`` for most titles; articles are removed later
    words = _WORD.findall(text.casefold().replace("'", "")) if text.isascii() else None
    return words or normalise(text).split()


def _canonical(words: list[str]) -> list[str]:
    """Return words with abbreviations spelt out and numbers as digits; "Part 2" becomes "2"."""
    words = _expand_abbreviations(words)
    words = _digits([_roman_to_digits(words, i) for i in range(len(words))])
    following = [*words[1:], ""]
    return [
        word
        for word, next_word in zip(words, following, strict=True)
        if not (word in _NUMBERED and next_word.isdigit())
    ]


def _expand_abbreviations(words: list[str]) -> list[str]:
    expanded = [_ABBREVIATIONS.get(word, word) for word in words]
    if len(words) > 1:
        expanded[-1] = _TRAILING_ABBREVIATIONS.get(words[-1], expanded[-1])
    return expanded


def _roman_to_digits(words: list[str], i: int) -> str:
    """Return word ``i`` in digits if it is a Roman number."""
    word = words[i]
    # a letter is a number after "Part" and at the end of a name: "Rocky V", but not "Withnail & I"
    is_number = word not in _AMBIGUOUS_ROMAN or (
        i > 0 and (words[i - 1] in _NUMBERED or (word != "i" and i == len(words) - 1))
    )
    return str(_ROMAN[word]) if word in _ROMAN and is_number else word


def _digits(words: list[str]) -> list[str]:
    """Return words with numbers as digits: "one hundred one" is 101, "nineteen eighty four" 1984, "one two" 1 2."""
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
            if last is not None and _can_add(last, number):
                values[-1] = last + number
            elif last in _CENTURIES and number >= _MIN_AFTER_CENTURY:
                values[-1] = last * 100 + number
            else:
                values.append(number)
        else:
            values.append(word)
    return [str(value) for value in values]


def _can_add(number: int, next_number: int) -> bool:
    """Whether a number and the one said after it are one number: "twenty" and "one", "hundred" and "sixty"."""
    # "ten" and "five" are two numbers
    return number != _TEN and any(
        number >= size and number % size == 0 and next_number < size for size in (1000, 100, _TEN)
    )


def is_respelling(words: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names differ in spelling only: "Colours" and "Colors", but not "Alien" and "Aliens".

    Word by word, so that no word becomes another; numbers must be the same.
    """
    if len(words) != len(other) or words == other:
        return words == other
    differing = [(a, b) for a, b in zip(words, other, strict=True) if a != b]
    too_short = len(words) == 1 and min(len(words[0]), len(other[0])) < _MIN_SINGLE_WORD
    if too_short or len(differing) > _MAX_RESPELT_WORDS:
        return False
    return all(_is_respelt_word(a, b) for a, b in differing)


def _is_respelt_word(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    if word.isdigit() or other.isdigit() or long == short + "s" or word[0] != other[0]:
        return False
    distance = Levenshtein.distance(word, other)
    return any(len(short) >= length and distance <= limit for length, limit in _SPELLING_DISTANCES)
