"""What groups of people watch and like, compared with everyone."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, TypeVar

import pandas as pd
import streamlit as st

from bst.datasets.profile import FEW_USERS, DatasetProfile
from bst.presentation.charts import data as data_charts
from bst.text import count, span
from pages.shared.format import capitalised
from pages.shared.state import chosen_model
from pages.shared.widgets import chart_view
from pages.shared.widgets.choice import choice
from pages.shared.wording import say

T = TypeVar("T")
TITLE = "Who likes what"
VIEWS = {"taste": "Taste", "stars": "Stars", "watching": "Watching"}
OF_RATINGS = ("taste", "stars")
MEANINGS = {
    "taste": "Taste: how many stars more (+) or fewer (−) a group gives a genre than everyone does, corrected for how "
    "generous the group is overall. ",
    "stars": "Stars: the group’s mean rating of a genre minus its mean of all ratings. Where all groups have a plus, "
    "everyone likes the movies of that genre. ",
    "watching": "Watching: by how many percent the genre’s share of the group’s ratings is larger (+) or smaller (−) "
    "than its share of everyone’s. ",
}
# how many of the highest and of the lowest cells the alternative text names
CELLS_IN_WORDS = 5
# of groups that stand side by side
MOST_COLUMNS = 12


def render(profile: DatasetProfile) -> None:
    """Draw the section."""
    demographics = chosen_model.domain().demographics
    names = {name: capitalised(demographic.label) for name, demographic in demographics.items()}
    parts = [part for part in names if part in profile.tastes]
    with st.container(horizontal=True, gap="medium"):
        part = _choice("Groups by", parts, parts[0], names, f"data_part_{'_'.join(parts)}")
        rated = chosen_model.domain().rated
        views = {view: say(label) for view, label in VIEWS.items() if rated or view not in OF_RATINGS}
        view = _choice("What to show", list(views), next(iter(views)), views, f"data_view{'' if rated else '_unrated'}")
    table = profile.tastes[part]
    st.markdown(sentence(table, view))
    genres = profile.genres["genre"].tolist()
    # many groups, such as occupations, are too many for columns
    many = len(demographics[part].values) > MOST_COLUMNS
    columns: Literal["genre", "group"] = "genre" if many else "group"
    chart_view.show(partial(data_charts.genre_map, table, genres, view, columns), _in_words(table, view))
    few = int(table["few"].sum())
    st.caption(
        say(
            f"{MEANINGS[view]}A rating of a movie with several genres counts for each. Point at a cell for its 95% "
            "confidence interval and its sample size. "
        )
        + (
            f"Faint: fewer than {FEW_USERS} people, {count(few, 'cell')} of {len(table)}, where a number says little."
            if few
            else f"Every cell rests on {int(table['users'].min()):,} people or more."
        )
    )
    _draw_numbers(table)


def _choice(label: str, options: Sequence[T], default: T, names: Mapping[T, str], key: str) -> T:
    return choice(label, options, names.__getitem__, default=default, key=key)


def sentence(table: pd.DataFrame, view: str) -> str:
    """Return the largest difference between groups in one sentence of Markdown."""
    large_enough = table[~table["few"]]
    if large_enough.empty:
        return say(f"Every group here has fewer than {FEW_USERS} people who rated a genre: the numbers say little.")
    if view == "taste":
        return _taste_sentence(large_enough)
    row = large_enough.loc[large_enough[view].abs().idxmax()]
    cell, value = f"**{row['group']}** and **{row['genre']}**", row[view]
    if view == "watching":
        watched = say(f"watched {abs(value):.0%} {'more' if value > 0 else 'less'} often")
        return f"Furthest from everyone: {cell}, {watched}."
    side = "higher" if value > 0 else "lower"
    return f"Furthest from their own mean: {cell}, rated {abs(value):.2f} stars {side} than their overall mean."


def _taste_sentence(table: pd.DataFrame) -> str:
    low, high = table["taste_low"], table["taste_high"]
    # how far the interval stays away from 0: a large difference in a small sample is no finding
    distance = pd.concat([low.abs(), high.abs()], axis=1).min(axis=1).where(low * high > 0)
    if distance.isna().all():
        return "No group’s taste differs clearly from everyone’s."
    row = table.loc[distance.idxmax()]
    side = "higher" if row["taste"] > 0 else "lower"
    return (
        f"The clearest difference: **{row['group']}**, who rate **{row['genre']}** {abs(row['taste']):.2f} stars "
        f"{side} than everyone does, allowing for their overall generosity."
    )


def _in_words(table: pd.DataFrame, view: str) -> str:
    """Return the highest and lowest cells for those who do not see the chart."""
    ordered = table[~table["few"]].sort_values(view)
    ends = pd.concat([ordered.tail(CELLS_IN_WORDS).iloc[::-1], ordered.head(CELLS_IN_WORDS)])
    ends = ends.drop_duplicates(["group", "genre"])
    number = "+.0%" if view == "watching" else "+.2f"
    cells = "; ".join(f"{row.group}, {row.genre} {getattr(row, view):{number}}" for row in ends.itertuples(index=False))
    return say(f"{data_charts.TASTES[view][0]}, genres by groups. The highest and lowest: ") + cells


def _draw_numbers(table: pd.DataFrame) -> None:
    with st.expander("Every cell in numbers", icon=":material/table_rows:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Group": table["group"],
                    say("Genre"): table["genre"],
                    "Taste": table["taste"].round(3),
                    "95% interval": [
                        span(row.taste_low, row.taste_high, "+.2f") for row in table.itertuples(index=False)
                    ],
                    "Stars": table["stars"].round(3),
                    say("Watching"): table["watching"].round(3),
                    "People": table["users"],
                    "Ratings": table["ratings"],
                    "Few": ["few" if few else "" for few in table["few"]],
                }
            ),
            hide_index=True,
            alt=say("Taste, stars, watching and sample size of every group and genre"),
        )
        st.caption(
            "Intervals treat people, not ratings, as the sample. By chance alone, about one interval in twenty "
            "excludes 0 (multiple comparisons)."
        )
