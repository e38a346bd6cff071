"""Whether attention may be read as a reason: how far it agrees with what moved the prediction."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bst.explanation.agreement import Agreement, agreement, spearman
from bst.explanation.agreement import attention_verdict as trust_words
from bst.explanation.insight_record import ClarityBand, Insights, Spread
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.presentation.charts import Panel
from bst.scoring.results import IntegratedGradients
from pages.shared.format import escape_markdown
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view
from pages.why import contributions, ground_truth, known_insights
from pages.why.controls import Whose

METHODS = {
    "influence": "Leaving movies out",
    "gradients": "Integrated gradients",
    "attention": "Attention",
    "chance": "Guessing",
}


def sentence(recommender: Recommender, told: Explanation) -> str:
    """Return in one plain sentence how far this attention may be trusted."""
    return trust_words(_found(told), known_insights.insights(recommender))


def _found(told: Explanation) -> Agreement:
    return agreement(told.attention, told.event_effects("expected"))


def render(recommender: Recommender, who: Whose, told: Explanation) -> None:
    """Draw the agreement in a sample and here, the third view, and the demo world's ground truth."""
    insights = known_insights.insights(recommender)
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        _draw_agreement(recommender, told, insights)
    if ground_truth.known(recommender):
        with grid.cell():
            _draw_truth(recommender, told, insights)
    _draw_third_view(recommender, told)


def _draw_agreement(recommender: Recommender, told: Explanation, insights: Insights | None) -> None:
    st.header("Do attention and effect name the same movies?", anchor=False)
    rows = _agreement_rows(_found(told), _by_gradients(recommender, told), insights)
    if rows["here"].notna().any() or insights:
        shown = rows[rows["here"].notna() | rows["middle"].notna()]
        chart_view.show(
            charts.agreement(shown, chart_view.text_and_background()[0]), _agreement_words(shown), name="Agreement"
        )
        here = "◆ is this prediction. " if rows["here"].notna().any() else ""
        spread = "Bars hold the middle 80% of other visitors, the line in them is the median." if insights else ""
        st.caption(
            "Every movie of the history has a place by attention and one by how much it moves the rating. 1: both "
            f"orders are the same; 0: they have nothing to do with each other. {here}{spread}"
        )
        if insights:
            _draw_how(insights)
    if insights is None:
        known_insights.draw_missing(recommender, "how other visitors fare")


def _draw_how(insights: Insights) -> None:
    with st.expander("Who the others are, and what the pale bars are for"):
        st.markdown(escape_markdown(insights.sample.description))
        st.markdown(
            "**Gradients instead**: integrated gradients in attention's place. **Uniform attention**: every movie gets "
            "the same attention, which says nothing. **Shuffled order**: the attention that the same movies get when "
            "their order is shuffled at random."
        )
        if change := insights.uniform_change:
            st.markdown(
                f"If the model looked at everything equally, its rating would change by {change.mean:.2f} ★ on "
                f"average. Leaving out the one movie that matters most changes it by {change.one_event:.2f} ★."
            )


def _agreement_rows(found: Agreement, by_gradients: float | None, insights: Insights | None) -> pd.DataFrame:
    spreads: list[Spread | None] = []
    if insights:
        spreads = [insights.agreement.mean, *insights.agreement.layers, *insights.agreement.heads]
    names = ["Mean of all heads", *found.layer_names, *found.names]
    here = [found.mean, *found.layers, *found.heads]
    spreads += [None] * (len(names) - len(spreads))
    rows = [(name, False, value, *_spread(spread)) for name, value, spread in zip(names, here, spreads, strict=True)]
    rows.append(("Gradients instead", True, by_gradients, *_spread(insights.agreement.gradients if insights else None)))
    if insights:
        rows.append(("Uniform attention", True, None, *_spread(insights.controls.uniform)))
        rows.append(("Shuffled order", True, None, *_spread(insights.controls.permuted)))
    return pd.DataFrame(rows, columns=["name", "control", "here", "low", "middle", "high"]).astype(
        dict.fromkeys(("here", "low", "middle", "high"), float)
    )


