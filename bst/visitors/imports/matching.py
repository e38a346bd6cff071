"""Which movie of a catalogue a row of a person's own list means, how sure that is, and if none, why none.

A wrong movie in a history is worse than a missing one. So a match is made without asking only where name and year say
the same, or where names differ in a way in which names of one film do; everything else is left to the person.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz

from bst import datasets
from bst.datasets.catalogue import Catalogue
from bst.visitors.imports.alternative_titles import ALTERNATIVE_TITLES
from bst.visitors.imports.collector import paused_collector
from bst.visitors.imports.entries import Entry
from bst.visitors.imports.links import NO_LINKS, Links, read_links
from bst.visitors.imports.name_forms import Confidence, form
from bst.visitors.imports.name_index import Movie, NameIndex, catalogue_movies
from bst.visitors.imports.names import Name, has_article, name_of, names_of, year_behind

# datasets whose movie numbers are those of movielens.org
MOVIELENS_ID_DATASETS = ("ml-1m", "ml-10m", "ml-latest-small", "ml-latest", "ml-20m", "ml-25m", "ml-32m")

FARTHEST_YEAR = 3
NOT_HERE = "not in this catalogue"
TWICE_HERE = "twice in this catalogue; the one with the lower id is taken, and both count as seen"
# a title and the one that its number leads to: how alike they must be, of 100, to be of one film
LEAST_ALIKE = 60
# how many rows are matched between two reports of progress
ROWS_A_STEP = 1000

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Match:
    """What an entry was matched with: ``movie_id`` None for no movie. ``why`` says what differs, or why not.

    ``same_ids``: other movies of the catalogue that are the same film once more.
    """

    entry: Entry
    movie_id: int | None
    sureness: Confidence
    why: str = ""
    same_ids: tuple[int, ...] = ()


class Matcher:
    """Finds entries in one catalogue.

    ``site_numbers``: its movie ids are those of movielens.org. ``links`` are the numbers of its movies at other sites.
    """

    def __init__(self, catalogue: Catalogue, site_numbers: bool = False, links: Links = NO_LINKS):
        self.catalogue, self._site_numbers, self._links = catalogue, site_numbers, links
        self._movies = catalogue_movies(catalogue.movies)
        self._by_id = {movie_id: movie for movie in self._movies for movie_id in movie.ids}
        self._index = NameIndex(self._movies)

    def match(self, entries: Iterable[Entry], on_progress: OnProgress | None = None) -> list[Match]:
        """Match entries, oldest first. Of two that mean one movie the surer has it, then a rated one, then the newer.

        ``on_progress`` is called with how many entries are done, and how many there are.
        """
        with paused_collector():
            return self._match_all(list(entries), on_progress)

    def _match_all(self, entries: list[Entry], on_progress: OnProgress | None) -> list[Match]:
        matches = self._each(entries, on_progress)
        holder: dict[int, int] = {}
        for place, match in enumerate(matches):
            if match.movie_id is not None:
                before = holder.get(match.movie_id)
                if before is None or _weight(matches[before]) <= _weight(match):
                    holder[match.movie_id] = place
        return [
            match
            if match.movie_id is None or holder[match.movie_id] == place
            else _none(match.entry, _taken(match, matches[holder[match.movie_id]]))
            for place, match in enumerate(matches)
        ]

    def one(self, entry: Entry) -> Match:
        """Match one entry by itself."""
        return self._each([entry])[0]

    def _each(self, entries: list[Entry], on_progress: OnProgress | None = None) -> list[Match]:
        """Match each entry by itself: first by numbers and names, then the rest by names that are alike."""
        report = on_progress or (lambda done, total: None)
        matches: list[Match] = []
        later: dict[int, list[tuple[int, list[Name]]]] = {}
        done = 0
        for place, entry in enumerate(entries):
            match, names = self._by_number_or_name(entry)
            matches.append(match)
            if names:
                later.setdefault(entry.year, []).append((place, names))
                continue
            done += 1
            if done % ROWS_A_STEP == 0:
                report(done, len(entries))
        for year, unmatched in later.items():
            for start in range(0, len(unmatched), ROWS_A_STEP):
                step = unmatched[start : start + ROWS_A_STEP]
                alike = self._index.alike(year, [names for _, names in step])
                for (place, _), near in zip(step, alike, strict=True):
                    matches[place] = self._by_like_name(matches[place], near)
                done += len(step)
                report(done, len(entries))
        report(len(entries), len(entries))
        return matches

    def _by_number_or_name(self, entry: Entry) -> tuple[Match, list[Name] | None]:
        """Return the match of an entry by its numbers or its names; and its names, if others like them may help."""
        if entry.refused:
            return _none(entry, entry.refused), None
        if (numbered := self._by_number(entry)) is not None:
            return numbered, None
        if not entry.title:
            return _none(entry, "a number alone, and this catalogue has other numbers"), None
        names = all_names = names_of(entry.title)
        if entry.original_title and entry.original_title != entry.title:
            all_names = [*names, *names_of(entry.original_title)]
        match = self._same_name(entry, all_names)
        if match.sureness >= Confidence.LIKELY or entry.year is None or (entry.doubt and match.sureness):
            return match, None
        return match, names

    def _by_number(self, entry: Entry) -> Match | None:
        """Match by the number of the movie here, at movielens.org or at another site.

        A file in which numbers and titles do not fit is better read by its titles.
        """
        linked = self._links.movie_id(entry.imdb, entry.tmdb)
        if linked in self._by_id:
            movie = self._by_id[linked]
            same_year = entry.year is not None and movie.year is not None and abs(entry.year - movie.year) <= 1
            if same_year or not entry.title or _alike(entry, movie) >= LEAST_ALIKE:
                return self._match(entry, movie, Confidence.SURE, "by its number at IMDb or TMDB", exact=True)
        movie = self._by_id.get(entry.number)
        if movie is None:
            return None
        if self._site_numbers and (not entry.title or _alike(entry, movie) >= LEAST_ALIKE):
            return self._match(entry, movie, Confidence.SURE, "MovieLens' own number", exact=True)
        if entry.title and entry.year == movie.year and _alike(entry, movie) == 100:
            return self._match(entry, movie, Confidence.SURE, "the same number and name", exact=True)
        return None

    def _same_name(self, entry: Entry, names: list[Name]) -> Match:
        """Match by one of an entry's names, or another name of the same film; a year off is told."""
        wanted = [name.squeezed for name in names]
        found = self._index.named(wanted)
        if found:
            match = self._by_nearest_year(entry, found, "")
            if match.movie_id is not None:
                return match
        for name in names:
            # a single word of another year, such as "Hidden", may well be another film
            most_away = 1 if len(name.words) > 1 else 0
            for year, known in _OTHERS.get(name.squeezed, ()):
                if (
                    entry.year is not None
                    and abs(entry.year - year) <= most_away
                    and (other := self._index.named(known))
                ):
                    return self._by_nearest_year(entry, other, "another name of the same film")
        return match if found else _none(entry, NOT_HERE)

    def _by_nearest_year(self, entry: Entry, found: list[Movie], why: str) -> Match:
        if entry.year is None:
            if len(found) > 1:
                return _none(entry, f"no year, and could be any of: {_titles(found)}")
            return self._match(entry, found[0], Confidence.UNSURE, "no year in the file")
        away = [abs(entry.year - movie.year) if movie.year else FARTHEST_YEAR for movie in found]
        nearest = min(away)
        best = [movie for movie, years in zip(found, away, strict=True) if years == nearest]
        if nearest > (1 if entry.doubt else FARTHEST_YEAR):
            return _none(entry, f"{NOT_HERE}; of that name it has {_titles(found)}")
        if len(best) > 1:
            return _none(entry, f"could be any of: {_titles(best)}")
        if nearest == 0:
            return self._match(entry, best[0], Confidence.SURE, why)
        # "The Fear" of 1995 and "Fear" of 1996 are two films
        trusted = nearest == 1 and entry.whole_film is not False and (why or not _other_article(entry, best[0]))
        sureness = Confidence.LIKELY if trusted else Confidence.UNSURE
        when = f"{best[0].year} here" if best[0].year else "no year here"
        return self._match(entry, best[0], sureness, "; ".join(part for part in (why, when) if part))

    def _by_like_name(self, best: Match, near: list[tuple[Name, Name, Movie, int]]) -> Match:
        """Return the best match of an entry that has none so far, or none that is likely.

        ``near``: names of the file, names and movies here that may be the same, and how alike the names are, of 100.
        """
        if not near:
            return best
        entry = best.entry
        related = [(name, theirs, movie) for name, theirs, movie, _ in near]
        for other in (self._other_form(entry, related), self._similar(entry, near)):
            if other is not None and other.sureness > best.sureness:
                best = other
        return best

    def _other_form(self, entry: Entry, related: Sequence[tuple[Name, Name, Movie]]) -> Match | None:
        """Match a name that is a part of the other, or spelt differently; sure enough among movies of the same year."""
        found: dict[int, tuple[Confidence, str, Movie]] = {}
        for mine, theirs, movie in related:
            made = form(mine, theirs)
            if made is None:
                continue
            sureness, why = made
            if movie.year != entry.year:
                sureness, why = Confidence.UNSURE, f"{why}; {movie.year} here"
            elif entry.whole_film is False:
                sureness = Confidence.UNSURE
            before = found.get(movie.id)
            if before is None or sureness > before[0]:
                found[movie.id] = sureness, why, movie
        top = max((sureness for sureness, _, _ in found.values()), default=None)
        best = [(why, movie) for sureness, why, movie in found.values() if sureness == top]
        if len(best) > 1:
            return _none(entry, f"could be any of: {_titles([movie for _, movie in best])}")
        return self._match(entry, best[0][1], top, best[0][0]) if best else None

    def _similar(self, entry: Entry, near: Sequence[tuple[Name, Name, Movie, int]]) -> Match | None:
        """Match the most similar name of the same year or one beside it, if it is worth asking about."""
        if entry.whole_film is False:
            return None
        for mine, theirs, movie, similarity in sorted(near, key=lambda each: -each[3]):
            if similarity >= self._index.LEAST_SIMILARITY and theirs.numbers == mine.numbers:
                return self._match(entry, movie, Confidence.UNSURE, "a similar name")
        return None

    def _match(self, entry: Entry, movie: Movie, sureness: Confidence, why: str, exact: bool = False) -> Match:
        """Return a match. ``exact``: made by a number, which settles what a name leaves open."""
        if len(movie.ids) > 1:
            why = "; ".join(part for part in (why, TWICE_HERE) if part)
        if not exact:
            if entry.doubt:
                sureness, why = Confidence.UNSURE, "; ".join(part for part in (entry.doubt, why) if part)
            elif self._links.differ(movie.ids, entry.imdb, entry.tmdb):
                sureness, why = Confidence.UNSURE, "another number at IMDb or TMDB"
        return Match(entry, movie.id, sureness, why, movie.ids[1:])


