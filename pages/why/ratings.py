"""How the prediction changes with every other rating of each movie; and movies that act together (interactions)."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bst.explanation.leave_one_out import interactions, rating_changes
from bst.explanation.sentences import Explanation
from bst.inference.recommender import Recommender
from bst.presentation import charts
from bst.what_if.edits import Drop, Edit, Rate
from bst.what_if.instructions import instruction
from pages.shared import turns
from pages.shared.format import capitalised, escape_markdown, stars
from pages.shared.state.session_cache import cached, model_key
from pages.shared.widgets import chart_view
from pages.shared.wording import say
from pages.why.controls import Subject
from pages.why.suggested_edits import try_edit

TITLE = "Other ratings"
MAX_ROWS, MAX_PAIRED = 10, 5
# interactions below this are not worth a word, in stars
NOTICEABLE = 0.02


def render(recommender: Recommender, subject: Subject, explanation: Explanation) -> None:
    """Draw both pictures, side by side where there is room."""
    if not explanation.events:
        st.caption(say("There is no movie in the history whose rating could be changed."))
        return
    grid = st.grid(2, min_column_width=320, gap="medium")
    with grid.cell():
        _draw_ratings(recommender, subject, explanation)
    with grid.cell():
        _draw_pairs(recommender, explanation)


def _draw_ratings(recommender: Recommender, subject: Subject, explanation: Explanation) -> None:
    st.header(say("If they had rated a movie differently"), anchor=False)
    visitor, movie_id = explanation.visitor, explanation.movie_id
    expected = cached(
        "ratings",
        model_key(recommender, visitor, movie_id),
        lambda: rating_changes(recommender, visitor, movie_id),
        in_turn=turns.is_long(visitor),
    )
    rows = np.argsort(-(expected.max(axis=1) - expected.min(axis=1)), kind="stable")[:MAX_ROWS].tolist()
    cells = _rating_cells(recommender, explanation, expected, rows)
    low, high = _lowest_and_highest(cells[cells["level"] != charts.NOT_RATED])
    with st.container():  # the answer stays in sight as long as its chart is
        above_chart = st.container(key="answer_cell")
        selected = chart_view.show(
            charts.rating_changes(cells),
            say("Expected rating if one movie had another rating: ")
            + f"from {low.expected:.2f} stars ({low.label} rated "
            f"{low.level:g}) to {high.expected:.2f} ({high.label} rated {high.level:g})",
            name="Other ratings",
            key="why_cells",
            select=True,
        )
        clicked = selected.selection.get("cell") or []
        with above_chart:  # where it is in sight
            # the click may be of an earlier history, which had more rows
            if clicked and int(clicked[0]["place"]) < len(rows):
                row, level = int(clicked[0]["place"]), float(clicked[0]["level"])
                _draw_clicked(recommender, subject, explanation, rows[row], level, cells)
            else:
                st.caption(":material/touch_app: Choose a cell to try it in What if.")
    more = say(f" The {MAX_ROWS} movies whose rating matters most.") if len(expected) > MAX_ROWS else ""
    st.caption(
        say(
            f"The expected rating, in stars; a frame marks the rating that they gave.{more} “None” leaves the movie "
            "out, as the bars above do: no rating says nothing, while a bad one says what they do not like."
        )
    )


def _rating_cells(
    recommender: Recommender, explanation: Explanation, expected: np.ndarray, rows: list[int]
) -> pd.DataFrame:
    """Return the cells of the heatmap as ``charts.rating_changes`` takes them, and each event's ``index``."""
    levels = (charts.NOT_RATED, *recommender.bundle.levels)
    left_out = explanation.value("expected") - explanation.event_effects("expected")
    return pd.DataFrame(
        [
            {
                "place": place,
                "index": index,
                "label": recommender.catalogue.title(explanation.events[index].movie_id),
                "level": level,
                "expected": float(value),
                "now": level == explanation.events[index].rating,
            }
            for place, index in enumerate(rows)
            for level, value in zip(levels, (left_out[index], *expected[index]), strict=True)
        ]
    )


def _lowest_and_highest(cells: pd.DataFrame) -> tuple[Any, Any]:
    rows = list(cells.itertuples())
    return min(rows, key=lambda cell: cell.expected), max(rows, key=lambda cell: cell.expected)


def _draw_clicked(
    recommender: Recommender,
    subject: Subject,
    explanation: Explanation,
    index: int,
    level: float,
    cells: pd.DataFrame,
) -> None:
    """Draw the button that tries the cell that was clicked."""
    event = explanation.events[index]
    title = recommender.catalogue.title(event.movie_id)
    if level == event.rating:
        st.caption(
            f"{escape_markdown(title)}: {stars(level)} is what they gave. Choose another cell to try it in What if."
        )
        return
    expected = cells.loc[(cells["index"] == index) & (cells["level"] == level), "expected"].item()
    edit: Edit = Drop(event.movie_id) if level == charts.NOT_RATED else Rate(event.movie_id, level)
    label = f"{capitalised(instruction(edit, explanation.visitor, recommender.catalogue.title))}: {expected:.2f} ★"
    if st.button(escape_markdown(label), key="why_try_cell", icon=":material/star_half:", type="primary"):
        try_edit(subject, edit)


def _draw_pairs(recommender: Recommender, explanation: Explanation) -> None:
    st.header(say("Movies that act together"), anchor=False)
    strength = np.abs(explanation.event_effects("expected"))
    strongest = np.argsort(-strength, kind="stable")[:MAX_PAIRED].tolist()
    if len(strongest) <= 1:
        st.caption(say("It takes two movies to act together."))
        return
    visitor, movie_id = explanation.visitor, explanation.movie_id
    effects = cached(
        "pairs",
        model_key(recommender, visitor, movie_id),
        lambda: interactions(recommender, visitor, movie_id, strongest),
        in_turn=turns.is_long(visitor),
    )
    titles = [recommender.catalogue.title(explanation.events[index].movie_id) for index in strongest]
    cells = pd.DataFrame(
        [(i, j, titles[i], titles[j], float(effects[i, j])) for i in range(len(titles)) for j in range(len(titles))],
        columns=["first", "second", "first_label", "second_label", "stars"],
    )
    sentence = _pair_sentence(cells)
    st.markdown(escape_markdown(sentence))
    chart_view.show(charts.pair_interactions(cells), sentence, name=say("Movies that act together"))
    st.caption(
        say(
            "In stars (interactions): − where two movies tell the model much the same, so that one of them would "
            "hardly be missed; + where each counts for more because the other is there."
        )
    )


def _pair_sentence(cells: pd.DataFrame) -> str:
    """Return which two movies act together most."""
    pair = max(cells.itertuples(), key=lambda cell: abs(cell.stars))
    if abs(pair.stars) < NOTICEABLE:
        return say("The strongest movies act independently: no two of them do more or less together than alone.")
    return (
        f"Together, {pair.first_label} and {pair.second_label} count {abs(pair.stars):.2f} ★ "
        f"{'more' if pair.stars > 0 else 'less'} than the sum of what each does alone."
    )
