"""Whether attention may be read as a reason: how far it agrees with what moved the prediction."""

from functools import partial
from typing import NamedTuple

import pandas as pd
import streamlit as st

from bst.explanation.agreement import Agreement, agreement, attention_verdict, spearman
from bst.explanation.fidelity_record import PlantedBand, PlantedPrecision, TaskFidelity
from bst.explanation.insight_record import Insights, Spread
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts, fidelity_text
from bst.presentation.charts import Panel
from bst.presentation.vocabulary import explainer_label
from bst.scoring.results import IntegratedGradients
from pages.shared import turns
from pages.shared.format import escape_markdown
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view
from pages.shared.wording import say
from pages.why import contributions, ground_truth, known_insights
from pages.why.controls import Subject

TITLE = "Can attention be trusted?"
# ways to explain whose finds are drawn
FINDERS = ("leave_one_out", "integrated_gradients", "attention", "recency", "random")
# true causes that are named in words
MAX_NAMED = 3


class Row(NamedTuple):
    """One rank correlation: ``here``, for this prediction, and the 1st, 5th and 9th decile over other visitors.

    ``control`` marks rows that are there for comparison only.
    """

    name: str
    control: bool
    here: float | None
    low: float | None = None
    middle: float | None = None
    high: float | None = None


def sentence(recommender: Recommender, explanation: Explanation) -> str:
    """Return in one plain sentence how far the attention of this prediction may be trusted."""
    return attention_verdict(_agreement(explanation), known_insights.insights(recommender))


def _agreement(explanation: Explanation) -> Agreement:
    return agreement(explanation.attention, explanation.event_effects("expected"))


def render(recommender: Recommender, subject: Subject, explanation: Explanation) -> None:
    """Draw which view is faithful to the model, how far attention agrees with effects here and over other visitors, the
    ground truth of the demo world, and the third view.
    """
    insights = known_insights.insights(recommender)
    fidelity = insights.fidelity.of("rating") if insights and insights.fidelity else None
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        if fidelity:
            _draw_fidelity(fidelity)
        elif insights:
            known_insights.draw_missing(recommender, "which view is faithful to the model")
    with grid.cell():
        _draw_agreement(recommender, explanation, insights)
    if ground_truth.is_known(recommender):
        with grid.cell():
            _draw_ground_truth(recommender, explanation, insights)
    _draw_gradients(recommender, explanation)


def _draw_fidelity(fidelity: TaskFidelity) -> None:
    st.header("Which view should you believe?", anchor=False)
    verdict = say(fidelity_text.verdict(fidelity))
    st.markdown(escape_markdown(verdict))
    chart_view.show(
        partial(charts.fidelity, fidelity_text.curves(fidelity), chart_view.text_and_background()[0]),
        verdict,
        name="Fidelity",
    )
    st.caption(
        say(
            f"Measured on {fidelity.visitors} visitors, for the movie that each of them is expected to rate highest. "
            "Each way to explain names the movies that speak most for it; these are taken out of the history, or kept "
            "alone (deletion and insertion, Baklanov et al. 2025). The farther from 0, the better it knows what the "
            "model goes by."
        )
    )


def _draw_agreement(recommender: Recommender, explanation: Explanation, insights: Insights | None) -> None:
    st.header(say("Do attention and effect name the same movies?"), anchor=False)
    rows = _agreement_rows(_agreement(explanation), _gradient_agreement(recommender, explanation), insights)
    defined_here = bool(rows["here"].notna().any())
    if defined_here or insights:
        rows = rows[rows["here"].notna() | rows["middle"].notna()]
        chart_view.show(
            charts.agreement(rows, chart_view.text_and_background()[0]), _agreement_in_words(rows), name="Agreement"
        )
        here = " ◆ is this prediction." if defined_here else ""
        others = " Bars hold the middle 80% of other visitors; the line in each is the median." if insights else ""
        st.caption(
            say(
                "Each movie of the history has a rank by attention and a rank by how much it moves the rating. 1: both "
                f"rank the movies the same; 0: the ranks are unrelated (Spearman’s rank correlation).{here}{others}"
            )
        )
        if insights:
            _draw_method(insights)
    if insights is None:
        known_insights.draw_missing(recommender, "how other visitors fare")


def _draw_method(insights: Insights) -> None:
    with st.expander("Who the other visitors are, and what the pale bars are for"):
        st.markdown(escape_markdown(say(insights.sample.description)))
        st.markdown(
            say(
                "**Gradients instead**: integrated gradients in place of attention. **Uniform attention**: the same "
                "attention for every movie, which carries no information. **Shuffled order**: the attention that the "
                "same movies get when their order is shuffled at random."
            )
        )
        if change := insights.uniform_change:
            st.markdown(
                say(
                    f"If the model looked at everything equally, its rating would change by {change.mean:.2f} ★ on "
                    f"average. Leaving out the one movie that matters most changes it by {change.one_event:.2f} ★."
                )
            )