def _spread(spread: Spread | None) -> tuple[float | None, float | None, float | None]:
    if not spread:
        return None, None, None
    return spread.quantiles[1], spread.quantiles[5], spread.quantiles[9]


def _agreement_words(rows: pd.DataFrame) -> str:
    said = []
    for row in rows.itertuples():
        here = "" if pd.isna(row.here) else f" here {row.here:+.2f}"
        sampled = "" if pd.isna(row.middle) else f" median visitor {row.middle:+.2f}"
        said.append(f"{row.name}:{here}{',' if here and sampled else ''}{sampled}")
    return "Rank correlation of attention and effect. " + "; ".join(said)


def _gradients(recommender: Recommender, told: Explanation) -> IntegratedGradients:
    return cached(
        "gradients",
        model_key(recommender, told.visitor, told.movie_id),
        lambda: recommender.integrated_gradients(told.visitor, told.movie_id),
    )


def _by_gradients(recommender: Recommender, told: Explanation) -> float | None:
    """Return how far integrated gradients order the events as leaving them out does."""
    return spearman(abs(_gradients(recommender, told).event_effects), abs(told.event_effects("expected")))


def _draw_third_view(recommender: Recommender, told: Explanation) -> None:
    st.header("A third view: integrated gradients", anchor=False)
    if not told.events:
        st.caption("With no history there is nothing to compare.")
        return
    made = _gradients(recommender, told)
    causes = ground_truth.causes(recommender, told)
    more = {"gradient": (made.event_effects, made.rest)}
    rows = contributions.frame(recommender, told, "expected", "time", causes, more)
    rows = rows[rows[["moved", "looked", "gradient"]].notna().any(axis=1)]
    panels = [
        Panel("moved", "Removed", True, 3),
        Panel("gradient", "Gradients", True, 3),
        Panel("looked", "Attention", False, 2),
    ]
    chart_view.show(
        charts.bar_panels(rows, panels, chart_view.text_and_background()[0]),
        "Effect of leaving out, integrated gradients and attention: "
        + "; ".join(
            f"{contributions.words(row, True)}, gradients {row.gradient_text or 'none'}" for row in rows.itertuples()
        ),
        name="Three views",
    )
    st.caption(
        f"Integrated gradients follow the rating from {made.baseline:.2f} ★, of a visitor about whom nothing is known, "
        f"to {made.expected:.2f} ★, and share out the difference. Movies in the order they were watched."
    )


def _draw_truth(recommender: Recommender, told: Explanation, insights: Insights | None) -> None:
    st.header("Who finds the true causes?", anchor=False)
    causes = ground_truth.causes(recommender, told)
    title = recommender.catalogue.title
    strongest = sorted(causes, key=lambda place: -abs(causes[place]))[:3]
    if causes:
        named = ", ".join(
            f"{title(told.events[place].movie_id)} ({'▲' if causes[place] > 0 else '▼'} {abs(causes[place]):.2f} ★)"
            for place in strongest
        )
        st.markdown(
            escape_markdown(f"In the demo world the rules are known. What truly moves this movie most: {named}.")
        )
    elif told.events:
        st.markdown("In the demo world the rules are known: no movie of this history truly moves this one.")
    planted = insights.planted if insights else None
    if planted:
        shown = [(name, getattr(planted, method)) for method, name in METHODS.items()]
        rows = pd.DataFrame([(name, share) for name, share in shown if share is not None], columns=["name", "share"])
        words = ", ".join(f"{row.name} {row.share:.0%}" for row in rows.itertuples(index=False))
        chart_view.show(
            charts.precision(rows), f"Share of true causes among the first three: {words}", name="True causes"
        )
        st.caption(escape_markdown(f"{planted.description} {_weaker(planted.by_clarity[:-1])}"))


def _weaker(bands: Sequence[ClarityBand]) -> str:
    """Say how it goes where the causes are weaker: "Weaker causes are found less often: of 0.3 ★ by leaving …"."""
    said = [
        f"from {band.stars:g} ★ {band.influence:.0%} by leaving out, {band.attention:.0%} by attention"
        for band in reversed(bands)
        if band.cases
    ]
    return f"Weaker causes are found less often: {'; '.join(said)}." if said else ""
