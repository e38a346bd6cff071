"""Changes worth a first click, each an edit with the label of its button."""

from dataclasses import dataclass

import numpy as np

from bst.domain import DemographicName, DemographicValue, Domain
from bst.explanation import event_effects, list_measure
from bst.inference.recommender import RankOptions, Recommender
from bst.schema import Event, Visitor
from bst.what_if.edits import Add, Drop, Edit, Forget, Rate, SetDemographic, Title
from bst.what_if.instructions import instruction
from pages.shared.format import capitalised
from pages.shared.state import chosen_model

# of a long history only the newest events are measured, so that the suggestions come at once
MAX_MEASURED = 40
# the effect of an event is measured on this many movies, the first of the list
TOP_K = 3
# how many of the newest events to keep: the first of these that the history is longer than
KEPT = (10, 5, 2, 1)
# a contrast: of these, the value that the visitor does not have; of other demographics it is the last or the first
CONTRASTS: dict[DemographicName, tuple[DemographicValue, DemographicValue]] = {"sex": ("F", "M"), "age": (56, 18)}
ICONS = {"sex": "person", "age": "cake"}
# how many demographics are suggested: of an empty visitor, and beside changes of the history
MOST_DEMOGRAPHICS, BESIDE_HISTORY = 2, 1


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
        return [*_first_movies(recommender, visitor), *_others(recommender.domain, visitor, MOST_DEMOGRAPHICS)]
    events, title = by_influence(recommender, visitor, options), recommender.catalogue.title
    strongest, levels = events[0], recommender.bundle.levels
    rating = levels[0] if strongest.rating > (levels[0] + levels[-1]) / 2 else levels[-1]
    suggestions = _others(recommender.domain, visitor, BESIDE_HISTORY)
    if recommender.domain.rated:
        suggestions.insert(0, _edit(Rate(strongest.movie_id, rating), "star_half", visitor, title))
    else:
        suggestions.insert(0, _edit(Drop(strongest.movie_id), "delete", visitor, title))
    kept = next((kept for kept in KEPT if kept < len(visitor.history)), None)
    if kept:
        suggestions.append(_edit(Forget(len(visitor.history) - kept), "history_toggle_off", visitor, title))
    if len(events) > 1:
        suggestions.append(_edit(Drop(events[1].movie_id), "delete", visitor, title))
    return suggestions


def _edit(edit: Edit, icon: str, visitor: Visitor, title: Title) -> Suggestion:
    return Suggestion(capitalised(instruction(edit, visitor, title, chosen_model.domain())), icon, edit)


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
    levels = recommender.bundle.levels
    return [
        _edit(Add(movie.movie_id, level), "add", visitor, recommender.catalogue.title)
        # one that they love and one that they hate; where there are no ratings, two that they had
        for movie, level in zip(rows, (levels[-1], levels[0]), strict=True)
    ]


def _others(domain: Domain, visitor: Visitor, most: int) -> list[Suggestion]:
    """Return the first demographics, each with a value as different from the visitor's as there is."""
    suggestions = []
    for name, demographic in list(domain.demographics.items())[:most]:
        old = visitor.demographic(name)
        if len(demographic.values) == 1 and old is not None:
            continue
        contrast = CONTRASTS.get(name, (demographic.values[-1], demographic.values[0]))
        new = contrast[old == contrast[0]]
        instead = "" if old is None else f" instead of {demographic.value_text(old)}"
        label = f"{capitalised(demographic.label)}: {demographic.value_text(new)}{instead}"
        suggestions.append(Suggestion(label, ICONS.get(name, "person"), SetDemographic(name, new)))
    return suggestions
