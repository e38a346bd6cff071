"""The predicted distribution of one rating."""

from typing import Any

import altair as alt
import pandas as pd

from bst.presentation.charts.axes import parameter_scale
from bst.presentation.charts.template import fill, template

# the least upper end of the scale, so that it is the same for most movies, and room for a number above the highest bar
_LEAST_HIGH, _ROOM = 0.6, 1.15
_HEIGHT = 150


def rating_distribution(distribution: pd.DataFrame) -> dict[str, Any]:
    """Draw a predicted distribution. ``distribution``: ``level`` (stars, ascending), ``probability`` 0 … 1."""
    labelled = distribution.assign(stars=[f"{level:g} ★" for level in distribution["level"]])
    high = max(_LEAST_HIGH, _ROOM * float(distribution["probability"].max()))
    return fill(_distribution(), labelled, _HEIGHT, high=high)


@template
def _distribution() -> alt.LayerChart:
    base = alt.Chart().encode(
        x=alt.X("stars:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelFlush=False)),
        y=alt.Y("probability:Q", axis=None, scale=parameter_scale("0", "high")),
        tooltip=[
            alt.Tooltip("stars:O", title="Rating"),
            alt.Tooltip("probability:Q", title="Probability", format=".1%"),
        ],
    )
    return alt.layer(
        base.mark_bar(), base.mark_text(baseline="bottom", dy=-3).encode(text=alt.Text("probability:Q", format=".0%"))
    )
