"""Lists over the whole catalogue: is the next movie on them, and what else is."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.presentation import charts
from bst.presentation.glossary import NEXT_MEANS
from bst.timelines.arrays import TIE_ORDERS
from pages.evaluation import sentences
from pages.shared.format import count, percent
from pages.shared.widgets import chart_view

ORDERS = {
    "next": "Likely next",
    "blend": "Both, half and half",
    "rating": "By expected rating",
    "popularity": "Popularity",
}
FIGURES = {"hr": "HR@K", "ndcg": "NDCG@K"}
MEANINGS = {
    "hr": "HR@K (hit rate): how often the movie that was rated next is among the first K of the list.",
    "ndcg": "NDCG@K: the same, but a hit counts less the further down it stands; 1 would be first place always.",
}


def render(bundle: Bundle, record: dict) -> None:
    """Draw the section."""
    found = record.get("ranking")
    if not found:
        st.markdown("No lists were made of this model.")
        return
    orders = {name: found["orders"][name] for name in ORDERS if name in found["orders"]}
    st.markdown(_sentence(orders))
    left, right = st.columns(2, gap="large")
    with left:
        _draw_lines(orders)
    with right:
        _draw_lists(found, orders)
    of = f" of {found['of']:,}, drawn at random" if found["of"] > found["users"] else ""
    entered = "The users are simulated." if bundle.simulated else NEXT_MEANS
    ties = TIE_ORDERS.get(record.get("tie_order"), "")
    st.caption(
        f"Lists of {count(found['users'], 'user')}{of}, as they were before their last test rating: the whole "
        f"catalogue but for what they had seen, never a sample of it. {entered} Popularity: for everyone "
        f"what most people have rated. {ties}"
    )


def _sentence(orders: dict) -> str:
    theirs = orders["popularity"]["hr"]["10"][0]
    if "next" in orders:
        ours = orders["next"]["hr"]["10"][0]
        times = f", {ours / theirs:.0f} times as often as popularity" if theirs and ours > 1.5 * theirs else ""
        return f"The movie rated next is among the first ten of “Likely next” in **{percent(ours)}** of cases{times}."
    ours = orders["rating"]["hr"]["10"][0]
    return (
        f"The movie rated next is among the ten with the highest expected rating in **{percent(ours)}** of cases "
        f"(popularity: {percent(theirs)}). This model was not made to name it: what somebody would love and what they "
        "watch next are two questions."
    )


def _draw_lines(orders: dict) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Is the next movie on the list?", anchor=False, width="content")
        figure = st.segmented_control(
            "Figure",
            list(FIGURES),
            default="hr",
            required=True,
            format_func=FIGURES.get,
            key="evaluation_ranking",
            persist_state="session",
            label_visibility="collapsed",
        )
    rows = [(k, ORDERS[order], *values) for order, found in orders.items() for k, values in found[figure].items()]
    table = pd.DataFrame(rows, columns=["k", "name", "value", "low", "high"])
    told = "; ".join(
        f"{name}: " + ", ".join(f"{row.value:.3f} at {row.k}" for row in part.itertuples(index=False))
        for name, part in table.groupby("name", sort=False)
    )
    chart_view.show(
        charts.rank_lines(table, FIGURES[figure]),
        f"{FIGURES[figure]}: {told}",
        name="Next movie on the list",
        about=MEANINGS[figure],
    )
    ranks = "; ".join(f"{ORDERS[order]} {found['mrr'][0]:.3f}" for order, found in orders.items())
    st.caption(f"{MEANINGS[figure]} MRR, the mean of 1 / place: {ranks}. Bars: {sentences.INTERVAL}")


def _draw_lists(found: dict, orders: dict) -> None:
    listed = {name: order for name, order in orders.items() if "coverage" in order}
    if not listed:
        return
    ks = [k for k in next(iter(listed.values()))["coverage"] if k != "1"]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("What is on the lists?", anchor=False, width="content")
        k = st.selectbox(
            "Places",
            ks,
            index=ks.index("10") if "10" in ks else 0,
            format_func=lambda k: f"first {k}",
            key="evaluation_k",
            persist_state="session",
            label_visibility="collapsed",
            width=130,
        )
    rows = []
    for name, order in listed.items():
        rows.append(
            (
                ORDERS[name],
                percent(order["coverage"][k]),
                f"{order['novelty'][k]:.1f}",
                f"{order['diversity'].get(k, 0):.2f}",
                percent(order["popular"][k]),
            )
        )
    rows.append(("What was rated next", "", f"{found['given']['novelty']:.1f}", "", percent(found["given"]["popular"])))
    st.dataframe(
        pd.DataFrame(rows, columns=["List", "Coverage", "Novelty", "Diversity", "Popular"]),
        hide_index=True,
        column_config={
            "List": st.column_config.TextColumn(width=150),
            **{name: st.column_config.TextColumn(width=72) for name in ("Coverage", "Novelty", "Diversity", "Popular")},
        },
        alt=f"Coverage, novelty, diversity and share of popular movies of the first {k} of each list",
    )
    st.caption(
        "**Coverage**: how much of the catalogue is on anybody's list. **Novelty**: how little known the movies are, "
        "in bits; one more means half as many people have rated them. **Diversity**: how different the genres of a "
        "list are, from 0 (all alike) to 1. **Popular**: the share of places that the most rated twentieth of the "
        "catalogue takes. The last line is what people chose: a list far more popular than that hides the rest."
    )
