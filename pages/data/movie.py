"""What people gave one movie: everyone, and by sex, age and occupation."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.datasets.profile import FEW_USERS, movie_summary
from bst.presentation import charts
from bst.presentation.charts import data as drawn
from bst.text import count
from pages.data.loaded import Seen
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view

PARTS = {"sex": "Sex", "age": "Age", "occupation": "Occupation"}


def render(bundle: Bundle, seen: Seen) -> None:
    """Draw the section."""
    catalogue = resources.catalogue(bundle.dataset)
    titles = catalogue.titles
    movie_id = st.selectbox(
        "Movie",
        titles,
        index=None,
        format_func=titles.get,
        placeholder=f"Search {len(titles):,} movies …",
        key=f"data_movie_{bundle.dataset}",
        persist_state="session",
        label_visibility="collapsed",
    )
    if movie_id is None:
        st.caption("Choose a movie to see what people gave it: everyone, and by sex, age and occupation.")
        return
    row = catalogue.row(movie_id)
    found = movie_summary(seen.votes, row)
    title, genres = titles[movie_id], catalogue.movies["genres"].iloc[row].replace("|", ", ")
    if found["all"].empty:
        st.markdown(
            f"Nobody in this dataset rated **{escape_markdown(title)}**. A model knows it by its genres and year alone."
        )
        return
    st.markdown(_sentence(title, found, seen))
    left, right = st.columns([2, 3], gap="large")
    with left:
        _draw_stars(found, seen, title, genres)
    with right:
        _draw_groups(found, bundle, title)


def _sentence(title: str, found: dict[str, pd.DataFrame], seen: Seen) -> str:
    everyone = found["all"].iloc[0]
    beside = everyone["mean"] - seen.profile.counts.mean
    words = (
        f"{count(int(everyone['ratings']), 'person', 'people')} gave **{escape_markdown(title)}** "
        f"**{everyone['mean']:.2f} ★** on average, {abs(beside):.2f} {'above' if beside >= 0 else 'below'} "
        "the mean of all ratings"
    )
    sure = found["sex"][~found["sex"]["few"]] if "sex" in found else ()
    if len(sure) == 2:
        women, men = sure.to_dict("records")
        apart = women["low"] > men["high"] or men["low"] > women["high"]
        words += f"; women {women['mean']:.2f}, men {men['mean']:.2f}" + ("" if apart else ", too close to call")
    return words + "."


def _draw_stars(found: dict[str, pd.DataFrame], seen: Seen, title: str, genres: str) -> None:
    st.header("Its ratings beside all ratings", anchor=False)
    levels = [f"{level:g} ★" for level in found["levels"]["level"]]
    series = {"This movie": found["levels"]["share"], "All movies": seen.profile.stars["share"]}
    table = pd.DataFrame(
        [
            {"level": level, "series": name, "share": share}
            for name, shares in series.items()
            for level, share in zip(levels, shares, strict=True)
        ]
    )
    told = "; ".join(f"{name}: " + ", ".join(f"{share:.0%}" for share in shares) for name, shares in series.items())
    chart_view.show(charts.star_shares(table), f"Shares of {', '.join(levels)} of {title}. {told}")
    if genres:
        st.caption(escape_markdown(genres))


def _draw_groups(found: dict[str, pd.DataFrame], bundle: Bundle, title: str) -> None:
    offered = [part for part in PARTS if part in found]
    if not offered:
        st.caption("Of nobody who rated it sex, age or occupation is known.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("By group", anchor=False, width="content")
        part = st.segmented_control(
            "Groups by",
            offered,
            default=offered[0],
            required=True,
            format_func=PARTS.get,
            key=f"data_movie_part_{'_'.join(offered)}",
            persist_state="session",
            label_visibility="collapsed",
        )
    table, overall = found[part], float(found["all"]["mean"].iloc[0])
    told = "; ".join(f"{row.name} {row.mean:.2f} of {row.ratings:,}" for row in table.itertuples(index=False))
    chart_view.show(
        drawn.movie_groups(table, overall, bundle.levels, chart_view.text_and_background()[0]),
        f"Mean stars of {title} by group, everyone {overall:.2f}: {told}",
    )
    st.caption(
        "Behind each name: how many people. Bars: 95% interval of the mean; where it reaches the dashed line, the "
        "group "
        f"may well think as everyone does. Open points: fewer than {FEW_USERS} people."
    )
