"""Which movie of a catalogue a row of a person's own list means, how sure that is, and if none, why none.

A wrong movie in a history is worse than a missing one. So a match is made without asking only where name and year say
the same, or where names differ in a way in which names of one film do; everything else is left to the person.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from rapidfuzz import fuzz, process

from bst.catalogue import Catalogue
from bst.imports.exports import Entry
from bst.imports.names import Name, name_of, names_of, same_spelling, year_behind
from bst.imports.other_names import OTHER_NAMES

# datasets whose movie numbers are those of movielens.org
SITE_NUMBERS = ("ml-1m", "ml-latest-small", "ml-20m", "ml-25m", "ml-32m")

LEAST_SIMILARITY = 80  # of 100, for a movie to be shown as possible
FARTHEST_YEAR = 3
NOT_HERE = "not in this catalogue"


class Sureness(IntEnum):
    """How sure a match is; those from ``LIKELY`` on need not be asked about."""

    NONE = 0
    UNSURE = 1
    LIKELY = 2
    SURE = 3


@dataclass(frozen=True)
class Match:
    """What an entry was matched with: ``movie_id`` None for no movie. ``why`` says what differs, or why not."""

    entry: Entry
    movie_id: int | None
    sureness: Sureness
    why: str = ""


@dataclass(frozen=True)
class _Movie:
    row: int
    year: int | None
    names: tuple[Name, ...]


class _Near:
    """Names that an entry may mean, to be searched quickly."""

    def __init__(self, names: list[tuple[Name, _Movie]]):
        self._names = names
        self._written = [" ".join(name.words) for name, _ in names]

    def alike(self, name: Name, scorer) -> list[tuple[Name, _Movie]]:
        """Return the names that are similar enough, the most similar first."""
        found = process.extract(
            " ".join(name.words), self._written, scorer=scorer, score_cutoff=LEAST_SIMILARITY, limit=20
        )
        return [self._names[place] for _, _, place in found]


class Matcher:
    """Finds entries in one catalogue. ``site_numbers``: its movie ids are those of movielens.org."""

    def __init__(self, catalogue: Catalogue, site_numbers: bool = False):
        self._catalogue, self._site_numbers = catalogue, site_numbers
        years = catalogue.movies["year"].astype(object).where(catalogue.movies["year"].notna(), None)
        self._movies = [
            _Movie(row, None if year is None else int(year), tuple(names_of(year_behind(title)[0])))
            for row, (title, year) in enumerate(zip(catalogue.movies["title"], years, strict=True))
        ]
        self._by_name: dict[str, list[_Movie]] = {}
        self._by_year: dict[int | None, list[_Movie]] = {}
        self._by_near_year: dict[int, _Near] = {}
        for movie in self._movies:
            self._by_year.setdefault(movie.year, []).append(movie)
            for name in {name.squeezed for name in movie.names}:
                self._by_name.setdefault(name, []).append(movie)

    def match(self, entries: Iterable[Entry]) -> list[Match]:
        """Match entries, oldest first, one by one; where two mean one movie, the surer one has it, then the newer."""
        found = [self.one(entry) for entry in entries]
        holder: dict[int, int] = {}
        for place, match in enumerate(found):
            if match.movie_id is not None:
                before = holder.get(match.movie_id)
                if before is None or found[before].sureness <= match.sureness:
                    holder[match.movie_id] = place
        return [
            match
            if match.movie_id is None or holder[match.movie_id] == place
            else _none(match.entry, _taken(match, found[holder[match.movie_id]]))
            for place, match in enumerate(found)
        ]

    def one(self, entry: Entry) -> Match:
        """Match one entry by itself."""
        if entry.refused:
            return _none(entry, entry.refused)
        if (numbered := self._by_number(entry)) is not None:
            return numbered
        if not entry.title:
            return _none(entry, "a number alone; this catalogue has other numbers than movielens.org")
        names = names_of(entry.title)
        originals = names_of(entry.original_title) if entry.original_title else []
        made = self._same_name(entry, [*names, *originals])
        if made.sureness >= Sureness.LIKELY or entry.whole_film is False or entry.year is None:
            return made
        near = self._near(entry.year)
        for find in (self._other_form, self._similar):
            other = find(entry, names, near)
            if other is not None and other.sureness > made.sureness:
                made = other
        return made

    def _by_number(self, entry: Entry) -> Match | None:
        if not self._site_numbers or entry.number is None or entry.number not in self._catalogue:
            return None
        movie = self._movies[self._catalogue.row(entry.number)]
        names = names_of(entry.title) if entry.title else movie.names
        alike = max((fuzz.ratio(a.squeezed, b.squeezed) for a in names for b in movie.names), default=0)
        # a file in which numbers and titles do not fit is better read by its titles
        return self._match(entry, movie, Sureness.SURE, "MovieLens' own number") if alike >= 60 else None

    def _same_name(self, entry: Entry, names: list[Name]) -> Match:
        """Match by one of an entry's names, or another name of the same film; a year off is told."""
        wanted = {name.squeezed for name in names}
        others = {
            other
            for name in wanted
            for year, known in _OTHERS.get(name, ())
            if _close(entry.year, year)
            for other in known
        }
        for keys, why in ((wanted, ""), (others - wanted, "another name of the same film")):
            found = {movie.row: movie for key in keys for movie in self._by_name.get(key, ())}
            if found:
                made = self._by_nearest_year(entry, list(found.values()), why)
                if made.movie_id is not None or not others:
                    return made
        return _none(entry, NOT_HERE)

    def _by_nearest_year(self, entry: Entry, found: list[_Movie], why: str) -> Match:
        if entry.year is None:
            if len(found) > 1:
                return _none(entry, f"no year, and could be any of: {self._titles(found)}")
            return self._match(entry, found[0], Sureness.UNSURE, "no year in the file")
        away = {movie.row: abs(entry.year - movie.year) if movie.year else FARTHEST_YEAR for movie in found}
        nearest = min(away.values())
        best = [movie for movie in found if away[movie.row] == nearest]
        if nearest > FARTHEST_YEAR:
            return _none(entry, f"{NOT_HERE}; of that name it has {self._titles(found)}")
        if len(best) > 1:
            return _none(entry, f"could be any of: {self._titles(best)}")
        if nearest == 0:
            return self._match(entry, best[0], Sureness.SURE, why)
        sureness = Sureness.LIKELY if nearest == 1 and entry.whole_film is not False else Sureness.UNSURE
        when = f"{best[0].year} here" if best[0].year else "no year here"
        return self._match(entry, best[0], sureness, "; ".join(part for part in (why, when) if part))

    def _other_form(self, entry: Entry, mine: list[Name], near: "_Near") -> Match | None:
        """Match a name that is a part of the other, or spelt differently; sure enough among movies of the same year."""
        found: dict[int, tuple[Sureness, str]] = {}
        for name in mine:
            for theirs, movie in near.alike(name, fuzz.partial_ratio):
                form = _form(name, theirs)
                if form and movie.year != entry.year:
                    form = Sureness.UNSURE, f"{form[1]}; {movie.year} here"
                if form:
                    found[movie.row] = max(form, found.get(movie.row, form))
        top = max((sureness for sureness, _ in found.values()), default=None)
        best = [(row, why) for row, (sureness, why) in found.items() if sureness == top]
        if len(best) > 1:
            return _none(entry, f"could be any of: {self._titles([self._movies[row] for row, _ in best])}")
        return self._match(entry, self._movies[best[0][0]], top, best[0][1]) if best else None

    def _similar(self, entry: Entry, mine: list[Name], near: "_Near") -> Match | None:
        """Match the most similar name of the same year or one beside it, if it is worth asking about."""
        for name in mine:
            for theirs, movie in near.alike(name, fuzz.ratio):
                if theirs.numbers == name.numbers:
                    return self._match(entry, movie, Sureness.UNSURE, "a similar name")
        return None

    def _near(self, year: int) -> "_Near":
        """Return the names of the movies of a year and of those beside it, that year first."""
        if year not in self._by_near_year:
            movies = [movie for off in (0, -1, 1) for movie in self._by_year.get(year + off, ())]
            self._by_near_year[year] = _Near([(name, movie) for movie in movies for name in movie.names])
        return self._by_near_year[year]

    def _match(self, entry: Entry, movie: _Movie, sureness: Sureness, why: str) -> Match:
        return Match(entry, int(self._catalogue.movies["movie_id"].iloc[movie.row]), sureness, why)

    def _titles(self, movies: list[_Movie]) -> str:
        titles = [str(self._catalogue.movies["title"].iloc[movie.row]) for movie in movies[:3]]
        return " · ".join(titles) + (" …" if len(movies) > 3 else "")


