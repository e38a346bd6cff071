"""Why a movie is on a list or not: where it stands, what the last one on the list has, and what counts against it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bst.explanation.leave_one_out import (
    StrongestEvent,
    event_effects,
    list_measure,
    most_similar_positions,
)
from bst.explanation.measures import CAUSE
from bst.inference.ranking import Filters, RankOptions
from bst.inference.recommender import Recommendation, Recommender
from bst.schema import Visitor

# why a movie is not on a list: it is in the history, a filter leaves it out, or others stand above it
Reason = Literal["listed", "seen", "filtered", "below"]


@dataclass(frozen=True)
class ListPosition:
    """Where a movie stands in a visitor's list.

    ``rank``: from 1, on the list or else in the list without filters; None for a seen movie. ``rank_for_anyone``: the
    same for an unknown visitor. ``movies``: how many are ranked. ``last``: the last movie on the list,
    None if it is empty. ``against``: the event without which the movie would gain most, with a negative effect in stars
    or log-odds as in ``strongest_events``; None if no event lowers it noticeably.
    """

    reason: Reason
    prediction: Recommendation
    rank: int | None
    rank_for_anyone: int | None
    movies: int
    last: Recommendation | None
    against: StrongestEvent | None


def list_position(
    recommender: Recommender, visitor: Visitor, movie_id: int, options: RankOptions, shown: Sequence[Recommendation]
) -> ListPosition:
    """Return why a movie is among ``shown``, the list of a visitor with these options, or why it is not.

    Raises ``VisitorError`` as ``Recommender.predict`` does.
    """
    prediction = recommender.recommendation(visitor, movie_id)
    listed = next((row.rank for row in shown if row.movie_id == movie_id), None)
    row = recommender.catalogue.row(movie_id)
    unfiltered = replace(options, filters=Filters(include_seen=False), diversity=0.0)
    ranked = recommender.ranked_rows(visitor, unfiltered)
    rank = listed or _rank(ranked, row)
    anyone = Visitor(seen=visitor.all_seen)
    return ListPosition(
        "listed" if listed else _reason(recommender, visitor, movie_id, options),
        prediction,
        rank,
        _rank(recommender.ranked_rows(anyone, unfiltered), row) if visitor != anyone else None,
        len(ranked),
        shown[-1] if shown else None,
        None if listed or rank is None else _against(recommender, visitor, movie_id, options),
    )


def _rank(rows: np.ndarray, row: int) -> int | None:
    found = np.flatnonzero(rows == row)
    return int(found[0]) + 1 if len(found) else None


def _reason(recommender: Recommender, visitor: Visitor, movie_id: int, options: RankOptions) -> Reason:
    if movie_id in visitor.all_seen and not options.filters.include_seen:
        return "seen"
    allowed = recommender.ranked_rows(visitor, replace(options, diversity=0.0))
    return "below" if recommender.catalogue.row(movie_id) in allowed else "filtered"


def _against(recommender: Recommender, visitor: Visitor, movie_id: int, options: RankOptions) -> StrongestEvent | None:
    events, measure = recommender.read_events(visitor), list_measure(options.order, recommender.domain.rated)
    if not events:
        return None
    positions = most_similar_positions(recommender, events, [movie_id])
    effects = event_effects(recommender, visitor, [movie_id], positions, measure)[0]
    worst = int(effects.argmin())
    if effects[worst] > -CAUSE[measure]:
        return None
    return StrongestEvent(events[positions[worst]], float(effects[worst]))
