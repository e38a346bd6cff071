"""The charts of the Why page: what must be in them for those who see no colour, and as files."""

import json

import numpy as np
import pandas as pd
import pytest

from bst.domain import GENRES
from bst.presentation import charts, fidelity_text
from bst.presentation.charts import OTHER, Panel
from bst.presentation.charts.axes import axis_labels
from bst.presentation.charts.files import Style, as_file
from tests.insights import task_fidelity

INK, PAPER = "#16211f", "#ffffff"
STYLE = Style("#e6efed", "#101716", ("#2dd4bf", "#fb923c"), ("#12302c", "#5eead4"))


def data(chart) -> list[dict]:
    if isinstance(chart, dict):
        return chart["data"]["values"]
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def filters(layer: dict) -> list:
    return [step.get("filter") for step in layer.get("transform", [])]


def params(spec: dict) -> dict:
    return {param["name"]: param["value"] for param in spec["params"] if "value" in param}


def bars(n: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["Alien (1979)", "Alien (1979)", "who the visitor is"][:n],
            "moved": [0.5, -0.1, np.nan][:n],
            "moved_text": ["▲ 0.50 ★", "▼ 0.10 ★", ""][:n],
            "looked": [0.4, 0.1, 0.5][:n],
            "looked_text": ["40%", "10%", "50%"][:n],
            "weak": [False, False, True][:n],
        }
    )


PANELS = [Panel("moved", "What moved it", True, 3), Panel("looked", "Looked at", False, 2)]


def test_effect_and_attention_share_their_rows_in_the_order_of_the_frame():
    spec = charts.bar_panels(bars(), PANELS, INK)
    names, moved, looked = spec["layer"]
    for layer in (names, *moved["layer"][:3], *looked["layer"][:3]):
        assert layer["encoding"]["y"]["field"] == "place"
    assert [(row["place"], row["label"], row["moved"]) for row in data(spec)] == [
        (0, "Alien (1979)", 0.5),
        (1, "Alien (1979)", -0.1),
        (2, "who the visitor is", None),
    ]
    # each has a scale of its own, with its own stretch of the width
    assert spec["resolve"]["scale"]["x"] == "independent"
    ranges = [part["layer"][0]["encoding"]["x"]["scale"]["range"] for part in (moved, looked)]
    assert ranges[0] != ranges[1]
    assert moved["layer"][0]["encoding"]["x"]["axis"]["title"] == "What moved it"


def test_bars_of_both_ways_have_room_for_their_figures_and_say_their_way_in_text():
    spec = charts.bar_panels(bars(), PANELS, INK)
    ends = params(spec)
    assert ends["moved_low"] < -0.1
    assert ends["moved_high"] > 0.5
    moved = spec["layer"][1]["layer"]
    assert moved[0]["encoding"]["x"]["scale"]["domain"] == [{"expr": "moved_low"}, {"expr": "moved_high"}]
    assert {layer["encoding"]["text"]["field"] for layer in moved[1:3]} == {"moved_text"}
    # a panel of nothing but zeros still has a scale
    nothing = params(charts.bar_panels(bars().assign(moved=0.0), PANELS, INK))
    assert nothing["moved_low"] < nothing["moved_high"]


def test_a_picture_that_is_made_once_is_filled_anew_each_time():
    first, second = charts.bar_panels(bars(), PANELS, INK), charts.bar_panels(bars(1), PANELS, INK)
    assert len(data(first)) == 3
    assert len(data(second)) == 1
    assert first["height"] == 3 * second["height"]
    assert params(first)["moved_low"] < params(second)["moved_low"]
    assert first["layer"] is second["layer"], "what does not change is not built again"
    json.dumps(first)


def test_a_heatmap_of_ratings_has_a_number_in_each_cell_and_can_be_clicked():
    cells = pd.DataFrame(
        {
            "place": [0, 0, 0],
            "label": 'It\'s "x"',
            "level": [charts.NOT_RATED, 4.0, 4.5],
            "expected": [2.9, 3.0, 3.5],
            "now": [False, True, False],
        }
    )
    spec = charts.rating_changes(cells)
    assert spec["layer"][-1]["encoding"]["text"]["format"] == ".2f"
    assert [row["stars"] for row in data(spec)] == ["none", "4 ★", "4.5 ★"]
    (click,) = [param for param in spec["params"] if param["name"] == "cell"]
    assert click["select"]["fields"] == ["place", "level"]
    framed = [layer["mark"]["stroke"] for layer in spec["layer"] if "datum.now" in json.dumps(layer)]
    assert framed == ["#ffffff", "#000000"], "one of both shows on any fill"
    (ring,) = [layer for layer in spec["layer"] if {"param": "cell", "empty": False} in filters(layer)]
    assert ring["mark"]["stroke"], "what was clicked can be seen"
    assert params(spec)["names"] == ['It\'s "x"']


