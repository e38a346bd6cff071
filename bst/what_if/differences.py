"""The edits between two visitors, found again from their histories."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import takewhile

from bst.domain import DEMOGRAPHICS
from bst.schema import Visitor
from bst.what_if.edits import (
    Add,
    Drop,
    Edit,
    Forget,
    Move,
    Rate,
    Reorder,
    Retime,
    SetDemographic,
    SetSeen,
    Swap,
    apply_all,
)

# up to so many movies that changed their position are described one by one, more of them as a new order
MOST_MOVES = 3


def differences(before: Visitor, after: Visitor) -> tuple[Edit, ...]:
    """Return few edits which, applied one after another to ``before``, give exactly ``after``.

    Demographics first, then movies that were removed, rated differently, moved (with the fewest moves), and added, then
    movies that were merely seen.
    """
    edits: list[Edit] = [
        SetDemographic(name, after.demographic(name))
        for name in dict.fromkeys((*DEMOGRAPHICS, *before.demographics, *after.demographics))
        if before.demographic(name) != after.demographic(name)
    ]
    old, new = tuple(before.ratings), tuple(after.ratings)
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
    drops: list[Edit] = [Drop(movie_id) for movie_id in old[forgotten:] if movie_id not in kept]
    return [Forget(forgotten), *drops] if forgotten else drops


def _rearrangement(old: list[int], new: list[int]) -> list[Edit]:
    """Return the edits that put ``old`` into the order ``new``, which has the same movies."""
    displaced = [was for was, now in zip(old, new, strict=True) if was != now]
    match displaced:
        case []:
            return []
        case [first, second]:
            return [Swap(first, second)]
    moved = set(new) - _longest_run(old, new)
    if len(moved) > MOST_MOVES:
        return [Reorder(tuple(new))]
    edits: list[Edit] = []
    current = list(old)
    for position, movie_id in enumerate(new):
        if movie_id in moved:
            # all movies before it in the new order are in place by now, so it belongs right behind the last of them
            current.remove(movie_id)
            to = current.index(new[position - 1]) + 1 if position else 0
            current.insert(to, movie_id)
            edits.append(Move(movie_id, to))
    return edits


def _longest_run(old: list[int], new: list[int]) -> set[int]:
    """Return the most movies that are in the same order in both: the longest increasing subsequence."""
    position = {movie_id: i for i, movie_id in enumerate(old)}
    ends: list[int] = []  # the smallest position with which a run of each length can end
    length = {}
    for movie_id in new:
        length[movie_id] = bisect_left(ends, position[movie_id])
        ends[length[movie_id] : length[movie_id] + 1] = [position[movie_id]]
    run: set[int] = set()
    wanted, limit = len(ends) - 1, len(old)
    for movie_id in reversed(new):
        if length[movie_id] == wanted and position[movie_id] < limit:
            run.add(movie_id)
            wanted, limit = wanted - 1, position[movie_id]
    return run


def _additions(after: Visitor, shared: set[int]) -> list[Edit]:
    """Return the edits that add the missing events, the oldest first, so that each finds its position."""
    edits: list[Edit] = []
    events = len(shared)
    for position, event in enumerate(after.history):
        if event.movie_id not in shared:
            newest = position == events
            edits.append(Add(event.movie_id, event.rating, None if newest else position, event.timestamp))
            events += 1
    return edits
