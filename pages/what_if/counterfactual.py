"""The smallest change that brings a movie where you want it."""

from collections.abc import Hashable
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bst.inference.recommender import RankOptions, Recommender
from bst.schema import Visitor
from bst.text import count, ordinal
from bst.what_if import Counterfactual, Goal, SearchResult, Subject, find_counterfactuals
from bst.what_if.instructions import instructions
from pages.shared import turns
from pages.shared.format import capitalised, escape_markdown
from pages.shared.state import chosen_model, session_cache, settings, visitor_state
from pages.shared.state.controlled import controlled
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import list_controls, movie_box, what_if_link
from pages.shared.wording import say
from pages.what_if import state

TITLE = "Find a change"
# a search that takes longer, as of a long history on a slow computer, ends with what it has found
BUDGET, RESULTS, MOST_SECONDS = 2000, 5, 20.0
# a movie that is nearly in the top 10 makes a question that has an answer
PROPOSED_RANK = 15
# by ``Goal.kind`` and ``Goal.above``
DIRECTIONS: dict[tuple[Literal["top", "stars"], bool], str] = {
    ("top", True): "brings it into the top of the list",
    ("top", False): "pushes it out of the top of the list",
    ("stars", True): "raises its expected rating above …",
    ("stars", False): "lowers its expected rating below …",
}
# a smaller goal than one that no change reaches
EASIER: dict[tuple[Literal["top", "stars"], bool], str] = {
    ("top", True): "Ask for a longer top",
    ("top", False): "Ask for a shorter top",
    ("stars", True): "Ask for fewer stars",
    ("stars", False): "Ask for more stars",
}
MIN_STARS, MAX_STARS, STARS_STEP = 1.1, 4.9, 0.1
MAX_TOP = 100


def render(recommender: Recommender, headline: DeltaGenerator) -> None:
    """Draw the view; its sentence goes into ``headline``."""
    visitor, options = visitor_state.current(), list_controls.rank_options(recommender)
    _choose_movie(recommender, visitor)
    grid = st.grid(2, min_column_width=320)
    results = grid.cell()
    with grid.cell(), st.container(border=True):
        goal = _draw_goal(recommender, options)
        in_no_list = goal.kind == "top" and goal.movie_id in visitor
        pressed = st.button(
            "Find the smallest change", key="goal_find", type="primary", icon=":material/search:", disabled=in_no_list
        )
    question = model_key(recommender, visitor, goal)
    with results:
        result = _search(recommender, visitor, goal, question) if pressed else session_cache.get("search", question)
        _draw_now(recommender, visitor, goal)
        if in_no_list:
            st.info(
                say("No list has a movie that was watched. Ask about its rating instead, or choose another movie."),
                icon=":material/info:",
            )
        else:
            _draw_search(recommender, visitor, goal, result)
    with headline:
        st.title(escape_markdown(_sentence(recommender, visitor, goal, result)), anchor=False)


def _choose_movie(recommender: Recommender, visitor: Visitor) -> None:
    """Propose a movie if none is chosen, or if this model does not know it."""
    movie_id = settings.get("goal_movie")
    if movie_id is None or movie_id not in recommender.catalogue:
        rows = recommender.rank(visitor, PROPOSED_RANK, list_controls.unfiltered(recommender))
        settings.update(goal_movie=rows[-1].movie_id if rows else next(iter(recommender.catalogue.titles)))


def _draw_goal(recommender: Recommender, options: RankOptions) -> Goal:
    movie_box.selectbox(
        recommender.catalogue,
        say("Movie"),
        key=settings.key("goal_movie"),
        persist_state="session",
    )
    movie_id = settings.get("goal_movie")
    kind, above = _draw_direction()
    value: float
    if kind == "top":
        value = st.number_input(
            say("Movies in the top (K)"), 1, MAX_TOP, key=settings.key("goal_top"), persist_state="session"
        )
    else:
        value = st.number_input(
            "Stars",
            MIN_STARS,
            MAX_STARS,
            step=STARS_STEP,
            format="%.1f",
            key=settings.key("goal_stars"),
            persist_state="session",
        )
    order = options.order if kind == "top" else "rating"
    if kind == "top" and len(recommender.orders) > 1:
        weight = (
            f" with a popularity weight of {options.popularity_weight:.0%}"
            if order == "like" and options.popularity_weight < 1
            else ""
        )
        st.caption(
            f"In the list “{list_controls.ORDERS[order][0]}”{weight}, as chosen on the Recommend page, without filters."
        )
    return Goal(movie_id, kind, value, above, order, options.weight, options.popularity_weight)


def _draw_direction() -> tuple[Literal["top", "stars"], bool]:
    directions = [one for one in DIRECTIONS if chosen_model.domain().rated or one[0] == "top"]
    direction = settings.get("goal_kind"), settings.get("goal_above")
    if direction not in directions:
        direction = directions[0]
    st.radio(
        "The smallest change that",
        directions,
        format_func=DIRECTIONS.__getitem__,
        **controlled(
            "goal_direction", direction, lambda chosen: settings.update(goal_kind=chosen[0], goal_above=chosen[1])
        ),
    )
    return direction


def _search(recommender: Recommender, visitor: Visitor, goal: Goal, question: Hashable) -> SearchResult:
    with st.container(key="goal_progress"):
        bar = st.progress(0.0, text="Listing the changes to try …")

        def on_progress(done: int, total: int) -> None:
            bar.progress(min(done / total, 1.0) if total else 1.0, text=f"Tried {done:,} of {total:,} changes …")

        def find() -> SearchResult:
            with turns.take() as turn:

                def is_over() -> bool:
                    turn.pause()
                    return turn.seconds > MOST_SECONDS

                return find_counterfactuals(recommender, visitor, goal, BUDGET, RESULTS, on_progress, is_over)

        result = cached("search", question, find)
        bar.empty()
    return result