def _agreement_rows(here: Agreement, by_gradients: float | None, insights: Insights | None) -> pd.DataFrame:
    spreads: list[Spread | None] = []
    if insights:
        spreads = [insights.agreement.mean, *insights.agreement.layers, *insights.agreement.heads]
    names = ["Mean of all heads", *here.layer_names, *here.names]
    values = [here.mean, *here.layers, *here.heads]
    spreads += [None] * (len(names) - len(spreads))
    rows = [
        Row(name, False, value, *_deciles(spread)) for name, value, spread in zip(names, values, spreads, strict=True)
    ]
    rows.append(
        Row("Gradients instead", True, by_gradients, *_deciles(insights.agreement.gradients if insights else None))
    )
    if insights:
        rows.append(Row("Uniform attention", True, None, *_deciles(insights.controls.uniform)))
        rows.append(Row("Shuffled order", True, None, *_deciles(insights.controls.permuted)))
    return pd.DataFrame(rows).astype(dict.fromkeys(("here", "low", "middle", "high"), float))


def _deciles(spread: Spread | None) -> tuple[float | None, float | None, float | None]:
    if not spread:
        return None, None, None
    return spread.quantiles[1], spread.quantiles[5], spread.quantiles[9]


def _agreement_in_words(rows: pd.DataFrame) -> str:
    parts = []
    for row in rows.itertuples():
        here = "" if pd.isna(row.here) else f" here {row.here:+.2f}"
        others = "" if pd.isna(row.middle) else f" median visitor {row.middle:+.2f}"
        parts.append(f"{row.name}:{here}{',' if here and others else ''}{others}")
    return "Rank correlation of attention and effect. " + "; ".join(parts)


def _gradients(recommender: Recommender, explanation: Explanation) -> IntegratedGradients:
    return cached(
        "gradients",
        model_key(recommender, explanation.visitor, explanation.movie_id),
        lambda: recommender.integrated_gradients(explanation.visitor, explanation.movie_id),
        in_turn=turns.is_long(explanation.visitor),
    )


def _gradient_agreement(recommender: Recommender, explanation: Explanation) -> float | None:
    """Return the rank correlation of integrated gradients and the effects of leaving events out."""
    gradients = _gradients(recommender, explanation)
    return spearman(abs(gradients.event_effects), abs(explanation.event_effects("expected")))


def _draw_gradients(recommender: Recommender, explanation: Explanation) -> None:
    st.header("A third view: integrated gradients", anchor=False)
    if not explanation.events:
        st.caption("With no history there is nothing to compare.")
        return
    gradients = _gradients(recommender, explanation)
    causes = ground_truth.causes(recommender, explanation)
    rows = contributions.frame(recommender, explanation, "expected", "time", causes, gradients)
    rows = rows[rows[["effect", "attention", "gradient"]].notna().any(axis=1)]
    panels = [
        Panel("effect", "Left out", True, 3),
        Panel("gradient", "Gradients", True, 3),
        Panel("attention", "Attention", False, 2),
    ]
    chart_view.show(
        charts.bar_panels(rows, panels, chart_view.text_and_background()[0]),
        "Effect of leaving out, integrated gradients and attention: "
        + "; ".join(
            f"{contributions.in_words(row)}, gradients {row.gradient_text or 'none'}" for row in rows.itertuples()
        ),
        name="Three views",
    )
    st.caption(
        say(
            f"Integrated gradients follow the rating from {gradients.baseline:.2f} ★, for a visitor of whom nothing is "
            f"known, to {gradients.expected:.2f} ★, and divide the difference among the inputs. Movies in the order "
            "they were watched."
        )
    )


def _draw_ground_truth(recommender: Recommender, explanation: Explanation, insights: Insights | None) -> None:
    st.header("Which method finds the true causes?", anchor=False)
    causes = ground_truth.causes(recommender, explanation)
    title = recommender.catalogue.title
    if causes:
        named = ", ".join(
            f"{title(explanation.events[index].movie_id)} ({'▲' if effect > 0 else '▼'} {abs(effect):.2f} ★)"
            for index, effect in sorted(causes.items(), key=lambda item: -abs(item[1]))[:MAX_NAMED]
        )
        st.markdown(
            escape_markdown(
                say("In the demo world the rules are known. What truly moves this movie most: ") + f"{named}."
            )
        )
    elif explanation.events:
        st.markdown(say("In the demo world the rules are known: no movie of this history truly moves this one."))
    if insights and insights.planted:
        _draw_planted(insights.planted)


def _draw_planted(planted: PlantedPrecision) -> None:
    rows = pd.DataFrame(
        [
            (say(explainer_label(method)), _band_label(band), one.value, one.low, one.high)
            for method in FINDERS
            for band in planted.bands
            if (one := band.precision.get(method))
        ],
        columns=["name", "band", "value", "low", "high"],
    )
    in_words = "; ".join(
        f"{name}: " + ", ".join(f"{row.value:.0%} ({row.band})" for row in group.itertuples())
        for name, group in rows.groupby("name", sort=False)
    )
    chart_view.show(
        partial(charts.precision, rows, chart_view.text_and_background()[0]),
        f"Share of true causes among the first three: {in_words}",
        name="True causes",
    )
    named = planted.bands[1].low
    st.caption(
        escape_markdown(
            f"{planted.description} The limits were set beforehand, by what shows in the app: from "
            f"{planted.bands[0].low:g} ★ on an effect counts as noticeable, from {named:g} ★ on as a reason."
        )
    )


def _band_label(band: PlantedBand) -> str:
    return f"{band.low:g} ★ or more" if band.high is None else f"{band.low:g} to {band.high:g} ★"
