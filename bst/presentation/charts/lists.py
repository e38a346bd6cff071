"""Charts of ranked lists: how good they are against how much they differ from one visitor to the next."""

import altair as alt
import pandas as pd

from bst.presentation.charts.series import interval_tooltip, series_colour, series_shape

# the domain of the logarithmic axis beyond the outermost points, as a factor
ROOM = 1.4
# what stands at the ends of the curve, by popularity weight
CURVE_ENDS = {0: "taste alone", 1: "as predicted"}


def precision_by_titles(lists: pd.DataFrame, curve: pd.DataFrame, label: str, ink: str) -> alt.LayerChart:
    """Draw the precision of lists against how many distinct titles they have together; upper right is best.

    ``lists``: ``name``, ``distinct``, ``value``, ``low`` and ``high``; colours and shapes as in ``by_history``.
    ``curve``: ``popularity_weight``, ``distinct``, ``value`` …, the first between taste alone and as predicted; may be
    empty.
    """
    every, names = pd.concat([lists["distinct"], curve["distinct"]]), list(lists["name"])
    axis = alt.Axis(values=_ticks(every.max()), format="~s", grid=False)
    scale = alt.Scale(type="log", domain=[every.min() / ROOM, every.max() * ROOM], nice=False)
    x = alt.X("distinct:Q", title="Distinct titles on all lists", scale=scale, axis=axis)
    y = alt.Y("value:Q", title=label, scale=alt.Scale(zero=False), axis=alt.Axis(format=".2f", tickCount=6))
    titles = alt.Tooltip("distinct:Q", title="Distinct titles", format=",")
    points = alt.Chart(lists).encode(
        x=x, y=y, tooltip=interval_tooltip([alt.Tooltip("name:N", title="Lists"), titles], label)
    )
    layers = [
        points.mark_rule(strokeWidth=2, opacity=0.35, color=ink).encode(y="low:Q", y2="high:Q"),
        points.mark_point(size=110, filled=True, opacity=1).encode(
            color=series_colour(names), shape=series_shape(names)
        ),
    ]
    if len(curve):
        along = alt.Chart(curve).encode(
            x=x,
            y=y,
            order="popularity_weight:Q",
            tooltip=interval_tooltip([alt.Tooltip("popularity_weight:Q", title="Popularity weight"), titles], label),
        )
        ends = [
            along.transform_filter(f"datum.popularity_weight == {weight}").mark_text(dy=14).encode(text=alt.value(text))
            for weight, text in CURVE_ENDS.items()
        ]
        layers = [along.mark_line(strokeWidth=2, opacity=0.7), along.mark_point(size=30, opacity=0.9), *ends, *layers]
    return alt.layer(*layers).properties(height=360)


def next_movie_figures(figures: pd.DataFrame, ours: str, ink: str) -> alt.LayerChart:
    """Draw NDCG@10 of models by protocol: one line a protocol, ``ours`` filled, the others open, their best named.

    ``figures``: ``protocol``, ``model``, ``ndcg``, ``hr``, ``source``.
    """
    others = figures[figures["model"] != ours]
    best = figures.index.isin(others.groupby("protocol")["ndcg"].idxmax())
    base = alt.Chart(figures.assign(ours=figures["model"] == ours, best=best)).encode(
        y=alt.Y("protocol:N", title=None, sort=None, axis=alt.Axis(labelLimit=140)),
        x=alt.X(
            "ndcg:Q",
            title="NDCG@10; further right is better",
            scale=alt.Scale(zero=False, padding=24),
            axis=alt.Axis(format=".2f", tickCount=6),
        ),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("ndcg:Q", title="NDCG@10", format=".4f"),
            alt.Tooltip("hr:Q", title="HR@10", format=".1%"),
            alt.Tooltip("source:N", title="From"),
        ],
    )
    own, published, named = map(base.transform_filter, ("datum.ours", "!datum.ours", "datum.best"))
    return alt.layer(
        published.mark_point(size=90, filled=False, shape="diamond", strokeWidth=2, opacity=1, color=ink),
        own.mark_point(size=140, filled=True, shape="circle", opacity=1),
        own.mark_text(dy=-14).encode(text=alt.Text("ndcg:Q", format=".3f")),
        named.mark_text(dy=16).encode(text="model:N"),
    ).properties(height=220)


def _ticks(highest: float) -> list[int]:
    """Return 10, 20, 50, 100, 200 … up to ``highest``."""
    steps = (step * 10**power for power in range(1, 7) for step in (1, 2, 5))
    return [step for step in steps if step <= highest]