@lru_cache(maxsize=4)
def matcher_of(catalogue: Catalogue, site_numbers: bool = False) -> Matcher:
    """Return the matcher of a catalogue, made once: taking thousands of names apart takes half a second."""
    return Matcher(catalogue, site_numbers)


def _none(entry: Entry, why: str) -> Match:
    return Match(entry, None, Sureness.NONE, why)


def _taken(match: Match, by: Match) -> str:
    return NOT_HERE if match.sureness < Sureness.LIKELY else f"the same movie as “{by.entry.title}”"


def _close(year: int | None, other: int) -> bool:
    return year is not None and abs(year - other) <= 1


_OTHERS: dict[str, list[tuple[int, frozenset[str]]]] = {}
for _year, _names in OTHER_NAMES:
    _known = frozenset(name_of(name).squeezed for name in _names)
    for _name in _known:
        _OTHERS.setdefault(_name, []).append((_year, _known))


def _form(mine: Name, theirs: Name) -> tuple[Sureness, str] | None:
    """Say how two names of films of one year may be names of one film. ``mine`` is the one in the file."""
    if same_spelling(mine.words, theirs.words):
        return Sureness.LIKELY, "spelt differently"
    if _without_part_number(mine, theirs):
        return Sureness.LIKELY, "the same but for the number"
    for short, long, in_file in ((mine, theirs, False), (theirs, mine, True)):
        if made := _part_of(short, long, longer_in_file=in_file):
            return made
    return _same_ending(mine, theirs)


