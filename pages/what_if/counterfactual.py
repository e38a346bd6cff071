"""The smallest change that brings a movie where one wants it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.inference.recommender import RankOptions, Recommender
from bst.schema import Visitor
from bst.text import count
from bst.what_if import Counterfactual, Goal, SearchResult
from bst.what_if import find_counterfactuals as search
from bst.what_if.edits import describe_edits, ordinal
from pages.shared.format import escape_markdown
from pages.shared.state import session_cache, settings, visitor_state
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import list_controls

BUDGET, RESULTS = 2000, 5
# a movie that is nearly there makes a question with an answer
PROPOSED_PLACE = 15
# by kind and above, as ``Goal`` has them
WISHES = {
    ("top", True): "brings it into the top places",
    ("top", False): "pushes it out of the top places",
    ("stars", True): "brings it above a number of stars",
    ("stars", False): "pushes it below a number of stars",
}
STARS = (1.1, 4.9)


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the part; its sentence goes into ``headline``."""
    visitor, options = visitor_state.current(), list_controls.rank_options(recommender)
    _clean(recommender, visitor)
    grid = st.grid(2, min_column_width=320)
    answer = grid.cell()
    with grid.cell(), st.container(border=True):
        goal = _draw_question(recommender, options)
        unlisted = goal.kind == "top" and goal.movie_id in visitor.ratings
        pressed = st.button(
            "Find the smallest change", key="goal_find", type="primary", icon=":material/search:", disabled=unlisted
        )
    asked = model_key(recommender, visitor, goal)
    with answer:
        found = _search(recommender, visitor, goal, asked) if pressed else session_cache.get("search", asked)
        _draw_now(recommender, visitor, goal)
        if unlisted:
            st.info(
                "It is in the history, so no list names it. Ask for its stars instead, or choose another movie.",
                icon=":material/info:",
            )
        else:
            _draw_answer(recommender, visitor, goal, found)
    with headline:
        st.title(escape_markdown(_sentence(recommender, visitor, goal, found)), anchor=False)


def _clean(recommender: Recommender, visitor: Visitor) -> None:
    at = settings.key("goal_movie")
    if st.session_state[at] is None or st.session_state[at] not in recommender.catalogue:
        rows = recommender.rank(visitor, PROPOSED_PLACE)
        st.session_state[at] = rows[-1].movie_id if rows else int(recommender.catalogue.movies["movie_id"].iloc[0])


def _draw_question(recommender: Recommender, options: RankOptions) -> Goal:
    titles = recommender.catalogue.movies.set_index("movie_id")["title"].to_dict()
    movie = st.selectbox(
        "Movie",
        list(titles),
        format_func=titles.get,
        key=settings.key("goal_movie"),
        persist_state="session",
    )
    state, kind_key, above_key = st.session_state, settings.key("goal_kind"), settings.key("goal_above")
    state["goal_wish"] = (state[kind_key], state[above_key])
    kind, above = st.radio(
        "The smallest change that",
        list(WISHES),
        format_func=WISHES.get,
        key="goal_wish",
        on_change=lambda: state.update({kind_key: state["goal_wish"][0], above_key: state["goal_wish"][1]}),
    )
    if kind == "top":
        value = st.number_input("Places", 1, 100, key=settings.key("goal_top"), persist_state="session")
    else:
        at = settings.key("goal_stars")
        value = st.number_input("Stars", *STARS, step=0.1, format="%.1f", key=at, persist_state="session")
    order = options.order if kind == "top" else "rating"
    if kind == "top" and len(recommender.orders) > 1:
        st.caption(f"Of the list “{list_controls.ORDERS[order][0]}”, as chosen on the Recommend page, unfiltered.")
    return Goal(movie, kind, value, above, order, options.weight)


