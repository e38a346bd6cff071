"""Whether predictions mean what they say: calibration, and the stars that were predicted and given."""

import pandas as pd
import streamlit as st

from bst.presentation import charts
from pages.evaluation import sentences
from pages.shared.format import count
from pages.shared.widgets import chart_view


def render(record: dict) -> None:
    """Draw the section."""
    liked, expected = record["calibration"].get("liked"), record["calibration"]["expected"]
    st.markdown(_sentence(liked, expected))
    left, right = st.columns(2, gap="large")
    with left:
        if liked:
            st.header("Chance to be liked", anchor=False)
            _draw_bins(liked, "Promised: chance of 4 ★ or more", "Came true", percent=True)
            st.caption(
                "On the dashed line a promise is kept: of all movies with a promised chance of 70%, 70% got 4 ★ or "
                "more. Above it the model promises too little, below it too much."
            )
        else:
            _draw_stars(record)
    with right:
        st.header("Expected and given", anchor=False)
        _draw_bins(expected, "Expected rating, stars", "Given on average, stars", percent=False)
        st.caption(f"The same for the expected rating. Bars through the points: {sentences.INTERVAL}")
    if liked:
        _draw_stars(record)


def _sentence(liked: list[dict] | None, expected: list[dict]) -> str:
    if liked:
        said = max(liked, key=lambda b: b["labels"])
        return (
            f"When it gives a movie a chance of about **{said['predicted']:.0%}** to get 4 ★ or more, that came true "
            f"in **{said['actual'][0]:.0%}** of {count(said['labels'], 'case')}."
        )
    said = max(expected, key=lambda b: b["labels"])
    return (
        f"Where it expects about **{said['predicted']:.1f} ★**, **{said['actual'][0]:.1f} ★** were given on average "
        f"({count(said['labels'], 'case')}). It names one number and no chances, so those cannot be checked."
    )


def _draw_bins(bins: list[dict], promised: str, happened: str, percent: bool) -> None:
    rows = [
        {name: b[name] for name in ("from", "to", "predicted", "labels")}
        | dict(zip(("value", "low", "high"), b["actual"], strict=True))
        for b in bins
    ]
    table = pd.DataFrame(rows)
    form = "{:.0%}" if percent else "{:.1f}"
    told = "; ".join(f"{form.format(row.predicted)}: {form.format(row.value)}" for row in table.itertuples(index=False))
    chart_view.show(
        charts.reliability(table, promised, happened, percent, chart_view.text_and_background()[0]),
        f"{promised} and what happened: {told}",
        name="Chance to be liked" if percent else "Expected and given",
        about=f"{promised}, and what happened",
    )
    chart_view.show(
        charts.bin_counts(table, percent),
        "On how many ratings each point rests: " + ", ".join(f"{n:,}" for n in table["labels"]),
    )


def _draw_stars(record: dict) -> None:
    stars = record["stars"]
    series = {"Given": stars["actual"]}
    if "predicted" in stars:
        series["Predicted chances, on average"] = stars["predicted"]
    series["Expected ratings, rounded"] = stars["expected"]
    levels = [f"{level:g} ★" for level in stars["levels"]]
    table = pd.DataFrame(
        [
            {"level": level, "series": name, "share": share}
            for name, shares in series.items()
            for level, share in zip(levels, shares, strict=True)
        ]
    )
    st.header("Stars given and predicted", anchor=False)
    told = "; ".join(f"{name}: " + ", ".join(f"{share:.0%}" for share in shares) for name, shares in series.items())
    chart_view.show(
        charts.star_shares(table),
        f"Shares of {', '.join(levels)}. {told}",
        name="Stars",
        about="Stars given and predicted",
    )
    st.caption(
        "An expected rating is a mean, so it seldom lies at an end: few movies are expected at 1 ★ or 5 ★, many "
        "get them." + (" The predicted chances, added up, should match what was given." if "predicted" in stars else "")
    )
