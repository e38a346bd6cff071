"""Charts: DataFrame → ``altair.Chart``, pure functions. Colours come from whoever shows them (the app's theme)."""

from bst.charts.attention import MOST_IN_TWO_LINES, attention_bars, attention_heatmap
from bst.charts.record import history_lines, learning_curves, peer_bars
from bst.charts.replay import at_step, replay_errors, replay_stars
from bst.charts.stars import star_bars
from bst.charts.what_if import bump, everyone, sweep_lines, sweep_points

__all__ = [
    "MOST_IN_TWO_LINES",
    "at_step",
    "attention_bars",
    "attention_heatmap",
    "bump",
    "everyone",
    "history_lines",
    "learning_curves",
    "peer_bars",
    "replay_errors",
    "replay_stars",
    "star_bars",
    "sweep_lines",
    "sweep_points",
]
