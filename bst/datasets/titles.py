"""Titles and genres as MovieLens writes them, and as the project shows them."""

import re
import unicodedata

from bst.domain import GENRES
from bst.text import UNPRINTABLE

# Articles that MovieLens moves to the end of a title. Single letters, and a few that are English words too, count as
# articles only in brackets, which contain titles in other languages: "Convent, The (Convento, O)".
_ARTICLES = (
    "The|A|An|La|Le|Les|L['’]|Une?|Des|Il|Lo|Gli|Gl['’]|Una|Uno|Un['’]|El|Los|Las|Unos|Unas|Das|Der|Die|Eine?|"
    "Det|Den|De|Ett?|En|Het|Een|['’][nt]|Uma|Els"
)
_ARTICLES_IN_BRACKETS = f"{_ARTICLES}|O|Os|As|Um|Uns|I|To|Ta|Az"
_AKA = r"(?:a\.?k\.?a\.? )?"
_MOVED_ARTICLES = (
    re.compile(rf"^()([^()]+), ({_ARTICLES})(?=\s*(?:[()]|$))"),
    re.compile(rf"(\({_AKA})([^()]+), ({_ARTICLES_IN_BRACKETS})(?=\s*(?:[()]|$))"),
)
# In the languages of these articles a title is written like a sentence: "Det sjunde inseglet". Others capitalise the
# first noun ("La Haine", "Die Blechtrommel"), and an article does not show whether a noun or an adjective follows.
_SENTENCE_CASE = {"Det", "Den", "De", "Et", "Ett", "En", "Het", "Een", "'n", "’n", "'t", "’t"}
_CAPITAL = re.compile(r"\s\W*[A-ZÀ-ÖØ-Þ]")

_YEAR = re.compile(r"\(([0-9]{4})\)")
# what people type for characters that Unicode does not take apart: "WALL·E" is typed "wall-e"
_TYPED = str.maketrans(
    dict.fromkeys("·•‐‑‒–—−", "-")
    | dict.fromkeys("‘’", "'")
    | dict.fromkeys("“”", '"')
    | {"⁄": "/", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"}
    | {"đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i"}
)
_FRACTION_BEHIND_NUMBER = re.compile(r"(?<=\d)(?=[½¼¾⅓⅔])")
_GENRE_SEPARATOR = re.compile(r"\s*[|,;]\s*")
_GENRE_NAMES = {genre.casefold(): genre for genre in GENRES} | {
    "children": "Children's",
    "science fiction": "Sci-Fi",
    "film noir": "Film-Noir",
}
_NO_GENRE = ("", "unknown", "(no genres listed)")


def printable(text: str) -> str:
    """Return a text without characters that control its display: control characters, changes of direction.

    >>> printable("Night" + chr(0) + "fall" + chr(0x202e) + " (1999)")
    'Night fall (1999)'
    """
    return re.sub(r" {2,}", " ", UNPRINTABLE.sub(" ", text)).strip() if UNPRINTABLE.search(text) else text.strip()


def display_title(title: str) -> str:
    """Move articles to the front, both of the title and of titles in brackets.

    >>> display_title("Matrix, The (1999)")
    'The Matrix (1999)'
    >>> display_title("Seventh Seal, The (Sjunde inseglet, Det) (1957)")
    'The Seventh Seal (Det sjunde inseglet) (1957)'
    """
    title = title.strip()
    for pattern in _MOVED_ARTICLES:
        title = pattern.sub(_article_first, title)
    return title


def _article_first(match: re.Match[str]) -> str:
    opening, rest, article = match.groups()
    if article in _SENTENCE_CASE and not _CAPITAL.search(rest):
        rest = rest[:1].lower() + rest[1:]
    gap = "" if article in ("L'", "L’", "Gl'", "Gl’", "Un'", "Un’") else " "
    return f"{opening}{article}{gap}{rest}"


def ascii_title(title: str) -> str:
    """Return a title as it is typed without accents and special characters; as it is if it needs another alphabet.

    >>> ascii_title("Amélie (2001)"), ascii_title("WALL·E (2008)"), ascii_title("8½ (1963)")
    ('Amelie (2001)', 'WALL-E (2008)', '8 1/2 (1963)')
    """
    if title.isascii():
        return title
    parts = unicodedata.normalize("NFKD", _FRACTION_BEHIND_NUMBER.sub(" ", title))
    typed = "".join(c for c in parts if not unicodedata.combining(c)).translate(_TYPED)
    return typed if typed.isascii() else title


def year_of(title: str) -> int | None:
    """Return the last four-digit number alone in parentheses, or None."""
    years = _YEAR.findall(title)
    return int(years[-1]) if years else None


def clean_genres(genres: str) -> str:
    """Return the genres of any release as ML-1M names them; an empty string if none are listed.

    >>> clean_genres("Adventure|Children|IMAX")
    "Adventure|Children's|IMAX"
    """
    names = (genre for genre in _GENRE_SEPARATOR.split(printable(genres)) if genre.casefold() not in _NO_GENRE)
    return "|".join(_GENRE_NAMES.get(genre.casefold(), genre) for genre in names)
