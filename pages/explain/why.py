"""Why: which watched movies the model looked at while it predicted one rating."""

import numpy as np
import pandas as pd
import streamlit as st

from bst import charts
from bst.explanation import Attention, attention
from bst.models.config import TimelineConfig
from bst.recommender import Filters, Recommender
from bst.schema import Visitor
from pages.shared import figures, models, visitor_state
from pages.shared.text import count, literal, stars

# less than a quarter above an even share is no preference worth a sentence
EVEN = 1.25
# bars of a long history that are drawn one by one
MOST_BARS = 12


def draw() -> None:
    """Draw the page: the sentence, the bars, and the single heads below."""
    models.need_ratings()
    recommender = models.loaded_recommender()
    if recommender is None:
        st.title("Where does the model look?", anchor=False)
        models.load_recommender()
    visitor = visitor_state.current()
    headline = st.container()
    movie_id = _draw_choice(recommender)
    seen = attention(recommender, visitor, movie_id)
    with headline:
        st.title(_sentence(recommender, visitor, seen), anchor=False)
    if not seen.events:
        st.info(
            f"With no history there is nothing to look at but {seen.looks.rest}. Add movies on the Recommend page.",
            icon=":material/info:",
        )
        st.page_link("pages/explore/recommend.py", label="Go to Recommend", icon=":material/recommend:")
        return
    weights = _weights(recommender, seen)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader("Attention, mean of all heads", anchor=False)
        mean = weights.assign(weight=weights[list(seen.looks.heads)].mean(axis=1))
        figures.show(
            charts.attention_bars(mean[["label", "weight", "movie"]]),
            "Attention while predicting: "
            + "; ".join(f"{label} {weight:.0%}" for label, weight in zip(mean["label"], mean["weight"], strict=True)),
        )
    with right:
        st.subheader("Head by head", anchor=False)
        figures.show(
            charts.attention_heatmap(
                weights.melt(["label"], list(seen.looks.heads), "head", "weight"), *figures.ink_and_paper()
            ),
            f"Attention of each of {len(seen.looks.heads)} heads; every head's weights sum to 100 %",
        )
    _draw_caveat(recommender, len(visitor.history))


def _weights(recommender: Recommender, seen: Attention) -> pd.DataFrame:
    """Return what was looked at, one row a bar: ``label``, ``movie`` (is it one watched movie?), a column a head.

    Movies stand in the order they were watched. Of a long history the movies looked at least become one bar.
    """
    looks = seen.looks
    # stars first: what stands behind a long title is cut off
    titles = [f"{stars(event.rating)} · {recommender.catalogue.title(event.movie_id)}" for event in seen.events]
    by_weight = np.argsort(-looks.to_events.mean(axis=0), kind="stable")
    shown, others = by_weight, by_weight[:0]
    if len(by_weight) > MOST_BARS + 1:  # a bar for one other movie would hide it and save nothing
        shown, others = by_weight[:MOST_BARS], by_weight[MOST_BARS:]
    rows = [(titles[i], True, *looks.to_events[:, i]) for i in sorted(shown)]
    if len(others):
        rows.append((f"{count(len(others), 'other movie')}", False, *looks.to_events[:, others].sum(axis=1)))
    rows.append((looks.rest, False, *looks.to_rest))
    return pd.DataFrame(rows, columns=["label", "movie", *looks.heads])


def _draw_choice(recommender: Recommender) -> int:
    catalogue = recommender.catalogue
    wanted = visitor_state.asked_about()
    if wanted is None:
        everything = Filters(include_seen=True)
        best = recommender.rank(visitor_state.current(), 1) or recommender.rank(visitor_state.current(), 1, everything)
        wanted = best[0].movie_id
    st.session_state["why_choice"] = wanted
    return st.selectbox(
        "Movie to explain",
        catalogue.titles,
        format_func=catalogue.titles.get,
        key="why_choice",
        on_change=lambda: visitor_state.ask_about(st.session_state["why_choice"]),
        help="Any movie of the catalogue. The list on the Recommend page leads here, too.",
    )


def _sentence(recommender: Recommender, visitor: Visitor, seen: Attention) -> str:
    title = literal(recommender.catalogue.title(seen.movie_id))
    expected = stars(round(seen.expected_rating, 1))
    if not seen.events:
        told = any((visitor.sex, visitor.age, visitor.occupation)) and _reads_demographics(recommender)
        return f"The model expects {expected} for {title}, " + (
            "from who the visitor is alone" if told else "knowing nothing of the visitor"
        )
    weights, rest = seen.looks.to_events.mean(axis=0), seen.looks.to_rest.mean()
    top = seen.events[int(weights.argmax())]
    share = weights.max()
    name = f"{literal(recommender.catalogue.title(top.movie_id))} ({stars(top.rating)})"
    if max(share, rest) < EVEN / (len(weights) + 1):
        return (
            f"Expecting {expected} for {title}, the model looked about equally at "
            f"{count(len(weights), 'watched movie')} and {seen.looks.rest}"
        )
    if rest > share:
        return (
            f"Expecting {expected} for {title}, the model looked most at {seen.looks.rest} ({rest:.0%} of its "
            f"attention), then at {name}: {share:.0%}"
        )
    return f"Expecting {expected} for {title}, the model looked most at {name}: {share:.0%} of its attention"


def _reads_demographics(recommender: Recommender) -> bool:
    return getattr(recommender.bundle.config, "demographics", True)


def _draw_caveat(recommender: Recommender, events: int) -> None:
    timeline = isinstance(recommender.bundle.config, TimelineConfig)
    older = events - recommender.horizon
    words = ["Movies in the order they were watched."]
    if not timeline:
        words.append(f"This model reads the newest {recommender.horizon}.")
    if older > 0:
        words.append(f"{count(older, 'older movie')} of the history {'is' if older == 1 else 'are'} not read.")
    words.append(
        "Attention tells where the model looked, not what changed its mind: a movie may be looked at and make no "
        "difference."
    )
    if timeline:
        words.append(
            "Beside what it looks at, this model weighs the whole history by a simpler model of taste (matrix "
            "factorisation), which has no attention to show."
        )
    if "next" in recommender.orders:
        words.append("All this is about the rating; which movie comes next is predicted by a part of its own.")
    st.caption(" ".join(words))


draw()