def test_pairs_leave_out_a_movie_with_itself_and_write_their_sign():
    cells = pd.DataFrame(
        [(i, j, "AB"[i], "AB"[j], value) for i, j, value in ((0, 0, 0), (0, 1, -0.13), (1, 0, 0.004), (1, 1, 0))],
        columns=["first", "second", "first_label", "second_label", "stars"],
    )
    rows = data(charts.pair_interactions(cells))
    assert [(row["first"], row["second"], row["shown"]) for row in rows] == [(0, 1, "−0.13"), (1, 0, "0")]


def test_places_of_an_axis_may_have_any_names():
    assert axis_labels({1: "Same", 0: 'It\'s "q" \\ $x$', 2: "Same"}) == ['It\'s "q" \\ $x$', "Same", "Same"]
    cells = pd.DataFrame(
        [(i, j, "Same", "Same", 0.1) for i in range(2) for j in range(2)],
        columns=["first", "second", "first_label", "second_label", "stars"],
    )
    assert params(charts.pair_interactions(cells))["names"] == ["1. Same", "2. Same"]


def test_what_must_not_be_seen_is_no_cell():
    cells = pd.DataFrame({"row": [0, 1, 1], "column": [0, 0, 1], "weight": [1.0, 0.4, 0.6]})
    cells = cells.assign(row_label="x", column_label="y")
    chart = charts.history_attention_heatmap(cells)
    assert len(data(chart)) == 3
    assert len(chart["layer"]) == 2
    assert params(chart)["high"] == 1
    alike = charts.history_attention_heatmap(cells.assign(weight=0.25))
    assert params(alike)["high"] == 0.5, "where all are alike, none is strong"
    many = pd.DataFrame({"row": range(20), "column": 0, "weight": 0.5, "row_label": "x", "column_label": "y"})
    assert len(charts.history_attention_heatmap(many)["layer"]) == 1, "no room for numbers"


def test_agreement_marks_this_prediction_by_shape_and_leaves_out_what_there_is_not():
    rows = pd.DataFrame(
        [("Mean", False, 0.9, 0.2, 0.5, 0.7), ("Control", True, None, -0.1, 0.0, 0.1)],
        columns=["name", "control", "here", "low", "middle", "high"],
    )
    layers = charts.agreement(rows, INK).to_dict()["layer"]
    assert layers[1]["encoding"]["x"]["scale"]["domain"] == [-1, 1]
    assert layers[3]["mark"]["shape"] == "diamond"
    assert layers[3]["transform"] == [{"filter": "isValid(datum.here)"}]


def test_what_is_without_and_what_is_alone_are_one_picture_told_apart_without_colour():
    curves = fidelity_text.curves(task_fidelity())
    rows = [tuple(row) for row in curves[curves["name"] == "Attention"].itertuples(index=False)]
    assert rows[:3] == [
        ("Attention", "without", 0, 0.0, 0.0, 0.0),
        ("Attention", "without", 1, -0.05, -0.1, 0.0),
        ("Attention", "without", 2, -0.1, -0.15, -0.05),
    ]
    assert [row[1:4] for row in rows[3:]] == [("alone", 0, 0.0), ("alone", 1, 0.1), ("alone", 2, pytest.approx(0.15))]
    layers = charts.fidelity(curves, INK).to_dict()["layer"]
    names = ["Leaving movies out", "Integrated gradients", "Attention", "Guessing"]
    for layer, channel in ((layers[1], "strokeDash"), (layers[2], "shape")):
        assert layer["encoding"][channel]["scale"]["domain"] == names
        assert len({json.dumps(look) for look in layer["encoding"][channel]["scale"]["range"]}) == len(names)
        assert layer["encoding"]["detail"]["field"] == "way", "two lines of a method, not one that goes up and down"