def _search(recommender: Recommender, visitor: Visitor, goal: Goal, asked) -> SearchResult:
    with st.container(key="goal_progress"):
        bar = st.progress(0.0, text="Making a list of changes to try …")

        def on_progress(done: int, total: int) -> None:
            bar.progress(min(done / total, 1.0) if total else 1.0, text=f"Tried {done:,} of {total:,} changes …")

        found = cached(
            "search", asked, lambda: search(recommender, visitor, goal, BUDGET, RESULTS, on_progress=on_progress)
        )
        bar.empty()
    return found


def _wish(goal: Goal, title: str) -> str:
    """Return what is wanted: "bring Brazil (1985) into the top 10"."""
    if goal.kind == "top":
        return f"bring {title} into the top {goal.value}" if goal.above else f"push {title} out of the top {goal.value}"
    return f"bring {title} above {goal.value:g} ★" if goal.above else f"push {title} below {goal.value:g} ★"


def _sentence(recommender: Recommender, visitor: Visitor, goal: Goal, found: SearchResult | None) -> str:
    title = recommender.catalogue.title
    wish = _wish(goal, title(goal.movie_id))
    if found is None:
        return f"What would it take to {wish}?"
    if found.already_reached:
        return f"Nothing needs to change to {wish}: it is so already"
    if not found.counterfactuals:
        return f"No small change would {wish}: {count(found.tried, 'change')} tried"
    best = found.counterfactuals[0]
    words = describe_edits(visitor, best.edits, title, most=2)
    number = "One change" if len(best.edits) == 1 else f"{len(best.edits)} changes together"
    return f"{number} would {wish}: {words}"


def _draw_now(recommender: Recommender, visitor: Visitor, goal: Goal) -> None:
    row, now = recommender.catalogue.row(goal.movie_id), recommender.recommendation(visitor, goal.movie_id)
    place = "seen"
    if not now.seen:
        ranked = recommender.ranked_rows(visitor, goal.rank_options)
        place = f"{ordinal(int((ranked == row).argmax()) + 1)} of {len(ranked):,}"
    with st.container(horizontal=True):
        st.metric("Expected rating now", f"{now.expected_rating:.2f} ★", width="content")
        st.metric("Place in the list now", place, width="content")


def _draw_answer(recommender: Recommender, visitor: Visitor, goal: Goal, found: SearchResult | None) -> None:
    if found is None:
        st.info(
            f"Press the button to try up to {BUDGET:,} changes of the history: another rating, a movie less, a movie "
            "more, two that change places; first each alone, then two together. It takes a few seconds.",
            icon=":material/info:",
        )
        return
    if found.already_reached:
        st.success("It is so already. Choose another movie or another goal.", icon=":material/check:")
        return
    if not found.counterfactuals:
        st.warning(
            f"None of {count(found.tried, 'change')} was enough, alone or two together. Ask for less: a lower place, "
            "fewer stars, or another movie.",
            icon=":material/search_off:",
        )
        return
    st.caption(f"{count(found.tried, 'change')} tried; the smallest that are enough, the best first.")
    for number, one in enumerate(found.counterfactuals):
        _draw_found(recommender, visitor, goal, one, number)


def _draw_found(recommender: Recommender, visitor: Visitor, goal: Goal, one: Counterfactual, number: int) -> None:
    place = "" if goal.movie_id in one.visitor.ratings else f", {ordinal(one.rank)} in the list"
    words = describe_edits(visitor, one.edits, recommender.catalogue.title, most=2)
    with st.container(border=True, horizontal=True, vertical_alignment="center", wrap=False, key=f"found_{number}"):
        st.markdown(
            f"**{escape_markdown(words[0].upper() + words[1:])}**  \n→ {one.expected:.2f} ★{place}",
            width="stretch",
        )
        st.button(
            "Apply to B",
            key=f"apply_{number}",
            icon=":material/compare_arrows:",
            help="Makes B the visitor with this change, and shows both side by side",
            on_click=_apply,
            args=(one.visitor,),
        )


def _apply(visitor: Visitor) -> None:
    visitor_state.replace(visitor, "b")
    settings.update(what_if_view="compare")