def _part_of(short: Name, long: Name, *, longer_in_file: bool) -> tuple[Sureness, str] | None:
    """Say whether ``short`` is a shorter name of what ``long`` names.

    A longer name in the catalogue is the whole one of the same film. A longer name in the file may also be that of
    something about the film, of its year and name: only what is known to be added to names is taken for granted.
    """
    why = "without its second title" if longer_in_file else "the name here is longer"
    if long.rest and long.rest.words == short.words and len(short.words) >= 2:
        return Sureness.LIKELY, "with and without the owner's name"
    if _begins(short, long):
        added = long.parts[len(short.parts) :]
        a_part = added[0][0].isdigit()  # "Part 1" is not the whole
        trusted = long.second_title or not longer_in_file
        return (Sureness.LIKELY if trusted and not a_part else Sureness.UNSURE), why
    if len(short.words) >= 3 and long.words[-len(short.words) :] == short.words:
        return (Sureness.UNSURE if longer_in_file else Sureness.LIKELY), why
    return None


def _begins(short: Name, long: Name) -> bool:
    return len(short.parts) < len(long.parts) and long.parts[: len(short.parts)] == short.parts


def _same_ending(mine: Name, theirs: Name) -> tuple[Sureness, str] | None:
    """A part of a series, named with the series or without: "Star Wars: Episode V - The Empire Strikes Back"."""
    for short, long in ((mine, theirs), (theirs, mine)):
        if len(short.parts) == 1 and len(short.words) >= 2 and len(long.parts) > 1 and long.parts[-1] == short.parts[0]:
            series = Counter(long.words) - Counter(short.words)
            numbered = any(word.isdigit() for word in series)
            return (Sureness.LIKELY if numbered or long is theirs else Sureness.UNSURE), "with and without its series"
    return None


def _without_part_number(mine: Name, theirs: Name) -> bool:
    """Whether one has a number that the other lacks, with the same words before and behind it."""
    if bool(mine.numbers) == bool(theirs.numbers):
        return False
    return mine.unnumbered == theirs.unnumbered and len(mine.unnumbered) > 1 and len(mine.unnumbered[-1]) > 1
