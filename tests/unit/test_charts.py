"""Charts: valid Vega-Lite, and what must be in them for those who see no colour."""

import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from bst.presentation import charts
from bst.presentation.charts.files import Style, as_file

ROOT = Path(__file__).parents[2]


def test_star_bars_label_every_level_in_order_with_its_percentage():
    levels = [0.5, 1.0, 1.5, 2.0]
    spec = charts.rating_distribution(pd.DataFrame({"level": levels, "probability": [0.1, 0.2, 0.3, 0.4]}))
    assert [row["stars"] for row in spec["data"]["values"]] == ["0.5 ★", "1 ★", "1.5 ★", "2 ★"]
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["bar", "text"]
    assert spec["layer"][0]["encoding"]["x"]["sort"] is None
    assert spec["layer"][1]["encoding"]["text"]["format"] == ".0%"


def test_star_bars_keep_their_scale_unless_one_level_is_nearly_certain():
    def top(probability):
        frame = pd.DataFrame({"level": [1.0, 2.0], "probability": [probability, 1 - probability]})
        spec = charts.rating_distribution(frame)
        assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [{"expr": "0"}, {"expr": "high"}]
        return next(parameter["value"] for parameter in spec["params"] if parameter["name"] == "high")

    assert top(0.5) == 0.6
    assert top(0.9) >= 0.9


@pytest.mark.parametrize(("heads", "angle"), [(4, 0), (8, -90)])
def test_many_heads_are_named_upright(heads, angle):
    weights = pd.DataFrame({"head": [f"Layer 1, head {i}" for i in range(heads)], "label": "Alien", "weight": 0.1})
    axis = charts.attention_heatmap(weights).to_dict()["layer"][0]["encoding"]["x"]["axis"]
    assert axis["labelAngle"] == angle


def test_heatmap_has_a_readable_number_in_every_cell():
    weights = pd.DataFrame({"head": ["1", "2"], "label": ["Alien", "Alien"], "weight": [0.9, 0.1]})
    text = charts.attention_heatmap(weights).to_dict()["layer"][1]["encoding"]
    assert text["text"]["format"] == ".0%"


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast of two colours "#rrggbb", from 1 to 21."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_number_can_be_read_on_its_cell(theme):
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][theme]
    style = Style(
        colours["textColor"],
        colours["backgroundColor"],
        tuple(colours["chartCategoricalColors"]),
        tuple(colours["chartSequentialColors"]),
    )
    shares = [i / 40 for i in range(41)]
    weights = pd.DataFrame({"head": "1", "label": [f"Movie {i}" for i in range(41)], "weight": shares})
    svg = as_file(charts.attention_heatmap(weights), "svg", style).decode()
    cells = re.findall(r'<path[^>]*aria-roledescription="rect mark"[^>]*fill="([^"]+)"', svg)
    texts = re.findall(r'<text[^>]*aria-roledescription="text mark"[^>]*fill="([^"]+)"', svg)
    assert len(cells) == len(texts) == 41
    assert len(set(texts)) == 2, "black on pale cells, white on dark ones"
    assert min(contrast(as_hex(cell), text) for cell, text in zip(cells, texts, strict=True)) >= 4.5


def as_hex(colour: str) -> str:
    return colour if colour.startswith("#") else "#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", colour)[:3])
