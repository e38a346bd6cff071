"""Ranked lists over the whole catalogue: the rank of the next movie, and what the lists contain."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation.records import EvaluationRecord, ListMetric, RankingEvaluation
from bst.presentation import charts, frames, sentences
from bst.presentation.vocabulary import CONTENT_METRICS, INTERVAL, LIST_LENGTH, LIST_METRICS, ORDERS
from pages.evaluation import later_likes, next_movie
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say


def render(bundle: Bundle, record: EvaluationRecord) -> None:
    """Render the section: first what is liked later, then the next movie."""
    if record.rating is not None:
        later_likes.render(bundle)
    ranking = record.ranking
    if ranking is None:
        st.markdown("No lists of this model were made.")
        return
    st.markdown(say(sentences.ranking(ranking)))
    left, right = st.columns(2, gap="large")
    with left:
        _render_accuracy(ranking)
    with right:
        _render_content(ranking)
    st.caption(say(sentences.lists_measured_on(bundle, record, ranking)))
    if "next" in ranking.orders:
        next_movie.render(bundle, record)


def _render_accuracy(ranking: RankingEvaluation) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(say("Is the next movie on the list?"), anchor=False, width="content")
        key: ListMetric = choice(
            "Metric", ["hr", "ndcg"], lambda key: LIST_METRICS[key].label, default="hr", key="evaluation_ranking"
        )
    table, metric = frames.rank_curves(ranking, key), LIST_METRICS[key]
    chart_view.show(
        partial(charts.rank_curves, table, metric.label, percent=key == "hr"),
        f"{metric.label}: {sentences.points_text(table, 'k', '.3f')}",
        name=say("Next movie on the list"),
        about=f"{metric.label}. {say(metric.meaning)}",
    )
    mrr = "; ".join(f"{ORDERS[order].label} {m.mrr.value:.3f}" for order, m in frames.known_orders(ranking).items())
    st.caption(
        f"{metric.label}. {say(metric.meaning)} {LIST_METRICS['mrr'].label}. {say(LIST_METRICS['mrr'].meaning)} {mrr}. "
        f"Bars: {INTERVAL}"
    )


def _render_content(ranking: RankingEvaluation) -> None:
    orders = {order: metrics for order, metrics in frames.known_orders(ranking).items() if metrics.coverage}
    if not orders:
        return
    ks = [k for k in next(iter(orders.values())).coverage if k > 1]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("What is on the lists?", anchor=False, width="content")
        k = st.selectbox(
            "Length",
            ks,
            index=ks.index(LIST_LENGTH) if LIST_LENGTH in ks else 0,
            format_func=lambda k: f"first {k}",
            key="evaluation_k",
            persist_state="session",
            label_visibility="collapsed",
            width=130,
        )
    labels = [LIST_METRICS[key].label for key in CONTENT_METRICS]
    rows = [(ORDERS[order].label, *frames.content_cells(metrics, k)) for order, metrics in orders.items()]
    movies = ranking.label_movies
    novelty, popular = LIST_METRICS["novelty"].text(movies.novelty), LIST_METRICS["popular"].text(movies.popular)
    rows.append(("What was rated next", "", novelty, "", popular))
    st.dataframe(
        pd.DataFrame(rows, columns=["List", *labels]),
        hide_index=True,
        column_config={
            "List": st.column_config.TextColumn(width=150),
            **{label: st.column_config.TextColumn(width=72) for label in labels},
        },
        alt=say(f"Coverage, novelty, diversity and share of popular movies of the first {k} of each list"),
    )
    meanings = " ".join(f"**{LIST_METRICS[key].label}**: {say(LIST_METRICS[key].meaning)}" for key in CONTENT_METRICS)
    st.caption(f"{meanings} The last line is what people chose: a list far more popular than that hides the rest.")
