"""Training: how the chosen model was trained, compared with others; and how to train another one."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from bst.models.registry import describe
from bst.presentation import curves
from bst.text import count, percent
from pages.shared import pages
from pages.shared.format import escape_markdown
from pages.shared.state import chosen_model
from pages.shared.widgets import chart_view
from pages.shared.wording import say
from pages.training import comparison, live, run_form


@dataclass(frozen=True)
class Score:
    """What a tower is judged by on validation, as the headline puts it: "the error … fell from … to … stars"."""

    column: str
    description: str
    verb: str
    format: Callable[[float], str]
    unit: str = ""


# by tower
SCORES = {
    "rating": Score("val_mae", "the error on held-out ratings (MAE)", "fell", "{:.2f}".format, " stars"),
    "next": Score("val_hr@10", "the share of next movies in its top ten (HR@10)", "rose", percent),
    "like": Score(
        "val_precision@10", "the share of its top ten that held-out users liked later (precision@10)", "rose", percent
    ),
}


def render() -> None:
    """Draw the page: the sentence, unfinished runs, the learning curves, and the way to the model card."""
    bundle = chosen_model.bundle()
    headline, *others = _sentences(bundle.history, curves.best_epochs(bundle.history, bundle.config))
    st.title(headline, anchor=False)
    for sentence in others:
        st.markdown(f"{sentence}.")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{escape_markdown(bundle.title)}. {say(describe(bundle.config))}", width="stretch")
        run_form.draw_button()
    live.render()
    comparison.render(bundle)
    st.page_link(pages.ABOUT, label="Model card and architecture", icon=":material/info:")


def _sentences(history: pd.DataFrame, best_epochs: dict[str, int]) -> list[str]:
    """Return the progress of each tower, the first for the headline."""
    scored = {
        tower: score for tower, score in SCORES.items() if tower in best_epochs and curves.has(history, score.column)
    }
    progress = [_progress(history, score, best_epochs[tower]) for tower, score in scored.items()]
    if not progress:
        return [f"Trained for {count(len(history), 'epoch')}"]
    if len(progress) == 1:
        progress[0] += f"; epoch {next(iter(best_epochs.values()))} was the best"
    return [sentence[0].upper() + sentence[1:] for sentence in progress]


def _progress(history: pd.DataFrame, score: Score, best_epoch: int) -> str:
    values = history.set_index("epoch")[score.column].dropna()
    first, best = float(values.iloc[0]), float(values.loc[best_epoch])
    before, after, epochs = score.format(first), score.format(best), count(len(values), "epoch")
    description = say(score.description)
    if before == after:
        return f"in {epochs}, {description} stayed at {after}{score.unit}"
    verb = score.verb if (best < first) == (score.verb == "fell") else "went"
    return f"in {epochs}, {description} {verb} from {before} to {after}{score.unit}"


with chart_view.savable():
    render()
