"""Match the rows of a person's own list with the movies of a catalogue, with the confidence and the reason of each.

A wrong movie in a history is worse than a missing one. So a match needs no confirmation only if name and year are the
same, or if the names differ in a way in which names of one film do; everything else is left to the person.
"""

from collections import defaultdict
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
from bst.visitors.imports.name_forms import Confidence, relation
from bst.visitors.imports.name_index import Candidate, Film, NameIndex, catalogue_films
from bst.visitors.imports.names import Name, has_article, name_of, names_of, split_year

# datasets whose movie ids are those of movielens.org
MOVIELENS_ID_DATASETS = ("ml-1m", "ml-10m", "ml-latest-small", "ml-latest", "ml-20m", "ml-25m", "ml-32m")

MAX_YEARS_APART = 3
NOT_HERE = "not in this catalogue"
DUPLICATE = "twice in this catalogue; the one with the lower id is taken, and both count as seen"
# minimum similarity of names, of 100: for a title and the film that its id refers to, and for a suggestion
MIN_ID_SIMILARITY, MIN_SUGGESTION_SIMILARITY, SAME = 60, 80, 100
# rows that are matched between two reports of progress
BATCH_ROWS = 1000
MAX_LISTED_TITLES = 3

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Match:
    """What an entry was matched with: ``movie_id`` None for no movie. ``reason``: what differs, or why there is none.

    ``duplicate_ids``: other movies of the catalogue that are the same film.
    """

    entry: Entry
    movie_id: int | None
    confidence: Confidence
    reason: str = ""
    duplicate_ids: tuple[int, ...] = ()


