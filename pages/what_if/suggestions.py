"""Changes worth a first click, each an edit with the label of its button."""

from dataclasses import dataclass

import numpy as np

from bst.domain import DEMOGRAPHICS, DemographicName, DemographicValue
from bst.explanation import event_effects, list_measure
from bst.inference.recommender import RankOptions, Recommender
from bst.schema import Event, Visitor
from bst.what_if.edits import Add, Drop, Edit, Forget, Rate, SetDemographic, Title
from bst.what_if.instructions import instruction
from pages.shared.format import capitalised

# of a long history only the newest events are measured, so that the suggestions come at once
MAX_MEASURED = 40
# the effect of an event is measured on so many movies, the first of the list
TOP_K = 3
# how many of the newest events to keep: the first of these that the history is longer than
KEPT = (10, 5, 2, 1)
OTHER_AGE, OTHER_AGE_IF_SAME = 56, 18


@dataclass(frozen=True)
class Suggestion:
    """A suggested edit, and the label and icon of its button; the label is plain text."""

    label: str
    icon: str
    edit: Edit


def suggest(recommender: Recommender, visitor: Visitor, options: RankOptions) -> list[Suggestion]:
    """Return three or four edits that show something: of a rating, of demographics, of the history.

    ``options``: of the list that is to move.
    """
    if not visitor.history:
        return [*_first_movies(recommender, visitor), _other_sex(visitor), _other_age(visitor)]
    events, title = by_influence(recommender, visitor, options), recommender.catalogue.title
    strongest, levels = events[0], recommender.bundle.levels
    rating = levels[0] if strongest.rating > (levels[0] + levels[-1]) / 2 else levels[-1]
    suggestions = [_edit(Rate(strongest.movie_id, rating), "star_half", visitor, title), _other_sex(visitor)]
    kept = next((kept for kept in KEPT if kept < len(visitor.history)), None)
    if kept:
        suggestions.append(_edit(Forget(len(visitor.history) - kept), "history_toggle_off", visitor, title))
    if len(events) > 1:
        suggestions.append(_edit(Drop(events[1].movie_id), "delete", visitor, title))
    return suggestions


def _edit(edit: Edit, icon: str, visitor: Visitor, title: Title) -> Suggestion:
    return Suggestion(capitalised(instruction(edit, visitor, title)), icon, edit)


def by_influence(recommender: Recommender, visitor: Visitor, options: RankOptions) -> list[Event]:
    """Return the newest events, first the one without which the top of the list changes most."""
    events = recommender.read_events(visitor)
    measured = range(max(0, len(events) - MAX_MEASURED), len(events))
    top = [row.movie_id for row in recommender.rank(visitor, TOP_K, options)]
    effects = event_effects(recommender, visitor, top, measured, list_measure(options.order))
    strength = np.abs(effects).sum(axis=0)
    return [events[measured[i]] for i in np.argsort(-strength, kind="stable").tolist()]


def _first_movies(recommender: Recommender, visitor: Visitor) -> list[Suggestion]:
    order = "next" if "next" in recommender.orders else recommender.orders[0]
    rows = recommender.rank(visitor, 2, RankOptions(order=order))
    if len(rows) <= 1:
        return []
    (loved, hated), levels = rows, recommender.bundle.levels
    return [
        _edit(Add(movie.movie_id, level), "add", visitor, recommender.catalogue.title)
        for movie, level in ((loved, levels[-1]), (hated, levels[0]))
    ]


def _other_sex(visitor: Visitor) -> Suggestion:
    sex = visitor.demographic("sex")
    return _set("sex", sex, "M" if sex == "F" else "F", "person")


def _other_age(visitor: Visitor) -> Suggestion:
    old = visitor.demographic("age")
    return _set("age", old, OTHER_AGE if old != OTHER_AGE else OTHER_AGE_IF_SAME, "cake")


def _set(name: DemographicName, old: DemographicValue | None, new: DemographicValue, icon: str) -> Suggestion:
    demographic = DEMOGRAPHICS[name]
    instead = "" if old is None else f" instead of {demographic.value_text(old)}"
    label = f"{demographic.label.capitalize()}: {demographic.value_text(new)}{instead}"
    return Suggestion(label, icon, SetDemographic(name, new))