def _in_words(goal: Goal, title: str) -> str:
    """Return a goal in words: "bring Brazil (1985) into the top 10"."""
    if goal.kind == "top":
        return f"bring {title} into the top {goal.value}" if goal.above else f"push {title} out of the top {goal.value}"
    return f"bring {title} above {goal.value:g} ★" if goal.above else f"push {title} below {goal.value:g} ★"


def _sentence(recommender: Recommender, visitor: Visitor, goal: Goal, result: SearchResult | None) -> str:
    title = recommender.catalogue.title
    goal_in_words = _in_words(goal, title(goal.movie_id))
    if goal.kind == "top" and goal.movie_id in visitor:
        return f"{say('They have watched')} {title(goal.movie_id)}, so no list has it"
    if result is None:
        return f"What would it take to {goal_in_words}?"
    if result.already_reached:
        return f"Nothing needs to change to {goal_in_words}: that is already the case"
    if not result.counterfactuals:
        return f"No small change would {goal_in_words}: {count(result.tried, 'change')} tried"
    best = result.counterfactuals[0]
    number = "One change" if len(best.edits) == 1 else f"{len(best.edits)} changes together"
    sentence = f"{number} would {goal_in_words}: {instructions(best.edits, visitor, title, chosen_model.domain())}"
    return sentence + (say(", which costs other movies more stars") if _loses_stars(goal, result, best) else "")


def _loses_stars(goal: Goal, result: SearchResult, counterfactual: Counterfactual) -> bool:
    """Whether a movie is to rise in a list by stars, and does so although its own stars fall."""
    rises = goal.kind == "top" and goal.above and goal.order == "rating"
    return rises and f"{counterfactual.expected:.2f}" < f"{result.expected:.2f}"


def _draw_now(recommender: Recommender, visitor: Visitor, goal: Goal) -> None:
    row, now = recommender.catalogue.row(goal.movie_id), recommender.recommendation(visitor, goal.movie_id)
    rank = say("seen")
    if not now.seen:
        ranked = recommender.ranked_rows(visitor, goal.rank_options)
        rank = f"{ordinal(int((ranked == row).argmax()) + 1)} of {len(ranked):,}"
    with st.container(horizontal=True):
        if recommender.domain.rated:
            st.metric("Expected rating now", f"{now.expected_rating:.2f} ★", width="content")
        st.metric("Rank in the list now", rank, width="content")


def _draw_search(recommender: Recommender, visitor: Visitor, goal: Goal, result: SearchResult | None) -> None:
    if result is None:
        st.info(
            say(
                f"Press the button to try up to {BUDGET:,} changes of the history: another rating, one movie fewer, "
                "one movie more, two movies swapped; first each alone, then two together. It takes a few seconds."
            ),
            icon=":material/info:",
        )
        return
    if result.already_reached:
        st.success(say("That is already the case. Choose another movie or another goal."), icon=":material/check:")
        return
    if not result.counterfactuals:
        st.warning(
            f"None of {count(result.tried, 'change')} was enough, alone or two together. {_advice(goal)}",
            icon=":material/search_off:",
        )
        if result.nearest:
            st.caption("The one that comes nearest:")
            _draw_counterfactual(recommender, visitor, goal, result, result.nearest, 0)
        else:
            st.caption("None of them came any nearer to it.")
        return
    st.caption(f"{count(result.tried, 'change')} tried. These are the smallest that are enough, the best first.")
    for number, counterfactual in enumerate(result.counterfactuals):
        _draw_counterfactual(recommender, visitor, goal, result, counterfactual, number)


def _advice(goal: Goal) -> str:
    """Say which smaller goal to try."""
    return say(f"{EASIER[goal.kind, goal.above]}, or choose another movie.")


def _draw_counterfactual(
    recommender: Recommender,
    visitor: Visitor,
    goal: Goal,
    result: SearchResult,
    counterfactual: Counterfactual,
    number: int,
) -> None:
    edits = capitalised(instructions(counterfactual.edits, visitor, recommender.catalogue.title, recommender.domain))
    with st.container(border=True, horizontal=True, vertical_alignment="center", wrap=False, key=f"found_{number}"):
        st.markdown(f"**{escape_markdown(edits)}**  \n{_outcome(goal, result, counterfactual)}", width="stretch")
        st.button(
            "Apply to B",
            key=f"apply_{number}",
            icon=":material/compare_arrows:",
            help="B becomes the visitor with this change, and both are shown side by side",
            on_click=_apply,
            args=(counterfactual.visitor, goal),
        )


def _outcome(goal: Goal, result: SearchResult, counterfactual: Counterfactual) -> str:
    """Return where a change leads: "10th in the list (now 15th), 4.31 ★ (now 4.41 ★)"."""
    rated = chosen_model.domain().rated
    outcome = [f"{counterfactual.expected:.2f} ★ (now {result.expected:.2f} ★)"] if rated else []
    if goal.movie_id not in counterfactual.visitor.ratings:
        rank = f"{ordinal(counterfactual.rank)} in the list (now {ordinal(result.rank)})"
        outcome.insert(0 if goal.kind == "top" else 1, rank)
    if _loses_stars(goal, result, counterfactual):
        outcome.append(say("as other movies lose more"))
    return ", ".join(outcome)


def _apply(copy: Visitor, goal: Goal) -> None:
    state.note_searched(copy, Subject(goal.movie_id, "rank" if goal.kind == "top" else "stars"))
    what_if_link.compare_with(copy)
