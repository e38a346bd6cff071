"""Charts: pure functions from DataFrames to ``altair.Chart``. Colours come from the caller's theme."""

from bst.presentation.charts.agreement import agreement, fidelity, precision
from bst.presentation.charts.attention import (
    MOST_IN_TWO_LINES,
    attention_heatmap,
    history_attention_heatmap,
)
from bst.presentation.charts.evaluation import (
    LIKED_CALIBRATION,
    RATING_CALIBRATION,
    WILL_LIKE_CALIBRATION,
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
from bst.presentation.charts.learning_curves import learning_curves
from bst.presentation.charts.lists import next_movie_figures, precision_by_titles
from bst.presentation.charts.movie_map import OTHER, movie_map
from bst.presentation.charts.rating_distribution import rating_distribution
from bst.presentation.charts.replay import at_step, replay_errors, replay_stars
from bst.presentation.charts.user_errors import BIN_SELECTION, user_errors
from bst.presentation.charts.what_if import GridAxes, Sides, bump, demographic_grid, sweep_lines, sweep_points
from bst.presentation.charts.why import NOT_RATED, Panel, bar_panels, pair_interactions, rating_changes

__all__ = [
    "BIN_SELECTION",
    "LIKED_CALIBRATION",
    "MOST_IN_TWO_LINES",
    "NOT_RATED",
    "OTHER",
    "RATING_CALIBRATION",
    "WILL_LIKE_CALIBRATION",
    "CalibrationAxes",
    "GridAxes",
    "Panel",
    "Sides",
    "agreement",
    "at_step",
    "attention_heatmap",
    "bar_panels",
    "baseline_errors",
    "bin_counts",
    "bump",
    "by_history",
    "calibration",
    "demographic_grid",
    "differences",
    "fidelity",
    "group_errors",
    "history_attention_heatmap",
    "learning_curves",
    "movie_map",
    "next_movie_figures",
    "pair_interactions",
    "precision",
    "precision_by_titles",
    "rank_curves",
    "rating_changes",
    "rating_distribution",
    "rating_shares",
    "replay_errors",
    "replay_stars",
    "sweep_lines",
    "sweep_points",
    "user_errors",
]
