"""Charts: valid Vega-Lite, and what must be in them for those who see no colour."""

import pandas as pd
import pytest

from bst import charts


def marks(chart) -> list[str]:
    return [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]


def test_star_bars_label_every_level_in_order_with_its_percentage():
    levels = [0.5, 1.0, 1.5, 2.0]
    spec = charts.star_bars(pd.DataFrame({"level": levels, "probability": [0.1, 0.2, 0.3, 0.4]})).to_dict()
    (rows,) = spec["datasets"].values()
    assert [row["stars"] for row in rows] == ["0.5 ★", "1 ★", "1.5 ★", "2 ★"]
    assert marks(charts.star_bars(pd.DataFrame({"level": levels, "probability": [0.1, 0.2, 0.3, 0.4]}))) == [
        "bar",
        "text",
    ]
    assert spec["layer"][0]["encoding"]["x"]["sort"] is None
    assert spec["layer"][1]["encoding"]["text"]["format"] == ".0%"


def test_star_bars_keep_their_scale_unless_one_level_is_nearly_certain():
    def top(probability):
        frame = pd.DataFrame({"level": [1.0, 2.0], "probability": [probability, 1 - probability]})
        return charts.star_bars(frame).to_dict()["layer"][0]["encoding"]["y"]["scale"]["domain"][1]

    assert top(0.5) == 0.6
    assert top(0.9) >= 0.9


@pytest.mark.parametrize(("heads", "angle"), [(4, 0), (8, -90)])
def test_many_heads_are_named_upright(heads, angle):
    weights = pd.DataFrame({"head": [f"Layer 1, head {i}" for i in range(heads)], "label": "Alien", "weight": 0.1})
    axis = charts.attention_heatmap(weights, "#000", "#fff").to_dict()["layer"][0]["encoding"]["x"]["axis"]
    assert axis["labelAngle"] == angle


def test_heatmap_has_a_readable_number_in_every_cell():
    weights = pd.DataFrame({"head": ["1", "2"], "label": ["Alien", "Alien"], "weight": [0.9, 0.1]})
    text = charts.attention_heatmap(weights, "#000", "#fff").to_dict()["layer"][1]["encoding"]
    assert text["text"]["format"] == ".0%"
    assert (text["color"]["condition"]["value"], text["color"]["value"]) == ("#fff", "#000")
