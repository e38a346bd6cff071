"""The visitor A and the copy B side by side: what is different, how the list moved, and changes to try."""

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
from pages.shared.widgets import chart_view, list_controls, page_frame, visitor_editor
from pages.shared.wording import say, say_around
from pages.what_if import state, suggestions, tables

TITLE = "Compare"
TOP_K = 10


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the view; its sentence goes into ``headline``."""
    a, b = visitor_state.current("a"), visitor_state.current("b")
    options = list_controls.rank_options(recommender)
    comparison = compare_visitors(recommender, a, b, TOP_K, options, state.searched(b))
    with headline:
        st.title(_sentence(recommender, comparison), anchor=False)
    _draw_suggestions(recommender, a, b)
    moves, copy = page_frame.wide_beside_slim("compare")
    with moves:
        _draw_ranks(comparison, options)
        draw_order(recommender, options)
        tables.draw_changes(recommender, comparison)
    with copy:
        _draw_copy(recommender, comparison)
        visitor_editor.render(recommender.catalogue, recommender.bundle.levels, recommender.max_history, slot="b")
        _draw_forget(recommender, b)
    tables.draw_lists(recommender, comparison, options)


def _sentence(recommender: Recommender, comparison: Comparison) -> str:
    if comparison.edits:
        return escape_markdown(say_around(comparison.describe, recommender.catalogue.title).removesuffix("."))
    if not comparison.first:
        return "Change something about this visitor and see what moves"
    best = comparison.first[0]
    if not recommender.domain.rated:
        chance = f": {percent(best.watch_next or 0)} likely to be next. Change something and see what moves"
        return f"{escape_markdown(best.title)} leads this visitor’s list{chance}"
    value = f"with {stars(round(best.expected_rating, 1))}"
    if comparison.order == "like" and best.will_like is not None:
        value += say(f", and {percent(best.will_like)} likely to be watched and liked")
    elif comparison.order != "rating" and best.watch_next is not None:
        value += f", and {percent(best.watch_next)} likely to be next"
    return f"{escape_markdown(best.title)} leads this visitor’s list {value}: change something and see what moves"


def _draw_suggestions(recommender: Recommender, a: Visitor, b: Visitor) -> None:
    """Draw suggested changes. They stay when one was made, so that the next one is a click away."""
    unfiltered = list_controls.unfiltered(recommender)
    key = model_key(recommender, a, unfiltered)
    suggested = cached("suggestions", key, lambda: suggestions.suggest(recommender, a, unfiltered))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="what_if_starts"):
        st.markdown("**Try:**", width="content")
        for number, suggestion in enumerate(suggested):
            changed = suggestion.edit.apply(a)
            st.button(
                escape_markdown(suggestion.label),
                key=f"start_{number}",
                icon=f":material/{suggestion.icon}:",
                type="primary" if changed == b else "secondary",
                help="B becomes A with this one change",
                on_click=visitor_state.replace,
                args=(changed, "b"),
            )


def _draw_ranks(comparison: Comparison, options: RankOptions) -> None:
    moves = comparison.moves
    if moves.empty:
        st.info(
            say("There is nothing to rank: no movie passes the filters, or all have been seen."), icon=":material/info:"
        )
        return
    ink, _ = chart_view.text_and_background()
    ranks = [f"{row.title} {_rank(row.rank_a)} → {_rank(row.rank_b)}" for row in moves.itertuples()]
    chart_view.show(charts.bump(moves, TOP_K, ink), "Ranks in A and in B: " + "; ".join(ranks))
    filters = list_controls.describe(options)
    if filters:
        filters = f" Filters of the Recommend page apply: {escape_markdown(filters)}."
    st.caption(
        say(
            f"The top {TOP_K} of A and of B. Solid lines to ▲ rise, dashed lines to ▼ fall, thin lines stay; “seen” "
            "means in the history."
        )
        + filters
    )


def _rank(rank: int | None) -> str:
    return say("seen") if rank is None or pd.isna(rank) else f"{rank:,}"


def draw_order(recommender: Recommender, options: RankOptions) -> None:
    """Draw the order of both lists, which is that of the Recommend page: a widget of its own, as each page needs."""
    if len(recommender.orders) == 1:
        return
    orders = list_controls.ORDERS
    st.segmented_control(
        "Order of both lists",
        recommender.orders,
        required=True,
        format_func=lambda order: orders[order][0],
        label_visibility="collapsed",
        **controlled("what_if_order", options.order, lambda order: settings.update(order=order)),
    )
    blend = f"Likely next and liked: the first has a weight of {options.weight:.0%}, as set on the Recommend page."
    st.caption(blend if options.order == "blend" else list_controls.explain(options))


def _draw_copy(recommender: Recommender, comparison: Comparison) -> None:
    """Draw the head of the editor: what is different, and what can be done with the two visitors."""
    same = not comparison.edits
    st.header("B: the copy to change", anchor=False)
    edits = say_around(
        lambda title: describe_edits(comparison.a, comparison.edits, title, 3, recommender.domain),
        recommender.catalogue.title,
    )
    st.caption("The same as A so far. Change anything here." if same else f"Compared with A: {escape_markdown(edits)}.")
    with st.container(horizontal=True, gap="xsmall", key="what_if_ways"):
        for name, label, icon, help_text, on_click in (
            ("swap", "Swap", "swap_horiz", "Exchanges A and B", _swap),
            ("keep", "Keep B as A", "check", "B becomes the visitor, on every page", _promote),
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


def _promote() -> None:
    visitor_state.promote_copy()
    st.toast("B is the visitor now, on every page. Undo on the Recommend page brings A back.", icon=":material/check:")


def _draw_forget(recommender: Recommender, b: Visitor) -> None:
    events, title = b.history, recommender.catalogue.title
    indices = range(1, len(events))
    st.selectbox(
        "Forget everything before",
        indices,
        index=None,
        format_func=lambda index: f"{title(events[index].movie_id)} · keeps {len(events) - index}",
        placeholder="Forget everything before …" if len(indices) else "Nothing to forget yet",
        key="b_forget",
        on_change=_forget,
        disabled=not len(indices),
        label_visibility="collapsed",
    )


def _forget() -> None:
    index = st.session_state["b_forget"]
    st.session_state["b_forget"] = None
    if index is not None:
        visitor_state.replace(Forget(index).apply(visitor_state.current("b")), "b")
