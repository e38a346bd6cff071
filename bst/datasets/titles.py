"""Titles and genres as MovieLens files them, and as the project shows them."""

import re

from bst.schema import GENRES

# Articles that MovieLens moves to the end of a title. Those of one letter, and a few that are English words too, are
# taken for articles in brackets only, where titles in other languages stand: "Convent, The (Convento, O)".
_ANYWHERE = (
    "The|A|An|La|Le|Les|L['’]|Une?|Des|Il|Lo|Gli|Gl['’]|Una|Uno|Un['’]|El|Los|Las|Unos|Unas|Das|Der|Die|Eine?|"
    "Det|Den|De|Ett?|En|Het|Een|['’][nt]|Uma|Els"
)
_IN_BRACKETS = f"{_ANYWHERE}|O|Os|As|Um|Uns|I|To|Ta|Az"
_AKA = r"(?:a\.?k\.?a\.? )?"
_MOVED = (
    re.compile(rf"^()([^()]+), ({_ANYWHERE})(?=\s*(?:[()]|$))"),
    re.compile(rf"(\({_AKA})([^()]+), ({_IN_BRACKETS})(?=\s*(?:[()]|$))"),
)
# In these languages a title is written like a sentence: "Det sjunde inseglet". Others write the first noun large
# ("La Haine", "Die Blechtrommel"), and no article tells a noun from an adjective.
_SENTENCE_CASE = {"Det", "Den", "De", "Et", "Ett", "En", "Het", "Een", "'n", "’n", "'t", "’t"}
_CAPITAL = re.compile(r"\s\W*[A-ZÀ-ÖØ-Þ]")

_YEAR = re.compile(r"\(([0-9]{4})\)")
# Control characters, line separators, and signs that turn the direction of all text behind them. Joiners stay, as
# Persian and emoji need them.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]+")
_BETWEEN_GENRES = re.compile(r"\s*[|,;]\s*")
_GENRE_NAMES = {genre.casefold(): genre for genre in GENRES} | {
    "children": "Children's",
    "science fiction": "Sci-Fi",
    "film noir": "Film-Noir",
}
_NO_GENRE = ("", "unknown", "(no genres listed)")


def printable(text: str) -> str:
    """Return a text without signs that are obeyed rather than shown: control characters, changes of direction.

    >>> printable("Night" + chr(0) + "fall" + chr(0x202e) + " (1999)")
    'Night fall (1999)'
    """
    return re.sub(r" {2,}", " ", _UNPRINTABLE.sub(" ", text)).strip() if _UNPRINTABLE.search(text) else text.strip()


def display_title(title: str) -> str:
    """Move articles to the front, in the title itself and in brackets.

    >>> display_title("Matrix, The (1999)")
    'The Matrix (1999)'
    >>> display_title("Seventh Seal, The (Sjunde inseglet, Det) (1957)")
    'The Seventh Seal (Det sjunde inseglet) (1957)'
    """
    title = title.strip()
    for moved in _MOVED:
        title = moved.sub(_article_first, title)
    return title


def _article_first(match: re.Match[str]) -> str:
    opening, rest, article = match.groups()
    if article in _SENTENCE_CASE and not _CAPITAL.search(rest):
        rest = rest[:1].lower() + rest[1:]
    gap = "" if article in ("L'", "L’", "Gl'", "Gl’", "Un'", "Un’") else " "
    return f"{opening}{article}{gap}{rest}"


def year_of(title: str) -> int | None:
    """Return the last four digits that stand alone in parentheses, or None."""
    years = _YEAR.findall(title)
    return int(years[-1]) if years else None


def clean_genres(genres: str) -> str:
    """Bring the genres of every release to the words of ML-1M; none listed is the empty string.

    >>> clean_genres("Adventure|Children|IMAX")
    "Adventure|Children's|IMAX"
    """
    names = (genre for genre in _BETWEEN_GENRES.split(printable(genres)) if genre.casefold() not in _NO_GENRE)
    return "|".join(_GENRE_NAMES.get(genre.casefold(), genre) for genre in names)
