"""From matches to a visitor's history."""

from collections.abc import Sequence
from dataclasses import replace

from bst.imports.matching import Match
from bst.schema import Event, Visitor


def stars_here(stars: float, levels: Sequence[float]) -> float:
    """Return the level nearest to a number of stars; halfway between two, the upper one: 3.5 becomes 4."""
    return min(levels, key=lambda level: (abs(level - stars), -level))


def imported(
    visitor: Visitor, chosen: Sequence[Match], levels: Sequence[float], *, replacing: bool, most: int
) -> tuple[Visitor, int]:
    """Return the visitor with the chosen matches as history, or as the newest part of it, and how many were left out.

    ``chosen``: matches with a movie and stars, oldest first. A movie that was in the history already has its new rating
    in its new place. Of more than ``most`` events the newest stay.
    """
    events = {} if replacing else {event.movie_id: event for event in visitor.history}
    for match in chosen:
        events.pop(match.movie_id, None)
        events[match.movie_id] = Event(match.movie_id, stars_here(match.entry.stars, levels))
    history = tuple(events.values())
    kept = history[max(0, len(history) - most) :]
    return replace(visitor, history=kept), len(history) - len(kept)
