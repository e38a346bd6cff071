"""Charts: DataFrame → ``altair.Chart``, pure functions. Colours come from whoever shows them (the app's theme)."""

from bst.charts.attention import MOST_IN_TWO_LINES, attention_bars, attention_heatmap
from bst.charts.record import history_lines, learning_curves, peer_bars
from bst.charts.stars import star_bars

__all__ = [
    "MOST_IN_TWO_LINES",
    "attention_bars",
    "attention_heatmap",
    "history_lines",
    "learning_curves",
    "peer_bars",
    "star_bars",
]
