"""Training: how the chosen model was made, beside others; and how to make another one."""

import pandas as pd
import streamlit as st

from bst.models.registry import describe
from bst.presentation import curves
from bst.text import count, percent
from pages.shared import resources
from pages.shared.format import escape_markdown
from pages.shared.widgets import chart_view
from pages.training import comparison, live, run_form


def render() -> None:
    """Draw the page: the sentence, runs that are not at their end, the curves, and the details."""
    bundle = resources.chosen()
    history = bundle.history
    st.title(_sentence(history, curves.best_epochs(history, bundle.config)), anchor=False)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(f"{escape_markdown(bundle.title)}. {describe(bundle.config)}", width="stretch")
        run_form.draw_button()
    live.render()
    comparison.render(bundle)
    st.page_link("pages/about/about.py", label="Model card and architecture", icon=":material/info:")


def _sentence(history: pd.DataFrame, best: dict[str, int]) -> str:
    parts = []
    if "rating" in best:
        what = "the error on ratings it had not seen"
        parts.append(
            _progress(history, "val_mae", best["rating"], what, lambda error: f"{error:.2f}", "fell", " stars")
        )
    if "next" in best and curves.has(history, "val_hr@10"):
        what = "the share of next movies among its first ten"
        parts.append(_progress(history, "val_hr@10", best["next"], what, percent, "rose"))
    if len(parts) == 1:
        epoch = next(iter(best.values()))
        return f"{parts[0][0].upper()}{parts[0][1:]}; epoch {epoch} was the best"
    sentence = ", and ".join(parts) or f"trained for {count(len(history), 'epoch')}"
    return sentence[0].upper() + sentence[1:]


def _progress(history: pd.DataFrame, column: str, best_epoch: int, what: str, say, verb: str, unit: str = "") -> str:
    values = history.set_index("epoch")[column].dropna()
    first, best, epochs = values.iloc[0], values.loc[best_epoch], count(len(values), "epoch")
    if say(first) == say(best):
        return f"in {epochs}, {what} stayed at {say(best)}{unit}"
    went = {"fell": best < first, "rose": best > first}[verb]
    return f"in {epochs}, {what} {verb if went else 'went'} from {say(first)} to {say(best)}{unit}"


with chart_view.savable():
    render()
