"""Every way to change a visitor, as data: applied, told in words, and found again between two visitors.

An edit names movies by their ids. ``apply`` returns a new visitor and raises ``VisitorError`` for an edit that does not
fit. ``words(before, title)`` tells it in plain text, given the visitor that it is applied to and a function from a
movie's id to its title: "rated Alien (1979) 5 → 2". Events move as a whole: a known time stays with its movie.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from bst.errors import VisitorError
from bst.schema import AGE_LABELS, SEX_LABELS, Event, Visitor

PARTS = {"sex": "sex", "age": "age group", "occupation": "occupation"}
# so many movies that changed places are told one by one, more of them as a new order
MOST_MOVES = 3
Title = Callable[[int], str]


@dataclass(frozen=True)
class SetPart:
    """Set ``part`` (sex, age or occupation) of a visitor; ``value`` None for unknown."""

    part: str
    value: str | int | None

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        if self.part not in PARTS:
            raise VisitorError(f"a visitor has no {self.part!r}; choose one of: {', '.join(PARTS)}")
        return replace(visitor, **{self.part: self.value})

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        old, new = (value_words(self.part, value) for value in (getattr(before, self.part), self.value))
        return f"{PARTS[self.part]}: {old} → {new}"


@dataclass(frozen=True)
class Rate:
    """Change the rating of a movie in the history, in its place."""

    movie_id: int
    rating: float

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        _index(visitor, self.movie_id)
        return visitor.rated(self.movie_id, self.rating)

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        return f"rated {title(self.movie_id)} {before.ratings[self.movie_id]:g} → {self.rating:g}"


@dataclass(frozen=True)
class Add:
    """Add a movie at ``place`` of the new history (0: as the oldest; None: as the newest)."""

    movie_id: int
    rating: float
    place: int | None = None
    timestamp: int | None = None

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        events, place = visitor.history, len(visitor.history) if self.place is None else self.place
        event = Event(self.movie_id, self.rating, self.timestamp)
        return replace(visitor, history=(*events[:place], event, *events[place:]))

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        words, events = f"added {title(self.movie_id)}, {self.rating:g} ★", len(before.history)
        newest = self.place is None or self.place >= events
        return words if newest else f"{words}, as {place_words(self.place, events + 1)}"


@dataclass(frozen=True)
class Drop:
    """Remove a movie from the history."""

    movie_id: int

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        _index(visitor, self.movie_id)
        return visitor.without(self.movie_id)

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        return f"removed {title(self.movie_id)}"


@dataclass(frozen=True)
class Move:
    """Move a movie to place ``to`` of the history (0: the oldest)."""

    movie_id: int
    to: int

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        return visitor.moved(self.movie_id, self.to - _index(visitor, self.movie_id))

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        at, events = _index(before, self.movie_id), len(before.history)
        to = max(0, min(events - 1, self.to))
        way = f"from {place_words(at, events)} to {place_words(to, events)}"
        return f"moved {title(self.movie_id)} {'later' if to > at else 'earlier'}, {way}"


@dataclass(frozen=True)
class Swap:
    """Let two movies of the history change places."""

    first: int
    second: int

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        events = list(visitor.history)
        one, other = (_index(visitor, movie_id) for movie_id in (self.first, self.second))
        events[one], events[other] = events[other], events[one]
        return replace(visitor, history=tuple(events))

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        return f"swapped {title(self.first)} and {title(self.second)}"


@dataclass(frozen=True)
class Forget:
    """Remove the ``count`` oldest movies of the history, or all if there are fewer."""

    count: int

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        return replace(visitor, history=visitor.history[max(0, self.count) :])

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        events = len(before.history)
        count = max(0, min(self.count, events))
        if count == 1:
            return f"forgot the oldest movie, {title(before.history[0].movie_id)}"
        return f"forgot all {count} movies" if count == events else f"forgot the {count} oldest movies"


@dataclass(frozen=True)
class Reorder:
    """Put the history into another order: ``order`` has the id of each of its movies, oldest first."""

    order: tuple[int, ...]

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        events = {event.movie_id: event for event in visitor.history}
        if sorted(self.order) != sorted(events):
            raise VisitorError("a new order must name each movie of the history once, and no other")
        return replace(visitor, history=tuple(events[movie_id] for movie_id in self.order))

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        old = _ids(before)
        if self.order == old[::-1]:
            return f"turned the order of all {len(old)} movies around"
        moved = sum(one != other for one, other in zip(old, self.order, strict=True))
        return f"changed the places of {moved} movies"


@dataclass(frozen=True)
class Retime:
    """Set when each movie of the history was watched: seconds since 1970, None where unknown, oldest event first."""

    times: tuple[int | None, ...]

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        if len(self.times) != len(visitor.history):
            raise VisitorError(f"{len(self.times)} times do not fit a history of {len(visitor.history)} movies")
        events = zip(visitor.history, self.times, strict=True)
        return replace(visitor, history=tuple(replace(event, timestamp=time) for event, time in events))

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        changed = sum(event.timestamp != time for event, time in zip(before.history, self.times, strict=True))
        return f"changed when {changed} {'movie was' if changed == 1 else 'movies were'} watched"


@dataclass(frozen=True)
class SetSeen:
    """Set which movies the visitor has seen beside those in the history."""

    seen: frozenset[int]

    def apply(self, visitor: Visitor) -> Visitor:  # noqa: D102
        return replace(visitor, seen=self.seen)

    def words(self, before: Visitor, title: Title) -> str:  # noqa: D102
        more, less = self.seen - before.seen, before.seen - self.seen
        clauses = []
        for verb, movies, as_what in (("marked", more, "as seen"), ("marked", less, "as not seen")):
            if movies:
                which = title(next(iter(movies))) if len(movies) == 1 else f"{len(movies):,} movies"
                clauses.append(f"{verb} {which} {as_what}")
        return join(clauses) or "marked nothing"


Edit = SetPart | Rate | Add | Drop | Move | Swap | Forget | Reorder | Retime | SetSeen


def apply_all(visitor: Visitor, edits: Iterable[Edit]) -> Visitor:
    """Return the visitor after all edits, one after another. Raises ``VisitorError`` for one that does not fit."""
    for edit in edits:
        visitor = edit.apply(visitor)
    return visitor


def describe(before: Visitor, edits: Sequence[Edit], title: Title, most: int = 2) -> str:
    """Tell edits that are applied one after another to ``before``: in full up to ``most`` of them, else by their kinds.

    "removed Toy Story (1995) and rated Alien (1979) 5 → 2"; "removed 5 movies, added 12 movies and set sex and age
    group"; "nothing" for no edit.
    """
    if len(edits) > most:
        return join(_kinds(before, edits))
    told = []
    for edit in edits:
        told.append(edit.words(before, title))
        before = edit.apply(before)
    return join(told) or "nothing"


def _kinds(before: Visitor, edits: Sequence[Edit]) -> list[str]:
    counts: Counter[str] = Counter()
    verbs = {Rate: "rated", Add: "added", Drop: "removed", Forget: "removed", Move: "moved", Swap: "moved"}
    verbs |= {Reorder: "moved", Retime: "dated", SetSeen: "marked"}
    parts = [PARTS[edit.part] for edit in edits if isinstance(edit, SetPart)]
    for edit in edits:
        after = edit.apply(before)
        if not isinstance(edit, SetPart):
            counts[verbs[type(edit)]] += _touched(before, after)
        before = after
    told = [f"{verb} {count} {'movie' if count == 1 else 'movies'}" for verb, count in counts.items() if count]
    return told + ([f"set {join(parts)}"] if parts else [])


def _touched(before: Visitor, after: Visitor) -> int:
    """Return how many events one edit touched: those that came or went, else those that are not what they were."""
    if before.history == after.history:
        return len(before.seen ^ after.seen)
    change = abs(len(before.history) - len(after.history))
    return change or sum(one != other for one, other in zip(before.history, after.history, strict=True))


def differences(before: Visitor, after: Visitor) -> tuple[Edit, ...]:
    """Return few edits which, applied one after another to ``before``, give exactly ``after``.

    Who the visitor is, then what was removed, rated anew, moved (with the fewest moves), and added, then what was seen.
    """
    edits: list[Edit] = [
        SetPart(part, getattr(after, part)) for part in PARTS if getattr(before, part) != getattr(after, part)
    ]
    old, new = _ids(before), _ids(after)
    edits += _removals(old, set(new))
    edits += [
        Rate(movie_id, after.ratings[movie_id])
        for movie_id, rating in before.ratings.items()
        if after.ratings.get(movie_id) not in (rating, None)
    ]
    shared = set(old) & set(new)
    edits += _rearrangement([i for i in old if i in shared], [i for i in new if i in shared])
    edits += _additions(after, shared)
    if apply_all(before, edits).history != after.history:
        edits.append(Retime(tuple(event.timestamp for event in after.history)))
    if apply_all(before, edits).seen != after.seen:
        edits.append(SetSeen(after.seen))
    return tuple(edits)


def _removals(old: Sequence[int], kept: set[int]) -> list[Edit]:
    oldest = len(list(takewhile(lambda movie_id: movie_id not in kept, old)))
    forgotten = oldest if oldest > 1 else 0
    return [Forget(forgotten)] * bool(forgotten) + [Drop(i) for i in old[forgotten:] if i not in kept]


def _rearrangement(old: list[int], new: list[int]) -> list[Edit]:
    """Return what puts ``old`` into the order ``new``, which has the same movies."""
    apart = [one for one, other in zip(old, new, strict=True) if one != other]
    if not apart:
        return []
    if len(apart) == 2:
        return [Swap(*apart)]
    top_contributions = set(new) - _longest_run(old, new)
    if len(top_contributions) > MOST_MOVES:
        return [Reorder(tuple(new))]
    edits, now = [], list(old)
    for place, movie_id in enumerate(new):
        if movie_id in top_contributions:
            # all before it in the new order stand right by now, so it belongs directly behind the last of them
            now.remove(movie_id)
            to = now.index(new[place - 1]) + 1 if place else 0
            now.insert(to, movie_id)
            edits.append(Move(movie_id, to))
    return edits


def _longest_run(old: list[int], new: list[int]) -> set[int]:
    """Return the most movies that stand in the same order in both: the longest increasing subsequence."""
    place = {movie_id: i for i, movie_id in enumerate(old)}
    ends: list[int] = []  # the smallest place with which a run of each length can end
    length = {}
    for movie_id in new:
        length[movie_id] = bisect_left(ends, place[movie_id])
        ends[length[movie_id] : length[movie_id] + 1] = [place[movie_id]]
    run, wanted, limit = set(), len(ends) - 1, len(old)
    for movie_id in reversed(new):
        if length[movie_id] == wanted and place[movie_id] < limit:
            run.add(movie_id)
            wanted, limit = wanted - 1, place[movie_id]
    return run


def _additions(after: Visitor, there: set[int]) -> list[Edit]:
    """Return what adds the missing events, the oldest first, so that each finds its place."""
    edits, events = [], len(there)
    for place, event in enumerate(after.history):
        if event.movie_id not in there:
            newest = place == events
            edits.append(Add(event.movie_id, event.rating, None if newest else place, event.timestamp))
            events += 1
    return edits


def _ids(visitor: Visitor) -> tuple[int, ...]:
    return tuple(visitor.ratings)


def _index(visitor: Visitor, movie_id: int) -> int:
    if movie_id not in visitor.ratings:
        raise VisitorError(f"movie {movie_id} is not in the history, so nothing of it can be changed; add it first")
    return _ids(visitor).index(movie_id)


def value_words(part: str, value: str | int | None) -> str:
    """Return a value of a part within a sentence: "unknown", "female", "25–34", "artist"."""
    labels: dict = {"sex": SEX_LABELS, "age": AGE_LABELS}.get(part, {})
    words = "unknown" if value is None else str(labels.get(value, value))
    return words[0].lower() + words[1:] if part != "occupation" else words


def ordinal(number: int) -> str:
    """Return "1st", "2nd", "3rd", "11th", "1,001st" …"""
    tens, ones = number // 10 % 10, number % 10
    return f"{number:,}{'th' if tens == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(ones, 'th')}"


def place_words(index: int, events: int) -> str:
    """Return how the place ``index`` (0: the oldest) of a history is called, counted from its nearer end."""
    newer = events - 1 - index
    end, number = ("oldest", index + 1) if index < newer else ("newest", newer + 1)
    return end if number == 1 else f"{ordinal(number)} {end}"


def join(parts: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
