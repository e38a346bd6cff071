"""The first picture: what moved the prediction and, in the same rows, what the model looked at."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bst.explanation.measures import Measure
from bst.explanation.sentences import Explanation, sentence, signed
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.presentation.charts import Panel
from bst.schema import Event
from bst.scoring.results import IntegratedGradients
from bst.text import count, percent
from pages.shared.format import capitalised, stars
from pages.shared.widgets import chart_view, film_strip
from pages.shared.wording import say, say_around

EFFECT_TITLES: dict[Measure, str] = {
    "expected": "What moved the rating",
    "like_logit": "What moved the chance",
    "liked": "What moved the chance",
    "next_logit": "What moved the chance",
}
PLANTED = "◆"


class Bar(NamedTuple):
    """A row of the picture; not a number where there is nothing to show. ``weak``: it stands for several things."""

    label: str
    weak: bool
    effect: float
    attention: float
    gradient: float


def event_label(recommender: Recommender, event: Event, planted: bool = False) -> str:
    """Return the label of an event: stars first, because long titles are cut off at their end."""
    mark = f"{PLANTED} " if planted else ""
    rating = f"{stars(event.rating)} · " if recommender.domain.rated else ""
    return f"{mark}{rating}{recommender.catalogue.title(event.movie_id)}"


def frame(
    recommender: Recommender,
    explanation: Explanation,
    measure: Measure,
    order: str,
    causes: Mapping[int, float],
    gradients: IntegratedGradients | None = None,
) -> pd.DataFrame:
    """Return the rows of the picture: the fields of ``Bar``, and the text of each of its numbers.

    ``causes``: planted effects by the event's index.
    """
    effects, looks = explanation.event_effects(measure), explanation.attention_weights(measure)
    weights = looks.to_events.mean(axis=0)
    by_gradients = np.full(len(effects), np.nan) if gradients is None else gradients.event_effects
    # the movies that have a frame in the strip above, so that both leave out the same ones
    kept = np.array(film_strip.kept_events(looks, effects), int)
    others = np.setdiff1d(np.arange(len(effects)), kept)
    strongest = kept if order == "time" else kept[np.argsort(-np.abs(effects[kept]), kind="stable")]
    bars = [
        Bar(
            event_label(recommender, explanation.events[i], i in causes),
            False,
            float(effects[i]),
            float(weights[i]),
            float(by_gradients[i]),
        )
        for i in strongest.tolist()
    ]
    if len(others):
        sums = (float(values[others].sum()) for values in (effects, weights, by_gradients))
        bars.append(Bar(say(f"{count(len(others), 'other movie')}, added up"), True, *sums))
    for name, effect in explanation.demographic_effects(measure).items():
        demographic = recommender.domain.describe(name)
        label = f"{capitalised(demographic.label)}: {demographic.value_text(explanation.visitor.demographic(name))}"
        bars.append(Bar(label, False, effect, np.nan, np.nan))
    rest = np.nan if gradients is None else gradients.rest
    bars.append(Bar(capitalised(looks.rest), True, np.nan, float(looks.to_rest.mean()), rest))
    return pd.DataFrame(bars).assign(
        effect_text=["" if np.isnan(bar.effect) else signed(measure, bar.effect) for bar in bars],
        attention_text=["" if np.isnan(bar.attention) else percent(bar.attention) for bar in bars],
        gradient_text=["" if np.isnan(bar.gradient) else signed("expected", bar.gradient) for bar in bars],
    )


def render(
    recommender: Recommender, explanation: Explanation, measure: Measure, order: str, causes: Mapping[int, float]
) -> None:
    """Draw the picture."""
    rows = frame(recommender, explanation, measure, order, causes)
    title, ink = say(EFFECT_TITLES[measure]), chart_view.text_and_background()[0]
    panels = [Panel("effect", title, True, 3), Panel("attention", "What it looked at", False, 2)]
    chart_view.show(
        charts.bar_panels(rows, panels, ink),
        f"{title}: " + "; ".join(in_words(row) for row in rows.itertuples()),
        name="What moved it",
        about=say_around(partial(sentence, explanation, measure), recommender.catalogue.title),
    )


def in_words(row: Any) -> str:
    """Return a row of ``frame`` for those who do not see it."""
    parts = [row.effect_text] if row.effect_text else []
    if row.attention_text:
        parts.append(f"looked at {row.attention_text}")
    return f"{row.label} {', '.join(parts)}"


def legend(recommender: Recommender, explanation: Explanation, measure: Measure, causes: Mapping[int, float]) -> str:
    """Return what one must know to read the picture."""
    effect = {
        "expected": "▲ raises, ▼ lowers the expected rating by that many stars",
        "like_logit": "▲ multiplies the odds that they come to like it (×), ▼ divides them (÷)",
        "liked": "▲ raises, ▼ lowers the chance by that many percentage points",
        "next_logit": "▲ makes the movie that many times as likely (×), ▼ that many times less likely (÷)",
    }[measure]
    sentences = [
        f"{effect}, compared with the same visitor without it (leave-one-out).",
        "Grey: what the model looked at (attention).",
    ]
    unread = len(explanation.visitor.history) - len(explanation.events)
    if unread:
        are = "is" if unread == 1 else "are"
        sentences.append(
            f"This model reads the newest {recommender.max_history}; {count(unread, 'older movie')} of the history "
            f"{are} not read."
        )
    if causes:
        sentences.append(f"{PLANTED} marks what truly moves this movie by the demo world’s own rules (planted causes).")
    return say(" ".join(sentences))
