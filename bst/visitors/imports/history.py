"""From matches to a visitor: the history that a model reads, and the movies that merely count as seen."""

from collections.abc import Sequence
from dataclasses import replace

from bst.schema import MAX_HISTORY, Event, Visitor, to_scale
from bst.visitors.imports.matching import Match


def import_history(
    visitor: Visitor,
    matches: Sequence[Match],
    levels: Sequence[float],
    *,
    replacing: bool = True,
    max_history: int = MAX_HISTORY,
) -> Visitor:
    """Return the visitor with matches as the history, or added as the newest part of it.

    ``matches``: the accepted ones, oldest first. A movie that was in the history already gets its new rating and its
    new position. The newest ``max_history`` events stay in the history. All others count as seen, as do movies without
    a rating, and duplicates in the catalogue: no list includes any of them.

    ``replacing`` drops the old history and the movies seen before; sex, age and occupation stay in any case.
    """
    events = {} if replacing else {event.movie_id: event for event in visitor.history}
    seen = set() if replacing else set(visitor.seen)
    for match in matches:
        if match.movie_id is None:
            continue
        seen.update(match.duplicate_ids)
        if match.entry.stars is None:
            seen.add(match.movie_id)
        else:
            events.pop(match.movie_id, None)
            events[match.movie_id] = Event(match.movie_id, to_scale(match.entry.stars, levels))
    return replace(visitor, history=tuple(events.values()), seen=frozenset(seen)).limited(max_history)


def history_note(rated: int, unrated: int, max_history: int = MAX_HISTORY) -> str:
    """Return in sentences which of a visitor's movies a model does not read; empty if it reads all.

    >>> history_note(353, 0)
    'The model reads the newest 300 of 353 ratings; the other 53 movies count as seen.'
    """
    sentences = []
    if rated > max_history:
        others = rated - max_history
        rest = "the other movie counts as seen" if others == 1 else f"the other {others:,} movies count as seen"
        sentences.append(f"The model reads the newest {max_history} of {rated:,} ratings; {rest}.")
    if unrated == 1:
        sentences.append("1 movie without a rating counts as seen: no list names it.")
    elif unrated:
        sentences.append(f"{unrated:,} movies without a rating count as seen: no list names them.")
    return " ".join(sentences)
