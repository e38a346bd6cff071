"""Which movies there are, and how unevenly they are known."""

import pandas as pd
import streamlit as st

from bst.presentation.charts import data as drawn
from pages.data.loaded import Seen
from pages.shared.widgets import chart_view


def render(seen: Seen) -> None:
    """Draw the section."""
    left, right = st.columns(2, gap="large")
    with left:
        _draw_tail(seen)
    with right:
        _draw_years(seen)
    _draw_genres(seen)


def _draw_tail(seen: Seen) -> None:
    table, counts = seen.profile.tail, seen.profile.counts
    st.header("The long tail", anchor=False)
    share = table.set_index(table["movies"].round(2))["share"]
    told = ", ".join(f"{part:.0%} of the movies have {share[part]:.0%}" for part in drawn.MARKED)
    chart_view.show(drawn.long_tail(table), f"Shares of all ratings of the best-known movies: {told}")
    none = counts.movies - counts.rated
    st.caption(
        f"{counts.half:,} of {counts.movies:,} movies have half of all ratings; the less popular half of the catalogue "
        f"gets {1 - share[0.5]:.0%} of the ratings. On the dashed line all would be equally well known."
        + (f" {none:,} have no rating at all." if none else "")
    )


def _draw_years(seen: Seen) -> None:
    table = seen.profile.years
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Year of release", anchor=False, width="content")
        column = st.segmented_control(
            "What to show",
            list(drawn.YEARS),
            default="ratings",
            required=True,
            format_func=lambda name: drawn.YEARS[name][0],
            key="data_years",
            persist_state="session",
            label_visibility="collapsed",
        )
    if table.empty:
        st.markdown("No movie's year is known.")
        return
    decades = table.groupby(table["year"] // 10 * 10)[["movies", "ratings"]].sum()
    told = "; ".join(f"{row.Index}s: {row.movies:,} movies, {row.ratings:,} ratings" for row in decades.itertuples())
    chart_view.show(drawn.release_years(table, column), f"{drawn.YEARS[column][0]} by year of release. {told}")
    late = table[table["ratings"].cumsum() > table["ratings"].sum() / 2]["year"].iloc[0]
    words = f"Half of all ratings are of movies from {late} or later."
    if column == "mean":
        words += " The larger a point, the more ratings it rests on. Of old movies mostly those are rated that lasted."
    st.caption(words)


def _draw_genres(seen: Seen) -> None:
    st.header("Genres", anchor=False)
    table = seen.profile.genres
    st.dataframe(
        pd.DataFrame(
            {
                "Genre": table["genre"],
                "Movies": table["movies"],
                "Ratings": table["ratings"],
                "Share of ratings": 100 * table["share"],
                "Mean stars": table["mean"],
            }
        ),
        hide_index=True,
        column_config={
            "Movies": st.column_config.NumberColumn(format="localized"),
            "Ratings": st.column_config.NumberColumn(format="localized"),
            "Share of ratings": st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100),
            "Mean stars": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="Movies, ratings and mean stars by genre",
    )
    st.caption("Most movies have several genres and count for each, so the shares add up to more than 100%.")
