"""From matches to a visitor: what a model reads of them, and what they have merely seen."""

from collections.abc import Sequence
from dataclasses import replace

from bst.schema import MAX_HISTORY, Event, Visitor, to_scale
from bst.visitors.imports.matching import Match


def imported(
    visitor: Visitor,
    matches: Sequence[Match],
    levels: Sequence[float],
    *,
    replacing: bool = True,
    most: int = MAX_HISTORY,
) -> Visitor:
    """Return the visitor with matches as history, or as the newest part of it.

    ``matches``: those that are taken, each with a movie, oldest first. A movie that was in the history already has its
    new rating in its new place. The newest ``most`` events stay in the history. All others are seen, as are movies
    without a rating, and those that are the same film once more: no list names any of them.

    ``replacing`` forgets what was watched and seen before; sex, age and occupation stay in any case.
    """
    events = {} if replacing else {event.movie_id: event for event in visitor.history}
    seen = set() if replacing else set(visitor.seen)
    for match in matches:
        seen.update(match.same_ids)
        if match.entry.stars is None:
            seen.add(match.movie_id)
        else:
            events.pop(match.movie_id, None)
            events[match.movie_id] = Event(match.movie_id, to_scale(match.entry.stars, levels))
    return replace(visitor, history=tuple(events.values()), seen=frozenset(seen)).limited(most)


def what_counts(rated: int, unrated: int, most: int = MAX_HISTORY) -> str:
    """Say in sentences which of a visitor's movies a model reads, and which merely count as seen; empty for all read.

    >>> what_counts(353, 0)
    'The model reads the newest 300 of 353 ratings; the other 53 movies count as seen.'
    """
    words = []
    if rated > most:
        words.append(
            f"The model reads the newest {most} of {rated:,} ratings; "
            + (
                "the other movie counts as seen."
                if rated == most + 1
                else f"the other {rated - most:,} movies count as seen."
            )
        )
    if unrated:
        movies = "1 movie without a rating counts" if unrated == 1 else f"{unrated:,} movies without a rating count"
        words.append(f"{movies} as seen: no list names {'it' if unrated == 1 else 'them'}.")
    return " ".join(words)