class Matcher:
    """Finds the movies of entries in one catalogue.

    ``movielens_ids``: its movie ids are those of movielens.org. ``links``: the ids of its movies at other sites.
    """

    def __init__(self, catalogue: Catalogue, movielens_ids: bool = False, links: Links = NO_LINKS) -> None:
        self.catalogue, self._movielens_ids, self._links = catalogue, movielens_ids, links
        films = catalogue_films(catalogue.movies)
        self._by_id = {movie_id: film for film in films for movie_id in film.ids}
        self._index = NameIndex(films)

    def match(self, entries: Iterable[Entry], on_progress: OnProgress | None = None) -> list[Match]:
        """Match entries, oldest first.

        Of two entries that match one movie, the one with more confidence keeps it, then a rated one, then the newer.
        ``on_progress`` is called with the number of entries done, and of all entries.
        """
        with paused_collector():
            return _without_repeats(self._match_each(list(entries), on_progress))

    def match_one(self, entry: Entry) -> Match:
        """Match one entry by itself."""
        return self._match_each([entry])[0]

    def _match_each(self, entries: list[Entry], on_progress: OnProgress | None = None) -> list[Match]:
        """Match each entry by itself: first by ids and names, then the rest by similar names."""
        report = on_progress or (lambda done, total: None)
        matches: list[Match] = []
        remaining: dict[int, list[tuple[int, list[Name]]]] = defaultdict(list)  # by year
        done = 0
        for index, entry in enumerate(entries):
            match, names = self._match_exactly(entry)
            matches.append(match)
            if names and entry.year is not None:
                remaining[entry.year].append((index, names))
                continue
            done += 1
            if done % BATCH_ROWS == 0:
                report(done, len(entries))
        for year, unmatched in remaining.items():
            for start in range(0, len(unmatched), BATCH_ROWS):
                batch = unmatched[start : start + BATCH_ROWS]
                candidates = self._index.candidates(year, [names for _, names in batch])
                for (index, _), films in zip(batch, candidates, strict=True):
                    matches[index] = self._match_similar(matches[index], films)
                done += len(batch)
                report(done, len(entries))
        report(len(entries), len(entries))
        return matches

    def _match_exactly(self, entry: Entry) -> tuple[Match, list[Name] | None]:
        """Return the match of an entry by its ids or names; and its names, if films with similar ones may match."""
        if entry.refused:
            return _no_match(entry, entry.refused), None
        if (match := self._match_id(entry)) is not None:
            return match, None
        if not entry.title:
            return _no_match(entry, "a number alone, and this catalogue has other numbers"), None
        names = all_names = names_of(entry.title)
        if entry.original_title and entry.original_title != entry.title:
            all_names = [*names, *names_of(entry.original_title)]
        match = self._match_name(entry, all_names)
        settled = match.confidence >= Confidence.LIKELY or (entry.caveat and match.confidence)
        return match, None if settled or entry.year is None else names

    def _match_id(self, entry: Entry) -> Match | None:
        """Match by the id of the movie here, at movielens.org or at another site.

        If the ids and titles of a file do not agree, its titles are more reliable.
        """
        linked = self._links.movie_id(entry.imdb, entry.tmdb)
        film = self._by_id.get(linked) if linked is not None else None
        if film is not None:
            same_year = entry.year is not None and film.year is not None and abs(entry.year - film.year) <= 1
            if same_year or not entry.title or _similarity(entry, film) >= MIN_ID_SIMILARITY:
                return self._match(entry, film, Confidence.SURE, "by its number at IMDb or TMDB", by_id=True)
        film = self._by_id.get(entry.movie_id) if entry.movie_id is not None else None
        if film is None:
            return None
        if self._movielens_ids and (not entry.title or _similarity(entry, film) >= MIN_ID_SIMILARITY):
            return self._match(entry, film, Confidence.SURE, "MovieLens' own number", by_id=True)
        if entry.title and entry.year == film.year and _similarity(entry, film) == SAME:
            return self._match(entry, film, Confidence.SURE, "the same number and name", by_id=True)
        return None

    def _match_name(self, entry: Entry, names: list[Name]) -> Match:
        """Match by one of an entry's names, or by an alternative title of the same film."""
        films = self._index.named([name.compact for name in names])
        match = self._match_nearest_year(entry, films, "") if films else _no_match(entry, NOT_HERE)
        if match.movie_id is not None:
            return match
        for name in names:
            # a single word of another year, such as "Hidden", may well be another film
            years_apart = 1 if len(name.words) > 1 else 0
            for year, titles in _ALTERNATIVES.get(name.compact, ()):
                if entry.year is None or abs(entry.year - year) > years_apart:
                    continue
                if films := self._index.named(titles):
                    return self._match_nearest_year(entry, films, "another name of the same film")
        return match

    def _match_nearest_year(self, entry: Entry, films: list[Film], reason: str) -> Match:
        """Match with the film of the nearest year among films of one name; another year is part of the reason."""
        if entry.year is None:
            if len(films) > 1:
                return _no_match(entry, f"no year, and could be any of: {_titles(films)}")
            return self._match(entry, films[0], Confidence.UNSURE, "no year in the file")
        years_apart = [abs(entry.year - film.year) if film.year else MAX_YEARS_APART for film in films]
        smallest = min(years_apart)
        nearest = [film for film, years in zip(films, years_apart, strict=True) if years == smallest]
        if smallest > (1 if entry.caveat else MAX_YEARS_APART):
            return _no_match(entry, f"{NOT_HERE}; of that name it has {_titles(films)}")
        if len(nearest) > 1:
            return _no_match(entry, f"could be any of: {_titles(nearest)}")
        film = nearest[0]
        if smallest == 0:
            return self._match(entry, film, Confidence.SURE, reason)
        # "The Fear" of 1995 and "Fear" of 1996 are two films
        likely = smallest == 1 and entry.whole_film is not False and (reason or not _article_differs(entry, film))
        year = f"{film.year} here" if film.year else "no year here"
        return self._match(entry, film, Confidence.LIKELY if likely else Confidence.UNSURE, _join(reason, year))

    def _match_similar(self, match: Match, candidates: list[Candidate]) -> Match:
        """Return the best match of an entry that has none so far, or none that is likely."""
        if not candidates:
            return match
        for other in (self._match_related(match.entry, candidates), self._match_spelling(match.entry, candidates)):
            if other is not None and other.confidence > match.confidence:
                match = other
        return match

    def _match_related(self, entry: Entry, candidates: Sequence[Candidate]) -> Match | None:
        """Match a name that is a part of the other or spelt differently; likely only among films of the same year."""
        best: dict[int, tuple[Confidence, str, Film]] = {}
        for candidate in candidates:
            related = relation(candidate.in_file, candidate.in_catalogue)
            if related is None:
                continue
            confidence, reason = related
            film = candidate.film
            if film.year != entry.year:
                confidence, reason = Confidence.UNSURE, f"{reason}; {film.year} here"
            elif entry.whole_film is False:
                confidence = Confidence.UNSURE
            if film.id not in best or confidence > best[film.id][0]:
                best[film.id] = confidence, reason, film
        if not best:
            return None
        highest = max(confidence for confidence, _, _ in best.values())
        (_, reason, film), *others = (found for found in best.values() if found[0] == highest)
        if others:
            return _no_match(entry, f"could be any of: {_titles([film, *(other for _, _, other in others)])}")
        return self._match(entry, film, highest, reason)

    def _match_spelling(self, entry: Entry, candidates: Sequence[Candidate]) -> Match | None:
        """Match the most similar name of the same year or one next to it, if it is worth suggesting."""
        if entry.whole_film is False:
            return None
        for candidate in sorted(candidates, key=lambda candidate: -candidate.similarity):
            same_numbers = candidate.in_catalogue.numbers == candidate.in_file.numbers
            if candidate.similarity >= MIN_SUGGESTION_SIMILARITY and same_numbers:
                return self._match(entry, candidate.film, Confidence.UNSURE, "a similar name")
        return None

    def _match(self, entry: Entry, film: Film, confidence: Confidence, reason: str, by_id: bool = False) -> Match:
        """Return a match. ``by_id``: an id settles what a name leaves open."""
        if len(film.ids) > 1:
            reason = _join(reason, DUPLICATE)
        if not by_id and entry.caveat:
            confidence, reason = Confidence.UNSURE, _join(entry.caveat, reason)
        elif not by_id and self._links.differ(film.ids, entry.imdb, entry.tmdb):
            confidence, reason = Confidence.UNSURE, "another number at IMDb or TMDB"
        return Match(entry, film.id, confidence, reason, film.ids[1:])


