"""Two models side by side, where they were judged on the same labels."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.evaluation import measure, private_cache
from bst.evaluation.compare import compare, incomparable_reason
from bst.presentation import charts
from pages.evaluation import cold_start, sentences
from pages.shared import resources
from pages.shared.format import count, escape_markdown
from pages.shared.widgets import chart_view

LABELS = {"ndcg@10": "NDCG@10", "hr@10": "HR@10"} | {name: label for name, (label, _) in sentences.FIGURES.items()}
FEW = "Train another one on the same dataset and protocol to see them side by side."


def render(bundle: Bundle, record: dict) -> None:
    """Draw the section."""
    others = {
        name: choice.bundle
        for name, choice in resources.choices().items()
        if choice.bundle and not choice.problem and name != bundle.name
    }
    if not others:
        st.markdown(f"There is no other model here. {FEW}")
        return
    kept = st.session_state.get("evaluation_other")
    if kept not in others:
        st.session_state["evaluation_other"] = _first(bundle, record, others)
    name = st.selectbox(
        "Beside",
        list(others),
        format_func=lambda name: f"{others[name].title} · {name}",
        key="evaluation_other",
        persist_state="session",
    )
    other = others[name]
    theirs = measure.read(other)
    if theirs is None:
        st.markdown(
            f"**{escape_markdown(other.title)}** has not been measured yet. Choose it in the sidebar and measure it "
            f"there, or run `python -m bst evaluate --bundle {other.name}`."
        )
    elif reason := incomparable_reason(bundle, other, record, theirs):
        st.markdown(f"These two cannot be compared: {escape_markdown(reason)}. {FEW}")
        _draw_apart(bundle, record, other, theirs)
    else:
        _draw(bundle, record, other, theirs)


def _first(bundle: Bundle, record: dict, others: dict[str, Bundle]) -> str:
    """Return the first bundle that can be compared, or else the first."""
    for name, other in others.items():
        theirs = measure.read(other)
        if theirs and not incomparable_reason(bundle, other, record, theirs):
            return name
    return next(iter(others))


def _draw(bundle: Bundle, record: dict, other: Bundle, theirs: dict) -> None:
    rows = compare(record, theirs, private_cache.read(bundle), private_cache.read(other))
    st.markdown(_sentence(rows, bundle, other))
    in_stars = [row for row in rows if row["figure"] in ("mae", "rmse", "median_mae")]
    if in_stars:
        table = pd.DataFrame(
            [
                (LABELS[row["figure"]], *(row["difference"] if len(row["difference"]) > 1 else row["difference"] * 3))
                for row in in_stars
            ],
            columns=["name", "value", "low", "high"],
        )
        told = "; ".join(f"{row.name} {sentences.signed(row.value)}" for row in table.itertuples(index=False))
        chart_view.show(
            charts.differences(table, "this model", "the other", chart_view.text_and_background()[0]),
            f"Difference in stars, below 0 {bundle.name} is better: {told}",
            name="Difference of two models",
            about=f"{bundle.name} (this model) beside {other.name} (the other)",
        )
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Figure": LABELS[row["figure"]],
                    bundle.name: f"{row['first']:.3f}",
                    other.name: f"{row['second']:.3f}",
                    "Better": _better(row, bundle.name, other.name),
                }
                for row in rows
            ]
        ),
        hide_index=True,
        alt="Figures of both models",
    )
    if any(len(row["difference"]) > 1 for row in rows):
        st.caption(f"On the same {count(record['labels'], 'test rating')}. Bars: {sentences.INTERVAL}")
    else:
        st.caption(
            f"On the same {count(record['labels'], 'test rating')}. Intervals of the differences need the errors of "
            "every rating, which stay on the computer where a model was measured: measure both here to see them."
        )
    if "by_history" in record and "by_history" in theirs:
        _draw_histories(bundle, record, other, theirs)


def _better(row: dict, first: str, second: str) -> str:
    value, *span = row["difference"]
    if abs(value) < 5e-4 or (span and span[0] <= 0 <= span[1]):
        return "● no clear difference" if span else "● the same"
    return f"◀ {first}" if value < 0 else f"▶ {second}"


def _sentence(rows: list[dict], bundle: Bundle, other: Bundle) -> str:
    row = rows[0]
    value, *span = row["difference"]
    label = LABELS[row["figure"]]
    if span and span[0] <= 0 <= span[1]:
        names = f"**{escape_markdown(bundle.name)}** and **{escape_markdown(other.name)}**"
        return f"In {label} there is no clear difference between {names}."
    better = bundle if value < 0 else other
    clearly, way = "clearly " if span else "", "lower" if row["figure"] in sentences.FIGURES else "higher"
    return f"**{escape_markdown(better.name)}** is {clearly}better: its {label} is {way} by {abs(value):.3f}."


def _draw_histories(bundle: Bundle, record: dict, other: Bundle, theirs: dict) -> None:
    rows = [
        (cold_start.stretch(row), name, *row["mae"], row["labels"])
        for name, one in ((bundle.name, record), (other.name, theirs))
        for row in one["by_history"]
    ]
    st.header("By how many of their ratings are known", anchor=False)
    table = pd.DataFrame(rows, columns=["length", "name", "value", "low", "high", "labels"])
    told = "; ".join(
        f"{name}: " + ", ".join(f"{row.value:.2f} at {row.length}" for row in part.itertuples(index=False))
        for name, part in table.groupby("name", sort=False)
    )
    chart_view.show(
        charts.by_history(table, "MAE in stars", chart_view.text_and_background()[0]),
        f"MAE of both by ratings known: {told}",
    )


def _draw_apart(bundle: Bundle, record: dict, other: Bundle, theirs: dict) -> None:
    """Say of each what can be said of it alone: how far it is ahead of the mean of each movie, on its own labels."""
    rows = []
    for one, found in ((bundle, record), (other, theirs)):
        if "versus" in found and "item_mean" in found["versus"]:
            share = found["versus"]["item_mean"]["better"]
            rows.append(
                {
                    "Model": one.name,
                    "Measured on": f"{found['labels']:,} ratings, protocol {one.protocol}, seed {one.seed}",
                    "MAE": f"{found['metrics']['mae']:.3f}",
                    "Ahead of item means, there": f"{share[0]:.1%} ({sentences.span(share, '.1%')})",
                }
            )
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="What each model is worth on its own test ratings")
        st.caption(
            "Each on its own test ratings: the last column says how much of the error of item means each takes away, "
            "which hints at what they are worth, and proves nothing about one against the other."
        )
