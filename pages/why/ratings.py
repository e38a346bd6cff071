"""What each other rating of each movie would make of the prediction; and movies that act together."""

import numpy as np
import pandas as pd
import streamlit as st

from bst.explanation.leave_one_out import interactions, rating_changes
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.what_if.edits import Rate
from pages.shared.format import escape_markdown, stars
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view
from pages.why.controls import Whose
from pages.why.suggested_edits import try_it

MOST_ROWS, MOST_PAIRED = 10, 5
# less than this and two movies do not act together, in stars
HARDLY = 0.02


def render(recommender: Recommender, who: Whose, told: Explanation) -> None:
    """Draw both pictures, side by side where there is room."""
    if not told.events:
        st.caption("There is no movie in the history whose rating could be another one.")
        return
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        _draw_ratings(recommender, who, told)
    with grid.cell():
        _draw_pairs(recommender, told)


def _draw_ratings(recommender: Recommender, who: Whose, told: Explanation) -> None:
    st.header("If they had rated a movie differently", anchor=False)
    asked = model_key(recommender, told.visitor, told.movie_id)
    table = cached("ratings", asked, lambda: rating_changes(recommender, told.visitor, told.movie_id))
    order = np.argsort(-(table.max(axis=1) - table.min(axis=1)), kind="stable")[:MOST_ROWS]
    levels = recommender.bundle.levels
    cells = pd.DataFrame(
        [
            (row, recommender.catalogue.title(told.events[place].movie_id), level, float(value), level == was)
            for row, place in enumerate(order.tolist())
            for was in [told.events[place].rating]
            for level, value in zip(levels, table[place], strict=True)
        ],
        columns=["place", "label", "level", "expected", "now"],
    )
    low, high = cells.loc[cells["expected"].idxmin()], cells.loc[cells["expected"].idxmax()]
    words = (
        f"Expected rating if one movie had another rating: from {low['expected']:.2f} stars ({low['label']} rated "
        f"{low['level']:g}) to {high['expected']:.2f} ({high['label']} rated {high['level']:g})"
    )
    answer = st.container(key="answer_cell")
    chosen = chart_view.show(
        charts.rating_changes(cells),
        words,
        name="Other ratings",
        key="why_cells",
        select=True,
    )
    more = f" The {MOST_ROWS} movies whose rating matters most." if len(table) > MOST_ROWS else ""
    st.caption(f"The expected rating, in stars; a frame marks the rating that they gave.{more}")
    with answer:
        _draw_chosen(recommender, who, told, cells, order, chosen.selection.get("cell") or [])


def _draw_chosen(
    recommender, who: Whose, told: Explanation, cells: pd.DataFrame, order: np.ndarray, picked: list
) -> None:
    """Draw the button that tries the cell that was clicked: above the picture, where it is in sight."""
    if not picked or int(picked[0]["place"]) >= len(order):
        st.caption(":material/touch_app: Click a cell to try it in What if.")
        return
    place, level = int(picked[0]["place"]), float(picked[0]["level"])
    event = told.events[int(order[place])]
    title = recommender.catalogue.title(event.movie_id)
    cell = cells[(cells["place"] == place) & (cells["level"] == level)].iloc[0]
    if level == event.rating:
        st.caption(
            f"{escape_markdown(title)}: {stars(level)} is what they gave. Click another cell to try it in What if."
        )
        return
    words = f"Rate {title} {level:g} instead of {event.rating:g}: {cell['expected']:.2f} ★"
    if st.button(escape_markdown(words), key="why_try_cell", icon=":material/star_half:", type="primary"):
        try_it(who, Rate(event.movie_id, level))


def _draw_pairs(recommender: Recommender, told: Explanation) -> None:
    st.header("Movies that act together", anchor=False)
    strength = np.abs(told.event_effects("expected"))
    among = np.argsort(-strength, kind="stable")[:MOST_PAIRED].tolist()
    if len(among) < 2:
        st.caption("It takes two movies to act together.")
        return
    asked = model_key(recommender, told.visitor, told.movie_id)
    table = cached("pairs", asked, lambda: interactions(recommender, told.visitor, told.movie_id, among))
    names = [recommender.catalogue.title(told.events[place].movie_id) for place in among]
    cells = pd.DataFrame(
        [(i, j, names[i], names[j], float(table[i, j])) for i in range(len(names)) for j in range(len(names))],
        columns=["first", "second", "first_label", "second_label", "stars"],
    )
    sentence = _pair_words(cells)
    st.markdown(escape_markdown(sentence))
    chart_view.show(charts.pair_interactions(cells), sentence, name="Movies that act together")
    st.caption(
        "In stars: − where two movies tell the model the same, so that one of them is hardly missed; + where one "
        "counts for more because the other is there."
    )


def _pair_words(cells: pd.DataFrame) -> str:
    """Say in words which pair acts together most."""
    most = cells.loc[cells["stars"].abs().idxmax()]
    if abs(most["stars"]) < HARDLY:
        return "Each of the strongest movies does its part by itself: no two of them act together."
    way = "more" if most["stars"] > 0 else "less"
    return (
        f"Together, {most['first_label']} and {most['second_label']} count {abs(most['stars']):.2f} ★ {way} than each "
        "would alone."
    )