def test_bands_of_causes_are_told_apart_by_shape():
    rows = pd.DataFrame(
        [("Attention", "weak", 0.4, 0.3, 0.5), ("Attention", "strong", 0.8, 0.7, 0.9)],
        columns=["name", "band", "value", "low", "high"],
    )
    intervals, found = charts.precision(rows, INK).to_dict()["layer"]
    assert intervals["encoding"]["x"]["scale"]["domain"] == found["encoding"]["x"]["scale"]["domain"] == [0, 1]
    assert found["encoding"]["shape"]["scale"]["domain"] == ["weak", "strong"]
    assert found["encoding"]["yOffset"]["field"] == "band"


@pytest.mark.parametrize(
    ("gradients", "difference", "start"),
    [
        (
            0.4,
            -0.1,
            "Believe “Integrated gradients” most: without the 2 movies that it names first, ",
        ),
        (
            0.4,
            -0.01,
            "Believe “Leaving movies out”, which comes first on this page; no other view does clearly better: ",
        ),
        (0.3, 0.06, "Most of all believe “Leaving movies out”, which comes first on this page: without the 2 movies "),
    ],
)
def test_a_view_is_ahead_only_if_its_whole_interval_is(gradients, difference, start):
    verdict = fidelity_text.verdict(task_fidelity(gradients, difference))
    assert verdict.startswith(start)
    assert f"{gradients:.2f} ★" in verdict
    assert ("as each of its bars can be checked on What if" in verdict) == (difference == -0.1)


def points(n: int = 5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x": np.linspace(-1, 1, n),
            "y": np.linspace(-0.2, 0.2, n),
            "movie_id": range(n),
            "title": [f"Movie {i}" for i in range(n)],
            "genres": "Drama",
            "genre": ["Drama", "Western", OTHER, "Action", "War"][:n],
            "faint": False,
            "mark": ["the movie explained", "", "", "", "rated 5 ★"][:n],
            "first": [0, 9, 9, 9, 1][:n],
        }
    )


def test_each_genre_has_a_pair_of_colour_and_shape_of_its_own():
    first = charts.movie_map(points(), INK, PAPER).to_dict()["layer"][0]
    colour, shape = (first["encoding"][name]["scale"] for name in ("color", "shape"))
    assert colour["domain"] == shape["domain"] == [*GENRES, OTHER]
    pairs = {(place % 6, form) for place, form in enumerate(shape["range"])}
    assert len(pairs) == len(GENRES) + 1


def test_the_map_can_be_clicked_and_names_only_what_has_room():
    chart = charts.movie_map(points(), INK, PAPER)
    assert chart.to_dict()["params"][0]["select"]["fields"] == ["movie_id"]
    marked = [row for row in data(chart) if row.get("shown") is not None]
    assert {row["title"]: row["shown"] for row in marked} == {"Movie 0": "Movie 0", "Movie 4": "Movie 4"}
    assert {row["title"]: row["right"] for row in marked} == {"Movie 0": False, "Movie 4": True}
    crowded = points().assign(x=0.0, y=0.0)
    shown = [row["shown"] for row in data(charts.movie_map(crowded, INK, PAPER)) if row.get("shown") is not None]
    assert sorted(shown) == ["", "Movie 0"], "the movie explained goes before the others"
    nothing = points().assign(mark="")
    assert charts.movie_map(nothing, INK, PAPER).to_dict()


def test_a_chart_becomes_a_file_in_the_colours_of_the_theme():
    chart = charts.bar_panels(bars(), PANELS, STYLE.text)
    svg = as_file(chart, "svg", STYLE, 'Expecting 4.6 ★ for <$x$> & "so" on').decode()
    assert svg.startswith("<svg")
    assert "Alien (1979)" in svg
    assert "▲ 0.50 ★" in svg
    assert "#101716" in svg, "the dark paper"
    assert "#2dd4bf" in svg, "the theme's first colour"
    assert "&lt;$x$&gt; &amp;" in svg
    assert as_file(chart, "png", STYLE).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="png or svg"):
        as_file(chart, "pdf", STYLE)


def test_a_chart_of_many_points_becomes_a_file():
    many = points().sample(6000, replace=True, random_state=0).assign(mark="")
    assert as_file(charts.movie_map(many, INK, PAPER), "svg", STYLE).startswith(b"<svg")
