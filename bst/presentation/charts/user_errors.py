"""How the errors of single users are distributed."""

import altair as alt
import pandas as pd

BIN_SELECTION = "bin"
_HEIGHT = 210
_OUTSIDE = 0.3  # opacity of the bars that the chosen range leaves out


def user_errors(bins: pd.DataFrame, chosen: tuple[float, float]) -> alt.Chart:
    """Draw how many users have which error; bars outside the ``chosen`` range of stars are pale.

    ``bins``: as ``user_frames.error_bins``. A click on a bar selects it: ``BIN_SELECTION`` then has its ``low`` and
    ``high``.
    """
    inside = (bins["low"] >= chosen[0] - 1e-9) & (bins["high"] <= chosen[1] + 1e-9)
    rows = bins.assign(inside=inside)
    first, last = float(bins["low"].iloc[0]), float(bins["high"].iloc[-1])
    pick = alt.selection_point(name=BIN_SELECTION, fields=["low", "high"])
    return (
        alt.Chart(rows)
        .mark_bar(cursor="pointer", binSpacing=1)
        .encode(
            x=alt.X(
                "low:Q",
                bin="binned",
                title="MAE of a user, in stars",
                scale=alt.Scale(domain=[first, last], nice=False),
                axis=alt.Axis(format=".2f", tickCount=8),
            ),
            x2="high:Q",
            y=alt.Y("users:Q", title="Users", axis=alt.Axis(tickCount=4, tickMinStep=1)),
            opacity=alt.when("datum.inside").then(alt.value(1)).otherwise(alt.value(_OUTSIDE)),
            tooltip=[
                alt.Tooltip("low:Q", title="From", format=".2f"),
                alt.Tooltip("high:Q", title="To", format=".2f"),
                alt.Tooltip("users:Q", title="Users"),
            ],
        )
        .add_params(pick)
        .properties(height=_HEIGHT)
    )
