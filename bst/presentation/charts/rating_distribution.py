"""The predicted distribution of one rating."""

import altair as alt
import pandas as pd


def rating_distribution(distribution: pd.DataFrame) -> alt.LayerChart:
    """Draw a predicted distribution. ``distribution``: ``level`` (stars, ascending), ``probability`` 0 … 1."""
    labelled = distribution.assign(stars=[f"{level:g} ★" for level in distribution["level"]])
    base = alt.Chart(labelled).encode(
        x=alt.X("stars:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelFlush=False)),
        # at least 0.6, so that the scale is the same for most movies
        y=alt.Y(
            "probability:Q",
            axis=None,
            scale=alt.Scale(domain=[0, max(0.6, 1.15 * distribution["probability"].max())], nice=False),
        ),
        tooltip=[
            alt.Tooltip("stars:O", title="Rating"),
            alt.Tooltip("probability:Q", title="Probability", format=".1%"),
        ],
    )
    return alt.layer(
        base.mark_bar(), base.mark_text(baseline="bottom", dy=-3).encode(text=alt.Text("probability:Q", format=".0%"))
    ).properties(height=150)
