"""How soon it knows somebody: the error by how many of their ratings are known."""

import pandas as pd
import streamlit as st

from bst.bundles.bundle import Bundle
from bst.presentation import charts
from pages.evaluation import sentences
from pages.shared.format import percent
from pages.shared.widgets import chart_view

VIEWS = {"gain": "Lead over item means", "mae": "Error in stars"}
MEANINGS = {
    "gain": "By how many percent the error is below that of item means, which say the same to everybody. Unlike the "
    "error itself, this hardly depends on how hard the users and movies of each length are to predict.",
    "mae": "Mean absolute error. Lower is better; users with long histories are easier to predict for anyone, so look "
    "at the distance between the lines.",
}
# lines in a picture; the others are in the table
MOST = ("item_mean", "bias", "svd_fold_in", "svd_em_fold_in", "svd")


def render(bundle: Bundle, record: dict) -> None:
    """Draw the section."""
    rows = record["by_history"]
    sentence = _sentence(bundle, record)
    st.markdown(sentence)
    gained = all("gain" in row for row in rows)
    view = st.segmented_control(
        "What to show",
        list(VIEWS) if gained else ["mae"],
        default="gain" if gained else "mae",
        required=True,
        format_func=VIEWS.get,
        key=f"evaluation_history_{gained}",
        persist_state="session",
        label_visibility="collapsed",
    )
    table = _gains(record) if view == "gain" else _errors(record)
    told = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{row.value:.0%} at {row.length}" if view == "gain" else f"{row.value:.2f} at {row.length}"
            for row in part.itertuples(index=False)
        )
        for name, part in table.groupby("name", sort=False)
    )
    chart_view.show(
        charts.by_history(table, VIEWS[view], chart_view.text_and_background()[0], view == "gain"),
        f"{VIEWS[view]} by ratings known: {told}",
        name="Error by history",
        about=sentence,
    )
    support = "; ".join(f"{stretch(row)}: {row['labels']:,}" for row in rows)
    st.caption(f"{MEANINGS[view]} The band is this model's {sentences.INTERVAL}")
    st.caption(
        f"How many test ratings each point rests on: {support}. Neighbouring lengths are grouped where a single "
        "one has few ratings."
    )
    with st.expander("Every length in numbers", icon=":material/table_rows:"):
        st.dataframe(_table(record), hide_index=True, alt="Error by length of history, and on how much each rests")


def _sentence(bundle: Bundle, record: dict) -> str:
    rows, known = record["by_history"], record["known_after"]
    if not sentences.reads_whole_histories(bundle):
        return (
            f"This model reads the newest {bundle.config.max_history} ratings alone, however many there are: what it "
            "gains with longer histories comes from the user id that it was trained with, or from easier users."
        )
    if known is None or "gain" not in rows[-1]:
        return "The error by how many ratings of somebody are known."
    most = max(rows, key=lambda row: row["gain"][0])
    start = rows[0]["gain"][0]
    first = (
        f"Knowing nothing but who you are, it is {percent(abs(start))} {'better' if start > 0 else 'worse'} than the "
        f"mean rating of each movie"
        if rows[0]["length"] == 0
        else "Of nobody without any rating it was asked here"
    )
    return (
        f"{first}; with {stretch(most)} ratings known the lead is {percent(most['gain'][0])}. Half of that it has "
        f"{sentences.after(known)}: that is what “knows you” means here."
    )


def stretch(row: dict) -> str:
    """Return a stretch of lengths: "0", "1–2", "150+"."""
    if row["to"] is None:
        return f"{row['from']}+"
    return str(row["from"]) if row["from"] == row["to"] else f"{row['from']}–{row['to']}"


def _gains(record: dict) -> pd.DataFrame:
    rows = []
    for name in ("ours", *(p for p in MOST if p in record["peers"] and p != "item_mean")):
        for row in record["by_history"]:
            if name == "ours":
                value, low, high = row["gain"]
            else:  # of the peers the means alone are kept
                value = low = high = 1 - row["peers"][name][0] / row["peers"]["item_mean"][0]
            rows.append((stretch(row), _name(name), value, low, high, row["labels"]))
    return pd.DataFrame(rows, columns=["length", "name", "value", "low", "high", "labels"])


def _errors(record: dict) -> pd.DataFrame:
    rows = []
    for name in ("ours", *(p for p in MOST if p in record["peers"])):
        for row in record["by_history"]:
            found = row["mae"] if name == "ours" else row["peers"][name]
            rows.append((stretch(row), _name(name), *found, row["labels"]))
    return pd.DataFrame(rows, columns=["length", "name", "value", "low", "high", "labels"])


def _name(name: str) -> str:
    return "This model" if name == "ours" else sentences.peer(name)


def _table(record: dict) -> pd.DataFrame:
    rows = []
    for row in record["by_history"]:
        cells = {"Ratings before": stretch(row), "Measured on": f"{row['labels']:,}", "Users": f"{row['users']:,}"}
        cells |= {"This model": f"{row['mae'][0]:.3f} ({sentences.span(row['mae'])})"}
        rows.append(cells | {sentences.peer(name): f"{found[0]:.3f}" for name, found in row["peers"].items()})
    return pd.DataFrame(rows)
