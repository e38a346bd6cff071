"""What is said of a setting that was varied: which movie moves, between which values."""

from typing import Any

import pandas as pd

from bst.domain import Demographic
from bst.inference.recommender import Recommender
from bst.text import ordinal
from pages.shared.wording import say

EVERYONE = "everyone"
OF_A_MOVIE = ("rating", "position")
OF_HISTORY = (*OF_A_MOVIE, "last")
# changes below this are not worth a word, in stars
NOTICEABLE = 0.05


def sweep_sentence(predictions: pd.DataFrame, subject: str, name: str) -> str:
    """Return which movie moves most, between which values."""
    ends = {title: lowest_and_highest(rows) for title, rows in predictions.groupby("title", sort=False)}
    title, (low, high) = max(ends.items(), key=lambda item: item[1][1].expected - item[1][0].expected)
    if high.expected - low.expected < NOTICEABLE:
        return f"{subject} hardly matters here: {say('no movie moves')} by more than {NOTICEABLE:g} stars"
    most = "" if len(ends) == 1 else " most"
    lowest, highest = distinguishable(low.expected, high.expected)
    return (
        f"{subject} moves {title}{most}: from {lowest} ({_value_in_words(name, low.setting)}) to {highest} "
        f"({_value_in_words(name, high.setting)})"
    )


def lowest_and_highest(predictions: pd.DataFrame) -> tuple[Any, Any]:
    """Return the rows with the lowest and the highest expected rating."""
    rows = list(predictions.itertuples())
    return min(rows, key=lambda row: row.expected), max(rows, key=lambda row: row.expected)


def distinguishable(low: float, high: float) -> tuple[str, str]:
    """Return two ratings as text, with as many decimals as tell them apart."""
    decimals = 1 if f"{low:.1f}" != f"{high:.1f}" else 2
    return f"{low:.{decimals}f} ★", f"{high:.{decimals}f} ★"


def _value_in_words(name: str, value: str) -> str:
    """Return a value of a setting as it stands in a sentence."""
    if name == "position":
        return "newest" if value == "1" else f"{ordinal(int(value))} newest"
    if name == "last":
        return "the newest alone" if value == "1" else f"the newest {value}" if int(value) else "none"
    if name == "rating":
        return f"rated {value}"
    return value if value.startswith("K-12") else value[0].lower() + value[1:]


def short(demographic: Demographic) -> str:
    """Return what a demographic is called within a sentence: "age", not "age group"."""
    return demographic.label.removesuffix(" group")


def unread(recommender: Recommender, name: str) -> str:
    """Say so if the model does not read the setting that is varied."""
    if name in OF_HISTORY or recommender.bundle.config.reads_demographics:
        return ""
    return say(" This model does not read sex, age or occupation.")
