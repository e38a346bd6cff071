"""What was planted in the demo world: the rules that a model and its explanations ought to find."""

import pandas as pd
import streamlit as st

from bst.datasets.demo_truth import OPPOSITES, planted
from bst.datasets.profile.planted import planted_tastes
from bst.presentation.charts import data as drawn
from bst.text import count
from pages.data.loaded import Seen
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view

DATASET = "demo"


def render(seen: Seen) -> None:
    """Draw the section."""
    shifts = planted_tastes(seen.profile.tastes)
    visible = int(shifts["detected"].isin(["▲", "▼"]).sum())
    st.markdown(
        "No real person rated anything here: every rating follows rules that are written down, plus chance. So what a "
        "model "
        f"learns, and what an explanation names as a cause, can be checked. Of {len(shifts)} planted tastes of groups "
        f"**{visible}** can be seen in the ratings beyond chance."
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        _draw_tastes(shifts)
    with right:
        _draw_rules()
    _draw_franchises()


def _draw_tastes(shifts: pd.DataFrame) -> None:
    st.header("Tastes of groups", anchor=False)
    told = "; ".join(
        f"{row.group}, {row.genre}: planted {row.planted:+.2f}, measured {row.measured:+.2f} {row.detected}"
        for row in shifts.itertuples(index=False)
    )
    chart_view.show(
        drawn.planted_tastes(shifts, chart_view.text_and_background()[0]),
        f"Planted and measured tastes in stars: {told}",
    )
    st.caption(
        "Planted: what a movie of that genre alone gains (+) or loses (−) for such a person. Measured: how the group's "
        "ratings of the genre differ from everyone's, with its 95% interval. It is smaller, as movies of several "
        "genres "
        "share a shift, people watch what they like, and everyone includes the group."
    )


def _draw_rules() -> None:
    e = planted().effects
    pairs = "; ".join(f"{one} and {other}" for one, other in OPPOSITES)
    st.header("The other rules", anchor=False)
    rules = {
        "Quality": f"A point of a movie's quality (1 … 5) is worth **{e.quality_stars:.2f} ★**.",
        "Franchises": f"A movie of a franchise rated 5 ★ lifts the others of it by **{e.franchise_stars:.2f} ★**, "
        f"rated 1 ★ it lowers them as much, 3 ★ does nothing. It fades by {1 - e.franchise_decay:.0%} with each movie "
        f"watched since, and is gone after {e.franchise_window}.",
        "Moods": f"The newest movie rated 5 ★ lifts movies of its mood by **{e.mood_stars:.2f} ★** and lowers those of "
        f"the opposite mood ({pairs}) as much; the one before by {e.mood_decay:.0%} of that. Only the newest "
        f"{e.mood_window} count.",
        "Own taste": f"Each person's taste for each genre is moved by chance, usually by up to "
        f"**{e.taste_stars * e.taste_sd:.2f} ★** either way.",
        "Strictness": f"Each person adds something of their own to every rating, usually up to "
        f"**{e.strictness_sd:.2f} ★** either way.",
        "Drift": f"Every {e.drift_every} movies each taste takes a random step, usually of up to "
        f"**{e.taste_stars * e.drift_sd:.2f} ★**.",
        "Chance": f"Every rating is off by chance, usually by up to **{e.noise_sd:.2f} ★**, then rounded to whole "
        "stars. No model can do away with it.",
        "What they watch next": f"After part of a franchise they go on with it in {e.choice_continue:.0%} of cases; "
        "otherwise famous movies, movies of their taste and of the mood they are in are likelier.",
    }
    st.markdown("\n".join(f"- **{name}.** {rule}" for name, rule in rules.items()))
    st.caption("“Usually”: in two of three cases (one standard deviation). Effects of several movies add up.")


def _draw_franchises() -> None:
    truth = planted()
    movies = truth.movies
    named = movies[movies["franchise"] != ""]
    with st.expander(
        f"Franchises and moods of all {len(movies):,} movies", icon=":material/table_rows:", key="planted_movies"
    ):
        st.markdown(
            f"{count(named['franchise'].nunique(), 'franchise')} with {count(len(named), 'movie')}. Moods: "
            + ", ".join(f"{escape_markdown(mood)} {n:,}" for mood, n in movies["mood"].value_counts().items())
            + "."
        )
        st.dataframe(
            movies[["title", "year", "franchise", "mood", "quality", "fame"]].rename(columns=str.capitalize),
            hide_index=True,
            column_config={"Year": st.column_config.NumberColumn(format="%d")},
            alt="Franchise, mood, quality and fame of every movie of the demo world",
        )
