"""Three ways to ask for the next movie, and the figures that were published or measured for each on MovieLens 1M.

Who quotes such a figure has chosen one of the questions; the easier it is, the higher the figure. Ours are those of
``benchmarks/results/``, means of several seeds.
"""

import json
from dataclasses import dataclass

import pandas as pd

from bst.evaluation import measure_timed
from bst.settings import get_settings

OURS = "This project"


@dataclass(frozen=True)
class Question:
    """A protocol as a question in plain words, and what it ``flatters``."""

    protocol: str
    question: str
    flatters: str


@dataclass(frozen=True)
class Figure:
    """NDCG@10 and HR@10 of a model under a protocol, and where they are from."""

    protocol: str
    model: str
    ndcg: float
    hr: float
    source: str


QUESTIONS = (
    Question(
        "last",
        "What is the last thing they rate?",
        "Flatters a model a good deal: it has learned from ratings that others gave later, and two in five last "
        "movies were rated in the same second as the one before, in the order in which the website listed them.",
    ),
    Question(
        measure_timed.PROTOCOL,
        "The same, and the model knows when it is asked",
        "Flatters most: a request in the same second as the latest rating gives away that the person is still working "
        "through the same page. A website knows the time; someone who tries this app does not enter it.",
    ),
    Question(
        "temporal",
        "What do people rate after training has ended?",
        "Flatters least: nothing that was rated after one day is known, as on the day when a model goes online. Movies "
        "rated in the same second still stand in the order of the website.",
    ),
)
PUBLISHED = (
    Figure("last", "SASRec+, cross-entropy", 0.1857, 0.3206, "github.com/monkey0head/time-to-split, best of 108"),
    Figure("last", "SASRec+, 3,000 negatives", 0.1857, 0.3159, "github.com/antklen/sasrec-bert4rec-recsys23"),
    Figure("last", "eSASRec", 0.1772, 0.3133, "github.com/blondered/transformer_benchmark"),
    Figure("last", "gSASRec", 0.1726, 0.3003, "github.com/asash/gSASRec-pytorch"),
    Figure(measure_timed.PROTOCOL, "HSTU-large, RecTools", 0.2164, 0.3642, "RecTools, transformers_HSTU_tutorial"),
    Figure(
        measure_timed.PROTOCOL, "HSTU-large, Meta", 0.1893, 0.3294, "github.com/meta-recsys/generative-recommenders"
    ),
    Figure(measure_timed.PROTOCOL, "FuXi-α", 0.1813, 0.3164, "github.com/blondered/transformer_benchmark"),
    Figure("temporal", "SASRec+", 0.0948, 0.1596, "github.com/monkey0head/time-to-split"),
)


def measured() -> list[Figure]:
    """Return this project's figures, of the protocols for which there are any."""
    found = []
    for question in QUESTIONS:
        path = get_settings().results / f"{question.protocol}.json"
        if path.is_file():
            result = json.loads(path.read_text(encoding="utf-8"))
            metrics, seeds = result["metrics"], len(result["seeds"])
            source = f"{result['command']}, " + (f"mean of {seeds} seeds" if seeds > 1 else "one seed")
            found.append(Figure(question.protocol, OURS, metrics["ndcg@10"], metrics["hr@10"], source))
    return found


def figures_table() -> pd.DataFrame:
    """Return all figures, by question and from the best on: ``protocol``, ``model``, ``ndcg``, ``hr``, ``source``."""
    order = [question.protocol for question in QUESTIONS]
    figures = sorted((*measured(), *PUBLISHED), key=lambda figure: (order.index(figure.protocol), -figure.ndcg))
    return pd.DataFrame(figures, columns=["protocol", "model", "ndcg", "hr", "source"])


def summary(table: pd.DataFrame) -> str:
    """Say of each question how often ours has the movie among its first ten, and how often the best published one."""
    parts = []
    for protocol, rows in table.groupby("protocol", sort=False):
        ours, others = rows[rows["model"] == OURS], rows[rows["model"] != OURS]
        if len(ours):
            hit, best = ours["hr"].iloc[0], others["hr"].max()
            parts.append(f"**{hit:.1%}** under “{protocol}” (best published model: {best:.1%})")
    return (
        f"The movie is among the first ten in {'; '.join(parts)}." if parts else "No figures of this project are here."
    )
