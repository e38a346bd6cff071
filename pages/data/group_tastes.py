"""What groups of people watch and like, beside everyone."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.datasets.profile import FEW_USERS
from bst.presentation.charts import data as drawn
from bst.text import count
from pages.data.loaded import Seen
from pages.shared.widgets import chart_view

PARTS = {"sex": "Sex", "age": "Age", "occupation": "Occupation"}
VIEWS = {"taste": "Taste", "stars": "Stars", "watching": "Watching"}
MEANINGS = {
    "taste": "Taste: by how many stars more (+) or less (−) a group likes a genre than everyone does, after taking "
    "away how generous it is with stars overall. ",
    "stars": "Stars: the group's mean rating of a genre less its own mean of all ratings. Where all groups have a "
    "plus, everyone likes the movies of that genre. ",
    "watching": "Watching: by how many percent larger (+) or smaller (−) the genre's share of the group's ratings is "
    "than its share of everyone's. ",
}


def render(bundle: Bundle, seen: Seen) -> None:
    """Draw the section."""
    offered = [part for part in PARTS if part in seen.profile.tastes]
    with st.container(horizontal=True, gap="medium"):
        part = _choice("Groups by", offered, offered[0], PARTS, f"data_part_{'_'.join(offered)}")
        view = _choice("What to show", list(VIEWS), "taste", VIEWS, "data_view")
    table = seen.profile.tastes[part]
    st.markdown(_sentence(table, view))
    genres = seen.profile.genres["genre"].tolist()
    wide = part == "occupation"
    chart_view.show(drawn.genre_map(table, genres, view, "genre" if wide else "group"), _told(table, view))
    few = int(table["few"].sum())
    st.caption(
        MEANINGS[view]
        + "A rating of a movie with several genres counts for each. Point at a cell for its 95% interval and how many "
        "it rests on. "
        + (
            f"Faint: fewer than {FEW_USERS} people, {count(few, 'cell')} of {len(table)}, where a number says little."
            if few
            else f"Every cell rests on {int(table['users'].min()):,} people or more."
        )
    )
    _draw_numbers(table)


def _choice(label: str, options: list[str], default: str, names: dict[str, str], key: str) -> str:
    return st.segmented_control(
        label,
        options,
        default=default,
        required=True,
        format_func=names.get,
        key=key,
        persist_state="session",
        label_visibility="collapsed",
    )


def _sentence(table: pd.DataFrame, view: str) -> str:
    sure = table[~table["few"]]
    if sure.empty:
        return f"Every group here has fewer than {FEW_USERS} people who rated a genre: the numbers say little."
    if view == "taste":
        # how far the interval stays away from 0: a large number that rests on few is no finding
        clear = (sure[["taste_low", "taste_high"]].abs().min(axis=1)).where(sure["taste_low"] * sure["taste_high"] > 0)
        if clear.isna().all():
            return "No group's taste differs clearly from everyone's."
        row = sure.loc[clear.idxmax()]
        side = "higher" if row["taste"] > 0 else "lower"
        return (
            f"The clearest difference: **{row['group']}**, who rate **{row['genre']}** {abs(row['taste']):.2f} stars "
            f"{side} than everyone does, once their overall generosity is taken out."
        )
    row = sure.loc[sure[view].abs().idxmax()]
    who, value = f"**{row['group']}** and **{row['genre']}**", row[view]
    if view == "watching":
        return f"Furthest from everyone: {who}, watched {abs(value):.0%} {'more' if value > 0 else 'less'} often."
    side = "higher" if value > 0 else "lower"
    return f"Furthest from their own mean: {who}, rated {abs(value):.2f} stars {side} than they rate on the whole."


def _told(table: pd.DataFrame, view: str) -> str:
    sure = table[~table["few"]].sort_values(view)
    ends = pd.concat([sure.tail(5).iloc[::-1], sure.head(5)]).drop_duplicates(["group", "genre"])
    form = "+.0%" if view == "watching" else "+.2f"
    cells = "; ".join(f"{row.group}, {row.genre} {getattr(row, view):{form}}" for row in ends.itertuples(index=False))
    return f"{drawn.TASTES[view][0]}, genres by groups. The highest and lowest: {cells}"


def _draw_numbers(table: pd.DataFrame) -> None:
    with st.expander("Every cell in numbers", icon=":material/table_rows:"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Group": table["group"],
                    "Genre": table["genre"],
                    "Taste": table["taste"].round(3),
                    "95% interval": [
                        f"{row.taste_low:+.2f} – {row.taste_high:+.2f}".replace("-", "−")
                        for row in table.itertuples(index=False)
                    ],
                    "Stars": table["stars"].round(3),
                    "Watching": table["watching"].round(3),
                    "People": table["users"],
                    "Ratings": table["ratings"],
                    "Few": ["few" if few else "" for few in table["few"]],
                }
            ),
            hide_index=True,
            alt="Taste, stars, watching and support of every group and genre",
        )
        st.caption(
            "Intervals treat people, not ratings, as the sample. Of as many cells as there are here, one in twenty "
            "excludes 0 by chance alone."
        )
