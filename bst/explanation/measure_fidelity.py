"""Measure how faithful ways to explain are to a model, over many visitors: see ``fidelity`` for what is measured."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bst.evaluation.records import Interval
from bst.explanation.coalitions import partial_visitors
from bst.explanation.explainers import EXPLAINERS, Question, attention_by_layer
from bst.explanation.fidelity import SIZES, TOPS, Curves, Outcome, curves
from bst.explanation.fidelity_record import Fidelity, MethodFidelity, TaskFidelity
from bst.explanation.insight_summary import DIGITS, mean_interval
from bst.inference.recommender import Recommender
from bst.metrics import Bootstrap
from bst.models.config import Task
from bst.schema import Visitor

# the towers whose first recommendation is explained
TASKS: tuple[Task, ...] = ("rating", "next")
# what the others are compared with, as it is what the app shows first
REFERENCE = "leave_one_out"


@dataclass(frozen=True)
class Measured:
    """The curves of all explanations of one visitor by method, and what is predicted from all events and from none.

    ``milliseconds`` of processor time by method.
    """

    curves: Mapping[str, Curves]
    whole: Outcome
    none: Outcome
    milliseconds: Mapping[str, float] = field(default_factory=dict)


def measure_fidelity(
    recommender: Recommender, visitors: Sequence[Visitor], seed: int, step: Callable[[str], None]
) -> Fidelity:
    """Measure all ``EXPLAINERS``, and the attention of each layer, for each tower and visitor.

    Visitors without any event are left out. ``step(stage)`` is called once for each tower and visitor.
    """
    visitors = [visitor.limited(recommender.max_history) for visitor in visitors if visitor.history]
    sizes = tuple(size for size in SIZES if size < recommender.max_history)
    found = []
    for task in TASKS:
        if task not in recommender.tasks:
            continue
        measured = []
        for i, visitor in enumerate(visitors):
            step("taking away what explanations name")
            question = Question(visitor, recommended_first(recommender, visitor, task), task, seed + i)
            measured.append(_measure(recommender, question, sizes))
        if measured:
            found.append(summarize(task, sizes, measured))
    return Fidelity(tuple(found))


def recommended_first(recommender: Recommender, visitor: Visitor, task: Task) -> int:
    """Return the id of the unseen movie with the highest expected rating, or the highest logit of another task."""
    score = (
        recommender.predict(visitor).expected.copy()
        if task == "rating"
        else recommender.catalogue_logits([visitor], task)[0]
    )
    score[recommender.catalogue.rows(visitor.all_seen)] = -np.inf
    return int(recommender.catalogue.movies["movie_id"].iloc[int(score.argmax())])


def predictor(recommender: Recommender, question: Question) -> Callable[[np.ndarray, bool], Outcome]:
    """Return what predicts the movie of a question from parts of the history: see ``fidelity.Predict``."""
    visitor, movie_id, task = question.visitor, question.movie_id, question.task
    row, seen = recommender.catalogue.row(movie_id), recommender.catalogue.rows(visitor.all_seen)
    everything = recommender.catalogue.movies["movie_id"].to_numpy()
    distribution = recommender.predict_many([visitor], [movie_id]).distribution
    most_likely = 0 if distribution is None else int(distribution[0, 0].argmax())

    def rank(scores: np.ndarray) -> np.ndarray:
        scores[:, seen] = -np.inf
        return 1 + (scores > scores[:, row : row + 1]).sum(axis=1)

    def rating(kept: np.ndarray, ranks: bool) -> Outcome:
        movie_ids, column = (everything, row) if ranks else ([movie_id], 0)
        predictions = recommender.predict_many(partial_visitors(visitor, kept), movie_ids)
        score, levels = predictions.expected[:, column].astype(float), predictions.distribution
        chance = None if levels is None else levels[:, column, most_likely].astype(float)
        return Outcome(score, chance, rank(predictions.expected.copy()) if ranks else None)

    def probability(kept: np.ndarray, ranks: bool) -> Outcome:
        logits = recommender.catalogue_logits(partial_visitors(visitor, kept), task).astype(float)
        place = rank(logits)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return Outcome(odds[:, row] / odds.sum(axis=1), None, place if ranks else None)

    return rating if task == "rating" else probability


def _measure(recommender: Recommender, question: Question, sizes: Sequence[int]) -> Measured:
    explanations, milliseconds = {}, {}
    for name, explain in EXPLAINERS.items():
        began = time.process_time()
        explanations[name] = explain(recommender, question)
        milliseconds[name] = 1000 * (time.process_time() - began)
    explanations |= attention_by_layer(recommender, question)
    return Measured(*curves(explanations, predictor(recommender, question), sizes), milliseconds)


# ---- aggregates


def summarize(task: Task, sizes: Sequence[int], measured: Sequence[Measured]) -> TaskFidelity:
    """Return means over visitors, with 95% intervals (visitors resampled)."""
    bootstrap = Bootstrap(np.arange(len(measured)))

    def each(values: np.ndarray) -> tuple[Interval, ...]:
        return tuple(mean_interval(column, bootstrap) for column in values.T)

    whole, none = (np.array([getattr(one, part).score[0] for one in measured]) for part in ("whole", "none"))
    deletions = {name: _change(task, _stack(measured, name, "without", "score"), whole) for name in measured[0].curves}
    methods = []
    for name, deletion in deletions.items():
        insertion = _change(task, _stack(measured, name, "alone", "score"), none if task == "rating" else whole)
        rank = _stack(measured, name, "without", "rank")
        levels = [
            () if measured[0].whole.level is None else each(_stack(measured, name, which, "level"))
            for which in ("without", "alone")
        ]
        methods.append(
            MethodFidelity(
                method=name,
                deletion=each(deletion),
                insertion=each(insertion),
                cdcg=each(1 / np.log2(1 + rank)),
                pos={top: each((rank <= top).astype(float)) for top in TOPS},
                difference=mean_interval((deletion - deletions[REFERENCE])[:, -1], bootstrap),
                milliseconds=_median([one.milliseconds[name] for one in measured if name in one.milliseconds]),
                level_deletion=levels[0],
                level_insertion=levels[1],
            )
        )
    level, level_none = (_mean_level(measured, part) for part in ("whole", "none"))
    return TaskFidelity(
        task=task,
        visitors=len(measured),
        sizes=tuple(sizes),
        whole=round(float(whole.mean()), DIGITS),
        none=round(float(none.mean()), DIGITS),
        methods=tuple(methods),
        level=level,
        level_none=level_none,
    )


def _stack(measured: Sequence[Measured], method: str, which: str, part: str) -> np.ndarray:
    """Return one part of the outcomes of a method: (visitors, sizes)."""
    return np.stack([getattr(getattr(one.curves[method], which), part) for one in measured])


def _change(task: Task, scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return stars less those of the reference (visitors,), or probabilities as a ratio to it: (visitors, sizes)."""
    return scores - reference[:, None] if task == "rating" else scores / reference[:, None]


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 1) if values else None


def _mean_level(measured: Sequence[Measured], part: str) -> float | None:
    levels = [getattr(one, part).level for one in measured]
    return None if levels[0] is None else round(float(np.mean([level[0] for level in levels])), DIGITS)
