"""Why: which watched movies the model looked at while it predicted one rating."""

import pandas as pd
import streamlit as st

from bst import charts
from bst.explanation import Attention, attention
from bst.recommender import Filters, Recommender
from pages.shared import figures, models, visitor_state
from pages.shared.text import count, literal, stars

# less than a quarter above an even share is no preference worth a sentence
EVEN = 1.25
ITSELF = "the movie itself"


def draw() -> None:
    """Draw the page: the sentence, the bars, and the single heads below."""
    recommender = models.loaded_recommender()
    if recommender is None:
        st.title("Where does the model look?", anchor=False)
        models.load_recommender()
    visitor = visitor_state.current()
    headline = st.container()
    movie_id = _draw_choice(recommender)
    seen = attention(recommender, visitor, movie_id)
    with headline:
        st.title(_sentence(recommender, seen), anchor=False)
    if not seen.events:
        st.info(
            "With no history, the movie itself is all there is to look at. Add movies on the Recommend page.",
            icon=":material/info:",
        )
        st.page_link("pages/explore/recommend.py", label="Go to Recommend", icon=":material/recommend:")
        return
    labels = _labels(recommender, seen)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader("Attention, mean of all heads", anchor=False)
        mean = [*seen.to_events.mean(axis=0), seen.to_itself.mean()]
        figures.show(
            charts.attention_bars(pd.DataFrame({"label": labels, "weight": mean})),
            f"Attention while predicting: {'; '.join(f'{n} {w:.0%}' for n, w in zip(labels, mean, strict=True))}",
        )
    with right:
        st.subheader("Head by head", anchor=False)
        heads = [
            {"head": str(head + 1), "label": label, "weight": weight}
            for head, (events, itself) in enumerate(zip(seen.to_events, seen.to_itself, strict=True))
            for label, weight in zip(labels, [*events, itself], strict=True)
        ]
        figures.show(
            charts.attention_heatmap(pd.DataFrame(heads), *figures.ink_and_paper()),
            f"Attention of each of {len(seen.to_itself)} heads to each movie; every head's weights sum to 100 %",
        )
    _draw_caveat(recommender, len(visitor.history))


def _draw_choice(recommender: Recommender) -> int:
    catalogue = recommender.catalogue
    wanted = visitor_state.asked_about()
    if wanted is None:
        everything = Filters(include_seen=True)
        best = recommender.rank(visitor_state.current(), 1) or recommender.rank(visitor_state.current(), 1, everything)
        wanted = best[0].movie_id
    st.session_state["why_choice"] = wanted
    titles = catalogue.movies.set_index("movie_id")["title"].to_dict()
    return st.selectbox(
        "Movie to explain",
        list(titles),
        format_func=titles.get,
        key="why_choice",
        on_change=lambda: visitor_state.ask_about(st.session_state["why_choice"]),
        help="Any movie of the catalogue. The list on the Recommend page leads here, too.",
    )


def _sentence(recommender: Recommender, seen: Attention) -> str:
    title = literal(recommender.catalogue.title(seen.movie_id))
    expected = stars(round(seen.expected_rating, 1))
    if not seen.events:
        return f"The model expects {expected} for {title}, from who the visitor is alone"
    weights = seen.to_events.mean(axis=0)
    top = seen.events[int(weights.argmax())]
    share = weights.max()
    if share < EVEN / (len(weights) + 1):
        return (
            f"Expecting {expected} for {title}, the model looked about equally at "
            f"{count(len(weights), 'watched movie')} and the movie itself"
        )
    return (
        f"Expecting {expected} for {title}, the model looked most at "
        f"{literal(recommender.catalogue.title(top.movie_id))} ({stars(top.rating)}): {share:.0%} of its attention"
    )


def _labels(recommender: Recommender, seen: Attention) -> list[str]:
    return [
        *(f"{recommender.catalogue.title(event.movie_id)} · {stars(event.rating)}" for event in seen.events),
        ITSELF,
    ]


def _draw_caveat(recommender: Recommender, events: int) -> None:
    older = events - recommender.horizon
    unread = (
        f" {count(older, 'older movie')} of the history {'is' if older == 1 else 'are'} not read." if older > 0 else ""
    )
    st.caption(
        f"Movies in the order they were watched. This model reads the newest {recommender.horizon}.{unread} "
        "Attention tells where the model looked, not what changed its mind: a movie may be looked at and make no "
        "difference."
    )


draw()
