"""The demo world's ground truth: the planted rules that a model and its explanations ought to find."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.datasets.demo_truth import GENRE_TASTES, MIDDLE_YEAR, OPPOSITES, planted
from bst.datasets.profile import DatasetProfile
from bst.datasets.profile.planted import planted_tastes
from bst.presentation.charts import data as data_charts
from bst.text import count
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view

TITLE = "Ground truth"
DATASET = "demo"
# how ``planted_tastes`` marks a taste whose interval excludes 0 on the planted side
CONFIRMED = ("▲", "▼")


def render(profile: DatasetProfile) -> None:
    """Draw the section."""
    tastes = planted_tastes(profile.tastes)
    confirmed = int(tastes["detected"].isin(CONFIRMED).sum())
    st.markdown(
        "No real person rated anything here: every rating follows rules that are written down, plus chance. So it can "
        "be checked what a model learns, and what an explanation names as a cause. Of "
        f"{len(tastes)} planted group tastes, **{confirmed}** show in the ratings beyond chance."
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        _draw_tastes(tastes)
    with right:
        _draw_rules()
    _draw_franchises()


def _draw_tastes(tastes: pd.DataFrame) -> None:
    st.header("Tastes of groups", anchor=False)
    in_words = "; ".join(
        f"{row.group}, {row.genre}: planted {row.planted:+.2f}, measured {row.measured:+.2f} {row.detected}"
        for row in tastes.itertuples(index=False)
    )
    chart_view.show(
        partial(data_charts.planted_tastes, tastes, chart_view.text_and_background()[0]),
        f"Planted and measured tastes in stars: {in_words}",
    )
    st.caption(
        "Planted: the stars that a movie of that genre alone, and of typical quality, gains (+) or loses (−) with such "
        "a person. Measured: how the group’s ratings of the genre differ from everyone’s, with its 95% confidence "
        "interval. Measured is smaller, because the genres of a movie share its shift, people watch what they like, "
        "and “everyone” includes the group."
    )


def _draw_rules() -> None:
    e = planted().effects
    niche = ", ".join(GENRE_TASTES)
    moods = "; ".join(f"{mood} and {opposite}" for mood, opposite in OPPOSITES)
    st.header("The other rules", anchor=False)
    rules = {
        "Quality": f"Each point of a movie’s quality (1 … 5) is worth **{e.quality_stars:.2f} ★** to somebody of "
        "average taste for such movies, up to twice that to those who love them, and nothing to those who do not.",
        "Franchises": f"A movie of a franchise rated 5 ★ lifts the others in it by **{e.franchise_stars:.2f} ★**; "
        "rated 1 ★, it lowers them as much; rated 3 ★, it changes nothing. The effect fades by "
        f"{1 - e.franchise_decay:.0%} with each movie watched since, and is gone after {e.franchise_window}.",
        "Moods": f"The newest movie rated 5 ★ lifts movies of its mood by **{e.mood_stars:.2f} ★** and lowers those of "
        f"the opposite mood ({moods}) as much; the one before it by {e.mood_decay:.0%} of that. Only the newest "
        f"{e.mood_window} count.",
        "Own taste": "Each person’s taste for each genre differs at random, usually by up to "
        f"**{e.taste_stars * e.taste_sd:.2f} ★** either way, before quality. So does the taste for new movies over "
        f"those from before {MIDDLE_YEAR}, by up to **{e.taste_stars * e.era_sd:.2f} ★**.",
        "Niche genres": f"Most people care little for {niche}.",
        "Strictness": "Each person adds an amount of their own to every rating, usually up to "
        f"**{e.strictness_sd:.2f} ★** either way (user bias).",
        "Drift": f"Every {e.drift_every} movies each taste takes a random step, usually of up to "
        f"**{e.taste_stars * e.drift_sd:.2f} ★**.",
        "Chance": f"Every rating is off by chance, usually by up to **{e.noise_sd:.2f} ★**, then rounded to whole "
        "stars. No model can predict this noise.",
        "What they watch next": "After part of a franchise they continue with it in "
        f"{e.choice_continue:.0%} of cases; otherwise famous movies, those they would rate highly, and movies of their "
        "current mood are more likely.",
    }
    st.markdown("\n".join(f"- **{name}.** {rule}" for name, rule in rules.items()))
    st.caption("“Usually”: in two cases out of three (one standard deviation). Effects of several movies add up.")


def _draw_franchises() -> None:
    movies = planted().movies
    in_franchise = movies[movies["franchise"] != ""]
    with st.expander(
        f"Franchises and moods of all {len(movies):,} movies", icon=":material/table_rows:", key="planted_movies"
    ):
        moods = ", ".join(f"{escape_markdown(mood)} {n:,}" for mood, n in movies["mood"].value_counts().items())
        st.markdown(
            f"{count(in_franchise['franchise'].nunique(), 'franchise')} with {count(len(in_franchise), 'movie')}. "
            f"Moods: {moods}."
        )
        st.dataframe(
            movies[["title", "year", "franchise", "mood", "quality", "fame"]]
            .rename(columns={"fame": "popularity"})
            .rename(columns=str.capitalize),
            hide_index=True,
            column_config={"Year": st.column_config.NumberColumn(format="%d")},
            alt="Franchise, mood, quality and popularity of every movie of the demo world",
        )
