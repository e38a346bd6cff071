"""Every way to change a visitor, as data: applied and described.

Edits name movies by their ids. Events move as a whole: a timestamp stays with its movie.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bst.domain import MOVIES, DemographicName, DemographicValue, Domain
from bst.errors import VisitorError
from bst.schema import Event, Visitor
from bst.text import ordinal

BOTH = 2
# from a movie's id to its title
Title = Callable[[int], str]


class Edit(ABC):
    """One change of a visitor."""

    @abstractmethod
    def apply(self, visitor: Visitor) -> Visitor:
        """Return the changed visitor. Raises ``VisitorError`` for an edit that does not fit."""

    @abstractmethod
    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return the edit as plain text, such as "rated Alien (1979) 5 → 2". ``before``: the visitor before it."""


@dataclass(frozen=True)
class SetDemographic(Edit):
    """Set a demographic, such as sex or age; ``value`` None for unknown."""

    name: DemographicName
    value: DemographicValue | None

    def apply(self, visitor: Visitor) -> Visitor:
        """Set the value."""
        return visitor.with_demographic(self.name, self.value)

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "age group: 25–34 → unknown"."""
        demographic = domain.describe(self.name)
        old, new = (demographic.value_text(value) for value in (before.demographic(self.name), self.value))
        return f"{demographic.label}: {old} → {new}"


@dataclass(frozen=True)
class Rate(Edit):
    """Change the rating of a movie in the history; its position stays."""

    movie_id: int
    rating: float

    def apply(self, visitor: Visitor) -> Visitor:
        """Change the rating. Raises ``VisitorError`` for a movie that is not in the history."""
        _position(visitor, self.movie_id)
        return visitor.rated(self.movie_id, self.rating)

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "rated Alien (1979) 5 → 2"."""
        return f"rated {title(self.movie_id)} {before.ratings[self.movie_id]:g} → {self.rating:g}"


@dataclass(frozen=True)
class Add(Edit):
    """Add a movie at ``position`` of the new history (0: as the oldest; None: as the newest)."""

    movie_id: int
    rating: float
    position: int | None = None
    timestamp: int | None = None

    def apply(self, visitor: Visitor) -> Visitor:
        """Add the movie. Raises ``VisitorError`` for one that is in the history already."""
        events, position = visitor.history, len(visitor.history) if self.position is None else self.position
        event = Event(self.movie_id, self.rating, self.timestamp)
        return replace(visitor, history=(*events[:position], event, *events[position:]))

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "added Alien (1979), 5 ★, as 2nd oldest"."""
        rated = f", {self.rating:g} ★" if domain.rated else ""
        text, events = f"added {title(self.movie_id)}{rated}", len(before.history)
        if self.position is None or self.position >= events:
            return text
        return f"{text}, as {position_text(self.position, events + 1)}"


@dataclass(frozen=True)
class Drop(Edit):
    """Remove a movie from the history."""

    movie_id: int

    def apply(self, visitor: Visitor) -> Visitor:
        """Remove the movie. Raises ``VisitorError`` for one that is not in the history."""
        _position(visitor, self.movie_id)
        return visitor.without(self.movie_id)

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "removed Alien (1979)"."""
        return f"removed {title(self.movie_id)}"


@dataclass(frozen=True)
class Move(Edit):
    """Move a movie to position ``to`` of the history (0: the oldest)."""

    movie_id: int
    to: int

    def apply(self, visitor: Visitor) -> Visitor:
        """Move the movie, at most to either end. Raises ``VisitorError`` for one that is not in the history."""
        return visitor.moved(self.movie_id, self.to - _position(visitor, self.movie_id))

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "moved Alien (1979) later, from oldest to 2nd newest"."""
        position, events = _position(before, self.movie_id), len(before.history)
        to = max(0, min(events - 1, self.to))
        way = f"from {position_text(position, events)} to {position_text(to, events)}"
        return f"moved {title(self.movie_id)} {'later' if to > position else 'earlier'}, {way}"


@dataclass(frozen=True)
class Swap(Edit):
    """Swap the positions of two movies of the history."""

    first: int
    second: int

    def apply(self, visitor: Visitor) -> Visitor:
        """Swap the movies. Raises ``VisitorError`` for one that is not in the history."""
        events = list(visitor.history)
        first, second = (_position(visitor, movie_id) for movie_id in (self.first, self.second))
        events[first], events[second] = events[second], events[first]
        return replace(visitor, history=tuple(events))

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "swapped Alien (1979) and M (1931)"."""
        return f"swapped {title(self.first)} and {title(self.second)}"


@dataclass(frozen=True)
class Forget(Edit):
    """Remove the ``count`` oldest movies of the history, or all if there are fewer."""

    count: int

    def apply(self, visitor: Visitor) -> Visitor:
        """Remove the movies."""
        return replace(visitor, history=visitor.history[max(0, self.count) :])

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "forgot the 3 oldest movies"."""
        events = len(before.history)
        count = max(0, min(self.count, events))
        if count == 1:
            return f"forgot the oldest movie, {title(before.history[0].movie_id)}"
        if count == events:
            return "forgot both movies" if count == BOTH else f"forgot all {count} movies"
        return f"forgot the {count} oldest movies"


@dataclass(frozen=True)
class Reorder(Edit):
    """Put the history into another order: ``order`` has the id of each of its movies, oldest first."""

    order: tuple[int, ...]

    def apply(self, visitor: Visitor) -> Visitor:
        """Reorder the events. Raises ``VisitorError`` unless the order names each movie of the history once."""
        events = {event.movie_id: event for event in visitor.history}
        if sorted(self.order) != sorted(events):
            raise VisitorError("a new order must name each movie of the history once, and no other")
        return replace(visitor, history=tuple(events[movie_id] for movie_id in self.order))

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "changed the positions of 5 movies"."""
        old = _ids(before)
        if self.order == old[::-1]:
            return f"reversed the order of all {len(old)} movies"
        moved = sum(was != now for was, now in zip(old, self.order, strict=True))
        return f"changed the positions of {moved} movies"