@lru_cache(maxsize=4)
def matcher_of(catalogue: Catalogue, dataset: str = "") -> Matcher:
    """Return the matcher of a catalogue, cached: parsing thousands of names takes a while.

    ``dataset``: the name or folder of the catalogue's dataset, which determines whether its ids are those of
    movielens.org, and where its links to other sites are. Raises ``DatasetError`` if the links cannot be read.
    """
    folder = datasets.find(dataset) if dataset else None
    links = read_links(folder) if folder else NO_LINKS
    return Matcher(catalogue, bool(links) or Path(dataset).name in MOVIELENS_ID_DATASETS, links)


def _without_repeats(matches: list[Match]) -> list[Match]:
    """Return matches in which each movie is matched once."""
    holders: dict[int, int] = {}  # movie id → index of the match that keeps it
    for index, match in enumerate(matches):
        if match.movie_id is not None:
            holder = holders.setdefault(match.movie_id, index)
            if _priority(matches[holder]) <= _priority(match):
                holders[match.movie_id] = index
    return [
        match
        if match.movie_id is None or holders[match.movie_id] == index
        else _no_match(match.entry, _repeat_reason(match, matches[holders[match.movie_id]]))
        for index, match in enumerate(matches)
    ]


def _priority(match: Match) -> tuple[Confidence, bool]:
    return match.confidence, match.entry.stars is not None


def _repeat_reason(match: Match, holder: Match) -> str:
    return NOT_HERE if match.confidence < Confidence.LIKELY else f"the same movie as “{holder.entry.title}”"


def _no_match(entry: Entry, reason: str) -> Match:
    return Match(entry, None, Confidence.NONE, reason)


def _join(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _similarity(entry: Entry, film: Film) -> float:
    """Return the similarity of the most similar names of an entry and a film, of 100."""
    names = [*names_of(entry.title), *names_of(entry.original_title)]
    return max((fuzz.ratio(a.compact, b.compact) for a in names for b in film.names), default=0)


def _article_differs(entry: Entry, film: Film) -> bool:
    return has_article(entry.title) != has_article(split_year(film.title)[0])


def _titles(films: Sequence[Film]) -> str:
    titles = " · ".join(film.title for film in films[:MAX_LISTED_TITLES])
    return titles + (" …" if len(films) > MAX_LISTED_TITLES else "")


def _alternatives() -> dict[str, list[tuple[int, tuple[str, ...]]]]:
    """Return by each name of ``ALTERNATIVE_TITLES`` the years and all names of the films that have it."""
    alternatives: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for year, titles in ALTERNATIVE_TITLES:
        names = tuple(dict.fromkeys(name_of(title).compact for title in titles))
        for name in names:
            alternatives[name].append((year, names))
    return dict(alternatives)


_ALTERNATIVES = _alternatives()
