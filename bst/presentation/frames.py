"""Evaluation records as DataFrames, which charts draw and tables show.

A measured value stands in the columns ``value``, ``low`` and ``high``: the value and its 95% interval.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from bst.domain import MOVIES, Domain
from bst.evaluation.records import (
    CalibrationBin,
    ErrorMetric,
    EvaluationRecord,
    HistoryBin,
    Interval,
    ListMetric,
    ListMetrics,
    Metrics,
    RankingEvaluation,
    RatingShares,
)
from bst.presentation.vocabulary import (
    ATTRIBUTES,
    CONDITIONS,
    CONTENT_METRICS,
    LIST_METRICS,
    ORDERS,
    THIS_MODEL,
    baseline_label,
    group_label,
)

# baselines that are drawn by length of history, where tables have them all
DRAWN_BASELINES = ("item_mean", "bias", "svd_fold_in", "svd_em_fold_in", "svd")
# metrics of the summary that training ends with, as tables have them
SUMMARY_METRICS = ("mae", "rmse", "median_mae", "ndcg@10", "hr@10")
# what stands before a condition, where it names the same model once more
THE_SAME = "The same, "
# whether an interval lies above 0, below it, or includes it
SIGNS = {1: "▲", -1: "▼", 0: "●"}
# the rating series of ``rating_shares``
GIVEN, PREDICTED, ROUNDED = "Given", "Predicted probabilities, on average", "Expected ratings, rounded"


def baseline_errors(record: EvaluationRecord, metric: ErrorMetric) -> pd.DataFrame:
    """Return ``name``, ``value`` …, ``ours``: this model, under all conditions, then the baselines, the best first."""
    name = f"{THIS_MODEL}, user known" if record.as_visitor else THIS_MODEL
    model = record.metrics.interval(metric)
    rows = [(name, *model.to_json(), True)]
    for metrics, condition in ((record.as_visitor, "visitor"), (record.gaps_unknown, "gaps unknown")):
        if metrics:  # measured again on the same labels: the interval has the same width
            shift = metrics[metric] - model.value
            rows.append((f"{THIS_MODEL}, {condition}", metrics[metric], model.low + shift, model.high + shift, True))
    for key, metrics in sorted(record.baselines.items(), key=lambda item: item[1][metric]):
        rows.append((baseline_label(key), *metrics.interval(metric).to_json(), False))
    return pd.DataFrame(rows, columns=["name", "value", "low", "high", "ours"])


def errors_by_history(bins: Sequence[HistoryBin], name: str = THIS_MODEL, baselines: bool = True) -> pd.DataFrame:
    """Return the MAE by length of history: ``length``, ``name``, ``value`` …, ``labels``; baselines on request."""
    series = {name: [b.mae for b in bins]}
    if baselines:
        series |= {baseline_label(key): [b.baselines[key] for b in bins] for key in _drawn(bins)}
    return _history_frame(bins, series)


def gains_by_history(bins: Sequence[HistoryBin]) -> pd.DataFrame:
    """Return the lead over item means by length of history, as a share of their MAE. Columns as above.

    The intervals of baselines have no width: only their means are kept.
    """
    series = {THIS_MODEL: [b.gain for b in bins if b.gain]}
    for key in _drawn(bins):
        if key != "item_mean":
            gains = (1 - b.baselines[key].value / b.baselines["item_mean"].value for b in bins)
            series[baseline_label(key)] = [Interval(gain, gain, gain) for gain in gains]
    return _history_frame(bins, series)


def _drawn(bins: Sequence[HistoryBin]) -> list[str]:
    return [key for key in DRAWN_BASELINES if bins and key in bins[0].baselines]


def _history_frame(bins: Sequence[HistoryBin], series: Mapping[str, Sequence[Interval]]) -> pd.DataFrame:
    rows = [
        (bin_label(b), name, *value.to_json(), b.labels)
        for name, values in series.items()
        for b, value in zip(bins, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["length", "name", "value", "low", "high", "labels"])


def bin_label(b: HistoryBin) -> str:
    """Return the lengths of a bin: "0", "1–2", "150+"."""
    if b.last is None:
        return f"{b.first}+"
    return str(b.first) if b.first == b.last else f"{b.first}–{b.last}"


def calibration_bins(bins: Iterable[CalibrationBin]) -> pd.DataFrame:
    """Return ``from``, ``to``, ``predicted``, ``labels``, and what happened as ``value`` …"""
    rows = [(b.low, b.high, b.predicted, b.labels, *b.actual.to_json()) for b in bins]
    return pd.DataFrame(rows, columns=["from", "to", "predicted", "labels", "value", "low", "high"])


def rating_shares(shares: RatingShares) -> pd.DataFrame:
    """Return ``level`` ("4 ★"), ``series`` and ``share``; the ratings that were given come first."""
    series = {GIVEN: shares.actual}
    if shares.predicted:
        series[PREDICTED] = shares.predicted
    series[ROUNDED] = shares.expected
    rows = [
        (f"{level:g} ★", name, share)
        for name, values in series.items()
        for level, share in zip(shares.levels, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["level", "series", "share"])


def group_errors(record: EvaluationRecord, attribute: str, domain: Domain = MOVIES) -> pd.DataFrame:
    """Return the MAE of an attribute's groups, the worst first.

    Columns: ``name`` with the number of users, ``value`` …, ``labels``, ``users``, ``sign`` (of ``SIGNS``: of the
    difference to all labels) and ``baseline``, the MAE of the best baseline on the same group.
    """
    best = record.baselines[record.best_baseline].mae if record.best_baseline else None
    rows = [
        (
            f"{group_label(attribute, s.value, domain)} · {s.users:,}",
            *s.mae.to_json(),
            s.labels,
            s.users,
            SIGNS[s.mae_difference.sign],
            None if best is None else best + (s.baseline_difference or 0.0),
        )
        for s in (record.rating.slices if record.rating else ())
        if s.attribute == attribute
    ]
    return pd.DataFrame(rows, columns=["name", "value", "low", "high", "labels", "users", "sign", "baseline"])


def sliced_attributes(record: EvaluationRecord) -> list[str]:
    """Return the attributes whose groups were measured, in the order of ``vocabulary.ATTRIBUTES``."""
    measured = {s.attribute for s in record.rating.slices} if record.rating else set()
    usual = [attribute for attribute in ATTRIBUTES if attribute in measured]
    return [attribute for attribute in dict.fromkeys(measured) if attribute not in usual] + usual


def known_orders(ranking: RankingEvaluation) -> dict[str, ListMetrics]:
    """Return the metrics of each order, in the order of ``vocabulary.ORDERS``."""
    return {order: ranking.orders[order] for order in ORDERS if order in ranking.orders}


def rank_curves(ranking: RankingEvaluation, metric: ListMetric) -> pd.DataFrame:
    """Return HR or NDCG by K: ``k``, ``name`` of the order, ``value`` …"""
    rows = [
        (str(k), ORDERS[order].label, *value.to_json())
        for order, metrics in known_orders(ranking).items()
        for k, value in metrics.accuracy(metric).items()
    ]
    return pd.DataFrame(rows, columns=["k", "name", "value", "low", "high"])


def content_cells(metrics: ListMetrics, k: int) -> list[str]:
    """Return the text of each of ``vocabulary.CONTENT_METRICS`` for the first ``k`` entries; empty if not measured."""
    content = metrics.content(k)
    return [LIST_METRICS[key].text(content[key]) if key in content else "" for key in CONTENT_METRICS]


def predictors(record: EvaluationRecord) -> list[tuple[str, Metrics]]:
    """Return label and metrics of the model, of the same under other conditions, of the baselines and of popularity."""
    rows = [(THIS_MODEL, record.metrics)]
    for key in CONDITIONS:
        if metrics := getattr(record, key):
            rows.append((f"{THE_SAME}{CONDITIONS[key].label}", metrics))
    rows += [(baseline_label(key), metrics) for key, metrics in record.baselines.items()]
    return rows + ([(ORDERS["popularity"].label, record.popularity)] if record.popularity else [])


def metrics_table(
    predictors: Sequence[tuple[str, Metrics]], keys: Sequence[str] = SUMMARY_METRICS, form: str = ".3f"
) -> tuple[list[str], list[list[str]]]:
    """Return the keys of those metrics that any predictor has, and a row of texts for each: its label, then values."""
    shown = [key for key in keys if any(key in metrics for _, metrics in predictors)]
    rows = [
        [label, *(f"{metrics[key]:{form}}" if key in metrics else "" for key in shown)] for label, metrics in predictors
    ]
    return shown, rows


def history_table(predictors: Sequence[tuple[str, Metrics]], form: str = ".3f") -> tuple[list[str], list[list[str]]]:
    """Return exact history lengths, and a row of texts for each predictor: its label, then its MAE at each length."""
    lengths = list(predictors[0][1].by_history)
    rows = [
        [label, *(f"{metrics.by_history.get(length, math.nan):{form}}" for length in lengths)]
        for label, metrics in predictors
        if metrics.by_history
    ]
    return lengths, rows
