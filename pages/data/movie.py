"""How one movie was rated: by everyone, and by sex, age and occupation."""

from functools import partial

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.datasets.profile import FEW_USERS, movie_summary
from bst.domain import Domain
from bst.presentation import charts
from bst.presentation.charts import data as data_charts
from bst.text import count
from pages.shared import resources
from pages.shared.dataset_profiles import LoadedProfile
from pages.shared.format import capitalised, escape_markdown
from pages.shared.widgets import chart_view, movie_box
from pages.shared.widgets.choice import choice
from pages.shared.wording import say

TITLE = "One movie"
# values of a demographic that are compared in a sentence, and what their people are called where it is known
PAIR = 2
NAMES = {"sex": ("women", "men")}


def render(bundle: Bundle, loaded: LoadedProfile) -> None:
    """Draw the section."""
    catalogue = resources.catalogue(bundle.dataset)
    titles = catalogue.titles
    first = int(catalogue.movies["movie_id"].iloc[loaded.first_movie])
    movie_id = movie_box.selectbox(
        catalogue,
        say(f"Movie: any of {len(titles):,}"),
        index=list(titles).index(first),
        key=f"data_movie_{bundle.dataset}",
        persist_state="session",
    )
    row = catalogue.row(movie_id)
    title, genres = titles[movie_id], catalogue.movies["genres"].iloc[row].replace("|", ", ")
    tables = movie_summary(loaded.ratings_by_movie, row)
    if tables["all"].empty:
        st.markdown(
            f"{say('Nobody in this dataset rated')} **{escape_markdown(title)}**. "
            + say("A model knows only its genres and year.")
        )
        return
    st.markdown(_sentence(title, tables, loaded.profile.counts.mean, bundle.domain))
    left, right = st.columns([2, 3], gap="large")
    with left:
        _draw_distribution(tables["levels"], loaded.profile.stars, title, genres)
    with right:
        _draw_groups(tables, bundle, title)


def _sentence(title: str, tables: dict[str, pd.DataFrame], mean_of_all: float, domain: Domain) -> str:
    everyone = next(tables["all"].itertuples(index=False))
    difference = everyone.mean - mean_of_all
    sentence = (
        f"{count(int(everyone.ratings), 'person', 'people')} gave **{escape_markdown(title)}** "
        f"**{everyone.mean:.2f} ★** on average, {abs(difference):.2f} {'above' if difference >= 0 else 'below'} "
        "the mean of all ratings"
    )
    pair = next((name for name, one in domain.demographics.items() if len(one.values) == PAIR), None)
    if pair in tables:
        large_enough = tables[pair][~tables[pair]["few"]]
        if len(large_enough) == PAIR:
            first, second = large_enough.itertuples(index=False)
            clear = first.low > second.high or second.low > first.high
            names = NAMES.get(str(pair)) or [
                domain.demographics[str(pair)].value_text(one.name) for one in (first, second)
            ]
            sentence += f"; {names[0]} {first.mean:.2f}, {names[1]} {second.mean:.2f}"
            sentence += "" if clear else ", too close to call"
    return f"{sentence}."


def _draw_distribution(shares_of_movie: pd.DataFrame, shares_of_all: pd.DataFrame, title: str, genres: str) -> None:
    st.header("Its ratings compared with all ratings", anchor=False)
    levels = [f"{level:g} ★" for level in shares_of_movie["level"]]
    series = {say("This movie"): shares_of_movie["share"], say("All movies"): shares_of_all["share"]}
    table = pd.DataFrame(
        [
            {"level": level, "series": name, "share": share}
            for name, shares in series.items()
            for level, share in zip(levels, shares, strict=True)
        ]
    )
    in_words = "; ".join(f"{name}: " + ", ".join(f"{share:.0%}" for share in shares) for name, shares in series.items())
    chart_view.show(partial(charts.rating_shares, table), f"Shares of {', '.join(levels)} of {title}. {in_words}")
    if genres:
        st.caption(escape_markdown(genres))


def _draw_groups(tables: dict[str, pd.DataFrame], bundle: Bundle, title: str) -> None:
    demographics = bundle.domain.demographics
    parts = [name for name in demographics if name in tables]
    if not parts:
        st.caption(say("Nothing is known of the sex, age or occupation of those who rated it."))
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("By group", anchor=False, width="content")
        part = choice(
            "Groups by",
            parts,
            lambda name: capitalised(demographics[name].label),
            default=parts[0],
            key=f"data_movie_part_{'_'.join(parts)}",
        )
    table, mean_of_everyone = tables[part], float(tables["all"]["mean"].iloc[0])
    means = "; ".join(f"{row.name} {row.mean:.2f} of {row.ratings:,}" for row in table.itertuples(index=False))
    chart_view.show(
        partial(data_charts.movie_groups, table, mean_of_everyone, bundle.levels, chart_view.text_and_background()[0]),
        f"Mean stars of {title} by group, everyone {mean_of_everyone:.2f}: {means}",
    )
    st.caption(
        "After each name: how many people rated it. Bars: the 95% confidence interval of the mean; where it reaches "
        "the dashed line, the group may well agree with everyone else. Open points: fewer than "
        f"{FEW_USERS} people."
    )
