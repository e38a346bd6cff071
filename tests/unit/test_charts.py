"""Charts: valid Vega-Lite, and what must be in them for those who see no colour."""

import pandas as pd
import pytest

from bst import charts


def marks(chart) -> list[str]:
    return [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]


def test_learning_curves_mark_the_best_epoch_and_tell_series_apart_without_colour():
    history = pd.DataFrame({"epoch": [1, 2, 3], "mae": [0.9, 0.8, 0.7], "val_mae": [0.85, 0.8, 0.82]})
    spec = charts.learning_curves(history, "mae", "MAE", best_epoch=2).to_dict()
    line, point = spec["layer"][2], spec["layer"][3]
    assert line["encoding"]["strokeDash"]["field"] == point["encoding"]["shape"]["field"] == "series"
    rows = [row for data in spec["datasets"].values() for row in data]
    assert {"epoch": 3, "series": "validation", "MAE": 0.82} in rows
    assert {"epoch": 2, "text": "best: epoch 2"} in rows


@pytest.mark.parametrize("epochs", [1, 2])
def test_learning_curves_of_a_short_run_have_an_axis(epochs):
    history = pd.DataFrame({"epoch": range(1, epochs + 1), "mae": [0.9] * epochs, "val_mae": [0.8] * epochs})
    spec = charts.learning_curves(history, "mae", "MAE", 1).to_dict()
    assert spec["layer"][2]["encoding"]["x"]["scale"]["domain"] == [1, 2]


def test_bars_carry_their_figures_as_text():
    errors = pd.DataFrame({"name": ["ours", "mean"], "error": [0.7, 0.9], "ours": [True, False]})
    assert marks(charts.peer_bars(errors, "MAE")) == ["bar", "text"]
    weights = pd.DataFrame({"label": ["Alien (1979) · 5 ★", "the movie itself"], "weight": [0.75, 0.25]})
    chart = charts.attention_bars(weights)
    assert marks(chart) == ["bar", "text"]
    # the order of the frame is the order of watching: Vega must not sort it
    assert chart.to_dict()["layer"][0]["encoding"]["y"]["sort"] is None


def test_heatmap_has_a_readable_number_in_every_cell():
    weights = pd.DataFrame({"head": ["1", "2"], "label": ["Alien", "Alien"], "weight": [0.9, 0.1]})
    text = charts.attention_heatmap(weights, "#000", "#fff").to_dict()["layer"][1]["encoding"]
    assert text["text"]["format"] == ".0%"
    assert (text["color"]["condition"]["value"], text["color"]["value"]) == ("#fff", "#000")
