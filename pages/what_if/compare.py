"""A beside B: what changed, how the list moved, and the changes to try."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.inference.recommender import RankOptions, Recommender
from bst.presentation import charts
from bst.schema import Visitor
from bst.text import percent
from bst.what_if import Comparison
from bst.what_if import compare as compare_visitors
from bst.what_if.edits import Forget, describe_edits
from pages.shared.format import escape_markdown, stars
from pages.shared.state import settings, visitor_state
from pages.shared.state.controlled import controlled
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view, list_controls, visitor_editor
from pages.what_if import suggestions, tables

LENGTH = 10


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the part; its sentence goes into ``headline``."""
    a, b = visitor_state.current("a"), visitor_state.current("b")
    options = list_controls.rank_options(recommender)
    made = compare_visitors(recommender, a, b, LENGTH, options)
    with headline:
        st.title(_sentence(recommender, made), anchor=False)
    _draw_starts(recommender, a, b)
    grid = st.grid(2, min_column_width=320)
    with grid.cell():
        _draw_picture(made, options)
        _draw_order(recommender, options)
        tables.draw_changes(recommender, made)
    with grid.cell():
        _draw_head(recommender, made)
        visitor_editor.render(recommender.catalogue, recommender.bundle.levels, recommender.max_history, slot="b")
        _draw_forget(recommender, b)
    tables.draw_lists(recommender, made, options)


def _sentence(recommender: Recommender, made: Comparison) -> str:
    if made.edits:
        return escape_markdown(made.describe(recommender.catalogue.title).removesuffix("."))
    if not made.first:
        return "Change something about this visitor and see what moves"
    best = made.first[0]
    value = f"with {stars(round(best.expected_rating, 1))}"
    if made.order != "rating":
        value += f", and {percent(best.watch_next)} likely to be next"
    return f"{escape_markdown(best.title)} leads this visitor’s list {value}: change something and see what moves"


def _draw_starts(recommender: Recommender, a: Visitor, b: Visitor) -> None:
    """Draw ready changes. They stay when one was made, so that the next one is a click away."""
    proposals = cached("starts", model_key(recommender, a), lambda: suggestions.proposals(recommender, a))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="what_if_starts"):
        st.markdown("**Try:**", width="content")
        for number, start in enumerate(proposals):
            changed = start.edit.apply(a)
            st.button(
                escape_markdown(start.label),
                key=f"start_{number}",
                icon=f":material/{start.icon}:",
                type="primary" if changed == b else "secondary",
                help="Makes B the visitor with this one change",
                on_click=visitor_state.replace,
                args=(changed, "b"),
            )


def _draw_picture(made: Comparison, options: RankOptions) -> None:
    if made.moves.empty:
        st.info("There is nothing to rank: the filters let no movie pass, or all are seen.", icon=":material/info:")
        return
    ink, _ = chart_view.text_and_background()
    ranks = [f"{row.title} {_rank(row.rank_a)} → {_rank(row.rank_b)}" for row in made.moves.itertuples()]
    chart_view.show(charts.bump(made.moves, LENGTH, ink), "Ranks in A and in B: " + "; ".join(ranks))
    filters = list_controls.describe(options)
    if filters:
        filters = f" Filters of the Recommend page apply: {escape_markdown(filters)}."
    st.caption(
        f"The first {LENGTH} movies of A and of B. A solid line to ▲ rises, a dashed one to ▼ falls, a thin one stays; "
        f"“seen” is in the history.{filters}"
    )


def _draw_order(recommender: Recommender, options: RankOptions) -> None:
    """Draw the order of both lists, which is that of the Recommend page: a widget of its own, as each page needs."""
    if len(recommender.orders) == 1:
        return
    words = list_controls.ORDERS
    st.segmented_control(
        "Order of both lists",
        recommender.orders,
        required=True,
        format_func=lambda order: words[order][0],
        label_visibility="collapsed",
        **controlled("what_if_order", options.order, lambda order: settings.update(order=order)),
    )
    blend = f"Likely next and liked: the first counts {options.weight:.0%}, as set on the Recommend page."
    st.caption(blend if options.order == "blend" else words[options.order][1])


def _rank(rank: int | None) -> str:
    return "seen" if pd.isna(rank) else f"{rank:,}"


def _draw_head(recommender: Recommender, made: Comparison) -> None:
    """Draw the head of the editor: what is different, and what can be done with the two visitors."""
    same = not made.edits
    st.header("B: the copy to change", anchor=False)
    words = escape_markdown(describe_edits(made.a, made.edits, recommender.catalogue.title, most=3))
    st.caption("The same as A so far. Change anything here." if same else f"Against A: {words}.")
    with st.container(horizontal=True, gap="xsmall", key="what_if_ways"):
        for name, label, icon, help_text, on_click in (
            ("swap", "Swap", "swap_horiz", "A becomes what B is, and B what A is", _swap),
            ("keep", "Keep B as A", "check", "The visitor becomes B, on every page", _keep),
            ("again", "Start again", "restart_alt", "B becomes the same as A", visitor_state.reset_copy),
        ):
            st.button(
                label,
                key=f"what_if_{name}",
                icon=f":material/{icon}:",
                help="A and B are the same" if same else help_text,
                disabled=same,
                on_click=on_click,
            )


def _swap() -> None:
    visitor_state.swap()
    st.toast("A and B have changed places.", icon=":material/swap_horiz:")


def _keep() -> None:
    visitor_state.promote_copy()
    st.toast("B is the visitor now, on every page. Undo on the Recommend page brings A back.", icon=":material/check:")


def _draw_forget(recommender: Recommender, b: Visitor) -> None:
    events, title = b.history, recommender.catalogue.title
    places = range(1, len(events))
    st.selectbox(
        "Forget everything before",
        places,
        index=None,
        format_func=lambda place: f"{title(events[place].movie_id)} · keeps {len(events) - place}",
        placeholder="Forget everything before …" if len(places) else "Nothing to forget yet",
        key="b_forget",
        on_change=_forget,
        disabled=not len(places),
        label_visibility="collapsed",
    )


def _forget() -> None:
    place = st.session_state["b_forget"]
    st.session_state["b_forget"] = None
    if place is not None:
        visitor_state.replace(Forget(place).apply(visitor_state.current("b")), "b")
