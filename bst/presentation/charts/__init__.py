"""Charts: DataFrame → ``altair.Chart``, pure functions. Colours come from whoever shows them (the app's theme)."""

from bst.presentation.charts.agreement import agreement, precision
from bst.presentation.charts.attention import MOST_IN_TWO_LINES, attention_heatmap, between_heatmap, links
from bst.presentation.charts.evaluation import (
    bin_counts,
    by_history,
    differences,
    groups,
    peer_errors,
    rank_lines,
    reliability,
    star_shares,
)
from bst.presentation.charts.movie_map import OTHER, movie_map
from bst.presentation.charts.record import learning_curves
from bst.presentation.charts.replay import at_step, replay_errors, replay_stars
from bst.presentation.charts.stars import star_bars
from bst.presentation.charts.what_if import bump, everyone, sweep_lines, sweep_points
from bst.presentation.charts.why import Panel, beside, pairs, rating_changes

__all__ = [
    "MOST_IN_TWO_LINES",
    "OTHER",
    "Panel",
    "agreement",
    "at_step",
    "attention_heatmap",
    "beside",
    "between_heatmap",
    "bin_counts",
    "bump",
    "by_history",
    "differences",
    "everyone",
    "groups",
    "learning_curves",
    "links",
    "movie_map",
    "pairs",
    "peer_errors",
    "precision",
    "rank_lines",
    "rating_changes",
    "reliability",
    "replay_errors",
    "replay_stars",
    "star_bars",
    "star_shares",
    "sweep_lines",
    "sweep_points",
]
