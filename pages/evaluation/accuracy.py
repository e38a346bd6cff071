"""How good it is: errors beside the peers', and the figures one by one."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.presentation import charts
from bst.timelines.splits import PROTOCOLS
from pages.evaluation import sentences
from pages.shared.format import count
from pages.shared.widgets import chart_view as figures

METRICS = {"mae": "MAE", "rmse": "RMSE"}


def render(bundle: Bundle, record: dict) -> None:
    """Draw the section."""
    if "intervals" not in record:
        st.markdown("This model names the next movie and predicts no ratings; see “Lists”.")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _draw_peers(bundle, record)
    with right:
        _draw_figures(record)
    st.caption(measured_on(bundle, record))


def measured_on(bundle: Bundle, record: dict) -> str:
    """Say on what a bundle was measured, and when."""
    of = f" of {count(record['users'], 'user')}" if "users" in record else ""
    when = f" Measured on {record['made']}, in {record['seconds']:.0f} s." if "made" in record else ""
    return (
        f"On {count(record['labels'], 'test rating')}{of}, held out of training. Protocol “{bundle.protocol}”, "
        f"seed {bundle.seed}: {PROTOCOLS[bundle.protocol]}.{when}"
    )


def _draw_peers(bundle: Bundle, record: dict) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Beside simpler ways to predict", anchor=False, width="content")
        metric = st.segmented_control(
            "Figure",
            list(METRICS),
            default="mae",
            required=True,
            format_func=METRICS.get,
            key="evaluation_metric",
            persist_state="session",
            label_visibility="collapsed",
        )
    table = _peer_table(record, metric)
    told = "; ".join(f"{row.name} {row.value:.3f}" for row in table.itertuples(index=False))
    figures.show(
        charts.peer_errors(table, METRICS[metric], figures.text_and_background()[0]),
        f"{METRICS[metric]} in stars: {told}",
        name="Errors beside peers",
        about=sentences.headline(bundle, record),
    )
    st.caption(
        f"{sentences.FIGURES[metric][1]} Filled circles are this model, open diamonds simpler ways, and bars the "
        f"{sentences.INTERVAL}"
    )
    with st.expander("What the others do", icon=":material/help:"):
        st.markdown(
            "\n".join(f"- **{sentences.peer(name)}**: {sentences.BASELINE_MEANINGS[name]}" for name in record["peers"])
        )
        st.dataframe(
            _versus_table(record, metric),
            hide_index=True,
            alt=f"Difference of {METRICS[metric]} to each peer with its interval",
        )
        st.caption(
            "Difference in stars, this model less the other: below 0 this model is better. “Clearly” means that "
            "the interval excludes 0."
        )


def _peer_table(record: dict, metric: str) -> pd.DataFrame:
    spans = record["intervals"]
    name = "This model, user known" if "as_visitor" in record else "This model"
    rows = [(name, record["metrics"][metric], *spans["ours"][metric], True)]
    for also, label in (("as_visitor", "This model, visitor"), ("gaps_unknown", "This model, gaps unknown")):
        if also in record:  # measured once more on the same labels: its interval is as wide
            value = record[also][metric]
            rows.append((label, value, *(end + value - rows[0][1] for end in spans["ours"][metric]), True))
    baselines = sorted(record["peers"].items(), key=lambda item: item[1][metric])
    rows += [
        (sentences.peer(name), figures[metric], *spans["peers"][name][metric], False) for name, figures in baselines
    ]
    return pd.DataFrame(rows, columns=["name", "value", "low", "high", "ours"])


def _versus_table(record: dict, metric: str) -> pd.DataFrame:
    rows = []
    for name, found in record["versus"].items():
        difference, low, high = found[metric]
        verdict = "clearly better" if high < 0 else "clearly worse" if low > 0 else "no clear difference"
        sign = "▼" if high < 0 else "▲" if low > 0 else "●"
        rows.append(
            (
                sentences.peer(name),
                sentences.signed(difference),
                sentences.span([low, high], "+.3f"),
                f"{sign} {verdict}",
            )
        )
    return pd.DataFrame(rows, columns=["Beside", "Difference", "95% interval", "This model is"])


def _draw_figures(record: dict) -> None:
    st.header("Figure by figure", anchor=False)
    for name, (label, meaning) in sentences.FIGURES.items():
        if name not in record["metrics"]:
            continue
        span = sentences.span(record["intervals"]["ours"][name])
        st.markdown(f"**{label} {record['metrics'][name]:.3f}** :small[({span})]  \n:small[{meaning}]")
    if "nll" not in record["metrics"]:
        st.markdown(
            ":small[This model names one number for each rating and no probabilities: there is no surprise and no "
            "calibration error to measure.]"
        )
    if "gaps_unknown" in record:
        st.markdown(":small[“Gaps unknown”: as in the app, where nobody says when they watched a movie.]")
    elif "as_visitor" in record:
        st.markdown(
            ":small[“User known” reads the id of a user it was trained on; “visitor” does not, as in the app. The "
            "simpler ways know the user, too, and what they rated later.]"
        )
