"""Learning curves: what their columns mean, which epoch was best, and curves of several trainings side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bst.models.config import ModelConfig
from bst.models.registry import family_of

TRAINING, VALIDATION = "training", "validation"


@dataclass(frozen=True)
class Curve:
    """A figure over the epochs: its name on a control, its meaning, and the tower that it belongs to ("" for none)."""

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
# columns that are drawn in another curve's chart: its name, and the label of their line there
_OTHER_COLUMNS = {"next_learning_rate": ("learning_rate", "next movie")}


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
    """Return the names in ``CURVES`` for which any of the trainings has numbers."""
    return [name for name in CURVES if any(has(h, name) or has(h, f"val_{name}") for h in histories)]


def side_by_side(histories: Mapping[str, pd.DataFrame], name: str, best: Mapping[str, dict[str, int]]) -> pd.DataFrame:
    """Return one of ``CURVES`` of several trainings in one long frame, as ``charts.learning_curves`` draws it.

    ``best``: by training, what ``best_epochs`` returned. Columns ``source``, ``series``, ``epoch``, ``value``, ``best``
    (True at the validation value of the best epoch); epochs without a number are dropped.
    """
    columns = {name: TRAINING, f"val_{name}": VALIDATION}
    columns |= {column: label for column, (curve, label) in _OTHER_COLUMNS.items() if curve == name}
    if name in ("learning_rate", "seconds"):
        columns[name] = "rating" if name == "learning_rate" else "whole epoch"
    parts = []
    for source, history in histories.items():
        for column, series in columns.items():
            if not has(history, column):
                continue
            part = history[["epoch", column]].set_axis(["epoch", "value"], axis=1).dropna()
            best_epoch = best.get(source, {}).get(CURVES[name].tower)
            is_best = (part["epoch"] == best_epoch) & column.startswith("val_")
            parts.append(part.assign(source=source, series=series, best=is_best))
    if not parts:
        return pd.DataFrame(columns=["source", "series", "epoch", "value", "best"])
    return pd.concat(parts, ignore_index=True)[["source", "series", "epoch", "value", "best"]]
