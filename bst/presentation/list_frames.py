"""The record of protocol ``list`` as DataFrames and tables; a measured value is ``value``, ``low`` and ``high``."""

from collections.abc import Iterator

import pandas as pd

from bst.evaluation.list_record import ByLength, ListQuality, ListRecord
from bst.presentation.vocabulary import LIST_QUALITY, THIS_MODEL, order_label, rival_label
from bst.text import signed, span

DIFFERENCE = "Difference (95% interval)"


def precision_by_length(record: ListRecord) -> pd.DataFrame:
    """Return precision@10 by number of known events: ``length``, ``name``, ``value`` …, ``labels`` (users)."""
    rows = [
        (str(events), label, *quality.precision.to_json(), quality.users)
        for label, by_length in _compared(record)
        for events, quality in by_length.items()
    ]
    return pd.DataFrame(rows, columns=["length", "name", "value", "low", "high", "labels"])


def precision_by_titles(record: ListRecord, events: int) -> pd.DataFrame:
    """Return precision@10 and the number of distinct titles: ``name``, ``distinct``, ``value`` …"""
    rows = [
        (label, by_length[events].distinct, *by_length[events].precision.to_json())
        for label, by_length in _compared(record)
        if events in by_length
    ]
    return pd.DataFrame(rows, columns=["name", "distinct", "value", "low", "high"])


def popularity_curve(record: ListRecord, events: int) -> pd.DataFrame:
    """Return lists from taste alone to as predicted: ``popularity_weight``, ``distinct``, ``value`` …; may be empty."""
    rows = [(point.fame, point.distinct, *point.precision.to_json()) for point in record.curve.get(events, ())]
    return pd.DataFrame(rows, columns=["popularity_weight", "distinct", "value", "low", "high"])


def _compared(record: ListRecord) -> Iterator[tuple[str, ByLength]]:
    """Yield label and metrics of the default order and of the rivals, as charts have them."""
    yield THIS_MODEL, record.ours
    yield from ((rival_label(name), by_length) for name, by_length in record.rivals.items())


def quality_table(record: ListRecord, events: int) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of all metrics when that many events are known, as texts; empty if not measured.

    All of the model's own orders, the default first, then the rivals.
    """
    columns = ["Lists", *(metric.short for metric in LIST_QUALITY.values()), DIFFERENCE]
    orders = sorted(record.orders, key=lambda order: order != record.default)
    lists = {f"{THIS_MODEL}: {order_label(order)}": record.orders[order] for order in orders}
    lists |= {rival_label(name): by_length for name, by_length in record.rivals.items()}
    rows = [[label, *_cells(by_length[events])] for label, by_length in lists.items() if events in by_length]
    return columns, rows


def _cells(quality: ListQuality) -> list[str]:
    values = {name: interval.value for name, interval in quality.values.items()} | {"distinct": quality.distinct}
    difference = quality.difference
    return [
        *(metric.text(values[key]) if key in values else "" for key, metric in LIST_QUALITY.items()),
        f"{signed(difference.value)} ({span(difference.low, difference.high, '+.3f')})" if difference else "",
    ]