@dataclass(frozen=True)
class Retime(Edit):
    """Set when each movie of the history was watched: seconds since 1970, None where unknown, oldest event first."""

    times: tuple[int | None, ...]

    def apply(self, visitor: Visitor) -> Visitor:
        """Set the timestamps. Raises ``VisitorError`` unless there is one for each event."""
        if len(self.times) != len(visitor.history):
            raise VisitorError(f"{len(self.times)} times do not fit a history of {len(visitor.history)} movies")
        events = zip(visitor.history, self.times, strict=True)
        return replace(visitor, history=tuple(replace(event, timestamp=time) for event, time in events))

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "changed when 2 movies were watched"."""
        changed = sum(event.timestamp != time for event, time in zip(before.history, self.times, strict=True))
        return f"changed when {changed} {'movie was' if changed == 1 else 'movies were'} watched"


@dataclass(frozen=True)
class SetSeen(Edit):
    """Set which movies the visitor has seen besides those in the history."""

    seen: frozenset[int]

    def apply(self, visitor: Visitor) -> Visitor:
        """Set the movies."""
        return replace(visitor, seen=self.seen)

    def describe(self, before: Visitor, title: Title, domain: Domain = MOVIES) -> str:
        """Return such as "marked Alien (1979) as seen"."""
        clauses = []
        for movies, state in ((self.seen - before.seen, "seen"), (before.seen - self.seen, "not seen")):
            if movies:
                which = title(next(iter(movies))) if len(movies) == 1 else f"{len(movies):,} movies"
                clauses.append(f"marked {which} as {state}")
        return join(clauses) or "marked nothing"


def apply_all(visitor: Visitor, edits: Iterable[Edit]) -> Visitor:
    """Return the visitor after all edits, one after another. Raises ``VisitorError`` for one that does not fit."""
    for edit in edits:
        visitor = edit.apply(visitor)
    return visitor


# ---- descriptions


def describe_edits(before: Visitor, edits: Sequence[Edit], title: Title, most: int = 2, domain: Domain = MOVIES) -> str:
    """Describe edits that are applied one after another to ``before``: in full up to ``most``, otherwise as counts.

    "removed Toy Story (1995) and rated Alien (1979) 5 → 2"; "removed 5 movies, added 12 movies and set sex and age
    group"; "nothing" for no edit.
    """
    if len(edits) > most:
        return join(_summary(before, edits, domain))
    descriptions = []
    for edit in edits:
        descriptions.append(edit.describe(before, title, domain))
        before = edit.apply(before)
    return join(descriptions) or "nothing"


_VERBS: dict[type[Edit], str] = {Rate: "rated", Add: "added", Drop: "removed", Forget: "removed", Move: "moved"}
_VERBS |= {Swap: "moved", Reorder: "moved", Retime: "dated", SetSeen: "marked"}


def _summary(before: Visitor, edits: Sequence[Edit], domain: Domain) -> list[str]:
    """Return how many movies each kind of edit changed, and which demographics were set."""
    counts: Counter[str] = Counter()
    labels = [domain.describe(edit.name).label for edit in edits if isinstance(edit, SetDemographic)]
    for edit in edits:
        after = edit.apply(before)
        if not isinstance(edit, SetDemographic):
            counts[_VERBS[type(edit)]] += _changed_movies(before, after)
        before = after
    clauses = [f"{verb} {count} {'movie' if count == 1 else 'movies'}" for verb, count in counts.items() if count]
    return clauses + ([f"set {join(labels)}"] if labels else [])


def _changed_movies(before: Visitor, after: Visitor) -> int:
    """Return how many movies one edit changed: added or removed events, else events that differ."""
    if before.history == after.history:
        return len(before.seen ^ after.seen)
    change = abs(len(before.history) - len(after.history))
    return change or sum(was != now for was, now in zip(before.history, after.history, strict=True))


def position_text(position: int, events: int) -> str:
    """Return a position of a history of that many events (0: the oldest), counted from its nearer end.

    >>> [position_text(position, 5) for position in range(5)]
    ['oldest', '2nd oldest', '3rd newest', '2nd newest', 'newest']
    """
    newer = events - 1 - position
    end, number = ("oldest", position + 1) if position < newer else ("newest", newer + 1)
    return end if number == 1 else f"{ordinal(number)} {end}"


def join(clauses: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(clauses[:-1]), clauses[-1]] if len(clauses) > 1 else clauses)


def _ids(visitor: Visitor) -> tuple[int, ...]:
    return tuple(visitor.ratings)


def _position(visitor: Visitor, movie_id: int) -> int:
    if movie_id not in visitor.ratings:
        raise VisitorError(f"movie {movie_id} is not in the history, so nothing of it can be changed; add it first")
    return _ids(visitor).index(movie_id)