@lru_cache(maxsize=4)
def matcher_of(catalogue: Catalogue, dataset: str = "") -> Matcher:
    """Return the matcher of a catalogue, made once: taking thousands of names apart takes a while.

    ``dataset``: the name or folder of the catalogue's dataset, which tells whether its numbers are those of
    movielens.org, and where its links to other sites are. Raises ``DatasetError`` where these cannot be read.
    """
    folder = datasets.find(dataset) if dataset else None
    links = read_links(folder) if folder else NO_LINKS
    return Matcher(catalogue, bool(links) or Path(dataset).name in MOVIELENS_ID_DATASETS, links)


def _none(entry: Entry, why: str) -> Match:
    return Match(entry, None, Confidence.NONE, why)


def _weight(match: Match) -> tuple[Confidence, bool]:
    return match.sureness, match.entry.stars is not None


def _taken(match: Match, by: Match) -> str:
    return NOT_HERE if match.sureness < Confidence.LIKELY else f"the same movie as “{by.entry.title}”"


def _alike(entry: Entry, movie: Movie) -> float:
    names = [*names_of(entry.title), *names_of(entry.original_title)]
    return max((fuzz.ratio(a.squeezed, b.squeezed) for a in names for b in movie.names), default=0)


def _other_article(entry: Entry, movie: Movie) -> bool:
    return has_article(entry.title) != has_article(year_behind(movie.title)[0])


def _titles(movies: Sequence[Movie]) -> str:
    return " · ".join(movie.title for movie in movies[:3]) + (" …" if len(movies) > 3 else "")


_OTHERS: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
for _year, _names in ALTERNATIVE_TITLES:
    _known = tuple(dict.fromkeys(name_of(name).squeezed for name in _names))
    for _name in _known:
        _OTHERS.setdefault(_name, []).append((_year, _known))
