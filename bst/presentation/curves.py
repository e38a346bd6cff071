"""Learning curves: what their columns mean, which epoch was best, and curves of several trainings in one frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bst.models.config import ModelConfig
from bst.models.registry import family_of
from bst.presentation.vocabulary import METRICS

TRAINING, VALIDATION = "training", "validation"
COLUMNS = ["source", "series", "epoch", "value", "best"]


@dataclass(frozen=True)
class Curve:
    """A metric over the epochs: its label and meaning, and the task it belongs to ("" for none)."""

    label: str
    meaning: str
    task: str = ""


def _metric(key: str, task: str) -> Curve:
    return Curve(METRICS[key].label, METRICS[key].meaning, task)


# by the column of training; that of validation begins with "val_"
CURVES = {
    "mae": _metric("mae", "rating"),
    "rmse": _metric("rmse", "rating"),
    "loss": Curve(
        "Loss",
        "What training minimises. For a timeline model the negative log-likelihood of each rating, plus half the "
        "squared and half the absolute error; for a classic one the squared error, in stars².",
        "rating",
    ),
    "ndcg@10": _metric("ndcg@10", "next"),
    "hr@10": _metric("hr@10", "next"),
    "next_loss": Curve(
        "Next-movie loss",
        "The loss of predicting the next movie (cross-entropy). Training compares every movie with some drawn at "
        "random, validation each user’s last movie with all others, so compare the shapes of the curves, not their "
        "heights.",
        "next",
    ),
    "precision@10": Curve(
        "Precision@10",
        "The share of the first ten of the model’s list that held-out users really watched and liked later, after 1, 5 "
        "and 20 movies.",
        "like",
    ),
    "like_loss": Curve(
        "Later-likes loss",
        "The loss of predicting all that somebody watches and likes later (multinomial loss): the mean of −ln p of "
        "these movies, where p sums to 1 over all that they had not watched. Training asks after any number of movies, "
        "validation after 1, 5 and 20, so compare the shapes of the curves, not their heights.",
        "like",
    ),
    "learning_rate": Curve("Learning rate", "The size of the steps by which training changes weights."),
    "seconds": Curve("Seconds", "How long an epoch took, in seconds, on the computer that trained."),
}
# columns that are drawn as a series of another curve
_EXTRA_SERIES = {
    "next_learning_rate": ("learning_rate", "next movie"),
    "like_learning_rate": ("learning_rate", "later likes"),
}
# curves whose own column is measured neither on training nor on validation data
_OWN_SERIES = {"learning_rate": "rating", "seconds": "whole epoch"}


def has(history: pd.DataFrame, column: str) -> bool:
    """Return whether a column has any numbers."""
    return column in history and bool(history[column].notna().any())


def best_epochs(history: pd.DataFrame, config: ModelConfig) -> dict[str, int]:
    """Return the best epoch on validation of each task that a model is trained for; none for one without curves."""
    return {
        task: int(history["epoch"][history[column].idxmin()])
        for task, column in family_of(config).best_epoch_columns.items()
        if has(history, column)
    }


def offered(histories: Sequence[pd.DataFrame]) -> list[str]:
    """Return those of ``CURVES`` that any of the histories has numbers for."""
    return [name for name in CURVES if any(has(h, name) or has(h, f"val_{name}") for h in histories)]


def side_by_side(
    histories: Mapping[str, pd.DataFrame], name: str, best: Mapping[str, Mapping[str, int]]
) -> pd.DataFrame:
    """Return one of ``CURVES`` of several trainings in one long frame, as ``charts.learning_curves`` draws it.

    ``best``: what ``best_epochs`` returned, by training. Columns ``source``, ``series``, ``epoch``, ``value``, ``best``
    (marks the validation value of the best epoch); epochs without a number are left out.
    """
    columns = {name: _OWN_SERIES.get(name, TRAINING), f"val_{name}": VALIDATION}
    columns |= {column: series for column, (curve, series) in _EXTRA_SERIES.items() if curve == name}
    parts = []
    for source, history in histories.items():
        best_epoch = best.get(source, {}).get(CURVES[name].task)
        for column, series in columns.items():
            if has(history, column):
                part = history[["epoch", column]].set_axis(["epoch", "value"], axis=1).dropna()
                is_best = (part["epoch"] == best_epoch) & column.startswith("val_")
                parts.append(part.assign(source=source, series=series, best=is_best))
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
