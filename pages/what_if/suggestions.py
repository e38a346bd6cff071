"""Changes worth a first click, each a word on a button and the visitor that it makes."""

from dataclasses import dataclass

import numpy as np

from bst.explanation import event_effects
from bst.inference.recommender import RankOptions, Recommender
from bst.schema import DEMOGRAPHICS, DemographicName, DemographicValue, Event, Visitor
from bst.what_if.edits import Add, Drop, Edit, Forget, Rate, SetDemographic

# of a long history the newest are asked about: who clicks wants an answer at once
MOST_ASKED = 40
# how the best movies of the list answer decides which event is worth changing
BEST = 3


@dataclass(frozen=True)
class Start:
    """A ready change: what its button says, in plain text, and the edit."""

    label: str
    icon: str
    edit: Edit


def proposals(recommender: Recommender, visitor: Visitor) -> list[Start]:
    """Return three or four changes of a visitor that show something: of a rating, of who they are, of the history."""
    who = _other_sex(visitor)
    if not visitor.history:
        return [*_first_movies(recommender, visitor), who, _other_age(visitor)]
    by_influence = _by_influence(recommender, visitor)
    strongest, title = by_influence[0], recommender.catalogue.title
    levels = recommender.bundle.levels
    new = levels[0] if strongest.rating > (levels[0] + levels[-1]) / 2 else levels[-1]
    made = [
        Start(
            f"Rate {title(strongest.movie_id)} {new:g} instead of {strongest.rating:g}",
            "star_half",
            Rate(strongest.movie_id, new),
        ),
        who,
    ]
    kept = next((kept for kept in (10, 5, 2, 1) if kept < len(visitor.history)), None)
    if kept:
        made.append(
            Start(f"Forget all but the newest {kept}", "history_toggle_off", Forget(len(visitor.history) - kept))
        )
    if len(by_influence) > 1:
        second = by_influence[1].movie_id
        made.append(Start(f"Remove {title(second)}", "delete", Drop(second)))
    return made


def _by_influence(recommender: Recommender, visitor: Visitor) -> list[Event]:
    """Return the newest events, the one first without which the best movies of the list differ most."""
    events = recommender.read_events(visitor)
    among = range(max(0, len(events) - MOST_ASKED), len(events))
    best = [row.movie_id for row in recommender.rank(visitor, BEST)]
    changes = np.abs(event_effects(recommender, visitor, best, among)).sum(axis=0)
    return [events[among[place]] for place in np.argsort(-changes, kind="stable")]


def _first_movies(recommender: Recommender, visitor: Visitor) -> list[Start]:
    order = "next" if "next" in recommender.orders else recommender.orders[0]
    rows = recommender.rank(visitor, 2, RankOptions(order=order))
    if len(rows) < 2:
        return []
    (loved, hated), levels = rows, recommender.bundle.levels
    return [
        Start(f"Add {loved.title} with {levels[-1]:g} ★", "add", Add(loved.movie_id, levels[-1])),
        Start(f"Add {hated.title} with {levels[0]:g} ★", "add", Add(hated.movie_id, levels[0])),
    ]


def _other_sex(visitor: Visitor) -> Start:
    new = "M" if visitor.sex == "F" else "F"
    return _set("sex", visitor.sex, new, "person")


def _other_age(visitor: Visitor) -> Start:
    new = 56 if visitor.age != 56 else 18
    return _set("age", visitor.age, new, "cake")


def _set(name: DemographicName, old: DemographicValue | None, new: DemographicValue, icon: str) -> Start:
    demographic = DEMOGRAPHICS[name]
    instead = "" if old is None else f" instead of {demographic.value_text(old)}"
    label = f"{demographic.label.capitalize()}: {demographic.value_text(new)}{instead}"
    return Start(label, icon, SetDemographic(name, new))
