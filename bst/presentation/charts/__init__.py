"""Charts: pure functions from DataFrames to ``altair.Chart``. Colours come from the theme of whoever shows them."""

from bst.presentation.charts.agreement import agreement, precision
from bst.presentation.charts.attention import MOST_IN_TWO_LINES, attention_heatmap, between_heatmap, links
from bst.presentation.charts.evaluation import (
    LIKED_CALIBRATION,
    RATING_CALIBRATION,
    CalibrationAxes,
    baseline_errors,
    bin_counts,
    by_history,
    calibration,
    differences,
    group_errors,
    rank_curves,
    rating_shares,
)
from bst.presentation.charts.movie_map import OTHER, movie_map
from bst.presentation.charts.record import learning_curves
from bst.presentation.charts.replay import at_step, replay_errors, replay_stars
from bst.presentation.charts.stars import star_bars
from bst.presentation.charts.what_if import bump, everyone, sweep_lines, sweep_points
from bst.presentation.charts.why import Panel, beside, pairs, rating_changes

__all__ = [
    "LIKED_CALIBRATION",
    "MOST_IN_TWO_LINES",
    "OTHER",
    "RATING_CALIBRATION",
    "CalibrationAxes",
    "Panel",
    "agreement",
    "at_step",
    "attention_heatmap",
    "baseline_errors",
    "beside",
    "between_heatmap",
    "bin_counts",
    "bump",
    "by_history",
    "calibration",
    "differences",
    "everyone",
    "group_errors",
    "learning_curves",
    "links",
    "movie_map",
    "pairs",
    "precision",
    "rank_curves",
    "rating_changes",
    "rating_shares",
    "replay_errors",
    "replay_stars",
    "star_bars",
    "sweep_lines",
    "sweep_points",
]
