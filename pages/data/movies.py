"""Which movies there are, and how unevenly their ratings are spread."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.datasets.profile import Counts, DatasetProfile
from bst.presentation.charts import data as data_charts
from pages.shared.state import chosen_model
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say, say_labels

TITLE = "Movies"
DECADE = 10


def render(profile: DatasetProfile) -> None:
    """Draw the section."""
    left, right = st.columns(2, gap="large")
    with left:
        _draw_long_tail(profile.tail, profile.counts)
    with right:
        _draw_years(profile.years)
    _draw_genres(profile.genres)


def _draw_long_tail(table: pd.DataFrame, counts: Counts) -> None:
    st.header("The long tail", anchor=False)
    share = table.set_index(table["movies"].round(2))["share"]
    shares = ", ".join(say(f"{part:.0%} of the movies have {share[part]:.0%}") for part in data_charts.MARKED)
    chart_view.show(
        partial(data_charts.long_tail, table), say(f"Shares of all ratings of the best-known movies: {shares}")
    )
    unrated = counts.movies - counts.rated
    st.caption(
        say(
            f"{counts.half:,} of {counts.movies:,} movies have half of all ratings; the less popular half of the "
            f"catalogue gets {1 - share[0.5]:.0%} of the ratings. On the dashed line all movies would be equally "
            "popular."
        )
        + (f" {unrated:,} have no rating at all." if unrated else "")
    )


def _draw_years(table: pd.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(say("Year of release"), anchor=False, width="content")
        column = choice(
            "What to show",
            [name for name in data_charts.YEARS if name != "mean" or chosen_model.domain().rated],
            say_labels(lambda name: data_charts.YEARS[name][0]),
            default="ratings",
            key="data_years",
        )
    if table.empty:
        st.markdown(say("No movie’s year of release is known."))
        return
    decades = table.groupby(table["year"] // DECADE * DECADE)[["movies", "ratings"]].sum()
    by_decade = "; ".join(
        say(f"{row.Index}s: {row.movies:,} movies, {row.ratings:,} ratings") for row in decades.itertuples()
    )
    title = data_charts.YEARS[column][0]
    chart_view.show(partial(data_charts.release_years, table, column), say(f"{title} by year of release. {by_decade}"))
    median_year = table[table["ratings"].cumsum() > table["ratings"].sum() / 2]["year"].iloc[0]
    caption = say(f"Half of all ratings are of movies from {median_year} or later.")
    if column == "mean":
        caption += say(
            " The larger a point, the more ratings it rests on. Old movies that people still rate are mostly those "
            "that have lasted (survivorship bias)."
        )
    st.caption(caption)


def _draw_genres(table: pd.DataFrame) -> None:
    st.header(say("Genres"), anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                say("Genre"): table["genre"],
                say("Movies"): table["movies"],
                say("Ratings"): table["ratings"],
                say("Share of ratings"): 100 * table["share"],
                **({"Mean stars": table["mean"]} if chosen_model.domain().rated else {}),
            }
        ),
        hide_index=True,
        column_config={
            say("Movies"): st.column_config.NumberColumn(format="localized"),
            say("Ratings"): st.column_config.NumberColumn(format="localized"),
            say("Share of ratings"): st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100),
            "Mean stars": st.column_config.NumberColumn(format="%.2f"),
        },
        alt=say("Movies, ratings and mean stars by genre"),
    )
    st.caption(say("Most movies have several genres and count for each, so the shares add up to more than 100%."))
