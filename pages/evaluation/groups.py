"""For whom and for what it is better or worse, and how fair that is."""

import pandas as pd
import streamlit as st

from bst.presentation import charts
from pages.evaluation import sentences
from pages.shared.format import count
from pages.shared.widgets import chart_view

# a chance below this is called more than chance; three parts are looked at, so a third of the usual 5 %
RARE = 0.05 / 3


def render(record: dict) -> None:
    """Draw the section."""
    st.header("Is it fair?", anchor=False)
    _draw_fairness(record)
    if not record["slices"]:
        st.subheader("Error by group", anchor=False)
        st.markdown("Too few users are in the test for any group: a group needs ten users at least.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Error by group", anchor=False, width="content")
        found = {row["part"] for row in record["slices"]}
        offered = [part for part in sentences.PARTS if part in found]
        part = st.segmented_control(
            "Groups by",
            offered,
            default="age" if "age" in offered else offered[0],
            required=True,
            format_func=sentences.PARTS.get,
            key=f"evaluation_part_{'_'.join(offered)}",
            persist_state="session",
            label_visibility="collapsed",
            wrap=True,
        )
    _draw_groups(record, [row for row in record["slices"] if row["part"] == part])
    with st.expander("All groups in numbers, the largest gap first", icon=":material/table_rows:"):
        st.dataframe(_table(record), hide_index=True, alt="Error of every group of people and of movies")


def _draw_fairness(record: dict) -> None:
    found = record["fairness"]
    if not found:
        st.markdown(
            "Nobody can tell: of too few users sex, age or occupation are known (a group needs ten users at least)."
        )
        return
    for row in found:
        with st.container(border=True):
            st.markdown(fair(row))
    st.caption(
        "The largest difference of all pairs is large by chance alone when there are many groups. So the same users "
        "were dealt out to groups of the same sizes at random, 2,000 times: “chance” is how often the largest "
        "difference was as large. Because three questions are asked here, less than 1 in 60 counts as more than "
        "chance. A difference that simpler predictions have, too, lies in how differently people rate, not in this "
        "model; it is a difference of service all the same. Groups of fewer than ten users are not shown."
    )


def fair(row: dict) -> str:
    """Say of one part what the largest difference is, and whether it is more than chance. Markdown."""
    gap, low, high = row["gap"]
    worst, best = (sentences.group(row["part"], row[side]) for side in ("worst", "best"))
    verdict = "▲ more than chance" if row["chance"] < RARE else "● no more than chance"
    theirs = ""
    if "peer_gap" in row:
        theirs = f" {sentences.peer(row['rival'])} differs by {sentences.signed(row['peer_gap'])} between the same two."
    return (
        f"**Between {sentences.BETWEEN[row['part']]}: {verdict}.** The largest difference is {gap:.3f} stars, "
        f"from {best} (best of {row['groups']}) to {worst} (worst), "
        f"with a 95% interval of {sentences.span([low, high])}. "
        f"Users dealt out at random differ as much in {_chance(row['chance'])} of cases.{theirs}"
    )


def _chance(chance: float) -> str:
    return "fewer than 1 in 1,000" if chance < 0.001 else f"{chance:.1%}" if chance < 0.1 else f"{chance:.0%}"


def _sign(row: dict) -> str:
    _, low, high = row["gap"]
    return "▲" if low > 0 else "▼" if high < 0 else "●"


def _draw_groups(record: dict, rows: list[dict]) -> None:
    overall = record["metrics"]["mae"]
    theirs = _rival_mae(record)
    table = pd.DataFrame(
        [
            {
                "name": f"{sentences.group(row['part'], row['value'])} · {row['users']:,}",
                **dict(zip(("value", "low", "high"), row["mae"], strict=True)),
                "labels": row["labels"],
                "users": row["users"],
                "sign": _sign(row),
                "others": None if theirs is None else theirs + row["peer_gap"],
            }
            for row in rows
        ]
    )
    told = "; ".join(f"{row.name} users {row.value:.3f} {row.sign}" for row in table.itertuples(index=False))
    chart_view.show(
        charts.groups(table, overall, "MAE", chart_view.text_and_background()[0]),
        f"MAE by group, all {overall:.3f}; ▲ clearly above, ▼ clearly below: {told}",
        name="Error by group",
        about=f"Error by {sentences.PARTS[rows[0]['part']].lower()}; all together (dashed) {overall:.3f} stars",
    )
    st.caption(
        "Behind each name: how many users it rests on. ▲ clearly worse than all together (dashed), ▼ clearly better, "
        f"● no clear difference; bars: {sentences.INTERVAL} Upright strokes: the strongest of the simpler ways for the "
        f"same group. Of {count(len(rows), 'group')}, one in twenty seems clearly different by chance alone."
    )


def _rival_mae(record: dict) -> float | None:
    return min((errors["mae"] for errors in record["peers"].values()), default=None)


def _table(record: dict) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "By": sentences.PARTS[row["part"]],
                "Group": sentences.group(row["part"], row["value"]),
                "Ratings": row["labels"],
                "Users": row["users"],
                "MAE": round(row["mae"][0], 3),
                "Gap to all": f"{_sign(row)} {sentences.signed(row['gap'][0])}",
                "95% interval": sentences.span(row["gap"], "+.3f"),
                "Expects too much by": sentences.signed(row["lean"][0]),
                "Gap of the strongest peer": sentences.signed(row["peer_gap"]) if "peer_gap" in row else "",
            }
            for row in record["slices"]
        ]
    )
