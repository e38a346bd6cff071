"""The first picture: what moved the prediction, beside what the model looked at, in the same rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bst.explanation.sentences import Explanation, sentence, signed
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.presentation.charts import Panel
from bst.schema import DEMOGRAPHICS, Event
from bst.text import count
from pages.shared.format import stars
from pages.shared.widgets import chart_view

# bars of a long history that are drawn one by one
MOST_BARS = 12
MOVED = {"expected": "What moved the rating", "liked": "What moved the chance", "next_logit": "What moved the chance"}
PLANTED = "◆"


def label(recommender: Recommender, event: Event, planted: bool = False) -> str:
    """Return what an event is called: stars first, as what stands behind a long title is cut off."""
    mark = f"{PLANTED} " if planted else ""
    return f"{mark}{stars(event.rating)} · {recommender.catalogue.title(event.movie_id)}"


def shown(strength: np.ndarray, order: str, most: int = MOST_BARS) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the events that get a bar each, in an order, and of those that share one."""
    ranked = np.argsort(-np.abs(strength), kind="stable")
    if len(ranked) <= most + 1:  # a bar for one other movie would hide it and save nothing
        most = len(ranked)
    first = ranked[:most]
    return (np.sort(first) if order == "time" else first), ranked[most:]


def frame(
    recommender: Recommender,
    told: Explanation,
    measure: str,
    order: str,
    causes: Mapping[int, float],
    more: Mapping[str, tuple[np.ndarray, float]] | None = None,
) -> pd.DataFrame:
    """Return the bars' rows: ``label``, ``weak``, ``moved``, ``looked`` and what there is ``more``, each with its text.

    ``causes``: planted effects by event's place. ``more``: name → stars by event, and by who the visitor is.
    """
    effect, weights = told.event_effects(measure), told.attention.weights.to_events.mean(axis=0)
    more, rows = more or {}, []
    first, others = shown(effect, order)

    def add(name: str, moved: float, looked: float, weak: bool, further: Mapping[str, float]) -> None:
        row = {"label": name, "weak": weak, "moved": moved, "looked": looked, **further}
        row["moved_text"] = "" if np.isnan(moved) else signed(measure, moved)
        row["looked_text"] = "" if np.isnan(looked) else f"{looked:.{0 if looked >= 0.095 or not looked else 1}%}"
        row |= {f"{name}_text": "" if np.isnan(by) else signed("expected", by) for name, by in further.items()}
        rows.append(row)

    for place in first:
        further = {name: float(by[place]) for name, (by, _) in more.items()}
        add(
            label(recommender, told.events[place], place in causes),
            float(effect[place]),
            weights[place],
            False,
            further,
        )
    if len(others):
        further = {name: float(by[others].sum()) for name, (by, _) in more.items()}
        name = f"{count(len(others), 'other movie')}, added up"
        add(name, float(effect[others].sum()), float(weights[others].sum()), True, further)
    nothing = dict.fromkeys(more, np.nan)
    for part, by in told.demographic_effects(measure).items():
        demographic = DEMOGRAPHICS[part]
        name = f"{demographic.label.capitalize()}: {demographic.value_text(getattr(told.visitor, part))}"
        add(name, by, np.nan, False, nothing)
    rest = told.attention.weights.rest
    of_rest = {name: by for name, (_, by) in more.items()}
    add(rest[0].upper() + rest[1:], np.nan, float(told.attention.weights.to_rest.mean()), True, of_rest)
    return pd.DataFrame(rows)


def render(recommender: Recommender, told: Explanation, measure: str, order: str, causes: Mapping[int, float]) -> None:
    """Draw the picture."""
    rows, ink = frame(recommender, told, measure, order, causes), chart_view.text_and_background()[0]
    panels = [Panel("moved", MOVED[measure], True, 3)]
    if measure == "next_logit":  # the part that names the next movie looks for itself
        rows = rows[rows["moved"].notna()]
    else:
        panels.append(Panel("looked", "What it looked at", False, 2))
    chart_view.show(
        charts.bar_panels(rows, panels, ink),
        f"{MOVED[measure]}: " + "; ".join(words(row, measure != "next_logit") for row in rows.itertuples()),
        name="What moved it",
        about=sentence(told, measure, recommender.catalogue.title),
    )


def words(row, looked: bool) -> str:
    """Return a row for those who do not see it."""
    said = [row.moved_text] if row.moved_text else []
    if looked and row.looked_text:
        said.append(f"looked at {row.looked_text}")
    return f"{row.label} {', '.join(said)}"


def legend(recommender: Recommender, told: Explanation, measure: str, causes: Mapping[int, float]) -> str:
    """Return what must be known to read the picture, as one text."""
    without = {
        "expected": "how many stars the expected rating has more with it than without",
        "liked": "how many percentage points the chance has more with it than without",
        "next_logit": "how many times as likely (×) or less likely (÷) it makes the movie, against all others",
    }[measure]
    said = [f"▲ raises, ▼ lowers: {without}."]
    unread = len(told.visitor.history) - len(told.events)
    if unread:
        are = "is" if unread == 1 else "are"
        said.append(
            f"This model reads the newest {recommender.max_history}; {count(unread, 'older movie')} of the history "
            f"{are} not read."
        )
    if causes:
        said.append(f"{PLANTED} marks what the demo world's own rules say moves this movie.")
    return " ".join(said)
