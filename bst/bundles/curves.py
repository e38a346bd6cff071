"""Learning curves: what their columns mean, which epoch was best, and curves of several trainings side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bst.models.config import ModelConfig
from bst.models.registry import family_of

TRAINING, VALIDATION = "training", "validation"


@dataclass(frozen=True)
class Curve:
    """A figure over the epochs: its name on a control, what it means, and which tower it is of ("" for neither)."""

    label: str
    meaning: str
    tower: str = ""


# by the column of training; that of validation has "val_" before it
CURVES = {
    "mae": Curve("MAE", "Mean absolute error (MAE): by how many stars a prediction is off, on average.", "rating"),
    "rmse": Curve("RMSE", "Root mean squared error (RMSE), in stars: as MAE, but large errors count more.", "rating"),
    "loss": Curve(
        "Loss",
        "Loss: what training pushes down. For a timeline model, how surprised it is by each rating, plus half the "
        "squared and half the absolute error; for a classic one the squared error, in stars².",
        "rating",
    ),
    "ndcg@10": Curve(
        "NDCG@10",
        "NDCG@10: how near the top of its list of all unseen movies the model has the one that came next; 1 is the "
        "first place, 0 means it was not among the first ten.",
        "next",
    ),
    "hr@10": Curve(
        "HR@10", "Hit rate (HR@10): how often the movie that came next was among the first ten of its list.", "next"
    ),
    "next_loss": Curve(
        "Next loss",
        "Loss of predicting the next movie. Training counts every movie against some drawn at random, validation each "
        "visitor's last movie against all, so compare the shapes of the curves, not their heights.",
        "next",
    ),
    "learning_rate": Curve(
        "Learning rate", "Learning rate: how large the steps are by which training changes weights."
    ),
    "seconds": Curve("Seconds", "How long an epoch took, in seconds, on the computer that trained."),
}
# columns that belong to another curve's figure, and how they are called there
_ALSO = {"next_learning_rate": ("learning_rate", "next movie")}


def has(history: pd.DataFrame, column: str) -> bool:
    """Tell whether there is any number in a column."""
    return column in history and bool(history[column].notna().any())


def best_epochs(history: pd.DataFrame, config: ModelConfig) -> dict[str, int]:
    """Return the best epoch on validation of each task that a model is trained for; none for one without curves."""
    return {
        task: int(history["epoch"][history[column].idxmin()])
        for task, column in family_of(config).best_epoch_columns.items()
        if has(history, column)
    }


def offered(histories: list[pd.DataFrame]) -> list[str]:
    """Return which of ``CURVES`` there is anything to see of."""
    return [name for name in CURVES if any(has(h, name) or has(h, f"val_{name}") for h in histories)]


def side_by_side(histories: Mapping[str, pd.DataFrame], name: str, best: Mapping[str, dict[str, int]]) -> pd.DataFrame:
    """Return one of ``CURVES`` of several trainings in one long frame, as ``charts.learning_curves`` draws it.

    ``best``: by training, what ``best_epochs`` returned. Columns ``source``, ``series``, ``epoch``, ``value``, ``best``
    (at the value of validation by which the best epoch was chosen, or would have been); epochs without a number are
    left out.
    """
    columns = {name: TRAINING, f"val_{name}": VALIDATION}
    columns |= {column: words for column, (of, words) in _ALSO.items() if of == name}
    if name in ("learning_rate", "seconds"):
        columns[name] = "rating" if name == "learning_rate" else "whole epoch"
    parts = []
    for source, history in histories.items():
        for column, series in columns.items():
            if not has(history, column):
                continue
            part = history[["epoch", column]].set_axis(["epoch", "value"], axis=1).dropna()
            epoch = best.get(source, {}).get(CURVES[name].tower)
            parts.append(
                part.assign(source=source, series=series, best=(part["epoch"] == epoch) & (column[:4] == "val_"))
            )
    if not parts:
        return pd.DataFrame(columns=["source", "series", "epoch", "value", "best"])
    return pd.concat(parts, ignore_index=True)[["source", "series", "epoch", "value", "best"]]
