"""Why: what moved one prediction, what the model looked at while it made it, and how far the two agree."""

import streamlit as st

from bst.errors import BSTError
from bst.explanation.sentences import Explanation, explain, sentence, signed, top_contributions
from bst.inference.recommender import Recommender
from bst.schema import DEMOGRAPHICS
from pages.shared import resources
from pages.shared.format import escape_markdown, stars
from pages.shared.state import settings
from pages.shared.state.session_cache import cached, first_time, model_key
from pages.shared.widgets import chart_view, why_link
from pages.why import agreement as trust_part
from pages.why import contributions, controls, global_view, ground_truth, heads, ratings, suggested_edits
from pages.why.controls import Whose

PARTS = {
    "ratings": ("Other ratings", ratings.render),
    "trust": ("Can attention be trusted?", trust_part.render),
    "heads": ("Head by head", heads.render),
    "general": ("What it looks at in general", global_view.render),
}


def render() -> None:
    """Draw the page: the sentence, the bars, what could be changed, and below that the one part that is asked for."""
    resources.need_ratings()
    recommender = resources.loaded_recommender()
    headline = st.container()
    if recommender is None:
        headline.title("Why does the model expect this?", anchor=False)
        resources.load_recommender()
    who = controls.whose()
    try:
        _draw_answer(recommender, who, headline)
    except BSTError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")


def _draw_answer(recommender: Recommender, who: Whose, headline) -> None:
    movie_id = controls.movie(recommender, who.visitor)
    if first_time("explained", recommender):
        with headline:
            st.title("Why does the model expect this?", anchor=False)
            st.info(
                "Working out what moved this prediction. The first time takes a few seconds.",
                icon=":material/hourglass_top:",
            )
        explain(recommender, who.visitor, movie_id)
        st.rerun()
    told = cached(
        "explained", model_key(recommender, who.visitor, movie_id), lambda: explain(recommender, who.visitor, movie_id)
    )
    measure = controls.measure(told)
    title = recommender.catalogue.title
    with headline:
        st.title(escape_markdown(sentence(told, measure, title)), anchor=False)
        st.caption(escape_markdown(_second(told, measure, title)))
    controls.draw_whose(who)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        controls.draw_movie(recommender, movie_id)
        controls.draw_measure(told)
    if not told.events and not told.demographic_scores:
        _draw_nothing_known()
    else:
        _draw_pictures(recommender, who, told, measure)
    _draw_part(recommender, who, told)


def _second(told: Explanation, measure: str, title) -> str:
    """Return what comes after the strongest, and what would be expected without any of it."""
    said = []
    for mover in top_contributions(told, measure)[1:3]:
        if mover.event:
            name = f"{title(mover.event.movie_id)}, {stars(mover.event.rating)}"
        else:
            name = f"their {DEMOGRAPHICS[mover.demographic].label}"
        said.append(f"{name} ({signed(measure, mover.effect)})")
    if said:
        return f"Then {' and '.join(said)}."
    return "Nothing else about this visitor makes a difference worth naming."


def _draw_nothing_known() -> None:
    st.info(
        "Nothing is known about this visitor, so nothing about them can have moved the prediction. Add movies, or "
        "say who they are, on the Recommend page.",
        icon=":material/info:",
    )
    st.page_link("pages/recommend/recommend.py", label="Go to Recommend", icon=":material/recommend:")


def _draw_pictures(recommender: Recommender, who: Whose, told: Explanation, measure: str) -> None:
    causes = ground_truth.causes(recommender, told)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        order = st.session_state[settings.key("why_order")]
        contributions.render(recommender, told, measure, order, causes)
        controls.draw_order(told)
        st.caption(escape_markdown(contributions.legend(recommender, told, measure, causes)))
    with right, st.container(border=True):
        suggested_edits.render(recommender, who, told, measure)
    if measure == "next_logit":
        st.caption("Which movie comes next is predicted by a part of the model with a look of its own, not shown here.")
    elif told.events:
        st.markdown(f":material/balance: {escape_markdown(trust_part.sentence(recommender, told))}")


def _draw_part(recommender: Recommender, who: Whose, told: Explanation) -> None:
    st.segmented_control(
        "Look closer",
        list(PARTS),
        required=True,
        format_func=lambda part: PARTS[part][0],
        key=settings.key("why_part"),
        persist_state="session",
    )
    PARTS[st.session_state[settings.key("why_part")]][1](recommender, who, told)


why_link.follow()
with chart_view.savable():
    render()
