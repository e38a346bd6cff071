"""Learning curves: which epoch was best, what there is to see, and how several are drawn."""

import numpy as np
import pandas as pd
import pytest

from bst.models.registry import preset
from bst.presentation import charts, curves

RATING = pd.DataFrame(
    {"epoch": [1, 2, 3], "mae": [0.9, 0.8, 0.7], "val_mae": [0.85, 0.8, 0.79], "val_rmse": [1.0, 0.9, 0.95]}
)
BOTH = RATING.assign(**{"val_next_loss": [7.0, 6.0, 5.5], "val_hr@10": [0.1, np.nan, 0.2], "seconds": [3.0, 2.0, 2.0]})


def test_a_tower_s_best_epoch_has_the_lowest_figure_it_is_judged_by():
    assert curves.best_epochs(BOTH, preset("timeline")) == {"rating": 2, "next": 3}
    assert curves.best_epochs(RATING, preset("timeline")) == {"rating": 2}
    assert curves.best_epochs(RATING, preset("compact")) == {"rating": 3}  # of the MAE
    assert curves.best_epochs(pd.DataFrame({"epoch": []}), preset("timeline")) == {}


def test_what_is_liked_later_has_curves_of_its_own():
    history = BOTH.assign(
        **{"like_loss": [7.0, 6.0, 5.0], "val_like_loss": [6.0, 5.5, 5.8], "val_precision@10": [0.2, 0.3, 0.25]}
    )
    best = curves.best_epochs(history, preset("timeline"))
    assert best == {"rating": 2, "next": 3, "like": 2}
    assert curves.offered([history])[-3:] == ["precision@10", "like_loss", "seconds"]
    frame = curves.side_by_side({"one": history}, "precision@10", {"one": best})
    assert frame[["series", "value", "best"]].values.tolist() == [
        ["validation", 0.2, False],
        ["validation", 0.3, True],
        ["validation", 0.25, False],
    ]


def test_only_what_there_are_numbers_of_is_offered():
    assert curves.offered([RATING]) == ["mae", "rmse"]
    assert curves.offered([RATING, BOTH]) == ["mae", "rmse", "hr@10", "next_loss", "seconds"]
    assert curves.offered([RATING.assign(seconds=np.nan)]) == ["mae", "rmse"]


def test_curves_of_several_trainings_in_one_frame():
    frame = curves.side_by_side({"one": RATING, "two": BOTH}, "mae", {"one": {"rating": 2}})
    assert list(frame) == ["source", "series", "epoch", "value", "best"]
    assert frame.groupby(["source", "series"], sort=False)["value"].apply(list).to_dict() == {
        ("one", "training"): [0.9, 0.8, 0.7],
        ("one", "validation"): [0.85, 0.8, 0.79],
        ("two", "training"): [0.9, 0.8, 0.7],
        ("two", "validation"): [0.85, 0.8, 0.79],
    }
    best = frame[frame["best"]]
    assert best[["source", "series", "epoch", "value"]].values.tolist() == [["one", "validation", 2, 0.8]]


def test_epochs_without_a_number_and_trainings_without_the_figure_are_left_out():
    frame = curves.side_by_side({"one": RATING, "two": BOTH}, "hr@10", {"two": {"next": 3}})
    assert frame.values.tolist() == [["two", "validation", 1, 0.1, False], ["two", "validation", 3, 0.2, True]]
    assert curves.side_by_side({"one": RATING}, "hr@10", {}).empty


def test_learning_rates_of_all_towers_stand_in_one_picture():
    rates = {"learning_rate": [0.002, 0.001], "next_learning_rate": [0.002, 0.0015], "like_learning_rate": [0.001, 0.0]}
    frame = curves.side_by_side({"one": pd.DataFrame({"epoch": [1, 2], **rates})}, "learning_rate", {})
    assert frame["series"].unique().tolist() == ["rating", "next movie", "later likes"]
    assert not frame["best"].any()


def drawn(frame, **options):
    return charts.learning_curves(frame, "MAE", **options).to_dict()


def test_sources_differ_by_colour_series_by_dash_and_shape_and_the_best_has_a_ring():
    frame = curves.side_by_side({"one": RATING, "two": RATING}, "mae", {"one": {"rating": 2}, "two": {"rating": 3}})
    line, points, ring, text = drawn(frame)["layer"]
    assert line["encoding"]["color"]["field"] == "source"
    assert line["encoding"]["strokeDash"]["field"] == points["encoding"]["shape"]["field"] == "series"
    assert ring["transform"] == text["transform"] == [{"filter": "datum.best"}]
    assert line["encoding"]["y"]["title"] == "MAE"
    assert line["encoding"]["color"]["legend"]
    alone = drawn(frame[frame["source"] == "one"])
    assert alone["layer"][0]["encoding"]["color"]["legend"] is None  # its name is on the control


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_no_point_is_cut_off_at_an_end(epochs):
    history = pd.DataFrame({"epoch": range(1, epochs + 1), "mae": np.linspace(1, 0.5, epochs)})
    low, high = drawn(curves.side_by_side({"one": history}, "mae", {}))["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < 1
    assert high > max(epochs, 2)


def test_a_logarithmic_scale():
    frame = curves.side_by_side({"one": RATING}, "mae", {})
    assert drawn(frame, log=True)["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"
    assert "type" not in drawn(frame)["layer"][0]["encoding"]["y"]["scale"]
